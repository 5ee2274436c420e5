"""Padding, cropping, up-sampling and transposes against hls4ml's compiled C simulation."""

import numpy as np
import pytest

from tests.peer.project import Project, needs_hls4ml, needs_keras3, random_format
from tests.peer.test_merge import stimuli

pytestmark = needs_hls4ml

LAYERS = (
    ("ZeroPadding1D", (3, 2), {"padding": [1, 2]}),
    ("ZeroPadding2D", (2, 3, 2), {"padding": [[1, 0], [2, 1]], "data_format": "channels_last"}),
    ("Cropping1D", (5, 2), {"cropping": [1, 2]}),
    ("Cropping2D", (4, 5, 2), {"cropping": [[1, 0], [2, 1]], "data_format": "channels_last"}),
    ("UpSampling1D", (3, 2), {"size": 3}),
    (
        "UpSampling2D",
        (2, 3, 2),
        {"size": [3, 2], "data_format": "channels_last", "interpolation": "nearest"},
    ),
    ("Permute", (2, 3), {"dims": [2, 1]}),
    ("Permute", (3, 3), {"dims": [1, 2]}),  # turned in io_stream
    ("Permute", (2, 3, 4), {"dims": [3, 1, 2]}),
    ("Permute", (2, 3, 4), {"dims": [1, 3, 2]}),
)
REMOVED = (
    ((1, 3, 4), [2, 3, 1]),  # becomes a reshape
    ((1, 3, 4), [3, 2, 1]),  # likewise: hls4ml forgets to permute
    ((6,), [1]),
)


def after_other_layers(project, rng):
    """What a layer's type is where its input's is automatic, removed, or merged."""
    relu = ("Activation", {"result": "auto"}, None, {"activation": "relu"})
    linear = ("Activation", {"result": "fixed<6,3,RND,SAT>"}, None, {"activation": "linear"})
    for kind, shape, keras in LAYERS[:8]:
        text = random_format(rng, 5, 10, integer=3)
        x = stimuli(rng, (40, *shape))
        project.chain(x, text, relu, (kind, {"result": "fixed<5,3>"}, None, keras))
        if not kind.startswith("Up"):  # hls4ml's has one type only: it does not compile
            project.chain(x, text, relu, linear, (kind, {"result": "fixed<5,3>"}, None, keras))
    reshape = ("Reshape", {"result": "fixed<7,3,RND,SAT>"}, None, {"target_shape": [3, 2]})
    pad, crop = ((kind, None, None, keras) for kind, _, keras in (LAYERS[0], LAYERS[2]))
    turn = ("Permute", None, None, {"dims": [2, 1]})
    parallel = project.io_type == "io_parallel"  # streams are not reshaped
    for last in (pad, crop, turn) if parallel else (crop,):
        shape = (5, 2) if last is crop else (6,)
        steps = (relu, reshape, last) if last is not crop else (relu, last)
        project.chain(stimuli(rng, (40, *shape)), "fixed<9,4>", *steps)
    for shape, dims in REMOVED:
        x = stimuli(rng, (40, *shape))
        project.chain(x, "fixed<9,4>", ("Permute", None, None, {"dims": dims}), relu)


def before_dense(project, rng):
    """Transpose, Flatten, Dense: hls4ml turns the weights, for one order only as it should."""
    for shape, dims in (
        ((2, 3), [2, 1]),
        *([((2, 3), [1, 2])] if project.io_type == "io_parallel" else []),
        ((2, 3, 2), [3, 1, 2]),
        ((2, 3, 2), [2, 3, 1]),
        ((2, 3, 2), [3, 2, 1]),
    ):
        n = int(np.prod(shape))
        kernel = {"kernel": rng.normal(0, 1, (n, 3)).astype(np.float32)}
        dense = {"units": 3, "activation": "linear", "use_bias": False}
        project.chain(
            stimuli(rng, (40, *shape)),
            "fixed<9,4>",
            ("Permute", None, None, {"dims": dims}),
            ("Flatten", None, None, {}),
            ("Dense", {"result": "fixed<16,8>", "accum": "fixed<16,8>"}, kernel, dense),
        )


def build(project, seed):
    """Every layer behind an input, behind other layers, and before a dense one."""
    rng = np.random.default_rng(seed)
    for kind, shape, keras in LAYERS:
        text = random_format(rng, 4, 12)
        project.add(kind, stimuli(rng, (40, *shape)), text, {"result": "fixed<7,3>"}, **keras)
    after_other_layers(project, rng)
    before_dense(project, rng)


@pytest.mark.long
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("seed", range(100, 105))
def test_moves_in_many_formats(io_type, seed, tmp_path):
    """No bit differs."""
    project = Project(io_type)
    build(project, seed)
    _, distinct = project.compare(tmp_path)
    assert sum(number >= 4 for number in distinct.values()) > len(distinct) * 2 // 3


class TestKeras3:
    """The same layers by way of hls4ml's Keras 3 converter."""

    pytestmark = needs_keras3

    @pytest.mark.long
    @pytest.mark.parametrize("seed", range(105, 107))
    def test_moves(self, seed, tmp_path):
        """No bit differs."""
        project = Project(generation=3)
        build(project, seed)
        project.compare(tmp_path)
