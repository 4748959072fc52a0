"""TensorFlow Lite: a FlatBuffer with the mark `TFL3`. Operators by number, custom ones by name; tensors in buffers.

Schema: <https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/compiler/mlir/lite/schema/schema.fbs>. The
custom operators whose names begin with `Flex` are operators of TensorFlow itself, which the Flex delegate runs:
what it runs is named in the operator's options, whatever the custom name says. Buffers of large models lie behind the
FlatBuffer, and a zip of labels and word lists may follow it all
(<https://ai.google.dev/edge/litert/models/metadata>).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.knowledge.graphs import COMPUTED
from weighmaster.machine.run import plausible
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Operation, Stray, Tensor
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.flatbuffer import Buffer, Table, filled, identifier
from weighmaster.reading.pattern import pattern
from weighmaster.reading.payload import is_artifact
from weighmaster.reading.source import PartSource
from weighmaster.reading.tflite import BITS, CUSTOM, OPERATORS, TYPES
from weighmaster.reading.zip import LOCAL, is_zip

_MARK: Final = b"TFL3"
_TENSORS: Final = 200_000
_TOLD: Final = 64
_FLEX: Final = "Flex"
_OPTIONS: Final = 1 << 20
_TEXT: Final = 4096
_SLACK: Final = 512
"""Bytes behind what was looked at that may be options nobody here reads."""
_OPERATION: Final = pattern(rb"\x12([\x02-\x7f])([A-Z][A-Za-z0-9_>]+)")
"""Field 2 of a NodeDef: the operator's name behind its length."""

# Fields of the schema's tables, by number.
_CODES, _GRAPHS, _BUFFERS, _METADATA = 1, 2, 4, 6
_QUANTIZED: Final = ((0, 4), (1, 4), (2, 4), (3, 8))
_TENSOR_LIST, _INPUTS, _OPERATOR_LIST = 0, 1, 3


class _Content(Value):
    """Where the bytes of a buffer lie, in the file."""

    start: int
    size: int


def _matches(glance: Glance) -> bool:
    return identifier(glance.head) == _MARK


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    model = _Model(Buffer(cursor.source, cursor.budget), where)
    yield from model.read()
    yield from _rest(cursor, where, model.reach)


def _rest(cursor: Cursor, where: Where, reach: int) -> Iterator[Read]:
    """Yield what stands behind the model; a zip there has its own reader."""
    start = filled(cursor.source, cursor.budget, reach, cursor.size)
    head = cursor.source.read_at(start, _TEXT)
    tail = cursor.source.read_at(max(start, cursor.size - (22 + 65535)), 22 + 65535)
    if start == cursor.size or (LOCAL in head and is_zip(PartSource(cursor.source, start, cursor.size), head, tail)):
        return
    if cursor.size - reach > _SLACK or is_artifact(head, plausible):
        yield Stray(where=where.span(start, cursor.size), size=cursor.size - start, position="after")
        yield part(cursor, where, start, cursor.size)


