"""One look at each target: which files it has, what workers say of them, and what that comes to."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from weighmaster import shipped
from weighmaster.engine.scan import gather, scan_file
from weighmaster.engine.walk import Walk, walk
from weighmaster.engine.wire import WireError, decode, encode
from weighmaster.model.fact import Artifact, Shared
from weighmaster.model.report import Gap, GapReason, Item, Report
from weighmaster.model.repository import Repository
from weighmaster.model.settings import Settings
from weighmaster.model.value import Value, fields, replace
from weighmaster.model.verdict import Outcome, Vetted
from weighmaster.model.where import Where
from weighmaster.reading.budget import Limits
from weighmaster.sandbox.workers import Allowance, Attendant, Died, run

if TYPE_CHECKING:
    from datetime import date

    from weighmaster.engine.compare import Pair
    from weighmaster.store.memory import Remembered
    from weighmaster.trust.policy.vetting import Held

_CHUNK: Final = 1 << 20
_FEW: Final = 20
_FEW_NAMES: Final = 4
_WORTH_KEEPING: Final = 200
"""Files from which on a target is remembered: to open the memory costs what a few small files do."""
_NO_SAY: Final = frozenset(
    {"settings", "notes", "jobs", "limits", "progress", "keep_partial", "access", "memory", "environment"}
)
"""What of a request does not change what is said of the same files, or is a part of what that is kept under."""
_PASSING: Final = frozenset(
    {
        GapReason.CHANGED,
        GapReason.CRASHED,
        GapReason.DEFECT,
        GapReason.INTERRUPTED,
        GapReason.MISSING_EXTRA,
        GapReason.NO_PERMISSION,
        GapReason.UNREACHABLE,
    }
)
"""Gaps that another run may not have, though the file is the same."""
_PACKAGES: Final = (".whl", ".tar.gz")
_ATTESTATIONS: Final = (".publish.attestation", ".provenance")
"""How the files are called that hold attestations of a file, after its own name."""
_GRACE: Final = 30.0
"""Seconds that a worker gets on top of the reader's own, which lose nothing of what was found."""


class Request(Value):
    """How to look at a target. `vet` makes one; a front end that vets many targets keeps its own.

    `notes` are sentences for the verdict. `progress` is told after every file how many are done, and of how many.
    With `keep_partial` an interrupt by the user ends the look and not the program: what was not reached is a gap.
    `access` is a `reading.http.Access`, for targets that lie elsewhere; with `full` those are fetched whole.
    `trust` is a `trust.policy.vetting.Asked`: what the evidence beside the target is held to.
    With `environment` the target is a Python environment, of which only what belongs to it is looked at.
    `memory` is a `store.memory.Memory`: what has not changed since an earlier run is not read again.
    `advisories` are paths of reports and copies of databases: what they say of packages of the target counts.
    `against` are other releases or builds: what packages of the target have that those do not is told.
    """

    settings: Settings = Settings()
    notes: tuple[str, ...] = ()
    follow_symlinks: bool = False
    jobs: int | None = None
    limits: Limits = Limits()
    progress: Callable[[int, int], None] | None = None
    keep_partial: bool = False
    access: Any = None
    full: bool = False
    trust: Any = None
    memory: Any = None
    environment: bool = False
    advisories: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


def _no_evidence(_name: str) -> bytes | None:
    return None


class Look(Protocol):
    """One target: the names of its files, and what was said of them so far."""

    request: Request

    @property
    def names(self) -> Sequence[str]:
        """The files, in the order in which they are looked at."""

    def items(self, name: str) -> Iterator[Item]:
        """Yield what there is to say about one file. Called in a worker."""

    def take(self, name: str, items: Iterable[Item]) -> None:
        """Keep what was said about a file."""

    def as_whole(self) -> Repository:
        """Return what was said of the target as one repository."""

    def hold_against(self, others: tuple[Repository, ...]) -> None:
        """Take other releases or builds, to tell what they do not have."""

    def vetted(self) -> Vetted:
        """Judge what was said; files that were not reached are gaps."""


