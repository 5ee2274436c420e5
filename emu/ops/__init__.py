"""The operators; a new one adds its line to OPERATORS."""

from .activation import FUNCTIONS, Activation
from .batch_normalization import BatchNormalization
from .bilinear import Bilinear
from .concatenate import Concatenate
from .convolution import Convolution
from .cropping import Cropping
from .dense import Dense
from .dot import Dot
from .einsum import Einsum
from .einsum_dense import EinsumDense
from .embedding import Embedding
from .garnet import GarNet
from .input import Input
from .layer_normalization import LayerNormalization
from .merge import MERGES, Merge
from .pooling import POOLINGS, Pooling
from .quantizer import Quantizer
from .recurrent import CELLS, Recurrent
from .reshape import Reshape
from .resize import Resize
from .slice import Slice
from .softmax import IMPLEMENTATIONS, Softmax
from .spiking import RESETS, RULES, SpikingNeuron, SpikingReadout
from .symbolic import Symbolic
from .thresholds import Sign, Thresholds
from .time_distributed import TimeDistributed
from .transpose import Transpose
from .unary_lut import UnaryLUT
from .zero_padding import ZeroPadding

__all__ = [
    "CELLS",
    "FUNCTIONS",
    "IMPLEMENTATIONS",
    "MERGES",
    "OPERATORS",
    "POOLINGS",
    "RESETS",
    "RULES",
    "Activation",
    "BatchNormalization",
    "Bilinear",
    "Concatenate",
    "Convolution",
    "Cropping",
    "Dense",
    "Dot",
    "Einsum",
    "EinsumDense",
    "Embedding",
    "GarNet",
    "Input",
    "LayerNormalization",
    "Merge",
    "Pooling",
    "Quantizer",
    "Recurrent",
    "Reshape",
    "Resize",
    "Sign",
    "Slice",
    "Softmax",
    "SpikingNeuron",
    "SpikingReadout",
    "Symbolic",
    "Thresholds",
    "TimeDistributed",
    "Transpose",
    "UnaryLUT",
    "ZeroPadding",
]

OPERATORS = (
    *(Input, Dense, Convolution, BatchNormalization, LayerNormalization),
    *(Activation, Softmax, Thresholds, Sign, UnaryLUT, Quantizer, Embedding),
    *(Merge, Dot, Concatenate, Einsum, EinsumDense, GarNet, Symbolic),
    *(Pooling,),
    *(ZeroPadding, Cropping, Slice, Resize, Bilinear, Transpose, Reshape),
    *(Recurrent, TimeDistributed, SpikingNeuron, SpikingReadout),
)
"""Every operator, in the order of docs/operators."""
