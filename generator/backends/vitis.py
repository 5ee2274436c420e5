"""AMD Vitis HLS (UG1399): ``vitis-run --mode hls --tcl build.tcl``, ``vitis_hls -f build.tcl``."""

from .backend import Backend

__all__ = ["BACKEND"]

BACKEND = Backend("Vitis", "27%", {"build.tcl": "vitis/build.tcl.j2"})