class About(Value):
    """A target as a whole. `apart` counts files that could not even be opened, `excluded` those left out by the user.

    `links` are names that stand for what is listed under another.

    `evidence` returns a file that lies beside it or in it by its name, or raises `TrustError` if it cannot be read.
    `name` is what its address calls it.
    """

    target: str
    folder: bool
    apart: int = 0
    excluded: int = 0
    links: tuple[str, ...] = ()
    evidence: Callable[[str], bytes | None] = _no_evidence
    name: str = ""


class Said:
    """What was said of the files of one target so far."""

    def __init__(self, names: Sequence[str], items: Iterable[Item]) -> None:
        self.names = names
        self.items: list[Item] = list(items)
        self._reached: set[str] = set()
        self._partial = False
        self.others: tuple[Repository, ...] = ()
        """Releases or builds that the target is held against."""

    def take(self, name: str, items: Iterable[Item]) -> None:
        """Keep what was said about a file."""
        self.items += items
        self._reached.add(name)

    def vetted(self, about: About, request: Request) -> Vetted:
        """Judge all that was said of a target, with the evidence about it where the request asks for that."""
        found = None if request.trust is None else self._held(about, request)
        notes = (*(found.notes if found else ()), *self._advised(about, request.advisories))
        self.items += [*self._attested(about), *self._changed(about)]
        if request.settings.names:
            self.items.append(_own(about.target, request.settings.names))
        report = self.report(about.target, folder=about.folder, apart=about.apart, excluded=about.excluded)
        vetted = judged(report, replace(request, notes=(*notes, *request.notes)) if notes else request)
        if found and found.assessment and request.trust.remember and vetted.verdict.outcome is Outcome.ALLOW:
            request.trust.remember(found.assessment)
        return vetted

    def _advised(self, about: About, paths: Sequence[str]) -> tuple[str, ...]:
        """Hold the packages of the target against copies of advisories; return what has to be said of those."""
        if not paths:
            return ()
        from weighmaster.knowledge.dependencies.advised import advised

        found = advised(paths, [item for item in self.items if isinstance(item, Shared)], Where.file(about.target))
        self.items += found.gaps
        for fact in found.facts:
            self.items += (fact, *shipped.registry().detect(fact))
        return found.notes

    def whole(self, target: str, *, folder: bool) -> Repository:
        """Return all that was said as one repository."""
        artifacts = tuple(item for item in self.items if isinstance(item, Artifact))
        facts = tuple(dict.fromkeys(item for item in self.items if isinstance(item, Shared)))
        return Repository(where=Where.file(target), folder=folder, artifacts=artifacts, facts=facts)

    def _changed(self, about: About) -> Iterator[Item]:
        """Yield what rules make of what other releases or builds do not have."""
        if self.others:
            from weighmaster.knowledge.changes import changes

            for fact in changes(self.whole(about.target, folder=about.folder), self.others):
                if fact.kind == "nothing":
                    detail = f"no package of the target is in {fact.other}: nothing was compared"
                    yield Gap(where=fact.where, reason=GapReason.NOT_FOLLOWED, detail=detail)
                yield from shipped.registry().detect(fact)

    def _held(self, about: About, request: Request) -> Held:
        """Say what rules make of the evidence."""
        from weighmaster.trust.policy.vetting import Target, held

        self._end()
        target = Target(
            target=about.target,
            folder=about.folder,
            excluded=about.excluded,
            links=about.links,
            items=tuple(self.items),
            evidence=about.evidence,
            name=about.name,
        )
        found = held(target, request.trust)
        self.items += (finding for fact in found.facts for finding in shipped.registry().detect(fact))
        return found

    def _attested(self, about: About) -> Iterator[Item]:
        """Yield what the attestations of files of packages come to, and what rules make of that (PEP 740)."""
        files = [
            (one.where.root, one.sha256)
            for one in self.items
            if type(one) is Artifact and not one.where.steps and one.sha256 and one.where.root.endswith(_PACKAGES)
        ]
        if not any(_is_there(about, f"{name}{ending}") for name, _ in files for ending in _ATTESTATIONS):
            return
        from weighmaster.trust.identities.sigstore import public_root
        from weighmaster.trust.policy.attested import attested

        for fact in attested(files, about.evidence, public_root):
            yield fact
            yield from shipped.registry().detect(fact)

    def _end(self) -> None:
        """Say of files that were not reached that they were not."""
        left = [name for name in self.names if name not in self._reached]
        detail = "stopped before this was read"
        self.items += (Gap(where=Where.file(n), reason=GapReason.INTERRUPTED, detail=detail) for n in left)
        self._reached.update(left)
        self._partial = self._partial or bool(left)

    def report(self, target: str, *, folder: bool, apart: int = 0, excluded: int = 0) -> Report:
        """Return all that was said of `target`. `apart` counts its files that could not even be opened."""
        self._end()
        self.items += gather(target, self.items, shipped.registry(), folder=folder)
        files = len(self.names) + apart
        return Report.of(target, self.items, files=files, partial=self._partial, excluded=excluded)


