"""`weighmaster verify --policy`: whether an artifact has what a policy of trust wants of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from weighmaster.extend.showing import plain
from weighmaster.fronts.cli import trusting
from weighmaster.fronts.cli.progress import Progress
from weighmaster.fronts.cli.status import ALLOWED, BLOCKED, REVIEW
from weighmaster.model.errors import ConfigError, TrustError

if TYPE_CHECKING:
    from weighmaster.fronts.cli.parsing import Parser
    from weighmaster.trust.manifests.manifest import Manifest
    from weighmaster.trust.policy.assess import Assessment
    from weighmaster.trust.recall.entries import RecallList
    from weighmaster.trust.recall.matching import Hit

_ELSEWHERE: Final = (
    "public_key",
    "certificate_chain",
    "identity",
    "issuer",
    "trusted_root",
    "crl",
    "timestamp_authority",
    "require_timestamp",
    "signature",
    "ignore",
)


def add(parser: Parser) -> None:
    """Let `verify` be told a policy."""
    group = parser.add_argument_group("or what a policy wants")
    group.add_argument("--policy", metavar="POLICY", help="a policy of trust says who must have signed what")
    group.add_argument("--name", default="", metavar="NAME", help="what policy and recalls call it: owner/name")
    group.add_argument("--recall", metavar="LIST", help="refuse what a list of recalls names: bytes, signers, releases")
    group.add_argument("--state", metavar="FILE", help="keeps the releases seen, and refuses any that goes back")


def main(options: Any) -> int:
    """Hold an artifact to a policy, and return the exit status."""
    said = [one for one in _ELSEWHERE if getattr(options, one)]
    if options.threshold != 1:
        said.append("threshold")
    if said:
        raise ConfigError(f"--policy says whose signature counts: leave out --{said[0].replace('_', '-')}")
    try:
        manifest, found, hits = _held(options)
    except TrustError as error:
        return refused(options, error)
    if options.output == "json":
        write(_record(options, manifest, found, hits))
    elif not (options.quiet and found.holds and not hits):
        trusting.show(_rows(options, manifest, found, hits))
    if not found.allows or any(hit.recall.action == "block" for hit in hits):
        return BLOCKED
    return REVIEW if any(hit.recall.action == "quarantine" for hit in hits) else ALLOWED


def _held(options: Any) -> tuple[Manifest, Assessment, tuple[Hit, ...]]:
    from weighmaster.trust.manifests.digests import Hashing
    from weighmaster.trust.policy.asking import asked, held_at
    from weighmaster.trust.policy.matching import called

    now = datetime.now(UTC)
    want = asked(
        policy=options.policy, recalls=options.recall or "", state=options.state or "", name=options.name, now=now
    )
    with Progress(sys.stderr, quiet=options.quiet, doing="verifying") as progress:
        how = Hashing(follow_links=options.follow_links, jobs=options.jobs, progress=progress.bytes)
        manifest, found = held_at(options.path, want, how)
    recalls = want.recalls if want is not None else None
    names = list(called(options.name, found.releases))
    return manifest, found, _recalled(options.path, manifest, recalls, names) if recalls is not None else ()


def _recalled(path: str, manifest: Manifest, recalls: RecallList, names: Sequence[tuple[str, str]]) -> tuple[Hit, ...]:
    """Return the recalls that bytes, what they were built on, and releases meet; signers are the policy's business."""
    from weighmaster.trust.recall.entries import SIGNERS
    from weighmaster.trust.recall.looking import look

    hits = look(path, manifest=manifest).meets(recalls, names)
    return tuple(hit for hit in hits if hit.recall.kind not in SIGNERS)


def _rows(options: Any, manifest: Manifest, found: Assessment, hits: Sequence[Hit]) -> Iterator[tuple[str, str]]:
    blocked = any(hit.recall.action == "block" for hit in hits)
    yield "refused" if blocked or not found.allows else "verified" if found.holds else "lacking", options.path
    yield "by", f"{found.rule or 'no rule'} of {found.policy}, which says {found.mode.value}"
    for one in found.vouched:
        when = f" at {one.at:%Y-%m-%d %H:%M:%S} UTC" if one.at else ""
        yield one.role, f"{one.signer}: {', '.join(one.predicates)}{when}"
    for lack in found.lacks:
        yield "lacks", lack.detail
    for hit in hits:
        yield "recalled", f"{hit.recall.action}: {hit.sentence}"
    yield "covers", trusting.amount(manifest)
    yield "tree", manifest.tree


def _record(options: Any, manifest: Manifest, found: Assessment, hits: Sequence[Hit]) -> dict[str, Any]:
    return {
        "path": options.path,
        "verified": found.holds,
        "allowed": found.allows,
        "policy": found.policy,
        "rule": found.rule,
        "mode": found.mode.value,
        "roles": [
            {
                "role": one.role,
                "identity": one.party,
                "signer": one.signer,
                "predicates": list(one.predicates),
                "at": one.at and one.at.isoformat(),
            }
            for one in found.vouched
        ],
        "lacks": [{"kind": one.kind.value, "role": one.role, "detail": one.detail} for one in found.lacks],
        "recalls": [{"id": hit.recall.id, "action": hit.recall.action.value, "detail": hit.sentence} for hit in hits],
        "tree": manifest.tree,
    }


def refused(options: Any, error: TrustError) -> int:
    """Say why an artifact is refused, and return the exit status."""
    if options.output == "json":
        write({"path": options.path, "verified": False, "why": str(error)})
    sys.stderr.write(f"weighmaster: refused: {plain(str(error))}\n")
    return BLOCKED


def write(document: dict[str, Any]) -> None:
    """Print what was found, for machines."""
    sys.stdout.write(json.dumps({"schema": "weighmaster.verify/1", **document}, indent=2) + "\n")
