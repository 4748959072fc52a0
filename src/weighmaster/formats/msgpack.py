"""MessagePack, as Flax, spaCy and others keep models in it: a map from names to numbers, texts and bytes.

Flax keeps arrays in extension types: 1 is shape, dtype and bytes of an array, 2 a complex number, 3 one number of an
array. Bytes that a loader could take for a file are handed on: PyTorch's weights inside spaCy's, pickles inside
msgpack-numpy's.

Specifications: <https://github.com/msgpack/msgpack/blob/master/spec.md>,
<https://github.com/google/flax/blob/main/flax/serialization.py>, <https://github.com/lebedov/msgpack-numpy>.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.machine.run import plausible
from weighmaster.model.errors import UnreadableError, WeighmasterError
from weighmaster.model.fact import Disagreement, Storage, Stray, Tensor
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.msgpack import Leaf, leaves
from weighmaster.reading.pattern import pattern
from weighmaster.reading.payload import is_artifact
from weighmaster.reading.source import PartSource

_KEY: Final = pattern(rb"(?:[\xa1-\xbf]|\xd9.|\xda..|[\xc4]..?)[\x20-\x7e]")
_NUMBERED: Final = pattern(rb"(?:\xcf.{8}(?:[\0-\x7f]|\xcc.|\xcd..|\xce....)){2}", 16)  # re.DOTALL
"""Two pairs of a large number and a smaller one: spaCy's table of rows."""
_TRIED: Final = 16
_ARRAYS: Final = frozenset({1, 3})
_COMPLEX: Final = 2
_TIME: Final = -1
_SHOWN: Final = 60
_HEAD: Final = 4096
_WIDTHS: Final = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "int64": 8,
    "uint64": 8,
    "float16": 2,
    "bfloat16": 2,
    "float32": 4,
    "float64": 8,
    "complex64": 8,
    "complex128": 16,
    "float8_e4m3fn": 1,
    "float8_e5m2": 1,
    "int4": 1,
    "uint4": 1,
}
_U64: Final = 1 << 64


def _matches(glance: Glance) -> bool:
    head = glance.head
    if not head or not (0x81 <= head[0] <= 0x8F or head[0] in {0xDE, 0xDF}):
        return False
    start = {0xDE: 3, 0xDF: 5}.get(head[0], 1)
    if _KEY.match(head, start) is None and _NUMBERED.match(head, start) is None:
        return False
    stream = Buffered(PartSource(glance.source, 0, glance.size), Budget(), order=">")
    try:
        found = list(islice(leaves(stream), _TRIED))
    except WeighmasterError:
        # Numbers may follow for long, and the file may be cut: what is there must be more than chance.
        return b"__msgpack_chunked_array__" in head or b"params" in head[:64]
    return len(found) == _TRIED or stream.offset == glance.size


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    stream = Buffered(cursor.source, cursor.budget, order=">")
    unknown: set[int] = set()
    while stream.left:
        start = stream.offset
        if start and not 0x80 <= stream.peek(1)[0] <= 0xDF:
            yield Stray(where=where.span(start, cursor.size), size=stream.left, position="after")
            yield part(cursor, where, start, cursor.size)
            return
        for leaf in leaves(stream):
            if leaf.kind == "ext":
                yield from _extension(cursor, where, leaf, unknown)
            elif leaf.kind in {"bin", "str"} and leaf.end - leaf.start >= 16:
                yield from _bytes(cursor, where, leaf)


def _bytes(cursor: Cursor, where: Where, leaf: Leaf) -> Iterator[Read]:
    head = cursor.source.read_at(leaf.start, min(_HEAD, leaf.end - leaf.start))
    if is_artifact(head, plausible):
        yield part(cursor, where, leaf.start, leaf.end)


def _extension(cursor: Cursor, where: Where, leaf: Leaf, unknown: set[int]) -> Iterator[Read]:
    if leaf.code in _ARRAYS:
        yield from _array(cursor, where, leaf)
    elif leaf.code not in {_COMPLEX, _TIME} and leaf.code not in unknown:
        unknown.add(leaf.code)
        place = where.span(leaf.start, leaf.end)
        detail = f"msgpack: values of the type {leaf.code}, which is not known"
        yield Gap(where=place, reason=GapReason.UNREADABLE, detail=detail)
        yield from _bytes(cursor, where, leaf)


def _array(cursor: Cursor, where: Where, leaf: Leaf) -> Iterator[Read]:
    stream = Buffered(PartSource(cursor.source, 0, leaf.end), cursor.budget, offset=leaf.start, order=">")
    shape: list[int] = []
    kind, data = "", None
    for inner in leaves(stream):
        if inner.kind == "int" and len(inner.path) == 2 and inner.path[0] == "0":
            shape.append(inner.value)
        elif inner.kind in {"str", "bin"} and inner.path == ("1",):
            kind = stream.source.read_at(inner.start, min(inner.end - inner.start, _SHOWN)).decode("latin-1")
        elif inner.kind == "bin" and inner.path == ("2",):
            data = inner
    name = ".".join(leaf.path)
    if data is None or not kind or stream.left:
        raise UnreadableError(f"msgpack: {name[:_SHOWN]!r} is no array of shape, dtype and bytes", offset=leaf.start)
    place = where.span(data.start, data.end)
    size = _WIDTHS.get(kind)
    for dimension in shape:
        size = None if size is None or dimension < 0 or size >= _U64 else size * dimension
    if size is not None and size != data.end - data.start:
        detail = f"{name[:_SHOWN]!r} needs {size} bytes for its shape and has {data.end - data.start}"
        yield Disagreement(where=place, kind="shape-against-bytes", detail=detail)
    yield Tensor(where=place, name=name, dtype=kind, shape=tuple(shape))
    yield Storage(where=place, size=data.end - data.start)


FORMAT: Final = Format(id="msgpack", title="MessagePack", matches=_matches, read=_read)
