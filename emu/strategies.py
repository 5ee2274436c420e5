"""Hypothesis strategies for layers and whole graphs: every operator, rounding and overflow mode.

To test a kernel of your own, draw formats and weights, ``apply`` the operator, and compare raw
integers with its formula (examples/own_layer). To test what runs graphs, draw graphs and compare
with ``plain``.

>>> from hypothesis import given, settings
>>> @settings(max_examples=5, database=None, deadline=None)
... @given(graphs(max_layers=2, kinds=(Dense, Reshape)).flatmap(with_samples))
... def the_engine_gives_what_the_operators_declare(case):
...     graph, x = case
...     traced = graph.trace(x, raw=True)
...     for name, raw in plain(graph, traced).items():
...         np.testing.assert_array_equal(traced[name], raw)
>>> the_engine_gives_what_the_operators_declare()
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fxp import Format, FxArray
from fxp.strategies import formats, raws

from .graph import Graph, Node
from .op import Constant, Op, Raw, Real, Shape, Table, Value
from .ops import (
    CELLS,
    FUNCTIONS,
    IMPLEMENTATIONS,
    MERGES,
    OPERATORS,
    POOLINGS,
    RESETS,
    Activation,
    BatchNormalization,
    Bilinear,
    Concatenate,
    Convolution,
    Cropping,
    Dense,
    Dot,
    Einsum,
    EinsumDense,
    Embedding,
    GarNet,
    Input,
    LayerNormalization,
    Merge,
    Pooling,
    Quantizer,
    Recurrent,
    Reshape,
    Resize,
    Sign,
    Slice,
    Softmax,
    SpikingNeuron,
    SpikingReadout,
    Symbolic,
    Thresholds,
    TimeDistributed,
    Transpose,
    UnaryLUT,
    ZeroPadding,
)

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["apply", "constants", "graphs", "layers", "plain", "with_samples"]

MOST_ELEMENTS = 64
"""No layer that is drawn makes a larger tensor."""


def apply(op: Op, *x: FxArray) -> FxArray:
    """``y = op(x...)`` on arrays (N, *shape), by ``op.evaluate``; raises ValueError as op.check.

    >>> identity = Reshape(result=Format(8, 4), target=(3, 2))
    >>> apply(identity, FxArray(np.ones((1, 6)), "ap_fixed<8,4>")).shape
    (1, 3, 2)
    """
    values = tuple(Value(f"x{k}", a.shape[1:], a.format) for k, a in enumerate(x))
    op.check(*values)
    return FxArray.from_raw(op.evaluate(*(a.raw for a in x), values=values), op.result)


def plain(graph: Graph, inputs: Mapping[str, Raw]) -> dict[str, Raw]:
    """Every tensor's raw values for those of the inputs (N, *shape), node by node as declared."""
    known: dict[str, Raw] = {}
    for node in graph.nodes:
        if isinstance(node.op, Input):
            known[node.name] = inputs[node.name]
            continue
        values = tuple(graph.values[name] for name in node.inputs)
        known[node.name] = node.op.evaluate(*(known[name] for name in node.inputs), values=values)
    return known


def constants(
    shape: Shape = (), *, format: Format | str | None = None, max_width: int = 16
) -> SearchStrategy[Constant]:
    """Weights of ``shape`` in ``format``, or in a drawn one; bounds over-weighted.

    Raises FormatError for text that is no format.

    >>> constants((2,), format="fixed<4,2>x")
    Traceback (most recent call last):
        ...
    fxp.errors.FormatError: format must be written like "fixed<16,6,RND,SAT>", not 'fixed<4,2>x'
    """

    given = None if format is None else Format.parse(format)

    def fill(draw: Draw) -> Constant:
        found = draw(formats(max_width=max_width)) if given is None else given
        raw = draw(raws(found, shape=shape))
        return Constant(raw, found, np.ldexp(raw.astype(np.float64), -found.frac))

    return _drawn(fill)  # type: ignore[no-any-return]


