"""The operators; a new one adds its line to OPERATORS."""

from .activation import FUNCTIONS, Activation
from .batch_normalization import BatchNormalization
from .concatenate import Concatenate
from .dense import Dense
from .dot import Dot
from .input import Input
from .merge import MERGES, Merge
from .recurrent import CELLS, Recurrent
from .reshape import Reshape
from .softmax import IMPLEMENTATIONS, Softmax

__all__ = [
    "CELLS",
    "FUNCTIONS",
    "IMPLEMENTATIONS",
    "MERGES",
    "OPERATORS",
    "Activation",
    "BatchNormalization",
    "Concatenate",
    "Dense",
    "Dot",
    "Input",
    "Merge",
    "Recurrent",
    "Reshape",
    "Softmax",
]

OPERATORS = (
    *(Input, Dense, BatchNormalization, Activation, Softmax),
    *(Merge, Dot, Concatenate),
    *(Reshape,),
    *(Recurrent,),
)
"""Every operator, in the order of docs/operators."""
