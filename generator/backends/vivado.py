"""AMD Vivado HLS (UG902): ``vivado_hls -f build.tcl``."""

from .backend import Backend

__all__ = ["BACKEND"]

BACKEND = Backend("Vivado", "12.5%", {"build.tcl": "vivado/build.tcl.j2"})
