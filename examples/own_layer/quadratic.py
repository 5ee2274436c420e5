"""A layer of your own: a Keras layer that hls4ml does not know, emulated, generated, signed off.

from quadratic import EXTENSION

graph = emu.load("model.keras", extensions=[EXTENSION])
project = generator.generate(graph, "firmware/")    # quadratic.hpp goes along
report = validation.signoff(graph, project, x)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import emu
from emu.lower.common import type_of, weights
from emu.op import Constant, Field, Op, Raw, Real, Shape, Value
from fxp import FxArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Quadratic(Op):
    """``y[i] = cast(x[i] + x[i] * x[i] * gain[i % n])``: exact products and sum, one cast.

    gain: (n,), one for each channel.
    """

    header: ClassVar[str] = "quadratic"
    header_folder: ClassVar[Path] = Path(__file__).parent
    gain: Constant

    def check(self, *inputs: Value) -> None:
        """The gains must fit the last axis."""
        if self.gain.shape != inputs[0].shape[-1:]:
            raise ValueError(
                f"gain must have shape {inputs[0].shape[-1:]}, not {self.gain.shape!r}"
            )

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        """FxArray widens as the C++ types do, at any width; only ``cast`` loses bits."""
        x = FxArray.from_raw(inputs[0], values[0].format)
        gain = FxArray.from_raw(self.gain.raw, self.gain.format)
        return (x + x * x * gain).cast(self.result).raw

    def reference(self, *inputs: Real) -> Real:
        """The trained function."""
        return inputs[0] + inputs[0] ** 2 * self.gain.value

    def multiplications(self, *shapes: Shape) -> int:
        """Two for each element."""
        return 2 * Value("", shapes[0], self.result).size

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        """``CONFIG::n_in``, ``CONFIG::n_gain``, ``CONFIG::gain_t``; the array ``gain``."""
        return {"n_in": inputs[0].size, "gain": self.gain}


def _read(reader, entry, inputs):
    """One draft layer for the Keras layer; its output has the shape of its input."""
    layer = reader.add(entry.name, "Quadratic", inputs, reader.shape(inputs[0]))
    layer.weights["weight"] = reader.weight(entry, "gain")
    return layer.name


def _lower(draft, layer):
    """The operator, when the configuration has given every type."""
    return Quadratic(result=type_of(layer, "result"), gain=weights(layer, "weight"))


EXTENSION = emu.Extension(
    keras_class="Quadratic",
    operator=Quadratic,
    read=_read,
    lower=_lower,
    precisions=("result", "weight"),
    weights=("gain",),
)
