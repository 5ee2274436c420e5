"""generator: a typed graph and a schedule to HLS C++ that gives the graph's bits."""

from .project import Project, ProjectError, generate
from .schedule import LayerSchedule, Schedule

__all__ = ["LayerSchedule", "Project", "ProjectError", "Schedule", "generate"]