def _own(target: str, names: tuple[str, ...]) -> Item:
    from weighmaster.model.naming import Own

    return Own(where=Where.file(target), names=names)


def _is_there(about: About, name: str) -> bool:
    """Say whether there is a file of evidence, one that cannot be read as well."""
    from weighmaster.model.errors import TrustError

    try:
        return about.evidence(name) is not None
    except TrustError:
        return True


def first_taken(names: Iterable[str]) -> list[str]:
    """Return names in order, those of files that loaders would take first: what matters most is judged soonest."""
    listed = list(names)
    if len(listed) < _FEW_NAMES:
        return listed
    from weighmaster.knowledge.loaders import chosen

    taken = dict.fromkeys(chosen(listed))
    return [*(name for name in listed if name in taken), *(name for name in listed if name not in taken)]


class FolderLook:
    """A look at a file or folder of this machine; see `Look`."""

    def __init__(self, target: str, request: Request) -> None:
        self.target = target
        self._elsewhere: tuple[str, ...] = ()
        if request.environment:
            from weighmaster.engine.environment import environment, walked

            place = environment(target)
            self._elsewhere = place.elsewhere
            request = replace(request, notes=(*request.notes, *place.notes))
            self._found: Walk = walked(target, place, request.settings.exclude)
        else:
            self._found = walk(target, exclude=request.settings.exclude, follow_symlinks=request.follow_symlinks)
        self.request = request
        self.paths: Mapping[str, str] = {name: path for path, name in self._found.files}
        self.names: Sequence[str] = first_taken(self.paths)
        self._said = Said(self.names, self._found.gaps)
        self.take = self._said.take
        self._begun = time.monotonic()
        self._remembered: Remembered | None = None
        self._before: Report | None = None
        """The report of an earlier run, where nothing has changed since."""

    @property
    def remembers(self) -> bool:
        """Whether what is said is for later runs, too."""
        return self._remembered is not None

    @property
    def unchanged(self) -> bool:
        """Whether all is as it was in an earlier run."""
        return self._before is not None

    def recall(self) -> None:
        """Take what an earlier run was told of files that have not changed: only the others are left to look at."""
        request = self.request
        if request.memory is None or request.follow_symlinks or len(self.paths) < _WORTH_KEEPING:
            return
        remembered: Remembered = request.memory.of(self._found.files, repr(request.limits), _told(request, self._found))
        self._remembered = remembered
        whole = remembered.whole() if _is_plain(request) else None
        if whole is not None:
            from weighmaster.engine.kept import unpacked

            with contextlib.suppress(WireError):
                self._before = unpacked(self.target, whole, shipped.registry())
                self.names = ()
                return
        self._take_known(remembered)

    def recall_files(self, by: str) -> None:
        """Take what an earlier look of the sort `by` was told of files that have not changed."""
        request = self.request
        if request.memory is None or request.follow_symlinks or len(self.paths) < _WORTH_KEEPING:
            return
        self._remembered = request.memory.of(self._found.files, f"{by} {request.limits!r}", by)
        self._take_known(self._remembered)

    def _take_known(self, remembered: Remembered) -> None:
        known = remembered.files()
        for name, answer in known.items():
            self.take(name, said(name, answer))
        self.names = [name for name in self.names if name not in known]

    def close(self) -> None:
        """Write what is to be remembered."""
        if self._remembered is not None:
            self._remembered.close()

    def keep(self, name: str, answer: bytes, items: Iterable[Item]) -> None:
        """Remember what was said of a file, where another run would be told the same."""
        if self._remembered is not None and not self._is_passing(items):
            self._remembered.keep(name, answer)

    def _is_passing(self, items: Iterable[Item]) -> bool:
        late = time.monotonic() - self._begun > self.request.limits.seconds
        # Before that no file can have run out of time: what was too much is too much in every run.
        reasons = _PASSING | {GapReason.OVER_BUDGET} if late else _PASSING
        return any(type(item) is Gap and item.reason in reasons for item in items)

    def items(self, name: str) -> Iterator[Item]:
        """See `Look`."""
        return scan_file(self.paths[name], name, shipped.registry(), self.request.limits)

    def readable(self) -> Sequence[str]:
        """Return what a worker must be able to read; with links followed, that may lie elsewhere."""
        return tuple(self.paths.values()) if self.request.follow_symlinks else (self.target, *self._elsewhere)

    def as_whole(self) -> Repository:
        """Return what was said of the target as one repository."""
        return self._said.whole(self.target, folder=os.path.isdir(self.target))

    def hold_against(self, others: tuple[Repository, ...]) -> None:
        """Take other releases or builds, to tell what they do not have."""
        self._said.others = others

    def compared(self, pair: Pair) -> None:
        """Compare what says that it is the same model."""
        from weighmaster.engine.compare import compare

        registry, limits = shipped.registry(), self.request.limits
        read = [self.paths[name] for name in (*pair.safe, *pair.other)]
        items = alone(pair.other[0], lambda: compare(pair, self.paths, registry, limits), self.request, *read)
        self._said.items += items

    def vetted(self) -> Vetted:
        """See `Look`."""
        vetted = judged(self._before, self.request) if self._before is not None else self._judged()
        if self._remembered is not None and self._before is None:
            self._keep_whole(self._remembered, vetted.report)
        self.close()
        return vetted

    def _keep_whole(self, remembered: Remembered, report: Report) -> None:
        if _is_plain(self.request) and not report.partial and not self._is_passing(report.gaps):
            from weighmaster.engine.kept import packed

            remembered.keep_whole(packed(report))

    def _judged(self) -> Vetted:
        apart = sum(gap.reason is GapReason.NOT_A_FILE for gap in self._found.gaps)
        folder = os.path.isdir(self.target)
        about = About(
            target=self.target,
            folder=folder,
            apart=apart,
            excluded=self._found.excluded,
            links=self._found.links,
            evidence=self._evidence,
        )
        return self._said.vetted(about, self.request)

    def _evidence(self, name: str) -> bytes | None:
        """Return a file of evidence: in the folder, or beside the file."""
        folder = self.target if os.path.isdir(self.target) else os.path.dirname(self.target)
        path = os.path.join(folder, name)
        if not os.path.lexists(path):
            return None
        from weighmaster.trust.evidence.keeping import is_evidence, read_evidence

        return read_evidence(path) if is_evidence(path) else None


