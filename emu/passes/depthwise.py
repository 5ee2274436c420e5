"""Depthwise convolutions under the resource strategy: reuse factors and the order of additions."""

from __future__ import annotations

from fxp import Overflow

from ..draft import Draft, Layer
from ..kinds import products
from .legal import closest, legal_reuse_factors

__all__ = ["resolve_depthwise"]


def resolve_depthwise(draft: Draft, layer: Layer, reuse: int, strategy: str) -> tuple[int, str]:
    """``(ReuseFactor, Strategy)`` of the firmware; sets ``interleave``.

    hls4ml's resource kernel visits the products of all channels, cells of the kernel times
    channels, by ``(product mod ReuseFactor, product)``; those of channel j are
    ``cell * channels + j``. Groups share no memory word, so that the firmware is a pipeline, or
    unrolled where that order is not the ascending one.
    Raises ValueError where hls4ml stops, and where a saturating accumulator would need an order
    that differs from channel to channel.
    Source: hls4ml's nnet_depthwise_product.h.
    """
    layer.attributes["interleave"] = 1
    if strategy != "resource":
        if strategy == "resource_unrolled":
            draft.note(
                f"layer {layer.name}: resource_unrolled of a depthwise convolution is latency, as"
                " in hls4ml"
            )
        return reuse, "latency"
    if draft.config.io_type == "io_parallel":
        raise ValueError(
            f"layer {layer.name}: Strategy of a depthwise convolution must be latency, not"
            " resource: hls4ml's C simulation stops there"
        )
    cells, channels = products(layer), layer.weights["weight"].shape[-2]
    found = closest(legal_reuse_factors(cells * channels, layer.shape[-1]), reuse)
    if found != reuse:
        draft.note(
            f"layer {layer.name}: ReuseFactor {reuse} is not legal for {cells * channels} x"
            f" {layer.shape[-1]}: {found}"
        )
    interleave = _interleave(cells, channels, found)
    if interleave is None and _order_matters(layer):
        raise ValueError(
            f"layer {layer.name}: ReuseFactor must divide its {channels} channels or be a multiple"
            f" of them, not {found}: its accumulator {layer.types['accum']} can saturate, and the"
            " order of additions differs from channel to channel"
        )
    if interleave in (None, 1) or not _order_matters(layer):
        return found, "latency"
    layer.attributes["interleave"] = interleave
    draft.note(
        f"layer {layer.name}: resource of a depthwise convolution adds every {interleave} cells of"
        " its kernel, as in hls4ml; the firmware is resource_unrolled"
    )
    return interleave, "resource_unrolled"


def _interleave(cells: int, channels: int, reuse: int) -> int | None:
    """The step in which every channel visits its cells, or None where they differ.

    >>> _interleave(4, 3, 3), _interleave(4, 3, 6), _interleave(4, 3, 12), _interleave(6, 4, 6)
    (1, 2, 1, None)
    """
    orders = {
        tuple(sorted(range(cells), key=lambda k: ((k * channels + j) % reuse, k)))
        for j in range(channels)
    }
    for step in range(1, cells):
        if cells % step == 0 and orders == {tuple(sorted(range(cells), key=lambda k: k % step))}:
            return step
    return 1 if cells == 1 else None


def _order_matters(layer: Layer) -> bool:
    accum = layer.types["accum"]
    return accum is None or accum.overflow is not Overflow.WRAP or accum.sat_bits > 0