def layers(
    *inputs: Value, max_width: int = 16, kinds: Sequence[type[Op]] = OPERATORS
) -> SearchStrategy[Op]:
    """Operators of ``kinds`` on tensors like ``inputs``: formats, weights, tables, settings.

    Raises ValueError where none of the kinds takes such inputs.

    >>> layers(Value("x", (2, 2), Format(8, 4)), kinds=(Dot,))
    Traceback (most recent call last):
        ...
    ValueError: kinds must have an operator on x (2, 2), not only Dot
    """
    import hypothesis.strategies as st

    fitting = [kind for kind in kinds if kind in _LAYERS and _LAYERS[kind].fits(*inputs)]
    if not fitting:
        raise ValueError(
            f"kinds must have an operator on {', '.join(f'{x.name} {x.shape}' for x in inputs)},"
            f" not only {', '.join(kind.__name__ for kind in kinds)}"
        )

    def build(draw: Draw) -> Op:
        kind = draw(st.sampled_from(fitting))
        return _LAYERS[kind].build(_Case(draw, max_width), *inputs)

    return _drawn(build)  # type: ignore[no-any-return]


def graphs(
    *, max_layers: int = 5, max_width: int = 16, kinds: Sequence[type[Op]] = OPERATORS
) -> SearchStrategy[Graph]:
    """Graphs of one or two inputs and 1 to ``max_layers`` layers; what nobody reads is an output.

    Raises ValueError for max_layers below 1, and where none of ``kinds`` fits a tensor.

    >>> graphs(max_layers=0)
    Traceback (most recent call last):
        ...
    ValueError: max_layers must be at least 1, not 0
    """
    import hypothesis.strategies as st

    if max_layers < 1:
        raise ValueError(f"max_layers must be at least 1, not {max_layers}")

    def build(draw: Draw) -> Graph:
        nodes, values = [], []
        for k in range(draw(st.integers(1, 2))):
            shape = draw(st.sampled_from([(4,), (6,), (3, 4), (4, 4, 2)]))
            op = Input(result=draw(formats(max_width=max_width)), dimensions=shape)
            nodes.append(Node(f"x{k}", op))
            values.append(Value(f"x{k}", shape, op.result))
        for k in range(draw(st.integers(1, max_layers))):
            first = values[-1] if draw(st.booleans()) else draw(st.sampled_from(values))
            # Two tensors of one shape meet; a tensor may meet itself.
            other = draw(st.sampled_from([v for v in values if v.shape == first.shape]))
            given = (first, other) if draw(st.integers(0, 3)) == 3 else (first,)
            if not any(kind in _LAYERS and _LAYERS[kind].fits(*given) for kind in kinds):
                continue
            made = draw(layers(*given, max_width=max_width, kinds=kinds))
            nodes.append(Node(f"y{k}", made, tuple(value.name for value in given)))
            shape = made.shape(*(value.shape for value in given))
            values.append(Value(f"y{k}", shape, made.result))
        read = {name for node in nodes for name in node.inputs}
        return Graph(tuple(nodes), tuple(n.name for n in nodes if n.name not in read))

    return _drawn(build)  # type: ignore[no-any-return]


def with_samples(graph: Graph, count: int = 4) -> SearchStrategy[tuple[Graph, dict[str, Real]]]:
    """``(graph, x)``: ``count`` samples of every input, on its grid, bounds over-weighted."""

    def build(draw: Draw) -> tuple[Graph, dict[str, Real]]:
        x = {}
        for value in graph.inputs:
            raw = draw(raws(value.format, shape=(count, *value.shape)))
            x[value.name] = np.ldexp(raw.astype(np.float64), -value.format.frac)
        return graph, x

    return _drawn(build)  # type: ignore[no-any-return]


# ---- one row for each operator ---------------------------------------------------------------

Draw = Callable[[Any], Any]


def _drawn(build: Callable[[Draw], Any]) -> Any:
    import hypothesis.strategies as st

    return st.composite(lambda draw: build(draw))()


