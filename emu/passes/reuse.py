"""Reuse factors made legal, and the order of accumulation that follows from them."""

from __future__ import annotations

import math
from typing import Any

from ..draft import Draft, Layer
from ..frontends.config import strategy_of
from ..kinds import CONVOLUTIONS, DEPTHWISE, SUMS, TRANSPOSED, is_pointwise, products
from .binary import drop_bits
from .depthwise import resolve_depthwise
from .distributed import resolve_distributed, without_distributed
from .legal import closest, is_legal, legal_reuse_factors
from .recurrent import RECURRENT, resolve_recurrent

__all__ = ["closest", "is_legal", "legal_reuse_factors", "resolve_schedule"]


def resolve_schedule(draft: Draft) -> dict[str, dict[str, Any]]:
    """``{layer: {ReuseFactor, Strategy}}`` as hls4ml runs it; sets each product's order."""
    resolved: dict[str, dict[str, Any]] = {}
    for layer in draft:
        if layer.kind == "Input":
            continue
        reuse = draft.config.setting(layer.name, layer.kind, "ReuseFactor")
        strategy = "latency"
        if layer.kind in RECURRENT:
            resolved |= resolve_recurrent(draft, layer, reuse)
            continue
        entry = {"ReuseFactor": reuse, "Strategy": strategy}
        if layer.kind in SUMS:
            reuse, strategy = _sums(draft, layer, reuse)
            entry = {"ReuseFactor": reuse, "Strategy": strategy}
            if strategy == "resource_unrolled" and layer.attributes.get("counted"):
                drop_bits(draft, layer)
        if layer.kind == "EinsumDense" and _strategy(draft, layer) == "distributed_arithmetic":
            resolve_distributed(draft, layer, reuse)
        if layer.kind in CONVOLUTIONS:
            entry["ParallelizationFactor"] = _parallelization(draft, layer)
        resolved |= dict.fromkeys(layer.attributes.get("nodes", ()), entry)
        resolved[layer.name] = entry
    return resolved


def _strategy(draft: Draft, layer: Layer) -> str:
    given = draft.config.setting(layer.name, layer.kind, "Strategy")
    return strategy_of(given, f"layer {layer.name}")


def _sums(draft: Draft, layer: Layer, reuse: int) -> tuple[int, str]:
    """Reuse factor and strategy of sums of products; sets ``interleave``."""
    strategy = _strategy(draft, layer)
    if layer.kind in (*DEPTHWISE, *TRANSPOSED):
        strategy = without_distributed(draft, layer, strategy)
    if strategy == "distributed_arithmetic":
        layer.attributes["interleave"] = 1
        return resolve_distributed(draft, layer, reuse)
    if layer.kind in DEPTHWISE:
        return resolve_depthwise(draft, layer, reuse, strategy)
    reuse, strategy = _whole_sums(draft, layer, reuse, strategy)
    interleaved = strategy != "latency" and reuse < products(layer)
    layer.attributes["interleave"] = reuse if interleaved else 1
    return reuse, strategy


def _whole_sums(draft: Draft, layer: Layer, reuse: int, strategy: str) -> tuple[int, str]:
    name = layer.name
    if strategy == "latency":
        return reuse, strategy
    n_in, n_out = products(layer), layer.shape[-1]
    legal = legal_reuse_factors(n_in, n_out)
    if strategy == "resource_unrolled":
        parallel = layer.kind in CONVOLUTIONS and draft.config.io_type == "io_parallel"
        if reuse == 1 or parallel:
            why = "of a convolution in io_parallel" if parallel else "with ReuseFactor 1"
            draft.note(f"layer {name}: resource_unrolled {why} is resource, as in hls4ml")
            strategy = "resource"
        else:
            legal = legal[:-1]
    wanted: float = reuse
    cycles = draft.config.setting(name, layer.kind, "TargetCycles")
    if cycles is not None:
        turns = math.prod(layer.shape[:-1]) if layer.kind in CONVOLUTIONS else n_out
        if cycles < 6 * turns:
            draft.note(
                f"layer {name}: TargetCycles {cycles} is below {6 * turns + 1} and has no effect"
            )
        else:
            wanted = (cycles - 6 * turns) / turns
    found = closest(legal, wanted)
    if found != wanted:
        draft.note(
            f"layer {name}: ReuseFactor {wanted:g} is not legal for {n_in} x {n_out}: {found}"
        )
    hls4mls = layer.kind in CONVOLUTIONS and layer.kind not in TRANSPOSED
    if hls4mls and draft.config.io_type == "io_parallel":
        _require_reuse(draft, layer, found, legal)
    return found, strategy


def _require_reuse(draft: Draft, layer: Layer, found: int, legal: list[int]) -> None:
    """ValueError for the reuse factors at which hls4ml's parallel kernel stops."""
    n_in = products(layer)
    own = closest([factor for factor in legal if factor <= n_in], found)
    given = draft.config.layer_name.get(layer.name, {}).get("ReuseFactor")
    illegal = is_pointwise(layer) and given not in (None, found)
    if draft.config.corrected:
        if found > n_in or illegal:
            draft.meets("convolution_reuse", layer.name)
        return
    if found > n_in:
        raise ValueError(
            f"layer {layer.name}: ReuseFactor of a convolution must be at most {n_in}, its inputs,"
            f" not {found}: hls4ml's C simulation stops there, or reads the windows of other"
            f" positions; {own} is legal"
        )
    if illegal:
        raise ValueError(
            f"layer {layer.name}: ReuseFactor of a pointwise convolution must be legal, not"
            f" {given}: hls4ml takes it as it is; {found} is legal"
        )


def _parallelization(draft: Draft, layer: Layer) -> int:
    """``ParallelizationFactor``: positions computed at once, the nearest divisor of all of them."""
    wanted, places = layer.attributes["parallelization_factor"], math.prod(layer.shape[:-1])
    found = closest([n for n in range(1, places + 1) if places % n == 0], wanted)
    if found != wanted:
        draft.note(
            f"layer {layer.name}: ParallelizationFactor {wanted} does not divide {places}"
            f" positions: {found}"
        )
    return found
