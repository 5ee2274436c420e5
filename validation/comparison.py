"""Exact comparison of raw integers, layer by layer; the first divergence, and what was evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fxp import Format

if TYPE_CHECKING:
    from emu import Graph, Node

__all__ = ["Comparison", "Divergence", "LayerAgreement", "compare"]

Raw = npt.NDArray[np.int64]

_ENOUGH = 10
"""Distinct values a tensor must take before its agreement is evidence."""

_FEW_VALUES = {"binary_tanh": 2, "ternary_tanh": 3, "ternary_tanh_stream": 3}
"""Activations that reach fewer codes than their format has."""


@dataclass(frozen=True)
class Divergence:
    """The first value that differs: graph order, then sample, then element."""

    layer: str
    operator: str
    sample: int
    group: str
    index: tuple[int, ...]
    expected_raw: int
    found_raw: int
    format: Format

    def __str__(self) -> str:
        place = f"{self.layer}[{', '.join(map(str, self.index))}]"
        return (
            f"first divergence: {place} of sample {self.sample} ({self.group}), {self.operator}:"
            f" emulator {self.read(self.expected_raw)}, C++ {self.read(self.found_raw)},"
            f" format {self.format}"
        )

    def read(self, raw: int) -> str:
        """``0x1f3 = 0.24365234375``: the bits in hex and the exact real."""
        return f"{hex_bits(raw, self.format)} = {real_text(raw, self.format)}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data; raws as integers, hex and exact reals."""
        found: dict[str, Any] = {
            "layer": self.layer,
            "operator": self.operator,
            "sample": self.sample,
            "group": self.group,
            "index": list(self.index),
            "format": str(self.format),
        }
        for side, raw in (("emulator", self.expected_raw), ("cpp", self.found_raw)):
            found[side] = {
                "raw": raw,
                "hex": hex_bits(raw, self.format),
                "real": real_text(raw, self.format),
            }
        return found


@dataclass(frozen=True)
class LayerAgreement:
    """One tensor over all vectors; ``values`` and ``differing`` by group, ``distinct`` in all."""

    layer: str
    operator: str
    format: Format
    shape: tuple[int, ...]
    values: Mapping[str, int]
    differing: Mapping[str, int]
    distinct: int
    user_distinct: int
    needed: int
    problem: str = ""

    @property
    def agrees(self) -> bool:
        """Whether every value of every vector is equal."""
        return not self.problem and not any(self.differing.values())

    @property
    def counts(self) -> bool:
        """Whether the agreement is evidence: it holds, and the tensor took enough values."""
        return self.agrees and self.distinct >= self.needed

    @property
    def verdict(self) -> str:
        """``agrees``, ``differs``, or why the agreement does not count."""
        if self.problem:
            return self.problem
        if not self.agrees:
            return f"{sum(self.differing.values())} of {sum(self.values.values())} values differ"
        if not self.counts:
            plural = "value" if self.distinct == 1 else "values"
            return f"agrees, not counted: {self.distinct} distinct {plural}, needs {self.needed}"
        return "agrees"

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "layer": self.layer,
            "operator": self.operator,
            "format": str(self.format),
            "shape": list(self.shape),
            "values": dict(self.values),
            "differing": dict(self.differing),
            "distinct": self.distinct,
            "user_distinct": self.user_distinct,
            "needed": self.needed,
            "agrees": self.agrees,
            "counts": self.counts,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class Comparison:
    """Every layer in graph order, and the first divergence if there is one."""

    layers: tuple[LayerAgreement, ...]
    first: Divergence | None

    @property
    def agrees(self) -> bool:
        """Whether every value of every layer is equal and no layer is missing."""
        return all(layer.agrees for layer in self.layers)

    @property
    def compared(self) -> int:
        """Number of values compared."""
        return sum(sum(layer.values.values()) for layer in self.layers)

    @property
    def differing(self) -> int:
        """Number of values that differ."""
        return sum(sum(layer.differing.values()) for layer in self.layers)


