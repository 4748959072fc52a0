"""PaddlePaddle: the program of an inference model (`__model__`, `.pdmodel`), blocks of operators.

`py_func` calls a Python function; `save`, `load` and their like take the name of a file. Messages:
<https://github.com/PaddlePaddle/Paddle/blob/develop/paddle/fluid/framework/framework.proto>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.machine.run import plausible
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Operation
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern
from weighmaster.reading.payload import is_artifact
from weighmaster.reading.protobuf import BYTES, VARINT, Field, Message, inside, outline, shaped
from weighmaster.reading.source import Source

_PROGRAM: Final = {1: BYTES, 4: BYTES, 5: BYTES}
_BLOCK: Final = {1: VARINT, 2: VARINT, 3: BYTES, 4: BYTES, 5: VARINT}
_OPERATOR: Final = {1: BYTES, 2: BYTES, 3: BYTES, 4: BYTES, 5: VARINT}
_TYPE: Final = pattern(rb"[A-Za-z_][A-Za-z0-9_@.]{0,199}")
_NAME: Final = 1000
_TEXT: Final = 4096
_OPERATORS: Final = 1_000_000
_SHORTEST: Final = 24
"""A string below this length stands for nothing that does something."""
_PATHS: Final = frozenset({"file_path", "filename", "dirname", "save_path", "endpoint", "endpoints", "epmap"})


def _matches(glance: Glance) -> bool:
    fields = outline(glance.source)
    if not shaped(fields, _PROGRAM):
        return False
    return any(_is_block(glance.source, field) for field in fields if field.number == 1)


def _is_block(source: Source, field: Field) -> bool:
    found = inside(source, field, 4096)
    numbers = {f.number for f in found}
    if not {1, 2} <= numbers or not numbers & {3, 4} or not shaped(found, _BLOCK):
        return False
    operators = [f for f in found if f.number == 4][:8]
    return all(_is_operator(source, f) for f in operators) if operators else _is_variable(source, found)


def _is_operator(source: Source, field: Field) -> bool:
    found = inside(source, field)
    types = [f for f in found if f.number == 3]
    if not types or not shaped(found, _OPERATOR):
        return False
    return _TYPE.fullmatch(source.read_at(types[-1].start, min(types[-1].value, _NAME))) is not None


def _is_variable(source: Source, found: tuple[Field, ...]) -> bool:
    variables = [inside(source, f) for f in found if f.number == 3]
    return all({1, 2} <= {f.number for f in variable} <= set(range(1, 8)) for variable in variables)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    whole = Message(cursor.source, cursor.budget)
    told: set[tuple[str, str]] = set()
    left = _OPERATORS
    for block in whole.fields():
        if block.number != 1 or block.wire != BYTES:
            continue
        message = whole.message(block)
        for field in message.fields():
            if field.number != 4 or field.wire != BYTES:
                continue
            left -= 1
            if left < 0:
                raise OverBudgetError(f"paddle: more than {_OPERATORS} operators")
            for read in _operator(cursor, where, message.message(field), field):
                if not isinstance(read, Operation):
                    yield read
                elif (read.name, read.detail) not in told:
                    told.add((read.name, read.detail))
                    yield read


def _operator(cursor: Cursor, where: Where, message: Message, field: Field) -> Iterator[Read]:
    name = ""
    paths: list[str] = []
    for inner in message.fields():
        if inner.number == 3 and inner.wire == BYTES:
            name = message.text(inner, _NAME)
        elif inner.number == 4 and inner.wire == BYTES:
            attribute = message.message(inner)
            key, strings = _attribute(attribute)
            for string in strings:
                if key in _PATHS:
                    paths.append(attribute.text(string, _TEXT))
                elif string.value >= _SHORTEST and is_artifact(attribute.raw(string, _TEXT), plausible):
                    yield part(cursor, where, string.start, string.end)
    place = where.span(field.start, field.end)
    yield Operation(where=place, dialect="paddle", name=name, detail=", ".join(paths)[:_TEXT])


def _attribute(message: Message) -> tuple[str, list[Field]]:
    key = ""
    strings: list[Field] = []
    for field in message.fields():
        if field.number == 1 and field.wire == BYTES:
            key = message.text(field, _NAME)
        elif field.number in {5, 8} and field.wire == BYTES:
            strings.append(field)
    return key, strings


FORMAT: Final = Format(id="paddle", title="PaddlePaddle program", matches=_matches, read=_read)
