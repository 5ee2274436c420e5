"""One kernel call: the C++ function, its configuration struct, its constant arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from emu.op import Constant, Field, Op, Table, Value
from emu.ops import Convolution, Dense, Recurrent, TimeDistributed

from . import cxx
from .errors import ProjectError
from .schedule import Schedule, multiplier_limit

__all__ = ["Array", "Call", "kernel_call"]


@dataclass(frozen=True)
class Array:
    """A constant array in ``weights/<name>.h``."""

    name: str
    type: str
    size: int
    body: str


@dataclass(frozen=True)
class Call:
    """A kernel of ``hls_lib`` as a layer uses it."""

    layer: str
    header: str
    function: str
    config: str
    struct: str
    arrays: tuple[Array, ...]
    wrapped: str = ""
    """The header of the kernel that this one calls for every time step."""


def kernel_call(
    name: str,
    stem: str,
    op: Op,
    inputs: Sequence[Value],
    schedule: Schedule,
    *,
    whole: Mapping[str, Field] | None = None,
) -> Call:
    """The call of layer ``name`` on tensors like ``inputs``; raises ProjectError for its types.

    whole: the fields whose constants are written, where ``op`` has only a part of them.
    """
    if isinstance(op, TimeDistributed):
        return _each_step(name, stem, op, inputs[0], schedule)
    entry = schedule.of(name)
    fields = dict(op.configuration(*inputs))
    function = op.function
    constants = {
        key: item for key, item in (whole or fields).items() if isinstance(item, (Constant, Table))
    }
    raws = {key: item.raw for key, item in constants.items()}
    work = max(1, op.multiplications(*(value.shape for value in inputs)))
    fields["reuse_factor"] = entry.reuse_factor
    fields["multiplier_limit"] = multiplier_limit(work, entry.reuse_factor)
    if isinstance(op, Dense):
        fields["steps"] = schedule.steps(name, op)
        fields["block_factor"] = multiplier_limit(work, entry.reuse_factor)
        raws["weight"] = op.weight.raw.T
        function = "dense_resource" if entry.strategy == "resource" else "dense_pipelined"
    if isinstance(op, Convolution):
        position = op.position()
        filters = op.weight.shape[-1]
        work = op.weight.raw.size
        fields["steps"] = schedule.steps(name, position)
        fields["block_factor"] = multiplier_limit(work, entry.reuse_factor)
        # A stream's kernel sees one window, that is one position, at a time.
        places = math.prod(op.places(inputs[0].shape[:-1]))
        parallel = math.gcd(places, entry.parallelization_factor)
        fields["parallel"] = parallel
        fields["multiplier_limit"] = multiplier_limit(work * parallel, entry.reuse_factor)
        raws["weight"] = op.weight.raw.reshape(-1, filters).T
        kind = "resource" if entry.strategy == "resource" else "pipelined"
        function = f"convolution_{kind}"
    if isinstance(op, Recurrent):
        fields["steps"] = schedule.steps(name, op)
        fields["recurrent_steps"] = schedule.state_steps(name, op)
        fields["recurrent_reuse_factor"] = entry.of_state
        fields["resource"] = int(entry.strategy == "resource")
        raws["weight"] = op.weight.raw.T
        raws["recurrent_weight"] = op.recurrent_weight.raw.T
    arrays = tuple(
        Array(
            f"{stem}_{key}",
            cxx.storage(constants[key].format),
            raw.size,
            cxx.literals(np.ascontiguousarray(raw).reshape(-1).tolist()),
        )
        for key, raw in raws.items()
    )
    try:
        struct = cxx.structure(f"{stem}_config", fields)
    except ValueError as error:
        raise ProjectError(f"layer {name}: {error}") from None
    return Call(name, op.header, function, f"{stem}_config", struct, arrays)


def _each_step(name: str, stem: str, op: TimeDistributed, x: Value, schedule: Schedule) -> Call:
    """The call of the wrapped operator, in a loop over the time steps."""
    one = kernel_call(name, stem, op.op, [op.one(x)], schedule)
    sizes = (x.shape[0], op.one(x).size, math.prod(op.op.shape(x.shape[1:])))
    config = f"{stem}_steps_config"
    return replace(
        one,
        header=op.header,
        function=op.function,
        config=config,
        struct=f"{one.struct}\n\n{cxx.each_step(config, sizes, one.function, one.config)}",
        wrapped=one.header,
    )
