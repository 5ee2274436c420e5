"""The bundled example against hls4ml's C simulation of it, kept in tests/data."""

from pathlib import Path

import numpy as np

import emu

ROOT = Path(__file__).parents[1]
DIGITS = Path(emu.__file__).parents[1] / "bitwright" / "data" / "digits"


def test_every_bit_of_every_layer():
    """200 samples, edges and ties of the input among them; six layers as hls4ml traces them."""
    graph = emu.load(DIGITS / "config.yml")
    compared = 0
    with np.load(ROOT / "tests" / "data" / "digits_golden.npz") as golden:
        x = golden["x"]
        np.testing.assert_array_equal(graph.predict(x), golden["y"])
        mine = graph.trace(x)
        names = [name.removeprefix("trace/") for name in golden.files if name.startswith("trace/")]
        assert names == [name for name in graph.values if name != "pixels"]
        for name in names:
            np.testing.assert_array_equal(mine[name], golden[f"trace/{name}"], err_msg=name)
            assert np.unique(mine[name]).size >= 10
            compared += mine[name].size
    assert compared == 200 * (32 + 32 + 16 + 16 + 10 + 10)


def test_accuracy_is_computed():
    """In float64 and in fixed point: what the demo prints, within a digit of each other."""
    graph = emu.load(DIGITS / "config.yml")
    x, digits = np.load(DIGITS / "x.npy"), np.load(DIGITS / "y.npy")
    real = (graph.reference(x).argmax(1) == digits).mean()
    fixed = (graph.predict(x).argmax(1) == digits).mean()
    assert real > 0.98 and abs(real - fixed) <= 1 / 360
