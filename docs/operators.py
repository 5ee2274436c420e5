"""Write docs/operators.md: every layer of hls4ml's Vivado and Vitis back ends, and where it stands.

What emu lowers, which header and which tests there are is looked up; only the names of the layers,
and the reasons for gaps, are written here. Run: python docs/operators.py
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emu.lower import LOWERINGS
from emu.ops import OPERATORS

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "operators.md"


@dataclass(frozen=True)
class Row:
    """A layer: hls4ml's name; classes that emu lowers; operators; words that its tests contain.

    words: Keras classes or functions, of which a test against hls4ml names at least one.
    remark: what the columns do not say; of a gap, its reason.
    """

    layer: str
    kinds: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    remark: str = ""


def _each(names: str, operator: str, words: str = "", remark: str = "") -> Row:
    """A row whose layers are those that emu lowers, under the same names."""
    kinds = tuple(names.split())
    return Row(", ".join(kinds), kinds, (operator,), tuple(words.split()) or kinds, remark)


_QKERAS = "the kernel; QKeras files, where it comes from, are not read yet"
ROWS = (
    _each("Input", "Input", "InputLayer", "a port of the top function"),
    _each("Dense", "Dense", remark="on tensors a pointwise convolution; binary, ternary weights"),
    _each("Conv1D Conv2D", "Convolution", remark="dilation too, which hls4ml drops"),
    Row("Conv2DBatchnorm", (), ("Convolution",), (), _QKERAS),
    Row(
        "PointwiseConv1D, PointwiseConv2D",
        ("Conv1D", "Conv2D"),
        ("Convolution",),
        ("Conv1D", "Conv2D"),
        "a convolution with a kernel of one cell",
    ),
    _each("DepthwiseConv1D DepthwiseConv2D", "Convolution", remark="depth multipliers too"),
    Row(
        "SeparableConv1D, SeparableConv2D",
        ("DepthwiseConv1D", "DepthwiseConv2D"),
        ("Convolution",),
        ("SeparableConv1D", "SeparableConv2D"),
        "two convolutions, as in hls4ml",
    ),
    Row(
        "Conv1DTranspose, Conv2DTranspose",
        ("Conv1DTranspose", "Conv2DTranspose"),
        ("Convolution",),
        remark="hls4ml's Vitis back end has none to compare with",
    ),
    _each("BatchNormalization", "BatchNormalization"),
    Row("ApplyAlpha", (), ("BatchNormalization",), (), _QKERAS),
    Row(
        "BatchNormalizationQuantizedTanh",
        ("BatchNormalizationQuantizedTanh", "Sign"),
        ("Thresholds", "Sign"),
        ("binary_tanh", "ternary_tanh"),
    ),
    _each("LayerNormalization", "LayerNormalization"),
    _each("Activation", "Activation", "sigmoid tanh relu"),
    _each("HardActivation", "Activation", "hard_sigmoid"),
    _each("ParametrizedActivation", "Activation", "LeakyReLU ThresholdedReLU ELU"),
    _each("PReLU", "Activation"),
    Row("TernaryTanh", ("Activation",), ("Activation",), ("ternary_tanh",)),
    _each("Softmax", "Softmax", "softmax Softmax"),
    _each("UnaryLUT", "UnaryLUT"),
    _each("FixedPointQuantizer", "Quantizer"),
    _each("Pooling1D Pooling2D", "Pooling", "MaxPooling1D MaxPooling2D AveragePooling1D"),
    _each("GlobalPooling1D GlobalPooling2D", "Pooling", "GlobalMaxPooling1D GlobalMaxPooling2D"),
    _each("ZeroPadding1D ZeroPadding2D", "ZeroPadding"),
    _each("Cropping1D Cropping2D", "Cropping"),
    Row(
        "Resize",
        ("Resize",),
        ("Resize", "Bilinear"),
        ("UpSampling1D", "UpSampling2D"),
        "nearest neighbour; bilinear too, for which hls4ml has no kernel",
    ),
    _each("Slice", "Slice", remark="of indices and splits; hls4ml has none to compare with"),
    _each("Transpose", "Transpose", "Permute"),
    _each("Concatenate", "Concatenate"),
    _each("Merge", "Merge", "Add Multiply Average Maximum"),
    _each("Dot", "Dot"),
    _each("Embedding", "Embedding"),
    _each("SimpleRNN", "Recurrent", remark="hls4ml's Vitis back end has none to compare with"),
    _each("LSTM", "Recurrent"),
    _each("GRU", "Recurrent"),
    Row(
        "Bidirectional",
        ("Bidirectional",),
        ("Recurrent", "Concatenate"),
        ("Bidirectional",),
        "two cells and their concatenation",
    ),
    _each("TimeDistributed", "TimeDistributed", remark="any operator of one input"),
    _each("Einsum", "Einsum", remark="of an attention; HGQ2 and PyTorch files are not read yet"),
    _each("EinsumDense", "EinsumDense"),
    Row(
        "MultiHeadAttention",
        ("EinsumDense", "Einsum", "Softmax"),
        ("EinsumDense", "Einsum", "Softmax"),
        ("MultiHeadAttention",),
        "expanded as hls4ml expands HGQ2's; of Keras 3 files, without masks",
    ),
    Row(
        "LinformerAttention",
        operators=("EinsumDense", "Einsum", "Softmax"),
        remark="the kernels of its expansion; HGQ2 files, where it comes from, are not read yet",
    ),
    _each(
        "GarNet GarNetStack", "GarNet", remark="a stack is one node a layer; mean or no collapse"
    ),
    Row(
        "DACombinational",
        ("Dense", "Conv1D", "Conv2D"),
        ("Dense", "Convolution"),
        ("distributed_arithmetic",),
        "da4ml's adder graphs, Strategy: distributed_arithmetic, are exact sums with one cast, not"
        " of EinsumDense; traces of layers that hls4ml lacks (AllowDAFallback) have no use here",
    ),
    Row(
        "IFNeuron, LIFNeuron",
        operators=("SpikingNeuron",),
        remark="a sample is a window of time steps; into a graph by hand, below; not in hls4ml"
        " 1.3.0: compared by hand with the kernels of its main branch",
    ),
    Row(
        "SNNReadout",
        operators=("SpikingReadout",),
        remark="the last decision of a window; likewise",
    ),
    Row(
        "SymbolicExpression",
        operators=("Symbolic",),
        words=("sin_lut",),
        remark="`emu.symbolic`; functions by look-up, as the vendor's hls_math has no free"
        " simulation: their samples are libm's",
    ),
    Row(
        "Clone, Repack",
        remark="of streams: `clone` and `repack` of `stream.hpp`, which the generator inserts"
        " (`generator/stream.py`); compared with the emulator in `test_stream`",
    ),
    Row("Broadcast", (), ("Merge",), (), "of streams: Merge broadcasts by itself"),
    _each("Reshape", "Reshape", "Flatten Reshape", "moves no bit; repacks a stream"),
)

HEADER = """# Operators