def compare(
    graph: Graph,
    expected: Mapping[str, Raw],
    found: Mapping[str, Raw],
    *,
    groups: tuple[tuple[str, int], ...] | None = None,
) -> Comparison:
    """``found == expected`` in every raw value of every tensor of the graph.

    expected, found: node name -> int64 (N, *shape), as ``graph.trace(x, raw=True)`` gives. groups:
    (name, samples) of consecutive rows; one group ``all`` otherwise. A tensor that ``found`` lacks,
    or whose shape differs, is a difference, never a pass.
    An agreement is evidence where the tensor takes ten distinct values, or all the codes that it
    can reach if those are fewer (a format of 3 bits has 8; ternary_tanh gives 3).
    Raises ValueError where ``expected`` lacks a tensor of the graph or groups do not add up.
    """
    missing = [name for name in graph.values if name not in expected]
    if missing:
        raise ValueError(f"expected must have every tensor of the graph, not lack {missing!r}")
    samples = len(next(iter(expected.values())))
    groups = groups or (("all", samples),)
    if sum(count for _, count in groups) != samples:
        raise ValueError(f"groups must add up to {samples} samples, not {groups!r}")
    layers, first = [], None
    for node in graph.nodes:
        want, have = expected[node.name], found.get(node.name)
        layers.append(_layer(graph, node, want, have, groups))
        if first is None and have is not None and have.shape == want.shape:
            first = _first(graph, node, want, have, groups)
    return Comparison(tuple(layers), first)


def _layer(
    graph: Graph, node: Node, want: Raw, have: Raw | None, groups: tuple[tuple[str, int], ...]
) -> LayerAgreement:
    value = graph.values[node.name]
    problem = ""
    if have is None:
        problem = "not compared: the C++ did not write this layer"
    elif have.shape != want.shape:
        problem = f"not compared: shape must be {want.shape}, not {have.shape}"
    values: dict[str, int] = {}
    differing: dict[str, int] = {}
    start = 0
    for name, count in groups:
        rows = slice(start, start + count)
        start += count
        values[name] = 0 if problem else int(want[rows].size)
        differing[name] = 0 if problem else int(np.count_nonzero(want[rows] != have[rows]))  # type: ignore[index]
    user = want[: groups[0][1]] if groups[0][0] == "user" else want[:0]
    return LayerAgreement(
        layer=node.name,
        operator=node.op.function,
        format=value.format,
        shape=value.shape,
        values=values,
        differing=differing,
        distinct=len(np.unique(want)),
        user_distinct=len(np.unique(user)),
        needed=min(_ENOUGH, _reachable(graph, node)),
        problem=problem,
    )


def _reachable(graph: Graph, node: Node) -> int:
    """An upper bound of the codes a tensor can take."""
    few = _FEW_VALUES.get(node.op.function, _ENOUGH)
    return min(1 << min(graph.values[node.name].format.width, 62), few)


def _first(
    graph: Graph, node: Node, want: Raw, have: Raw, groups: tuple[tuple[str, int], ...]
) -> Divergence | None:
    places = np.argwhere(want != have)
    if not len(places):
        return None
    place = tuple(int(i) for i in places[0])
    group, start = "", 0
    for name, count in groups:
        if start <= place[0] < start + count:
            group = name
        start += count
    return Divergence(
        layer=node.name,
        operator=node.op.function,
        sample=place[0],
        group=group,
        index=place[1:],
        expected_raw=int(want[place]),
        found_raw=int(have[place]),
        format=graph.values[node.name].format,
    )


def hex_bits(raw: int, format: Format) -> str:
    """Two's complement of ``width`` bits in hex; a raw value outside the format is said to be.

    >>> hex_bits(-1, Format.parse("fixed<10,4>"))
    '0x3ff'
    """
    digits = (format.width + 3) // 4
    if not format.raw_min <= raw <= format.raw_max:
        return f"{raw} (outside {format.width} bits)"
    return f"0x{raw % (1 << format.width):0{digits}x}"


def real_text(raw: int, format: Format) -> str:
    """The exact decimal of a raw value.

    >>> real_text(-3, Format.parse("fixed<8,4>"))
    '-0.1875'
    """
    value = Fraction(raw) * format.lsb
    if value.denominator == 1:
        return str(value.numerator)
    places = value.denominator.bit_length() - 1
    digits = abs(value.numerator) * 5**places
    whole, part = divmod(digits, 10**places)
    return f"{'-' if value < 0 else ''}{whole}.{str(part).zfill(places).rstrip('0')}"
