"""Firmware holds tensors, weights and tables of at most 62 bits; accumulators may be wider."""

import numpy as np
import pytest

import emu
import generator
import validation
from tests.emu.models import mlp


def graph(folder, **precision):
    path, weights = mlp(folder, (4, 3), activation="linear")
    model = {"Precision": {"default": "fixed<16,6>", **precision}, "ReuseFactor": 1}
    return emu.load(path, weights=weights, config={"Model": model})


@pytest.mark.parametrize(
    ("precision", "what"),
    [
        (
            {"result": "fixed<70,30>"},
            r"x must have at most 62 bits in firmware, not ap_fixed<70,30>;",
        ),
        ({"weight": "fixed<63,30>"}, r"weight of fc1 must have at most 62 bits in firmware"),
        ({"bias": "ufixed<80,3>"}, r"bias of fc1 must have at most 62 bits in firmware"),
    ],
)
def test_wide_tensors_and_weights_are_refused(tmp_path, precision, what):
    """The tensor or weight, its format, and the way out; nothing is written."""
    with pytest.raises(generator.ProjectError, match=rf"^{what}.* set its Precision"):
        generator.generate(graph(tmp_path, **precision), tmp_path / "firmware")
    assert not (tmp_path / "firmware").exists()


@pytest.mark.cpp
@pytest.mark.parametrize("accum", ["fixed<80,30>", "fixed<70,4,RND_CONV,SAT>"])
def test_wide_accumulators_agree(tmp_path, accum):
    """Sums above 62 bits: C++ = emulator."""
    wide = graph(tmp_path, accum=accum, weight="fixed<40,4>", bias="fixed<60,4>")
    project = generator.generate(wide, tmp_path / "firmware")
    vectors = validation.stimuli(wide, random=300)
    try:
        run = validation.cosim(project, vectors)
    except validation.CouldNotRunError as error:
        pytest.skip(str(error))
    found = validation.compare(wide, wide.trace(vectors.reals(wide), raw=True), run.tensors)
    assert found.agrees, str(found.first)
    assert np.unique(run.tensors["fc1"]).size > 100
