"""Pickle: a program for a stack machine. It is followed here, never run.

Opcodes: Lib/pickletools.py of CPython. The machine is `weighmaster.machine`; this format turns its events into
facts, reads every pickle of a file that holds several, and hands on what hides in constants and behind the end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.knowledge.callables import look_up
from weighmaster.machine.run import Trace, does_something, follow, is_name, plausible
from weighmaster.machine.shadow import Change, Global, Result
from weighmaster.machine.terms import Terms
from weighmaster.machine.words import only_words
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Call, CodeObject, Disagreement, Expansion, Extension, Fact, Import, Stray, Update
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.term import Unknown
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern
from weighmaster.reading.payload import decoded, is_artifact, is_code, latin1
from weighmaster.reading.source import BytesSource, PartSource, Source
from weighmaster.reading.torch import is_legacy

_ACTING: Final = frozenset({"antigravity", "idlelib.idle", "this"})
_PROSE: Final = pattern(r"[, ]")
_ITEMS: Final = Unknown(why="items")
_HEAD: Final = 4096
_PEEK: Final = 1 << 16
_WHOLE: Final = 64 << 20
_ENOUGH: Final = 20_000_000
"""Opcodes after which bytes that still have not broken count as a pickle."""


def _matches(glance: Glance) -> bool:
    head = glance.head
    if len(head) < 2 or is_legacy(head):
        return False
    if head[0] == 0x80:
        # Zero is no opcode, and no loader goes on; the header length of a safetensors file may look like this.
        if head[1] == 1 and head[6:8] == b"%!":
            return _acts(glance.source)  # A font in PostScript, in segments (Adobe Technical Note 5040).
        return head[1] <= 5 and head[2:3] != b"\0"
    return _acts(glance.source)


def _acts(source: Source) -> bool:
    """Whether bytes without a PROTO opcode do something as a pickle: almost any text is one for an opcode or two."""
    opcodes = 0
    for trace in follow(source):
        opcodes += trace.opcodes
        if trace.imports and _PROSE.search(trace.imports[0][0]):
            return False  # The header of a table, a sentence: no module has such a name.
        if does_something(trace, source.size) or opcodes > _ENOUGH:
            return True
        if any(_is_dangerous(module, name) for module, name, _, _ in trace.imports):
            return True
    return False


def _is_dangerous(module: str, name: str) -> bool:
    entry = look_up(module, name) if is_name(module, name) else None
    # Any word before the end of a text may be read as a module without a name in it: few do anything when imported.
    if not name and module not in _ACTING:
        return False
    # `*.os` is any module's: in a list of words, `code` and `system` one below the other are no module and its name.
    if entry is None or entry.name.startswith("*"):
        return False
    # Without PROTO no reader takes a dotted name apart (Lib/pickle.py, find_class), and `cs.CL` is a subject.
    return bool(entry.powers - {"reflect"} if "." in name else entry.powers)


def _takes_words(found: Global) -> bool:
    entry = look_up(found.module, found.name)
    return entry is not None and "words" in entry.uses


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    source = cursor.source
    registered: dict[int, Global] = {}
    start = 0
    while start < source.size:
        end = yield from _Stream(cursor, where, registered).read(start)
        if end < 0:
            return
        start = _after_zeros(source, end)
        if start < source.size and not _continues(source, start):
            yield Stray(where=where.span(end, source.size), size=source.size - end, position="after")
            yield Inner(where.span(start, source.size), lambda start=start: PartSource(source, start, source.size))  # type: ignore[misc]
            return
        if start == source.size and end < start:
            yield Stray(where=where.span(end, start), size=start - end, position="after")


def _continues(source: Source, start: int) -> bool:
    head = source.read_at(start, _PEEK)
    return (head[0] == 0x80 and len(head) > 1 and head[1] <= 5) or plausible(head)


def _after_zeros(source: Source, at: int) -> int:
    """Return where the next byte that is not NUL stands."""
    while chunk := source.read_at(at, _PEEK):
        rest = chunk.lstrip(b"\0")
        if rest:
            return at + len(chunk) - len(rest)
        at += len(chunk)
    return at


class _Stream:
    """One pickle of the file."""

    def __init__(self, cursor: Cursor, where: Where, registered: dict[int, Global]) -> None:
        self._cursor = cursor
        self._source = cursor.source
        self._where = where
        self._registered = registered
        self._start = 0
        self._words: bool | None = None
        """Whether all states that must be words are; None where that was not asked yet."""

    def read(self, start: int) -> Generator[Read, None, int]:
        """Yield what the pickle at `start` would do, in every way it can be read; return the offset after STOP."""
        self._start = start
        trace = Trace()
        skipped, straddle = False, -1
        for trace in self._follow(start, arrays=True):
            yield from self._facts(trace)
            skipped = skipped or trace.skipped > 0
            straddle = max(straddle, trace.straddle)
        if skipped:
            # A plain unpickler does not know joblib's arrays: to it their bytes are opcodes. Numbers that happen to be
            # some do nothing that has a name; what was put there on purpose does.
            for plain in self._follow(start):
                plain.imports = [found for found in plain.imports if is_name(found[0], found[1])]
                yield from self._imports(plain)
        if straddle >= 0:
            detail = "an argument crosses the end of its frame: the C unpickler forgets the rest of the frame"
            yield Disagreement(where=self._at(straddle), kind="frame-straddle", detail=detail)
            for dropped in self._follow(start, drops=True):
                yield from self._facts(dropped)
        if trace.stop >= 0:
            return trace.stop
        where = self._where.span(min(trace.at, self._source.size), self._source.size)
        yield Gap(where=where, reason=GapReason.UNREADABLE, detail=f"pickle: {trace.broken} at byte {trace.at}")
        if start < trace.at < self._source.size - 1:
            yield Inner(where, lambda: PartSource(self._source, trace.at, self._source.size))
        return -1

    def _follow(self, start: int, *, arrays: bool = False, drops: bool = False) -> Iterator[Trace]:
        return follow(self._source, start, arrays=arrays, drops=drops, registered=self._registered, allow=self._allow)

    def _allow(self, opcodes: int) -> None:
        budget = self._cursor.budget
        budget.check_time()
        budget.opcodes -= opcodes
        if budget.opcodes < 0:
            raise OverBudgetError(f"more than {budget.limits.opcodes} opcodes")

    def _at(self, offset: int) -> Where:
        return self._where.span(offset, offset + 1)

    def _imports(self, trace: Trace) -> Iterator[Fact]:
        for module, name, opcode, at in trace.imports:
            yield Import(where=self._at(at), module=module, name=name, opcode=opcode)

    def _facts(self, trace: Trace) -> Iterator[Read]:
        yield from self._imports(trace)
        for result in trace.calls:
            yield self._call(result)
        for change in trace.changes:
            yield self._update(change)
        for code, at in trace.extensions:
            yield Extension(where=self._at(at), code=code)
        for index, at in trace.far:
            # The C unpickler makes room for every index up to the highest: eight bytes each.
            yield Expansion(where=self._at(at), packed=self._source.size, unpacked=8 * index)
        for kind, start, end in trace.constants:
            yield from self._constant(kind, start, end)

    def _call(self, result: Result) -> Fact:
        terms = Terms()
        return Call(
            where=self._at(result.start),
            callee=terms.of(result.callee),
            arguments=terms.all(result.arguments),
            keywords=terms.table(result.keywords),
            opcode=result.opcode,
        )

    def _update(self, change: Change) -> Fact:
        terms = Terms()
        # Items were judged when they were made; of a state, its keys and its first parts decide.
        whole = change.opcode == "BUILD" or isinstance(change.target, Global)
        return Update(
            where=self._at(change.start),
            target=terms.of(change.target),
            keys=terms.keys(change.value) if whole else (),
            value=terms.of(change.value) if whole else _ITEMS,
            opcode=change.opcode,
            words=self._is_words(change),
        )

    def _is_words(self, change: Change) -> bool:
        made = change.target if change.opcode == "BUILD" else None
        if not isinstance(made, Result) or not isinstance(made.callee, Global) or not _takes_words(made.callee):
            return False
        if self._words is None:
            self._words = only_words(self._source, self._start, _takes_words, self._allow)
        return self._words

    def _constant(self, kind: str, start: int, end: int) -> Iterator[Read]:
        head = self._source.read_at(start, min(end - start, _HEAD))
        if head[:1] in (b"'", b'"'):
            start, end = start + 1, end - 1
            head = head[1:]
        if is_code(head):
            yield CodeObject(where=self._where.span(start, end), form="marshal")
        elif is_artifact(head, self._plausible_at(start, end)):
            yield Inner(self._where.span(start, end), lambda: PartSource(self._source, start, end))
        elif kind == "str" or head.isascii():
            yield from self._encoded(start, end, head)

    def _plausible_at(self, start: int, end: int) -> Callable[[bytes], bool]:
        return lambda _: plausible(self._source.read_at(start, min(end - start, _PEEK)))

    def _encoded(self, start: int, end: int, head: bytes) -> Iterator[Read]:
        if end - start > _WHOLE or (decoded(head[:64]) is None and latin1(head[:60]) is None):
            return
        data = self._source.read_at(start, end - start)
        plain = latin1(data)
        form, inside = ("latin-1", plain) if plain is not None else decoded(data) or ("", b"")
        if is_code(inside):
            yield CodeObject(where=self._where.span(start, end), form=f"marshal in {form}")
        elif inside and is_artifact(inside, plausible):
            yield Inner(self._where.span(start, end) / Member(name=form), lambda: BytesSource(inside))


FORMAT: Final = Format(
    id="pickle", title="Python pickle, protocols 0 to 5, and joblib dumps", matches=_matches, read=_read
)
