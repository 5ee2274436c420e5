"""Reuse factors of the two products of a recurrent layer, as hls4ml chooses them."""

from __future__ import annotations

from typing import Any

from ..draft import Draft, Layer
from ..frontends.config import strategy_of
from .distributed import without_distributed
from .legal import closest, is_legal, legal_reuse_factors

__all__ = ["RECURRENT", "resolve_recurrent"]

RECURRENT = ("SimpleRNN", "LSTM", "GRU", "Bidirectional")
"""hls4ml's internal classes."""


def resolve_recurrent(draft: Draft, layer: Layer, reuse: int) -> dict[str, dict[str, Any]]:
    """``{node: {ReuseFactor, RecurrentReuseFactor, Strategy}}``; sets the order of each product."""
    name = layer.name
    strategy = strategy_of(draft.config.setting(name, layer.kind, "Strategy"), f"layer {name}")
    strategy = without_distributed(draft, layer, strategy)
    if layer.kind == "Bidirectional":
        if strategy == "resource_unrolled":
            draft.note(f"layer {name}: resource_unrolled is resource, as in hls4ml")
            strategy = "resource"
        ways = {
            f"{name}_{way}": _bidirectional(draft, layer, way, reuse, strategy)
            for way in ("forward", "backward")
        }
        return {**ways, name: {"ReuseFactor": reuse, "Strategy": "latency"}}
    if strategy == "resource_unrolled" and reuse == 1:
        draft.note(f"layer {name}: resource_unrolled with ReuseFactor 1 is resource, as in hls4ml")
        strategy = "resource"
    shapes = _shapes(layer, "")
    if strategy == "latency":
        return {name: _resolved(layer.attributes, shapes, (reuse, reuse), strategy)}
    legal = [legal_reuse_factors(*shape) for shape in shapes]
    if layer.attributes["cell"] == "gru_reset_before":
        legal[1] = [factor for factor in legal[1] if _splits(shapes[1], factor)]
    if strategy == "resource_unrolled":
        legal = [factors[:-1] for factors in legal]
    given = draft.config.attributes(name, layer.kind)
    own = "recurrent_reuse_factor" in given and draft.meets("recurrent_reuse", name)
    wanted = (reuse, int(given["recurrent_reuse_factor"]) if own else reuse)
    first, second = (closest(factors, n) for factors, n in zip(legal, wanted, strict=True))
    for factor, n, (n_in, n_out) in zip((first, second), wanted, shapes, strict=True):
        if factor != n:
            draft.note(f"layer {name}: ReuseFactor {n} is not legal for {n_in} x {n_out}: {factor}")
    if (
        strategy == "resource"
        and not draft.config.corrected
        and (first <= shapes[1][0]) != (second <= shapes[1][0])
    ):
        _note_stop(draft, layer.name, first, second)
    return {name: _resolved(layer.attributes, shapes, (first, second), strategy)}


def _bidirectional(
    draft: Draft, layer: Layer, way: str, reuse: int, strategy: str
) -> dict[str, Any]:
    """One direction, where hls4ml reckons with three gates whatever the cell.

    The input's product gets the factor as it stands, the state's the nearest legal one.
    """
    shapes, attributes = _shapes(layer, f"{way}_"), layer.attributes[way]
    if strategy == "latency":
        return _resolved(attributes, shapes, (reuse, reuse), strategy)
    if draft.config.corrected:
        draft.meets("bidirectional_reuse", layer.name)
        legal = [legal_reuse_factors(*shape) for shape in shapes]
        if attributes["cell"] == "gru_reset_before":
            legal[1] = [factor for factor in legal[1] if _splits(shapes[1], factor)]
        first, second = (closest(factors, reuse) for factors in legal)
        return _resolved(attributes, shapes, (first, second), strategy)
    if shapes[0][1] != 3 * shapes[1][0]:
        draft.meets("bidirectional_reuse", layer.name)
    (n_in, n_out), (units, columns) = shapes
    checked = closest(legal_reuse_factors(n_in, 3 * units), reuse)
    state = closest(legal_reuse_factors(units, 3 * units), reuse)
    if not (_runs(n_in, n_out, reuse, checked) and _runs(units, columns, state, reuse)):
        _note_stop(draft, f"{layer.name} ({way})", reuse, state)
    own = legal_reuse_factors(n_in, n_out), legal_reuse_factors(units, columns)
    same_order = [factor for factor in own[1] if _order(units, factor) == _order(units, state)]
    factors = closest(own[0], reuse), closest(same_order or own[1], state)
    return _resolved(attributes, shapes, factors, strategy)


def _runs(n_in: int, n_out: int, reuse: int, chosen_by: int) -> bool:
    """Whether the kernel that hls4ml picks by one factor runs with another without stopping."""
    if chosen_by <= n_in:
        return reuse <= n_in and is_legal(n_in, n_out, reuse)
    return reuse > n_in and reuse % n_in == 0


def _order(n_in: int, reuse: int) -> int:
    return reuse if reuse < n_in else 1


def _splits(shape: tuple[int, int], reuse: int) -> bool:
    """Whether a factor is legal for both parts of a product that is taken in two."""
    units, columns = shape
    return all(is_legal(units, columns * part // 3, reuse) for part in (1, 2))


def _shapes(layer: Layer, prefix: str) -> list[tuple[int, int]]:
    names = (f"{prefix}weight", f"{prefix}recurrent_weight")
    return [(*layer.weights[name].shape,) for name in names]


def _resolved(
    attributes: dict[str, Any],
    shapes: list[tuple[int, int]],
    factors: tuple[int, int],
    strategy: str,
) -> dict[str, Any]:
    orders = [
        _order(n_in, factor) if strategy != "latency" else 1
        for (n_in, _), factor in zip(shapes, factors, strict=True)
    ]
    attributes["interleave"], attributes["recurrent_interleave"] = orders
    return {
        "ReuseFactor": factors[0],
        "RecurrentReuseFactor": factors[1],
        "Strategy": strategy,
    }


def _note_stop(draft: Draft, what: str, first: int, second: int) -> None:
    draft.note(
        f"layer {what}: hls4ml's C simulation stops with these reuse factors, {first} and {second}:"
        " it picks the kernel of one by the other; set a ReuseFactor that is legal for both"
        " products, or the latency strategy"
    )
