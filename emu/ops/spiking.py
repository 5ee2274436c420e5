"""Spiking neurons and their readout over a window of time steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from fxp import Format, cast, from_fraction, growth

from ..exact import aligned, roomy
from ..op import Constant, Field, Op, Raw, Real, Shape, Value, storage

__all__ = ["RESETS", "RULES", "SpikingNeuron", "SpikingReadout"]

RESETS = ("subtract", "zero")
"""What a spike does to the potential: less the threshold, or 0."""

RULES = {
    "argmax_spike_count": 0,
    "argmax_membrane": 0,
    "first_to_threshold": 1,
    "threshold_then_argmax": 1,
    "binary_logit": 2,
}
"""hls4ml's decision rules, by the kernel: argmax, first class that reaches the threshold, logit."""


@dataclass(frozen=True, eq=False, kw_only=True)
class _Integrator(Op):
    """``v = M(M(beta * v) + M(x[t]))``, or ``v = M(v + M(x[t]))`` without beta; v starts at 0."""

    header: ClassVar[str] = "spiking"

    def _check_window(self, x: Value) -> None:
        if len(x.shape) != 2:
            raise ValueError(f"input of a spiking layer must be (steps, n), not {x.shape}")

    def _check_each(self, name: str, constant: Constant, n: int) -> None:
        if constant.raw.size not in (1, n):
            raise ValueError(f"{name} must have 1 or {n} values, not {constant.raw.size}")

    def _integrated(self, v: Raw, x: Raw, f: Format, m: Format, beta: Constant | None) -> Raw:
        """The potentials (N, n) of format m after the inputs x (N, n) of format f."""
        if beta is not None:
            product = growth.multiply(beta.format, m)
            v = cast(roomy(v, product.width) * beta.raw.reshape(-1), product, m)
        wide = growth.add(m, m)
        return cast(roomy(v, wide.width) + cast(x, f, m), wide, m)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False, kw_only=True)
class SpikingNeuron(_Integrator):
    """``v = M(M(beta * v) + M(x[t])); y[t] = v >= threshold ? cast(1) : 0``, then a reset of v.

    x and y: (steps, n), a sample is one window; v, n potentials of format ``membrane`` (M), starts
    at 0. After a spike v is ``M(v - threshold)``, or 0 with reset "zero". threshold, beta: one
    value, or n. Without beta (IF): ``v = M(v + M(x[t]))``; with it LIF. The comparison is exact.
    Source: hls4ml's main branch (not 1.3.0), nnet_snn.h, ``if_neuron`` and ``lif_neuron``, whose
    static potentials start at 0 every ``window_size`` calls, a call a step.
    """

    membrane: Format
    threshold: Constant
    beta: Constant | None = None
    reset: str = "subtract"

    @property
    def function(self) -> str:
        return "spiking_neuron"

    def check(self, *inputs: Value) -> None:
        self._check_window(inputs[0])
        if self.reset not in RESETS:
            raise ValueError(f"reset must be {' or '.join(RESETS)}, not {self.reset!r}")
        for name, constant in self.constants().items():
            self._check_each(name, constant, inputs[0].shape[1])
        growth.subtract(self.membrane, self.threshold.format)  # raises where it is too wide
        if self.beta is not None:
            growth.multiply(self.beta.format, self.membrane)

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        x, m = inputs[0], self.membrane
        v = np.zeros((len(x), x.shape[2]), dtype=storage(m))
        out = np.zeros(x.shape, dtype=storage(self.result))
        apart = growth.subtract(m, self.threshold.format)
        limit = aligned(self.threshold.raw.reshape(-1), self.threshold.format, apart)
        one = from_fraction(1, self.result)
        for step in range(x.shape[1]):
            v = self._integrated(v, x[:, step], values[0].format, m, self.beta)
            above = aligned(v, m, apart) - limit
            spikes = (above >= 0).astype(bool)
            out[:, step][spikes] = one
            after = 0 if self.reset == "zero" else cast(above, apart, m)
            v = np.where(spikes, after, v)
        return out

    def reference(self, *inputs: Real) -> Real:
        x, v = inputs[0], np.zeros(inputs[0][:, 0].shape)
        threshold, out = self.threshold.value.reshape(-1), np.zeros(inputs[0].shape)
        for step in range(x.shape[1]):
            v = (v if self.beta is None else self.beta.value.reshape(-1) * v) + x[:, step]
            out[:, step] = spikes = v >= threshold
            v = np.where(spikes, 0 if self.reset == "zero" else v - threshold, v)
        return out

    def multiplications(self, *shapes: Shape) -> int:
        return int(np.prod(shapes[0])) if self.beta is not None else 0

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        steps, n = inputs[0].shape
        fields: dict[str, Field] = {"n_steps": steps, "n_in": n, "state": self.membrane}
        return fields | {"reset_to_zero": int(self.reset == "zero"), **self.constants()}

    def constants(self) -> dict[str, Constant]:
        return {"threshold": self.threshold} | ({"beta": self.beta} if self.beta else {})


