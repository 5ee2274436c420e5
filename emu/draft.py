"""Draft: the network while front ends and passes still change it, in hls4ml's own vocabulary.

A draft layer may have ``None`` for a type that is still ``auto``; ``emu.lower`` turns a finished
draft into a Graph, whose formats are all known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fxp import Format

from .defects import DEFECTS
from .op import Shape

if TYPE_CHECKING:
    from .extension import Extension
    from .frontends.config import Config

__all__ = ["Draft", "Layer"]


@dataclass(eq=False)
class Layer:
    """One layer: ``kind`` is hls4ml's internal class name, which ``LayerType`` entries match.

    types: result, weight, bias, accum ... -> Format, or None for auto.
    weights: arrays in the dtype hls4ml holds them in, as trained or as folded by a pass.
    attributes: anything else, in snake_case. extension: that of a layer of the user's own.
    """

    name: str
    kind: str
    inputs: list[str]
    shape: Shape
    types: dict[str, Format | None] = field(default_factory=dict)
    weights: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    extension: Extension | None = None

    @property
    def size(self) -> int:
        """Number of output elements."""
        return int(np.prod(self.shape))


@dataclass(eq=False)
class Draft:
    """Layers in graph order, by name; the outputs; what the user should know."""

    config: Config
    layers: dict[str, Layer] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    removed: dict[str, str] = field(default_factory=dict)
    """Layers that are gone: name -> what became of them."""
    split: set[str] = field(default_factory=set)
    """Classes whose layers became several; their LayerType entries went to the parts."""
    defects: dict[str, list[str]] = field(default_factory=dict)
    """hls4ml's defects that the model met: name -> layers."""

    def __iter__(self) -> Iterator[Layer]:
        return iter(list(self.layers.values()))

    def add(self, layer: Layer) -> Layer:
        """Append a layer; its name must be new."""
        if layer.name in self.layers:
            raise ValueError(f"layer names must be unique, not {layer.name!r} twice")
        self.layers[layer.name] = layer
        return layer

    def insert(self, layer: Layer, before: Layer) -> None:
        """Put ``layer`` between ``before`` and its first input."""
        order = list(self.layers.values())
        self.add(layer)
        order.insert(order.index(before), layer)
        self.layers = {item.name: item for item in order}
        before.inputs = [layer.name, *before.inputs[1:]]

    def source(self, layer: Layer) -> Layer:
        """The layer that makes the first input."""
        return self.layers[layer.inputs[0]]

    def consumers(self, layer: Layer) -> list[Layer]:
        """Layers that read this one."""
        return [other for other in self if layer.name in other.inputs]

    def remove(self, layer: Layer, fate: str) -> None:
        """Take out a layer with one input, connect what read it, and note its ``fate``."""
        before = layer.inputs[0]
        for other in self.consumers(layer):
            other.inputs = [before if name == layer.name else name for name in other.inputs]
        self.outputs = [before if name == layer.name else name for name in self.outputs]
        del self.layers[layer.name]
        self.removed[layer.name] = fate
        self.note(f"layer {layer.name}: {fate}")

    def replace(self, old: Layer, new: Layer, fate: str) -> None:
        """Put ``new`` in the place of ``old``, and note what became of it."""
        order = [new if item is old else item for item in self.layers.values()]
        for other in order:
            if other is not new:
                other.inputs = [new.name if name == old.name else name for name in other.inputs]
        self.layers = {item.name: item for item in order}
        self.outputs = [new.name if name == old.name else name for name in self.outputs]
        self.removed[old.name] = fate
        self.note(f"layer {old.name}: {fate}")

    def note(self, text: str) -> None:
        """Remember ``text`` once."""
        if text not in self.notes:
            self.notes.append(text)

    def meets(self, defect: str, layer: str, effect: str = "") -> bool:
        """Record that ``layer`` meets ``defect``; whether what follows must be the corrected one.

        effect: what hls4ml does to this layer, where more can be said than in the list of defects.
        """
        corrected = self.config.corrected and DEFECTS[defect].corrected is not None
        layers = self.defects.setdefault(defect, [])
        if layer not in layers:
            layers.append(layer)
        if effect and not corrected:
            self.note(f"layer {layer}: {effect}")
        return corrected
