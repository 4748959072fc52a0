"""`weighmaster claims`: what is claimed of an artifact, who signed that, and which of it holds."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from weighmaster.extend.showing import plain
from weighmaster.fronts.cli import terminal, trusting
from weighmaster.fronts.cli.claims_logged import logged
from weighmaster.fronts.cli.parsing import Parser, period
from weighmaster.fronts.cli.progress import Progress
from weighmaster.fronts.cli.status import ALLOWED, BLOCKED, REVIEW
from weighmaster.model.errors import ConfigError

if TYPE_CHECKING:
    from weighmaster.trust.claims.claims import Heard, Wanted
    from weighmaster.trust.claims.releases import Seen
    from weighmaster.trust.log.record import Logged
    from weighmaster.trust.manifests.manifest import Manifest

_EPILOG: Final = """\
exit status:
  0  every claim holds and none speaks against it; with --require, --name or --state: so do those that are wanted
  1  one does not hold, speaks against it (a failed verdict), or is wanted and missing
  2  wrong use: for one, nobody was named
  3  nothing is claimed, or nobody who is expected signed some of it
examples:
  weighmaster claims model --public-key public.pem
  weighmaster claims model --public-key public.pem --require release --require scan --max-age 90d
  weighmaster claims model --public-key public.pem --name owner/model --state seen.json
  weighmaster claims model --public-key public.pem --log ./log --log-key log.vkey
  weighmaster claims model --unverified"""

_TITLE: Final = 48
"""Characters of a type that are shown; whoever made a claim chose it."""


def parser() -> Parser:
    """Return what `claims` understands."""
    it = Parser(
        prog="weighmaster claims",
        description="List what is claimed of a file or a folder, who signed that, and which of it holds.",
        epilog=_EPILOG,
    )
    it.add_argument("path", metavar="PATH", help="a file or a folder")
    it.add_argument("-o", "--output", default="text", choices=("text", "json"), help="what to write (default: text)")
    it.add_argument("--claims", metavar="FILE", help="the claims lie there, not beside the artifact")
    it.add_argument("--follow-links", action="store_true", help="take what links lead to for files")
    it.add_argument(
        "--unverified", action="store_true", help="expect nobody: list what is claimed, and believe nothing"
    )
    trusting.add_expected(it)
    group = it.add_argument_group("what must be claimed")
    group.add_argument(
        "--require", action="append", default=[], metavar="TYPE", help="a claim of this type must hold; may be repeated"
    )
    group.add_argument("--max-age", type=period, metavar="TIME", help="older claims do not count: 12h, 90d, 52w")
    group.add_argument("--name", default="", metavar="NAME", help="it must be a release of this name")
    group.add_argument("--channel", default="", metavar="NAME", help="with --name: in this channel")
    group.add_argument("--closure", action="store_true", help="closures must pin all that the files name outside")
    group.add_argument("--log", metavar="LOG", help="claims must be in this log, and all that it has must be here")
    group.add_argument(
        "--log-key", action="append", default=[], metavar="KEY", help="its key; without --log, proofs beside do"
    )
    group.add_argument("--log-witness", action="append", default=[], metavar="KEY", help="the key of a witness of it")
    group.add_argument("--state", metavar="FILE", help="keeps the releases seen, and refuses any that goes back")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    from weighmaster.trust.evidence import claimsfile
    from weighmaster.trust.manifests.digests import Hashing
    from weighmaster.trust.manifests.files import evidence
    from weighmaster.trust.manifests.hashing import hash_artifact

    options = parser().parse_args(arguments)
    required = _required(options)
    wanted = None if options.unverified else _wanted(options)
    with Progress(sys.stderr, quiet=False, doing="hashing") as progress:
        how = Hashing(follow_links=options.follow_links, progress=progress.bytes)
        manifest = hash_artifact(options.path, how)
    place = options.claims or evidence(options.path)[1]
    if options.claims and not os.path.exists(place):
        raise ConfigError(f"no such file: {place}")
    with _seen(options.state) as seen:
        heard = _heard(options.path, claimsfile.read(place), manifest, wanted, seen)
        heard, cut = logged(options, heard, manifest.tree, place)
        status, lacking = _status(heard, required, cut)
        if options.closure and (loose := _loose(options.path, heard, manifest)):
            status, lacking = BLOCKED, {**lacking, **loose}
        if status == ALLOWED:
            _remember(heard, manifest.tree, seen)
    if options.output == "json":
        _write(options.path, manifest, heard, lacking, status)
    else:
        _show(options.path, heard, lacking, place)
    return status


def _required(options: Any) -> list[str]:
    """Return the types that must be claimed."""
    from weighmaster.trust.claims.known import named

    if options.unverified and (options.require or options.closure or options.name or options.state or options.max_age):
        raise ConfigError("--unverified believes nothing, so nothing can be required")
    if options.unverified and options.log_key:
        raise ConfigError("--unverified believes nothing, and no log either")
    if options.log and not options.log_key:
        raise ConfigError("a --log is trusted by its --log-key")
    if options.channel and not options.name:
        raise ConfigError("--channel is one of a --name")
    asked = [
        *options.require,
        *(["closure"] if options.closure else []),
        *(["release"] if options.name or options.state else []),
    ]
    return list(dict.fromkeys(named(text)[0] for text in asked))


def _wanted(options: Any) -> Wanted:
    from weighmaster.trust.claims.claims import Wanted

    return Wanted(
        expected=trusting.expected(options), name=options.name, channel=options.channel, oldest=options.max_age
    )


@contextlib.contextmanager
def _seen(path: str | None) -> Iterator[dict[str, Seen]]:
    if path is None:
        yield {}
        return
    from weighmaster.trust.claims.releases import held

    with held(path) as seen:
        yield seen


def _heard(path: str, lines: Any, manifest: Manifest, wanted: Wanted | None, seen: dict[str, Seen]) -> Sequence[Heard]:
    from weighmaster.model.value import replace
    from weighmaster.trust.claims import claims

    if wanted is None:
        return claims.unverified(lines, manifest, path=path)
    return claims.judge(lines, manifest, replace(wanted, seen=seen), datetime.now(UTC), path=path)


def _status(heard: Sequence[Heard], required: Sequence[str], cut: Sequence[Logged]) -> tuple[int, Mapping[str, str]]:
    """Return the exit status, and which types are wanted and do not hold."""
    from weighmaster.trust.claims import claims

    lacking = claims.missing(heard, required)
    lacking |= {f"{one.type} ({one.sha256[:16]})": "it is in the log, and not here" for one in cut}
    if required or cut:
        return (BLOCKED if lacking else ALLOWED), lacking
    refused, unknown = claims.told_apart(heard)
    if refused:
        return BLOCKED, {}
    return (REVIEW if unknown or not heard else ALLOWED), {}


def _loose(path: str, heard: Sequence[Heard], manifest: Manifest) -> Mapping[str, str]:
    """Return what the files name outside themselves that no closure which holds pins, and why that is known."""
    from weighmaster.fronts import claiming
    from weighmaster.trust.claims.claims import Standing
    from weighmaster.trust.claims.predicates.closure import Closure

    held = [one.meaning for one in heard if one.standing is Standing.HOLDS and isinstance(one.meaning, Closure)]
    left, unread = claiming.unpinned(path, [one for closure in held for one in closure.dependencies], manifest)
    found = {one.target: f"no closure pins it ({one.kind}, named by {one.where})" for one in left}
    return found | dict.fromkeys(unread, "what it names is not known: it was not read")


def _remember(heard: Sequence[Heard], tree: str, seen: dict[str, Seen]) -> None:
    from weighmaster.trust.claims.claims import Standing
    from weighmaster.trust.claims.predicates.release import Release
    from weighmaster.trust.claims.releases import check_release, key_of

    for one in heard:
        if one.standing is Standing.HOLDS and isinstance(one.meaning, Release):
            seen[key_of(one.meaning)] = check_release(one.meaning, tree, seen)


def _show(path: str, heard: Sequence[Heard], lacking: Mapping[str, str], place: str) -> None:
    from weighmaster.extend.showing import count
    from weighmaster.trust.claims.claims import Standing
    from weighmaster.trust.claims.known import called

    if not heard:
        sys.stdout.write(f"Nothing is claimed of {plain(path)}: {plain(place)} is not there or empty.\n")
    width = max(40, min(terminal.width(), 120))
    for line in _lines(heard, width):
        sys.stdout.write(f"{line}\n")
    if heard:
        held = sum(one.standing is Standing.HOLDS for one in heard)
        together = f"{held} of {count(len(heard), 'claim')} about {plain(path)}"
        verb = "holds" if 1 in {held, len(heard)} else "hold"
        told = any(one.standing is not Standing.NOT_VERIFIED for one in heard)
        sys.stdout.write(
            f"{together} {verb}.\n"
            if told
            else f"{count(len(heard), 'claim')} about {plain(path)}; none was verified.\n"
        )
    for type_, why in lacking.items():
        sys.stdout.write(f"Wanted: {plain(called(type_))}, but {why}.\n")


def _lines(heard: Sequence[Heard], width: int) -> Iterator[str]:
    """Yield each claim's standing, type and signer on a line where all have room, and below it what it says."""
    rows = [(one.standing.value, _clipped(plain(one.title or "?")), plain(_signer(one))) for one in heard]
    first, second, third = (max((len(row[column]) for row in rows), default=0) for column in range(3))
    together = first + second + third + 4 <= width
    indent = " " * min(first + 2, width // 3)
    for one, (standing, title, signer) in zip(heard, rows, strict=True):
        below = [_says(one)] if together else [_says(one), signer]
        yield f"{standing:<{first}}  {title:<{second}}  {signer if together else ''}".rstrip()
        for text in below:
            yield textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)


