"""Binary and ternary dense layers, also behind thresholds, against hls4ml's C simulation."""

import numpy as np
import pytest

from tests.peer.project import Project, needs_hls4ml, random_format

pytestmark = needs_hls4ml

CLASSES = {"Binary": "BinaryDense", "Ternary": "TernaryDense", "": "Dense"}
NORM = {"axis": [-1], "epsilon": 1e-3, "scale": True, "center": True}


def dense(rng, kind, n_in, n_out, *, bias=False, precision=None):
    """A step of ``Project.chain``; weights on the edges of the quantisers, too."""
    kernel = rng.choice([-0.8, -0.5, -0.3, -0.0, 0.0, 0.2, 0.5, 0.6], (n_in, n_out))
    weights = {"kernel": kernel.astype(np.float32)}
    if bias:
        weights["bias"] = rng.choice([-0.7, 0.1, 0.9], n_out).astype(np.float32)
    keras = {"units": n_out, "activation": "linear", "use_bias": bias}
    return (CLASSES[kind], precision, weights, keras)


def norm(rng, n, *, identity=False):
    """A batch normalisation; ``identity``: that does nothing."""
    if identity:
        one, zero = np.ones(n, np.float32), np.zeros(n, np.float32)
        weights = {"gamma": one, "beta": zero, "moving_mean": zero, "moving_variance": one}
        return ("BatchNormalization", None, weights, {**NORM, "epsilon": 0.0})
    weights = {
        "gamma": rng.uniform(0.5, 1.5, n),
        "beta": rng.normal(0, 0.3, n),
        "moving_mean": rng.normal(0, 0.5, n),
        "moving_variance": rng.uniform(0.3, 3, n),
    }
    return ("BatchNormalization", None, {k: v.astype(np.float32) for k, v in weights.items()}, NORM)


def tanh(kind):
    """The step that becomes thresholds behind a batch normalisation."""
    return ("Activation", None, None, {"activation": f"{kind.lower()}_tanh"})


def points(rng, n):
    """Samples on a grid and off it, and beyond the input's type."""
    x = rng.normal(0, 2, (60, n))
    x[::4] = np.round(x[::4] * 8) / 8
    x[::9] *= 30
    return x


def build(project, rng, sizes, *, pooled=False):
    """Both kinds of weights on numbers, on bits and on ternary values; thresholds behind them."""
    for kind in ("Binary", "Ternary"):
        for bias in (False, True):
            x_format = random_format(rng, 4, 10, integer=4)
            types = {name: random_format(rng, 6, 14, integer=6) for name in ("accum", "result")}
            layer = dense(rng, kind, 6, 4, bias=bias, precision=types)
            project.chain(points(rng, 6), x_format, layer)
            # inferred, and a batch normalisation that does nothing, folded into them
            auto = {"accum": "auto", "result": "auto"}
            layer = dense(rng, kind, 4, 4, bias=bias, precision=auto)
            project.chain(points(rng, 4), x_format, layer, norm(rng, 4, identity=True))
        for before in ("Binary", "Ternary"):
            for n_in in sizes:
                steps = [norm(rng, n_in), tanh(before), dense(rng, kind, n_in, 4, bias=n_in == 4)]
                if n_in > 4:
                    steps += [norm(rng, 4), tanh(kind), dense(rng, "", 4, 3)]
                project.chain(points(rng, n_in), random_format(rng, 6, 10, integer=4), *steps)
    # hls4ml makes these pointwise convolutions, and forgets the quantiser
    project.chain(points(rng, 6).reshape(-1, 2, 3), "fixed<9,4>", dense(rng, "Ternary", 3, 2))
    if pooled:
        x = points(rng, 12).reshape(-1, 4, 3)
        pool = ("MaxPooling1D", None, None, {"pool_size": [2], "strides": [2], "padding": "valid"})
        flat = ("Flatten", None, None, {})
        steps = (norm(rng, 3), tanh("Binary"), pool, flat, dense(rng, "", 6, 3))
        project.chain(x, "fixed<8,4>", *steps)


def compare(project, folder, sizes=(1, 4, 7), **options):
    build(project, np.random.default_rng(5), sizes, **options)
    count, distinct = project.compare(folder)
    assert len(distinct) == len(project.outputs)
    assert sum(number >= 3 for number in distinct.values()) > 0.9 * len(distinct)
    return count


def test_some_layers_agree(tmp_path):
    """Sums of signs, quantised and inferred types: a share of what the long tests have."""
    assert compare(Project(every=4), tmp_path) > 1000


@pytest.mark.long
def test_layers_agree(tmp_path):
    """Every sum of signs, quantised and inferred types, lost and folded biases."""
    assert compare(Project(), tmp_path) > 4000


@pytest.mark.long
def test_layers_agree_in_streams(tmp_path):
    """The same bits as side by side."""
    assert compare(Project(io_type="io_stream"), tmp_path) > 4000


@pytest.mark.long
def test_layers_agree_with_maximum_pooling(tmp_path):
    """hls4ml quantises binary weights twice where it has bits to pool, and they all become 1."""
    assert compare(Project(), tmp_path, pooled=True) > 4000


@pytest.mark.long
@pytest.mark.parametrize(
    ("strategy", "sizes"), [("Resource", (1, 4, 7)), ("resource_unrolled", (4, 8))]
)
def test_layers_agree_with_reuse(strategy, sizes, tmp_path):
    """Unrolled code leaves out the weights of value 0, which are -1 where hls4ml has bits.

    It does not compile where the only reuse factor it allows is 1.
    """
    project = Project(strategy=strategy, model={"ReuseFactor": 2})
    assert compare(project, tmp_path, sizes) > 3000
