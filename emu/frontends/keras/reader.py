"""What the handlers share: one layer of the file, the file, and the draft that they fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...draft import Draft, Layer
from ...extension import Extension
from ...op import Shape
from ..files import KerasFile, ModelFileError

__all__ = ["Entry", "Handler", "Reader", "Source"]

Source = tuple[str, int]
"""A tensor of the file: the name of the layer that makes it, and which of its outputs it is."""


@dataclass(frozen=True)
class Entry:
    """One layer of a Keras file: class, configuration, the tensors it reads.

    call: keyword arguments of its call; arguments: what it was given by place, in Keras 3.
    """

    kind: str
    config: Mapping[str, Any]
    inputs: list[Source]
    call: Mapping[str, Any] = field(default_factory=dict)
    arguments: Sequence[Any] = ()

    @property
    def name(self) -> str:
        """Its name, which weights and configuration use."""
        return str(self.config["name"])


@dataclass
class Reader:
    """What the handlers share: the file, the draft, and the draft's names of the file's tensors.

    extensions: the user's own layers by class.
    """

    file: KerasFile
    draft: Draft
    tensors: dict[Source, str] = field(default_factory=dict)
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

    def read(self, entry: Entry) -> list[str]:
        """The draft's names of what ``entry`` reads."""
        return [self.found(source, entry.name) for source in entry.inputs]

    def found(self, source: Source, reader: str) -> str:
        """The draft's name of a tensor; ModelFileError where its layer has no such output."""
        if source not in self.tensors:
            raise ModelFileError(
                f"{reader} of {self.file.path} must read the one output of {source[0]}, not number"
                f" {source[1]}: of layers with several outputs splits are supported"
            )
        return self.tensors[source]


Handler = Callable[[Reader, Entry, list[str]], str]
"""``tensor = handler(reader, entry, inputs)``: adds the layers of one Keras layer.

Further outputs of the layer go to ``reader.tensors``.
"""
