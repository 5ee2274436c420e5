"""Reuse factors made legal, and the order of accumulation that follows from them."""

from __future__ import annotations

import math
from typing import Any

from ..draft import Draft, Layer
from ..frontends.config import strategy_of

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
        if layer.kind == "Dense":
            reuse, strategy = _dense(draft, layer, reuse)
            n_in = layer.weights["weight"].shape[0]
            interleaved = strategy != "latency" and reuse < n_in
            layer.attributes["interleave"] = reuse if interleaved else 1
        resolved[layer.name] = {"ReuseFactor": reuse, "Strategy": strategy}
    return resolved


def _dense(draft: Draft, layer: Layer, reuse: int) -> tuple[int, str]:
    name = layer.name
    strategy = strategy_of(draft.config.setting(name, layer.kind, "Strategy"), f"layer {name}")
    if strategy == "latency":
        return reuse, strategy
    n_in, n_out = layer.weights["weight"].shape
    legal = legal_reuse_factors(n_in, n_out)
    if strategy == "resource_unrolled":
        if reuse == 1:
            draft.note(
                f"layer {name}: resource_unrolled with ReuseFactor 1 is resource, as in hls4ml"
            )
            strategy = "resource"
        else:
            legal = legal[:-1]
    wanted: float = reuse
    cycles = draft.config.setting(name, layer.kind, "TargetCycles")
    if cycles is not None:
        if cycles < 6 * n_out:
            draft.note(
                f"layer {name}: TargetCycles {cycles} is below {6 * n_out + 1} and has no effect"
            )
        else:
            wanted = (cycles - 6 * n_out) / n_out
    found = closest(legal, wanted)
    if found != wanted:
        draft.note(
            f"layer {name}: ReuseFactor {wanted:g} is not legal for {n_in} x {n_out}: {found}"
        )
    return found, strategy


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