Written by `python docs/operators.py` from the code; a test fails where this page is out of date.

Every layer of hls4ml 1.3.0's Vivado and Vitis back ends. *Operator*: what emulates it (`emu/ops`).
*C++*: its header in `hls_lib`; `io_parallel` calls it on arrays, `io_stream` the same one on beats,
windows or whole tensors, whichever the layer allows. `tests/generator/test_drawn.py` compares every
operator of the table in both with the emulator, and the grids of `tests/generator` go deeper.
*Oracle*: exhaustive grids of small formats against exact rationals, in `tests/emu`. *hls4ml*: tests
in `tests/peer` that compare with its compiled C simulation.

| layer | operator | parallel C++ | stream C++ | oracle | hls4ml | remark |
|---|---|---|---|---|---|---|
"""

FOOTER = """
## Expressions

`emu.symbolic` takes what hls4ml's `convert_from_symbolic_expression` takes, text or sympy's
objects, and needs sympy (`pip install 'bitwright[symbolic]'`): hls4ml's C++ is what sympy prints of
the simplified expression.

```python
graph = emu.symbolic(
    ["2.5*x0**2 + sin_lut(x1)", "x0/x2"],
    lut_functions={
        "sin_lut": {"math_func": "sin", "range_start": -4, "range_end": 4, "table_size": 512}
    },
    precision="ap_fixed<16,6>",
)
project = generator.generate(graph, "firmware/")
```

Numbers and look-ups have the precision's type, sums and products are exact, a quotient keeps the
fraction bits that `ap_fixed` gives it, and the result is cast once. Samples are those of libm in
double precision, rounded once, and literals in our C++; hls4ml fills its tables with the vendor's
functions, which may differ in the last bits. `1/x0` alone, roots and other functions are errors
that name the way out.

## Graphs by hand

A graph is a tuple of nodes: a name, an operator of `emu.ops`, the names of the nodes that it reads.
That is how layers come in that no front end reads, spiking neurons for example, before, between and
behind those of a loaded model (`emu.Graph((*graph.nodes, ...), outputs)`). A sample is a whole
window, (steps, n); the potentials are 0 where it begins.

