"""Graph <-> JSON: versioned, raw integers for weights and tables, the libm that made the tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from fxp import Format

from .defects import Met
from .extension import Extension, by_class
from .graph import Graph, Node
from .op import Constant, Op, Table, storage
from .ops import OPERATORS
from .tables import libm_version

__all__ = ["VERSION", "from_json", "to_json"]

VERSION = 1
_BY_NAME = {operator.__name__: operator for operator in OPERATORS}


def to_json(graph: Graph) -> str:
    """``graph`` as JSON text; keys in a fixed order, so that equal graphs give equal text."""
    document = {
        "bitwright_graph": VERSION,
        "libm": libm_version(),
        "nodes": [
            {"name": node.name, "inputs": list(node.inputs), **_encode(node.op)}
            for node in graph.nodes
        ],
        "outputs": list(graph.output_names),
        "notes": list(graph.notes),
        "config": graph.config,
        "defects": [defect.fields() for defect in graph.defects],
    }
    return json.dumps(document, indent=1, default=_plain) + "\n"


def from_json(text: str, *, extensions: Iterable[Extension] = ()) -> Graph:
    """The graph that ``to_json`` wrote; raises ValueError where the text is not one.

    extensions: those of the graph's own operators.
    """
    own = [extension.operator for extension in by_class(extensions).values()]
    operators: dict[str, type[Op]] = _BY_NAME | {operator.__name__: operator for operator in own}
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"graph must be JSON: {error}") from None
    version = document.get("bitwright_graph") if isinstance(document, dict) else None
    if version != VERSION:
        raise ValueError(f"graph version must be {VERSION}, not {version!r}")
    nodes = []
    for item in document["nodes"]:
        nodes.append(Node(item["name"], _operator(item, operators), tuple(item["inputs"])))
    graph = Graph(
        tuple(nodes),
        tuple(document["outputs"]),
        tuple(document["notes"]),
        document["config"],
        tuple(Met.of(fields) for fields in document.get("defects", ())),
    )
    return graph


def _encode(value: Any) -> Any:
    if isinstance(value, Op):
        fields = {key: _encode(item) for key, item in value.fields().items()}
        return {"operator": type(value).__name__, "fields": fields}
    if isinstance(value, Format):
        return {"format": str(value)}
    if isinstance(value, Constant):
        return {
            "constant": value.raw.tolist(),
            "format": str(value.format),
            "value": value.value.tolist(),
        }
    if isinstance(value, Table):
        return {
            "table": value.raw.tolist(),
            "format": str(value.format),
            "recipe": value.recipe,
            "sha256": value.sha256,
        }
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    return value


def _operator(item: dict[str, Any], operators: dict[str, type[Op]], name: str = "") -> Op:
    """The operator of a node, or the one that the operator of node ``name`` wraps."""
    name = name or item["name"]
    operator = operators.get(item["operator"])
    if operator is None:
        raise ValueError(
            f"operator of {name} must be one of {', '.join(operators)},"
            f" not {item['operator']!r}; an own operator needs its extension"
        )
    fields: dict[str, Any] = {
        key: _operator(value, operators, name)
        if isinstance(value, dict) and "operator" in value
        else _decode(value, f"{name}.{key}")
        for key, value in item["fields"].items()
    }
    return operator(**fields)


def _decode(value: Any, where: str) -> Any:
    """A field of an operator; ``where`` is its name as ``graph.tables()`` has it."""
    if isinstance(value, dict) and "constant" in value:
        raw = _raw(value["constant"], value["format"])
        return Constant(
            raw, Format.parse(value["format"]), np.array(value["value"], dtype=np.float64)
        )
    if isinstance(value, dict) and "table" in value:
        raw = _raw(value["table"], value["format"])
        table = Table(raw, Format.parse(value["format"]), value["recipe"])
        if table.sha256 != value["sha256"]:
            raise ValueError(
                f"table {where} must have the SHA-256 {value['sha256']}, not {table.sha256}"
            )
        return table
    if isinstance(value, dict):
        return Format.parse(value["format"])
    if isinstance(value, list):
        return tuple(_decode(item, f"{where}_{k}") for k, item in enumerate(value))
    return value


def _raw(values: Any, format: str) -> Any:
    return np.array(values, dtype=storage(Format.parse(format)))


def _plain(value: Any) -> Any:
    """What JSON has no word for: formats as text, numpy numbers as Python's."""
    if isinstance(value, Format):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"configuration must hold plain data, not {value!r}")
