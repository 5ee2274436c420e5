"""validation: evidence that the generated C++ gives the emulator's bits.

``report = validation.signoff(graph, project, x)`` compares every layer on every vector;
``report.ok``, ``report.write(folder)``.
"""

from .building import Run, cosim
from .comparison import Comparison, Divergence, compare
from .errors import CheckFailedError, CouldNotRunError
from .evidence import signoff
from .report import Level, Report
from .vectors import Vectors, stimuli

__all__ = [
    "CheckFailedError",
    "Comparison",
    "CouldNotRunError",
    "Divergence",
    "Level",
    "Report",
    "Run",
    "Vectors",
    "compare",
    "cosim",
    "signoff",
    "stimuli",
]