class _Case(NamedTuple):
    """What the rows draw with."""

    draw: Draw
    width: int

    def format(self, **bounds: Any) -> Format:
        found: Format = self.draw(formats(**{"max_width": self.width, **bounds}))
        return found

    def constant(self, *shape: int) -> Constant:
        found: Constant = self.draw(constants(shape, max_width=self.width))
        return found

    def table(self, size: int) -> Table:
        found = self.constant(size)
        return Table(found.raw, found.format, "drawn")

    def whole(self, low: int, high: int) -> int:
        import hypothesis.strategies as st

        return int(self.draw(st.integers(low, high)))

    def one_of(self, *choices: Any) -> Any:
        import hypothesis.strategies as st

        return self.draw(st.sampled_from(list(choices)))

    def yes(self) -> bool:
        return bool(self.whole(0, 1))

    def pairs(self, count: int, most: int) -> tuple[tuple[int, int], ...]:
        return tuple((self.whole(0, most), self.whole(0, most)) for _ in range(count))

    def divisor(self, n: int) -> int:
        return int(self.one_of(*(d for d in range(1, n + 1) if n % d == 0)))


class _Row(NamedTuple):
    fits: Callable[..., bool]
    build: Callable[..., Op]


def _one(*axes: int, most: int = MOST_ELEMENTS) -> Callable[..., bool]:
    """Whether it is one tensor of so many axes, and not a large one."""
    return lambda *x: len(x) == 1 and len(x[0].shape) in axes and x[0].size <= most


def _two(*axes: int) -> Callable[..., bool]:
    return lambda *x: len(x) == 2 and len(x[0].shape) in axes and x[0].shape == x[1].shape


_ANY = (1, 2, 3)


def _dense(case: _Case, x: Value) -> Op:
    n_in, n_out = x.size, case.whole(1, 4)
    return Dense(
        result=case.format(),
        weight=case.constant(n_in, n_out),
        bias=case.constant(n_out),
        accum=case.format(max_width=2 * case.width),
        interleave=case.divisor(n_in),
    )


def _convolution(case: _Case, x: Value) -> Op:
    *spatial, channels = x.shape
    kernel = tuple(case.whole(1, min(n, 3)) for n in spatial)
    groups = case.one_of(1, channels)
    filters, each = groups * case.whole(1, 2), channels // groups
    return Convolution(
        result=case.format(),
        weight=case.constant(*kernel, each, filters),
        bias=case.constant(filters),
        accum=case.format(max_width=2 * case.width),
        strides=tuple(case.whole(1, 2) for _ in spatial),
        padding=case.pairs(len(spatial), 1),
        dilation=(1,) * len(spatial),
        groups=groups,
        interleave=case.divisor(math.prod(kernel) * each),
    )


def _batch_normalization(case: _Case, x: Value) -> Op:
    n = x.shape[-1]
    return BatchNormalization(result=case.format(), scale=case.constant(n), bias=case.constant(n))


def _layer_normalization(case: _Case, x: Value) -> Op:
    n = x.shape[-1]
    return LayerNormalization(
        result=case.format(),
        accum=case.format(),
        scale=case.constant(n),
        bias=case.constant(n),
        table=case.table(8),
        span=case.one_of(1, 4),
    )


def _activation(case: _Case, x: Value) -> Op:
    name = case.one_of(*FUNCTIONS)
    row = FUNCTIONS[name]
    shape = (x.size,) if name == "prelu" else ()
    return Activation(
        result=case.format(),
        name=name,
        parameters=tuple(case.constant(*shape) for _ in row.parameters),
        table=case.table(16) if row.table else None,
    )


