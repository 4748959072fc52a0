"""From bytes to artifacts, findings and gaps: one file, and all that is inside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.extend.registry import Registry
from weighmaster.model.errors import (
    EncryptedError,
    MissingExtraError,
    OverBudgetError,
    UnreachableError,
    UnreadableError,
)
from weighmaster.model.fact import Artifact, Disagreement, Fact, Nested, Shared, Storage, Weights
from weighmaster.model.finding import Finding
from weighmaster.model.report import Gap, GapReason, Item
from weighmaster.model.repository import Repository
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget, Limits
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.digest import sha256, sha256_of
from weighmaster.reading.source import BytesSource, FileSource, Source, is_far

if TYPE_CHECKING:
    from weighmaster.reading.far import FarSource

_T = TypeVar("_T")
_SMALL: Final = 1 << 20
_SMALL_AFAR: Final = 128 << 10
"""Of what lies elsewhere, only this much is fetched for its digest alone."""

_FINDINGS: Final = 100
"""Different findings of one rule in one artifact; more would only hide the others."""

_PLACES: Final = 10
"""Places of one artifact at which the same is said."""

_SHARED: Final = 5_000
"""Facts of one artifact that count for the whole target."""

_REASONS: Final = {
    UnreadableError: GapReason.UNREADABLE,
    OverBudgetError: GapReason.OVER_BUDGET,
    EncryptedError: GapReason.ENCRYPTED,
    UnreachableError: GapReason.UNREACHABLE,
    MissingExtraError: GapReason.MISSING_EXTRA,
    MemoryError: GapReason.OVER_BUDGET,
    PermissionError: GapReason.NO_PERMISSION,
    OSError: GapReason.UNREADABLE,
}


def scan_file(path: str, name: str, registry: Registry, limits: Limits) -> Iterator[Item]:
    """Look at the file at `path`, which the report calls `name`."""
    where = Where.file(name)
    return _guarded(where, "file", partial(_file, path, where, registry, limits))


def scan_bytes(data: bytes, name: str, registry: Registry, limits: Limits) -> Iterator[Item]:
    """Look at bytes in memory, which the report calls `name`."""
    where = Where.file(name)
    return _guarded(where, "bytes", partial(_source, BytesSource(data), where, registry, Budget(limits)))


def scan_far(source: FarSource, registry: Registry, limits: Limits) -> Iterator[Item]:
    """Look at a file that lies elsewhere, reading of it what must be read."""
    where = Where.file(source.file.name)
    return _guarded(where, "file", partial(_far, source, where, registry, limits))


def _far(source: FarSource, where: Where, registry: Registry, limits: Limits) -> Iterator[Item]:
    yield from _guarded(where, "file", partial(_source, source, where, registry, Budget(limits)))
    said = list(dict.fromkeys(source.lies))
    if source.whole and (differs := _differs(source)):
        said.append(differs)
    for detail in said:
        yield from registry.detect(Disagreement(where=where, kind="server", detail=detail))


def _differs(source: FarSource) -> str | None:
    """Return how the bytes of a file that was fetched whole differ from what was declared of them."""
    declared = source.file
    if declared.sha256 and (found := _sha256(source, None)) != declared.sha256:
        return f"the SHA-256 of the bytes is {found}, and {declared.sha256} was declared"
    if declared.blob:
        import hashlib

        state = hashlib.sha1(b"blob %d\0" % source.size, usedforsecurity=False)
        for offset in range(0, source.size, _SMALL):
            state.update(source.read_at(offset, _SMALL))
        if state.hexdigest() != declared.blob:
            return f"git's name of the bytes is {state.hexdigest()}, and {declared.blob} was declared"
    return None


def _file(path: str, where: Where, registry: Registry, limits: Limits) -> Iterator[Item]:
    # One descriptor: what is hashed is what is read. O_NONBLOCK: a pipe must not hold us up.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            yield Gap(where=where, reason=GapReason.NOT_A_FILE, detail="a pipe, a socket or a device")
            return
        source: Source = FileSource(descriptor, before.st_size)
        if before.st_size <= _SMALL:
            # Read at once: nothing can change in between.
            yield from _source(BytesSource(source.read_at(0, before.st_size)), where, registry, Budget(limits))
            return
        yield from _source(source, where, registry, Budget(limits))
        after = os.fstat(descriptor)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            yield Gap(where=where, reason=GapReason.CHANGED, detail="the file changed while it was read")
    finally:
        os.close(descriptor)


def _source(source: Source, where: Where, registry: Registry, budget: Budget) -> Iterator[Item]:
    glance = Glance(source)
    # Every format that claims the bytes reads them: a file can be several things at once.
    formats = registry.claiming(glance)
    sha256, digest = _digest(source, budget)
    artifact = Artifact(
        where=where, size=source.size, sha256=sha256, formats=tuple(f.id for f in formats), digest=digest
    )
    yield artifact
    yield from registry.detect(artifact)
    if all(format_.layer for format_ in formats):
        yield Gap(where=where, reason=GapReason.UNKNOWN_FORMAT, detail=_unknown(formats))
        formats = [*formats, *registry.claiming(glance, last=True)]
    inners: dict[Where, Inner] = {}
    covered: set[Where] = set()
    for format_ in formats:
        work = partial(_read, format_, source, where, budget)
        yield from _judged(where, format_.id, work, registry, inners, covered)
    for inner in inners.values():
        if inner.where not in covered:
            yield from _guarded(inner.where, "member", partial(_inner, inner, registry, budget))
    if broken := getattr(source, "broken", None):
        # Unpacked bytes, of which a loader would have seen as much as we did before it stumbled.
        yield Gap(where=where, reason=GapReason.UNREADABLE, detail=str(broken))


def _unknown(formats: Sequence[Format]) -> str:
    if not formats:
        return "no reader knows these bytes"
    return f"no reader knows all of these bytes (a part is {', '.join(format_.id for format_ in formats)})"


def _read(format_: Format, source: Source, where: Where, budget: Budget) -> Iterator[Read]:
    return format_.read(Cursor(source, budget), where)


def _judged(  # noqa: PLR0913, PLR0917 - the state of one artifact's reading
    where: Where,
    what: str,
    work: Callable[[], Iterator[Read]],
    registry: Registry,
    inners: dict[Where, Inner],
    covered: set[Where],
) -> Iterator[Item]:
    said = _Said(where, what)
    tally = registry.tally(where, what)
    kinds = tally.kinds
    for read in _guarded(where, what, work):
        match read:
            case Gap():
                yield read
                continue
            case Inner():
                inners[read.where] = read
                fact: Fact = Nested(where=read.where)
            case _:
                fact = read
                if type(read) is Storage:
                    covered.add(read.where)
                elif isinstance(read, Shared) and said.is_room_for_shared():
                    yield read
        if type(fact) in kinds:
            tally.take(fact)
        for finding in registry.detect(fact):
            if said.is_room_for(finding):
                yield finding
    yield from tally.told()
    yield from said.left_out()


class _Said:
    """What was said of one artifact by one format: enough of it to judge, never so much that it hides the rest."""

    def __init__(self, where: Where, what: str) -> None:
        self._where = where
        self._what = what
        self._messages: dict[str, dict[str, int]] = {}
        self._more: dict[str, int] = {}
        self._shared = 0

    def is_room_for_shared(self) -> bool:
        self._shared += 1
        return self._shared <= _SHARED

    def is_room_for(self, finding: Finding) -> bool:
        messages = self._messages.setdefault(finding.rule.id, {})
        count = messages.get(finding.message, 0)
        if not count and len(messages) >= _FINDINGS:
            self._more[finding.rule.id] = self._more.get(finding.rule.id, 0) + 1
            return False
        messages[finding.message] = count + 1
        return count < _PLACES

    def left_out(self) -> Iterator[Gap]:
        details = [f"{count} more findings of {rule} are not listed" for rule, count in self._more.items()]
        if self._shared > _SHARED:
            details.append(f"{self._what}: {self._shared} facts about the whole target, of which {_SHARED} count")
        return (Gap(where=self._where, reason=GapReason.OVER_BUDGET, detail=detail) for detail in details)


def _inner(inner: Inner, registry: Registry, budget: Budget) -> Iterator[Item]:
    budget.member()
    with budget.deeper():
        yield from _source(inner.open(), inner.where, registry, budget)


def _digest(source: Source, budget: Budget) -> tuple[str, str]:
    """Return the digest of a source, and where it comes from; see `Artifact`."""
    known = getattr(source, "sha256", None)
    if isinstance(known, str):
        return known, "computed"
    if is_far(source) and source.size > _SMALL_AFAR:
        # A part of a file has no `file` of its own: nobody declares its digest.
        declared = getattr(getattr(source, "file", None), "sha256", "")
        return declared, "declared" if declared else "none"
    return _sha256(source, budget), "computed"


def _sha256(source: Source, budget: Budget | None) -> str:
    if source.size <= _SMALL:
        return sha256_of(source.read_at(0, source.size))
    state = sha256()
    for offset in range(0, source.size, _SMALL):
        state.update(source.read_at(offset, _SMALL))
        if budget is not None:
            budget.check_time()
    return state.hexdigest()


def gather(name: str, items: Iterable[Item], registry: Registry, *, folder: bool) -> Iterator[Item]:
    """Judge the target `name` as a whole, from what was said of its files. No byte is read here."""
    artifacts: list[Artifact] = []
    facts: dict[Shared, None] = {}
    for item in items:
        if isinstance(item, Artifact):
            artifacts.append(item)
        elif isinstance(item, Shared):
            facts[item] = None
    if not folder and all(type(fact) is Weights for fact in facts):
        return  # One file that says nothing about others is judged already.
    where = Where.file(name)
    whole = Repository(where=where, folder=folder, artifacts=tuple(artifacts), facts=tuple(facts))
    # What was composed may stand in a file: each has room of its own.
    said: dict[Where, _Said] = {}
    for finding in _guarded(where, "the whole", partial(_of_whole, whole, registry)):
        room = said.setdefault(finding.where, _Said(finding.where, "the whole"))
        if isinstance(finding, Gap) or room.is_room_for(finding):
            yield finding
    for each in said.values():
        yield from each.left_out()


def _of_whole(whole: Repository, registry: Registry) -> Iterator[Finding]:
    yield from registry.detect(whole)
    for part in registry.compose(whole):
        yield from registry.detect(part)


def _guarded(where: Where, what: str, work: Callable[[], Iterator[_T]]) -> Iterator[_T | Gap]:
    """Do `work`; whatever goes wrong becomes a gap at `where`, so that no file hides another."""
    try:
        yield from work()
    except (*_REASONS,) as error:  # type: ignore[misc]
        reason = next(reason for kind, reason in _REASONS.items() if isinstance(error, kind))
        yield Gap(where=where, reason=reason, detail=f"{what}: {error}")
    except Exception as error:  # the one net: a mistake of ours must not hide another file
        import logging  # a tenth of our start-up time, and never needed

        logging.getLogger(__name__).exception("defect while reading %s", where)
        yield Gap(where=where, reason=GapReason.DEFECT, detail=f"{what}: {type(error).__name__}")
