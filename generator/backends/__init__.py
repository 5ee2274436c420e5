"""Vendor flows: names, defaults and build scripts; no kernels."""

from __future__ import annotations

from . import vitis, vivado
from .backend import Backend

__all__ = ["BACKENDS", "Backend"]

BACKENDS: dict[str, Backend] = {"vitis": vitis.BACKEND, "vivado": vivado.BACKEND}
"""Back ends by lower-case name."""
