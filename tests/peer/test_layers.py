"""Softmax, dense and batch normalisation against hls4ml's compiled C simulation."""

import numpy as np
import pytest

from tests.peer.project import Project, needs_hls4ml, random_format
from tests.peer.test_activation import SIZE, stimuli

pytestmark = needs_hls4ml


def add_softmax(project, rng, kind):
    integer = int(rng.integers(2, 5))
    x_format = random_format(rng, 9, 14, integer=integer, signed=kind != "stable" or None)
    table = random_format(rng, 9, 18, integer=int(rng.integers(2, 6)))
    keys = {
        "Implementation": kind,
        "TableSize": int(rng.choice([64, 256])),
        "exp_table_t": table,
        "inv_table_t": random_format(rng, 9, 18, integer=int(rng.integers(1, 4))),
        "inv_inp_t": random_format(rng, 10, 18, integer=int(rng.integers(4, 8))),
    }
    precision = {"result": random_format(rng, 8, 16, integer=int(rng.integers(0, 3)))}
    precision["accum"] = random_format(rng, 9, 18, integer=int(rng.integers(3, 7)))
    x = stimuli(rng, x_format)[:, : int(rng.integers(2, 7))]
    project.add("Activation", x, x_format, precision, keys=keys, activation="softmax")


def add_dense(project, rng, reuse, strategy):
    n_in, n_out = (int(n) for n in rng.choice([4, 6, 8], 2))
    x_format = random_format(rng, 6, 10, integer=int(rng.integers(1, 4)))
    precision = {
        "result": random_format(rng, 7, 14, integer=int(rng.integers(2, 5))),
        "accum": random_format(rng, 7, 14, integer=int(rng.integers(2, 5))),
        "weight": random_format(rng, 5, 10, integer=int(rng.integers(1, 3))),
        "bias": random_format(rng, 5, 10, integer=int(rng.integers(1, 3))),
    }
    if strategy == "Resource":  # so tight that the order of additions shows
        precision["accum"] = f"fixed<{rng.integers(6, 10)},{rng.integers(1, 3)},TRN,SAT>"
    weights = {
        "kernel": rng.normal(0, 0.8, (n_in, n_out)).astype(np.float32),
        "bias": rng.normal(0, 0.8, n_out).astype(np.float32),
    }
    x = np.resize(stimuli(rng, x_format), (250, n_in))
    project.add(
        "Dense",
        x,
        x_format,
        precision,
        weights=weights,
        keys={"ReuseFactor": reuse, "Strategy": strategy},
        units=n_out,
        activation="linear",
        use_bias=True,
    )


def add_batch_normalization(project, rng):
    x_format = random_format(rng, 6, 12, integer=int(rng.integers(1, 4)))
    precision = {
        "result": random_format(rng, 7, 14, integer=int(rng.integers(2, 5))),
        "scale": random_format(rng, 5, 12, integer=int(rng.integers(1, 3))),
        "bias": random_format(rng, 5, 12, integer=int(rng.integers(1, 3))),
    }
    weights = {
        "gamma": rng.uniform(0.3, 1.5, SIZE).astype(np.float32),
        "beta": rng.normal(0, 0.5, SIZE).astype(np.float32),
        "moving_mean": rng.normal(0, 0.5, SIZE).astype(np.float32),
        "moving_variance": rng.uniform(0.2, 2, SIZE).astype(np.float32),
    }
    project.add(
        "BatchNormalization",
        stimuli(rng, x_format),
        x_format,
        precision,
        weights=weights,
        axis=[-1],
        epsilon=1e-3,
        scale=True,
        center=True,
    )


def add_integers(project, rng):
    """Integer weights; int<2> is ternary to hls4ml, whose product with -2 is that with 1."""
    x = rng.uniform(-4, 4, (250, 6))
    for weight in ("int<2>", "int<3>", "uint<2>", "fixed<2,2>"):
        kernel = rng.choice([-2.0, -1.7, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0], (6, 4))
        precision = {"result": "fixed<16,8>", "accum": "fixed<16,8>", "weight": weight}
        project.add(
            "Dense",
            x,
            "fixed<8,4>",
            precision,
            weights={"kernel": kernel.astype(np.float32)},
            units=4,
            activation="linear",
            use_bias=False,
        )
    for scale in ("int<2>", "uint<2>"):
        weights = {
            "gamma": np.array([-2, -1, 0, 1, 2, 0.4], dtype=np.float32),
            "beta": rng.normal(0, 0.5, 6).astype(np.float32),
            "moving_mean": np.zeros(6, dtype=np.float32),
            "moving_variance": np.ones(6, dtype=np.float32),
        }
        precision = {"result": "fixed<16,8>", "scale": scale, "bias": "int<4>"}
        keras = {"axis": [-1], "epsilon": 1e-9, "scale": True, "center": True}
        project.add("BatchNormalization", x, "fixed<8,4>", precision, weights=weights, **keras)


def compare(io_type, seed, folder):
    rng = np.random.default_rng(seed)
    project = Project(io_type)
    for kind in 2 * ("latency", "stable", "legacy", "argmax"):
        add_softmax(project, rng, kind)
    for reuse in (1, 2, 4, 8, 12):
        for strategy in ("Latency", "Resource", "Resource"):
            add_dense(project, rng, reuse, strategy)
    for _ in range(5):
        add_batch_normalization(project, rng)
    add_integers(project, rng)
    _, distinct = project.compare(folder)
    return distinct


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_layers(io_type, tmp_path):
    """Softmax in four ways, dense in each order, batch normalisation; types at random."""
    distinct = compare(io_type, 7, tmp_path)
    few = {name: number for name, number in distinct.items() if number < 10}
    assert len(few) <= len(distinct) // 3, few


@pytest.mark.long
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("seed", range(20, 30))
def test_layers_in_many_formats(io_type, seed, tmp_path):
    """The same with other formats."""
    compare(io_type, seed, tmp_path)
