"""The door: every front end comes in here, and only here."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Final

from weighmaster import shipped
from weighmaster.engine.scan import gather, scan_bytes, scan_file
from weighmaster.engine.walk import walk
from weighmaster.engine.wire import WireError, decode, encode
from weighmaster.extend.format import Format
from weighmaster.extend.output import Style
from weighmaster.extend.policy import Policy
from weighmaster.model.errors import ConfigError
from weighmaster.model.finding import Finding, Rule
from weighmaster.model.report import Gap, GapReason, Item, Report
from weighmaster.model.settings import Settings
from weighmaster.model.value import Value, replace
from weighmaster.model.verdict import Vetted
from weighmaster.model.where import Where
from weighmaster.reading.budget import Limits
from weighmaster.sandbox.workers import Allowance, Died, run

if TYPE_CHECKING:
    from datetime import date

    from weighmaster.engine.dig import Excerpt

_CHUNK: Final = 1 << 20
_IN_MEMORY: Final = 64 << 20
_FEW: Final = 20
_GRACE: Final = 30.0
"""Seconds that a worker gets on top of the reader's own, which lose nothing of what was found."""


class Request(Value):
    """How to look at a target. `vet` makes one; a front end that vets many targets keeps its own.

    `notes` are sentences for the verdict. `progress` is told after every file how many are done, and of how many.
    With `keep_partial` an interrupt by the user ends the look and not the program: what was not reached is a gap.
    """

    settings: Settings = Settings()
    notes: tuple[str, ...] = ()
    follow_symlinks: bool = False
    jobs: int | None = None
    limits: Limits = Limits()
    progress: Callable[[int, int], None] | None = None
    keep_partial: bool = False


def vet(  # noqa: PLR0913 - what a caller may choose; each has a default
    target: str | os.PathLike[str],
    *,
    policy: str | None = None,
    config: str | os.PathLike[str] | Settings | None = None,
    exclude: Sequence[str] = (),
    follow_symlinks: bool = False,
    jobs: int | None = None,
) -> Vetted:
    """Look at a file or a folder and say whether it may come in.

    Args:
        target: the file or folder.
        policy: the name of a policy; without it the configuration's, else `default`.
        config: a TOML file, or settings. Without it there is no configuration: no file is looked for.
        exclude: patterns of files to leave out, besides those of the configuration.
        follow_symlinks: look at a linked file of the target under the name of the link, too.
        jobs: how many worker processes may work at once; by default one for each core.

    Raises:
        FileNotFoundError: there is no such target.
        ConfigError: the configuration does not mean what it says, or there is no such policy.
    """
    settings = config if isinstance(config, Settings) else configured(config)
    request = Request(settings=chosen(settings, policy, exclude), follow_symlinks=follow_symlinks, jobs=jobs)
    return vet_target(os.fspath(target), request)


def vet_target(target: str, request: Request) -> Vetted:
    """Look at a file or a folder as the request says.

    Raises:
        FileNotFoundError: there is no such target.
    """
    (vetted,) = vet_targets([(target, request)])
    return vetted


def vet_targets(plans: Sequence[tuple[str, Request]]) -> list[Vetted]:
    """Look at many targets, each as its request says; the workers are shared by all.

    Raises:
        FileNotFoundError: there is no such target.
    """
    looks = [_Look(target, request) for target, request in plans]
    files = [(look, name) for look in looks for name in look.paths]
    try:
        for done, (index, items) in enumerate(_confined(files, looks), 1):
            look, name = files[index]
            look.take(name, items)
            if look.request.progress:
                look.request.progress(done, len(files))
    except KeyboardInterrupt:
        if not all(look.request.keep_partial for look in looks):
            raise
    return [look.vetted() for look in looks]


