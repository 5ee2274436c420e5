"""Softmax through look-up tables, in hls4ml's four implementations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fxp import NARROW_WIDTH, Format, cast, from_fraction, growth
from fxp.compiled import kernel

from ..engine.loops import stage_row
from ..exact import int32, int_steps, roomy
from ..op import Constant, Field, Op, Raw, Real, Shape, Table, Value

__all__ = ["IMPLEMENTATIONS", "Softmax"]

IMPLEMENTATIONS = ("latency", "stable", "legacy", "argmax")


@dataclass(frozen=True, eq=False, kw_only=True)
class Softmax(Op):
    """``y[i] = cast(e[i] * inverse[top bits of inverse_input(tree sum of e)])``.

    latency: ``e[i] = accum(exponential[top bits of x[i]])``.
    stable: ``e[i] = accum(exponential[top bits of difference(max(x) - x[i])])``, of exp(-d).
    legacy: ``y[i] = cast(inverse[int(s * N / 64)])``, s the sum over j, in the table's format, of
    ``exponential[int((x[j] - x[i]) * N / 16) + N / 2]``, and of 1 for j = i.
    argmax: ``cast(1)`` at the first greatest element, 0 elsewhere.
    The tree casts every node to accum: left part the largest power of two below n.
    n_outer * n_slice * n_inner elements; each vector along n_slice is normalised on its own.
    ``scale`` of x, which the exponential's table holds, only serves the float reference.
    Source: hls4ml's nnet_activation.h; accumulation order in nnet_common.h (reduce).
    """

    header: ClassVar[str] = "softmax"
    implementation: str
    n_outer: int = 1
    n_slice: int
    n_inner: int = 1
    accum: Format | None = None
    inverse_input: Format | None = None
    difference: Format | None = None
    exponential: Table | None = None
    inverse: Table | None = None
    scale: float = 1.0

    @property
    def function(self) -> str:
        return f"softmax_{self.implementation}"

    def check(self, *inputs: Value) -> None:
        if self.implementation not in IMPLEMENTATIONS:
            raise ValueError(
                f"implementation must be one of {', '.join(IMPLEMENTATIONS)},"
                f" not {self.implementation!r}"
            )
        if self.n_outer * self.n_slice * self.n_inner != inputs[0].size:
            raise ValueError(
                f"n_outer * n_slice * n_inner must be {inputs[0].size},"
                f" not {self.n_outer} * {self.n_slice} * {self.n_inner}"
            )
        needed = {
            "latency": ("accum", "inverse_input", "exponential", "inverse"),
            "stable": ("accum", "inverse_input", "difference", "exponential", "inverse"),
            "legacy": ("exponential", "inverse"),
            "argmax": (),
        }[self.implementation]
        for name in ("accum", "inverse_input", "difference", "exponential", "inverse"):
            if (getattr(self, name) is not None) != (name in needed):
                wanted = "set" if name in needed else "absent"
                raise ValueError(f"{name} of a {self.implementation} softmax must be {wanted}")
        x = inputs[0].format
        if self.implementation in ("latency", "stable"):
            assert self.exponential and self.inverse and self.accum and self.inverse_input
            address = x if self.implementation == "latency" else self.difference
            assert address is not None
            _require_address("exponential", self.exponential, address)
            _require_address("inverse", self.inverse, self.inverse_input)

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        x = inputs[0].reshape(-1, self.n_outer, self.n_slice, self.n_inner).swapaxes(2, 3)
        rows = np.ascontiguousarray(x).reshape(-1, self.n_slice)
        y = getattr(self, "_" + self.implementation)(rows, values[0].format)
        y = y.reshape(-1, self.n_outer, self.n_inner, self.n_slice).swapaxes(2, 3)
        return np.ascontiguousarray(y).reshape(inputs[0].shape)

    def addresses(self, *inputs: Value) -> tuple[Format, ...]:
        found = {
            "latency": (inputs[0].format, self.inverse_input),
            "stable": (self.difference, self.inverse_input),
        }.get(self.implementation, ())
        return tuple(format for format in found if format is not None)

    def block(self, *inputs: Value) -> Callable[..., None] | None:
        if self.implementation not in ("latency", "stable"):
            return None
        assert self.exponential and self.inverse and self.accum and self.inverse_input
        x = inputs[0].format
        address = x if self.difference is None else self.difference
        product = growth.multiply(self.accum, self.inverse.format)
        apart = growth.subtract(x, x)
        widths = (apart, address, self.accum, self.inverse_input, product, self.result)
        if max(format.width for format in widths) >= NARROW_WIDTH:
            return None
        from ..engine.epilogue import Epilogue

        whole = np.arange(inputs[0].size).reshape(self.n_outer, self.n_slice, self.n_inner)
        places = np.ascontiguousarray(whole.swapaxes(1, 2).reshape(-1, self.n_slice))
        tree = np.array(_tree(0, self.n_slice), dtype=np.int64).reshape(-1, 2)
        exponential = cast(self.exponential.raw, self.exponential.format, self.accum)
        found = Epilogue() if self.difference is None else Epilogue().cast(apart, address)
        found = found.bits(*_address(address, self.exponential))
        summed = Epilogue().cast(growth.add(self.accum, self.accum), self.accum)
        scale = Epilogue().cast(self.accum, self.inverse_input)
        scale = scale.bits(*_address(self.inverse_input, self.inverse))
        finished = Epilogue().cast(product, self.result)
        if not all(stages.common for stages in (found, summed, scale, finished)):
            return None
        stable, inverse = self.difference is not None, self.inverse.raw
        numbers = [stages.numbers() for stages in (found, summed, scale, finished)]

        def run(x: Raw, out: Raw, rooms: Any) -> None:
            _normalise(x, places, stable, exponential, tree, inverse, *numbers, out)

        return run

    def _latency(self, x: Raw, f: Format) -> Raw:
        assert self.exponential
        return self._normalised(_top_bits(x, f, self.exponential.size))

    def _stable(self, x: Raw, f: Format) -> Raw:
        assert self.exponential and self.difference
        apart = cast(x.max(axis=1, keepdims=True) - x, growth.subtract(f, f), self.difference)
        return self._normalised(_top_bits(apart, self.difference, self.exponential.size))

    def _normalised(self, index: Raw) -> Raw:
        assert self.exponential and self.inverse and self.accum and self.inverse_input
        e = cast(self.exponential.raw, self.exponential.format, self.accum)[index]
        total = cast(_tree_sum(e, self.accum), self.accum, self.inverse_input)
        scale = self.inverse.raw[_top_bits(total, self.inverse_input, self.inverse.size)]
        product = growth.multiply(self.accum, self.inverse.format)
        return cast(roomy(e, product.width) * scale[:, None], product, self.result)  # type: ignore[no-any-return]

    def _legacy(self, x: Raw, f: Format) -> Raw:
        assert self.exponential and self.inverse
        table, format = self.exponential, self.exponential.format
        wide = growth.add(format, format)
        one = from_fraction(1, format)
        apart = growth.subtract(f, f)
        y: Raw = roomy(np.zeros(x.shape, dtype=np.int64), self.result.width)
        for i in range(self.n_slice):
            total = np.zeros(len(x), dtype=np.int64)
            for j in range(self.n_slice):
                steps = int_steps(x[:, j] - x[:, i], apart, table.size, 16)
                index = np.clip(int32(steps + table.size // 2), 0, table.size - 1)
                term = one if i == j else table.raw[index]
                total = cast(total + term, wide, format)
            index = int_steps(total, format, self.inverse.size, 64)
            index = np.clip(index, 0, self.inverse.size - 1)
            y[:, i] = cast(self.inverse.raw, format, self.result)[index]
        return y

    def _argmax(self, x: Raw, f: Format) -> Raw:
        y: Raw = roomy(np.zeros(x.shape, dtype=np.int64), self.result.width)
        y[np.arange(len(x)), x.argmax(axis=1)] = from_fraction(1, self.result)
        return y

    def reference(self, *inputs: Real) -> Real:
        x = inputs[0].reshape(-1, self.n_outer, self.n_slice, self.n_inner)
        if self.implementation == "argmax":
            best = x.argmax(axis=2)[:, :, None]
            y: Real = (np.arange(self.n_slice)[None, None, :, None] == best).astype(np.float64)
        else:
            e = np.exp(self.scale * (x - x.max(axis=2, keepdims=True)))
            y = e / e.sum(axis=2, keepdims=True)
        return y.reshape(inputs[0].shape)

    def multiplications(self, *shapes: Shape) -> int:
        if self.implementation in ("legacy", "argmax"):
            return 0
        return self.n_outer * self.n_slice * self.n_inner

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        fields: dict[str, Field] = {
            "n_in": inputs[0].size,
            "n_outer": self.n_outer,
            "n_slice": self.n_slice,
            "n_inner": self.n_inner,
        }
        for name in ("accum", "inverse_input", "difference"):
            if (format := getattr(self, name)) is not None:
                fields[name] = format
        for name in ("exponential", "inverse"):
            if (table := getattr(self, name)) is not None:
                fields |= {f"{name}_size": table.size, name: table}
        return fields

    def constants(self) -> dict[str, Constant]:
        return {}


def _require_address(name: str, table: Table, address: Format) -> None:
    size = table.size
    if size < 2 or size & (size - 1):
        raise ValueError(
            f"size of the {name} table must be a power of two from 2, not {size}:"
            " the top bits of a value address it; set table_size"
        )
    if size > 1 << address.width:
        raise ValueError(
            f"size of the {name} table must be at most 2**{address.width}, the codes of {address},"
            f" not {size}; set table_size or widen the type"
        )


def _address(format: Format, table: Table) -> tuple[int, int]:
    """Shift and mask that leave the top bits addressing ``table``."""
    return format.width - table.size.bit_length() + 1, table.size - 1


def _tree(first: int, count: int) -> list[tuple[int, int]]:
    """``(i, j)`` in order, each ``e[i] += e[j]``: the sum of ``count`` elements from ``first``."""
    if count == 1:
        return []
    left = 1 << ((count - 1).bit_length() - 1)
    return [
        *_tree(first, left),
        *_tree(first + left, count - left),
        (first, first + left),
    ]


@kernel(inline=True)
def _staged(row, spare, stages):  # type: ignore[no-untyped-def]
    # all stages of one row; the result is in one of the two
    for k in range(stages.shape[0]):
        stage_row(row, spare, stages[k])
        row, spare = spare, row
    return row


@kernel
def _normalise(  # type: ignore[no-untyped-def]
    x, places, stable, exponential, tree, inverse, found, summed, scale, finished, out
):
    # One slice at a time; every loop runs over the samples of one element.
    n, samples = places.shape[1], x.shape[1]
    e = np.empty((n, samples), dtype=np.int64)
    sums = np.empty((n, samples), dtype=np.int64)
    top, spare = np.empty(samples, dtype=np.int64), np.empty(samples, dtype=np.int64)
    for place in places:
        for i in range(n):
            row = x[place[i]]
            for b in range(samples):
                top[b] = max(top[b], row[b]) if i > 0 else row[b]
        for i in range(n):
            row, row_e, row_s = x[place[i]], e[i], sums[i]
            for b in range(samples):
                row_e[b] = top[b] - row[b] if stable else row[b]
            staged = _staged(row_e, spare, found)
            for b in range(samples):
                row_s[b] = exponential[staged[b]]
            for b in range(samples):
                row_e[b] = row_s[b]
        for k in range(tree.shape[0]):
            first, second = sums[tree[k, 0]], sums[tree[k, 1]]
            for b in range(samples):
                first[b] += second[b]
            staged = _staged(first, spare, summed)
            for b in range(samples):
                first[b] = staged[b]
        total = _staged(sums[0], spare, scale)
        for b in range(samples):
            top[b] = inverse[total[b]]
        for i in range(n):
            row_e, row = e[i], out[place[i]]
            for b in range(samples):
                row_e[b] *= top[b]
            staged = _staged(row_e, spare, finished)
            for b in range(samples):
                row[b] = staged[b]


def _top_bits(raw: Raw, format: Format, size: int) -> Raw:
    """The ``log2 size`` most significant bits, read as unsigned."""
    top = (raw >> (format.width - size.bit_length() + 1)) & (size - 1)
    return np.asarray(top).astype(np.int64)


def _tree_sum(e: Raw, accum: Format) -> Raw:
    n = e.shape[1]
    if n == 1:
        return e[:, 0]
    left = 1 << ((n - 1).bit_length() - 1)
    total = _tree_sum(e[:, :left], accum) + _tree_sum(e[:, left:], accum)
    return cast(total, growth.add(accum, accum), accum)  # type: ignore[no-any-return]