def _softmax(case: _Case, x: Value) -> Op:
    name, n = case.one_of(*IMPLEMENTATIONS), x.shape[-1]
    fields: dict[str, Any] = {}
    if name in ("latency", "stable"):
        inverse_input = case.format(min_width=2)
        address = x.format
        if name == "stable":
            address = fields["difference"] = case.format(min_width=2, signed=False)
        fields |= {
            "accum": case.format(),
            "inverse_input": inverse_input,
            "exponential": case.table(2 ** case.whole(1, min(address.width, 4))),
            "inverse": case.table(2 ** case.whole(1, min(inverse_input.width, 4))),
        }
    if name == "legacy":
        exponential, inverse = case.constant(16), case.constant(16)
        fields |= {
            "exponential": Table(exponential.raw, exponential.format, "drawn"),
            "inverse": Table(inverse.raw, inverse.format, "drawn"),
        }
    outer = x.size // n
    return Softmax(result=case.format(), implementation=name, n_outer=outer, n_slice=n, **fields)


def _thresholds(case: _Case, x: Value) -> Op:
    n = case.one_of(x.shape[-1], x.size)
    low = case.constant(n) if case.yes() else None
    return Thresholds(result=case.format(), high=case.constant(n), low=low)


def _quantizer(case: _Case, x: Value) -> Op:
    given = tuple(case.format() for _ in range(case.whole(1, 3)))
    which = tuple(case.whole(-1, len(given) - 1) for _ in range(x.size))
    return Quantizer(result=case.format(), formats=given, which=which)


def _embedding(case: _Case, x: Value) -> Op:
    return Embedding(result=case.format(), table=case.constant(case.whole(1, 5), case.whole(1, 3)))


def _merge(case: _Case, a: Value, b: Value) -> Op:
    return Merge(result=case.format(), name=case.one_of(*MERGES), cyclic=case.yes())


def _dot(case: _Case, a: Value, b: Value) -> Op:
    return Dot(result=case.format(), accum=case.format(max_width=2 * case.width))


_EQUATIONS = {1: ("a,a->", "a,a->a"), 2: ("ab,cb->ac", "ab,cb->ca"), 3: ("abc,adc->bad",)}
_WEIGHTED = {1: ("a,ab->b",), 2: ("ab,bc->ca", "ab,abc->ac"), 3: ("abc,cbd->ad", "abc,cd->abd")}


def _einsum(case: _Case, a: Value, b: Value) -> Op:
    equation = case.one_of(*_EQUATIONS[len(a.shape)])
    return Einsum(result=case.format(), equation=equation, accum=case.format())


def _einsum_dense(case: _Case, x: Value) -> Op:
    equation = case.one_of(*_WEIGHTED[len(x.shape)])
    term, result = equation.split(",")[1].split("->")
    left = equation.split(",")[0]
    length = dict(zip(left, x.shape, strict=True))
    for letter in term:
        length.setdefault(letter, case.whole(1, 3))
    return EinsumDense(
        result=case.format(),
        equation=equation,
        weight=case.constant(*(length[letter] for letter in term)),
        bias=case.constant(*(length[letter] for letter in result)),
        accum=case.format(max_width=2 * case.width),
    )


def _garnet(case: _Case, x: Value, n: Value) -> Op:
    (vertices, features), aggregators, filters = x.shape, case.whole(1, 2), case.whole(1, 2)
    distance = case.format(max_width=5)
    return GarNet(
        result=case.format(),
        distance_weight=case.constant(aggregators, features),
        distance_bias=case.constant(aggregators),
        weight=case.constant(filters, aggregators, features),
        bias=case.constant(filters, aggregators),
        output_bias=case.constant(filters),
        distance=distance,
        table=case.table(1 << distance.width),
        edge_sum=case.format(),
        aggr=case.format(),
        norm=case.format(),
        blocks=case.divisor(vertices),
        collapse=case.yes(),
        by_count=case.yes(),
        fraction=case.whole(0, 3),
    )


