"""What a rule wants of an artifact, against the evidence that is there.

A pure function: digests come from whoever read the bytes, the time and what was accepted before from whoever asks. So
what was judged is what is signed, and nothing is read twice.

A party *fills* a role that signed every predicate of it, about exactly these files. A role holds when as many parties
fill it as it wants. One party fills one role only, unless the rule says that it may share; and two names for one key
are one party. More evidence never makes an answer worse, but for what says no.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from weighmaster.extend.showing import listed
from weighmaster.model.errors import TrustError
from weighmaster.model.value import Value, replace
from weighmaster.trust.claims.predicates.release import Release
from weighmaster.trust.claims.releases import Seen, check_release
from weighmaster.trust.identities.revocation import Revocation
from weighmaster.trust.identities.verify import check_now
from weighmaster.trust.policy import bundles
from weighmaster.trust.policy.bundles import Files
from weighmaster.trust.policy.filling import entities, filled
from weighmaster.trust.policy.matching import names_of, rule_for
from weighmaster.trust.policy.terms import Mode, Policy, Role, Rule
from weighmaster.trust.policy.verified import Accepted, Weighing, Why


class Kind(enum.StrEnum):
    """What is lacking."""

    NO_RULE = "no-rule"
    UNSIGNED = "unsigned"
    NOT_THESE_FILES = "not-these-files"
    UNTRUSTED = "untrusted"
    MISSING = "missing"
    STALE = "stale"
    DENIED = "denied"
    SAYS_NO = "says-no"
    OTHER_RELEASE = "other-release"
    UNSURE = "unsure"
    """It cannot be said: not all bytes were read."""


_KINDS: Final = {
    Why.NOTHING: Kind.MISSING,
    Why.ELSEWHERE: Kind.NOT_THESE_FILES,
    Why.UNTRUSTED: Kind.UNTRUSTED,
    Why.UNLOGGED: Kind.MISSING,
    Why.STALE: Kind.STALE,
    Why.DENIED: Kind.DENIED,
    Why.SAYS_NO: Kind.SAYS_NO,
}


class Lack(Value):
    """Something that a rule wants and that is not there: `detail` says what and why, in a sentence."""

    kind: Kind
    detail: str
    role: str = ""


class Vouched(Value):
    """A role that a party fills: who that is, since when (where a trusted clock says so), and by which predicates."""

    role: str
    party: str
    signer: str
    predicates: tuple[str, ...]
    at: datetime | None = None


class Assessment(Value):
    """Whether an artifact has what the rule for it wants. `releases` are what it was accepted as.

    `tree` is its tree digest. Whoever accepts it remembers both (`trust/claims/releases.py`). `unread` is evidence that
    cannot be read, and counts for nothing.
    """

    policy: str
    rule: str
    mode: Mode
    vouched: tuple[Vouched, ...] = ()
    lacks: tuple[Lack, ...] = ()
    releases: tuple[Release, ...] = ()
    tree: str = ""
    unread: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing is lacking."""
        return not self.lacks

    @property
    def allows(self) -> bool:
        """Whether the artifact may be used: nothing is lacking, or the mode lets that pass.

        Bytes that are denied are never let pass, and neither are those that not all are known.
        """
        always = any(lack.kind is Kind.UNSURE or (lack.kind is Kind.DENIED and not lack.role) for lack in self.lacks)
        return self.holds or (self.mode is not Mode.ENFORCE and not always)


