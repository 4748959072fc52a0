"""What copies of advisories say of a target, and of which of its packages they say nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from weighmaster.knowledge.dependencies.advisories import (
    Held,
    held_in,
    is_record,
    is_report,
    not_told,
    of_record,
    of_report,
)
from weighmaster.knowledge.names.normal import normal
from weighmaster.model.errors import ConfigError
from weighmaster.model.fact import Shared
from weighmaster.model.package import Advisory, Dependency
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.value import Value, replace
from weighmaster.model.where import Where
from weighmaster.reading.advisories import copies


def count(number: int, what: str) -> str:
    """Return a number and its noun."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


class Advised(Value):
    """What was found, what could not be told, and what was read, in a sentence each."""

    facts: tuple[Advisory, ...]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]


def advised(paths: Sequence[str], facts: Iterable[Shared], target: Where) -> Advised:
    """Hold the packages of a target against copies of advisories; a copy that cannot be read is a gap."""
    held, loose = held_in(facts)
    asking = _Asking(held, loose, target)
    notes = []
    for path in paths:
        try:
            found = copies(path, asking.is_wanted)
        except ConfigError as error:
            asking.unread(str(error))
            continue
        strange = sum(not (is_report(one) or is_record(one)) for one in found.documents)
        asking.take(found.documents, found.broken + strange, path)
        if found.seen > found.broken + strange and not any(map(is_report, found.documents)):
            asking.whole = True
        notes.append(f"Advisories were read from {path} ({count(found.seen, 'file')}).")
    return Advised(facts=tuple(asking.found), gaps=tuple(asking.left()), notes=tuple(notes))


class _Asking:
    """The packages of a target, and what has been said of them so far."""

    def __init__(self, held: Sequence[Held], loose: Sequence[Dependency], target: Where) -> None:
        self.found: dict[Advisory, None] = {}
        self.whole = False
        self._held: dict[str, list[Held]] = {}
        for one in held:
            self._held.setdefault(normal(one.name), []).append(one)
        self._loose: dict[str, list[Dependency]] = {}
        for fact in loose:
            self._loose.setdefault(normal(fact.name), []).append(fact)
        self._audited: set[tuple[str, str]] = set()
        self._skipped: set[str] = set()
        self._reported = False
        self._gaps: list[Gap] = []
        self._target = target

    def is_wanted(self, name: str) -> bool:
        """Say whether records about a name are asked for."""
        return normal(name) in self._held

    def unread(self, why: str) -> None:
        """Take that a copy cannot be read."""
        self._gaps.append(Gap(where=self._target, reason=GapReason.UNREADABLE, detail=f"advisories: {why}"))

    def take(self, documents: Sequence[Any], broken: int, path: str) -> None:
        """Take what a copy says."""
        if broken:
            self.unread(f"{count(broken, 'record')} of {path} cannot be read")
        for document in documents:
            if is_report(document):
                self._report(document)
            elif isinstance(document, dict):
                self.found |= dict.fromkeys(of_record(document, self._held))

    def _report(self, document: dict[str, Any]) -> None:
        advisories, skipped = of_report(document)
        if "dependencies" in document:
            self._reported = True
            pairs = ((one.get("name"), one.get("version")) for one in document["dependencies"] if isinstance(one, dict))
            self._audited |= {(normal(str(name)), str(version)) for name, version in pairs if version}
        else:
            self.whole = True  # `uv audit` looks at all that is locked, and names only what it found.
        self._skipped |= {normal(name) for name, _ in skipped}
        for name, why in skipped:
            if place := self._place(name):
                detail = f"advisories: pip-audit skipped {name}: {why}"[:300]
                self._gaps.append(Gap(where=place, reason=GapReason.UNREACHABLE, detail=detail))
        for one in advisories:
            self._placed(one)

    def _placed(self, one: Advisory) -> None:
        """Keep an advisory where the target holds that version, or may: others are about something else."""
        for same in self._held.get(normal(one.name), ()):
            if same.version == one.version:
                self.found[replace(one, where=same.where, name=same.name)] = None
        for wanted in self._loose.get(normal(one.name), ()):
            self.found[replace(one, where=wanted.where, name=wanted.name)] = None

    def _place(self, name: str) -> Where | None:
        known = [*self._held.get(normal(name), ()), *self._loose.get(normal(name), ())]
        return known[0].where if known else None

    def left(self) -> list[Gap]:
        """Return a gap for whatever no copy could say anything of."""
        audited = {name for name, _ in self._audited} | self._skipped
        loose = [fact for name, facts in self._loose.items() for fact in facts if name not in audited]
        gaps = [*self._gaps, *not_told(loose)]
        if self._reported and not self.whole:
            missing = [one for name, held in self._held.items() for one in held
                       if (name, one.version) not in self._audited and name not in self._skipped]  # fmt: skip
            gaps += _unaudited(missing)
        return gaps


def _unaudited(missing: Sequence[Held]) -> list[Gap]:
    by_place: dict[Where, list[str]] = {}
    for one in missing:
        by_place.setdefault(one.where, []).append(f"{one.name} {one.version}")
    return [
        Gap(where=where, reason=GapReason.UNREACHABLE, detail=_unsaid([*dict.fromkeys(names)]))
        for where, names in by_place.items()
    ]


def _unsaid(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"advisories: the report does not speak of {', '.join(names[:5])}{more}"