def _clipped(title: str) -> str:
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"


def _signer(one: Heard) -> str:
    """Return who signed, and when."""
    who = f"{trusting.who(one.signed.by)}, " if one.signed else ""
    at = one.signed.at if one.signed else None
    if at:
        return f"{who}{at:%Y-%m-%d} (trusted)"
    return f"{who}{one.issued:%Y-%m-%d}" if one.issued else who.removesuffix(", ") or "-"


def _says(one: Heard) -> str:
    """Return what a claim says and, if it does not hold, why."""
    from weighmaster.trust.claims.claims import against
    from weighmaster.trust.claims.predicate import brief

    said = brief(one.meaning.line) if one.meaning else ""
    if against(one):
        said += ", which speaks against it"
    return plain(": ".join(part for part in (said, one.why) if part)) or "-"


def _write(path: str, manifest: Manifest, heard: Sequence[Heard], lacking: Mapping[str, str], status: int) -> None:
    document = {
        "schema": "weighmaster.claims/1",
        "path": path,
        "tree": manifest.tree,
        "holds": status == ALLOWED,
        "missing": dict(lacking),
        "claims": [_record(one) for one in heard],
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def _record(one: Heard) -> dict[str, Any]:
    return {
        "line": one.line,
        "type": one.type or None,
        "standing": one.standing.value,
        "why": one.why or None,
        "says": one.meaning.line if one.meaning else None,
        "against": (one.meaning.against or None) if one.meaning else None,
        "signer": trusting.record(one.signed) if one.signed else None,
        "issued": one.issued.isoformat() if one.issued else None,
        "expires": one.expires.isoformat() if one.expires else None,
        "predicate": one.claim.statement.predicate if one.claim else None,
    }
