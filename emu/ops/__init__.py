"""The operators; a new one adds its line to OPERATORS."""

from .activation import FUNCTIONS, Activation
from .batch_normalization import BatchNormalization
from .concatenate import Concatenate
from .convolution import Convolution
from .cropping import Cropping
from .dense import Dense
from .dot import Dot
from .input import Input
from .merge import MERGES, Merge
from .pooling import POOLINGS, Pooling
from .recurrent import CELLS, Recurrent
from .reshape import Reshape
from .resize import Resize
from .softmax import IMPLEMENTATIONS, Softmax
from .transpose import Transpose
from .zero_padding import ZeroPadding

__all__ = [
    "CELLS",
    "FUNCTIONS",
    "IMPLEMENTATIONS",
    "MERGES",
    "OPERATORS",
    "POOLINGS",
    "Activation",
    "BatchNormalization",
    "Concatenate",
    "Convolution",
    "Cropping",
    "Dense",
    "Dot",
    "Input",
    "Merge",
    "Pooling",
    "Recurrent",
    "Reshape",
    "Resize",
    "Softmax",
    "Transpose",
    "ZeroPadding",
]

OPERATORS = (
    *(Input, Dense, Convolution, BatchNormalization, Activation, Softmax),
    *(Merge, Dot, Concatenate),
    *(Pooling,),
    *(ZeroPadding, Cropping, Resize, Transpose, Reshape),
    *(Recurrent,),
)
"""Every operator, in the order of docs/operators."""
