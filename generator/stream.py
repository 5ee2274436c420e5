"""io_stream: the streams between layers, clones where a tensor has several readers, repacking.

A tensor travels row-major in beats; a beat holds all channels of a pixel or time step, as in
hls4ml. A vector that was flattened keeps the narrower beats that it had. Every stream has one
writer and one reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emu import Graph, Node
from emu.op import Constant
from emu.ops import Input, Recurrent, Reshape

from . import cxx
from .calls import Call, kernel_call
from .schedule import Schedule
from .tensors import Tensor, inputs_of, is_kernel
from .turns import Turns, turns

__all__ = ["Layer", "Process", "Stream", "Streams", "streams", "walk_headers"]


@dataclass(frozen=True)
class Stream:
    """``variable`` carries ``size`` elements of ``type`` a sample, ``width`` to a beat.

    depth: of the FIFO, in beats.
    """

    variable: str
    type: str
    size: int
    width: int
    depth: int

    @property
    def beats(self) -> int:
        """Beats of a sample."""
        return self.size // self.width


@dataclass(frozen=True)
class Layer:
    """The function that runs a kernel between streams.

    interval: of the pipeline over its turns, None where the kernel has loops of its own.
    offsets: array -> how many of its elements a turn uses, where every turn has its own.
    """

    function: str
    call: Call
    turns: Turns
    offsets: Mapping[str, int]
    sources: tuple[Stream, ...]
    target: Stream
    interval: int | None
    grid: str = ""
    """The struct of the fields that a walk over a picture has, or nothing."""

    @property
    def single(self) -> bool:
        """Whether every stream carries one beat a sample."""
        return all(stream.beats == 1 for stream in (*self.sources, self.target))


@dataclass(frozen=True)
class Process:
    """A line of the top function. kind: ``layer``, ``clone`` or ``repack``.

    recorded: tensors that the first target carries from here on.
    """

    name: str
    kind: str
    function: str
    sources: tuple[Stream, ...]
    targets: tuple[Stream, ...]
    recorded: tuple[str, ...] = ()


@dataclass
class Streams:
    """The top function of a streaming project, in order; recorded: tensors that an input carries.

    ports: stream of every port by its variable.
    """

    ports: dict[str, Stream] = field(default_factory=dict)
    inner: list[Stream] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    recorded: list[tuple[str, Stream]] = field(default_factory=list)


@dataclass(frozen=True)
class _Reader:
    """Input ``place`` of a node, or the port of an output (place -1)."""

    name: str
    place: int


def streams(
    graph: Graph,
    schedule: Schedule,
    stems: Mapping[str, str],
    known: Mapping[str, Tensor],
    ends: Mapping[str, Tensor],
) -> Streams:
    """Streams, layers, clones and repacking of ``graph``; ``ends``: the ports of its outputs."""
    return _Wiring(graph, schedule, stems, known, ends).made


def walk_headers(made: Streams) -> list[str]:
    """Headers of ``hls_lib`` for the ways in which layers walk over pictures."""
    walks = {layer.turns.walk for layer in made.layers}
    return ["frame.hpp"] * bool(walks & {"frame", "window"}) + ["window.hpp"] * ("window" in walks)


def _has_loops(run: Turns, sources: tuple[Stream, ...]) -> bool:
    """Whether a turn takes several beats of a stream."""
    return any(value.size > stream.width for value, stream in zip(run.inputs, sources, strict=True))


class _Wiring:
    """One pass over the graph in its order; ``made`` grows."""

    def __init__(
        self,
        graph: Graph,
        schedule: Schedule,
        stems: Mapping[str, str],
        known: Mapping[str, Tensor],
        ends: Mapping[str, Tensor],
    ) -> None:
        self.graph, self.schedule = graph, schedule
        self.stems, self.known, self.ends = stems, known, ends
        self.made = Streams()
        self.root: dict[str, str] = {}
        self.width: dict[str, int] = {}
        self.turns: dict[str, Turns] = {}
        self.given: dict[_Reader, Stream] = {}
        for node in graph.nodes:
            self._plan(node)
        self.readers = self._all_readers()
        self.words = self._words()
        for node in graph.nodes:
            self._wire(node)

    # ---- how tensors travel --------------------------------------------------------------------

    def _plan(self, node: Node) -> None:
        """Whose stream the tensor is on, and in what beats."""
        name, value = node.name, self.graph.values[node.name]
        self.root[name], self.width[name] = name, value.shape[-1]
        if isinstance(node.op, Reshape):
            width = self.width[node.inputs[0]]
            if len(value.shape) == 1 or width == value.shape[-1]:
                self.root[name], self.width[name] = self.root[node.inputs[0]], width
        elif is_kernel(node):
            widths = [self.width[source] for source in node.inputs]
            self.turns[name] = turns(node.op, inputs_of(self.graph, node), widths, value)
            self.width[name] = self.turns[name].width

    def _all_readers(self) -> dict[str, list[_Reader]]:
        """Readers of every stream, by the tensor that it begins with."""
        found: dict[str, list[_Reader]] = {name: [] for name in self.root.values()}
        for node in self.graph.nodes:
            if self.root[node.name] == node.name:
                for place, source in enumerate(node.inputs):
                    found[self.root[source]].append(_Reader(node.name, place))
        for name in self.ends:
            found[self.root[name]].append(_Reader(name, -1))
        return found

    def _words(self) -> dict[tuple[str, int], str]:
        """Variables of the streams behind clones: one for every reader."""
        keys = {
            (root, k): f"{self.stems[root]} to {self.stems[reader.name]}/{k}"
            for root, readers in self.readers.items()
            for k, reader in enumerate(readers)
        }
        taken = {stem + suffix for stem in self.stems.values() for suffix in cxx.SUFFIXES}
        words = cxx.identifiers(keys.values(), taken)
        return {key: words[text] for key, text in keys.items()}

    def _stream(self, variable: str, root: str, width: int) -> Stream:
        size = self.graph.values[root].size
        depth = self.schedule.of(root).fifo_depth or size // width
        return Stream(variable, self.known[root].type, size, width, depth)

    def _port(self, reader: _Reader) -> Stream:
        """The port of an output: beats of its own last axis."""
        width = self.graph.values[reader.name].shape[-1]
        port = self._stream(self.ends[reader.name].variable, self.root[reader.name], width)
        self.made.ports[port.variable] = port
        return port

    def _inner(self, variable: str, root: str, width: int) -> Stream:
        found = self._stream(variable, root, width)
        self.made.inner.append(found)
        return found

    # ---- the top function ------------------------------------------------------------------------

    def _wire(self, node: Node) -> None:
        root = node.name
        if self.root[root] != root:
            return
        carried = tuple(name for name, other in self.root.items() if other == root)
        readers = self.readers[root]
        if isinstance(node.op, Input):
            begin = self._stream(self.known[root].variable, root, self.width[root])
            self.made.ports[begin.variable] = begin
            self.made.recorded += [(name, begin) for name in carried]
        else:
            begin = self._begin(root, readers)
            sources = tuple(self.given[_Reader(root, place)] for place in range(len(node.inputs)))
            if isinstance(node.op, Reshape):
                self._process(root, "repack", "repack", sources, (begin,), carried)
            else:
                self._layer(node, sources, begin, carried)
        self._distribute(root, begin, readers)

    def _begin(self, root: str, readers: list[_Reader]) -> Stream:
        """The stream that a layer writes: its port, where nothing but this port reads it."""
        if len(readers) == 1 and readers[0].place < 0:
            port = self._port(readers[0])
            if port.width == self.width[root]:
                return port
        word = f"{self.stems[root]}_out"
        if any(end.variable == word for end in self.ends.values()):
            word = f"{self.stems[root]}_beats"
        return self._inner(word, root, self.width[root])

    def _distribute(self, root: str, begin: Stream, readers: list[_Reader]) -> None:
        """Give every reader a stream of its own."""
        if len(readers) == 1:
            only = readers[0]
            if only.place >= 0 or begin.variable == self.ends[only.name].variable:
                self.given[only] = begin
                return
        targets = tuple(self._target(root, k, reader) for k, reader in enumerate(readers))
        self._process(root, "clone", "clone", (begin,), targets)
        for reader, target in zip(readers, targets, strict=True):
            if reader.place >= 0:
                self.given[reader] = target
            elif target.variable != (port := self._port(reader)).variable:
                self._process(reader.name, "repack", "repack", (target,), (port,))

    def _target(self, root: str, k: int, reader: _Reader) -> Stream:
        """The stream that a clone writes for a reader: a port, where its beats are as wide."""
        if reader.place < 0 and (port := self._port(reader)).width == self.width[root]:
            return port
        return self._inner(self.words[root, k], root, self.width[root])

    def _layer(
        self, node: Node, sources: tuple[Stream, ...], target: Stream, carried: tuple[str, ...]
    ) -> None:
        name, stem, run = node.name, self.stems[node.name], self.turns[node.name]
        entry = self.schedule.of(name)
        whole = node.op.configuration(*inputs_of(self.graph, node))
        call = kernel_call(name, stem, run.op, run.inputs, self.schedule, whole=whole)
        # A pipeline over the turns would unroll the loops inside.
        loops = entry.strategy == "resource" or isinstance(run.op, Recurrent)
        loops = loops or (run.walk == "beats" and run.count > 1 and _has_loops(run, sources))
        interval = None if loops else entry.reuse_factor
        part, sizes = run.op.configuration(*run.inputs), {x.name: x.size for x in call.arrays}
        offsets = {
            f"{stem}_{key}": own.raw.size
            for key, own in part.items()
            if isinstance(own, Constant) and own.raw.size < sizes[f"{stem}_{key}"]
        }
        grid = cxx.structure(f"{stem}_grid", run.grid) if run.grid else ""
        layer = Layer(f"{stem}_layer", call, run, offsets, sources, target, interval, grid)
        self.made.layers.append(layer)
        self._process(name, "layer", layer.function, sources, (target,), carried)

    def _process(
        self,
        name: str,
        kind: str,
        function: str,
        sources: tuple[Stream, ...],
        targets: tuple[Stream, ...],
        recorded: tuple[str, ...] = (),
    ) -> None:
        self.made.processes.append(Process(name, kind, function, sources, targets, recorded))