@dataclass(frozen=True, eq=False, kw_only=True)
class SpikingReadout(_Integrator):
    """``y = cast(decision)`` at the end of a window, from spike counts or from potentials.

    x: (steps, n), one row a class; y: (1,). The counts are those of ``x[t] != 0``; with
    ``membrane`` (M) instead the potentials ``v = M(M(beta * v) + M(x[t]))`` that no spike resets,
    beta one value or n, or none: ``v = M(v + M(x[t]))``. rule, of RULES: the class with the most
    (argmax_spike_count, argmax_membrane), ties to the lowest; the lowest class that has
    ``class_threshold`` spikes, else the one with the most (first_to_threshold and
    threshold_then_argmax, which have the same bits); or, of two classes, the second's less the
    first's (binary_logit).
    Source: hls4ml's main branch (not 1.3.0), nnet_snn.h, ``snn_readout``; there beta has format M,
    and every call gives a decision, of which this is the last one of the window.
    """

    rule: str = "argmax_spike_count"
    class_threshold: int = 1
    membrane: Format | None = None
    beta: Constant | None = None

    @property
    def function(self) -> str:
        return "spiking_readout"

    def shape(self, *shapes: Shape) -> Shape:
        return (1,)

    def check(self, *inputs: Value) -> None:
        self._check_window(inputs[0])
        steps, n = inputs[0].shape
        if self.rule not in RULES:
            raise ValueError(f"rule must be one of {', '.join(RULES)}, not {self.rule!r}")
        if self.rule != "binary_logit" and ("membrane" in self.rule) != (self.membrane is not None):
            given = "no" if self.membrane is None else "a"
            raise ValueError(f"rule must fit {given} membrane, not {self.rule!r}")
        if self.rule == "binary_logit" and n != 2:
            raise ValueError(f"binary_logit must have 2 classes, not {n}")
        if not 1 <= self.class_threshold < 1 << 31:
            raise ValueError(
                f"class_threshold must be from 1 to 2**31 - 1, not {self.class_threshold}"
            )
        if self.beta is not None:
            if self.membrane is None:
                raise ValueError("beta must come with a membrane, not alone")
            self._check_each("beta", self.beta, n)
            growth.multiply(self.beta.format, self.membrane)
        growth.subtract(self._state(steps), self._state(steps))  # raises where it is too wide

    def _state(self, steps: int) -> Format:
        """The format of potentials, or of counts up to ``steps``."""
        if self.membrane is not None:
            return self.membrane
        return Format(steps.bit_length(), steps.bit_length(), signed=False, family="ap_int")

    def evaluate(self, *inputs: Raw, values: tuple[Value, ...]) -> Raw:
        x, m = inputs[0], self._state(values[0].shape[0])
        if self.membrane is None:
            state = (x != 0).sum(axis=1).astype(np.int64)
        else:
            state = np.zeros((len(x), x.shape[2]), dtype=storage(m))
            for step in range(x.shape[1]):
                state = self._integrated(state, x[:, step], values[0].format, m, self.beta)
        if self.rule == "binary_logit":
            wide = growth.subtract(m, m)
            apart = roomy(state[:, 1:], wide.width) - state[:, :1]
            return cast(apart, wide, self.result)  # type: ignore[no-any-return]
        best = self._decided(state)[:, None]
        return cast(best, Format(33, 33), self.result)  # type: ignore[no-any-return]

    def _decided(self, state: Raw | Real) -> npt.NDArray[np.int64]:
        """The class of each sample."""
        best: npt.NDArray[np.int64] = np.argmax(state, axis=1)
        if RULES[self.rule] == RULES["first_to_threshold"]:
            reached = state >= self.class_threshold
            best = np.where(reached.any(axis=1), np.argmax(reached, axis=1), best)
        return best

    def reference(self, *inputs: Real) -> Real:
        x = inputs[0]
        if self.membrane is None:
            state: Real = (x != 0).sum(axis=1).astype(np.float64)
        else:
            beta = 1.0 if self.beta is None else self.beta.value.reshape(-1)
            state = np.zeros(x[:, 0].shape)
            for step in range(x.shape[1]):
                state = beta * state + x[:, step]
        if self.rule == "binary_logit":
            return state[:, 1:] - state[:, :1]
        return self._decided(state)[:, None].astype(np.float64)

    def multiplications(self, *shapes: Shape) -> int:
        return int(np.prod(shapes[0])) if self.beta is not None else 0

    def configuration(self, *inputs: Value) -> Mapping[str, Field]:
        steps, n = inputs[0].shape
        fields: dict[str, Field] = {"n_steps": steps, "n_in": n, "state": self._state(steps)}
        fields |= {"rule": RULES[self.rule], "class_threshold": self.class_threshold}
        fields["counts"] = int(self.membrane is None)
        return fields | self.constants()

    def constants(self) -> dict[str, Constant]:
        return {"beta": self.beta} if self.beta else {}
