"""Recurrent layers against hls4ml's compiled C simulation: whole models, and its kernels alone."""

import importlib.util
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest

from emu.op import Value
from emu.ops import CELLS, Recurrent
from emu.tables import function_table
from fxp import Format
from tests.emu import grid, models
from tests.emu.test_grid_recurrent import GATES, cell, sequences
from tests.peer.project import Project, needs_hls4ml, needs_keras3, random_format

pytestmark = needs_hls4ml

STEPS = 3


def keras(kind, units, **fields):
    """Configuration of a Keras layer."""
    found = {"units": units, "activation": "tanh", "recurrent_activation": "sigmoid"}
    found |= {"use_bias": True, "return_sequences": True, "return_state": False}
    if kind == "GRU":
        found["reset_after"] = True
    return found | fields


def arrays(rng, kind, n_in, units):
    """Float weights of a Keras layer."""
    columns = GATES[kind.lower()] * units
    bias = (2, columns) if kind == "GRU" else (columns,)
    shapes = {"kernel": (n_in, columns), "recurrent_kernel": (units, columns), "bias": bias}
    return {name: rng.normal(0, 0.7, shape).astype(np.float32) for name, shape in shapes.items()}


def add(project, rng, kind, *, n_in=3, units=4, keys=None, precision=None, types=None, **fields):
    """One layer; ``types`` are those of input, accum and result, which an LSTM must share."""
    draw = [random_format(rng, 7, 14, integer=int(rng.integers(3, 5))) for _ in range(3)]
    data, accum, result = types or (draw if kind == "GRU" else [draw[0]] * 3)
    found = {"accum": accum, "result": result}
    for variable in ("weight", "bias", "recurrent_weight", "recurrent_bias"):
        found[variable] = random_format(rng, 5, 12, integer=int(rng.integers(1, 3)))
    keys = {"TableSize": int(rng.choice([64, 256, 1024])), **(keys or {})}
    if rng.random() < 0.7:
        keys["table_t"] = random_format(rng, 7, 16, integer=int(rng.integers(1, 3)))
    x = rng.normal(0, 2, (40, STEPS, n_in))
    x[::5] *= 10  # beyond the input type
    weights = arrays(rng, kind, n_in, units)
    options = keras(kind, units, **fields)
    project.add(kind, x, data, found | (precision or {}), weights=weights, keys=keys, **options)


def add_bidirectional(
    project, rng, kinds, *, n_in=3, keys=None, precision=None, own_weights=True, **fields
):
    """Two cells, each of its own kind, number of units and types."""
    formats = [random_format(rng, 7, 14, integer=int(rng.integers(3, 5))) for _ in range(3)]
    found = {"accum": formats[1], "result": formats[2]}
    layers, weights = [], {}
    for way, kind, units in zip(("forward", "backward"), kinds, (4, 3), strict=True):
        name = f"{kind.lower()}_{units}"
        options = keras(kind, units, name=name, go_backwards=way == "backward", **fields)
        layers.append({"class_name": kind, "config": options})
        for key, array in arrays(rng, kind, n_in, units).items():
            weights[f"{way}_{name}/{kind.lower()}_cell/{key}"] = array
        for variable in ("weight", "bias", "recurrent_weight", "recurrent_bias"):
            found[f"{way}_{variable}"] = random_format(rng, 5, 12, integer=int(rng.integers(1, 3)))
    keys = {"TableSize": int(rng.choice([64, 256, 1024])), **(keys or {})}
    x = rng.normal(0, 2, (40, STEPS, n_in))
    options = {"layer": layers[0], "backward_layer": layers[1], "merge_mode": "concat"}
    project.add(
        "Bidirectional",
        x,
        formats[0],
        found | (precision or {}),
        weights=weights if own_weights else None,
        keys=keys,
        **options,
    )


def few(project, rng):
    """Activations, orders of both products, two cells in one layer."""
    add(project, rng, "LSTM")
    add(project, rng, "GRU", activation="relu", return_sequences=False)
    tight = "fixed<8,3,TRN,SAT>"  # so narrow that the order of additions shows
    for kind, reuse in (("LSTM", 2), ("GRU", 8)):
        keys = {"Strategy": "Resource", "ReuseFactor": reuse}
        add(project, rng, kind, n_in=4, types=[tight] * 3, keys=keys)
    if project.io_type == "io_parallel":  # hls4ml has no other
        add_bidirectional(project, rng, ("LSTM", "GRU"))
        add_time_distributed(project, rng)


