"""predict and trace give the bits of hls4ml 1.3.0's Vitis C simulation, recorded for real models.

The recordings lie outside the repository (BITWRIGHT_GOLDEN, or ../shared/models/golden beside the
checkout); without them these tests are skipped, which the summary shows.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import emu
from emu.ops import Dense

ROOT = Path(
    os.environ.get(
        "BITWRIGHT_GOLDEN", Path(__file__).parents[2].parent / "shared" / "models" / "golden"
    )
)
MODELS = (
    "KERAS_1layer",
    "KERAS_3layer",
    "KERAS_3layer_batch_norm",
    "KERAS_dense_16x100x100x100x100x100x5",
    "KERAS_conv1d_small",
    "KERAS_conv2d_model",
    "jetTagger_Conv2D_Small",
    "KERAS_3layer_binary_smaller",
    "KERAS_3layer_binarydense_relu_max",
    "KERAS_3layer_ternary_small",
)
VARIANTS = ("default", "auto", "resource_rf4", "mixed", "stream")
NOT_RECORDED = "KERAS_3layer_binarydense_relu_max__stream"
"""hls4ml has no relu1 for streams: its project does not compile."""
CASES = [
    case
    for case in (f"{model}__{variant}" for model in MODELS for variant in VARIANTS)
    if case != NOT_RECORDED
]

pytestmark = pytest.mark.skipif(
    not ROOT.is_dir(), reason=f"hls4ml's recorded bits are not at {ROOT} (set BITWRIGHT_GOLDEN)"
)


@pytest.mark.parametrize("case", CASES)
def test_every_recorded_bit_is_met(case, record_property):
    """Outputs and every recorded layer equal hls4ml's, value by value."""
    graph = emu.load(ROOT / case / "config.yml")
    recorded = np.load(ROOT / case / "io.npz")
    x = recorded["x_0"].astype(np.float64)
    compared = {"y_0": graph.predict(x)}
    compared |= {f"t_{name}": values for name, values in graph.trace(x).items()}
    traced = {name for name in recorded.files if name.startswith("t_")}
    assert traced <= set(compared), "a layer that hls4ml keeps is absent from the trace"
    values = 0
    for name in ("y_0", *sorted(traced)):
        flat = compared[name].reshape(len(x), -1)
        np.testing.assert_array_equal(flat, recorded[name], err_msg=name)
        values += flat.size
    record_property("values_compared", values)
    assert values >= 256


def test_all_cases_of_this_slice_are_here():
    """40 io_parallel and 9 io_stream cases, 3 134 240 values: every recording there is."""
    values = sum(
        recorded[name].size
        for case in CASES
        for recorded in [np.load(ROOT / case / "io.npz")]
        for name in recorded.files
        if name.startswith(("y_", "t_"))
    )
    assert (len(CASES), values) == (49, 3134240)
    assert {path.name for path in ROOT.iterdir()} <= set(CASES)


def test_latency_order_is_wrong_for_the_resource_case():
    """The order of a saturating accumulator matters: ascending order misses 382 of 34 048 values.

    Each Dense layer is fed what hls4ml recorded before it.
    """
    case = "KERAS_3layer__resource_rf4"
    graph = emu.load(ROOT / case / "config.yml")
    recorded = np.load(ROOT / case / "io.npz")
    before = graph.trace(recorded["x_0"].astype(np.float64), raw=True)
    wrong = {1: 0, 4: 0}
    values = 0
    for node in graph.nodes:
        if isinstance(node.op, Dense):
            expected = np.ldexp(recorded[f"t_{node.name}"], node.op.result.frac)
            source = graph.values[node.inputs[0]]
            values += expected.size
            for interleave in wrong:
                op = replace(node.op, interleave=interleave)
                found = op.evaluate(before[source.name], values=(source,))
                wrong[interleave] += int((found != expected).sum())
    assert (values, wrong) == (34048, {1: 382, 4: 0})
