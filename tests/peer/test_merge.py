"""Merges, dot products and concatenations against hls4ml's compiled C simulation."""

import itertools

import numpy as np
import pytest

from tests.peer.project import Project, needs_hls4ml, needs_keras3, random_format

pytestmark = needs_hls4ml

MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")


def stimuli(rng, shape):
    """Values over a typical range, some on grid points and ties, some beyond it."""
    x = rng.normal(0, 3, shape)
    x[::5] = np.round(x[::5] * 16) / 16
    x[::9] *= 20
    return x


def types(rng, integers=False):
    """Two input types of random modes; some are integers, some are equal."""
    texts = [random_format(rng, 4, 12, integer=int(rng.integers(0, 6))) for _ in range(2)]
    if rng.random() < 0.15:
        texts[1] = texts[0]
    if integers and rng.random() < 0.15:
        texts[int(rng.integers(2))] = f"{rng.choice(['', 'u'])}int<{rng.integers(2, 7)}>"
    return texts


def whole_where_integer(x, text):
    """AMD's simulation turns -0.5 < x < 0 into 1 in an integer type; not compared."""
    return np.where((x < 0) & (x > -0.5), 0, x) if "int" in text else x


def add(project, rng, kind, shapes, *, samples=40, result="random", **more):
    texts = types(rng, integers=True)
    x = [
        whole_where_integer(stimuli(rng, (samples, *shape)), text)
        for shape, text in zip(shapes, texts, strict=True)
    ]
    precision = {"result": random_format(rng, 4, 14) if result == "random" else result}
    if kind == "Dot":
        precision["accum"] = random_format(rng, 5, 14, integer=int(rng.integers(1, 6)))
    project.add(kind, x, texts, precision, **more)


def broadcasts(project, rng):
    """Right, wrong, and partly undefined, as hls4ml has it."""
    for k, shapes in enumerate(
        (((3, 4), (1, 4)), ((1, 4), (3, 4)), ((3, 2, 2), (1, 2, 2)), ((6, 1), (1, 1)))
    ):
        add(project, rng, MERGES[k], shapes)
    # Defined, but not numpy's rule: the smaller tensor is repeated element by element.
    add(project, rng, "Subtract", ((3, 3), (3, 1)))
    add(project, rng, "Add", ((1, 2, 1), (2, 2, 2)))
    # Sizes are compared as text: '8' > '24', so that 8 of 24 results exist.
    add(project, rng, "Add", ((3, 8), (1, 8)), defined=8)
    shapes = ((5,), (3, 5)) if project.generation == 3 else ((1, 5), (3, 5))
    add(project, rng, "Maximum", shapes, defined=5)


def build(project, seed, repeats=2):
    """Every kind, with types of its own, with ``auto`` results, with hls4ml's broadcasting."""
    rng = np.random.default_rng(seed)
    for kind, _ in itertools.product(MERGES, range(repeats)):
        add(project, rng, kind, ((6,), (6,)))
        add(project, rng, kind, ((2, 3), (2, 3)), result="auto")
    if project.io_type == "io_parallel":  # streams are not broadcast, and have no dot product
        broadcasts(project, rng)
        for n in (1, 3, 6):
            add(project, rng, "Dot", ((n,), (n,)), axes=1)
    for shapes, axis in (
        (((3,), (5,)), -1),
        (((2, 3), (2, 4)), -1),
        (((2, 3), (2, 4)), 2),
        (((2, 3), (1, 3)), 1),
        (((2, 3, 2), (2, 3, 4)), 3),
        (((2, 3, 2), (2, 1, 2)), -2),
        (((2, 3, 2), (4, 3, 2)), 1),
    ):
        add(project, rng, "Concatenate", shapes, axis=axis)
        add(project, rng, "Concatenate", shapes, result="auto", axis=axis)


@pytest.mark.long
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("seed", range(100, 105))
def test_merges_in_many_formats(io_type, seed, tmp_path):
    """No bit differs where hls4ml defines one."""
    project = Project(io_type)
    build(project, seed, repeats=3)
    _, distinct = project.compare(tmp_path)
    assert sum(number >= 4 for number in distinct.values()) > len(distinct) * 2 // 3


class TestKeras3:
    """The same layers by way of hls4ml's Keras 3 converter."""

    pytestmark = needs_keras3

    @pytest.mark.long
    @pytest.mark.parametrize("seed", range(110, 112))
    def test_merges(self, seed, tmp_path):
        """No bit differs where hls4ml defines one."""
        project = Project(generation=3)
        build(project, seed, repeats=1)
        project.compare(tmp_path)
