"""GGUF, the model files of llama.cpp: typed keys and values, a table of tensors, the tensors.

Only what stands before the tensors is read. The law is that of ggml's own reader: each tensor begins where the one
before it ends, aligned; a tolerant reader takes other layouts, and what it would see is told. The keys hold text that
programs evaluate: chat templates.

Specification: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.machine.run import plausible
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Reference, Statement, Stray, Template, Tensor
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.value import Value
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.gguf import (
    ALIGNMENT,
    BLOCKS,
    MAGIC,
    Bytes,
    Entry,
    OverflowingError,
    Reader,
    TensorInfo,
    Texts,
    padded,
)
from weighmaster.reading.payload import decoded, is_artifact
from weighmaster.reading.source import BytesSource, PartSource

_U64: Final = 1 << 64
_TEXT: Final = 64 << 10
_SHORTEST: Final = 16
_HEAD: Final = 4096
_STRAYS: Final = 64
_GAPS: Final = 20
_PADDING: Final = 64
"""Less than this between two tensors is padding, whatever it holds."""
_BLANKS: Final = 1 << 20
_UINT32: Final = 4
_ARRAY: Final = 9
_STATED: Final = {
    "architecture": "architecture", "name": "name", "basename": "name", "author": "author",
    "organization": "author", "quantized_by": "author", "license": "licence", "license.name": "licence",
    "license.link": "licence", "finetune": "fine-tune", "type": "kind", "pipeline_tag": "pipeline",
    "repo_url": "source", "source.url": "source", "source.repo_url": "source",
    "source.huggingface.repository": "source",
    "version": "version", "doi": "doi", "uuid": "uuid", "size_label": "size", "description": "description",
}  # fmt: skip
"""Keys under `general.` that say something of the whole: "General metadata" of the specification."""
_COUNTED: Final = {
    "file_type": "file-type", "parameter_count": "parameters", "context_length": "context-length",
    "block_count": "layers", "embedding_length": "width", "vocab_size": "vocabulary", "expert_count": "experts",
}  # fmt: skip
"""Numbers under `general.` and under the name of the architecture."""


class _Layout(Value):
    """Where the data begins and how tensors are aligned."""

    base: int
    alignment: int


def _matches(glance: Glance) -> bool:
    return glance.head.startswith(MAGIC) and glance.size >= 12


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    gaps = 0
    try:
        for read in _all(cursor, where):
            yield read
            gaps += isinstance(read, Gap)
            if gaps > _GAPS:
                raise UnreadableError("gguf: more is wrong than is listed")
    except OverflowingError as error:
        yield Disagreement(where=where, kind="count-overflows", detail=str(error))
        raise


def _all(cursor: Cursor, where: Where) -> Iterator[Read]:
    reader = Reader(cursor.source, cursor.budget)
    alignment = ALIGNMENT
    seen: set[str] = set()
    for entry in reader.entries():
        if entry.key in seen:
            detail = f"the key {entry.key[:80]!r} is there twice"
            yield Disagreement(where=where.span(entry.start, entry.end), kind="duplicate-key", detail=detail)
        seen.add(entry.key)
        if entry.key == "general.alignment":
            alignment = _alignment(entry)
        yield from _told(cursor, where, entry)
        yield from _counted(where, entry)
    tensors: list[TensorInfo] = []
    for tensor in reader.tensors():
        tensors.append(tensor)
        if len(tensors) % 1024 == 0:
            cursor.budget.check_time()
    names = {tensor.name for tensor in tensors}
    if len(names) != len(tensors):
        yield Disagreement(where=where, kind="duplicate-key", detail="two tensors have the same name")
    yield from _layout(cursor, where, tensors, _Layout(base=padded(reader.offset, alignment), alignment=alignment))


def _alignment(entry: Entry) -> int:
    value = entry.value
    if entry.kind != _UINT32 or not isinstance(value, int) or value <= 0 or value & (value - 1):
        raise UnreadableError(f"gguf: the alignment {value!r} is not a power of two", offset=entry.start)
    return value


def _told(cursor: Cursor, where: Where, entry: Entry) -> Iterator[Read]:
    place = where / Member(name=entry.key)
    match entry.value:
        case str() as text:
            yield from _text(where, place, entry, text)
        case Texts(first=first):
            for text in first:
                if "{" in text and _is_template(entry.key, text):
                    yield Template(where=place, engine="jinja", name=entry.key, text=text)
            if entry.key.startswith("general.") and first:
                yield Metadata(where=place, key=entry.key, text=", ".join(first)[:_TEXT])
        case Bytes(start=start, end=end):
            if is_artifact(cursor.source.read_at(start, min(end - start, _HEAD)), plausible):
                yield Inner(place, lambda: PartSource(cursor.source, start, end))
        case int() | float() | None:
            return


def _counted(where: Where, entry: Entry) -> Iterator[Statement]:
    """Yield what a number says of the whole; the vocabulary is counted, not read."""
    space, _, key = entry.key.rpartition(".")
    match entry.value:
        case Texts(count=count) if entry.key == "tokenizer.ggml.tokens":
            yield Statement(where=where, key="vocabulary", value=str(count), by="gguf")
        case int() as number if key in _COUNTED and "." not in space:
            yield Statement(where=where, key=_COUNTED[key], value=str(number), by="gguf")
        case _:
            return


def _text(where: Where, place: Where, entry: Entry, text: str) -> Iterator[Read]:
    if _is_template(entry.key, text):
        yield Template(where=place, engine="jinja", name=entry.key, text=text)
        if entry.cut:
            detail = f"gguf: of {entry.key!r} only the beginning was read"
            yield Gap(where=place, reason=GapReason.OVER_BUDGET, detail=detail)
        return
    yield Metadata(where=place, key=entry.key, text=text[:_TEXT])
    found = decoded(text.encode("utf-8", "replace")) if len(text) >= _SHORTEST else None
    if found is not None and is_artifact(found[1], plausible):
        data = found[1]
        yield Inner(place, lambda: BytesSource(data))
    general = entry.key.removeprefix("general.")
    if general == entry.key or not text:
        return
    stated = "base-model" if general.startswith("base_model.") else _STATED.get(general)
    if stated is not None:
        yield Statement(where=where, key=stated, value=text[:500], by="gguf")
    if general.endswith(("url", "link")):
        yield Reference(where=where, kind="address", target=text[:2000], by="gguf")


def _is_template(key: str, text: str) -> bool:
    # `tokenizer.chat_template`, `tokenizer.chat_template.<name>`; `tokenizer.chat_templates` lists the names.
    return "template" in key and ("{" in text or key.partition(".")[2].startswith("chat_template"))


def _layout(cursor: Cursor, where: Where, tensors: list[TensorInfo], layout: _Layout) -> Iterator[Read]:
    tensors.sort(key=lambda tensor: tensor.offset)
    data = max(0, cursor.size - layout.base)
    reached = strays = 0
    for tensor in tensors:
        size: int | None = yield from _size(tensor, where)
        begin, end = tensor.offset, tensor.offset + (size or 0)
        if end > data:
            detail = f"gguf: {tensor.name[:80]!r} lies at {begin}-{end} of {data} bytes"
            yield Gap(where=where, reason=GapReason.UNREADABLE, detail=detail)
            continue
        place = where.span(layout.base + begin, layout.base + end)
        kind = BLOCKS[tensor.kind][0] if tensor.kind in BLOCKS else str(tensor.kind)
        yield Tensor(where=place, name=tensor.name, dtype=kind, shape=tensor.shape)
        if begin % layout.alignment:
            detail = f"{tensor.name[:80]!r} is not aligned to {layout.alignment} bytes"
            yield Disagreement(where=place, kind="tensor-refused", detail=detail)
        if begin < reached:
            detail = f"{tensor.name[:80]!r} begins inside the tensor before it"
            yield Disagreement(where=place, kind="tensors-overlap", detail=detail)
        elif begin > padded(reached, layout.alignment) or begin - reached >= _PADDING:
            strays += 1
            span = (layout.base + reached, layout.base + begin)
            yield from _stray(cursor, where, span, "between" if reached else "before")
        if strays > _STRAYS:
            raise OverBudgetError(f"gguf: more than {_STRAYS} holes between tensors")
        reached = max(reached, end)
        if size is None:
            return  # Nobody knows where it ends.
    if padded(reached, layout.alignment) < data or data - reached >= _PADDING:
        yield from _stray(cursor, where, (layout.base + reached, cursor.size), "after")


def _stray(cursor: Cursor, where: Where, span: tuple[int, int], position: str) -> Iterator[Read]:
    start, end = span
    if end - start <= _BLANKS:
        cursor.budget.hold(end - start)
        if not any(cursor.source.read_at(start, end - start)):
            return  # Padding.
    yield Stray(where=where.span(start, end), size=end - start, position=position)
    yield part(cursor, where, start, end)


def _size(tensor: TensorInfo, where: Where) -> Generator[Read, None, int | None]:
    """Return how many bytes a tensor takes; None where its type is not known."""
    block = BLOCKS.get(tensor.kind)
    if block is None:
        detail = f"gguf: {tensor.name[:80]!r} has the type {tensor.kind}, which is not known"
        yield Gap(where=where, reason=GapReason.UNREADABLE, detail=detail)
        return None
    _, elements, size = block
    wanted = 1
    for dimension in tensor.shape:
        wanted *= dimension
        if wanted >= _U64:
            break
    if wanted * size >= _U64 or any(dimension >= _U64 >> 1 for dimension in tensor.shape):
        detail = f"the shape of {tensor.name[:80]!r} has more elements than 64 bits can count"
        yield Disagreement(where=where, kind="shape-overflows", detail=detail)
    if tensor.shape and tensor.shape[0] % elements:
        detail = f"a row of {tensor.name[:80]!r} is not a whole number of blocks"
        yield Disagreement(where=where, kind="tensor-refused", detail=detail)
    return -(-wanted // elements) * size


FORMAT: Final = Format(id="gguf", title="GGUF", matches=_matches, read=_read)
