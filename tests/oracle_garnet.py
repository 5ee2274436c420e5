"""GarNet in exact rationals, vertex by vertex as hls4ml's kernel walks; shares no code with it."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from tests.oracle import Type, cast, cast_raw, float_raw, toward_zero, value


class Layer(NamedTuple):
    """Weights as nested lists of Fractions, types, and the kernel's settings.

    h[a][i], g[a]: distances; w[o][a][i], b[o][a]: features; c[o]: output, of type ``c_type``.
    table: Fractions by the bits of a distance. reuse: hls4ml's reuse factor.
    """

    h: list
    g: list
    w: list
    b: list
    c: list
    c_type: Type
    table: list
    x: Type
    n: Type
    distance: Type
    edge: Type
    edge_sum: Type
    aggr: Type
    norm: Type
    result: Type
    reuse: int
    collapse: bool
    by_count: bool
    fraction: int = 0


def halved(x: Fraction, times: int, t: Type) -> Fraction:
    """``x >> times`` of a variable of type ``t``: the bits that fall off are lost."""
    unit = Fraction(2) ** t.frac
    return Fraction(math.floor(x * unit / 2**times)) / unit


def operand(x: Fraction, t: Type) -> Fraction:
    """What ``+= x`` and ``*= x`` take of x on a variable of type ``t``: of an ap_int, the whole."""
    return Fraction(toward_zero(x)) if t.is_int else x


def edge_table(distance: Type, edge: Type) -> list[int]:
    """Raw weights by the bits of a distance; the entry of 0 is the largest below 1, then cast."""
    found = [cast_raw(1 - Fraction(1, 2**edge.width), edge)]
    square = Type(2 * distance.width + 1, 2 * distance.integer + 1)
    for code in range(1, 2**distance.width):
        negative = distance.signed and code >= 2 ** (distance.width - 1)
        d = value(code - 2**distance.width if negative else code, distance)
        found.append(cast_raw(value(float_raw(math.exp(float(-d * d)), square), square), edge))
    return found


def counted(n: Fraction, vertices: int, reuse: int) -> list[int]:
    """The vertices that the loops visit, whose ends are tested as ``start >= n`` and ``v == n``."""
    block, found = vertices >> (reuse.bit_length() - 1), []
    for turn in range(reuse):
        if turn * block >= n:
            break
        for k in range(block):
            v = turn * block + k
            if v == n or v >= vertices:
                break
            found.append(v)
    return found


def garnet(x: list, n: Fraction, layer: Layer) -> list[int]:
    """Raw results of one sample, flat. x: rows of Fractions, one a vertex."""
    vertices, features, aggregators = len(x), len(x[0]), len(layer.g)
    block_bits = layer.reuse.bit_length() - 1
    vertex_bits = vertices.bit_length() - 1
    block, active = vertices >> block_bits, counted(n, vertices, layer.reuse)
    edges = {v: _edges(x[v], layer) for v in active}
    mean_edge, mean_x = [], []
    for a in range(aggregators):
        total, sums = Fraction(0), [Fraction(0)] * features
        for turn in range(layer.reuse):
            inside = [v for v in active if v // block == turn]
            part, parts = Fraction(0), [Fraction(0)] * features
            for v in inside:
                part = cast(part + operand(edges[v][a], layer.edge_sum), layer.edge_sum)
                for i in range(features):
                    scaled = cast(x[v][i] * edges[v][a], layer.x)
                    parts[i] = cast(parts[i] + operand(scaled, layer.aggr), layer.aggr)
            fewer = vertex_bits - block_bits
            total = cast(total + halved(part, fewer, layer.edge_sum), layer.edge_sum)
            for i in range(features):
                sums[i] = cast(sums[i] + halved(parts[i], fewer, layer.aggr), layer.aggr)
        if layer.by_count:
            share = _norm(vertices // layer.reuse, n, layer) if active else Fraction(0)
            mean_edge.append(cast(total * share, layer.edge))
            mean_x.append([cast(s * share, layer.aggr) for s in sums])
        else:
            mean_edge.append(cast(halved(total, block_bits, layer.edge_sum), layer.edge))
            mean_x.append([halved(s, block_bits, layer.aggr) for s in sums])
    base = []
    for rows, biases in zip(layer.w, layer.b, strict=True):
        base.append([])
        for a in range(aggregators):
            total = cast(mean_edge[a] * biases[a], layer.aggr)
            for factor, mean in zip(rows[a], mean_x[a], strict=True):
                total = cast(total + operand(mean * factor, layer.aggr), layer.aggr)
            base[-1].append(total)
    found = []
    if layer.collapse:
        for own, bias in zip(base, layer.c, strict=True):
            if not layer.by_count:
                many = cast(cast(bias, layer.aggr) * operand(n, layer.aggr), layer.aggr)
                bias = cast(halved(many, vertex_bits, layer.aggr), layer.c_type)
            total = cast(bias, layer.result)
            for a in range(aggregators):
                more = operand(mean_edge[a] * own[a], layer.result)
                total = cast(total + more, layer.result)
            found.append(cast_raw(total, layer.result))
        return found
    for v in range(vertices):
        for own, bias in zip(base, layer.c, strict=True):
            total = Fraction(0)
            if v in edges:
                total = cast(bias, layer.result)
                for a in range(aggregators):
                    total = cast(total + cast(edges[v][a] * own[a], layer.result), layer.result)
            found.append(cast_raw(total, layer.result))
    return found


def _edges(x: list, layer: Layer) -> list[Fraction]:
    """Weights of one vertex's edges."""
    found = []
    for rows, bias in zip(layer.h, layer.g, strict=True):
        d = cast(bias, layer.distance)
        for factor, element in zip(rows, x, strict=True):
            d = cast(d + cast(factor * element, layer.distance), layer.distance)
        found.append(layer.table[cast_raw(d, layer.distance) % 2**layer.distance.width])
    return found


def _norm(share: int, n: Fraction, layer: Layer) -> Fraction:
    """``share / n``: truncated at the point, or at 1 / unit of a coarser n, ``fraction`` bits on."""
    unit = max(Fraction(1, 2**layer.n.frac) if layer.n.frac >= 0 else 2**-layer.n.frac, 1)
    unit *= 2**layer.fraction
    found = Fraction(math.floor(share / n * unit)) / unit
    if layer.fraction == 0:  # AMD's headers: a C integer / x has the bits of x
        found = cast(found, Type(layer.n.width, layer.n.integer, layer.n.signed))
    return cast(found, layer.norm)