def look_at(
    looks: Sequence[Look],
    *,
    jobs: int,
    read: Sequence[str] = (),
    attendant: Attendant | None = None,
    heard: Callable[[Look, str, bytes, list[Item]], None] | None = None,
) -> None:
    """Look at all files of the looks in confined workers; an interrupt ends it, and what was said is kept.

    `heard` is given what a worker said of a file, and what that means.
    """
    files = [(look, name) for look in looks for name in look.names]

    def work(task: str) -> bytes:
        look, name = files[int(task)]
        return encode(look.items(name))

    seconds = max((look.request.limits.seconds for look in looks), default=0.0) + _GRACE
    allowance = Allowance(seconds=seconds, read=tuple(read))
    tasks = list(map(str, range(len(files))))
    try:
        answers = run(tasks, work, jobs=jobs, allowance=allowance, attendant=attendant)
        for done, (index, answer) in enumerate(answers, 1):
            look, name = files[index]
            items = said(name, answer)
            look.take(name, items)
            if heard is not None and not isinstance(answer, Died):
                heard(look, name, answer, items)
            if look.request.progress:
                look.request.progress(done, len(files))
    except KeyboardInterrupt:
        if not all(look.request.keep_partial for look in looks):
            raise


def look_here(looks: Sequence[FolderLook]) -> None:
    """Look at files of this machine in workers that may read nothing but the targets."""
    for look in looks:
        look.recall()
    keeps = any(look.remembers for look in looks)
    read = [path for look in looks for path in look.readable()]
    look_at(looks, jobs=_jobs(looks), read=read, heard=keep if keeps else None)
    for look in looks:
        for pair in _pairs(() if look.unchanged else tuple(look.paths)):
            # Read again, now side by side: only where one model lies there twice.
            look.compared(pair)


