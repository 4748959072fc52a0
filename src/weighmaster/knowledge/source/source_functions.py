"""What the functions of a Python source lead to where another source calls them: a payload may be spread over files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.knowledge.source.conduct import conduct
from weighmaster.knowledge.source.uses import PASSED_ON, known
from weighmaster.model.source import Functions
from weighmaster.model.where import Where
from weighmaster.reading.python.values import BESIDE, Either, Func, Inst, Part, Ref

if TYPE_CHECKING:
    from weighmaster.model.fact import Use
    from weighmaster.reading.python.walk import Walker

_MOST: Final = 20_000
_MOST_NAMES: Final = 50
"""Functions that lead to one other."""
_COUNTS: Final = frozenset({"acts", "hides", "touches"})
_TIMED: Final = frozenset({"import", "install"})
_FLAT: Final = str.maketrans("\t\n\r", "   ")

Told = Callable[[Part], Iterator["Use"]]


def functions(walker: Walker, where: Where, timed: list[tuple[str, Part]], told: Told) -> Functions | None:
    """Return what the functions of a source lead to; `told` says what a piece comes to if it runs on import."""
    asks: dict[str, None] = {}
    does: list[tuple[Use, tuple[str, ...]]] = []
    leading = _Leading(walker)
    for when, part in timed:
        if when in _TIMED:
            _ask(asks, ("",), part)
            continue
        if not (part.asks or part.uses) or when == "main":
            continue
        names = leading.to(part)
        if names:
            _ask(asks, names, part)
            does += [(use, names) for use in (told(part) if part.uses else ()) if conduct(use).level in _COUNTS]
    named = _named(walker)
    if not (asks or does or named):
        return None
    return Functions(
        where=where,
        asks=tuple(asks)[:_MOST],
        named=named[:_MOST],
        does=tuple([use for use, _ in does[:_MOST]]),
        by=tuple([names for _, names in does[:_MOST]]),
    )


def _ask(asks: dict[str, None], names: tuple[str, ...], part: Part) -> None:
    for name in names:
        for target, text in part.asks:
            asks.setdefault(f"{name}\t{target}\t{text.translate(_FLAT)}")
            if len(asks) > _MOST:
                return


def _named(walker: Walker) -> tuple[str, ...]:
    """Return the names at the top of a source that stand for something elsewhere."""
    found = [f"*\t{module}" for module in walker.module.stars]
    for name, value in walker.module.names.items():
        found += [
            f"{name}\t{one.dotted}"
            for one in (value.values if type(value) is Either else (value,))
            if type(one) is Ref and _counts(name, one)
        ]
        found += [f"{name}\t={own}" for own in _own(value, walker) if own != name]
    return tuple(found)


def _counts(name: str, ref: Ref) -> bool:
    # A module under its own name is known wherever it is reached.
    passed = ref.dotted in PASSED_ON and name != ref.dotted
    return bool(ref.flags & BESIDE) or passed or known(ref.dotted) is not None


def _own(value: object, walker: Walker) -> Iterator[str]:
    """Yield the functions and classes of the source that a name stands for, by their own names."""
    for one in value.values if isinstance(value, Either) else (value,):
        if isinstance(one, Inst) and one.cls.env.outer is walker.module:
            yield one.cls.name
        elif isinstance(one, Func) and one.owner is None and one.env is walker.module:
            yield one.name


class _Leading:
    """The functions at the top of a source, and the methods of its classes, that lead to others."""

    def __init__(self, walker: Walker) -> None:
        self._above: dict[int, list[Func]] = {}
        self._own: dict[int, Func] = {}
        self._module = walker.module
        for function in walker.functions:
            if function.part is not None:
                self._own[id(function.part)] = function
                for below in function.part.edges.values():
                    self._above.setdefault(id(below), []).append(function)

    def to(self, part: Part) -> tuple[str, ...]:
        """Return the names of the functions that lead to a piece."""
        begin = self._own.get(id(part))
        waiting = [begin] if begin is not None else []
        seen = {id(function) for function in waiting}
        names: dict[str, None] = {}
        for function in waiting:
            names.update(dict.fromkeys(self._names(function)))
            if len(names) >= _MOST_NAMES:
                break
            for above in self._above.get(id(function), ()):
                if id(above) not in seen:
                    seen.add(id(above))
                    waiting.append(above)
        return tuple(names)

    def _names(self, function: Func) -> Iterator[str]:
        owner = function.owner
        if owner is None:
            if function.env is self._module:
                yield function.name
        elif owner.env.outer is self._module:
            yield f"{owner.name}.{function.name}"
            if function.name[:2] == "__" == function.name[-2:] and function.name != "__call__":
                yield owner.name
