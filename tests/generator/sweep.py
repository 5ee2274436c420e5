"""Many configurations of an operator in one translation unit: C++ against emulator, bit for bit.

A sweep is a list of cases, an operator and the raw inputs it shall see. All cases become one graph
of independent branches, that graph one project, and its bulk harness runs every input once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emu import Graph, Node
from emu.op import Op
from emu.ops import Input
from fxp import Format
from generator import LayerSchedule, Schedule, generate
from tests.generator import compiled


class Case(NamedTuple):
    """One operator on raw inputs (N, ...) of the format ``text``, under a schedule."""

    op: Op
    text: str
    raw: np.ndarray
    label: str
    schedule: LayerSchedule = LayerSchedule()
    more: tuple[tuple[str, np.ndarray], ...] = ()
    """Further inputs of the operator, as many samples as the first."""

    def inputs(self, k: int) -> dict[str, tuple[str, np.ndarray]]:
        """Format and raw values of the inputs of the case number ``k``, by name."""
        both = ((self.text, self.raw), *self.more)
        return {f"x{k}" + f"_{i}" * (i > 0): item for i, item in enumerate(both)}


def graph_of(cases: Sequence[Case]) -> Graph:
    """One branch per case: ``x<k>``, and ``x<k>_1 ...`` where there are more, into ``y<k>``."""
    nodes = []
    for k, case in enumerate(cases):
        for name, (text, raw) in case.inputs(k).items():
            source = Input(result=Format.parse(text), dimensions=raw.shape[1:])
            nodes.append(Node(name, source))
        nodes.append(Node(f"y{k}", case.op, tuple(case.inputs(k))))
    return Graph(tuple(nodes), tuple(f"y{k}" for k in range(len(cases))))


def agree(cases: Sequence[Case], folder: Path, io_type: str = "io_parallel") -> int:
    """Compare every case on every input; the number of values compared. Fewer inputs repeat.

    With BITWRIGHT_PORTIONS in the environment an even choice of a fifth is compiled before all
    are: most wrong programs (tests/mutation.py) end there.
    """
    if "BITWRIGHT_PORTIONS" in os.environ:
        _agree(cases[:: max(5, len(cases) // 8)], folder / "some", io_type)
    return _agree(cases, folder, io_type)


def _agree(cases: Sequence[Case], folder: Path, io_type: str) -> int:
    graph = graph_of(cases)
    schedule = Schedule({f"y{k}": case.schedule for k, case in enumerate(cases)}, io_type)
    project = generate(graph, folder / "project", schedule=schedule)
    program = compiled.harness(project, flags=compiled.STRICT)
    samples = max(len(case.raw) for case in cases)
    raws = {
        name: np.resize(raw, (samples, *raw.shape[1:]))
        for k, case in enumerate(cases)
        for name, (_, raw) in case.inputs(k).items()
    }
    found = compiled.run(project, program, raws, graph.output_names)
    count, wrong = 0, []
    for k, case in enumerate(cases):
        given = case.inputs(k)
        values = tuple(graph.values[name] for name in given)
        expected = case.op.evaluate(*(raw for _, raw in given.values()), values=values)
        got = found[f"y{k}"][: len(case.raw)]
        count += expected.size
        if not np.array_equal(got, expected):
            at = tuple(int(i) for i in np.argwhere(got != expected)[0])
            wrong.append(
                f"{case.label}: {int((got != expected).sum())} of {expected.size} differ, first"
                f" x = raw {case.raw[at[0]].tolist()}: C++ {got[at]}, emulator {expected[at]}"
            )
    assert not wrong, f"{len(wrong)} of {len(cases)} cases differ\n" + "\n".join(wrong[:30])
    return count
