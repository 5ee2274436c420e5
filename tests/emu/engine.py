"""Runs raw integers through every path that the engine proves exact for an operator."""

from __future__ import annotations

import numpy as np

from emu.engine.paths import admissible
from emu.engine.plan import block_dtype, make_plan
from emu.graph import Graph, Node
from emu.ops import Input


def graph_of(op, given):
    """A graph of one operator; ``given``: its inputs as Values."""
    inputs = [Node(v.name, Input(result=v.format, dimensions=v.shape)) for v in given]
    return Graph((*inputs, Node("y", op, tuple(v.name for v in given))), ("y",))


def run_plan(plan, raws):
    """The last tensor's raw values (N, *shape); ``raws``: the inputs' by name, sample by sample."""
    samples = len(next(iter(raws.values())))
    workspace = plan.workspace(samples)
    for planned in plan.steps:
        block = workspace.blocks[planned.writes]
        if planned.reads:
            inputs = [workspace.blocks[name] for name in planned.reads]
            planned.step.run(*inputs, out=block, rooms=workspace.rooms)
        else:
            block[...] = raws[planned.writes].reshape(samples, -1).T
    shape = next(iter(plan.kept.values())).shape
    found = block.T.reshape(samples, *shape)
    return found if found.dtype == object else found.astype(np.int64)


def every_path(op, raws, given):
    """``{path: raw output}``: one entry for each way the engine may take."""
    graph = graph_of(op, given)
    named = {value.name: raw for value, raw in zip(given, raws, strict=True)}
    linear = op.linear(*given)
    if linear is None or not linear.narrow:
        plan = make_plan(graph, ("y",))
        return {plan.steps[-1].path: run_plan(plan, named)}
    f = given[0].format
    names = [p.name for p in admissible(linear, (f.raw_min, f.raw_max), block_dtype(f))]
    return {name: run_plan(make_plan(graph, ("y",), by_name(name)), named) for name in names}


def by_name(name):
    """Picks the path of that name."""
    return lambda paths: next(path for path in paths if path.name == name)
