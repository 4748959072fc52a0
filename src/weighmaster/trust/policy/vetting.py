"""A target that was looked at, held to a policy of trust and to a list of recalls; what comes of it are facts.

The digests are those that were computed while the target was looked at, so what was judged is what is signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from weighmaster.model.errors import ConfigError, MissingExtraError, TrustError
from weighmaster.model.fact import Artifact, Fact, Recalled, Trust
from weighmaster.model.report import Gap, GapReason, Item
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.trust.claims.releases import Seen
from weighmaster.trust.evidence import attestations, claimsfile
from weighmaster.trust.identities.verify import verify
from weighmaster.trust.manifests.manifest import CLAIMS, EVIDENCE, PROOFS, SIGNATURE, Entry, Manifest
from weighmaster.trust.policy import bundles
from weighmaster.trust.policy.assess import Assessment, Kind, Lack, assess
from weighmaster.trust.policy.matching import called
from weighmaster.trust.policy.terms import Mode, Policy
from weighmaster.trust.recall.entries import RecallList
from weighmaster.trust.recall.looking import release_of
from weighmaster.trust.recall.matching import Said, SignedBy, recalled, revocations
from weighmaster.trust.recall.named import named_by


class Asked(Value):
    """What a target is held to: a policy, recalls, or both. `name` is what the user calls it: both go by that.

    `remember` is told of what was allowed to come in.
    """

    now: datetime
    policy: Policy | None = None
    recalls: RecallList | None = None
    name: str = ""
    seen: Mapping[str, Seen] | None = None
    remember: Callable[[Assessment], None] | None = None


class Target(Value):
    """What was looked at: its name, whether it is a folder, how many files the user left out, and what was said of it.

    `links` are names in it that lead to other files: no evidence can be about those.

    `evidence` returns the bytes of a file of evidence by its name (`model.sig`), or None where there is none, and
    raises `TrustError` where what is there cannot be read. `name` is what the address calls it that it came from.
    """

    target: str
    folder: bool
    excluded: int
    links: tuple[str, ...]
    items: tuple[Item, ...]
    evidence: Callable[[str], bytes | None]
    name: str = ""


class Held(Value):
    """The facts that came of it, and sentences for the verdict. `assessment` is what the policy came to."""

    facts: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    assessment: Assessment | None = None


def evidence_of(files: Iterable[str], *, folder: bool) -> tuple[str, ...]:
    """Return the names of the evidence about an artifact of these files."""
    if folder:
        return SIGNATURE, CLAIMS
    return tuple(name for file in files for name in (f"{file}.sig", f"{file}.{CLAIMS}", *attestations.names_of(file)))


def held(target: Target, asked: Asked) -> Held:
    """Hold what was looked at to what was asked for."""
    files = _Files(target)
    evidence, notes = _read(target, files.evidence)
    where = Where.file(target.target)
    name = asked.name or target.name
    if asked.policy is None:
        return Held(facts=tuple(_recalls(files, evidence, asked, where, list(called(name)))), notes=tuple(notes))
    found = assess(
        files.digests,
        evidence,
        asked.policy,
        asked.now,
        name=name,
        alone=not target.folder,
        unread=files.unread,
        proofs=b"\n".join(_read(target, files.proofs)[0].values()),
        seen=asked.seen,
        revoked=revocations(asked.recalls) if asked.recalls else (),
    )
    facts: list[Fact] = list(_recalls(files, evidence, asked, where, list(called(name, found.releases))))
    lacks = [*found.lacks, *files.denied(asked.policy), *files.doubts()]
    facts += [_lacking(found, lack, where) for lack in lacks]
    facts += [
        Trust(
            where=where,
            rule=found.rule,
            mode=found.mode.value,
            lack="",
            detail=f"{one.role} is {one.signer}, by {' and '.join(one.predicates)}{_since(one.at)}",
            role=one.role,
            signer=one.signer,
        )
        for one in found.vouched
    ]
    if found.unread:
        notes.append(f"Evidence that cannot be read counts for nothing: {found.unread[0]}{_more(found.unread)}.")
    return Held(facts=tuple(facts), notes=(_note(found, lacks), *notes), assessment=found)


def _read(target: Target, names: Iterable[str]) -> tuple[dict[str, bytes], list[str]]:
    """Return the evidence of these names that is there, and sentences about what cannot be read of it."""
    found: dict[str, bytes] = {}
    said: list[str] = []
    for name in names:
        try:
            raw = target.evidence(name)
        except TrustError as error:
            said.append(f"Evidence that cannot be read counts for nothing: {error}.")
        else:
            found |= {} if raw is None else {name: raw}
    return found, said


class _Files:
    """The files of a target as evidence must be about them, and what is not known of them."""

    def __init__(self, target: Target) -> None:
        artifacts = [one for one in target.items if isinstance(one, Artifact) and not one.where.steps]
        mine = EVIDENCE if target.folder else frozenset()
        known = [one for one in artifacts if one.where.root not in mine]
        self.digests = {one.where.root: (one.size, one.sha256) for one in known if one.sha256}
        self.evidence = evidence_of(self.digests, folder=target.folder)
        self.proofs = (PROOFS,) if target.folder else tuple(f"{name}.{PROOFS}" for name in self.digests)
        self.inside = {
            one.where: one.sha256
            for one in target.items
            if isinstance(one, Artifact) and one.where.steps and one.sha256
        }
        self._declared = sum(one.digest == "declared" for one in known)
        gaps = [one for one in target.items if isinstance(one, Gap) and not one.where.steps]
        unread = [
            *(one.where.root for one in known if not one.sha256),
            *(
                one.where.root
                for one in gaps
                if one.where.root not in mine
                and (one.reason is GapReason.CHANGED or one.where.root not in self.digests)
            ),
            *target.links,
            *([f"{target.excluded} left out by the user"] if target.excluded else []),
        ]
        self.unread: Sequence[str] = tuple(dict.fromkeys(unread))

    def denied(self, policy: Policy) -> Iterator[Lack]:
        """Yield what a policy says of bytes within the files, in archives for one."""
        reasons = {one.value: one.reason for one in policy.denied if one.kind == "sha256"}
        for where, sha256 in self.inside.items():
            if sha256 in reasons:
                yield Lack(kind=Kind.DENIED, detail=f"the policy denies {where}: {reasons[sha256]}")

    def doubts(self) -> Iterator[Lack]:
        """Yield why digests are not those of bytes that were read."""
        if self._declared:
            number = f"{self._declared} of {len(self.digests)} digests"
            detail = f"{number} are those that the server declares, not computed from bytes (--full computes them)"
            yield Lack(kind=Kind.UNSURE, detail=detail)


def _lacking(found: Assessment, lack: Lack, where: Where) -> Trust:
    # Bytes that are denied are refused whatever the mode of the rule is.
    always = lack.kind is Kind.DENIED and not lack.role
    mode = Mode.ENFORCE if always else found.mode
    return Trust(
        where=where, rule=found.rule, mode=mode.value, lack=lack.kind.value, detail=lack.detail, role=lack.role
    )


def _note(found: Assessment, lacks: Sequence[Lack]) -> str:
    of = f"{found.rule} of {found.policy}" if found.rule else found.policy
    by = "; ".join(f"{one.role} is {one.signer}{_since(one.at)}" for one in found.vouched)
    if not lacks:
        return f"Trusted by {of}: {by}."
    what = {Mode.ENFORCE: "", Mode.WARN: ", which only warns", Mode.AUDIT: ", which only notes it"}
    return f"Not trusted by {of}{what[found.mode]}{f', though {by}' if by else ''}."


def _more(others: Sequence[str]) -> str:
    return f", and {len(others) - 1} more" if len(others) > 1 else ""


def _since(at: datetime | None) -> str:
    return f", at {at:%Y-%m-%d %H:%M} UTC" if at else ""


def _recalls(
    files: _Files, evidence: Mapping[str, bytes], asked: Asked, where: Where, names: Sequence[tuple[str, str]]
) -> Iterator[Recalled]:
    """Yield the recalls that a target meets; `names` are what it is called by whoever is trusted for that."""
    if asked.recalls is None:
        return
    claims = bundles.read(evidence).claims
    signers = [_signer(claim, asked) for claim in claims]
    stated = [
        (claim.source, claimsfile.Claim(line=0, bundle=claim.bundle, statement=claim.statement))
        for claim in claims
        if claim.statement is not None
    ]
    said = Said(
        named=tuple(one for source, claim in stated for one in named_by(claim.statement, source)),
        releases=(*names, *(release for _, claim in stated if (release := release_of(claim)) is not None)),
    )
    digests = {path: sha256 for path, (_, sha256) in files.digests.items()}
    places = {path: Where.file(path) for path in digests}
    for inside, sha256 in files.inside.items():
        name = str(inside)
        while name in places:  # A file may be called as if it lay in another.
            name += " "
        digests[name], places[name] = sha256, inside
    for hit in recalled(digests, _tree(files), signers, asked.recalls, said):
        place = places.get(hit.where, where)
        yield Recalled(where=place, entry=hit.recall.id, action=hit.recall.action.value, detail=hit.sentence)


def _signer(claim: bundles.Claim, asked: Asked) -> SignedBy:
    """Return who signed a claim: who says so, or, where a recall asks since when, who did, and when."""
    dated = asked.recalls is not None and any(entry.since for entry in asked.recalls.active)
    for party in asked.policy.parties.values() if dated and asked.policy else ():
        try:
            return SignedBy.of(verify(claim.bundle, party.expected, asked.now), claim.source)
        except (TrustError, ConfigError, MissingExtraError):
            continue  # Another may have signed it.
    return SignedBy.claimed(claim.bundle, claim.source)


def _tree(files: _Files) -> str:
    try:
        return Manifest.of(
            Entry(path=path, size=size, sha256=sha256) for path, (size, sha256) in files.digests.items()
        ).tree
    except TrustError:
        return ""