def many(project, rng):
    """Further activations, strategies and factors."""
    few(project, rng)
    for activation, gate in (("relu", "sigmoid"), ("sigmoid", "tanh"), ("tanh", "relu")):
        for kind in ("LSTM", "GRU"):
            add(project, rng, kind, activation=activation, recurrent_activation=gate)
    for kind in ("LSTM", "GRU"):
        add(project, rng, kind, types=["fixed<16,6>"] * 3, keys={"Static": False})
    if project.io_type == "io_parallel":
        add_bidirectional(project, rng, ("LSTM", "LSTM"), return_sequences=False)
        add_bidirectional(project, rng, ("GRU", "LSTM"), return_sequences=False)
        tight = {"accum": "fixed<8,3,TRN,SAT>", "result": "fixed<8,3>"}
        for reuse in (2, 12):
            options = {"keys": {"Strategy": "Resource", "ReuseFactor": reuse}, "precision": tight}
            add_bidirectional(project, rng, ("LSTM", "LSTM"), n_in=4, **options)


def add_time_distributed(project, rng):
    """Wrapped layers; hls4ml compiles one type throughout."""
    x, text = rng.normal(0, 2, (40, STEPS, 3)), "fixed<16,6>"
    arrays = {"kernel": (3, 4), "bias": (4,)}
    for k, activation in enumerate(("linear", "relu")):  # the latter is dropped
        weights = {n: rng.normal(0, 1, shape).astype(np.float32) for n, shape in arrays.items()}
        inner = {"name": f"fc_{k}", "units": 4, "activation": activation, "use_bias": True}
        wrapped = {"class_name": "Dense", "config": inner}
        project.add("TimeDistributed", x, text, {}, weights=weights, layer=wrapped)


def under_model_weights(monkeypatch):
    """H5 files as Keras saves whole models: only there hls4ml finds what a layer wraps."""
    write = models.write

    def whole(*arguments):
        json_path, h5_path = write(*arguments)
        with h5py.File(h5_path, "a") as file:
            for name in list(file):
                file.move(name, f"model_weights/{name}")
        return json_path, h5_path

    monkeypatch.setattr(models, "write", whole)


def compare(seed, folder, layers, io_type="io_parallel"):
    rng = np.random.default_rng(seed)
    project = Project(io_type)
    layers(project, rng)
    _, distinct = project.compare(folder)
    return distinct


def test_recurrent_layers(tmp_path, monkeypatch):
    """TimeDistributed, LSTM, GRU and Bidirectional: activations, types, orders of addition, last step or all."""
    under_model_weights(monkeypatch)
    distinct = compare(3, tmp_path, few)
    assert min(distinct.values()) >= 10, distinct


@pytest.mark.long
@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("seed", range(40, 46))
def test_recurrent_layers_in_many_formats(io_type, seed, tmp_path, monkeypatch):
    """More layers with other formats."""
    under_model_weights(monkeypatch)
    compare(seed, tmp_path, many, io_type)


class TestKeras3:
    """The same layers by way of hls4ml's Keras 3 converter."""

    pytestmark = needs_keras3

    def test_recurrent_layers(self, tmp_path):
        """Weights of Keras's own drawing where a layer wraps others."""
        rng = np.random.default_rng(5)
        project = Project(generation=3)
        add(project, rng, "LSTM")
        add(project, rng, "GRU", activation="relu", return_sequences=False)
        add(project, rng, "GRU", go_backwards=True)  # dropped by hls4ml
        tight, keys = "fixed<8,3,TRN,SAT>", {"Strategy": "Resource", "ReuseFactor": 2}
        add(project, rng, "LSTM", n_in=4, types=[tight] * 3, keys=keys)
        add_bidirectional(project, rng, ("LSTM", "LSTM"), own_weights=False)
        _, distinct = project.compare(tmp_path)
        assert min(distinct.values()) >= 5, distinct


# ---- kernels that hls4ml's converters do not reach in every type -------------------------------

SOURCE = """
#include <cstdio>
#include "nnet_utils/nnet_recurrent.h"
template <class T> T from_bits(long raw) {{ T x; x.range() = raw; return x; }}
template <class T> void load(T *to, const long *raws, int n) {{
    for (int i = 0; i < n; i++) to[i] = from_bits<T>(raws[i]);
}}
template <class T> void print(const T *x, int n) {{
    for (int i = 0; i < n; i++)
        std::printf("%lld ", (long long)ap_int<64>(T(x[i]).range()).to_int64());
}}
{cases}
int main() {{
{calls}
}}
"""