def keep(look: Look, name: str, answer: bytes, items: list[Item]) -> None:
    """Remember what was said of a file of this machine."""
    if isinstance(look, FolderLook):
        look.keep(name, answer, items)


def _is_plain(request: Request) -> bool:
    """Say whether nothing has a say in the report but the files and the settings."""
    return all(value == request.__defaults__[name] for name, value in fields(request) if name not in _NO_SAY)


def _told(request: Request, found: Walk) -> str:
    """Return all that has a say in a report beside what is said of its files."""
    settings = [(name, sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value))
                for name, value in fields(request.settings)]  # fmt: skip
    return repr((settings, found.gaps, found.excluded, found.links))


def _pairs(names: Sequence[str]) -> Iterator[Pair]:
    if len(names) > 1 and any(name.endswith(".safetensors") for name in names):
        from weighmaster.engine.compare import pairs

        yield from pairs(names)


def alone(name: str, look: Callable[[], Iterable[Item]], request: Request, *read: str) -> list[Item]:
    """Look at one thing in a worker of its own."""
    allowance = Allowance(seconds=request.limits.seconds + _GRACE, read=read)
    return [
        item for _, answer in run([name], lambda _: encode(look()), allowance=allowance) for item in said(name, answer)
    ]


def said(name: str, answer: bytes | Died) -> list[Item]:
    """Return what a worker said of a file, or what its end says; one that dies is a gap at its file."""
    if isinstance(answer, Died):
        return [Gap(where=Where.file(name), reason=answer.reason, detail=answer.detail)]
    try:
        return list(decode(answer, shipped.registry(), root=name))
    except WireError as error:
        return [Gap(where=Where.file(name), reason=GapReason.CRASHED, detail=f"its worker said nonsense: {error}")]


def judged(report: Report, request: Request) -> Vetted:
    """Return the report with what the request's policy decides about it."""
    verdict = shipped.policy(request.settings.policy).judge(report, request.settings, _today(request.settings))
    if request.notes:
        verdict = replace(verdict, because=(*verdict.because, *request.notes))
    return Vetted(report=report, verdict=verdict)


def _jobs(looks: Sequence[FolderLook]) -> int:
    """Return how many workers pay: one starts in the time of twenty small files."""
    asked = max((look.request.jobs or 0 for look in looks), default=0)
    cores = asked or os.cpu_count() or 1
    paths = [path for look in looks for path in look.paths.values()]
    if asked or len(paths) > _FEW * cores:
        return cores
    large = sum(os.path.isfile(path) and os.path.getsize(path) > _CHUNK for path in paths)
    return max(1, min(cores, large + len(paths) // _FEW))


def _today(settings: Settings) -> date | None:
    """Return the user's day, where there is a waiver that asks for it."""
    if not settings.waivers:
        return None
    from datetime import date

    return date.today()  # noqa: DTZ011 - the user's day
