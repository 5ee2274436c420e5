"""emu: what a network computes in fixed point, bit for bit.

>>> import emu
>>> emu.config("model.keras", granularity="model")  # doctest: +SKIP
"""

from .graph import Graph, Node
from .loading import load
from .starting import config

__all__ = ["Graph", "Node", "config", "load"]
