"""Random networks with random configurations, each decided by its seed.

Vectors, sequences and pictures of few elements; layers of every kind that hls4ml's Vitis back end
has; shortcuts from earlier tensors; one or two inputs and outputs. Drawn is what hls4ml supports.
"""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import numpy as np

import emu
from tests.emu.models import functional, layer, write
from tests.peer import formats, quantized

SAMPLES = 80
LARGEST = 60  # elements of a tensor

FUNCTIONS = (
    *("linear", "relu", "relu", "sigmoid", "tanh", "elu", "hard_sigmoid", "softmax"),
    *("leaky_relu", "selu", "softplus", "softsign", "relu6"),
)
KERAS2_FUNCTIONS = ("relu1", "binary_tanh", "ternary_tanh")
NO_STREAM = ("relu1", "relu6")  # hls4ml has no kernel: its project does not compile
MERGES = ("Add", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")

ANY = ("batch", "batch", "plain", "plain", "param", "prelu", "softmax", "merge", "concatenate")
KINDS = {
    1: ("dense", "dense", "dense", "reshape", "dot", *ANY),
    2: (
        *("conv", "conv", "depthwise", "separable", "pool", "pool", "global_pool", "pad", "crop"),
        *("grow", "permute", "lstm", "gru", "gru", "bidirectional", "layer_norm", "dense"),
        *("flatten", "reshape", *ANY),
    ),
    3: (
        *("conv", "conv", "conv", "depthwise", "separable", "pool", "pool", "global_pool", "pad"),
        *("crop", "grow", "permute", "dense", "flatten", "reshape", *ANY),
    ),
}
"""What may follow a tensor of that many axes."""
STARTING = ("dense", "batch", "plain", "param", "prelu", "softmax", "flatten")
"""Kinds that ``emu.config`` knows."""
NOT_IN_STREAMS = ("reshape", "bidirectional", "layer_norm", "dot", "separable")
"""What hls4ml has no kernel for."""


class Network:
    """``json``, ``h5``, ``config`` and ``x`` (one array an input) of a seed, files in ``folder``.

    generation: Keras 2 files, or 3: ``layers`` and ``weights`` for whoever has Keras.
    """

    def __init__(self, seed: int, folder: Path, generation: int = 2) -> None:
        self.seed, self.generation, self.keras3 = seed, generation, generation == 3
        self.pick = random.Random(f"{generation}/{seed}")
        self.rng = np.random.default_rng([generation, seed])
        self.stream = self.pick.random() < 0.3
        grain = ["model", "type", "name", "name", "name", "starting"]
        self.grain = self.pick.choice(grain[:-1] if self.keras3 else grain)
        self.layers: list[dict] = []
        self.weights: dict[str, dict] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.inputs: list[str] = []
        self.x: list[np.ndarray] = []
        self.fixed: dict[str, dict[str, str]] = {}
        self._draw()
        quantized.append(self)
        outputs = [self.last]
        inner = [i["name"] for i in self.layers if i["class_name"] in ("Conv1D", "Activation")]
        if self.pick.random() < 0.15 and inner and inner[0] != self.last:
            outputs.append(inner[0])
        self.outputs = outputs
        self.config = self._config(folder)

    def _draw(self):
        self._begin()
        for k in range(self.pick.randint(2, 6)):
            self._add(k)
        if len(self.layers) == 1:
            self._dense("last")

    # ---- layers ----------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.shapes[self.last]

    def _normal(self, spread, *shape):
        return self.rng.normal(0, spread, shape).astype(np.float32)

    def _input(self, shape):
        name = f"x{len(self.inputs)}"
        entry = layer("InputLayer", name, batch_input_shape=[None, *shape], dtype="float32")
        self.layers.insert(len(self.inputs), entry)
        self.inputs.append(name)
        self.shapes[name], self.last = tuple(shape), name
        x = self.rng.normal(0, 3, (SAMPLES, *shape))
        x[::7] = np.round(x[::7] * 64) / 64  # grid points and ties
        x[::11] *= 20  # beyond the input type
        self.x.append(x)

    def _begin(self):
        pick = self.pick
        rank = pick.choice((1, 2, 2, 3, 3)) if self.grain != "starting" else 1
        if rank == 2 and self.grain == "name" and pick.random() < 0.2:
            self._embedding()
            return
        extents = {1: (8,), 2: (6, 3), 3: (4, 4, 3)}[rank]
        self._input([pick.randint(2 if k + 1 < rank else 1, n) for k, n in enumerate(extents)])

    def _embedding(self):
        rows, columns = self.pick.randint(3, 6), self.pick.randint(1, 3)
        steps = self.pick.randint(2, 5)
        self._input([steps])
        self.x[0] = self.rng.integers(0, rows, (SAMPLES, steps)).astype(np.float64)
        self.fixed["x0"] = {"result": self.pick.choice(("uint<3>", "ufixed<5,3>", "fixed<12,6>"))}
        self.weights["embedding"] = {"embeddings": self._normal(1, rows, columns)}
        shape = (steps, columns)
        self._push("Embedding", "embedding", shape, input_dim=rows, output_dim=columns)

    def _push(self, kind, name, shape, *, sources=None, **config):
        self.layers.append(layer(kind, name, sources or [self.last], **config))
        self.shapes[name], self.last = tuple(int(n) for n in shape), name

    def _function(self):
        names = [*FUNCTIONS, *(() if self.keras3 else KERAS2_FUNCTIONS)]
        return self.pick.choice([n for n in names if not (self.stream and n in NO_STREAM)])

    def _add(self, k):
        for _ in range(8):
            kind = self.pick.choice(KINDS[len(self.shape)])
            if self.stream and kind in NOT_IN_STREAMS:
                continue
            if self.grain == "starting" and kind not in STARTING:
                continue
            if getattr(self, f"_{kind}")(f"{kind}_{k}") is not False:
                return

    def _dense(self, name):
        units, bias = self.pick.randint(1, 6), self.pick.random() < 0.8
        *outer, n_in = self.shape
        self.weights[name] = {"kernel": self._normal(0.8, n_in, units)}
        if bias:
            self.weights[name]["bias"] = self._normal(0.5, units)
        function = self._function()
        self._push("Dense", name, (*outer, units), units=units, activation=function, use_bias=bias)

    def _batch(self, name):
        n, pick = self.shape[-1], self.pick
        scale, center = pick.random() < 0.8, pick.random() < 0.8
        axis = -1 if self.keras3 else [len(self.shape)]
        options = {"axis": axis, "epsilon": 1e-3, "scale": scale, "center": center}
        self._push("BatchNormalization", name, self.shape, **options)
        self.weights[name] = {
            "moving_mean": self._normal(0.3, n),
            "moving_variance": self.rng.uniform(0.3, 2, n).astype(np.float32),
        }
        if scale:
            self.weights[name]["gamma"] = self.rng.uniform(0.5, 1.5, n).astype(np.float32)
        if center:
            self.weights[name]["beta"] = self._normal(0.3, n)

    def _plain(self, name):
        self._push("Activation", name, self.shape, activation=self._function())

    def _param(self, name):
        value = round(self.pick.uniform(0, 1.5), 3)
        kinds = {"LeakyReLU": "alpha", "ELU": "alpha", "ReLU": "", "ThresholdedReLU": "theta"}
        if self.keras3:
            kinds = {"LeakyReLU": "negative_slope", "ELU": "alpha", "ReLU": "threshold"}
        kind = self.pick.choice(tuple(kinds))
        self._push(kind, name, self.shape, **({kinds[kind]: value} if kinds[kind] else {}))

    def _prelu(self, name):
        if self.stream and len(self.shape) > 1:  # hls4ml does not convert it
            return False
        self.weights[name] = {"alpha": self._normal(0.5, *self.shape)}
        self._push("PReLU", name, self.shape, shared_axes=None)

    def _softmax(self, name):
        if not self.keras3:  # hls4ml's Keras 2 converter makes a project that does not compile
            return False
        self._push("Softmax", name, self.shape, axis=-1)

    def _reshape(self, name):
        size = int(np.prod(self.shape))
        first = self.pick.choice([d for d in range(1, size + 1) if size % d == 0])
        self._push("Reshape", name, (first, size // first), target_shape=[first, size // first])

    def _flatten(self, name):
        self._push("Flatten", name, (np.prod(self.shape),))

    def _other(self, fits):
        """An earlier tensor to join, or a new input."""
        names = [name for name, shape in self.shapes.items() if fits(shape) and name != self.last]
        if (self.pick.random() < 0.25 and len(self.inputs) < 2) or not names:
            if len(self.inputs) > 1 or "embedding" in self.shapes:
                return None
            last = self.last
            self._input(self.shape)
            new, self.last = self.last, last
            return new
        return self.pick.choice(names)

    def _merge(self, name):
        own = self.shape
        other = self._other(lambda shape: shape == own)
        if other is None:
            return False
        pair = [self.last, other] if self.pick.random() < 0.5 else [other, self.last]
        self._push(self.pick.choice(MERGES), name, own, sources=pair)

    def _dot(self, name):
        own = self.shape
        other = self._other(lambda shape: shape == own)
        if other is None:
            return False
        self._push("Dot", name, (1,), sources=[self.last, other], axes=1)

    def _concatenate(self, name):
        own = self.shape
        axis = len(own) if self.stream else self.pick.randint(1, len(own))

        def fits(shape):
            same = len(shape) == len(own) and shape[: axis - 1] == own[: axis - 1]
            return same and shape[axis:] == own[axis:]

        other = self._other(fits)
        if other is None:
            return False
        shape = list(own)
        shape[axis - 1] += self.shapes[other][axis - 1]
        if np.prod(shape) > LARGEST:
            return False
        self._push("Concatenate", name, shape, sources=[self.last, other], axis=axis)

    # ---- layers of sequences and pictures --------------------------------------------------------

    def _window(self, strides=True):
        """Kernel, strides, padding and the extents of the result."""
        pick, spatial = self.pick, self.shape[:-1]
        size = [pick.randint(1, min(3, n)) for n in spatial]
        step = [pick.choice((1, 1, 2)) if strides else 1 for _ in spatial]
        padding = pick.choice(("same", "valid"))
        if padding == "same":
            places = [-(-n // s) for n, s in zip(spatial, step, strict=True)]
        else:
            places = [(n - m) // s + 1 for n, m, s in zip(spatial, size, step, strict=True)]
        return size, step, padding, places

    def _conv(self, name, family=""):
        size, step, padding, places = self._window()
        axes, channels, bias = len(size), self.shape[-1], self.pick.random() < 0.8
        filters = self.pick.randint(1, 3)
        options = {
            "kernel_size": size,
            "strides": step,
            "padding": padding,
            "dilation_rate": [1] * axes,
            "data_format": "channels_last",
            "activation": self._function(),
            "use_bias": bias,
        }
        if family == "Depthwise":
            filters, options["depth_multiplier"] = channels, 1
            key = "kernel" if self.keras3 else "depthwise_kernel"
            own = {key: self._normal(0.8, *size, channels, 1)}
        elif family == "Separable":
            options |= {"filters": filters, "depth_multiplier": 1}
            own = {
                "depthwise_kernel": self._normal(0.8, *size, channels, 1),
                "pointwise_kernel": self._normal(0.8, *[1] * axes, channels, filters),
            }
        else:
            options["filters"] = filters
            own = {"kernel": self._normal(0.8, *size, channels, filters)}
        if bias:
            own["bias"] = self._normal(0.5, filters)
        self.weights[name] = own
        self._push(f"{family}Conv{axes}D", name, (*places, filters), **options)

    def _depthwise(self, name):
        # One project can hold depthwise layers of one or of two axes: their headers share a guard.
        others = {entry["class_name"] for entry in self.layers if "Dep" in entry["class_name"]}
        if others - {f"DepthwiseConv{len(self.shape) - 1}D"}:
            return False
        return self._conv(name, "Depthwise")

    def _separable(self, name):
        if self.keras3:  # hls4ml's Keras 3 converter has none
            return False
        return self._conv(name, "Separable")

    def _pool(self, name):
        pick, axes = self.pick, len(self.shape) - 1
        size, step, padding, places = self._window()
        if self.stream:
            padding, step = "valid", size
            places = [n // m for n, m in zip(self.shape[:-1], size, strict=True)]
        options = {"pool_size": size, "strides": step, "padding": padding}
        kind = f"{pick.choice(('Max', 'Average'))}Pooling{axes}D"
        shape = (*places, self.shape[-1])
        self._push(kind, name, shape, data_format="channels_last", **options)

    def _global_pool(self, name):
        kind = f"Global{self.pick.choice(('Max', 'Average'))}Pooling{len(self.shape) - 1}D"
        self._push(kind, name, self.shape[-1:], data_format="channels_last", keepdims=False)

    def _pad(self, name):
        pairs = [[self.pick.randint(0, 1), self.pick.randint(0, 2)] for _ in self.shape[:-1]]
        shape = [n + sum(pair) for n, pair in zip(self.shape, pairs, strict=False)]
        if np.prod(shape) * self.shape[-1] > LARGEST:
            return False
        axes, more = len(pairs), {} if len(pairs) == 1 else {"data_format": "channels_last"}
        given = pairs if axes > 1 else pairs[0]
        self._push(f"ZeroPadding{axes}D", name, (*shape, self.shape[-1]), padding=given, **more)

    def _crop(self, name):
        pairs = [[self.pick.randint(0, n // 3), self.pick.randint(0, 1)] for n in self.shape[:-1]]
        shape = [n - sum(pair) for n, pair in zip(self.shape, pairs, strict=False)]
        if min(shape) < 1:
            return False
        axes, more = len(pairs), {} if len(pairs) == 1 else {"data_format": "channels_last"}
        given = pairs if axes > 1 else pairs[0]
        self._push(f"Cropping{axes}D", name, (*shape, self.shape[-1]), cropping=given, **more)

    def _grow(self, name):
        factors = [self.pick.randint(1, 2) for _ in self.shape[:-1]]
        shape = [n * factor for n, factor in zip(self.shape, factors, strict=False)]
        if np.prod(shape) * self.shape[-1] > LARGEST:
            return False
        axes, size = len(factors), factors
        more = {"data_format": "channels_last", "interpolation": "nearest"}
        if axes == 1:
            size, more = factors[0], {}
        self._push(f"UpSampling{axes}D", name, (*shape, self.shape[-1]), size=size, **more)

    def _permute(self, name):
        dims = list(range(1, len(self.shape) + 1))
        self.pick.shuffle(dims)
        self._push("Permute", name, [self.shape[d - 1] for d in dims], dims=dims)

    def _layer_norm(self, name):
        n = self.shape[-1]
        if n < 2:
            return False
        self.weights[name] = {
            "gamma": self.rng.normal(1, 0.5, n).astype(np.float32),
            "beta": self._normal(0.5, n),
        }
        options = {"epsilon": 1e-3, "scale": True, "center": True}
        axis = -1 if self.keras3 else [2]
        self._push("LayerNormalization", name, self.shape, axis=axis, **options)

    # ---- recurrent layers ------------------------------------------------------------------------

    def _cell(self, kind, units):
        """Arrays and options of a cell."""
        columns = {"LSTM": 4, "GRU": 3}[kind] * units
        own = {
            "kernel": self._normal(0.7, self.shape[-1], columns),
            "recurrent_kernel": self._normal(0.7, units, columns),
            "bias": self._normal(0.5, *((2, columns) if kind == "GRU" else (columns,))),
        }
        functions = ("tanh", "sigmoid", "relu")
        options = {
            "units": units,
            "activation": self.pick.choice((*functions, "tanh")),
            "recurrent_activation": self.pick.choice((*functions, "sigmoid")),
            "use_bias": True,
            "return_sequences": self.pick.random() < 0.5,
            "return_state": False,
        }
        return own, options | ({"reset_after": True} if kind == "GRU" else {})

    def _one_type(self, name):
        """hls4ml's LSTM compiles with one type of input, accumulator and result only."""
        before = next(entry for entry in self.layers if entry["name"] == self.last)
        kind, function = before["class_name"], before["config"].get("activation", "")
        typed = kind in ("InputLayer", "GRU", "LSTM") or function in ("relu", "tanh", "sigmoid")
        if self.grain != "name" or not typed or self.last in self.fixed:
            return self.grain == "model"
        text = f"fixed<{self.pick.randint(7, 14)},{self.pick.randint(3, 4)},RND,SAT>"
        owner = f"{self.last}_{function}" if kind in formats.ACTIVATED else self.last
        self.fixed[owner] = {"result": text}
        self.fixed[name] = {"result": text, "accum": text}
        return True

    def _recurrent(self, name, kind):
        units = self.pick.randint(1, 3)
        self.weights[name], options = self._cell(kind, units)
        every = (self.shape[0], units) if options["return_sequences"] else (units,)
        self._push(kind, name, every, **options)

    def _lstm(self, name):
        return False if not self._one_type(name) else self._recurrent(name, "LSTM")

    def _gru(self, name):
        return self._recurrent(name, "GRU")

    def _bidirectional(self, name):
        if not self._one_type(name):
            return False
        layers, own, sequences = [], {}, self.pick.random() < 0.5
        for way in ("forward", "backward"):
            kind, units = self.pick.choice(("LSTM", "GRU")), self.pick.randint(1, 3)
            arrays, options = self._cell(kind, units)
            options |= {"name": f"{kind.lower()}_{way}", "return_sequences": sequences}
            options["go_backwards"] = way == "backward"
            layers.append({"class_name": kind, "config": options})
            inner = "" if self.keras3 else f"_{options['name']}/{kind.lower()}_cell"
            own |= {f"{way}{inner}/{key}": array for key, array in arrays.items()}
        units = sum(item["config"]["units"] for item in layers)
        self.weights[name] = own
        given = {"layer": layers[0], "backward_layer": layers[1], "merge_mode": "concat"}
        self._push(
            "Bidirectional", name, (self.shape[0], units) if sequences else (units,), **given
        )

    # ---- files -----------------------------------------------------------------------------------

    def _config(self, folder):
        folder = Path(folder)
        self.json = self.h5 = None
        if not self.keras3:
            architecture = functional(self.layers, self.inputs, self.outputs)
            self.json, self.h5 = write(folder, copy.deepcopy(architecture), self.weights)
        top = {
            "ProjectName": "net",
            "Backend": "Vitis",
            "Part": "xcvu13p-flga2577-2-e",
            "ClockPeriod": 5,
            "ClockUncertainty": "27%",
            "IOType": "io_stream" if self.stream else "io_parallel",
            "OutputDir": str(folder / "project"),
            "HLSConfig": self._hls(),
        }
        if not self.keras3:
            top |= {"KerasJson": str(self.json), "KerasH5": str(self.h5)}
        return top

    def _hls(self):
        model = formats.model_section(self.pick)
        if self.grain == "starting":
            made = emu.config(self.json, "name", weights=self.h5)
            made["Model"] |= model
            return made
        hls = {"Model": model}
        if self.grain == "type":
            hls["LayerType"] = formats.type_section(self.pick, formats.TYPES)
        if self.grain == "name":
            args = (self.layers, self.keras3, self.fixed)
            hls["LayerName"] = formats.name_section(self.pick, *args)
        return hls

    def save(self, folder):
        """What the process that runs hls4ml reads."""
        folder = Path(folder)
        (folder / "config.json").write_text(json.dumps(self.config))
        np.savez(folder / "x.npz", *self.x)
        if self.keras3:
            described = {"layers": self.layers, "inputs": self.inputs, "outputs": self.outputs}
            (folder / "layers.json").write_text(json.dumps(described))
            arrays = {
                f"{name}/{key}": array
                for name, own in self.weights.items()
                for key, array in own.items()
            }
            np.savez(folder / "weights.npz", **arrays)
