"""The operators; a new one adds its line to OPERATORS."""

from .activation import FUNCTIONS, Activation
from .batch_normalization import BatchNormalization
from .concatenate import Concatenate
from .dense import Dense
from .dot import Dot
from .input import Input
from .merge import MERGES, Merge
from .pooling import POOLINGS, Pooling
from .recurrent import CELLS, Recurrent
from .reshape import Reshape
from .softmax import IMPLEMENTATIONS, Softmax

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
    "Dense",
    "Dot",
    "Input",
    "Merge",
    "Pooling",
    "Recurrent",
    "Reshape",
    "Softmax",
]

OPERATORS = (
    *(Input, Dense, BatchNormalization, Activation, Softmax),
    *(Merge, Dot, Concatenate),
    *(Pooling,),
    *(Reshape,),
    *(Recurrent,),
)
"""Every operator, in the order of docs/operators."""
