"""Spiking layers equal the kernels of hls4ml's main branch, which are in no release yet.

HLS4ML_MAIN names a checkout of it. Its kernels take a time step a call and keep their potentials;
ours take a window.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from emu.op import Constant, Value
from emu.ops import RESETS, RULES, SpikingNeuron, SpikingReadout
from fxp import Format
from tests.generator import compiled
from tests.peer import project

MAIN = Path(os.environ.get("HLS4ML_MAIN", ""))
FOLDER = MAIN / "hls4ml" / "templates" / "vivado" / "nnet_utils"

pytestmark = [
    *project.needs_hls4ml,
    pytest.mark.long,
    pytest.mark.skipif(
        not (FOLDER / "nnet_snn.h").is_file(),
        reason="needs hls4ml's main branch: set HLS4ML_MAIN to a checkout",
    ),
]

STEPS, WINDOWS = 6, 200
HEAD = """#include <cstdio>
#include "ap_fixed.h"
#include "nnet_snn.h"
template <class T> struct one {
    typedef T value_type;
    T data;
    one &operator=(const T &x) { data = x; return *this; }
};
template <class T> T &of(one<T> &y) { return y.data; }
template <class T> T &of(T &y) { return y; }
template <class X, class Y, int N, int M, class F> void run(const char *path, int each, F kernel) {
    std::FILE *file = std::fopen(path, "rb");
    long long raw[N];
    for (int step = 1; std::fread(raw, 8, N, file) == N; step++) {
        X x[N];
        Y y[M];
        for (int i = 0; i < N; i++)
            x[i].range() = raw[i];
        kernel(x, y);
        for (int i = 0; i < M; i++)
            if (step % each == 0)
                std::printf("%lld ", (long long)ap_int<64>(of(y[i]).range()).to_int64());
    }
    std::printf("\\n");
}
"""


def random_type(rng, low, high, *, signed=None):
    """``ap_[u]fixed`` of random width, integer bits and modes."""
    width = int(rng.integers(low, high))
    sign = "" if signed or rng.random() < 0.8 else "u"
    modes = f"AP_{rng.choice(project.ROUNDINGS)},AP_{rng.choice(project.LIMITS)}"
    return f"ap_{sign}fixed<{width},{rng.integers(1, min(width, 6) + 1)},{modes}>"


def inputs(rng, text, n):
    """Windows (N, steps, n) of which half is 0."""
    f = Format.parse(text)
    raw = rng.integers(f.raw_min, f.raw_max, (WINDOWS, STEPS, n), endpoint=True)
    return np.where(rng.random(raw.shape) < 0.5, 0, raw)


def single(value):
    """The double of a float literal."""
    return float(np.float32(value))


def neuron(rng, k):
    """Struct, call, operator and inputs of a random neuron; constants for all or one each."""
    n, x, membrane = 3, random_type(rng, 4, 14), random_type(rng, 6, 14, signed=True)
    types = {name: random_type(rng, 4, 10, signed=True) for name in ("threshold", "beta")}
    values = {"threshold": rng.uniform(0.05, 2, n), "beta": rng.uniform(0.3, 1, n)}
    each = {"threshold": bool(k & 1), "beta": bool(k & 2)}
    leaky, reset, result = bool(k & 8), RESETS[k >> 2 & 1], ("ap_uint<1>", "ap_fixed<4,2>")[k % 2]
    fields = [
        f"    typedef {types[name]} {name}_t; static const bool {name}_is_vector = {int(each[name])};"
        f" static constexpr float {name} = {single(values[name][0])!r}f;\n"
        for name in types
    ]
    struct = (
        f"struct c{k} {{ static const unsigned n_in = {n}, n_out = {n}, window_size = {STEPS};\n"
        f"    typedef {membrane} membrane_t;\n{''.join(fields)}"
        f"    static const nnet::snn_reset_mode reset_mode = nnet::snn_reset_mode::{reset};\n}};\n"
        f"constexpr float c{k}::threshold, c{k}::beta;"
    )
    arrays = "".join(
        f" {kind} {name}[] = {{{', '.join(map(repr, values[name].tolist()))}}};"
        for name, kind in types.items()
    )
    kernel = f"lif_neuron<{x}, {result}, c{k}>(x, y, beta, threshold)"
    if not leaky:
        kernel = f"if_neuron<{x}, {result}, c{k}>(x, y, threshold)"
    call = (
        f'run<{x}, {result}, {n}, {n}>("x{k}.bin", 1, []({x} *x, {result} *y)'
        f" {{{arrays} nnet::{kernel}; }});"
    )
    own = {
        name: Constant.of(values[name] if each[name] else single(values[name][0]), kind)
        for name, kind in types.items()
        if leaky or name == "threshold"
    }
    op = SpikingNeuron(
        result=Format.parse(result), membrane=Format.parse(membrane), reset=reset, **own
    )
    return struct, call, op, x, inputs(rng, x, n)


MODES = [(rule, "membrane" in rule) for rule in RULES] + [("binary_logit", True)]


def readout(rng, k):
    """Struct, call, operator and inputs of a random readout."""
    rule, potentials = MODES[k % len(MODES)]
    n, x, membrane = 2 if rule == "binary_logit" else 4, random_type(rng, 4, 14), None
    text = random_type(rng, 6, 14, signed=True)
    result = ("ap_uint<4>", "ap_fixed<9,5,AP_RND,AP_SAT>", "ap_fixed<6,3>")[k % 3]
    beta, enough = single(rng.uniform(0.3, 1)), int(rng.integers(1, 5))
    membrane = Format.parse(text) if potentials else None
    mode = "membrane" if potentials else "spike"
    struct = (
        f"struct c{k} {{ static const unsigned n_classes = {n}, window_size = {STEPS},"
        f" class_threshold = {enough}; static constexpr float beta = {beta!r}f;\n"
        f"    typedef {text} membrane_t;\n"
        f"    static const nnet::snn_readout_mode output_mode = nnet::snn_readout_mode::{mode};\n"
        f"    static const nnet::snn_decision_rule decision_rule ="
        f" nnet::snn_decision_rule::{rule};\n}};\nconstexpr float c{k}::beta;"
    )
    call = (
        f'run<{x}, one<{result}>, {n}, 1>("x{k}.bin", {STEPS}, []({x} *x, one<{result}> *y)'
        f" {{ nnet::snn_readout<{x}, one<{result}>, c{k}>(x, y); }});"
    )
    op = SpikingReadout(
        result=Format.parse(result),
        rule=rule,
        class_threshold=enough,
        membrane=membrane,
        beta=Constant.of(beta, text) if potentials else None,
    )
    return struct, call, op, x, inputs(rng, x, n)


@pytest.mark.parametrize("draw", [neuron, readout], ids=lambda draw: draw.__name__)
def test_spiking_layers(draw, tmp_path, record_property):
    """60 random layers, 200 windows each, all types with modes of their own."""
    rng = np.random.default_rng(11)
    cases = [draw(rng, k) for k in range(60)]
    for k, case in enumerate(cases):
        case[-1].astype("<i8").tofile(tmp_path / f"x{k}.bin")
    structs, calls = zip(*(case[:2] for case in cases), strict=True)
    body = "\n".join([HEAD, *structs, "int main() {", *calls, "}", ""])
    (tmp_path / "main.cpp").write_text(body)
    include = ["-isystem", str(compiled.headers()), "-isystem", str(FOLDER)]
    command = ["g++", "-std=c++14", "-O0", "-DNDEBUG", "-w", *include, "main.cpp", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=900)
    done = subprocess.run([tmp_path / "main"], cwd=tmp_path, capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    count = several = 0
    for line, (struct, _, op, text, raw) in zip(lines, cases, strict=True):
        value = Value("x", raw.shape[1:], Format.parse(text))
        mine, mask = op.evaluate(raw, values=(value,)).reshape(-1), (1 << op.result.width) - 1
        theirs = np.array(line.split(), dtype=np.int64)
        np.testing.assert_array_equal(mine & mask, theirs & mask, err_msg=f"{text} {struct}")
        count, several = count + mine.size, several + (np.unique(mine).size > 1)
    record_property("values_compared", count)
    assert several > 50
