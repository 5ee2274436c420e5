"""Embeddings, layer normalisation and merged thresholds against hls4ml's C simulation."""

import numpy as np
import pytest

from tests.peer.project import Project, needs_hls4ml, needs_keras3, random_format
from tests.peer.test_merge import stimuli

pytestmark = needs_hls4ml


MODES = (("RND", "SAT"), ("TRN", "WRAP"), ("RND_CONV", "SAT_SYM"))


def embeddings(project, rng):
    """Whole and fractional numbers of rows that exist."""
    for text in ("uint<3>", "int<4>", "ufixed<3,3>", "fixed<7,4>", "fixed<16,6>"):
        x = rng.integers(0, 5, (40, 4)).astype(float)
        if text == "fixed<7,4>":
            x = np.minimum(x + rng.integers(0, 8, x.shape) / 8, 4)
        weights = {"embeddings": rng.normal(0, 1, (5, 3)).astype(np.float32)}
        precision = {"result": random_format(rng), "embeddings": random_format(rng)}
        project.add("Embedding", x, text, precision, weights=weights, input_dim=5, output_dim=3)
    project.add(
        "Embedding",
        x,
        text,
        {"result": "auto", "embeddings": "auto"},
        weights=weights,
        input_dim=5,
        output_dim=3,
    )


def normalizations(project, rng, count=6):
    """Default, narrow and automatic types; other epsilons, tables and ranges."""
    for k in range(count):
        n = int(rng.integers(2, 7))
        weights = {
            "gamma": rng.normal(1, 0.5, n).astype(np.float32),
            "beta": rng.normal(0, 0.5, n).astype(np.float32),
        }
        precision, keys = {"result": random_format(rng, 8, 16, integer=4)}, {}
        if k % 2:
            precision |= {
                "accum": random_format(rng, 9, 16, integer=int(rng.integers(3, 7))),
                "scale": random_format(rng, 6, 12, integer=3),
                "bias": random_format(rng, 6, 12, integer=3),
            }
        if k % 3 == 0:
            keys = {"table_size": 512, "table_range_power2": k % 4}
            keys["table_t"] = random_format(rng, 8, 14, integer=6, signed=False)
        if k == 4:
            precision = {"result": "auto", "scale": "auto", "bias": "auto", "accum": "auto"}
        project.add(
            "LayerNormalization",
            rng.normal(0, 0.7, (40, 2, n)),
            random_format(rng, 8, 12, integer=3),
            precision,
            weights=weights,
            keys=keys,
            axis=[2],
            epsilon=(1e-3, 1e-5, 0.004)[k % 3],
            scale=True,
            center=True,
        )


def thresholds(project, rng):
    """Batch norm and tanh alone, before a dense layer, before a batch norm, behind a reshape."""
    for k, function in enumerate(("binary_tanh", "ternary_tanh") * 4):
        shape = ((4,), (3, 4))[k // 2 % 2]
        norm = {
            "gamma": rng.uniform(-1.5 if k > 3 else 0.3, 1.5, 4).astype(np.float32),
            "beta": rng.normal(0, 0.5, 4).astype(np.float32),
            "moving_mean": rng.normal(0, 0.5, 4).astype(np.float32),
            "moving_variance": rng.uniform(0.2, 2, 4).astype(np.float32),
        }
        keras = {"axis": [len(shape)], "epsilon": 1e-3, "scale": True, "center": True}
        text = random_format(rng, 5, 10, integer=int(rng.integers(1, 4)))
        steps = [
            ("BatchNormalization", {"result": "fixed<9,4>"}, norm, keras),
            ("Activation", {"result": "fixed<5,3>"}, None, {"activation": function}),
        ]
        if len(shape) == 2 and k % 4 > 1:
            steps.append(("Flatten", None, None, {}))
        n = int(np.prod(shape))
        if k % 3 < 2 and (len(shape) == 1 or k % 4 > 1):
            kernel = {"kernel": rng.choice([-2.0, -1, 0, 0.5, 1], (n, 3)).astype(np.float32)}
            types = {"result": "fixed<16,8>", "weight": ("int<2>", "fixed<6,3>")[k % 2]}
            dense = {"units": 3, "activation": "linear", "use_bias": False}
            steps.append(("Dense", types, kernel, dense))
        elif k % 3 == 2:
            steps.append(("BatchNormalization", {"result": "fixed<9,4>"}, norm, keras)) if len(
                steps
            ) == 2 else None
        if steps[-1][0] in ("Activation", "Flatten"):  # an output of one or two bits
            steps.append(("Activation", {"result": "fixed<6,3>"}, None, {"activation": "relu"}))
        project.chain(stimuli(rng, (40, *shape)), text, *steps)


def quantisers(project, rng, heterogeneous):
    """A format for every element; tables over all codes."""
    for rounding, limit in MODES if heterogeneous else ():
        shape = (1, 2, 5)
        weights = {
            "keep_negative": rng.integers(0, 2, shape).astype(np.int8),
            "bits": rng.integers(0, 7, shape).astype(np.int8),
            "integers": rng.integers(-1, 5, shape).astype(np.int8),
        }
        for fusible in (False, True):
            project.add(
                "FixedPointQuantizer",
                stimuli(rng, (40, *shape[1:])),
                random_format(rng, 5, 12, integer=3),
                {"result": random_format(rng, 5, 12)},
                weights=weights,
                fusible=fusible,
                RND=rounding,
                SAT=limit,
                overrides={},
            )
    for text in ("fixed<6,3>", "ufixed<5,2>", "fixed<4,-1>"):
        size = 2 ** int(text.split("<")[1][0])
        project.add(
            "UnaryLUT",
            stimuli(rng, (40, 4)),
            text,
            {"result": random_format(rng), "table": random_format(rng)},
            weights={"table": rng.normal(0, 2, size).astype(np.float32)},
            kif_out=[1, 2, 3],
        )


def build(project, seed):
    rng = np.random.default_rng(seed)
    parallel = project.io_type == "io_parallel"
    embeddings(project, rng)
    if parallel:
        normalizations(project, rng)
    if project.generation == 2:
        project.model["BitExact"] = False  # types come from the configuration alone
        quantisers(project, rng, heterogeneous=parallel)
        thresholds(project, rng)


@pytest.mark.long
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("seed", range(100, 105))
def test_lookups_in_many_formats(io_type, seed, tmp_path):
    """No bit differs."""
    project = Project(io_type)
    build(project, seed)
    project.compare(tmp_path)


class TestKeras3:
    """The same layers by way of hls4ml's Keras 3 converter; it has no binary functions."""

    pytestmark = needs_keras3

    @pytest.mark.long
    @pytest.mark.parametrize("seed", range(105, 107))
    def test_lookups(self, seed, tmp_path):
        """No bit differs."""
        project = Project(generation=3)
        build(project, seed)
        project.compare(tmp_path)
