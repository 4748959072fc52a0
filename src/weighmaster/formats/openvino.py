"""OpenVINO's intermediate representation: layers and their weights' places as XML, the weights beside it.

A layer is of an operation set (`version`) or of an extension, a native library that whoever runs the model must load;
a path to a library may stand in it.

Specification: <https://docs.openvino.ai/2025/documentation/openvino-ir-format.html>,
<https://docs.openvino.ai/2025/documentation/openvino-extensibility.html>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Operation, Reference, Tensor
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_LIBRARY: Final = pattern(r"\s*.{0,4096}\.(?:so(?:\.\d+)*|dll|dylib|pyd)\s*", 2)  # re.IGNORECASE
_OPSET: Final = pattern(r"opset\d{1,3}")
_MOST: Final = 200_000
_OPERATIONS: Final = 5_000
_TEXT: Final = 400
_PATH: Final = 4096
_NAMED: Final = frozenset({"layer", "net", "port"})
_WIDTHS: Final = {
    "f64": 64,
    "i64": 64,
    "u64": 64,
    "f32": 32,
    "i32": 32,
    "u32": 32,
    "f16": 16,
    "bf16": 16,
    "i16": 16,
    "u16": 16,
    "i8": 8,
    "u8": 8,
    "boolean": 8,
    "f8e4m3": 8,
    "f8e5m2": 8,
    "f8e8m0": 8,
    "i4": 4,
    "u4": 4,
    "nf4": 4,
    "f4e2m1": 4,
}
_U64: Final = 1 << 64


def _matches(glance: Glance) -> bool:
    from weighmaster.reading.xml import may_be, root

    text = glance.head.replace(b"\0", b"") + glance.tail
    if not may_be(glance.head) or (b"<layer" not in text and b"<plugin" not in text):
        return False
    # `net` is a model; `ie` lists the plugins that the runtime is to load.
    return root(glance.source) in {"net", "ie"}


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.reading.xml import Element, events

    said: set[tuple[str, str]] = set()
    layer, count, end = "", 0, 0
    for event in events(cursor.source, cursor.budget):
        yield from _libraries(where, event)
        if not isinstance(event, Element):
            continue
        attributes = dict(event.attributes)
        if event.name == "layer":
            layer = attributes.get("name", "")[:_TEXT]
            kind = (attributes.get("version", ""), attributes.get("type", ""))
            if kind not in said and len(said) < _OPERATIONS:
                said.add(kind)
                yield _operation(where, *kind)
        elif event.name == "data" and "offset" in attributes:
            count += 1
            if count <= _MOST:
                end = max(end, _number(attributes["offset"]) + _number(attributes.get("size", "")))
                yield from _weights(where, layer, attributes)
        elif event.name == "net" and "name" in attributes:
            yield Metadata(where=where, key="name", text=attributes["name"][:_TEXT])
    if end:
        yield Reference(where=where, kind="weights", target=f"{_stem(where)}.bin", by="openvino", needs=end)


def _stem(where: Where) -> str:
    """Return the file's name without its ending: the weights lie beside it under that name."""
    last = where.steps[-1] if where.steps else None
    name = last.name if isinstance(last, Member) else where.root
    base = name.rpartition("/")[2]
    return base[: base.rfind(".")] if "." in base else base


def _operation(where: Where, version: str, kind: str) -> Operation:
    # Before version 10 layers had no set of their own.
    known = not version or _OPSET.fullmatch(version)
    name = kind if known else f"{version}::{kind}"
    return Operation(where=where, dialect="openvino", name=name[:_TEXT])


def _libraries(where: Where, event: object) -> Iterator[Read]:
    from weighmaster.reading.xml import Element, Text

    texts = [event.text] if isinstance(event, Text) else []
    if isinstance(event, Element):
        texts = [text for key, text in event.attributes if key != "name" or event.name not in _NAMED]
    for text in (text for text in texts if len(text) <= _PATH and _LIBRARY.fullmatch(text)):
        yield Reference(where=where, kind="library", target=text.strip(), by="openvino")


def _weights(where: Where, layer: str, attributes: dict[str, str]) -> Iterator[Read]:
    offset, size = _number(attributes["offset"]), _number(attributes.get("size", ""))
    if offset + size >= _U64:
        raise UnreadableError(f"openvino: the weights of {layer!r} lie at {offset}, {size} bytes")
    shape = [_number(part) for part in attributes.get("shape", "").replace(" ", "").split(",") if part]
    kind = attributes.get("element_type", "")
    bits = _WIDTHS.get(kind)
    for dimension in shape:
        bits = None if bits is None else bits * dimension
        if bits is not None and bits >= _U64:
            detail = f"the shape of {layer!r} has more elements than 64 bits can count"
            yield Disagreement(where=where, kind="shape-overflows", detail=detail)
            return
    if bits is not None and attributes.get("shape") is not None and (bits + 7) // 8 != size:
        detail = f"{layer!r} needs {(bits + 7) // 8} bytes for its shape and has {size}"
        yield Disagreement(where=where, kind="shape-against-bytes", detail=detail)
    yield Tensor(where=where, name=layer, dtype=kind, shape=tuple(shape))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise UnreadableError(f"openvino: {text[:40]!r} is no number of bytes or elements")
    return int(text)


FORMAT: Final = Format(id="openvino", title="OpenVINO model", matches=_matches, read=_read, layer=True)
