"""What the generator raises."""

from __future__ import annotations

__all__ = ["ProjectError"]


class ProjectError(ValueError):
    """A project cannot be written: back end, directory or name; says why and the way out."""
