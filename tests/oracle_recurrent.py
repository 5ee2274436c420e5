"""Recurrent layers in exact rationals, one sample and one unit at a time: see ``tests/oracle.py``.

Written from hls4ml 1.3.0's nnet_recurrent.h (lstm_static, gru_static); a GRU that resets before its
product and a simple RNN have no kernel there, and are written from their definition in
``emu.ops.recurrent``. Nothing of fxp or emu is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.oracle import Type, activation, cast, cast_raw, dense, value

Vector = list[Fraction]
Terms = Callable[[int, int], Iterator[tuple[int, int]]]
"""``terms(n_in, n_out)``: the order in which products are added."""


class Weights(NamedTuple):
    """Values; matrices as ``[i][j]``, gates in the order i f g o, or z r g."""

    weight: Sequence[Sequence[Fraction]]
    recurrent: Sequence[Sequence[Fraction]]
    bias: Sequence[Fraction]
    recurrent_bias: Sequence[Fraction]


class Gate(NamedTuple):
    """An activation and the values of its table."""

    name: str
    table: Sequence[Fraction] = ()

    def of(self, x: Fraction, t: Type, result: Type) -> Fraction:
        return value(activation(self.name, x, t, result, table=self.table), result)


class Layer(NamedTuple):
    """What the kernels are configured with; ``gate`` acts on i f o, or z r."""

    cell: str
    weights: Weights
    accum: Type
    result: Type
    act: Gate
    gate: Gate | None
    terms: Terms
    recurrent_terms: Terms

    @property
    def units(self) -> int:
        return len(self.weights.recurrent)


def _product(
    x: Vector,
    weight: Sequence[Sequence[Fraction]],
    bias: Sequence[Fraction],
    accum: Type,
    terms: Terms,
) -> Vector:
    found = dense(x, weight, bias, accum, accum, terms(len(weight), len(bias)))
    return [value(raw, accum) for raw in found]


def _lstm(layer: Layer, p: Vector, h: Vector, c: Vector) -> tuple[Vector, Vector]:
    a, r, n, w = layer.accum, layer.result, layer.units, layer.weights
    q = _product(h, w.recurrent, w.recurrent_bias, a, layer.recurrent_terms)
    new_h, new_c = [], []
    for k in range(n):
        i, f, g, o = (cast(p[j * n + k] + q[j * n + k], a) for j in range(4))
        i, f, o = (layer.gate.of(x, a, a) for x in (i, f, o))
        g = layer.act.of(g, a, a)
        new_c.append(cast(g * i + c[k] * f, r))
        new_h.append(cast(o * layer.act.of(new_c[k], r, a), r))
    return new_h, new_c


def _gru(layer: Layer, p: Vector, h: Vector, _: Vector) -> tuple[Vector, Vector]:
    a, r, n, w = layer.accum, layer.result, layer.units, layer.weights
    z_r = [row[: 2 * n] for row in w.recurrent], w.recurrent_bias[: 2 * n]
    own = [row[2 * n :] for row in w.recurrent], w.recurrent_bias[2 * n :]
    q = _product(h, *z_r, a, layer.recurrent_terms)
    z = [layer.gate.of(cast(p[k] + q[k], a), a, a) for k in range(n)]
    reset = [layer.gate.of(cast(p[n + k] + q[n + k], a), a, a) for k in range(n)]
    if layer.cell == "gru":
        t = _product(h, *own, a, layer.recurrent_terms)
        t = [cast(reset[k] * t[k], a) for k in range(n)]
    else:
        kept = [cast(reset[k] * h[k], r) for k in range(n)]
        t = _product(kept, *own, a, layer.recurrent_terms)
    new_h = []
    for k in range(n):
        g = layer.act.of(cast(p[2 * n + k] + t[k], a), a, a)
        new_h.append(cast(g * (1 - z[k]) + h[k] * z[k], r))
    return new_h, []


def _simple(layer: Layer, p: Vector, h: Vector, _: Vector) -> tuple[Vector, Vector]:
    a, r, w = layer.accum, layer.result, layer.weights
    q = _product(h, w.recurrent, w.recurrent_bias, a, layer.recurrent_terms)
    return [layer.act.of(cast(p[k] + q[k], a), a, r) for k in range(layer.units)], []


_STEPS = {"lstm": _lstm, "gru": _gru, "gru_reset_before": _gru, "simple_rnn": _simple}


def recurrent(
    layer: Layer,
    x: Sequence[Vector],
    *,
    backward: bool = False,
    initial: Sequence[Vector] | None = None,
) -> list[list[int]]:
    """Raw h after each time step, in the order of computation; states start at 0 or ``initial``."""
    n, r, w = layer.units, layer.result, layer.weights
    h, c = [Fraction(0)] * n, [Fraction(0)] * n
    if initial is not None:
        h = [cast(v, r) for v in initial[0]]
        c = [cast(v, r) for v in initial[1]] if len(initial) > 1 else c
    found = []
    for now in reversed(x) if backward else x:
        p = _product(now, w.weight, w.bias, layer.accum, layer.terms)
        h, c = _STEPS[layer.cell](layer, p, h, c)
        found.append([cast_raw(v, r) for v in h])
    return found
