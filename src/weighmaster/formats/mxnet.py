"""MXNet: a graph as JSON, and its numbers as a list of arrays.

The operator `Custom` calls a Python class that is registered under the name in the graph; `_Native` and `_NDArray` are
given the address of a function as text.

Specifications: <https://mxnet.apache.org/versions/1.9.1/api/architecture/overview>, `NDArray::Load` in
<https://github.com/apache/mxnet/blob/v1.9.x/src/ndarray/ndarray.cc>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Operation, Reference, Stray, Tensor
from weighmaster.model.where import Where
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.pattern import pattern

_LIST: Final = (0x112).to_bytes(8, "little") + bytes(8)
_V1, _V2, _V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
_DENSE: Final = 0
_AUXILIARY: Final = {_DENSE: 0, 1: 1, 2: 2}
"""How many arrays of places a storage type has: dense, rows, compressed rows."""
_WIDTHS: Final = {0: 4, 1: 8, 2: 2, 3: 1, 4: 4, 5: 1, 6: 8, 7: 1, 8: 2, 9: 2, 10: 4, 11: 8, 12: 2}
_DTYPES: Final = {0: "float32", 1: "float64", 2: "float16", 3: "uint8", 4: "int32", 5: "int8", 6: "int64", 7: "bool"}
_ARRAYS: Final = 1_000_000
_DIMENSIONS: Final = 64
_NAMES: Final = 5_000
_TEXT: Final = 200
_DOMAIN: Final = pattern(
    r"_(npi|np|npx|contrib|linalg|sparse|random|sample|image|sg|sg_mkldnn|sg_onednn|backward)_?(.+)"
)
_LIBRARY: Final = pattern(r".{0,400}\.(?:so(?:\.\d+)*|dll|dylib)", 2)  # re.IGNORECASE
_DEEPEST: Final = 32


def _matches(glance: Glance) -> bool:
    if glance.head.startswith(_LIST):
        return True
    if not may_be(glance.head) or b'"nodes"' not in glance.head or b'"heads"' not in glance.head + glance.tail:
        return False
    return _nodes(document(glance.source)) is not None


def _nodes(graph: Any) -> list[Any] | None:
    if isinstance(graph, dict) and "heads" in graph and "arg_nodes" in graph and isinstance(graph.get("nodes"), list):
        return list(graph["nodes"])
    return None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if cursor.peek(len(_LIST)) == _LIST:
        yield from _arrays(cursor, where)
        return
    said: set[tuple[str, str]] = set()
    waiting = [(document(cursor.source), 0)]
    while waiting:
        graph, depth = waiting.pop()
        if depth > _DEEPEST:
            raise OverBudgetError(f"mxnet: graphs in graphs, more than {_DEEPEST} deep")
        for node in _nodes(graph) or []:
            if not isinstance(node, dict) or not isinstance(node.get("op"), str):
                raise UnreadableError("mxnet: a node without an operator")
            cursor.budget.check_time()
            below = node.get("subgraphs")
            waiting += [(inner, depth + 1) for inner in below] if isinstance(below, list) else []
            yield from _node(where, node, said)


def _node(where: Where, node: Any, said: set[tuple[str, str]]) -> Iterator[Read]:
    # Before 1.0 what a node is given stood under `param` or `attr`.
    given = [node[key] for key in ("attrs", "attr", "param") if isinstance(node.get(key), dict)]
    texts = {key: text for each in given for key, text in each.items() if isinstance(text, str)}
    for text in texts.values():
        if len(text) <= _TEXT and _LIBRARY.fullmatch(text):
            yield Reference(where=where, kind="library", target=text, by="mxnet")
    name = node["op"]
    if name == "null":
        return
    detail = next((texts[key] for key in ("op_type", "info", "filename") if key in texts), "")[:_TEXT]
    if (name, detail) not in said and len(said) < _NAMES:
        said.add((name, detail))
        domain = _DOMAIN.fullmatch(name)
        spelled = f"{domain[1]}::{domain[2]}" if domain else name
        yield Operation(where=where, dialect="mxnet", name=spelled[:_TEXT], detail=detail)


def _arrays(cursor: Cursor, where: Where) -> Iterator[Read]:
    stream = Buffered(cursor.source, cursor.budget, offset=len(_LIST))
    count = stream.number("Q")
    if count > min(stream.left // 8, _ARRAYS):
        raise UnreadableError(f"mxnet: {count} arrays in {stream.left} bytes", offset=stream.offset)
    found = [_array(stream) for _ in range(count)]
    names = stream.number("Q")
    if names not in {0, count}:
        raise UnreadableError(f"mxnet: {names} names for {count} arrays", offset=stream.offset)
    for start, end, kind, shape in found:
        name = _name(stream) if names else ""
        dtype = _DTYPES.get(kind, str(kind))
        yield Tensor(where=where.span(start, end), name=name, dtype=dtype, shape=shape)
    if stream.left:
        yield Stray(where=where.span(stream.offset, cursor.size), size=stream.left, position="after")
        yield part(cursor, where, stream.offset, cursor.size)


def _name(stream: Buffered) -> str:
    length = stream.number("Q")
    if length > stream.left:
        raise UnreadableError(f"mxnet: a name of {length} bytes", offset=stream.offset)
    return stream.text(length, 4096)


def _array(stream: Buffered) -> tuple[int, int, int, tuple[int, ...]]:
    """Pass over an array; return where its numbers stand, their type and its shape."""
    magic = stream.number("I")
    auxiliary = 0
    if magic in {_V2, _V3}:
        storage = stream.number("i")
        if storage not in _AUXILIARY:
            raise UnreadableError(f"mxnet: no storage is of the type {storage}", offset=stream.offset)
        auxiliary = _AUXILIARY[storage]
        held = _shape(stream, "q") if auxiliary else ()
        shape = _shape(stream, "q")
    elif magic == _V1:
        held, shape = (), _shape(stream, "q")
    else:
        # Of old the number of dimensions came first.
        held, shape = (), _shape(stream, "I", magic)
    if not shape and magic != _V3:
        return stream.offset, stream.offset, 0, shape
    stream.skip(8)
    kind = stream.number("i")
    places = [(stream.number("i"), _shape(stream, "q")) for _ in range(auxiliary)]
    start = stream.offset
    stream.skip(_size(kind, held if auxiliary else shape))
    end = stream.offset
    for place, counts in places:
        stream.skip(_size(place, counts))
    return start, end, kind, shape


def _shape(stream: Buffered, code: str, count: int | None = None) -> tuple[int, ...]:
    count = stream.number("i") if count is None else count
    if not -1 <= count <= _DIMENSIONS:
        raise UnreadableError(f"mxnet: a shape of {count} dimensions", offset=stream.offset)
    return tuple(stream.number(code) for _ in range(count))


def _size(kind: int, shape: tuple[int, ...]) -> int:
    size = _WIDTHS.get(kind)
    if size is None:
        raise UnreadableError(f"mxnet: no number is of the type {kind}")
    for dimension in shape:
        size *= dimension
    return size


FORMAT: Final = Format(id="mxnet", title="MXNet model", matches=_matches, read=_read)
