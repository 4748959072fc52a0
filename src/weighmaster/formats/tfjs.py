"""TensorFlow.js: a model's topology and where its weights lie, as JSON.

Specification: <https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts>,
<https://github.com/tensorflow/tfjs/tree/master/tfjs-converter>.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Operation, Reference, Tensor
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.record import Record

_FORMATS: Final = frozenset({"graph-model", "layers-model"})
_WEIGHTS: Final = 1_000_000
_TEXT: Final = 400
_WIDTHS: Final = {"float32": 4, "int32": 4, "bool": 1, "uint8": 1, "uint16": 2, "float16": 2, "complex64": 8}
_MOST_BYTES: Final = 1 << 48


def _matches(glance: Glance) -> bool:
    head = glance.head
    if not may_be(head) or not (b'"modelTopology"' in head or b'"weightsManifest"' in head + glance.tail):
        return False
    found = document(glance.source)
    return isinstance(found, dict) and isinstance(found.get("weightsManifest"), list)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    found = Record.of(document(cursor.source))
    count = 0
    for group in found.get("weightsManifest", list):
        if not isinstance(group, dict) or not isinstance(group.get("paths"), list):
            raise UnreadableError("tfjs: a group of weights without paths")
        weights = group.get("weights")
        listed = weights if isinstance(weights, list) else []
        needs = sum(_bytes(weight) for weight in listed if isinstance(weight, dict))
        for path in group["paths"]:
            # How a group is cut into files is not said: none is longer than the whole.
            yield Reference(where=where, kind="shard", target=str(path)[:_TEXT], by="tfjs", needs=needs)
        for weight in listed:
            count += 1
            if count > _WEIGHTS:
                raise OverBudgetError(f"tfjs: more than {_WEIGHTS} weights")
            yield _tensor(where, weight)
    said: set[str] = set()
    for node in _nodes(found.values.get("modelTopology")):
        name = node.get("op") if isinstance(node, dict) else None
        if isinstance(name, str) and name not in said:
            said.add(name)
            yield Operation(where=where, dialect="tensorflow", name=name[:_TEXT])


def _bytes(weight: dict[str, Any]) -> int:
    """Return how many bytes a weight takes, 0 where that is not said."""
    shape, packed = weight.get("shape"), weight.get("quantization")
    dtype = packed.get("dtype") if isinstance(packed, dict) else weight.get("dtype")
    if not isinstance(shape, list) or not all(type(each) is int and each >= 0 for each in shape):
        return 0
    return min(prod(shape) * _WIDTHS.get(str(dtype), 0), _MOST_BYTES)


def _tensor(where: Where, weight: Any) -> Tensor:
    shape = weight.get("shape") if isinstance(weight, dict) else None
    if not isinstance(shape, list) or not all(type(each) is int and each >= 0 for each in shape):
        raise UnreadableError("tfjs: a weight without a shape")
    name, dtype = str(weight.get("name", ""))[:_TEXT], str(weight.get("dtype", ""))[:_TEXT]
    return Tensor(where=where, name=name, dtype=dtype, shape=tuple(shape))


def _nodes(topology: Any) -> Iterator[Any]:
    """Yield the nodes of a graph and of the functions in it."""
    if not isinstance(topology, dict):
        return
    for key in ("node", "nodes"):
        yield from topology[key] if isinstance(topology.get(key), list) else []
    library = topology.get("library")
    functions = library.get("function") if isinstance(library, dict) else None
    for function in functions if isinstance(functions, list) else []:
        nodes = function.get("nodeDef") if isinstance(function, dict) else None
        yield from nodes if isinstance(nodes, list) else []


FORMAT: Final = Format(id="tfjs", title="TensorFlow.js model", matches=_matches, read=_read, layer=True)