CASE = """
namespace case{k} {{
typedef ap_{data} data_T;
typedef ap_{result} res_T;
struct product1 : nnet::dense_config {{
    static const unsigned n_in = {n_in}, n_out = {columns}, reuse_factor = 1;
    typedef ap_{accum} accum_t;
    typedef ap_{b} bias_t;
    typedef ap_{w} weight_t;
    template <class D, class R, class C> using kernel = nnet::DenseLatency<D, R, C>;
    template <class X, class Y> using product = nnet::product::mult<X, Y>;
}};
struct product2 : product1 {{
    static const unsigned n_in = {units}, n_out = {columns};
    typedef ap_{br} bias_t;
    typedef ap_{wr} weight_t;
}};
struct look_up : nnet::activ_config {{
    static const unsigned n_in = {units}, table_size = {size};
    typedef ap_{table} table_t;
}};
struct gate_look_up : look_up {{ static const unsigned n_in = {units} * ({gates} - 1); }};
struct config : nnet::{kind}_config {{
    typedef ap_{accum} accum_t;
    typedef ap_{w} weight_t;
    typedef ap_{wr} recurrent_weight_t;
    typedef ap_{b} bias_t;
    typedef ap_{br} recurrent_bias_t;
    typedef product1 mult_config1;
    typedef product2 mult_config2;
    typedef gate_look_up ACT_CONFIG_{upper};
    typedef look_up ACT_CONFIG_T;
    template <class X, class Y, class C> using activation = nnet::activation::{act}<X, Y, C>;
    template <class X, class Y, class C> using activation_recr = nnet::activation::{gate}<X, Y, C>;
    static const unsigned n_in = {n_in}, n_out = {units}, n_state = {units};
    static const unsigned n_sequence = {steps}, n_sequence_out = {steps};
    static const bool use_static = {static}, pytorch_order = {pytorch};
}};
const long raw_x[] = {{{x}}}, raw_w[] = {{{weight}}}, raw_wr[] = {{{recurrent}}};
const long raw_b[] = {{{bias}}}, raw_br[] = {{{recurrent_bias}}}, raw_state[] = {{{state}}};
void run() {{
    static config::weight_t w[{n_in} * {columns}];
    static config::recurrent_weight_t wr[{units} * {columns}];
    static config::bias_t b[{columns}];
    static config::recurrent_bias_t br[{columns}];
    load(w, raw_w, {n_in} * {columns});
    load(wr, raw_wr, {units} * {columns});
    load(b, raw_b, {columns});
    load(br, raw_br, {columns});
    for (int sample = 0; sample < {samples}; sample++) {{
        data_T x[{steps} * {n_in}];
        load(x, raw_x + sample * {steps} * {n_in}, {steps} * {n_in});
        res_T h[{steps} * {units}], now[2 * {units}];
        load(now, raw_state + sample * 2 * {units}, 2 * {units});
        {call}
        print(h, {steps} * {units});
    }}
    std::printf("\\n");
}}
}}
"""

STEP_BY_STEP = """for (int t = 0; t < {steps}; t++) {{
            nnet::{kernel}<data_T, res_T, config>(t == 0, x + t * {n_in}, now, {second} w, wr, b, br);
            for (int i = 0; i < {units}; i++) h[t * {units} + i] = now[i];
        }}"""
STACK = {
    "lstm": "nnet::lstm_stack<data_T, res_T, res_T, res_T, config>(x, now, now + {units}, h, w, wr, b, br);",
    "gru": "nnet::gru_stack<data_T, res_T, res_T, config>(x, now, h, w, wr, b, br);",
}
MIXED = {
    "accum": "fixed<12,5,RND,SAT>",
    "result": "fixed<9,3,RND_CONV,SAT_SYM>",
    "w": "fixed<7,2>",
    "wr": "fixed<6,3>",
    "b": "fixed<8,3>",
    "br": "fixed<6,2>",
}
TRUNCATED = {"accum": "fixed<9,4>", "result": "ufixed<8,2>", "w": "fixed<6,3>", "wr": "ufixed<5,1>"}
SAME = {"accum": "fixed<11,5>", "result": "fixed<11,5>", "wr": "fixed<6,2>", "w": "fixed<6,2>"}
SAME |= {"b": "fixed<7,3>", "br": "fixed<7,3>"}
KERNELS = [
    ("lstm", "fixed<8,4>", MIXED, "lstm_static", {}),
    ("lstm", "ufixed<6,3>", TRUNCATED, "lstm_static", {"names": ("relu", "sigmoid")}),
    ("lstm", "fixed<11,5>", SAME, "stack", {"initial_state": True}),
    ("lstm", "fixed<11,5>", SAME, "lstm", {"names": ("sigmoid", "tanh")}),
    ("gru", "fixed<8,4>", MIXED, "gru_static", {}),
    ("gru", "ufixed<6,3>", TRUNCATED, "gru", {"names": ("relu", "sigmoid")}),
    (
        "gru",
        "fixed<8,4>",
        {**MIXED, "b": "fixed<8,3>", "br": "fixed<8,3>", "wr": "fixed<7,2>"},
        "stack",
        {"initial_state": True},
    ),
    ("gru", "fixed<8,4>", MIXED, "gru_static", {"pytorch": True}),
]
"""Cell, input type, other types, hls4ml's kernel, what is special."""


