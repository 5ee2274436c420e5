"""Kernels that no Keras 2 file reaches, or not in every type: hls4ml's header itself, compiled."""

import importlib.util
import subprocess
from pathlib import Path

import numpy as np

from emu.ops import Activation
from fxp import Format
from tests.emu import grid
from tests.emu.test_grid_activation import HARD
from tests.peer.project import needs_hls4ml

pytestmark = needs_hls4ml

TYPES = ("fixed<8,4>", "ufixed<8,4>", "fixed<6,-2>", "fixed<5,9>", "ufixed<5,8>", "int<6>")
RESULTS = (
    "fixed<16,6>",
    "fixed<5,2,RND_CONV,SAT>",
    "ufixed<4,1,RND,SAT_ZERO>",
    "fixed<6,-1,RND,SAT>",
)
CASES = [
    (name, text, RESULTS[(k + j) % len(RESULTS)], parameters)
    for name in ("hard_sigmoid", "hard_tanh")
    for k, text in enumerate(TYPES)
    for j, parameters in enumerate(HARD)
]

MAIN = """
#include <cstdio>
#include "nnet_utils/nnet_activation.h"
template <class T> T from_bits(long raw) {{ T x; x.range() = raw; return x; }}
{structs}
template <class D, class R, class C, class F> void run(F kernel, long first, long last) {{
    for (long raw = first; raw <= last; raw++) {{
        D x[1] = {{from_bits<D>(raw)}};
        R y[1];
        kernel(x, y);
        std::printf("%lld ", (long long)ap_int<64>(y[0].range()).to_int64());
    }}
    std::printf("\\n");
}}
int main() {{
{calls}
}}
"""


def source():
    """One configuration struct and one line of output per case."""
    structs, calls = [], []
    for k, (name, text, result, ((slope, s), (shift, t))) in enumerate(CASES):
        structs.append(
            f"struct c{k} {{ static const unsigned n_in = 1, io_type = nnet::io_parallel;"
            f" static const ap_{slope} slope; static const ap_{shift} shift; }};\n"
            f"const ap_{slope} c{k}::slope = from_bits<ap_{slope}>({s});\n"
            f"const ap_{shift} c{k}::shift = from_bits<ap_{shift}>({t});"
        )
        kernel = f"nnet::{name}<ap_{text}, ap_{result}, c{k}>"
        codes = grid.codes(text)
        calls.append(
            f"    run<ap_{text}, ap_{result}, c{k}>([](ap_{text} *x, ap_{result} *y)"
            f" {{ {kernel}(x, y); }}, {codes[0]}, {codes[-1]});"
        )
    words = MAIN.format(structs="\n".join(structs), calls="\n".join(calls))
    for mode in ("TRN", "RND_CONV", "RND", "SAT_ZERO", "SAT"):
        words = words.replace(f",{mode},", f",AP_{mode},").replace(f",{mode}>", f",AP_{mode}>")
    return words


def test_hard_activations_in_hls4mls_header(tmp_path):
    """hard_tanh and hard_sigmoid, also where the expression's LSB is above 1."""
    templates = Path(importlib.util.find_spec("hls4ml").origin).parent / "templates" / "vivado"
    program = tmp_path / "hard.cpp"
    program.write_text(source())
    include = ["-isystem", str(templates), "-isystem", str(templates / "ap_types")]
    command = ["g++", "-std=c++14", "-O1", "-DNDEBUG", "-w", *include, str(program), "-o", "hard"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    printed = subprocess.run(
        [str(tmp_path / "hard")], capture_output=True, text=True, timeout=60, check=True
    ).stdout.splitlines()
    assert len(printed) == len(CASES)
    distinct = 0
    for line, (name, text, result, parameters) in zip(printed, CASES, strict=True):
        f = Format.parse(result)
        theirs = np.array(line.split(), dtype=np.int64) & ((1 << f.width) - 1)
        op = Activation(
            result=f, name=name, parameters=tuple(grid.constant(*pair) for pair in parameters)
        )
        mine = grid.run(op, grid.codes(text)[:, None], text)[:, 0]
        what = f"{name} {text} -> {result}, {parameters}"
        grid.agree(mine & ((1 << f.width) - 1), theirs.tolist(), lambda what=what: what)
        distinct += np.unique(mine).size >= 4
    assert distinct >= len(CASES) // 4
