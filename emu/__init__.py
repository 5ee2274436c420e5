"""emu: what a network computes in fixed point, bit for bit.

``graph = emu.load("config.yml")`` reads a trained model and its hls4ml configuration;
``graph.predict(x)`` gives the bits of the hardware, ``graph.trace(x)`` those of every layer.
``emu.symbolic(expr)`` reads symbolic expressions; ``Graph`` and ``Node`` take operators by hand.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

import fxp as _fxp

if getattr(_fxp, "__bitwright__", False) is not True:
    raise ImportError(
        f"fxp must be Bitwright's, not the one in {getattr(_fxp, '__file__', _fxp)}:"
        " another package of that name is in the way; pip uninstall fxp, then reinstall bitwright"
    )

from .extension import Extension
from .graph import Graph, Node
from .loading import load
from .starting import config

if _TYPE_CHECKING:
    from .frontends.symbolic import symbolic

__all__ = ["Extension", "Graph", "Node", "config", "load", "symbolic"]


def __getattr__(name: str) -> _Any:
    # A front end is imported when it is used; that of model files by ``load``.
    if name == "symbolic":
        from .frontends.symbolic import symbolic

        return symbolic
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
