"""The end of some drawn networks: layers of binary and ternary numbers, as trained models have."""

from __future__ import annotations

import random

SHARE = 0.35
"""Of the networks of Keras 2; Keras 3 has no such layers."""


def append(network):
    """``(binary or ternary Dense, batch norm, binary or ternary tanh)`` up to three times.

    Drawn by a generator of its own: the layers before are those that the seed always gave.
    """
    pick = random.Random(f"quantized/{network.seed}")
    if network.keras3 or pick.random() >= SHARE:
        return
    known = network.grain != "starting"
    if len(network.shape) > 1 and known:
        _on_a_tensor(network, pick)
    behind = ""  # the function of the thresholds right before
    for k in range(pick.randint(1, 3)):
        kind = pick.choice(("Binary", "Binary", "Ternary", "Ternary", ""))
        _dense(network, pick, kind, f"quantized_{k}")
        normed = pick.random() < 0.85
        if normed:
            network._batch(f"norm_{k}")
        if pick.random() < 0.15:
            behind = ""
            continue
        # hls4ml converts only the same kind of thresholds behind weights that follow thresholds.
        function = kind.lower() if behind and kind else pick.choice(("binary", "ternary"))
        network._push("Activation", f"tanh_{k}", network.shape, activation=f"{function}_tanh")
        behind = function if normed else ""
        if behind and pick.random() < 0.15:
            network._flatten(f"flat_{k}")


def _dense(network, pick, kind, name):
    units, bias = pick.randint(1, 6), pick.random() < 0.3
    *outer, n_in = network.shape
    network.weights[name] = {"kernel": network._normal(0.8, n_in, units)}
    if bias:
        network.weights[name]["bias"] = network._normal(0.5, units)
    shape = (*outer, units)
    network._push(f"{kind}Dense", name, shape, units=units, activation="linear", use_bias=bias)


def _on_a_tensor(network, pick):
    """Bits of a tensor, their maximum, and a row of them."""
    if pick.random() < 0.5:
        network._batch("norm_0_0")
        function = pick.choice(("binary", "binary", "ternary"))
        network._push("Activation", "tanh_0_0", network.shape, activation=f"{function}_tanh")
    if pick.random() < 0.4:
        axes, channels = len(network.shape) - 1, network.shape[-1]
        more = {"data_format": "channels_last", "keepdims": False}
        network._push(f"GlobalMaxPooling{axes}D", "most", (channels,), **more)
    if len(network.shape) > 1 and pick.random() < 0.8:
        network._flatten("row")
