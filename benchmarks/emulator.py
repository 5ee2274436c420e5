"""Samples per second: emulator beside hls4ml's compiled C simulation, same model, same run.

    python benchmarks/emulator.py [--models FOLDER] [--json results.json]

FOLDER holds KERAS_3layer.json and KERAS_3layer_weights.h5 (fastmachinelearning example-models);
without them a network of the same shape (16-64-32-32-5) is drawn, and the table says so. Both
sides start from float64 inputs and end in float64 outputs, and must agree in every bit.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import emu
from tests.emu.models import mlp

LAYERS = ("fc1_relu", "fc2_relu", "fc3_relu", "output_softmax")
SAMPLES_EMULATOR, SAMPLES_PEER, REPEATS = 400_000, 4_000, 5


def configurations(names):
    """``{precision: HLSConfig}``: fixed<16,6> everywhere, automatic types, saturating types."""
    auto = {"Precision": {"result": "auto", "accum": "auto"}}
    model = {"ReuseFactor": 1, "Strategy": "Latency"}
    return {
        "fixed<16,6>": {"Model": {"Precision": "fixed<16,6>", **model}},
        "auto": {
            "Model": {"Precision": {"default": "fixed<16,6>", "maximum": "fixed<32,16>"}, **model},
            "LayerName": dict.fromkeys(names, auto),
        },
        "fixed<16,6,RND,SAT>": {"Model": {"Precision": "fixed<16,6,RND,SAT>", **model}},
    }


def best_time(call, x):
    """Least wall time of REPEATS calls, after one to warm up, in seconds."""
    call(x)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call(x)
        times.append(time.perf_counter() - start)
    return min(times)


def peer(config, folder):
    """hls4ml's compiled model."""
    from hls4ml.converters import keras_v2_to_hls

    with contextlib.redirect_stdout(io.StringIO()):
        model = keras_v2_to_hls({**config, "OutputDir": folder})
        model.compile()
    return model


def main():
    """Measure, print the table, and write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--models", type=Path, default=ROOT.parent / "shared" / "models" / "keras")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = options.models / "KERAS_3layer.json"
        if path.is_file():
            model, weights, names = path, options.models / "KERAS_3layer_weights.h5", LAYERS
        else:
            model, weights = mlp(folder, (16, 64, 32, 32, 5))
            names = tuple(f"fc{i}" for i in range(1, 5))
            print(f"{path} is not there: a network of that shape with weights drawn N(0, 0.6)")
        x = np.random.default_rng(0).normal(0, 1.2, (SAMPLES_EMULATOR, 16))
        for precision, hls in configurations(names).items():
            config = {
                "KerasJson": str(model),
                "KerasH5": str(weights),
                "ProjectName": "net",
                "Backend": "Vitis",
                "Part": "xcvu13p-flga2577-2-e",
                "ClockPeriod": 5,
                "ClockUncertainty": "27%",
                "IOType": "io_parallel",
                "HLSConfig": hls,
            }
            start = time.perf_counter()
            graph = emu.load(model, weights=weights, config=hls)
            graph.predict(x[:1])
            first_ours = time.perf_counter() - start
            start = time.perf_counter()
            theirs = peer(config, str(Path(folder) / f"prj{len(rows)}"))
            theirs.predict(x[:2])
            first_theirs = time.perf_counter() - start
            few = np.ascontiguousarray(x[:SAMPLES_PEER])
            agree = bool(np.array_equal(graph.predict(few), theirs.predict(few)))
            ours_s = SAMPLES_EMULATOR / best_time(graph.predict, x)
            theirs_s = SAMPLES_PEER / best_time(theirs.predict, few)
            rows.append(
                {
                    "precision": precision,
                    "emulator_samples_per_s": ours_s,
                    "hls4ml_samples_per_s": theirs_s,
                    "ratio": ours_s / theirs_s,
                    "first_bits_s": first_ours,
                    "hls4ml_first_bits_s": first_theirs,
                    "bits_agree": agree,
                }
            )
    print(f"{model.name}, {os.cpu_count()} cores, {platform.processor() or platform.machine()}\n")
    print(
        "| precision | emulator /s | hls4ml C simulation /s | ratio"
        " | first bits s | hls4ml s | bits agree |"
    )
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| `{row['precision']}` | {row['emulator_samples_per_s']:,.0f} |"
            f" {row['hls4ml_samples_per_s']:,.0f} | {row['ratio']:.0f}"
            f" | {row['first_bits_s']:.2f} |"
            f" {row['hls4ml_first_bits_s']:.1f} | {'yes' if row['bits_agree'] else 'NO'} |"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(row["bits_agree"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
