"""ONNX: a model is a graph of operators, its weights, functions of its own and what is told about it.

The numbers of a tensor may lie in another file, whose path the model names. Operators are known by their domain; one of
another domain needs a native library. Specification: <https://github.com/onnx/onnx/blob/main/docs/IR.md>.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read, part
from weighmaster.machine.run import plausible
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Disagreement, Expansion, Metadata, Operation, Reference, Statement, Tensor
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.onnx import (
    BYTEWISE,
    NO_NODE,
    External,
    NodeProto,
    TensorProto,
    is_model,
    pair,
    tensor,
)
from weighmaster.reading.onnx import (
    node as node_of,
)
from weighmaster.reading.payload import decoded, is_artifact
from weighmaster.reading.protobuf import BYTES, Field, Message, outline, signed
from weighmaster.reading.source import BytesSource

_DEEPEST: Final = 64
_NODES: Final = 1_000_000
_TENSORS: Final = 200_000
_NAME: Final = 1000
_TEXT: Final = 64 << 10
_HEAD: Final = 4096
_SHORTEST: Final = 24
"""A string below this length stands for nothing that does something."""
_STRINGS: Final = 100_000
_BOMB: Final = 1 << 37
"""Bytes of one tensor that no model has: the largest that are known take a tenth of it."""
_U64: Final = 1 << 64
_STATED: Final[Mapping[int, str]] = {2: "producer", 3: "producer-version", 6: "description"}
_MEMORY: Final = "*/_ORT_MEM_ADDR_/*"
"""What ONNX Runtime takes for "at an address of this process", which it is given as the offset."""
_SHAPED: Final[Mapping[str, int]] = {"ConstantOfShape": 0, "Expand": 1}
"""Operators that make a tensor of the shape that an input says, and which input."""
_HANDS_ON: Final = frozenset({"Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Concat"})
_RANDOM: Final = frozenset({"RandomNormal", "RandomUniform"})
_CODE: Final = ("module", "class_name", "func_name", "name")


def _matches(glance: Glance) -> bool:
    return is_model(glance.source, outline(glance.source))


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    yield from _Reader(cursor, where).model()


class _Graph:
    """What is known about the values of one graph: small integers by name, and which names make up others."""

    __slots__ = ("made", "numbers", "parts")

    def __init__(self) -> None:
        self.numbers: dict[str, tuple[int, ...]] = {}
        self.parts: dict[str, tuple[str, ...]] = {}
        self.made: list[tuple[str, Field]] = []


class _Reader:
    """Reads one model."""

    def __init__(self, cursor: Cursor, where: Where) -> None:
        self._cursor = cursor
        self._where = where
        self._own: set[tuple[str, str]] = set()
        self._told: set[tuple[str, str]] = set()
        self._nodes = _NODES
        self._tensors = _TENSORS
        self._strings = _STRINGS
        self._files: dict[str, tuple[int, Where]] = {}

    def model(self) -> Iterator[Read]:
        """Yield what the model says."""
        whole = Message(self._cursor.source, self._cursor.budget)
        fields = [field for field in whole.fields() if field.wire == BYTES]
        functions = [whole.message(field) for field in fields if field.number == 25]
        self._own = {self._signature(function) for function in functions}
        for field in fields:
            if field.number == 7:
                yield from self._graph(whole.message(field), 0)
            elif field.number == 14:
                yield from self._metadata(whole, field)
            elif field.number == 20:
                yield from self._training(whole.message(field))
            elif field.number in _STATED and 0 < field.value <= _NAME:
                said = whole.text(field, _NAME)
                yield Statement(where=self._where, key=_STATED[field.number], value=said, by="onnx")
        for function in functions:
            yield from self._function(function)
        for location, (needs, place) in self._files.items():
            yield Reference(where=place, kind="data", target=location, by="onnx", needs=needs)

    def _training(self, training: Message) -> Iterator[Read]:
        for inner in training.fields():
            if inner.number in {1, 2} and inner.wire == BYTES:
                yield from self._graph(training.message(inner), 0)

    def _signature(self, function: Message) -> tuple[str, str]:
        name = domain = ""
        for field in function.fields():
            if field.number == 1 and field.wire == BYTES:
                name = function.text(field, _NAME)
            elif field.number == 10 and field.wire == BYTES:
                domain = function.text(field, _NAME)
        return domain, name

    def _function(self, function: Message) -> Iterator[Read]:
        graph = _Graph()
        for field in function.fields():
            if field.number == 7 and field.wire == BYTES:
                yield from self._node(graph, function.message(field), field, 0)
            elif field.number == 11 and field.wire == BYTES:
                yield from self._attribute(graph, NO_NODE, function.message(field), 0)
            elif field.number == 14 and field.wire == BYTES:
                yield from self._metadata(function, field)

    def _graph(self, message: Message, depth: int) -> Iterator[Read]:
        if depth > _DEEPEST:
            raise OverBudgetError(f"onnx: graphs inside graphs, more than {_DEEPEST} deep")
        graph = _Graph()
        for field in message.fields():
            if field.wire != BYTES:
                continue
            if field.number == 1:
                yield from self._node(graph, message.message(field), field, depth)
            elif field.number == 5:
                yield from self._tensor(graph, message.message(field), field)
            elif field.number == 15:
                yield from self._sparse(graph, message.message(field))
            elif field.number == 16:
                yield from self._metadata(message, field)
        yield from self._bombs(graph)

    def _sparse(self, graph: _Graph, message: Message) -> Iterator[Read]:
        for field in message.fields():
            if field.number in {1, 2} and field.wire == BYTES:
                yield from self._tensor(graph, message.message(field), field)

    def _node(self, graph: _Graph, message: Message, field: Field, depth: int) -> Iterator[Read]:
        self._nodes -= 1
        if self._nodes < 0:
            raise OverBudgetError(f"onnx: more than {_NODES} nodes")
        node = node_of(message)
        yield from self._operation(message, node, field)
        if node.op in _SHAPED and _SHAPED[node.op] < len(node.inputs):
            graph.made.append((node.inputs[_SHAPED[node.op]], field))
        elif node.op in _HANDS_ON and node.outputs:
            count = len(node.inputs) if node.op == "Concat" else 1
            graph.parts[node.outputs[0]] = tuple(node.inputs[:count])
        for attribute in node.attributes:
            yield from self._attribute(graph, node, message.message(attribute), depth)

    def _operation(self, message: Message, node: NodeProto, field: Field) -> Iterator[Read]:
        if (node.domain, node.op) in self._own:
            return  # A function of the model's own, which is read as well.
        name = node.name
        texts = self._texts(message, node) if name != node.op or node.op.startswith("Py") else {}
        detail = ".".join(text for key in _CODE if (text := texts.get(key)))
        place = self._where.span(field.start, field.end)
        if node.op == "EPContext" and texts.get("embed_mode", "1") == "0":
            target = texts.get("ep_cache_context", "")
            yield Reference(where=place, kind="data", target=target, by="onnx")
        if (name, detail) not in self._told:
            self._told.add((name, detail))
            yield Operation(where=place, dialect="onnx", name=name, detail=detail)

    @staticmethod
    def _texts(message: Message, node: NodeProto) -> dict[str, str]:
        """Return the attributes of a node that are short texts or numbers."""
        found: dict[str, str] = {}
        for attribute in node.attributes:
            inner = message.message(attribute)
            name, value = "", ""
            for field in inner.fields():
                if field.number == 1 and field.wire == BYTES:
                    name = inner.text(field, _NAME)
                elif field.number == 4 and field.wire == BYTES and field.value <= _HEAD:
                    value = inner.text(field, _HEAD)
                elif field.number == 3:
                    value = str(signed(field.value))
            found[name] = value
        return found

    def _attribute(self, graph: _Graph, node: NodeProto, message: Message, depth: int) -> Iterator[Read]:
        name = ""
        for field in message.fields():
            if field.number == 8 and node.op in _RANDOM and name == "shape":
                shape = [signed(n) for n in message.numbers(field, 64)]
                yield from self._bomb(shape, field)
            if field.wire != BYTES:
                continue
            if field.number == 1:
                name = message.text(field, _NAME)
            elif field.number in {5, 10}:
                yield from self._constant(graph, node, message.message(field), field)
            elif field.number in {6, 11}:
                yield from self._graph(message.message(field), depth + 1)
            elif field.number in {22, 23}:
                yield from self._sparse(graph, message.message(field))
            elif field.number in {4, 9}:
                yield from self._hidden(message, field)

    def _constant(self, graph: _Graph, node: NodeProto, message: Message, field: Field) -> Iterator[Read]:
        values = _Graph()
        yield from self._tensor(values, message, field)
        if node.op == "Constant" and node.outputs:
            for numbers in values.numbers.values():
                graph.numbers[node.outputs[0]] = numbers

    def _tensor(self, graph: _Graph, message: Message, field: Field) -> Iterator[Read]:
        self._tensors -= 1
        if self._tensors < 0:
            raise OverBudgetError(f"onnx: more than {_TENSORS} tensors")
        found = tensor(message, field)
        graph.numbers[found.name] = found.numbers
        place = self._where.span(field.start, field.end)
        if found.name:
            yield Tensor(where=place, name=found.name, dtype=found.kind, shape=found.shape)
        yield from self._size(found, place)
        for external in found.external:
            yield from self._lies_outside(found, external)
        for string in found.strings:
            yield from self._hidden(message, string)
        raw = found.raw if found.dtype in BYTEWISE else None
        if raw is not None and is_artifact(message.raw(raw, _HEAD), plausible):
            yield part(self._cursor, self._where, raw.start, raw.end)

    def _size(self, found: TensorProto, place: Where) -> Iterator[Read]:
        size = found.size
        if size >= _U64:
            detail = f"the shape of {found.name!r} has more elements than 64 bits can count"
            yield Disagreement(where=place, kind="shape-overflows", detail=detail)
        elif any(dimension < 0 for dimension in found.shape):
            detail = f"the shape of {found.name!r} has a negative dimension"
            yield Disagreement(where=place, kind="shape-against-bytes", detail=detail)
        elif size and (held := found.raw.value if found.raw and not found.external else size) != size:
            detail = f"{found.name!r} needs {size} bytes for its shape and has {held}"
            yield Disagreement(where=place, kind="shape-against-bytes", detail=detail)
        elif size >= _BOMB:
            yield Expansion(where=place, packed=self._cursor.size, unpacked=size)

    def _lies_outside(self, found: TensorProto, external: External) -> Iterator[Read]:
        place = self._where.span(external.field.start, external.field.end)
        if external.location.startswith(_MEMORY):
            detail = f"{found.name!r} is said to lie at an address of the process that loads it"
            yield Disagreement(where=place, kind="memory-address", detail=detail)
            return
        if external.offset is None or external.length is None:
            detail = f"where {found.name!r} lies in {external.location!r} is no number"
            yield Disagreement(where=place, kind="external-range", detail=detail)
            return
        if external.length >= 0 and found.size and external.length != found.size:
            detail = f"{found.name!r} needs {found.size} bytes for its shape, and {external.length} are to be read"
            yield Disagreement(where=place, kind="shape-against-bytes", detail=detail)
        if external.length >= _BOMB > found.size:
            yield Expansion(where=place, packed=self._cursor.size, unpacked=external.length)
        end = max(external.offset, 0) + (external.length if external.length >= 0 else found.size)
        before, first = self._files.get(external.location, (0, place))
        self._files[external.location] = max(before, min(end, _U64)), first

    def _bombs(self, graph: _Graph) -> Iterator[Read]:
        for name, field in graph.made:
            yield from self._bomb(self._numbers(graph, name, 8), field)

    def _numbers(self, graph: _Graph, name: str, depth: int) -> list[int]:
        """Return the integers of a value, as far as they are constants."""
        if name in graph.numbers:
            return list(graph.numbers[name])
        if depth == 0:
            return []
        return [n for piece in graph.parts.get(name, ())[:64] for n in self._numbers(graph, piece, depth - 1)]

    def _bomb(self, shape: list[int], field: Field) -> Iterator[Read]:
        elements = 1 if shape else 0
        for dimension in shape:
            elements = min(elements * max(dimension, 1), _U64)
        if elements >= _BOMB >> 2:
            place = self._where.span(field.start, field.end)
            yield Expansion(where=place, packed=field.value, unpacked=elements)

    def _metadata(self, message: Message, field: Field) -> Iterator[Read]:
        entry = message.message(field)
        key, text = pair(entry)
        place = self._where.span(field.start, field.end)
        yield Metadata(where=place, key=key, text=text)
        for inner in entry.fields():
            if inner.number == 2 and inner.wire == BYTES:
                yield from self._hidden(entry, inner)

    def _hidden(self, message: Message, field: Field) -> Iterator[Read]:
        """Hand on a string that is an artifact of its own, or stands for one."""
        if field.value < _SHORTEST:
            return
        self._strings -= 1
        if self._strings < 0:
            raise OverBudgetError(f"onnx: more than {_STRINGS} long strings")
        head = message.raw(field, _HEAD)
        if is_artifact(head, plausible):
            yield part(self._cursor, self._where, field.start, field.end)
            return
        found = decoded(head)
        if found is not None and field.value > _HEAD:
            found = decoded(message.raw(field, field.value))
        if found is not None and is_artifact(found[1], plausible):
            data = found[1]
            yield Inner(self._where.span(field.start, field.end), lambda: BytesSource(data))


FORMAT: Final = Format(id="onnx", title="ONNX", matches=_matches, read=_read)
