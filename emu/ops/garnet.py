"""GarNet: a graph network whose vertices exchange features by way of a few aggregators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fxp import Format, cast, growth

from ..exact import aligned, roomy
from ..op import Constant, Field, Op, Raw, Real, Shape, Table, Value, storage

__all__ = ["GarNet", "log2_floor"]


def log2_floor(n: int) -> int:
    """``floor(log2(n))`` of a positive integer."""
    return n.bit_length() - 1


@dataclass(frozen=True, eq=False, kw_only=True)
class GarNet(Op):
    """``y[v, o] = cast(c[o] + sum_a e[v, a] * (b[o, a] * E[a] + sum_i w[o, a, i] * X[a, i]))``.

    e[v, a] = exp(-d**2), d = g[a] + sum_i h[a, i] * x[v, i]; E[a] and X[a, i] are the means of
    e[v, a] and e[v, a] * x[v, i]. Inputs: x (vertices, features); n, whose first element is the
    number of vertices that count, v < n (where n has a fraction: those of all blocks that begin
    below n). Output: y (vertices, filters), 0 for the other vertices; with ``collapse`` the mean
    of y over the vertices, (filters,).

    h, g, w, b, c: distance_weight, distance_bias, weight, bias, output_bias. ``table`` has e for
    every code of ``distance``. With T(...) the cast to T; D, S, A, N: distance, edge_sum, aggr,
    norm; P, Q: the types of the table and of x; V vertices, B = V >> L in a block, L and M the
    floors of log2 blocks and log2 V; sums ascend and each addition is cast:

    d = D(D(g) + D(h * x) ...); s = S(S(e + ...) >> (M - L) + ...), the inner sum over the vertices
    of a block, the outer one over blocks; t alike in A, of Q(e * x).
    E = P(s >> L), X = t >> L; by_count: E = P(s * N(V / blocks / n)), X = A(t * N(V / blocks / n)).
    base = A(A(b * E) + w * X ...); y = cast(cast(c) + cast(e * base) ...).
    collapse: y = cast(cast(c') + E * base ...), c' = C(A(A(c) * n) >> M) in c's type, by_count c.

    What an integer type (``ap_int``) is increased or multiplied by truncates toward zero before.
    V / blocks / n truncates to ``fraction`` bits after the point; with 0 of them, as in hls4ml, it
    truncates and wraps to the bits of n's type besides, AMD's type of a C integer by n.
    Source: hls4ml 1.3.0's nnet_garnet.h; blocks is its reuse factor, by_count mean_by_nvert. Qasim
    et al., arXiv:1902.07987; Iiyama et al., arXiv:2008.03601.
    """

    header: ClassVar[str] = "garnet"
    arity: ClassVar[int] = 2
    distance_weight: Constant
    distance_bias: Constant
    weight: Constant
    bias: Constant
    output_bias: Constant
    distance: Format
    table: Table
    edge_sum: Format
    aggr: Format
    norm: Format
    blocks: int = 1
    collapse: bool = False
    by_count: bool = False
    fraction: int = 0

    @property
    def function(self) -> str:
        return "garnet_mean" if self.collapse else "garnet"

    def shape(self, *shapes: Shape) -> Shape:
        filters = self.weight.shape[0]
        return (filters,) if self.collapse else (shapes[0][0], filters)

    def check(self, *inputs: Value) -> None:
        x, n = inputs
        filters, aggregators = self.weight.shape[:2]
        if len(x.shape) != 2:
            raise ValueError(f"input of GarNet must be (vertices, features), not {x.shape!r}")
        vertices, features = x.shape
        wanted = {
            "distance_weight": (aggregators, features),
            "distance_bias": (aggregators,),
            "weight": (filters, aggregators, features),
            "bias": (filters, aggregators),
            "output_bias": (filters,),
        }
        for name, shape in wanted.items():
            if (seen := getattr(self, name).shape) != shape:
                raise ValueError(f"{name} of GarNet must have shape {shape!r}, not {seen!r}")
        if self.blocks < 1 or vertices % self.blocks:
            raise ValueError(f"blocks must divide the {vertices} vertices, not {self.blocks}")
        if self.fraction < 0:
            raise ValueError(f"fraction must be at least 0, not {self.fraction}")
        if self.table.size != 1 << self.distance.width:
            raise ValueError(
                f"table must have an entry for each code of {self.distance}, not"
                f" {self.table.size} entries"
            )
        edge = self.table.format
        for a, b in (  # raises where no format is so wide
            (x.format, self.distance_weight.format),
            (x.format, edge),
            (edge, self.bias.format),
            (edge, self.aggr),
            (self.aggr, self.weight.format),
            (self.aggr, n.format),
            (self.aggr, self.norm),
        ):
            growth.add(growth.multiply(a, b), self.aggr)

    def _block(self, vertices: int) -> int:
        """Vertices in a block."""
        return vertices >> log2_floor(self.blocks)

    # ---- on raw integers -----------------------------------------------------------------------

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        x, n = inputs[0], inputs[1].reshape(len(inputs[1]), -1)[:, 0]
        vertices = values[0].shape[0]
        edges = self._edges(x, values[0].format)
        counted = _counted(n, values[1].format, vertices, self._block(vertices))
        mean_edge, mean_x = self._means(x, values[0], edges * counted[..., None], n, values[1])
        base = self._base(mean_edge, mean_x)
        if self.collapse:
            return self._collapsed(mean_edge, base, n, values[1].format, vertices)
        found = self._vertices(edges, base)
        return found * counted[..., None]

    def _edges(self, x: Raw, format: Format) -> Raw:
        """``e[v, a]``, raw in the table's format."""
        h, f = self.distance_weight, self.distance
        start = cast(self.distance_bias.raw, self.distance_bias.format, f)
        total = np.broadcast_to(start, (*x.shape[:2], start.size))
        for i in range(x.shape[2]):
            term = _product(x[..., i, None], format, h.raw[:, i], h.format, f)
            total = _plus(total, f, term, f)
        return self.table.raw[np.asarray(total & (self.table.size - 1), dtype=np.int64)]

    def _means(self, x: Raw, given: Value, edges: Raw, n: Raw, count: Value) -> tuple[Raw, Raw]:
        """``E[a]`` in the table's format and ``X[a, i]`` in aggr; edges that do not count are 0."""
        vertices, features = given.shape
        size = self._block(vertices)
        blocks = -(-vertices // size)
        more = ((0, 0), (0, blocks * size - vertices), (0, 0))
        x = np.pad(x, more).reshape(len(x), blocks, size, 1, features)
        edges = np.pad(edges, more).reshape(len(x), blocks, size, -1)
        edge, shift = self.table.format, log2_floor(vertices) - log2_floor(self.blocks)
        of_edges: Any = np.zeros_like(edges[:, :, 0], dtype=storage(self.edge_sum))
        of_x: Any = np.zeros((*of_edges.shape, features), dtype=storage(self.aggr))
        for k in range(size):
            e = edges[:, :, k]
            of_edges = _plus(of_edges, self.edge_sum, e, edge)
            term = _product(x[:, :, k], given.format, e[..., None], edge, given.format)
            of_x = _plus(of_x, self.aggr, term, given.format)
        sum_edges, sum_x = np.zeros_like(of_edges[:, 0]), np.zeros_like(of_x[:, 0])
        for b in range(blocks):
            sum_edges = _plus(sum_edges, self.edge_sum, of_edges[:, b] >> shift, self.edge_sum)
            sum_x = _plus(sum_x, self.aggr, of_x[:, b] >> shift, self.aggr)
        if self.by_count:
            norm = _share(n, count.format, vertices // self.blocks, self)
            return (
                _product(sum_edges, self.edge_sum, norm[:, None], self.norm, edge),
                _product(sum_x, self.aggr, norm[:, None, None], self.norm, self.aggr),
            )
        last = log2_floor(self.blocks)
        return cast(sum_edges >> last, self.edge_sum, edge), sum_x >> last

    def _base(self, mean_edge: Raw, mean_x: Raw) -> Raw:
        """``base[o, a]`` in aggr."""
        w, a = self.weight, self.aggr
        term, edge = growth.multiply(a, w.format), self.table.format
        total = _product(mean_edge[:, None], edge, self.bias.raw, self.bias.format, a)
        for i in range(w.shape[2]):
            product = roomy(mean_x[:, None, :, i], term.width) * w.raw[..., i]
            total = _plus(total, a, product, term)
        return total  # type: ignore[no-any-return]

    def _vertices(self, edges: Raw, base: Raw) -> Raw:
        """``y[v, o]`` of every vertex."""
        start = cast(self.output_bias.raw, self.output_bias.format, self.result)
        total = np.broadcast_to(start, (*edges.shape[:2], start.size))
        for a in range(edges.shape[2]):
            edge, row = edges[..., a, None], base[:, None, :, a]
            term = _product(edge, self.table.format, row, self.aggr, self.result)
            total = _plus(total, self.result, term, self.result)
        return total

    def _collapsed(self, mean_edge: Raw, base: Raw, n: Raw, count: Format, vertices: int) -> Raw:
        """``y[o]``, the mean of the vertices."""
        c, a, edge = self.output_bias, self.aggr, self.table.format
        bias = np.broadcast_to(c.raw, (len(n), c.raw.size))
        if not self.by_count:
            counted = _product(cast(bias, c.format, a), a, *_whole(n[:, None], count, a), a)
            bias = cast(counted >> log2_floor(vertices), a, c.format)
        total, term = cast(bias, c.format, self.result), growth.multiply(edge, a)
        for k in range(mean_edge.shape[1]):
            product = roomy(mean_edge[:, k, None], term.width) * base[:, :, k]
            total = _plus(total, self.result, product, term)
        return total  # type: ignore[no-any-return]

    # ---- what it is besides --------------------------------------------------------------------

    def addresses(self, *inputs: Value) -> tuple[Format, ...]:
        return (self.distance,)

    def reference(self, *inputs: Real) -> Real:
        x, n = inputs[0], inputs[1].reshape(len(inputs[1]), -1)[:, 0]
        vertices = x.shape[1]
        counted = (np.arange(vertices) < n[:, None])[..., None]
        d = x @ self.distance_weight.value.T + self.distance_bias.value
        edges = np.exp(-d * d) * counted
        # No vertex counts where n <= 0: all sums are 0.
        many = np.maximum(n, 1)[:, None] if self.by_count else float(vertices)
        mean_edge = edges.sum(axis=1) / many
        mean_x = np.einsum("zva,zvi->zai", edges, x) / np.asarray(many)[..., None]
        base = mean_edge[:, None] * self.bias.value
        base = base + np.einsum("oai,zai->zoa", self.weight.value, mean_x)
        y = self.output_bias.value + np.einsum("zva,zoa->zvo", edges, base)
        found: Real = y * counted
        return found.sum(axis=1) / many if self.collapse else found

    def multiplications(self, *shapes: Shape) -> int:
        (vertices, features), (filters, aggregators) = shapes[0], self.weight.shape[:2]
        of_vertex = 2 * features + filters * (not self.collapse)
        of_mean = filters * (features + 1 + self.collapse)
        return aggregators * (vertices * of_vertex + of_mean)

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        vertices, features = inputs[0].shape
        filters, aggregators = self.weight.shape[:2]
        return {
            "n_vertices": vertices,
            "n_in": features,
            "n_aggregators": aggregators,
            "n_out": filters,
            "n_count": inputs[1].size,
            "block": self._block(vertices),
            "log2_vertices": log2_floor(vertices),
            "log2_blocks": log2_floor(self.blocks),
            "share": vertices // self.blocks,
            "by_count": int(self.by_count),
            "fraction": self.fraction,
            "distance": self.distance,
            "edge_sum": self.edge_sum,
            "aggr": self.aggr,
            "norm": self.norm,
            **self.constants(),
            "table_size": self.table.size,
            "table": self.table,
        }


def _product(x: Any, x_format: Format, y: Any, y_format: Format, target: Format) -> Any:
    """``target(x * y)``."""
    exact = growth.multiply(x_format, y_format)
    return cast(roomy(x, exact.width) * y, exact, target)


def _whole(x: Any, format: Format, target: Format) -> tuple[Any, Format]:
    """``x`` as an operand of ``+=`` or ``*=`` on a ``target``: an integer one takes integers."""
    if not target.is_integer or format.is_integer:
        return x, format
    bits = max(format.integer, 1)
    whole = Format(bits, bits, format.signed, family="ap_int")
    return cast(x, format, whole), whole


def _plus(total: Any, format: Format, term: Any, term_format: Format) -> Any:
    """``format(total + term)``."""
    term, term_format = _whole(term, term_format, format)
    exact = growth.add(format.exact, term_format.exact)
    both = aligned(total, format, exact) + aligned(term, term_format, exact)
    return cast(both, exact, format)


def _counted(n: Raw, format: Format, vertices: int, block: int) -> npt.NDArray[np.bool_]:
    """Which vertices count: (samples, vertices)."""
    room = max(-format.frac, 0)
    whole = (roomy(n, format.width + room) << room) >> max(format.frac, 0)
    fraction = roomy(n, format.width) - (whole << max(format.frac, 0)) if format.frac > 0 else 0
    vertex = np.arange(vertices)
    # An end that n never equals is not seen inside a block.
    end = np.where(fraction == 0, whole, np.where(whole >= 0, whole // block * block + block, 0))
    return np.asarray(vertex < end[:, None], dtype=np.bool_)


def _share(n: Raw, format: Format, share: int, op: GarNet) -> Raw:
    """``norm(share / n)``, truncated to ``fraction`` bits; 0 for n <= 0, where every sum is 0.

    The unit of an n without fraction bits divides, so that the quotient has as many more.
    """
    up = max(format.frac, 0) + op.fraction
    width = share.bit_length() + up + 1
    steps = Format(width, width - up + format.frac)
    found = (share << up) // np.maximum(roomy(n, format.width, width), 1)
    quotient = np.where(n > 0, found, 0)
    if op.fraction == 0:  # AMD's headers give C integer / x the bits of x's type
        quotient, steps = cast(quotient, steps, format.exact), format.exact
    return cast(quotient, steps, op.norm)  # type: ignore[no-any-return]