def _symbolic(case: _Case, x: Value) -> Op:
    def tree(depth: int) -> str:
        kind = case.whole(0, 4) if depth else 0
        if kind == 0:
            return f"x{case.whole(0, x.size - 1)}" if case.yes() else f"c{case.whole(0, 1)}"
        if kind < 3:
            return f"({tree(depth - 1)} {case.one_of(*'+-*/')} {tree(depth - 1)})"
        return f"-{tree(depth - 1)}" if kind == 3 else f"f({tree(depth - 1)})"

    argument = case.format()
    samples = case.draw(constants((5,), format=argument))
    return Symbolic(
        result=case.format(),
        expressions=tuple(tree(3) for _ in range(case.whole(1, 3))),
        coefficients=case.constant(2),
        look_ups=("f",),
        functions=("exp",),
        samples=(Table(samples.raw, argument, "drawn"),),
        starts=case.draw(constants((1,), format=argument)),
        scales=case.draw(constants((1,), format="fixed<20,16>")),
    )


def _concatenate(case: _Case, a: Value, b: Value) -> Op:
    return Concatenate(result=case.format(), axis=case.whole(0, len(a.shape) - 1))


def _pooling(case: _Case, x: Value) -> Op:
    spatial = x.shape[:-1]
    flat = case.yes()
    window = spatial if flat else tuple(case.whole(1, min(n, 3)) for n in spatial)
    most = 0 if flat else min(*window, 2) - 1
    return Pooling(
        result=case.format(),
        name=case.one_of(*POOLINGS),
        window=window,
        strides=tuple(case.whole(1, 2) for _ in spatial),
        padding=case.pairs(len(spatial), most),
        accum=case.format(max_width=2 * case.width),
        count_pad=case.yes(),
        top_bit=case.yes(),
        flat=flat,
    )


def _zero_padding(case: _Case, x: Value) -> Op:
    return ZeroPadding(result=case.format(), padding=case.pairs(len(x.shape), 1))


def _cropping(case: _Case, x: Value) -> Op:
    cropping = tuple((case.whole(0, n - 1), 0) for n in x.shape)
    return Cropping(result=case.format(), cropping=cropping)


def _slice(case: _Case, x: Value) -> Op:
    def along(n: int) -> tuple[int, int, int]:
        start, step = case.whole(0, n - 1), case.one_of(1, 2, -1)
        most = start if step < 0 else (n - 1 - start) // step
        return (start, case.whole(1, most + 1), step)

    slices = tuple(map(along, x.shape))
    counts = tuple(count for _, count, _ in slices)
    target = case.one_of(counts, tuple(n for n in counts if n > 1) or (1,))
    return Slice(result=case.format(), slices=slices, target=target)


def _bilinear(case: _Case, x: Value) -> Op:
    def shares() -> Constant:
        frac = case.whole(0, 6)
        raw = np.array([case.whole(0, 1 << frac) for _ in range(case.whole(1, 3))], dtype=np.int64)
        return Constant(raw, Format(frac + 1, 1, signed=False), np.ldexp(raw * 1.0, -frac))

    return Bilinear(result=case.format(), rows=shares(), columns=shares())


def _resize(case: _Case, x: Value) -> Op:
    return Resize(result=case.format(), factors=tuple(case.whole(1, 2) for _ in x.shape))


def _transpose(case: _Case, x: Value) -> Op:
    import hypothesis.strategies as st

    perm = tuple(case.draw(st.permutations(range(len(x.shape)))))
    return Transpose(result=case.format(), perm=perm)


