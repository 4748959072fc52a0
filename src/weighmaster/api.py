"""The door: every front end comes in here, and only here."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Final

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes, scan_file
from weighmaster.extend.format import Format
from weighmaster.extend.output import Style
from weighmaster.extend.policy import Policy
from weighmaster.looks import About, FolderLook, Look, Said, alone, judged, look_here
from weighmaster.looks import Request as Request  # noqa: PLC0414 - front ends fill it in
from weighmaster.model.errors import ConfigError
from weighmaster.model.finding import Finding, Rule
from weighmaster.model.report import Gap, GapReason, Item, Report
from weighmaster.model.settings import Settings
from weighmaster.model.value import replace
from weighmaster.model.verdict import Vetted
from weighmaster.model.where import Where
from weighmaster.reading.budget import Limits

if TYPE_CHECKING:
    from weighmaster.engine.dig import Excerpt
    from weighmaster.reading.http import Access
    from weighmaster.trust.policy.vetting import Asked

_CHUNK: Final = 1 << 20
_IN_MEMORY: Final = 64 << 20


def vet(  # noqa: PLR0913 - what a caller may choose; each has a default
    target: str | os.PathLike[str],
    *,
    policy: str | None = None,
    config: str | os.PathLike[str] | Settings | None = None,
    exclude: Sequence[str] = (),
    follow_symlinks: bool = False,
    jobs: int | None = None,
    access: Access | None = None,
    full: bool = False,
    trust: str | os.PathLike[str] | Asked | None = None,
    recall: str | os.PathLike[str] | None = None,
    name: str = "",
) -> Vetted:
    """Look at a file, a folder or what lies at an address, and say whether it may come in.

    Args:
        target: the file or folder, or an address such as `hf://owner/name@revision`.
        policy: the name of a policy; without it the configuration's, else `default`.
        config: a TOML file, or settings. Without it there is no configuration: no file is looked for.
        exclude: patterns of files to leave out, besides those of the configuration.
        follow_symlinks: look at a linked file of the target under the name of the link, too.
        jobs: how many worker processes may work at once; by default one for each core.
        access: how services are reached, for an address; without it, without credentials.
        full: fetch what lies elsewhere whole, and compare its digest with the declared one.
        trust: a policy of trust, which says who must have signed what; without it the configuration's.
        recall: a list of recalls; without it the configuration's.
        name: what the policy of trust and the recalls call the target: `owner/name`, or a package URL.

    Raises:
        FileNotFoundError: there is no such target.
        ConfigError: the configuration or a policy does not mean what it says, or there is no such policy.
        TrustError: roots of trust that are named have expired, or do not hold.
    """
    settings = config if isinstance(config, Settings) else configured(config)
    request = Request(
        settings=chosen(settings, policy, exclude),
        follow_symlinks=follow_symlinks,
        jobs=jobs,
        access=access,
        full=full,
        trust=_trust(settings, trust, recall, name),
    )
    return vet_target(os.fspath(target), request)


def _trust(
    settings: Settings,
    trust: str | os.PathLike[str] | Asked | None,
    recall: str | os.PathLike[str] | None,
    name: str,
) -> Asked | None:
    """Return what evidence is held to. A program that calls us is itself the front, so the clock is read here."""
    if trust is not None and not isinstance(trust, str | os.PathLike):
        return trust
    policy, recalls = os.fspath(trust or settings.trust), os.fspath(recall or settings.recall)
    if not (policy or recalls or name):
        return None
    from datetime import UTC, datetime

    from weighmaster.trust.policy.asking import asked

    return asked(policy=policy, recalls=recalls, name=name, now=datetime.now(UTC))


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
    looks: list[Look] = [_look(target, request) for target, request in plans]
    others = {path: _look(path, _beside(request)) for _, request in plans for path in request.against}
    _look_at([*looks, *others.values()])
    for look, (_, request) in zip(looks, plans, strict=True):
        if request.against:
            look.hold_against(tuple(others[path].as_whole() for path in request.against))
    return [look.vetted() for look in looks]


def _look(target: str, request: Request) -> Look:
    if lies_elsewhere(target):
        from weighmaster.afar import FarLook

        return FarLook(target, request)
    return FolderLook(target, request)


def _beside(request: Request) -> Request:
    """Return how a release is looked at that a target is held against, and which is not judged itself."""
    return Request(
        jobs=request.jobs,
        limits=request.limits,
        progress=request.progress,
        keep_partial=request.keep_partial,
        access=request.access,
    )


def _look_at(looks: Sequence[Look]) -> None:
    here = [look for look in looks if isinstance(look, FolderLook)]
    if here:
        look_here(here)
    if len(here) < len(looks):
        from weighmaster.afar import look_afar

        look_afar([look for look in looks if look not in here])


def lies_elsewhere(target: str) -> bool:
    """Say whether a target is an address, and no path: it begins with a scheme that an origin knows."""
    scheme, mark, _ = target.partition("://")
    return bool(mark) and scheme.lower() in shipped.schemes() and not os.path.lexists(target)


def check_environment(target: str) -> None:
    """See that a Python environment is at `target`.

    Raises:
        ConfigError: there is none.
    """
    from weighmaster.engine.environment import environment

    environment(target)


def schemes() -> tuple[str, ...]:
    """Return how the addresses begin of what lies elsewhere and can be looked at."""
    return tuple(f"{scheme}://" for scheme in shipped.schemes())


def vet_stream(stream: IO[bytes], request: Request, *, name: str = "stdin") -> Vetted:
    """Look at the bytes that come out of `stream`, which the report calls `name`."""
    limit = request.limits.unpacked
    data = bytearray()
    while chunk := stream.read(_CHUNK):
        data += chunk
        if len(data) > _IN_MEMORY:
            return _alone_judged(name, _spooled(data, stream, name, request), request)
        if len(data) > limit:
            return judged(Report.of(name, [_too_long(name, limit)], files=1), request)
    content = bytes(data)
    items = alone(name, lambda: scan_bytes(content, name, shipped.registry(), request.limits), request)
    return _alone_judged(name, items, request)


def not_reached(target: str, request: Request) -> Vetted:
    """Return what is to be said about a target when the user stopped the work before it."""
    gap = Gap(where=Where.file(target), reason=GapReason.INTERRUPTED, detail="stopped before this target was looked at")
    return judged(Report.of(target, [gap], files=0, partial=True), request)


def failed(target: str, request: Request, error: Exception) -> Vetted:
    """Return what is to be said about a target at which a mistake of ours ended the look."""
    gap = Gap(where=Where.file(target), reason=GapReason.DEFECT, detail=type(error).__name__)
    return judged(Report.of(target, [gap], files=0, partial=True), request)


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


def _alone_judged(name: str, items: list[Item], request: Request) -> Vetted:
    # Nothing lies beside a stream, so there is no evidence about it.
    return Said((), items).vetted(About(target=name, folder=False, apart=1), request)


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
        return alone(name, lambda: scan_file(file.name, name, shipped.registry(), request.limits), request, file.name)


def _too_long(name: str, limit: int) -> Gap:
    return Gap(where=Where.file(name), reason=GapReason.OVER_BUDGET, detail=f"more than {limit} bytes")