def assess(  # noqa: PLR0913 - what there is to know of an artifact, each by its name
    files: Mapping[str, tuple[int, str]],
    evidence: Mapping[str, bytes],
    policy: Policy,
    now: datetime,
    *,
    name: str = "",
    alone: bool = False,
    unread: Sequence[str] = (),
    proofs: bytes = b"",
    seen: Mapping[str, Seen] | None = None,
    revoked: Sequence[Revocation] = (),
) -> Assessment:
    """Hold an artifact to a policy.

    Args:
        files: size in bytes and SHA-256 of each file by its path; evidence is not among them.
        evidence: the files that speak of the artifact, by their names (`model.sig`, `claims.jsonl`).
        policy: the policy.
        now: the time.
        name: what the user calls the artifact: `owner/name`, or a package URL.
        alone: the artifact is a file, not a folder.
        unread: what belongs to the artifact and whose bytes are not known.
        proofs: proofs that claims are in a log, one on a line.
        seen: the releases that were seen before, by their names; None where nobody keeps them.
        revoked: keys and certificates that count no more.

    Raises:
        ConfigError: the time has no zone.
    """
    check_now(now)
    rule = rule_for(policy, names_of(name))
    if rule is None:
        called = f"called {name!r}" if name else "without a name (--name gives it one)"
        detail = f"no rule of {policy.path} is for what is {called}"
        lacks = (*_denied(policy, files), Lack(kind=Kind.NO_RULE, detail=detail))
        return Assessment(policy=policy.path, rule="", mode=policy.default, lacks=lacks)
    return _Question(_without(policy, revoked), rule, names_of(name), seen).answer(
        files, evidence, now, alone=alone, unread=unread, proofs=proofs
    )


class _Question:
    """A rule, and what it is asked about."""

    def __init__(self, policy: Policy, rule: Rule, names: Sequence[str], seen: Mapping[str, Seen] | None) -> None:
        self._policy = policy
        self._rule = rule
        self._names = names
        self._seen = seen
        self._tree = ""
        self._unread: tuple[str, ...] = ()

    def answer(  # noqa: PLR0913 - see `assess`
        self,
        files: Mapping[str, tuple[int, str]],
        evidence: Mapping[str, bytes],
        now: datetime,
        *,
        alone: bool,
        unread: Sequence[str],
        proofs: bytes,
    ) -> Assessment:
        denied = list(_denied(self._policy, files, self._rule.ignore))
        try:
            covered = Files(files, self._rule.ignore, nameless=self._rule.nameless)
        except TrustError as error:
            return self._assessment([*denied, Lack(kind=Kind.UNSURE, detail=str(error))])
        self._tree = covered.kept.tree
        if left := [one for one in unread if not covered.ignores(one)]:
            detail = f"not all bytes are known, so nothing can be said of all: {listed(sorted(left))} not read"
            return self._assessment([*denied, Lack(kind=Kind.UNSURE, detail=detail)])
        if not covered.kept.entries:
            detail = "the rule ignores every file, so nobody vouches for any" if files else "there is no file"
            return self._assessment([*denied, Lack(kind=Kind.UNSURE, detail=detail)])
        found = bundles.read(evidence, partial(covered.differ, alone=alone))
        self._unread = found.unread
        if not found.claims:
            said = f" ({listed(sorted(found.unread))})" if found.unread else ""
            return self._assessment([*denied, Lack(kind=Kind.UNSIGNED, detail=f"nobody has signed it{said}")])
        weighing = Weighing(self._policy, self._rule, found.claims, covered, now, proofs=proofs)
        return self._roles(weighing, denied)

    def _roles(self, weighing: Weighing, lacks: list[Lack]) -> Assessment:
        fills: dict[str, dict[str, list[Accepted]]] = {}
        for role in self._rule.roles:
            fills[role.name], reasons = _fill(weighing, role)
            if len(entities(fills[role.name])) < role.threshold:
                lacks.append(_too_few(role, list(fills[role.name]), reasons))
        chosen = filled(self._rule, fills)
        if chosen is None:
            if not any(lack.role for lack in lacks):
                detail = "the same identities fill several roles, and one fills one role"
                lacks.append(Lack(kind=Kind.MISSING, detail=detail))
            chosen = {name: sorted(by) for name, by in fills.items()}
        releases: list[Release] = []
        for role in self._rule.roles:
            for one in (claim for party in chosen.get(role.name, ()) for claim in fills[role.name][party]):
                if isinstance(one.meaning, Release) and one.meaning not in releases:
                    releases.append(one.meaning)
                    lacks += self._release(weighing, role, one.meaning)
        vouched = tuple(
            _vouched(role, fills[role.name][party]) for role in self._rule.roles for party in chosen.get(role.name, ())
        )
        return self._assessment(lacks, vouched, releases)

    def _release(self, weighing: Weighing, role: Role, one: Release) -> Iterator[Lack]:
        """Yield what speaks against a release that counts."""
        if self._rule.name and one.name not in self._names:
            asked = f"{self._names[0]} was asked for" if self._names else "no name was asked for (--name gives one)"
            yield Lack(kind=Kind.OTHER_RELEASE, detail=f"it is a release of {one.name}, and {asked}")
        if later := weighing.later(role, one):
            yield Lack(kind=Kind.OTHER_RELEASE, detail=later)
        if self._rule.sequence and self._seen is None:
            detail = (
                "the rule wants no release before one that was seen, and nobody remembers those (--state FILE does)"
            )
            yield Lack(kind=Kind.UNSURE, detail=detail)
        elif self._rule.sequence:
            try:
                check_release(one, self._tree, self._seen or {})
            except TrustError as error:
                yield Lack(kind=Kind.OTHER_RELEASE, detail=str(error))

    def _assessment(
        self, lacks: Iterable[Lack], vouched: tuple[Vouched, ...] = (), releases: Sequence[Release] = ()
    ) -> Assessment:
        return Assessment(
            policy=self._policy.path,
            rule=self._rule.title,
            mode=self._rule.mode,
            vouched=vouched,
            lacks=tuple(lacks),
            releases=tuple(releases),
            tree=self._tree,
            unread=self._unread,
        )


