"""Zarr's notes on arrays, as Orbax and others write them: shapes, chunks, and the codecs that chunks go through.

A codec is looked up by its name; `pickle` unpickles every chunk. OCDBT, which Orbax keeps Zarr in, is claimed by the
magic number of its manifest.

Specifications: <https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html>,
<https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html>,
<https://google.github.io/tensorstore/kvstore/ocdbt/index.html>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Instantiation, Tensor
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.record import Record

_MANIFEST: Final = b"\x0c\xdb\x3a\x2a"
_NODES: Final = 100_000
_NAME: Final = 200


def _matches(glance: Glance) -> bool:
    if glance.head.startswith(_MANIFEST):
        return int.from_bytes(glance.head[4:12], "little") == glance.size
    if not may_be(glance.head) or b"zarr_" not in glance.head + glance.tail:
        return False
    found = document(glance.source)
    return isinstance(found, dict) and ("zarr_format" in found or "zarr_consolidated_format" in found)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if cursor.peek(4) == _MANIFEST:
        return
    said: set[str] = set()
    for name, node in _nodes(Record.of(document(cursor.source)).values):
        shape = node.get("shape")
        if isinstance(shape, list):
            if not all(type(count) is int and count >= 0 for count in shape):
                raise UnreadableError("zarr: a shape that is no list of counts")
            dtype = str(node.get("dtype", node.get("data_type", "")))[:_NAME]
            yield Tensor(where=where, name=name, dtype=dtype, shape=tuple(shape))
        for codec in _codecs(node):
            if codec not in said:
                said.add(codec)
                yield Instantiation(where=where, by="zarr", module="", name=codec)


def _nodes(found: Any) -> Iterator[tuple[str, Any]]:
    """Yield the notes in a document: one, or those of a whole group."""
    yield "", found
    consolidated = found.get("consolidated_metadata")
    for holder in (found, consolidated if isinstance(consolidated, dict) else {}):
        metadata = holder.get("metadata")
        for count, (path, node) in enumerate((metadata if isinstance(metadata, dict) else {}).items()):
            if count >= _NODES:
                raise OverBudgetError(f"zarr: more than {_NODES} arrays")
            if isinstance(node, dict):
                yield path.removesuffix("/.zarray"), node


def _codecs(node: Any) -> Iterator[str]:
    """Yield the names of codecs, also of those inside others."""
    waiting = [node.get(key) for key in ("compressor", "filters", "codecs", "object_codec")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            name = value.get("id", value.get("name"))
            if isinstance(name, str):
                yield name[:_NAME]
            configuration = value.get("configuration")
            waiting += configuration.values() if isinstance(configuration, dict) else []


FORMAT: Final = Format(id="zarr", title="Zarr notes or OCDBT manifest", matches=_matches, read=_read)
