"""emu: what a network computes in fixed point, bit for bit."""

from .graph import Graph, Node
from .loading import load

__all__ = ["Graph", "Node", "load"]