def _denied(policy: Policy, files: Mapping[str, tuple[int, str]], ignore: Sequence[str] = ()) -> Iterator[Lack]:
    """Yield what a policy says of bytes that never come in, whatever the rule and its mode, signed or not."""
    denied = [one for one in policy.denied if one.kind == "sha256"]
    try:
        trees = Files(files, ignore).trees if denied else frozenset()
    except TrustError:  # Names that cannot be: that is told elsewhere.
        trees = frozenset()
    for one in denied:
        for path, (_, sha256) in sorted(files.items()):
            if one.value == sha256:
                yield Lack(kind=Kind.DENIED, detail=f"the policy denies {path}: {one.reason}")
        if one.value in trees:
            yield Lack(kind=Kind.DENIED, detail=f"the policy denies this tree: {one.reason}")


def _without(policy: Policy, revoked: Sequence[Revocation]) -> Policy:
    """Return a policy for which keys and certificates that were revoked count no more."""
    if not revoked:
        return policy
    parties = {
        name: replace(party, expected=replace(party.expected, revoked=(*party.expected.revoked, *revoked)))
        for name, party in policy.parties.items()
    }
    changed: Policy = replace(policy, parties=parties)
    return changed


def _fill(weighing: Weighing, role: Role) -> tuple[dict[str, list[Accepted]], list[tuple[Why, str, str]]]:
    """Return who fills a role, and by which claims; of the others, what keeps them from it, and for which predicate."""
    fills: dict[str, list[Accepted]] = {}
    reasons: list[tuple[Why, str, str]] = []
    for party in role.parties:
        claims: list[Accepted] = []
        for wanted in role.predicates:
            claim, why, said = weighing.accepted(role, wanted, party)
            if claim is None:
                reasons.append((why, said, wanted.word))
            else:
                claims.append(claim)
        if len(claims) == len(role.predicates):
            fills[party] = claims
    return fills, reasons


def _too_few(role: Role, present: Sequence[str], reasons: Sequence[tuple[Why, str, str]]) -> Lack:
    why, said, word = max(reasons, default=(Why.NOTHING, "", ""))
    one_of = " or ".join(role.parties) if role.threshold == 1 else f"{role.threshold} of {', '.join(role.parties)}"
    only = f", only of {', '.join(sorted(present))}" if present else ""
    what = word or " and ".join(wanted.word for wanted in role.predicates)
    detail = f"the role {role.name} needs {_article(what)} of {one_of}{only}"
    return Lack(
        kind=_KINDS[why], role=role.name, detail=f"{detail}; {said}" if said else f"{detail}, and there is none"
    )


def _vouched(role: Role, claims: Sequence[Accepted]) -> Vouched:
    times = [claim.at for claim in claims if claim.at is not None]
    return Vouched(
        role=role.name,
        party=claims[0].party,
        signer=claims[0].signer,
        predicates=tuple(wanted.word for wanted in role.predicates),
        at=min(times) if len(times) == len(claims) else None,
    )


def _article(word: str) -> str:
    return f"{'an' if word[:1] in 'aeiou' else 'a'} {word}"