class _Look:
    """One target: the files that were found, and what was said of them so far."""

    def __init__(self, target: str, request: Request) -> None:
        self.target = target
        self.request = request
        self._found = walk(target, exclude=request.settings.exclude, follow_symlinks=request.follow_symlinks)
        self._items: list[Item] = list(self._found.gaps)
        self._reached: set[str] = set()
        self.paths = {name: path for path, name in self._found.files}

    def items(self, name: str) -> Iterator[Item]:
        """Yield what there is to say about one file. Called in a worker."""
        return scan_file(self.paths[name], name, shipped.registry(), self.request.limits)

    def readable(self) -> Sequence[str]:
        """Return what a worker must be able to read; with links followed, that may lie elsewhere."""
        return tuple(self.paths.values()) if self.request.follow_symlinks else (self.target,)

    def take(self, name: str, items: Iterable[Item]) -> None:
        """Keep what was said about a file."""
        self._items += items
        self._reached.add(name)

    def vetted(self) -> Vetted:
        """Judge what was said; files that were not reached are gaps."""
        left = [name for name in self.paths if name not in self._reached]
        detail = "stopped before this was read"
        self._items += (Gap(where=Where.file(n), reason=GapReason.INTERRUPTED, detail=detail) for n in left)
        folder = os.path.isdir(self.target)
        self._items += gather(self.target, self._items, shipped.registry(), folder=folder)
        files = len(self.paths) + sum(gap.reason is GapReason.NOT_A_FILE for gap in self._found.gaps)
        excluded = self._found.excluded
        report = Report.of(self.target, self._items, files=files, partial=bool(left), excluded=excluded)
        return _judged(report, self.request)


def vet_stream(stream: IO[bytes], request: Request, *, name: str = "stdin") -> Vetted:
    """Look at the bytes that come out of `stream`, which the report calls `name`."""
    limit = request.limits.unpacked
    data = bytearray()
    while chunk := stream.read(_CHUNK):
        data += chunk
        if len(data) > _IN_MEMORY:
            return _alone_judged(name, _spooled(data, stream, name, request), request)
        if len(data) > limit:
            return _judged(Report.of(name, [_too_long(name, limit)], files=1), request)
    content = bytes(data)
    items = _alone(name, lambda: scan_bytes(content, name, shipped.registry(), request.limits), request)
    return _alone_judged(name, items, request)


def not_reached(target: str, request: Request) -> Vetted:
    """Return what is to be said about a target when the user stopped the work before it."""
    gap = Gap(where=Where.file(target), reason=GapReason.INTERRUPTED, detail="stopped before this target was looked at")
    return _judged(Report.of(target, [gap], files=0, partial=True), request)


def failed(target: str, request: Request, error: Exception) -> Vetted:
    """Return what is to be said about a target at which a mistake of ours ended the look."""
    gap = Gap(where=Where.file(target), reason=GapReason.DEFECT, detail=type(error).__name__)
    return _judged(Report.of(target, [gap], files=0, partial=True), request)


def configured(path: str | os.PathLike[str] | None) -> Settings:
    """Read a configuration file.

    Raises:
        ConfigError: it cannot be read, or does not mean what it says.
    """
    if path is None:
        return Settings()
    from weighmaster import config

    known = config.Known(rules=tuple(shipped.registry().detectors), policies=policy_names())
    return config.read(os.fspath(path), known)


def chosen(settings: Settings, policy: str | None, exclude: Sequence[str]) -> Settings:
    """Return the settings with what was asked for in this one call.

    Raises:
        ConfigError: there is no such policy.
    """
    name = policy or settings.policy
    if name not in policy_names():
        raise ConfigError(f"no policy is called {name!r} (there are: {', '.join(policy_names())})")
    changed: Settings = replace(settings, policy=name, exclude=(*settings.exclude, *exclude))
    return changed


def render(vetted: Sequence[Vetted], output: str = "text", style: Style | None = None) -> str:
    """Write down what was vetted, in one of the formats that `output_names` lists."""
    pages = {id: rule_page(id) for one in vetted for id in {finding.rule.id for finding in one.report.findings}}
    return shipped.output(output).render(vetted, replace(style or Style(), pages=pages))


def rule_page(id: str) -> str:
    """Return what there is to know about a rule, in Markdown.

    Raises:
        KeyError: there is no such rule.
    """
    detect = shipped.registry().detectors[id].detect
    return (importlib.import_module(detect.__module__).__doc__ or "").strip()


def excerpt(target: str, finding: Finding) -> Excerpt | None:
    """Return the bytes around the place of a finding in a target; nothing where they cannot be reached again."""
    from weighmaster.engine.dig import dig

    where = finding.where
    path = os.path.join(target, where.root) if os.path.isdir(target) else target
    pickled = any(hasattr(fact, "opcode") for fact in finding.evidence)
    return dig(path, where, shipped.registry(), Limits(), pickled=pickled)


def found_configuration(folder: str) -> str | None:
    """Return the `pyproject.toml` that configures a run from that folder, if one does."""
    from weighmaster import config

    return config.find(folder)


def rules() -> tuple[Rule, ...]:
    """Return what is looked for."""
    return tuple(detector.rule for detector in shipped.registry().detectors.values())


