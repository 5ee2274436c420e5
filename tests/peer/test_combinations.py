"""Merges, pooling, moves and look-ups against hls4ml's C simulation: a share of every family.

``pytest -m long tests/peer`` runs all of each family, in many formats.
"""

from tests.peer import test_lookup as lookup
from tests.peer import test_merge as merge
from tests.peer import test_pooling as pooling
from tests.peer import test_reshaping as reshaping
from tests.peer.project import Project, needs_hls4ml, needs_keras3

pytestmark = needs_hls4ml


def compare(project, folder):
    """Each family offers its layers; the project keeps a share of them."""
    for seed, family in enumerate((merge, pooling, reshaping, lookup)):
        family.build(project, seed)
    _, distinct = project.compare(folder)
    assert len(distinct) > 20
    assert sum(number >= 4 for number in distinct.values()) > len(distinct) // 2


def test_layers_agree(tmp_path):
    """No bit differs where hls4ml defines one."""
    compare(Project(every=6), tmp_path)


class TestKeras3:
    """The same layers by way of hls4ml's Keras 3 converter."""

    pytestmark = needs_keras3

    def test_layers_agree(self, tmp_path):
        """No bit differs where hls4ml defines one."""
        compare(Project(generation=3, every=6), tmp_path)
