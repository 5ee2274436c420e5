"""The passes that hls4ml runs on these layers, in its order, each flow to a fixed point.

A pass is ``(draft, layer) -> bool``; True starts its flow anew, as in hls4ml's optimizer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ..draft import Draft, Layer
from ..precision.infer import infer
from .batch_normalization import (
    fuse_consecutive,
    fuse_into_dense,
    remove_nop,
)
from .binary import bits_in_max_pooling, quantize_dense_output
from .convolution import pad_streams
from .linear import eliminate_linear, merge_linear
from .reshape import remove_final_reshape, reshape_in_place
from .softmax import fix_table_size, skip_softmax
from .thresholds import merge_quantized_tanh, signs_of_bits
from .transpose import remove_before_flatten, remove_nop_transpose, remove_single_channel

__all__ = ["FLOWS", "Bits", "Pass", "run_passes"]


class Bits(Enum):
    """Whether a pass can change what the network computes."""

    KEEPS_BITS = "keeps"
    CHANGES_BITS = "changes"


@dataclass(frozen=True)
class Pass:
    """A named rewrite of one layer."""

    name: str
    rewrite: Callable[[Draft, Layer], bool]
    bits: Bits


_KEEPS, _CHANGES = Bits.KEEPS_BITS, Bits.CHANGES_BITS

FLOWS: tuple[tuple[Pass, ...], ...] = (
    (  # convert
        Pass("remove_transpose_before_flatten", remove_before_flatten, _CHANGES),
        Pass("remove_nop_transpose", remove_nop_transpose, _KEEPS),
        Pass("remove_single_channel_transpose", remove_single_channel, _CHANGES),
        Pass("fuse_consecutive_batch_normalization", fuse_consecutive, _CHANGES),
        Pass("fuse_batch_normalization", fuse_into_dense, _CHANGES),
        Pass("eliminate_linear_activation", eliminate_linear, _KEEPS),
        Pass("merge_linear_activation", merge_linear, _CHANGES),
        Pass("infer_precision_types", infer, _CHANGES),
    ),
    (Pass("remove_nop_batch_normalization", remove_nop, _CHANGES),),  # optimize
    (Pass("insert_zero_padding_before_conv", pad_streams, _KEEPS),),  # Vitis and Vivado: streaming
    (  # Vitis and Vivado: quantization
        Pass("merge_batch_norm_quantized_tanh", merge_quantized_tanh, _CHANGES),
        Pass("quantize_dense_output", quantize_dense_output, _CHANGES),
        Pass("fuse_consecutive_batch_normalization", fuse_consecutive, _CHANGES),
        Pass("xnor_pooling", bits_in_max_pooling, _CHANGES),
    ),
    (Pass("signs_of_bits", signs_of_bits, _KEEPS),),
    (  # Vitis and Vivado: optimize
        Pass("remove_final_reshape", remove_final_reshape, _KEEPS),
        Pass("inplace_reshape", reshape_in_place, _CHANGES),
        Pass("skip_softmax", skip_softmax, _CHANGES),
        Pass("fix_softmax_table_size", fix_table_size, _CHANGES),
        Pass("infer_precision_types", infer, _CHANGES),
    ),
)
"""hls4ml 1.3.0's flows, as far as they touch the layers there are."""


def run_passes(draft: Draft) -> None:
    """Run every flow until none of its passes changes anything."""
    for flow in FLOWS:
        while any(step.rewrite(draft, layer) for step in flow for layer in draft):
            pass
