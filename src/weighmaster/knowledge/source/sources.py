"""From what Python source does (`reading.python`) to facts: which uses matter, and when they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

from weighmaster.knowledge.loads import loads
from weighmaster.knowledge.loads.source_loads import Loads
from weighmaster.knowledge.repository import path_of
from weighmaster.knowledge.source import shapes
from weighmaster.knowledge.source.conduct import SOON
from weighmaster.knowledge.source.disguises import disguises
from weighmaster.knowledge.source.source_deeds import Deeds
from weighmaster.knowledge.source.source_functions import functions
from weighmaster.knowledge.source.source_times import earliest, timed
from weighmaster.knowledge.source.uses import known
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Fact, Reference, Use
from weighmaster.model.source import Imports
from weighmaster.model.value import replace
from weighmaster.model.where import Where
from weighmaster.reading.pattern import pattern
from weighmaster.reading.python.imports import kept
from weighmaster.reading.python.source import parsed_below
from weighmaster.reading.python.triggers import may_hide
from weighmaster.reading.python.walk import Walker

if TYPE_CHECKING:
    import ast

_MOST: Final = 500
"""Uses and imports of one source that are told."""
_UNREAD: Final = 4
_ACTING: Final = frozenset({"code", "load", "native", "network", "process"})
"""Kinds that count where the source cannot be parsed."""
_CALLED: Final = pattern(
    r"\b((?:os|subprocess|pty|commands|ctypes|socket|marshal|pickle|urllib2?|requests|shutil)\.[A-Za-z_.]+|exec|eval"
    r"|execfile|__import__|compile)[ \t]*\("
)


@lru_cache(1 << 16)
def interesting(dotted: str) -> bool:
    """Say whether using a name can matter."""
    return known(dotted) is not None or loads.is_loader(dotted)


class Reading:
    """One source, or several that share their names, as facts.

    `check` is called now and then, and raises when time is up; `run_by` is when the whole runs.
    """

    def __init__(self, where: Where, check: Callable[[], None], *, run_by: str = "import") -> None:
        self.where = where
        self.walker = Walker(interesting, check, shapes.is_secret)
        self.walker.telling = loads.methods()
        self.walker.unseen = False
        self.walker.own = frozenset(path_of(where).replace("!", "/").split("/"))
        self.begins: list[int] = []
        """How many lines stand before each text that was read: lines are counted over all of them."""
        self._lines = 0
        self._trees: list[ast.Module] = []
        self._disguises: list[Use] = []
        self._deeds = Deeds(where, partial(_nested, where, check) if run_by != "nested" else _not_followed)
        self._check = check
        self._run_by = run_by

    @property
    def payloads(self) -> dict[bytes, None]:
        """Constants that the source decodes, loads or runs, once its facts are told."""
        return self._deeds.payloads

    @property
    def unread(self) -> list[str]:
        """What could not be followed."""
        said = list(dict.fromkeys(self.walker.unread))[:_UNREAD]
        if self.walker.crowded:
            said.append("source that calls more of other sources than is followed")
        return [*said, "source that nests too deep to be followed"] if self.walker.deep else said

    def read(self, text: str) -> None:
        """Follow one more text.

        Raises:
            UnparsedError: it cannot be parsed.
            OverBudgetError: it is too long, or nests too deep.
        """
        tree = parsed_below(text, self._lines)
        self.begins.append(self._lines)
        self._lines += text.count("\n") + text.count("\r") + 1
        self._trees.append(tree)
        self._disguises += disguises(text, tree, self.where, below=self.begins[-1])
        self.walker.unseen = self.walker.unseen or may_hide(text)
        self.walker.read(tree)

    def facts(self) -> Iterator[Fact]:
        """Yield what all that was read uses, once: then it is let go."""
        self.walker.finish()
        found: dict[tuple[object, ...], Use] = {}
        loaded = Loads(self.where)
        for when, part in timed(self.walker, self._run_by):
            self._check()
            for seen in part.uses:
                loaded.take(seen, when)
            for use in self._deeds.of_part(part, when):
                found.setdefault((use.module, use.name, use.when, use.detail, use.computed), use)
                if len(found) > _MOST:
                    raise OverBudgetError(f"source that uses more than {_MOST} names that matter")
        yield from earliest(found.values())
        yield from self._disguises
        yield from loaded.facts(self._trees)
        yield from self._near()
        yield from self._imports()
        if self._run_by == "import":
            pieces = list(timed(self.walker, self._run_by))
            told = functions(self.walker, self.where, pieces, lambda part: self._deeds.of_part(part, "import"))
            if told is not None:
                yield told
        self._trees.clear()
        self.walker.close()

    def called(self, when: str) -> Iterator[tuple[str, str]]:
        """Yield the modules and names that are called at that time, whatever is done with them."""
        self.walker.finish()
        for runs, part in timed(self.walker, self._run_by):
            for seen in part.uses if runs == when else ():
                module, _, name = seen.dotted.rpartition(".")
                if module and seen.how in {"call", "refer"}:
                    yield module, name

    def _near(self) -> Iterator[Reference]:
        """Yield the files beside this one that it imports."""
        seen: dict[str, None] = {}
        for near in self.walker.near:
            folder = "./" if near.level == 1 else "../" * (near.level - 1)
            for name in [near.module.replace(".", "/")] if near.module else near.names:
                seen.setdefault(f"{folder}{name}.py")
        for target in list(seen)[:_MOST]:
            yield Reference(where=self.where, kind="code", target=target, by="python")

    def _imports(self) -> Iterator[Imports]:
        """Yield what is imported when the source is."""
        if self._run_by == "nested":
            return
        first: dict[str, bool] = {}
        main: dict[str, bool] = {}
        later: dict[str, bool] = {}
        for when, part in timed(self.walker, self._run_by):
            brings = main if when == "main" else first if when in SOON else later
            brings |= part.brings
        around = path_of(self.where).replace("!", "/").split("/")
        names, programs = kept(first, around), kept(main, around)
        known = {*names, *programs}
        others = tuple(name for name in kept(later, ()) if name[:1] != "." and name not in known)
        if names or programs or others:
            yield Imports(where=self.where, names=names, main=programs, later=others)


def _nested(where: Where, check: Callable[[], None], text: str, when: str) -> Iterator[Use]:
    """Follow Python that a command runs; not what that runs in turn."""
    inner = Reading(where, check, run_by="nested")
    try:
        inner.read(text)
    except (UnreadableError, OverBudgetError):
        return
    for fact in inner.facts():
        if isinstance(fact, Use):
            yield replace(fact, when=when, line=0)


def _not_followed(_text: str, _when: str) -> Iterator[Use]:
    return iter(())


def glanced(text: str, where: Where) -> Iterator[Use]:
    """Yield what a text that cannot be parsed seems to call: a trick of syntax must not hide it."""
    seen: dict[str, None] = {}
    for hit in _CALLED.finditer(text):
        seen.setdefault(hit[1] if "." in hit[1] else f"builtins.{hit[1]}")
        if len(seen) > _MOST:
            break
    for dotted in seen:
        entry = known(dotted)
        if entry is not None and entry.kind in _ACTING:
            module, _, name = dotted.rpartition(".")
            yield Use(where=where, language="python", module=module, name=name, when="call")
