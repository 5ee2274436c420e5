"""What the handlers share: one layer of the file, the file, and the draft that they fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...draft import Draft, Layer
from ...extension import Extension
from ...op import Shape
from ..files import KerasFile

__all__ = ["Entry", "Handler", "Reader"]


@dataclass(frozen=True)
class Entry:
    """One layer of a Keras file: class, configuration, names of the layers it reads.

    call: keyword arguments of its call, in Keras 3.
    """

    kind: str
    config: Mapping[str, Any]
    inputs: list[str]
    call: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name, which weights and configuration use."""
        return str(self.config["name"])


@dataclass
class Reader:
    """What the handlers share: the file, the draft, and the tensors by Keras layer name.

    extensions: the user's own layers by class.
    """

    file: KerasFile
    draft: Draft
    tensors: dict[str, str] = field(default_factory=dict)
    extensions: Mapping[str, Extension] = field(default_factory=dict)

    @property
    def keras3(self) -> bool:
        """Whether hls4ml's Keras 3 converter reads this file."""
        return self.file.generation == 3

    def add(
        self, name: str, kind: str, inputs: list[str], shape: Shape, **attributes: Any
    ) -> Layer:
        """A draft layer with the attributes that hls4ml's converter gives it."""
        own = self.extensions.get(kind)
        return self.draft.add(
            Layer(name, kind, inputs, shape, attributes=attributes, extension=own)
        )

    def weight(self, entry: Entry, name: str) -> np.ndarray[Any, Any]:
        """A trained array of the layer; raises ModelFileError where the file lacks it."""
        return self.file.weight(entry.name, name)

    def shape(self, name: str) -> Shape:
        """Shape of a tensor of the draft, without the batch."""
        return self.draft.layers[name].shape


Handler = Callable[[Reader, Entry, list[str]], str]
"""``tensor = handler(reader, entry, inputs)``: adds the layers of one Keras layer."""
