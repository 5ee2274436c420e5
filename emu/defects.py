"""hls4ml's defects that change numbers: what each does, what ``Numerics: corrected`` gives.

``Numerics: hls4ml``, the default, has all of them. Front ends, passes and lowering ask
``Draft.meets`` where a model can meet one; ``graph.defects`` lists those it met.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["DEFECTS", "ELSEWHERE", "Defect", "Met", "met", "table"]


@dataclass(frozen=True)
class Defect:
    """One defect. Source: hls4ml 1.3.0, its Vitis back end.

    item: its number in the list of hls4ml's weak points (issue 5), where it has one.
    hls4ml: what hls4ml does. corrected: what ``Numerics: corrected`` gives, or None where it
    changes nothing, and then ``reason`` says why.
    """

    name: str
    item: str
    hls4ml: str
    corrected: str | None
    reason: str = ""


@dataclass(frozen=True)
class Met:
    """A defect that a model met: the layers, the effect, and the way out or what was done."""

    name: str
    layers: tuple[str, ...]
    effect: str
    way_out: str

    def __str__(self) -> str:
        return (
            f"hls4ml defect {self.name} ({', '.join(self.layers)}): {self.effect}; {self.way_out}"
        )

    def fields(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self) | {"layers": list(self.layers)}

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Met:
        """What ``fields`` wrote."""
        return cls(**(fields | {"layers": tuple(fields["layers"])}))


def met(found: dict[str, list[str]], *, corrected: bool) -> tuple[Met, ...]:
    """The defects ``{name: layers}``, in the order of the list, each once."""
    return tuple(
        Met(name, tuple(found[name]), defect.hls4ml, _way_out(defect, corrected))
        for name, defect in DEFECTS.items()
        if name in found
    )


def _way_out(defect: Defect, corrected: bool) -> str:
    if defect.corrected is None:
        return f"not corrected: {defect.reason}"
    return f"{'corrected here' if corrected else 'Numerics: corrected'}: {defect.corrected}"


_LIST = (
    Defect(
        "weight_text",
        "17",
        "weights become decimal text of as many digits as the type has fraction bits, then cast",
        "each weight is cast once from its double",
    ),
    Defect(
        "libm_tables",
        "design 4",
        "table entries are computed by libm's float functions on float32 positions",
        "each entry is the exact function value, rounded once into the table's type",
    ),
    Defect(
        "table_index_wrap",
        "-",
        "a table index beyond 32 bits wraps before it is clamped",
        "the index is clamped: the input saturates before it",
    ),
    Defect(
        "table_index_inner",
        "-",
        "a table index beyond 32 bits wraps inside a kernel that has other uses for its input",
        None,
        "elu, selu, legacy softmax and recurrent cells; give the input (accum) fewer integer bits",
    ),
    Defect(
        "table_precision",
        "8",
        "Precision entries of tables (table, exp_table, inv_table, inv_inp, inp_norm) are dropped",
        "they are the types of the tables, after table_t and its like",
    ),
    Defect(
        "softmax_accum",
        "8",
        "the default accum of a softmax is the model's default type, at granularity name another",
        "the default accum is fixed<18,8,RND,SAT> at every granularity",
    ),
    Defect(
        "softmax_strategy",
        "15",
        "Strategy of a softmax is dropped",
        "Strategy latency, stable, legacy or argmax is the implementation, after Implementation",
    ),
    Defect(
        "softmax_difference",
        "-",
        "the differences of a stable softmax wrap where they exceed half the input's range",
        "they saturate",
    ),
    Defect(
        "softmax_table_size",
        "-",
        "the inverse table is cut by the width of another type, ExpTableSize of signed inputs is"
        " dropped, and the legacy softmax of io_stream has tables of its own size",
        "each table has the size that is configured, at most one entry a code of its address",
    ),
    Defect(
        "softmax_axis",
        "-",
        "a Keras 2 softmax of a tensor normalises the whole tensor",
        "it normalises along its axis",
    ),
    Defect(
        "selu_stream",
        "5",
        "io_stream keeps selu's constant in the type of the data",
        "the constant is that of io_parallel, ufixed<16,1>",
    ),
    Defect(
        "ternary_tanh",
        "5",
        "ternary_tanh doubles its input in the input's own type, or in io_stream not at all",
        "1 above 0.5, -1 up to -0.5, else 0",
    ),
    Defect(
        "relu_stream",
        "5",
        "there is no relu1 and relu6 in io_stream",
        "the kernels of io_parallel",
    ),
    Defect(
        "relu_kind",
        "7",
        "ReLU of Keras 3 is a ThresholdedReLU, for LayerType entries and types",
        "it is the activation relu",
    ),
    Defect(
        "relu_arguments",
        "-",
        "max_value, negative_slope and threshold of a Keras 2 ReLU are dropped; of a Keras 3 one"
        " max_value is refused",
        "as in Keras",
    ),
    Defect(
        "hard_sigmoid_slope",
        "-",
        "hard_sigmoid of Keras 3 has the slope 0.2 of Keras 2",
        "its slope is 1 / 6",
    ),
    Defect(
        "merge_broadcast",
        "2",
        "the smaller tensor is repeated element by element, only as many results as the greater"
        " size in text order says are computed, and io_stream does not broadcast",
        "shapes broadcast as numpy's do",
    ),
    Defect(
        "ternary_minus_two",
        "-",
        "-2 in int<2> multiplies as 1",
        "-2 multiplies as -2",
    ),
    Defect(
        "binary_product",
        "-",
        "data and weights of uint<1> multiply as signs, which is refused here",
        "they multiply as the numbers 0 and 1",
    ),
    Defect(
        "max_padding",
        "3",
        "a padded maximum of an unsigned type is padded with half its range",
        "padding never wins",
    ),
    Defect(
        "pooling_order",
        "-",
        "io_stream casts cells to accum before they are pooled, and adds them in a tree",
        "the order of io_parallel in both",
    ),
    Defect(
        "pooling_auto",
        "-",
        "automatic types of a global pooling are the model's default",
        "those of pooling: an average has room for its sum and its quotient",
    ),
    Defect(
        "keepdims",
        "-",
        "keepdims of a global pooling is dropped",
        "the result keeps its axes of one element",
    ),
    Defect(
        "layer_normalization_epsilon",
        "6",
        "epsilon of a layer normalisation is the nearest power of ten",
        "epsilon is as given",
    ),
    Defect(
        "layer_normalization_range",
        "6",
        "variances beyond 2**-TableRangePower2, 1 by default, take the last entry of the table",
        "the table covers every variance that accum holds, unless TableRangePower2 is given",
    ),
    Defect(
        "dilation",
        "12",
        "dilation_rate of a convolution is dropped",
        "the kernel's cells lie dilation_rate apart",
    ),
    Defect(
        "causal_stride",
        "-",
        "a causal Keras 2 convolution with a stride is padded by fewer cells than in Keras",
        "it is padded as in Keras",
    ),
    Defect(
        "depthwise_fold",
        "-",
        "a batch normalisation is folded into other weights of a depthwise convolution",
        "every channel's weights take its scale",
    ),
    Defect(
        "lost_batch_normalization",
        "-",
        "a batch normalisation behind a Keras 3 Dense on a tensor is lost",
        "it is folded into the Dense layer",
    ),
    Defect(
        "dense_layer_type",
        "-",
        "LayerType: Dense has no effect on a Dense layer of a tensor, which is a convolution",
        "its entries act, before those of the convolution",
    ),
    Defect(
        "quantizer_on_tensor",
        "-",
        "BinaryDense and TernaryDense of a tensor multiply by their weights as trained",
        "by binary and ternary ones",
    ),
    Defect(
        "mask_zero",
        "-",
        "mask_zero of an Embedding is dropped: steps of the number 0 take part in what follows",
        None,
        "no layer here takes a mask; make the padded steps harmless in training",
    ),
    Defect(
        "linear_merged",
        "-",
        "a linear activation with an entry of its own vanishes where the layer before it is auto",
        "it casts to the type of its entry",
    ),
    Defect(
        "reshape_type",
        "-",
        "the type of a Reshape or Flatten acts on automatic types behind it, on nothing else in"
        " io_parallel, and is cast to in io_stream",
        "a reshape has the type of its input",
    ),
    Defect(
        "shared_param",
        "-",
        "one auto entry for param gives every layer the first one's type",
        "every layer has its own",
    ),
    Defect(
        "quantized_tanh",
        "-",
        "thresholds of a batch norm and a binary or ternary tanh are rounded down also where that"
        " changes a result, wrap in the input's type, and turn no comparison for negative scales",
        "thresholds are exact; a batch norm with negative scales or other readers stays itself",
    ),
    Defect(
        "quantized_bias",
        "-",
        "folding a batch normalisation that does nothing into a quantised layer turns its bias of 0"
        " into 1",
        "it is not folded there: it does nothing",
    ),
    Defect(
        "binary_bias",
        "-",
        "biases of a binary or ternary Dense behind thresholds are dropped",
        "they are added; accum and result keep their configured types",
    ),
    Defect(
        "binary_twice",
        "-",
        "binary weights are quantised twice where bits are pooled, and all become 1",
        "they are quantised once",
    ),
    Defect(
        "unrolled_bits",
        "-",
        "resource_unrolled leaves out binary weights of -1",
        "it multiplies by them",
    ),
    Defect(
        "transpose_flatten",
        "-",
        "a transpose before Flatten and Dense is removed as if its order were channels first",
        "it is removed only where it is",
    ),
    Defect(
        "transpose_one_channel",
        "-",
        "a transpose of an input whose first axis has one element is removed whatever its order",
        "it is removed only where the others keep their order",
    ),
    Defect(
        "transpose_stream",
        "-",
        "io_stream turns every tensor of two axes, also where Permute keeps their order",
        "their order stays",
    ),
    Defect(
        "stream_rows",
        "-",
        "io_stream takes the first rows for a kernel of one row, whatever its vertical stride; rows"
        " that nobody reads stay in the stream",
        "it takes every row that the stride says",
    ),
    Defect(
        "flatten_stream",
        "-",
        "io_stream does not repack a Flatten: layers behind it other than Dense read beyond their"
        " beats, so that their values are undefined",
        None,
        "here they read the elements one after the other, in either numerics",
    ),
    Defect(
        "final_reshape",
        "-",
        "a last Reshape is dropped in io_parallel: the output has another shape",
        "it stays",
    ),
    Defect(
        "embedding_fraction",
        "-",
        "the fraction of an embedding's input moves the position inside the table",
        "the fraction is dropped",
    ),
    Defect(
        "go_backwards",
        "11",
        "go_backwards of a recurrent layer is dropped",
        "the last step comes first",
    ),
    Defect(
        "reset_after",
        "11",
        "reset_after=False of a Keras 3 GRU without bias is dropped",
        "the reset gate acts before the product",
    ),
    Defect(
        "initial_state",
        "11",
        "initial states of a Keras layer are dropped",
        "the layer starts at them, each cast once to its result",
    ),
    Defect(
        "recurrent_reuse",
        "18",
        "RecurrentReuseFactor is dropped: the state's product gets the layer's ReuseFactor",
        "it is the factor of the state's product, made legal; Bidirectional has none",
    ),
    Defect(
        "bidirectional_reuse",
        "11",
        "reuse factors of a Bidirectional layer are checked for three gates whatever the cell",
        "they are made legal for the layer's own products",
    ),
    Defect(
        "bidirectional_places",
        "11",
        "layers of a Bidirectional layer change places where the first one goes backwards",
        None,
        "give the layer that goes forward first",
    ),
    Defect(
        "stateful",
        "11",
        "stateful of a recurrent layer is dropped: every sample starts at zero",
        None,
        "a sample's bits would depend on those before it; give the state as an input",
    ),
    Defect(
        "recurrent_auto",
        "11",
        "automatic types of a recurrent layer are the model's default",
        None,
        "its sums feed back into themselves and have no type that always holds them; give types",
    ),
    Defect(
        "time_distributed_activation",
        "-",
        "the activation of a layer inside TimeDistributed is dropped",
        "it acts on every time step",
    ),
    Defect(
        "garnet_share",
        "-",
        "mean_by_nvert divides n_vertices / ReuseFactor / n as integers of n's width: 0 above"
        " n_vertices / ReuseFactor vertices",
        "the quotient keeps the fraction of norm",
    ),
    Defect(
        "garnet_vertices",
        "-",
        "means of a GarNet divide by the power of two at or below n_vertices",
        None,
        "pad the vertices to a power of two: those from n on do not count",
    ),
    Defect(
        "garnet_transforms",
        "-",
        "quantize_transforms makes a GarNet's transforms ternary, whatever quantiser was trained",
        None,
        "the file does not hold that quantiser's bits; train with values of -1, 0 and 1",
    ),
    Defect(
        "compression",
        "1",
        "Compression: true stops hls4ml",
        "accepted: weights of 0 add nothing, so no bit changes; the firmware keeps them",
    ),
    Defect(
        "convolution_reuse",
        "-",
        "the C simulation of a convolution stops at reuse factors above its inputs",
        "its sums have the order of the latency strategy there",
    ),
)

DEFECTS: dict[str, Defect] = {defect.name: defect for defect in _LIST}
"""Every defect by name."""

ELSEWHERE: tuple[tuple[str, str, str], ...] = (
    ("4", "1D and 2D depthwise convolutions do not compile together", "no numbers: ours compile"),
    (
        "6",
        "accum of a layer normalisation is fixed<14,4,RND_CONV,SAT> at granularity name",
        "a type that stands in the configuration is kept",
    ),
    ("9", "Optimizers and SkipOptimizers have no effect", "no numbers: a note says so"),
    (
        "10",
        "typing errors in bit_exact and FuseConsecutiveBN",
        "BitExact is refused; ours is exact",
    ),
    (
        "11",
        "the type of the input picks the product of the state",
        "only behind binary thresholds, which are refused before a recurrent layer",
    ),
    ("11", "an LSTM compiles only where its types are one", "no numbers: ours compiles"),
    ("12", "there is no kernel of bilinear up-sampling", "ours has one, in either numerics"),
    ("13", "one table per activation name, softmax types by layer name", "Quartus and oneAPI only"),
    ("14", "C simulation logs have 6 digits", "no kernel: ours logs raw integers"),
    ("16", "the command line lacks Vitis; compare divides by zero", "tools, not numbers"),
    ("18", "TODO comments", "those that change numbers are in the table above"),
)
"""What stands in the same list of weak points and is no numeric defect of these back ends."""


def table() -> str:
    """Both lists as Markdown, for docs/numerics.md."""
    lines = ["| defect | item | hls4ml | `Numerics: corrected` |", "|---|---|---|---|"]
    for defect in DEFECTS.values():
        gives = defect.corrected or f"**not corrected**: {defect.reason}"
        lines.append(f"| `{defect.name}` | {defect.item} | {defect.hls4ml} | {gives} |")
    lines += [
        "",
        "| item | what else is on the list | why it is not in the table |",
        "|---|---|---|",
    ]
    lines += [f"| {item} | {what} | {why} |" for item, what, why in ELSEWHERE]
    return "\n".join(lines) + "\n"