class _Model:
    """The reading of one model."""

    def __init__(self, buffer: Buffer, where: Where) -> None:
        self._buffer = buffer
        self._where = where
        self._contents: list[_Content] = []
        self._codes: list[tuple[str, bool]] = []
        self._said: set[tuple[str, str, str]] = set()
        self._lies = 0
        self._far = 0

    @property
    def reach(self) -> int:
        """The end of what belongs to the model."""
        return max(self._buffer.reach, self._far)

    def read(self) -> Iterator[Read]:
        """Yield what stands there."""
        root = self._buffer.root()
        self._codes = [_code(table) for table in root.tables(_CODES)]
        for table in root.tables(_BUFFERS):
            self._contents.append(self._content(table))
        seen: set[int] = set()
        for graph in root.tables(_GRAPHS):
            if graph.at not in seen:
                seen.add(graph.at)
                yield from self._graph(graph)
        for name, custom in self._codes:
            if not any(said[1] == name for said in self._said):
                yield from self._operation(name, "", custom=custom)
        for table in root.tables(_METADATA):
            yield from self._metadata(table)
        _pass_over(root)

    def _content(self, table: Table) -> _Content:
        start, size = table.span(0)
        offset, more = table.number(1, "Q"), table.number(2, "Q")
        if offset > 1:
            # Offsets count from the beginning of the file; 0 and 1 stand for none.
            if offset + more > self._buffer.size:
                raise UnreadableError(f"tflite: a buffer at {offset} of {more} bytes lies outside the file")
            self._far = max(self._far, offset + more)
            return _Content(start=offset, size=more)
        return _Content(start=start, size=size)

    def _bytes(self, index: int) -> _Content:
        return self._contents[index] if 0 <= index < len(self._contents) else _Content(start=0, size=0)

    def _graph(self, graph: Table) -> Iterator[Read]:
        tensors: list[int] = []
        for number, table in enumerate(graph.tables(_TENSOR_LIST)):
            tensors.append(table.number(2, "I"))
            if number < _TENSORS:
                yield from self._tensor(table)
        graph.text(4)
        inputs = frozenset(graph.numbers(_INPUTS, "i"))
        for operator in graph.tables(_OPERATOR_LIST):
            yield from self._operator(operator, tensors, inputs)

    def _tensor(self, table: Table) -> Iterator[Read]:
        shape = tuple(max(0, size) for size in table.numbers(0, "i"))
        kind = TYPES[number] if 0 <= (number := table.number(1, "b")) < len(TYPES) else str(number)
        name, content = table.text(3), self._bytes(table.number(2, "I"))
        quantized = table.table(4)
        if quantized is not None:
            for field, width in _QUANTIZED:
                quantized.span(field, width)
        place = self._where.span(content.start, content.start + content.size) if content.size else self._where
        yield Tensor(where=place, name=name, dtype=kind, shape=shape)
        wanted = BITS.get(kind, 0)
        for size in shape:
            wanted = min(wanted * size, 1 << 80)
        is_dense = table.table(6) is None
        if content.size and is_dense and wanted > 8 * content.size and self._lies < _TOLD:
            self._lies += 1
            detail = f"{name[:80]!r} needs {wanted} bits for its shape and has {8 * content.size}"
            yield Disagreement(where=place, kind="shape-against-bytes", detail=detail)

    def _operator(self, operator: Table, tensors: list[int], inputs: frozenset[int]) -> Iterator[Read]:
        index = operator.number(0, "I")
        if index >= len(self._codes):
            raise UnreadableError(f"tflite: an operator of number {index}, {len(self._codes)} are listed")
        name, custom = self._codes[index]
        operator.span(2, 4)
        operator.table(4)
        given = operator.numbers(1, "i", 64)
        options = operator.raw(5, _OPTIONS)
        detail = self._given(given, tensors, inputs) if custom else ""
        yield from self._operation(name, detail, custom=custom)
        if name.startswith(_FLEX):
            for hit in _OPERATION.finditer(options):
                length = hit[1][0]
                yield from self._operation(f"{_FLEX}{hit[2][:length].decode()}", detail, custom=True)
        elif is_artifact(options, plausible):
            start, count = operator.span(5)
            place = self._where.span(start, start + count)
            yield Inner(place, lambda: self._buffer.part(start, start + count))

    def _given(self, given: tuple[int, ...], tensors: list[int], inputs: frozenset[int]) -> str:
        """Return the text that a custom operator is given, or how it comes by it."""
        for index in given[:1]:
            if index in inputs or not 0 <= index < len(tensors):
                return ""
            content = self._bytes(tensors[index])
            if not content.size:
                return COMPUTED
            raw = self._buffer.source.read_at(content.start, min(content.size, _TEXT))
            return _string(raw)
        return ""

    def _operation(self, name: str, detail: str, *, custom: bool) -> Iterator[Read]:
        flex = custom and name.startswith(_FLEX)
        dialect = "tensorflow" if flex else "tflite"
        key = (dialect, name, detail)
        if key not in self._said:
            self._said.add(key)
            bare = name.removeprefix(_FLEX) if flex else name
            yield Operation(where=self._where, dialect=dialect, name=bare, detail=detail)

    def _metadata(self, table: Table) -> Iterator[Read]:
        name, content = table.text(0), self._bytes(table.number(1, "I"))
        raw = self._buffer.source.read_at(content.start, min(content.size, _TEXT)) if content.size else b""
        place = self._where.span(content.start, content.start + content.size)
        if is_artifact(raw, plausible):
            yield Inner(place, lambda: self._buffer.part(content.start, content.start + content.size))
        elif raw.rstrip(b"\0").isascii() and raw.rstrip(b"\0").decode().isprintable():
            yield Metadata(where=place if content.size else self._where, key=name, text=raw.rstrip(b"\0").decode())


def _pass_over(root: Table) -> None:
    """Take note of where the parts lie that say nothing here: the description, the names of signatures."""
    root.text(3)
    root.span(5, 4)
    for signature in root.tables(7):
        signature.text(2)
        for field in (0, 1):
            for tensor in signature.tables(field):
                tensor.text(0)


def _code(table: Table) -> tuple[str, bool]:
    """Return an operator's name, and whether it is a custom one."""
    # The newer field is wider; whoever writes the older one only leaves it at zero.
    number = max(table.number(3, "i"), table.number(0, "b"))
    if number == CUSTOM:
        return table.text(1), True
    table.text(1)
    return (OPERATORS[number] if 0 <= number < len(OPERATORS) else f"number {number}"), False


def _string(raw: bytes) -> str:
    """Return the first of a tensor's strings: their number, their offsets, then the text."""
    count, start = int.from_bytes(raw[:4], "little"), int.from_bytes(raw[4:8], "little")
    end = int.from_bytes(raw[8:12], "little")
    is_list = 0 < count < 1 << 16 and 8 + 4 * count == start <= end <= len(raw)
    return (raw[start:end] if is_list else raw).decode("utf-8", "backslashreplace")


FORMAT: Final = Format(id="tflite", title="TensorFlow Lite", matches=_matches, read=_read)
