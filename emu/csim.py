"""Where a model can meet a defect of AMD's C simulation header: the documented value is given here.

The synthesised hardware does not have these defects, which lie in the simulation's source
(ap_fixed_base.h, ap_int_base.h as shipped with hls4ml 1.3.0).
"""

from __future__ import annotations

from .graph import Graph
from .ops import Convolution, Dense, Input, Recurrent

__all__ = ["csim_notes"]


def csim_notes(graph: Graph) -> list[str]:
    """One note per node whose C simulation may differ from the documented arithmetic."""
    notes = []
    for node in graph.nodes:
        result = node.op.result
        if isinstance(node.op, Input) and result.is_integer:
            notes.append(
                f"input {node.name}: AMD's C simulation turns -0.5 < x < 0 into 1 in {result};"
                " here it truncates to 0, as documented"
            )
        sources = [graph.values[name].format for name in node.inputs]
        if isinstance(node.op, (Dense, Convolution)):
            sources = [node.op.accum]
        if isinstance(node.op, Recurrent):
            sources = [node.op.accum, *(table.format for table in node.op.tables().values())]
            if node.op.accum.is_integer:
                result = node.op.accum
        if result.is_integer and any(source.integer <= 0 for source in sources):
            notes.append(
                f"layer {node.name}: AMD's C simulation converts values without integer bits to"
                f" {result} wrongly; here they truncate toward zero, as documented"
            )
    for value in graph.outputs:
        if value.format.width > 53:
            notes.append(
                f"output {value.name} has {value.format.width} bits: float64 rounds it to 53, to"
                " nearest even; raw=True gives every bit"
            )
    return notes
