"""Core ML: a model (`.mlmodel`) of layers, of a program, or of other models.

Layers and models of the application's own (`custom`) are classes that the application brings along. A program keeps its
weights in files beside it. Specification: <https://apple.github.io/coremltools/mlmodel/index.html>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Metadata, Operation, Reference
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.protobuf import BYTES, VARINT, Field, Message, inside, outline, shaped

_MODEL: Final = {1: VARINT, 2: BYTES, 10: VARINT}
_DESCRIPTION: Final = dict.fromkeys((1, 10, 11, 12, 13, 20, 21, 50, 100), BYTES)
# fmt: off
_TYPES: Final = frozenset({
    200, 201, 202, 300, 301, 302, 303, 304, 400, 401, 402, 403, 404, 500, 501, 502, 555, 556, 560, 600, 601, 602, 603,
    604, 606, 607, 609, 610, 900, 2000, 2001, 2002, 2003, 2004, 2005, 2006, 3000,
})
"""Kinds of models, by their fields of `Model` (Model.proto)."""
_LAYERS: Final = frozenset({
    100, 120, 130, 140, 150, 160, 165, 170, 175, 180, 190, 200, 210, 211, 212, 220, 230, 231, 240, 245, 250, 260, 261,
    270, 280, 290, 300, 301, 310, 320, 330, 340, 345, 350, 400, 410, 420, 430, 500, 600, 605, 615, 620, 625, 635, 640,
    660, 665, 670, 680, 685, 700, 710, 715, 720, 730, 735, 740, 750, 755, 760, 770, 775, 780, 790, 795, 815, 820, 825,
    827, 830, 832, 840, 845, 850, 855, 865, 870, 875, 880, 885, 890, 895, 900, 905, 920, 925, 930, 935, 940, 945, 950,
    952, 954, 960, 965, 975, 980, 985, 995, 1000, 1005, 1015, 1020, 1025, 1040, 1045, 1065, 1070, 1080, 1085, 1090,
    1100, 1105, 1110, 1120, 1125, 1130, 1135, 1140, 1145, 1150, 1155, 1170, 1175, 1180, 1190, 1195, 1200, 1210, 1215,
    1220, 1230, 1250, 1255, 1260, 1265, 1270, 1275, 1280, 1285, 1290, 1295, 1313, 1315, 1320, 1325, 1330, 1350, 1400,
    1450, 1455, 1460, 1461, 1465, 1466, 1470, 1471,
})
"""Layers, by their fields of `NeuralNetworkLayer` (NeuralNetwork.proto)."""
# fmt: on
_NETWORKS: Final = frozenset({303, 403, 500})
_PIPELINES: Final = frozenset({200, 201})
_CUSTOM: Final = 500
_NESTED: Final = {605: (1, 2), 615: (3, 4)}
"""Layers with networks inside, and in which fields."""
_DEEPEST: Final = 48
_OPERATIONS: Final = 1_000_000
_NAME: Final = 1000
_MODEL_PATH: Final = "@model_path/"
_METADATA: Final = {1: "shortDescription", 2: "versionString", 3: "author", 4: "license"}


def _matches(glance: Glance) -> bool:
    fields = outline(glance.source)
    numbers = {field.number for field in fields}
    if not {1, 2} <= numbers or numbers.isdisjoint(_TYPES) or not shaped(fields, _MODEL):
        return False
    versions = [field.value for field in fields if field.number == 1]
    descriptions = [field for field in fields if field.number == 2]
    if not 0 < versions[-1] < 100:
        return False
    told = inside(glance.source, descriptions[-1])
    return {field.number for field in told} <= _DESCRIPTION.keys() and shaped(told, _DESCRIPTION)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    yield from _Reader(where).model(Message(cursor.source, cursor.budget), 0)


class _Reader:
    """Reads one model and those inside it."""

    def __init__(self, where: Where) -> None:
        self._where = where
        self._told: set[tuple[str, str]] = set()
        self._left = _OPERATIONS

    def model(self, message: Message, depth: int) -> Iterator[Read]:
        """Yield what a model says."""
        _check(depth)
        for field in message.fields():
            if field.wire == BYTES and (field.number == 2 or field.number in _TYPES):
                yield from self._kind(message.message(field), field, depth + 1)

    def _kind(self, message: Message, field: Field, depth: int) -> Iterator[Read]:
        """Yield what a model says in the field that says of which kind it is, or what it is for."""
        if field.number == 2:
            yield from self._description(message)
        elif field.number in _NETWORKS:
            yield from self._network(message, depth)
        elif field.number in _PIPELINES:
            for pipeline in _in(message, 1):
                yield from self._pipeline(message.message(pipeline), depth)
        elif field.number == 202:
            yield from self._pipeline(message, depth)
        elif field.number == 502:
            yield from self._program(message, depth)
        elif field.number == 555:
            yield from self._operation("customModel", field, _text(message, 10))
        elif field.number == 556:
            yield from self._linked(message, field)

    def _operation(self, name: str, field: Field, detail: str = "") -> Iterator[Read]:
        self._left -= 1
        if self._left < 0:
            raise OverBudgetError(f"coreml: more than {_OPERATIONS} operations")
        if (name, detail) not in self._told:
            self._told.add((name, detail))
            place = self._where.span(field.start, field.end)
            yield Operation(where=place, dialect="coreml", name=name, detail=detail)

    def _pipeline(self, message: Message, depth: int) -> Iterator[Read]:
        for model in _in(message, 1):
            yield from self.model(message.message(model), depth)

    def _linked(self, message: Message, field: Field) -> Iterator[Read]:
        for file in _in(message, 1):
            inner = message.message(file)
            for parameter in (1, 2):
                for text in _in(inner, parameter):
                    target = _text(inner.message(text), 1)
                    yield Reference(where=self._where, kind="weights", target=target, by="coreml")
        yield from self._operation("linkedModel", field)

    def _network(self, message: Message, depth: int) -> Iterator[Read]:
        _check(depth)
        for layer in _in(message, 1):
            inner = message.message(layer)
            for field in inner.fields():
                if field.number == _CUSTOM and field.wire == BYTES:
                    yield from self._operation("custom", field, _text(inner.message(field), 10))
                elif field.number in _NESTED and field.wire == BYTES:
                    body = inner.message(field)
                    for number in _NESTED[field.number]:
                        for network in _in(body, number):
                            yield from self._network(body.message(network), depth + 1)
                elif field.number >= 100 and field.number not in _LAYERS:
                    yield from self._operation(f"layer {field.number}", field)

    def _program(self, message: Message, depth: int) -> Iterator[Read]:
        for function in _values(message, 2):
            for block in _values(function, 3):
                yield from self._block(block, depth + 1)

    def _block(self, message: Message, depth: int) -> Iterator[Read]:
        _check(depth)
        for field in _in(message, 3):
            operation = message.message(field)
            name = _text(operation, 1)
            yield from self._operation(f"mil::{name}", field)
            for argument in _values(operation, 2):
                for binding in _in(argument, 1):
                    bound = argument.message(binding)
                    for value in _in(bound, 2):
                        yield from self._file(bound.message(value))
            for value_ in _values(operation, 5):
                yield from self._file(value_)
            for block in _in(operation, 4):
                yield from self._block(operation.message(block), depth + 1)

    def _file(self, value: Message) -> Iterator[Read]:
        for field in _in(value, 5):
            name = _text(value.message(field), 1)
            if ("file", name) not in self._told:
                self._told.add(("file", name))
                # The path of the model is the folder that it lies in.
                target = name.removeprefix(_MODEL_PATH)
                place = self._where.span(field.start, field.end)
                yield Reference(where=place, kind="weights", target=target, by="coreml")

    def _description(self, message: Message) -> Iterator[Read]:
        for field in _in(message, 100):
            metadata = message.message(field)
            for inner in metadata.fields():
                place = self._where.span(inner.start, inner.end)
                if inner.wire == BYTES and inner.number in _METADATA:
                    yield Metadata(where=place, key=_METADATA[inner.number], text=metadata.text(inner))
                elif inner.wire == BYTES and inner.number == 100:
                    entry = metadata.message(inner)
                    yield Metadata(where=place, key=_text(entry, 1), text=_text(entry, 2))


def _check(depth: int) -> None:
    if depth > _DEEPEST:
        raise OverBudgetError(f"coreml: models inside models, more than {_DEEPEST} deep")


def _in(message: Message, number: int) -> Iterator[Field]:
    return (field for field in message.fields() if field.number == number and field.wire == BYTES)


def _text(message: Message, number: int) -> str:
    found = ""
    for field in _in(message, number):
        found = message.text(field, _NAME)
    return found


def _values(message: Message, number: int) -> Iterator[Message]:
    """Yield the values of the map `number`."""
    for field in _in(message, number):
        entry = message.message(field)
        for value in _in(entry, 2):
            yield entry.message(value)


FORMAT: Final = Format(id="coreml", title="Core ML model", matches=_matches, read=_read)
