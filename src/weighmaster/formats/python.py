"""Python source, by content: what it uses, under which names, and when that runs.

The syntax tree is followed, nothing is compiled or run. What is run as a text inside it is followed as well; constants
that it decodes or unpickles are artifacts of their own. A `.pth` file is read line by line, as `site` does.

Specifications: <https://docs.python.org/3/reference/>, <https://docs.python.org/3/library/site.html>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.machine.run import plausible
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Use
from weighmaster.model.package import Acting
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.opening import words
from weighmaster.reading.pattern import pattern
from weighmaster.reading.python.newer import older, reworded
from weighmaster.reading.python.source import LONGEST, UnparsedError, check_parts, is_python, text_of
from weighmaster.reading.source import BytesSource

if TYPE_CHECKING:
    from weighmaster.knowledge.source.sources import Reading

_NAMED: Final = (".py", ".pyw", ".pyi")
_MAY_BE: Final = (b"import", b"(", b"class ", b"python")
_STRING: Final = pattern(rb'"(?:[^"\\\n]|\\.)*+"')
_WORD: Final = pattern(rb"(?<!\w)(?!(?:true|false|null|NaN|Infinity)\b)[A-Za-z_]")
"""What stands in no JSON outside its strings."""


def _matches(glance: Glance) -> bool:
    head = glance.head
    if b"\0" in head or head[:2] in {b"\xff\xfe", b"\xfe\xff"} or not _worth_it(glance):
        return False
    return is_python(glance.source)


def _worth_it(glance: Glance) -> bool:
    # XML parses as no Python, and JSON as nothing that acts; what is large must say what it is where it begins.
    first = glance.head.lstrip()[:1]
    if first == b"<":
        return False
    looked = glance.head if glance.size > LONGEST else glance.source.read_at(0, LONGEST)
    if not any(mark in looked for mark in _MAY_BE):
        return False
    return first not in {b"{", b"["} or b"import" in glance.head or _WORD.search(_STRING.sub(b"", looked)) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.knowledge.packages.compiled import acting_in_source
    from weighmaster.knowledge.source.source_gate import brought, may_matter
    from weighmaster.knowledge.source.sources import Reading, glanced

    cursor.budget.hold(cursor.size * 8)
    if cursor.size > LONGEST:
        raise OverBudgetError(f"{cursor.size} bytes of source, {LONGEST} allowed")
    if acting := acting_in_source(words(cursor.source) or cursor.source.read_at(0, cursor.size)):
        yield Acting(where=where, words=acting)
    text = text_of(cursor.source)
    check_parts(text)
    name = _name(where)
    if name.endswith(".pth"):
        yield from _path_file(text, where)
        text = "\n".join(line for line in text.splitlines() if line.startswith(("import ", "import\t")))
    elif not may_matter(text, where) and (told := brought(text, where)) is not None:
        yield from told
        return
    reading = Reading(where, cursor.budget.check_time)
    try:
        reading.read(text)
    except UnparsedError as error:
        yield from glanced(text, where)
        # Files that only look like Python are read by nobody; a Python 3 that reads Python 2 does not exist.
        if not name.endswith(_NAMED) or error.old:
            return
        rest = older(text)
        if rest != reworded(text):
            yield Gap(where=where, reason=GapReason.UNREADABLE, detail=f"python: {error}")
        if rest is None:
            return
        reading = Reading(where, cursor.budget.check_time)
        reading.read(rest)
    yield from reading.facts()
    yield from _handed_on(reading, where)
    for said in reading.unread:
        yield Gap(where=where, reason=GapReason.UNREADABLE, detail=f"python: {said}")


def _name(where: Where) -> str:
    last = where.steps[-1] if where.steps else None
    return (last.name if isinstance(last, Member) else "" if where.steps else where.root).casefold()


def _path_file(text: str, where: Where) -> Iterator[Use]:
    for line in text.splitlines():
        if line.startswith(("import ", "import\t")):
            yield Use(where=where, language="python", module="", name="runs-on-every-start", when="import",
                      detail=line[:2000])  # fmt: skip


def _handed_on(reading: Reading, where: Where) -> Iterator[Inner]:
    from weighmaster.reading.payload import is_artifact, is_code

    for number, data in enumerate(reading.payloads):
        if is_artifact(data, plausible) or is_code(data):
            yield Inner(where / Member(name=f"constant {number}"), lambda data=data: BytesSource(data))  # type: ignore[misc]


FORMAT: Final = Format(id="python", title="Python source", matches=_matches, read=_read, layer=True)
