"""Whether the states that a pickle hands to some objects are nothing but numbers and plain words.

What is made of such a state can be at most a name or a number, whatever an object pastes it into. That holds only for
as long as nothing changes the state: whatever could, by another way than the machine follows, is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from weighmaster.machine.run import Trace, follow
from weighmaster.machine.shadow import Change, Global, Items, Result, Shadow, Table
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source

_WORD: Final = pattern(r"[a-z]{1,16}(?:_[a-z]{1,16})?")
_OPCODES: Final = 1 << 20
_PARTS: Final = 1 << 16


def only_words(source: Source, start: int, asks: Callable[[Global], bool], allow: Callable[[int], None]) -> bool:
    """Whether every state that the pickle at `start` hands to objects of the classes that `asks` names is words."""
    changes: list[Change] = []
    opcodes, trace = 0, Trace()
    for trace in follow(source, start, arrays=True, allow=allow, complete=True):
        opcodes += trace.opcodes
        changes += trace.changes
        # What an extension's code stands for, this run does not know.
        if opcodes > _OPCODES or trace.extensions or trace.straddle >= 0 or not all(map(_keeps, trace.calls)):
            return False
    # An item that comes into an object may come into a list that it shares with a state.
    if trace.stop < 0 or any(change.opcode != "BUILD" for change in changes):
        return False
    theirs = [change.value for change in changes if _is_of(change.target, asks)]
    others = [change.value for change in changes if not _is_of(change.target, asks)]
    try:
        parts = [*_parts(theirs)]
        shared = {id(part) for part in parts if isinstance(part, Items)}
        return all(map(_is_plain, parts)) and shared.isdisjoint(map(id, _parts(others)))
    except OverflowError:
        return False


def _is_of(target: object, asks: Callable[[Global], bool]) -> bool:
    return isinstance(target, Result) and isinstance(target.callee, Global) and asks(target.callee)


def _keeps(call: Result) -> bool:
    """Whether a call is handed nothing that it could keep or change: constants and names."""
    keywords = call.keywords
    empty = keywords is None or (isinstance(keywords, Table) and keywords.size == 0)
    return empty and isinstance(call.arguments, tuple) and all(map(_is_lasting, call.arguments))


def _is_lasting(x: object) -> bool:
    return isinstance(x, Global) or not isinstance(x, (Shadow, tuple))


def _is_plain(x: object) -> bool:
    match x:
        case str():
            return _WORD.fullmatch(x) is not None
        case Items():
            return x.kind == "list" and x.size == len(x.items)
        case _:
            return x is None or isinstance(x, (bool, int, tuple))


def _parts(values: Iterable[object]) -> Iterator[object]:
    """Yield all that values hold, each once.

    Raises:
        OverflowError: it is too much.
    """
    waiting, seen = [*values], set[int]()
    while waiting:
        part = waiting.pop()
        if isinstance(part, (Shadow, tuple)):
            if id(part) in seen:
                continue
            seen.add(id(part))
        if len(seen) + len(waiting) > _PARTS:
            raise OverflowError
        yield part
        waiting += _inside(part)


def _inside(part: object) -> Iterable[object]:
    match part:
        case tuple():
            return part
        case Items():
            return part.items
        case Table():
            return part.pairs
        case Result():
            held = (part.arguments, *(part.states or ()))
            return held if part.keywords is None else (*held, part.keywords)
        case _:
            return ()
