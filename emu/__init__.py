"""emu: what a network computes in fixed point, bit for bit.

``graph = emu.load("config.yml")`` reads a trained model and its hls4ml configuration;
``graph.predict(x)`` gives the bits of the hardware, ``graph.trace(x)`` those of every layer.
``emu.symbolic(expr)`` reads symbolic expressions; ``Graph`` and ``Node`` take operators by hand.
"""

import fxp as _fxp

if getattr(_fxp, "__bitwright__", False) is not True:
    raise ImportError(
        f"fxp must be Bitwright's, not the one in {getattr(_fxp, '__file__', _fxp)}:"
        " another package of that name is in the way; pip uninstall fxp, then reinstall bitwright"
    )

from .extension import Extension
from .frontends.symbolic import symbolic
from .graph import Graph, Node
from .loading import load
from .starting import config

__all__ = ["Extension", "Graph", "Node", "config", "load", "symbolic"]
