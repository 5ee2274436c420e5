"""What a back end says of itself."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Backend"]


@dataclass(frozen=True)
class Backend:
    """A vendor flow. scripts: file in the project -> template below ``templates/``."""

    name: str
    clock_uncertainty: str
    scripts: dict[str, str]
