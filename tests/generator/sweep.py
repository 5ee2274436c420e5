"""Many configurations of an operator in one translation unit: C++ against emulator, bit for bit.

A sweep is a list of cases, an operator and the raw inputs it shall see. All cases become one graph
of independent branches, that graph one project, and its bulk harness runs every input once.
"""

from __future__ import annotations

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


def graph_of(cases: Sequence[Case]) -> Graph:
    """One branch per case: ``x<k>`` into ``y<k>``."""
    nodes = []
    for k, case in enumerate(cases):
        source = Input(result=Format.parse(case.text), dimensions=case.raw.shape[1:])
        nodes += [Node(f"x{k}", source), Node(f"y{k}", case.op, (f"x{k}",))]
    return Graph(tuple(nodes), tuple(f"y{k}" for k in range(len(cases))))


def agree(cases: Sequence[Case], folder: Path) -> int:
    """Compare every case on every input; the number of values compared. Fewer inputs repeat."""
    graph = graph_of(cases)
    schedule = Schedule({f"y{k}": case.schedule for k, case in enumerate(cases)})
    project = generate(graph, folder / "project", schedule=schedule)
    program = compiled.harness(project, flags=compiled.STRICT)
    samples = max(len(case.raw) for case in cases)
    raws = {
        f"x{k}": np.resize(case.raw, (samples, *case.raw.shape[1:])) for k, case in enumerate(cases)
    }
    found = compiled.run(project, program, raws, graph.output_names)
    count, wrong = 0, []
    for k, case in enumerate(cases):
        value = graph.values[f"x{k}"]
        expected = case.op.evaluate(case.raw, values=(value,))
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
