"""Other formats for a graph, and runs that begin at the first change: same bits as a fresh load."""

import numpy as np
import pytest

import emu
from emu.engine.plan import Plan
from tests.emu.models import mlp

CONFIG = {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1, "Strategy": "Latency"}}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return mlp(tmp_path_factory.mktemp("model"), (6, 9, 7, 4))


def load(model, layers=None):
    config = {**CONFIG, "LayerName": {k: {"Precision": v} for k, v in (layers or {}).items()}}
    return emu.load(model[0], weights=model[1], config=config)


@pytest.fixture(scope="module")
def graph(model):
    return load(model)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(3).normal(0, 2, (300, 6))


NODES = ("fc1", "fc2", "fc3")


class TestWithFormats:
    @pytest.mark.parametrize(
        ("formats", "layers"),
        [
            ({"fc2": "fixed<9,4,RND,SAT>"}, {"fc2": {"result": "fixed<9,4,RND,SAT>"}}),
            ({"fc1.accum": "fixed<12,6,RND,SAT>"}, {"fc1": {"accum": "fixed<12,6,RND,SAT>"}}),
            (
                {"fc1.weight": "fixed<5,2,RND>", "fc3.bias": "fixed<4,1>"},
                {"fc1": {"weight": "fixed<5,2,RND>"}, "fc3": {"bias": "fixed<4,1>"}},
            ),
        ],
    )
    def test_equals_a_load_with_that_configuration(self, model, graph, x, formats, layers):
        ours, theirs = graph.with_formats(formats), load(model, layers)
        assert ours.formats == theirs.formats
        a, b = ours.trace(x, raw=True), theirs.trace(x, raw=True)
        for name in theirs.values:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)
        assert not np.array_equal(ours.predict(x), graph.predict(x))

    def test_unchanged_nodes_are_shared(self, graph):
        ours = graph.with_formats({"fc2": "fixed<9,4>", "fc1": str(graph.formats["fc1"])})
        assert [a is b for a, b in zip(ours.nodes, graph.nodes, strict=True)] == [
            node.name != "fc2" for node in graph.nodes
        ]

    def test_unknown_name(self, graph):
        with pytest.raises(ValueError, match=r"not 'fc1.acum'; nearest: fc1.accum"):
            graph.with_formats({"fc1.acum": "fixed<8,4>"})

    def test_not_a_format(self, graph):
        with pytest.raises(ValueError, match=r"format of fc1: .*fixd"):
            graph.with_formats({"fc1": "fixd<8,4>"})

    def test_a_table_that_would_have_to_be_made_again(self, tmp_path):
        model = mlp(tmp_path, (6, 4), activation="softmax")
        softmax = load(model)
        name = softmax.output_names[0]
        accum = softmax.with_formats({f"{name}.accum": "fixed<20,9>"})
        assert accum.nodes[-1].op.accum.width == 20
        with pytest.raises(ValueError, match=f"tables of {name} must keep .*load the model"):
            softmax.with_formats({f"{name}.difference": "ufixed<12,6>"})


class TestRerun:
    def test_equals_predict(self, graph, x):
        rerun = graph.rerun(x)
        for formats in (
            {},
            {"fc3": "fixed<8,4>"},
            {"fc2": "fixed<8,4>"},
            {"fc1.accum": "fixed<10,5>"},
            {"fc2": "fixed<7,3>", "fc3": "fixed<9,5>"},
            {graph.inputs[0].name: "fixed<6,3>"},
        ):
            expected = graph.with_formats(formats).predict(x)
            np.testing.assert_array_equal(rerun.predict(formats), expected)
        raw = rerun.predict({"fc3": "fixed<8,4>"}, raw=True)
        np.testing.assert_array_equal(
            raw, graph.with_formats({"fc3": "fixed<8,4>"}).predict(x, raw=True)
        )

    def test_starts_at_the_change(self, graph, x, monkeypatch):
        """Nothing before the first change is computed a second time."""
        computed = []
        kept_at = Plan.kept_at.func

        def spy(plan):
            computed.append([name for step in plan.steps for name in step.nodes])
            return kept_at(plan)

        rerun = graph.rerun(x)
        rerun.predict({"fc3": "fixed<8,4>"})
        monkeypatch.setattr(Plan, "kept_at", property(spy))
        rerun.predict({"fc3": "fixed<9,4>"})
        assert not any("fc1" in names or "fc2" in names for names in computed)
        assert any("fc3" in names for names in computed)

    def test_without_memory_for_tensors(self, graph, x):
        rerun = graph.rerun(x, memory=0)
        expected = graph.with_formats({"fc3": "fixed<8,4>"}).predict(x)
        np.testing.assert_array_equal(rerun.predict({"fc3": "fixed<8,4>"}), expected)
        assert not rerun._known


def test_predict_of_an_iterator_is_one(graph, x):
    """Batch by batch, and nothing is computed before it is asked for."""
    taken = []

    def batches():
        for part in np.array_split(x, 4):
            taken.append(len(part))
            yield part

    found = graph.predict(batches())
    assert taken == []
    np.testing.assert_array_equal(np.concatenate(list(found)), graph.predict(x))


def test_predict_reads_a_mapped_file_block_by_block(graph, x, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    monkeypatch.setattr("emu.run._MOST", 64)
    expected = graph.predict(x)
    np.testing.assert_array_equal(graph.predict(mapped), expected)
    bad = x.copy()
    bad[257, 2] = np.nan
    np.save(tmp_path / "bad.npy", bad)
    with pytest.raises(ValueError, match=r"must be finite, not nan at index \(257, 2\)"):
        graph.predict(np.load(tmp_path / "bad.npy", mmap_mode="r"))


def test_memory_limits_the_block(graph, x):
    """Fewer samples a block, the same bits; less than one sample's tensors is refused."""
    each = graph.plan().bytes_per_sample()
    np.testing.assert_array_equal(graph.predict(x, memory=3 * each), graph.predict(x))
    with pytest.raises(ValueError, match=f"memory must be at least {each} bytes"):
        graph.predict(x, memory=each - 1)
