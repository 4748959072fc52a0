"""What PyTorch's interpreter for phones reads: `bytecode.pkl` in a zip, or one FlatBuffer with the mark `PTMF`.

That interpreter runs the bytecode and never looks at the source beside it, so the operators that the bytecode names
are what counts: `aten::add` is a fact as it is in TorchScript, `ops.aten.add`.

Formats: <https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/mobile/import.cpp>,
<https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/serialization/mobile_bytecode.fbs>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.knowledge.operators import TOUCHES
from weighmaster.machine.run import plausible
from weighmaster.model.errors import OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.model.fact import Metadata, Operation
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Member, Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.flatbuffer import Buffer, Table, identifier
from weighmaster.reading.pattern import pattern
from weighmaster.reading.payload import is_artifact
from weighmaster.reading.source import BytesSource
from weighmaster.reading.torchscript import LONGEST, operators
from weighmaster.reading.zip import Entry, contents, is_zip, names, open_entry

_MARK: Final = b"PTMF"
_BYTECODE: Final = "bytecode.pkl"
_LONGEST: Final = 64 << 20
_NAME: Final = pattern(rb"[A-Za-z_]\w{0,80}::[A-Za-z_]\w{0,120}")
"""The strings of the bytecode are stored as they are: PyTorch's own unpickler knows no escapes."""
_FUNCTION: Final = 16
"""The number of `Function` in the union of values."""
_METADATA: Final = 1 << 16

# The fields of mobile_bytecode.fbs, by number.
_EXTRA_FILES, _VALUES, _SOURCES = 1, 4, 8


def _matches(glance: Glance) -> bool:
    if identifier(glance.head) == _MARK:
        return True
    if not is_zip(glance.source, glance.head, glance.tail):
        return False
    try:
        return any(_is_bytecode(name) for name in names(glance.source, Budget()))
    except WeighmasterError:
        return False


def _is_bytecode(name: str) -> bool:
    return name.casefold().rpartition("/")[2] == _BYTECODE


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if identifier(cursor.source.read_at(0, 8)) == _MARK:
        yield from _flat(Buffer(cursor.source, cursor.budget), where)
    else:
        yield from _zipped(cursor, where)


def _zipped(cursor: Cursor, where: Where) -> Iterator[Read]:
    for content in contents(cursor.source, cursor.budget):
        if not (isinstance(content, Entry) and _is_bytecode(content.name)):
            continue
        opened = open_entry(content, cursor.source, cursor.budget)
        place = content.at(where)
        if opened.size > _LONGEST:
            raise OverBudgetError(f"torch-mobile: {opened.size} bytes of bytecode, {_LONGEST} allowed")
        cursor.budget.hold(opened.size)
        found = set(_named(opened.read_at(0, opened.size)))
        yield from (_operation(name, place) for name in sorted(found))


def _named(data: bytes) -> Iterator[str]:
    """Yield the operators that a pickle's strings are: each stands behind its length, and before the next opcode."""
    for hit in _NAME.finditer(data):
        start = hit.start()
        length = int.from_bytes(data[max(0, start - 4) : start], "little")
        name = hit[0][:length] if 0 < length <= len(hit[0]) else hit[0]
        yield name.decode()
        yield from (known for known in TOUCHES if hit[0].startswith(known.encode()))


def _operation(name: str, where: Where) -> Operation:
    return Operation(where=where, dialect="torchscript", name=f"ops.{name.replace('::', '.')}")


def _flat(buffer: Buffer, where: Where) -> Iterator[Read]:
    root = buffer.root()
    found: set[str] = set()
    for value in root.tables(_VALUES):
        function = value.table(1) if value.number(0, "B") == _FUNCTION else None
        if function is not None:
            found |= {operator.text(0) for operator in function.tables(2)}
    yield from (_operation(name, where) for name in sorted(found))
    for source in root.tables(_SOURCES):
        yield from _source(source, where)
    for extra in root.tables(_EXTRA_FILES):
        yield from _extra(extra, where)


def _source(table: Table, where: Where) -> Iterator[Read]:
    place = where / Member(name=f"code/{table.text(0)}.py")
    try:
        raw = table.raw(1, LONGEST + 1)
        if len(raw) > LONGEST:
            raise OverBudgetError(f"{len(raw)} bytes of source, {LONGEST} allowed")
        found = operators(raw.decode("utf-8", "replace"))
    except UnreadableError as error:
        yield Gap(where=place, reason=GapReason.UNREADABLE, detail=f"torch-mobile: {error}")
    else:
        yield from (Operation(where=place, dialect="torchscript", name=name) for name in found)


def _extra(table: Table, where: Where) -> Iterator[Read]:
    name = table.text(0)
    content = table.raw(1, _LONGEST)
    if is_artifact(content, plausible):
        yield Inner(where / Member(name=name), lambda: BytesSource(content))
    else:
        yield Metadata(where=where, key=name, text=content[:_METADATA].decode("utf-8", "backslashreplace"))


FORMAT: Final = Format(id="torch-mobile", title="PyTorch model for phones", matches=_matches, read=_read)
