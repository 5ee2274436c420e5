"""Keras 2 models written as JSON and H5 by hand: every layer of the slice, no framework."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np

WEIGHTS = {
    "Dense": ("kernel", "bias"),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "PReLU": ("alpha",),
}


def layer(kind, name, inbound=None, **config):
    """One entry of a functional model's ``layers``."""
    entry = {"class_name": kind, "name": name, "config": {"name": name, **config}}
    entry["inbound_nodes"] = [[[source, 0, 0, {}] for source in inbound]] if inbound else []
    return entry


def functional(layers, inputs, outputs):
    """Architecture of a functional model."""
    return {
        "class_name": "Functional",
        "keras_version": "2.14.0",
        "config": {
            "name": "model",
            "layers": layers,
            "input_layers": [[name, 0, 0] for name in inputs],
            "output_layers": [[name, 0, 0] for name in outputs],
        },
    }


def write(folder, architecture, weights, stem="model"):
    """``(json path, h5 path)`` of an architecture and ``{layer: {name: array}}``."""
    folder = Path(folder)
    json_path, h5_path = folder / f"{stem}.json", folder / f"{stem}.h5"
    json_path.write_text(json.dumps(architecture))
    with h5py.File(h5_path, "w") as file:
        for name, arrays in weights.items():
            group = file.create_group(name).create_group(name)
            for key, array in arrays.items():
                group[f"{key}:0"] = np.asarray(array)
    return json_path, h5_path


def mlp(folder, sizes=(6, 5, 4), *, activation="relu", batch_norm=False, use_bias=True, seed=0):
    """A chain of Dense layers ``fc1, fc2 ...`` behind the input ``x``; float32 weights."""
    rng = np.random.default_rng(seed)
    layers = [layer("InputLayer", "x", batch_input_shape=[None, sizes[0]], dtype="float32")]
    weights, before = {}, "x"
    for i, (n_in, n_out) in enumerate(pairwise(sizes), 1):
        own = "linear" if batch_norm else activation
        layers.append(
            layer("Dense", f"fc{i}", [before], units=n_out, activation=own, use_bias=use_bias)
        )
        arrays = {"kernel": rng.normal(0, 0.6, (n_in, n_out)).astype(np.float32)}
        if use_bias:
            arrays["bias"] = rng.normal(0, 0.5, n_out).astype(np.float32)
        weights[f"fc{i}"], before = arrays, f"fc{i}"
        if batch_norm:
            layers.append(
                layer(
                    "BatchNormalization",
                    f"bn{i}",
                    [before],
                    axis=[-1],
                    epsilon=1e-3,
                    scale=True,
                    center=True,
                )
            )
            weights[f"bn{i}"] = {
                "gamma": rng.uniform(0.5, 1.5, n_out).astype(np.float32),
                "beta": rng.normal(0, 0.3, n_out).astype(np.float32),
                "moving_mean": rng.normal(0, 0.3, n_out).astype(np.float32),
                "moving_variance": rng.uniform(0.3, 2, n_out).astype(np.float32),
            }
            layers.append(layer("Activation", f"act{i}", [f"bn{i}"], activation=activation))
            before = f"act{i}"
    return write(folder, functional(layers, ["x"], [before]), weights)