def kernel_case(k, name, data, types, kernel, special):
    """C++ of one case, and the emulator's values of h at every step: (samples, STEPS, units)."""
    n_in, units, samples, size, table = 3, 2, 60, 64, "fixed<9,2,RND,SAT>"
    names = special.get("names", ("tanh", "sigmoid"))
    stateful = special.get("initial_state", False)
    types = {"b": "fixed<5,2>", "br": "fixed<4,2>", **types}
    op, _ = cell(name, n_in=n_in, units=units, names=names, sizes=(size, size), seed=k, **types)
    tables = {
        key: function_table(kind, size, Format.parse(table)) if kind != "relu" else None
        for key, kind in zip(("table", "recurrent_table"), names, strict=True)
    }
    more = {"return_sequences": True, "initial_state": stateful}
    op = Recurrent(**{**op.fields(), **tables, **more})
    raw = sequences(data, STEPS, n_in, samples)[:samples]
    rng = np.random.default_rng(k)
    states = np.zeros((2, len(raw), units), dtype=np.int64)
    if stateful:
        states = rng.choice(grid.corners(types["result"], rng, 40), size=states.shape)
    state = Value("state", (units,), op.result)
    given = (Value("x", (STEPS, n_in), Format.parse(data)),) + (state,) * (op.arity - 1)
    found = op.evaluate(raw, *states[: op.arity - 1], values=given)
    columns = GATES[name] * units
    order = np.arange(columns)
    if special.get("pytorch"):  # PyTorch's gates are r z n, Keras's are z r h
        order = order.reshape(3, units)[[1, 0, 2]].reshape(-1)
    text = {
        "x": raw,
        "weight": op.weight.raw[:, order],
        "recurrent": op.recurrent_weight.raw[:, order],
        "bias": op.bias.raw[order],
        "recurrent_bias": op.recurrent_bias.raw[order],
        "state": states.swapaxes(0, 1),
    }
    fields = {key: ", ".join(map(str, value.reshape(-1).tolist())) for key, value in text.items()}
    fields |= {"n_in": n_in, "units": units, "columns": columns, "steps": STEPS, "size": size}
    call = STACK[name] if kernel == "stack" else STEP_BY_STEP
    second = f"now + {units}," if CELLS[name].states == 2 else ""
    fields["call"] = call.format(kernel=kernel, second=second, **fields)
    fields |= {"k": k, "kind": name, "upper": name.upper(), "gates": GATES[name], "data": data}
    fields |= {"act": names[0], "gate": names[1], "table": table, "samples": len(raw)}
    fields |= {"static": "true", "pytorch": str(special.get("pytorch", False)).lower(), **types}
    return CASE.format(**fields), found


def test_kernels_in_hls4mls_header(tmp_path):
    """Static or not, mixed types, initial states, PyTorch's order: its own loops give our bits."""
    cases = [kernel_case(k, *case) for k, case in enumerate(KERNELS)]
    calls = "\n".join(f"    case{k}::run();" for k in range(len(cases)))
    words = SOURCE.format(cases="".join(text for text, _ in cases), calls=calls)
    for mode in ("RND_CONV", "RND", "SAT_SYM", "SAT"):
        words = words.replace(f",{mode},", f",AP_{mode},").replace(f",{mode}>", f",AP_{mode}>")
    program = tmp_path / "cells.cpp"
    program.write_text(words)
    templates = Path(importlib.util.find_spec("hls4ml").origin).parent / "templates" / "vivado"
    include = ["-isystem", str(templates), "-isystem", str(templates / "ap_types")]
    command = ["g++", "-std=c++14", "-O0", "-DNDEBUG", "-w", *include, str(program), "-o", "cells"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    printed = subprocess.run(
        [str(tmp_path / "cells")], capture_output=True, text=True, timeout=120, check=True
    ).stdout.splitlines()
    assert len(printed) == len(cases)
    for line, (_, found), case in zip(printed, cases, KERNELS, strict=True):
        width = Format.parse(case[2]["result"]).width
        theirs = np.array(line.split(), dtype=np.int64) & ((1 << width) - 1)
        mine = found.reshape(-1) & ((1 << width) - 1)
        grid.agree(mine, theirs.tolist(), lambda case=case: str(case))
        assert np.unique(mine).size > 20
