"""Comparison is exact, finds the first divergence, and counts only what is evidence."""

import numpy as np
import pytest

from emu import Graph, Node
from emu.ops import Activation, Input
from fxp import Format
from validation import compare
from validation.comparison import hex_bits, real_text

WIDE = Format.parse("fixed<10,4>")
NARROW = Format.parse("ufixed<3,3>")


def chain(last="relu", result=WIDE):
    return Graph(
        (
            Node("x", Input(result=WIDE, dimensions=(2, 3))),
            Node("a", Activation(name="relu", result=WIDE), ("x",)),
            Node("b", Activation(name=last, result=result), ("a",)),
        ),
        ("b",),
    )


def values(graph, samples=20):
    x = np.arange(samples * 6).reshape(samples, 2, 3) / 64.0
    return graph.trace(x, raw=True)


def test_equal_values_agree_and_count():
    """Nothing differs; every tensor takes enough values."""
    graph = chain()
    t = values(graph)
    found = compare(graph, t, {name: raw.copy() for name, raw in t.items()})
    assert found.agrees and found.first is None and found.differing == 0
    assert found.compared == 3 * 120
    assert [layer.verdict for layer in found.layers] == ["agrees"] * 3
    assert all(layer.counts for layer in found.layers)
    assert [layer.layer for layer in found.layers] == ["x", "a", "b"]


def test_one_flipped_bit_is_found_where_it_is():
    """Layer, sample, element, both raw values in hex and as reals, format."""
    graph = chain()
    t = values(graph)
    other = {name: raw.copy() for name, raw in t.items()}
    other["a"][3, 1, 2] ^= 4
    found = compare(graph, t, other, groups=(("user", 2), ("random", 18)))
    assert not found.agrees and found.differing == 1
    first = found.first
    assert (first.layer, first.sample, first.index, first.group) == ("a", 3, (1, 2), "random")
    assert (first.expected_raw, first.found_raw) == (23, 19)
    assert str(first) == (
        "first divergence: a[1, 2] of sample 3 (random), relu: emulator 0x017 = 0.359375,"
        " C++ 0x013 = 0.296875, format ap_fixed<10,4>"
    )
    assert found.layers[1].verdict == "1 of 120 values differ"
    assert found.layers[1].differing == {"user": 0, "random": 1}
    assert not found.layers[1].counts and found.layers[0].counts
    assert first.to_dict()["cpp"] == {"raw": 19, "hex": "0x013", "real": "0.296875"}


def test_the_earliest_sample_and_element_are_first():
    """In one layer: sample before element, both ascending."""
    graph = chain()
    t = values(graph)
    other = {name: raw.copy() for name, raw in t.items()}
    for place in [(5, 0, 0), (2, 1, 0), (2, 0, 2), (19, 1, 2)]:
        other["b"][place] += 1
    first = compare(graph, t, other).first
    assert (first.sample, first.index) == (2, (0, 2))


def test_the_earlier_layer_is_first_though_a_later_sample():
    """Graph order before sample order: the cause lies upstream."""
    graph = chain()
    t = values(graph)
    other = {name: raw.copy() for name, raw in t.items()}
    other["b"][0] += 1
    other["a"][9, 0, 1] += 1
    first = compare(graph, t, other).first
    assert (first.layer, first.sample) == ("a", 9)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda t: t.pop("a"), "not compared: the C++ did not write this layer"),
        (
            lambda t: t.update(a=t["a"][:-1]),
            "not compared: shape must be (20, 2, 3), not (19, 2, 3)",
        ),
    ],
)
def test_a_tensor_that_cannot_be_compared_is_no_pass(change, verdict):
    """Missing or misshapen: agrees is False though no value differs."""
    graph = chain()
    t = values(graph)
    other = dict(t)
    change(other)
    found = compare(graph, t, other)
    assert not found.agrees and found.differing == 0
    assert found.layers[1].verdict == verdict
    assert found.layers[1].values == {"all": 0}
    assert not found.layers[1].counts


def test_few_distinct_values_are_no_evidence():
    """A tensor that is constant agrees, but it does not count."""
    graph = chain()
    x = np.zeros((30, 2, 3))
    t = graph.trace(x, raw=True)
    found = compare(graph, t, t)
    assert found.agrees
    assert not any(layer.counts for layer in found.layers)
    assert found.layers[0].verdict == "agrees, not counted: 1 distinct value, needs 10"


def test_a_format_of_few_codes_counts_when_it_takes_them_all():
    """Three bits have eight codes: eight suffice, seven do not."""
    graph = Graph(
        (
            Node("x", Input(result=NARROW, dimensions=(1,))),
            Node("y", Activation(name="relu", result=NARROW), ("x",)),
        ),
        ("y",),
    )
    t = graph.trace(np.arange(8.0)[:, None], raw=True)
    assert compare(graph, t, t).layers[1].counts
    t = graph.trace(np.arange(7.0)[:, None], raw=True)
    layer = compare(graph, t, t).layers[1]
    assert not layer.counts
    assert layer.verdict == "agrees, not counted: 7 distinct values, needs 8"


@pytest.mark.parametrize(("name", "needed"), [("binary_tanh", 2), ("ternary_tanh", 3)])
def test_functions_of_few_values_need_only_those(name, needed):
    """binary_tanh gives two codes in any format, ternary_tanh three."""
    graph = chain(name)
    t = values(graph)
    assert compare(graph, t, t).layers[2].needed == needed


def test_values_of_the_user_are_told_apart():
    """distinct counts all rows, user_distinct those of the group ``user``."""
    graph = chain()
    t = values(graph)
    layer = compare(graph, t, t, groups=(("user", 1), ("random", 19))).layers[0]
    assert (layer.distinct, layer.user_distinct) == (120, 6)
    assert compare(graph, t, t, groups=(("random", 20),)).layers[0].user_distinct == 0


def test_bad_arguments():
    """Expected values must be whole, groups must add up."""
    graph = chain()
    t = values(graph)
    with pytest.raises(ValueError, match=r"^expected must have every tensor .* not lack \['b'\]$"):
        compare(graph, {"x": t["x"], "a": t["a"]}, t)
    with pytest.raises(ValueError, match=r"^groups must add up to 20 samples, not \(\('user', 3\)"):
        compare(graph, t, t, groups=(("user", 3),))


def test_bits_and_reals_as_text():
    """Two's complement of the width; exact decimals; a value outside the format is said to be."""
    assert hex_bits(-512, WIDE) == "0x200"
    assert hex_bits(512, WIDE) == "512 (outside 10 bits)"
    assert real_text(-1, WIDE) == "-0.015625"
    assert real_text(-512, WIDE) == "-8"
    assert real_text(3, Format.parse("fixed<4,9>")) == "96"
