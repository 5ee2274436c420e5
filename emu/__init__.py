"""emu: what a network computes in fixed point, bit for bit."""

from .graph import Graph, Node

__all__ = ["Graph", "Node"]
