"""The operators; a new one adds its line to OPERATORS."""

from .activation import FUNCTIONS, Activation
from .batch_normalization import BatchNormalization
from .dense import Dense
from .input import Input
from .reshape import Reshape
from .softmax import IMPLEMENTATIONS, Softmax

__all__ = [
    "FUNCTIONS",
    "IMPLEMENTATIONS",
    "OPERATORS",
    "Activation",
    "BatchNormalization",
    "Dense",
    "Input",
    "Reshape",
    "Softmax",
]

OPERATORS = (Input, Dense, BatchNormalization, Activation, Softmax, Reshape)
"""Every operator, in the order of docs/operators."""
