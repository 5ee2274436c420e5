"""GarNet and GarNetStack against hls4ml's C simulation: drawn ones, and the two example models."""

import json
from pathlib import Path

import numpy as np
import pytest

import emu
from tests.peer.project import Project, needs_hls4ml, random_format, run_script

pytestmark = needs_hls4ml

MODELS = Path(__file__).parents[3] / "shared" / "models"
COUNTS = ("uint<5>", "int<4>", "ufixed<6,5>", "fixed<16,6>", "fixed<5,6>")


def arrays(rng, features, aggregators, propagate, filters, part=""):
    """Trained arrays of one layer."""
    shapes = {
        **{f"FLR{part}_kernel": (features, propagate), f"FLR{part}_bias": (propagate,)},
        **{f"S{part}_kernel": (features, aggregators), f"S{part}_bias": (aggregators,)},
        **{
            f"Fout{part}_kernel": (aggregators * propagate, filters),
            f"Fout{part}_bias": (filters,),
        },
    }
    scale = rng.choice([0.3, 0.7, 1.5])
    found = {name: rng.normal(0, scale, shape).astype(np.float32) for name, shape in shapes.items()}
    if rng.random() < 0.2:
        found[f"S{part}_bias"] = np.abs(found[f"S{part}_bias"])
    return found


def inside(rng):
    """Types of the result and of what the kernel keeps, or only of the result."""
    found = {"result": random_format(rng, 8, 16, integer=4)}
    if rng.random() < 0.75:
        found |= {
            "edge_weight": random_format(rng, 5, 12, integer=int(rng.integers(0, 3)), signed=False),
            "edge_weight_aggr": random_format(rng, 10, 16, integer=int(rng.integers(2, 6))),
            "aggr": random_format(rng, 10, 20, integer=int(rng.integers(3, 7))),
            "norm": random_format(rng, 6, 14, integer=int(rng.integers(3, 6))),
        }
    for variable in ("result", "aggr", "edge_weight_aggr"):
        if rng.random() < 0.1:
            found[variable] = f"int<{rng.integers(4, 9)}>"
    return found


def garnet(project, rng, k, samples=40):
    """One layer or a stack; all counts from 1, and 0 where nothing is divided by it."""
    stack, vertices = k % 3 == 2, int(rng.choice([4, 6, 8, 12]))
    collapse = stack or k % 2 == 0
    by_count = bool(rng.random() < 0.4)
    features, parts = int(rng.integers(1, 4)), int(rng.integers(2, 4)) if stack else 1
    sizes = rng.integers(1, 4, (parts, 3)).tolist()
    weights, width = {}, features
    for i, (aggregators, propagate, filters) in enumerate(sizes):
        weights |= arrays(rng, width, aggregators, propagate, filters, str(i) if stack else "")
        width = filters
    names = ("n_aggregators", "n_propagate", "n_filters")
    columns = [list(column) if stack else column[0] for column in zip(*sizes, strict=True)]
    count = COUNTS[k % len(COUNTS)]
    step = 2 if count == "fixed<5,6>" else 1
    n = np.resize(np.arange(step if by_count else 0, vertices + 1, step), (samples, 1)).astype(
        float
    )
    if count == "int<4>":
        n = np.minimum(n, 7)
    if count == "ufixed<6,5>":
        n[::3] = np.minimum(n[::3] + 0.5, vertices)
    # By number hls4ml gives 0 above n_vertices / reuse.
    most = 2 if by_count else vertices
    reuse = int(rng.choice([b for b in range(1, most + 1) if vertices % b == 0]))
    project.add(
        "GarNetStack" if stack else "GarNet",
        [rng.normal(0, 0.8, (samples, vertices, features)), n],
        [random_format(rng, 8, 14, integer=int(rng.integers(2, 4)), signed=True), count],
        inside(rng),
        weights=weights,
        keys={"ReuseFactor": reuse},
        defined=None if collapse else _ends(n[:, 0], vertices, reuse) * width,
        **dict(zip(names, columns, strict=True)),
        **{"simplified": True, "collapse": "mean" if collapse else None, "input_format": "xn"},
        **{"output_activation": None, "mean_by_nvert": by_count, "n_sublayers": parts},
        quantize_transforms=bool(rng.random() < 0.4),
    )


def _ends(n, vertices, reuse):
    """Vertices that hls4ml writes; with a fraction n ends no block."""
    block = vertices >> (reuse.bit_length() - 1)
    whole = np.where(n % 1 == 0, n, np.floor(n / block) * block + block)
    return np.minimum(whole, vertices).astype(int)


def drawn(seed, count):
    project, rng = Project(), np.random.default_rng(seed)
    for k in range(count):
        garnet(project, rng, k)
    return project


def test_some_of_every_kind(tmp_path, record_property):
    """With and without collapse, a stack; counts with and without a fraction."""
    count, distinct = drawn(8, 3).compare(tmp_path)
    record_property("values_compared", count)
    assert min(distinct.values()) > 10


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_many_garnets_in_random_formats(seed, tmp_path, record_property):
    """No bit differs."""
    record_property("values_compared", drawn(12 + seed, 6).compare(tmp_path)[0])


@pytest.mark.long
def test_types_as_hls4ml_finds_them(tmp_path):
    """An entry of the class, its default, one of the model; what nothing names is hls4ml's own."""
    project, rng = Project(), np.random.default_rng(3)
    project.model["Precision"] = {"default": "fixed<16,6>", "aggr": "fixed<20,4>"}
    for _ in range(2):
        garnet(project, rng, 0)
        project.names[project.outputs[-1]]["Precision"] = {}
    project.names[project.outputs[-1]]["Precision"] = {"default": "fixed<14,5,RND,SAT>"}
    project.types = {
        "GarNet": {"Precision": {"default": "fixed<9,2>", "norm": "ufixed<9,3,RND,SAT>"}}
    }
    project.compare(tmp_path)


EXAMPLES = pytest.mark.skipif(not MODELS.is_dir(), reason="needs the example models")


@EXAMPLES
@pytest.mark.long
@pytest.mark.parametrize("number", [1, 3])
def test_the_example_models(number, tmp_path, record_property):
    """Their own configurations; 256 recorded events of 9 to 128 vertices."""
    import yaml

    top = yaml.safe_load((MODELS / "config-files" / f"garnet_{number}layer_config.yml").read_text())
    # The file of the first names a layer that only the other has.
    if number == 1:
        del top["HLSConfig"]["LayerName"]["regression_linear"]
    top |= {"Backend": "Vitis", "OutputDir": str(tmp_path / "project")}
    top["KerasJson"], top["KerasH5"] = (
        str(MODELS / "keras" / f"garnet_{number}layer{end}") for end in (".json", "_weights.h5")
    )
    data = np.loadtxt(MODELS / "data" / "garnet_1layer_input.dat")
    x = {"input_1": data[:, :-1].reshape(-1, 128, 4), "input_2": data[:, -1:]}
    (tmp_path / "config.json").write_text(json.dumps(top))
    np.savez(tmp_path / "x.npz", **x)
    run_script("simulate.py", tmp_path)
    model, weights = top.pop("KerasJson"), top.pop("KerasH5")
    graph = emu.load(model, weights=weights, config=top)
    found = graph.predict(x)
    found = found if isinstance(found, list) else [found]
    with np.load(tmp_path / "y.npz") as file:
        for mine, key in zip(found, file.files, strict=True):
            np.testing.assert_array_equal(mine.reshape(len(mine), -1), file[key].reshape(256, -1))
            assert np.unique(mine).size > 100
    record_property("values_compared", sum(mine.size for mine in found))
