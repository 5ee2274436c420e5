"""Strategy distributed_arithmetic against hls4ml's C simulation of da4ml's adder graphs."""

import importlib.util

import numpy as np
import pytest

from tests.peer.project import Project, needs_hls4ml, random_format
from tests.peer.test_quantized import dense as quantized
from tests.peer.test_quantized import norm

pytestmark = [
    *needs_hls4ml,
    pytest.mark.long,
    pytest.mark.skipif(
        importlib.util.find_spec("da4ml") is None,
        reason="needs da4ml: pip install 'hls4ml[da]==1.3.0'",
    ),
]


def dense(rng, n_in, n_out, precision, *, digits=7, spread=0.5):
    """A step of ``Project.chain``; weights of so many fraction bits, None: as trained."""
    kernel = rng.normal(0, 0.6, (n_in, n_out))
    if digits is not None:
        kernel = np.ldexp(np.round(np.ldexp(kernel, digits)), -digits)
    bias = rng.normal(0, spread, n_out).astype(np.float32)
    keras = {"units": n_out, "activation": "linear", "use_bias": True}
    return ("Dense", precision, {"kernel": kernel.astype(np.float32), "bias": bias}, keras)


def convolution(rng, axes, size, precision):
    """The same of a convolution over a padded tensor."""
    kernel = np.round(rng.normal(0, 0.6, (*(size,) * axes, 2, 2)) * 8) / 8
    keras = {
        **{"filters": 2, "kernel_size": [size] * axes, "strides": [1] * axes, "padding": "same"},
        **{"dilation_rate": [1] * axes, "data_format": "channels_last"},
        **{"activation": "linear", "use_bias": True},
    }
    weights = {"kernel": kernel.astype(np.float32), "bias": rng.normal(0, 0.5, 2)}
    return (f"Conv{axes}D", precision, weights, keras)


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_layers_agree(io_type, tmp_path):
    """Trained and rounded weights, biases below 2**-32, every kind of result."""
    project, rng = (
        Project(io_type=io_type, strategy="distributed_arithmetic"),
        np.random.default_rng(7),
    )

    def add(shape, *steps):
        x = rng.normal(0, 2, (60, *shape))
        x[::4] = np.round(x[::4] * 8) / 8
        project.chain(x, random_format(rng, 4, 8, integer=3), *steps)

    def result():
        return {"result": random_format(rng, 4, 16, integer=5)}

    add((2,), dense(rng, 2, 2, {"result": "fixed<50,6>"}, digits=None, spread=0.002))
    for _ in range(4):
        n_in, n_out = (int(n) for n in rng.integers(1, 5, 2))
        add((n_in,), dense(rng, n_in, n_out, result()))
    auto = {"accum": "auto", "result": "auto"}
    add((3,), dense(rng, 3, 2, auto), norm(rng, 2))
    add((4,), quantized(rng, "Ternary", 4, 3, bias=True, precision=result()))
    for axes in (1, 2):
        for size in (1, 2):
            add((*(3,) * axes, 2), convolution(rng, axes, size, result()))
    count, distinct = project.compare(tmp_path)
    assert count > 3000 and all(number >= 3 for number in distinct.values())
