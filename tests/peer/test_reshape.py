"""Reshapes of streams against hls4ml's compiled C simulation: it repacks their beats."""

import numpy as np

from tests.peer.project import Project, needs_hls4ml

pytestmark = needs_hls4ml

SHAPES = (
    ((2, 6), (4, 3)),
    ((4, 3), (2, 6)),
    ((12,), (3, 4)),
    ((3, 4), (12,)),
    ((2, 2, 3), (4, 3)),
    ((4, 2), (2, 2, 2)),
    ((2, 3), (6, 1)),
)
"""Shapes whose last axes divide each other, as hls4ml's repacking needs; one ends as a vector."""

RESULTS = ({}, {"result": "auto"}, {"result": "fixed<9,3,RND,SAT>"})


def test_repacked_streams(tmp_path, record_property):
    """Elements in their order, cast to the type of the reshape: the default, auto or its own."""
    rng = np.random.default_rng(0)
    project = Project(io_type="io_stream")
    for k, (shape, target) in enumerate(SHAPES):
        x = rng.normal(0, 3, (20, *shape))
        text = f"fixed<{14 + k},4,RND,SAT>"
        project.add("Reshape", x, text, dict(RESULTS[k % 3]), target_shape=target)
    count, distinct = project.compare(tmp_path)
    record_property("values_compared", count)
    assert min(distinct.values()) > 10
