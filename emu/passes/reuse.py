"""Reuse factors made legal, and the order of accumulation that follows from them."""

from __future__ import annotations

import math
from typing import Any

from ..draft import Draft, Layer
from ..frontends.config import strategy_of
from ..kinds import CONVOLUTIONS, DEPTHWISE, SUMS, is_pointwise, products

__all__ = ["closest", "is_legal", "legal_reuse_factors", "resolve_schedule"]


def is_legal(n_in: int, n_out: int, reuse: int) -> bool:
    """Whether hls4ml's resource kernels take this reuse factor (``_validate_reuse_factor``)."""
    multipliers = math.ceil(n_in * n_out / min(n_in, reuse))
    return (
        (multipliers % n_out == 0 or reuse >= n_in)
        and (reuse % n_in == 0 or reuse < n_in)
        and n_in * n_out % reuse == 0
    )


def legal_reuse_factors(n_in: int, n_out: int) -> list[int]:
    """Every legal reuse factor, ascending."""
    total = n_in * n_out
    divisors = {
        d for k in range(1, math.isqrt(total) + 1) if total % k == 0 for d in (k, total // k)
    }
    return [reuse for reuse in sorted(divisors) if is_legal(n_in, n_out, reuse)]


def closest(legal: list[int], wanted: float) -> int:
    """The nearest of ``legal``; of two as near, the smaller.

    >>> closest([1, 2, 5, 10], 4), closest([2, 4], 3)
    (5, 2)
    """
    return min(legal, key=lambda reuse: (abs(reuse - wanted), reuse))


def resolve_schedule(draft: Draft) -> dict[str, dict[str, Any]]:
    """``{layer: {ReuseFactor, Strategy}}`` as hls4ml runs it; sets each product's order."""
    resolved: dict[str, dict[str, Any]] = {}
    for layer in draft:
        if layer.kind == "Input":
            continue
        reuse = draft.config.setting(layer.name, layer.kind, "ReuseFactor")
        strategy = "latency"
        if "cell" in layer.attributes:
            resolved[layer.name] = _recurrent(draft, layer, reuse)
            continue
        entry = {"ReuseFactor": reuse, "Strategy": strategy}
        if layer.kind in SUMS:
            reuse, strategy = _sums(draft, layer, reuse)
            interleaved = strategy != "latency" and reuse < products(layer)
            layer.attributes["interleave"] = reuse if interleaved else 1
            entry = {"ReuseFactor": reuse, "Strategy": strategy}
        if layer.kind in CONVOLUTIONS:
            entry["ParallelizationFactor"] = _parallelization(draft, layer)
        resolved[layer.name] = entry
    return resolved


def _sums(draft: Draft, layer: Layer, reuse: int) -> tuple[int, str]:
    name = layer.name
    strategy = strategy_of(draft.config.setting(name, layer.kind, "Strategy"), f"layer {name}")
    if layer.kind in DEPTHWISE:
        return reuse, _depthwise(draft, layer, strategy)
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
    if layer.kind in CONVOLUTIONS and draft.config.io_type == "io_parallel":
        _require_reuse(draft, layer, found, legal)
    return found, strategy


def _depthwise(draft: Draft, layer: Layer, strategy: str) -> str:
    if strategy == "resource":
        raise ValueError(
            f"layer {layer.name}: Strategy of a depthwise convolution must be latency, not"
            " resource: hls4ml's C simulation stops there"
        )
    if strategy == "resource_unrolled":
        draft.note(
            f"layer {layer.name}: resource_unrolled of a depthwise convolution is latency, as in"
            " hls4ml"
        )
    return "latency"


def _require_reuse(draft: Draft, layer: Layer, found: int, legal: list[int]) -> None:
    """ValueError for the reuse factors at which hls4ml's parallel kernel stops."""
    n_in = products(layer)
    own = closest([factor for factor in legal if factor <= n_in], found)
    if found > n_in:
        raise ValueError(
            f"layer {layer.name}: ReuseFactor of a convolution must be at most {n_in}, its inputs,"
            f" not {found}: hls4ml's C simulation stops there; {own} is legal"
        )
    given = draft.config.layer_name.get(layer.name, {}).get("ReuseFactor")
    if is_pointwise(layer) and given not in (None, found):
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


def _recurrent(draft: Draft, layer: Layer, reuse: int) -> dict[str, Any]:
    """Both products' reuse factors: hls4ml takes the nearest legal one for each."""
    name, units = layer.name, layer.weights["recurrent_weight"].shape[0]
    strategy = strategy_of(draft.config.setting(name, layer.kind, "Strategy"), f"layer {name}")
    if strategy == "resource_unrolled" and reuse == 1:
        draft.note(f"layer {name}: resource_unrolled with ReuseFactor 1 is resource, as in hls4ml")
        strategy = "resource"
    factors = {}
    for key, variable in (("ReuseFactor", "weight"), ("RecurrentReuseFactor", "recurrent_weight")):
        n_in, n_out = layer.weights[variable].shape
        found = reuse
        if strategy != "latency":
            legal = legal_reuse_factors(n_in, n_out)
            if layer.attributes["cell"] == "gru_reset_before" and variable == "recurrent_weight":
                parts = [set(legal_reuse_factors(units, k * units)) for k in (1, 2)]
                legal = [factor for factor in legal if all(factor in part for part in parts)]
            found = closest(legal[:-1] if strategy == "resource_unrolled" else legal, reuse)
            if found != reuse:
                draft.note(
                    f"layer {name}: ReuseFactor {reuse} is not legal for the {n_in} x {n_out} of"
                    f" its {variable}: {found}"
                )
        factors[key] = found
        prefix = variable.removesuffix("weight")
        interleaved = strategy != "latency" and found < n_in
        layer.attributes[f"{prefix}interleave"] = found if interleaved else 1
    first, second = factors.values()
    if strategy == "resource" and (first <= units) != (second <= units):
        draft.note(
            f"layer {name}: hls4ml picks the kernel of the state's product by the input's reuse"
            f" factor {first}, and its own is {second}: its C simulation stops; set a ReuseFactor"
            f" that is legal for both, or the latency strategy"
        )
    return {**factors, "Strategy": strategy}