```python
>>> import numpy as np
>>> import emu
>>> from emu.op import Constant
>>> from emu.ops import Dense, Input, SpikingNeuron, SpikingReadout, TimeDistributed
>>> from fxp import Format
>>> f = Format.parse
>>> current = f("fixed<10,4>")
>>> dense = Dense(
...     result=current,
...     weight=Constant.of([[1.0, -0.5], [0.25, 0.75]], "fixed<6,2>"),
...     bias=Constant.of([0.0, 0.125], "fixed<6,2>"),
...     accum=f("fixed<16,6>"),
... )
>>> neuron = SpikingNeuron(
...     result=f("uint<1>"),
...     membrane=f("fixed<12,4,RND,SAT>"),
...     threshold=Constant.of(1.0, "fixed<8,4>"),
...     beta=Constant.of(0.9, "ufixed<8,0>"),
...     reset="subtract",
... )
>>> graph = emu.Graph(
...     (
...         emu.Node("x", Input(result=current, dimensions=(4, 2))),
...         emu.Node("fc", TimeDistributed(result=current, op=dense), ("x",)),
...         emu.Node("lif", neuron, ("fc",)),
...         emu.Node("class", SpikingReadout(result=f("uint<1>")), ("lif",)),
...     ),
...     ("class",),
... )
>>> window = np.array([[[0.5, 1.0], [1.0, 0.5], [0.0, 1.0], [1.0, 1.0]]])
>>> graph.trace(window, raw=True)["lif"][0].tolist()
[[0, 0], [1, 0], [0, 1], [1, 0]]
>>> graph.predict(window)
array([[0.]])

```

`graph.predict`, `trace`, `summary`, `to_json`, `generator.generate` and `validation.signoff` take
it as they take any graph; in io_stream a beat is a time step.
"""


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _oracles() -> dict[str, list[str]]:
    """Operator -> tests that import it and an oracle."""
    found: dict[str, list[str]] = {operator.__name__: [] for operator in OPERATORS}
    for path in sorted((ROOT / "tests" / "emu").glob("test_*.py")):
        names = {
            (node.module, alias.name)
            for node in ast.walk(_tree(path))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        if any(module == "tests" and name.startswith("oracle") for module, name in names):
            for module, name in names:
                if module == "emu.ops" and name in found:
                    found[name].append(path.stem)
    return found


def _peers() -> dict[str, list[re.Pattern[str]]]:
    """Test against hls4ml -> what its strings can be; those of networks.py are test_networks'."""
    found: dict[str, list[re.Pattern[str]]] = {}
    for path in sorted((ROOT / "tests" / "peer").glob("*.py")):
        if path.stem.startswith("test_") or path.stem == "networks":
            own = found.setdefault("test_" + path.stem.removeprefix("test_"), [])
            own += [re.compile(text) for text in map(_pattern, ast.walk(_tree(path))) if text]
    return found


def _pattern(node: ast.AST) -> str:
    """A string, or an f-string with any word in its gaps, as a regular expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr) and len(_fixed(node)) >= 4:
        return "".join(_pattern(part) or r"\w+" for part in node.values)
    return ""


def _fixed(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))


def _line(row: Row, oracles: dict[str, list[str]], peers: dict[str, list[re.Pattern[str]]]) -> str:
    by_name = {operator.__name__: operator for operator in OPERATORS}
    for kind in row.kinds:
        if kind not in LOWERINGS:
            raise ValueError(f"{row.layer} must be lowered by emu, but {kind} is not")
    headers = {
        by_name[name].header
        for name in row.operators
        if (ROOT / "hls_lib" / f"{by_name[name].header}.hpp").is_file()
    }
    compared = [
        name
        for name, patterns in peers.items()
        if any(pattern.fullmatch(word) for pattern in patterns for word in row.words)
    ]
    cpp = _listed(f"{name}.hpp" for name in sorted(headers))
    cells = [
        row.layer,
        _listed(row.operators),
        cpp,
        cpp,
        _listed(dict.fromkeys(name for own in row.operators for name in oracles[own])),
        _listed(compared),
        row.remark,
    ]
    return f"| {' | '.join(cells)} |\n"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def page() -> str:
    """The text of docs/operators.md; raises ValueError for what is in no row."""
    lowered = {kind for row in ROWS for kind in row.kinds}
    drawn = {name for row in ROWS for name in row.operators}
    missing = (set(LOWERINGS) - lowered) | ({own.__name__ for own in OPERATORS} - drawn)
    if missing:
        raise ValueError(f"ROWS must have {', '.join(sorted(missing))}")
    oracles, peers = _oracles(), _peers()
    return HEADER + "".join(_line(row, oracles, peers) for row in ROWS) + FOOTER


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
