"""Pooling against hls4ml's compiled C simulation."""

import numpy as np
import pytest

from tests.peer.project import Project, needs_hls4ml, needs_keras3, random_format
from tests.peer.test_merge import stimuli

pytestmark = needs_hls4ml

WINDOWS = (
    # shape, pool size, strides, padding
    ((7, 2), 2, 2, "valid"),
    ((7, 2), 3, 1, "same"),
    ((8, 1), 3, 2, "same"),
    ((5, 3), 2, 3, "valid"),
    ((6, 6, 2), (2, 2), (2, 2), "valid"),
    ((5, 4, 2), (2, 3), (2, 1), "same"),
    ((5, 5, 1), (3, 3), (2, 2), "same"),
    ((4, 5, 2), (3, 2), (1, 3), "valid"),
)


def add(project, rng, kind, shape, *, auto=False, **more):
    """One pooling layer with types of its own; half of the inputs are unsigned."""
    text = random_format(rng, 4, 12, integer=int(rng.integers(0, 5)))
    precision = {"result": random_format(rng, 4, 14, integer=int(rng.integers(1, 6)))}
    precision["accum"] = random_format(rng, 5, 14, integer=int(rng.integers(1, 6)))
    if auto:
        precision = {"result": "auto", "accum": "auto"}
    project.add(kind, stimuli(rng, (40, *shape)), text, precision, **more)


def build(project, seed):
    """Every window in both kinds, global pooling, automatic types."""
    rng = np.random.default_rng(seed)
    stream = project.io_type == "io_stream"  # no padding there, and windows side by side
    for k, (shape, size, strides, padding) in enumerate(WINDOWS):
        axes = len(shape) - 1
        if stream and (padding == "same" or (axes == 2 and size != strides)):
            continue
        more = {
            "pool_size": [size] if axes == 1 else list(size),
            "strides": [strides] if axes == 1 else list(strides),
            "padding": padding,
            "data_format": "channels_last",
        }
        for op in ("Max", "Average"):
            add(project, rng, f"{op}Pooling{axes}D", shape, auto=k % 4 == 3, **more)
            add(project, rng, f"{op}Pooling{axes}D", shape, auto=k % 4 == 1, **more)
    for axes, shape in ((1, (5, 2)), (2, (2, 3, 2))):
        for op in ("Max", "Average"):
            more = {"data_format": "channels_last", "keepdims": op == "Max"}
            add(project, rng, f"Global{op}Pooling{axes}D", shape, **more)
            add(project, rng, f"Global{op}Pooling{axes}D", shape, auto=True, **more)


@pytest.mark.long
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("seed", range(100, 105))
def test_pooling_in_many_formats(io_type, seed, tmp_path):
    """No bit differs."""
    project = Project(io_type)
    build(project, seed)
    _, distinct = project.compare(tmp_path)
    assert sum(number >= 4 for number in distinct.values()) > len(distinct) * 2 // 3


class TestKeras3:
    """The same layers by way of hls4ml's Keras 3 converter."""

    pytestmark = needs_keras3

    @pytest.mark.long
    @pytest.mark.parametrize("seed", range(110, 112))
    def test_pooling(self, seed, tmp_path):
        """No bit differs."""
        project = Project(generation=3)
        build(project, seed)
        project.compare(tmp_path)