def _reshape(case: _Case, x: Value) -> Op:
    first = case.divisor(x.size)
    target = case.one_of((x.size,), (first, x.size // first))
    return Reshape(result=x.format, target=target)


def _recurrent(case: _Case, x: Value) -> Op:
    cell, units, n_in = case.one_of(*CELLS), case.whole(1, 3), x.shape[1]
    columns = CELLS[cell].gates * units
    second = CELLS[cell].recurrent_activation
    return Recurrent(
        result=case.format(),
        cell=cell,
        weight=case.constant(n_in, columns),
        recurrent_weight=case.constant(units, columns),
        bias=case.constant(columns),
        recurrent_bias=case.constant(columns),
        accum=case.format(),
        activation="tanh",
        table=case.table(16),
        recurrent_table=case.table(16) if second else None,
        interleave=case.divisor(n_in),
        recurrent_interleave=case.divisor(units),
        return_sequences=case.yes(),
        go_backwards=case.yes(),
    )


def _time_distributed(case: _Case, x: Value) -> Op:
    step = Value(x.name, x.shape[1:], x.format)
    kinds = (Dense, Activation, BatchNormalization, Transpose)
    op = case.draw(layers(step, max_width=case.width, kinds=kinds))
    return TimeDistributed(result=op.result, op=op)


def _spiking_neuron(case: _Case, x: Value) -> Op:
    n = x.shape[1]
    return SpikingNeuron(
        result=case.format(),
        membrane=case.format(),
        threshold=case.constant(case.one_of(1, n)),
        beta=case.constant(case.one_of(1, n)) if case.yes() else None,
        reset=case.one_of(*RESETS),
    )


def _spiking_readout(case: _Case, x: Value) -> Op:
    rules = ["argmax_spike_count", "first_to_threshold", "argmax_membrane"]
    rule = case.one_of(*rules, *["binary_logit"] * (x.shape[1] == 2))
    owns = rule == "argmax_membrane" or (rule == "binary_logit" and case.yes())
    return SpikingReadout(
        result=case.format(),
        rule=rule,
        class_threshold=case.whole(1, 3),
        membrane=case.format() if owns else None,
        beta=case.constant(1) if owns and case.yes() else None,
    )


def _only_result(kind: type[Op]) -> Callable[..., Op]:
    return lambda case, x: kind(result=case.format())


_LAYERS: dict[type[Op], _Row] = {
    Dense: _Row(_one(1, most=16), _dense),
    Convolution: _Row(_one(2, 3, most=32), _convolution),
    BatchNormalization: _Row(_one(*_ANY), _batch_normalization),
    LayerNormalization: _Row(_one(2), _layer_normalization),
    Activation: _Row(_one(*_ANY), _activation),
    Softmax: _Row(lambda *x: _one(*_ANY)(*x) and x[0].format.width > 1, _softmax),
    Thresholds: _Row(_one(*_ANY), _thresholds),
    Sign: _Row(_one(*_ANY), _only_result(Sign)),
    UnaryLUT: _Row(
        lambda *x: _one(*_ANY)(*x) and x[0].format.width <= 6,
        lambda case, x: UnaryLUT(result=case.format(), table=case.constant(1 << x.format.width)),
    ),
    Quantizer: _Row(_one(*_ANY), _quantizer),
    Embedding: _Row(_one(1, most=16), _embedding),
    Merge: _Row(_two(*_ANY), _merge),
    Dot: _Row(_two(1), _dot),
    Einsum: _Row(_two(*_ANY), _einsum),
    EinsumDense: _Row(_one(*_ANY, most=32), _einsum_dense),
    GarNet: _Row(_two(2), _garnet),
    Symbolic: _Row(_one(1), _symbolic),
    Concatenate: _Row(_two(*_ANY), _concatenate),
    Pooling: _Row(_one(2, 3), _pooling),
    ZeroPadding: _Row(_one(*_ANY, most=16), _zero_padding),
    Cropping: _Row(_one(*_ANY), _cropping),
    Slice: _Row(_one(*_ANY), _slice),
    Resize: _Row(_one(*_ANY, most=16), _resize),
    Bilinear: _Row(_one(3, most=32), _bilinear),
    Transpose: _Row(_one(*_ANY), _transpose),
    Reshape: _Row(_one(*_ANY), _reshape),
    Recurrent: _Row(_one(2, most=16), _recurrent),
    SpikingNeuron: _Row(_one(2), _spiking_neuron),
    SpikingReadout: _Row(_one(2), _spiking_readout),
    TimeDistributed: _Row(_one(2, 3, most=32), _time_distributed),
}