def formats() -> tuple[Format, ...]:
    """Return what can be read."""
    return tuple(shipped.registry().formats.values())


def policies() -> tuple[Policy, ...]:
    """Return what can decide a verdict."""
    return tuple(shipped.policy(name) for name in policy_names())


def report_schema() -> str:
    """Return the JSON Schema of one object of the outputs `json` and `jsonl`."""
    from importlib import resources

    return resources.files("weighmaster.outputs").joinpath("report.schema.json").read_text(encoding="utf-8")


def policy_names() -> tuple[str, ...]:
    """Return the names of the policies, as a configuration writes them."""
    return tuple(name.replace("_", "-") for name in shipped.policy_names())


def output_names() -> tuple[str, ...]:
    """Return the names of the outputs."""
    return tuple(name.replace("_", "-") for name in shipped.output_names())


def _confined(files: Sequence[tuple[_Look, str]], looks: Sequence[_Look]) -> Iterator[tuple[int, list[Item]]]:
    """Look at each file in a worker that may read nothing but the targets; one that dies is a gap at its file."""

    def work(task: str) -> bytes:
        look, name = files[int(task)]
        return encode(look.items(name))

    read = tuple(path for look in looks for path in look.readable())
    seconds = max((look.request.limits.seconds for look in looks), default=0.0) + _GRACE
    tasks = list(map(str, range(len(files))))
    for index, answer in run(tasks, work, jobs=_jobs(files), allowance=Allowance(seconds=seconds, read=read)):
        yield index, _said(files[index][1], answer)


def _alone(name: str, look: Callable[[], Iterable[Item]], request: Request, *read: str) -> list[Item]:
    """Look at one thing in a worker of its own."""
    allowance = Allowance(seconds=request.limits.seconds + _GRACE, read=read)
    return [
        item for _, answer in run([name], lambda _: encode(look()), allowance=allowance) for item in _said(name, answer)
    ]


def _said(name: str, answer: bytes | Died) -> list[Item]:
    if isinstance(answer, Died):
        return [Gap(where=Where.file(name), reason=answer.reason, detail=answer.detail)]
    try:
        return list(decode(answer, shipped.registry(), root=name))
    except WireError as error:
        return [Gap(where=Where.file(name), reason=GapReason.CRASHED, detail=f"its worker said nonsense: {error}")]


def _jobs(files: Sequence[tuple[_Look, str]]) -> int:
    """Return how many workers pay: one starts in the time of twenty small files."""
    asked = max((look.request.jobs or 0 for look, _ in files), default=0)
    cores = asked or os.cpu_count() or 1
    if asked or len(files) > _FEW * cores:
        return cores
    paths = [look.paths[name] for look, name in files]
    large = sum(os.path.isfile(path) and os.path.getsize(path) > _CHUNK for path in paths)
    return max(1, min(cores, large + len(files) // _FEW))


def _today(settings: Settings) -> date | None:
    """Return the user's day, where there is a waiver that asks for it."""
    if not settings.waivers:
        return None
    from datetime import date

    return date.today()  # noqa: DTZ011 - the user's day


def _alone_judged(name: str, items: list[Item], request: Request) -> Vetted:
    items += gather(name, items, shipped.registry(), folder=False)
    return _judged(Report.of(name, items, files=1), request)


def _judged(report: Report, request: Request) -> Vetted:
    verdict = shipped.policy(request.settings.policy).judge(report, request.settings, _today(request.settings))
    if request.notes:
        verdict = replace(verdict, because=(*verdict.because, *request.notes))
    return Vetted(report=report, verdict=verdict)


def _spooled(start: bytearray, stream: IO[bytes], name: str, request: Request) -> list[Item]:
    """Put a long stream into a file of its own, which is gone afterwards, and look at that."""
    import tempfile

    left = request.limits.unpacked - len(start)
    with tempfile.NamedTemporaryFile(prefix="weighmaster-") as file:
        file.write(start)
        start.clear()
        while left >= 0 and (chunk := stream.read(_CHUNK)):
            left -= len(chunk)
            file.write(chunk)
        file.flush()
        if left < 0:
            return [_too_long(name, request.limits.unpacked)]
        return _alone(name, lambda: scan_file(file.name, name, shipped.registry(), request.limits), request, file.name)


def _too_long(name: str, limit: int) -> Gap:
    return Gap(where=Where.file(name), reason=GapReason.OVER_BUDGET, detail=f"more than {limit} bytes")
