"""Who signed which claim, and why a claim does not count.

Of the claims of one signer that have the same type and speak of the same thing, the newest counts: whoever said yes and
later no has said no. A claim is as old as a timestamp shows, or else as its signer says.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from weighmaster.model.errors import ConfigError, MissingExtraError, TrustError
from weighmaster.model.value import Value, replace
from weighmaster.trust.claims.claims import SKEW, meaning_of
from weighmaster.trust.claims.predicate import Meaning
from weighmaster.trust.claims.predicates.release import PREDICATE as RELEASE
from weighmaster.trust.claims.predicates.release import Release
from weighmaster.trust.identities.verify import CertificateIdentity, KeyIdentity, Signed, SigstoreIdentity, verify
from weighmaster.trust.policy.bundles import Claim, Files
from weighmaster.trust.policy.terms import Denied, Party, Policy, Role, Rule, Wanted

if TYPE_CHECKING:
    from weighmaster.trust.log.beside import Proofs

_SLOW: Final = 256
"""Claims that are verified with Sigstore, which takes a tenth of a second each."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Why(enum.IntEnum):
    """Why a claim does not count; of several reasons, people are told the last of this list first."""

    NOTHING = 0
    ELSEWHERE = 1
    """It is about other files."""
    UNTRUSTED = 2
    """Nobody who may say so signed it."""
    UNLOGGED = 3
    """It is in no log that it should be in, or no timestamp shows when it was signed."""
    STALE = 4
    """It is too old, or its signer's time is over."""
    DENIED = 5
    """The policy denies who signed it."""
    SAYS_NO = 6
    """It speaks against the artifact."""


class Accepted(Value):
    """A claim that a party signed, and what it says; `keys` are those of `Signed`.

    `name` is the one for which an authority vouches, empty where a key is expected.
    `why` says why it does not count, and `said` tells that in a sentence; where it counts, both are empty.
    """

    claim: Claim
    party: str
    keys: tuple[str, ...]
    signer: str
    meaning: Meaning
    at: datetime | None
    issued: datetime | None
    expires: datetime | None
    name: str = ""
    why: Why = Why.NOTHING
    said: str = ""

    @property
    def made(self) -> datetime:
        """When it was made: as its signer says, or else as a timestamp shows.

        A timestamp can be had today for a signature of years ago, so it makes nothing new that is said to be old.
        """
        return self.issued or self.at or _LONG_AGO


class Weighing:
    """The claims about some files, weighed for a rule of a policy at one moment."""

    def __init__(  # noqa: PLR0913 - what claims are weighed against
        self,
        policy: Policy,
        rule: Rule,
        claims: Sequence[Claim],
        files: Files,
        now: datetime,
        *,
        proofs: bytes,
    ) -> None:
        self._policy = policy
        self._rule = rule
        self._now = now
        self._proof_lines = proofs
        self._alone = next(iter(files.kept.entries.values())).sha256 if len(files.kept.entries) == 1 else ""
        self._claims = claims
        self._slow = 0
        self._signed: dict[tuple[str, str], Signed | str] = {}

    def accepted(self, role: Role, wanted: Wanted, party: str) -> tuple[Accepted | None, Why, str]:
        """Return a claim of that predicate by a party that counts, or why none does, told in a sentence."""
        reasons: list[tuple[Why, str]] = [(Why.NOTHING, "")]
        newest: dict[tuple[str | None, int], Accepted] = {}
        for number, claim in enumerate(self._claims):
            if claim.type not in wanted.types:
                continue
            if claim.differs:
                reasons.append((Why.ELSEWHERE, f"{claim.source} is about other files: {claim.differs}"))
                continue
            found = self._one(claim, self._policy.parties[party], role)
            if isinstance(found, str):
                reasons.append((Why.UNTRUSTED, f"{claim.source}: {found}"))
                continue
            slot = found.meaning.slot
            # Not the type: those of one predicate are spellings of one thing.
            key = (slot, -1 if slot is not None else number)
            newest[key] = max(newest.get(key, found), found, key=_order)
        # Of several that count, one by a key that is nobody else's: two names for one key are one signer.
        others = {part for one in self._policy.parties.values() if one.name != party for part in one.parts}
        best = sorted(newest.values(), key=lambda one: (one.why, not others.isdisjoint(one.keys), one.claim.line))
        if any(one.why is Why.SAYS_NO for one in best):
            reasons += [(one.why, one.said) for one in best]
        elif best and best[0].why is Why.NOTHING:
            return best[0], Why.NOTHING, ""
        else:
            reasons += [(one.why, one.said) for one in best]
        return None, *max(reasons)

    def later(self, role: Role, release: Release) -> str:
        """Return which later release of the same name someone of the role signed for other files; empty without one.

        These files were rolled back then, or two things have one number.
        """
        for claim in self._claims:
            if not claim.differs or claim.type not in RELEASE.types:
                continue
            for party in role.parties:
                found = self._one(claim, self._policy.parties[party], role)
                if isinstance(found, str) or found.why is Why.DENIED or not isinstance(found.meaning, Release):
                    continue
                other = found.meaning
                if other.slot == release.slot and other.sequence >= release.sequence:
                    number = f"release {other.sequence} ({other.version}) of {other.name}"
                    return f"{claim.source} is {number}, of other files, and this is release {release.sequence}"
        return ""

    def _one(self, claim: Claim, party: Party, role: Role) -> Accepted | str:
        """Return a claim as one of a party, whether it counts or not; a sentence if it is not the party's."""
        key = (claim.source, party.name)
        if key not in self._signed:
            self._signed[key] = self._verified(claim, party)
        signed = self._signed[key]
        if isinstance(signed, str):
            return signed
        try:
            issued, expires, meaning = _meaning(claim)
        except TrustError as error:
            return str(error)
        found = Accepted(
            claim=claim,
            party=party.name,
            keys=signed.keys,
            signer=_signer(party, signed),
            meaning=meaning,
            at=signed.at,
            issued=issued,
            expires=expires,
            name="" if isinstance(signed.by, KeyIdentity) else signed.by.name,
        )
        why, said = next(self._against(found, party, role), (Why.NOTHING, ""))
        return replace(found, why=why, said=f"{claim.source}: {said}" if said else "")  # type: ignore[no-any-return]

    def _verified(self, claim: Claim, party: Party) -> Signed | str:
        if party.expected.sigstore and claim.bundle.logged:
            self._slow += 1
            if self._slow > _SLOW:
                return f"more than {_SLOW} claims to verify with Sigstore"
        try:
            return verify(claim.bundle, party.expected, self._now, sha256=self._alone)
        except (TrustError, ConfigError, MissingExtraError) as error:
            # What the policy names cannot be used for this: that fills no role, and hides no other party.
            return str(error)

    def _against(self, found: Accepted, party: Party, role: Role) -> Iterator[tuple[Why, str]]:
        """Yield what speaks against a claim, the worst first."""
        if found.meaning.against:
            yield Why.SAYS_NO, f"{party.name} says that {found.meaning.against}"
        for denied in self._policy.denied:
            if _names(denied, found) and not (denied.since and found.at and found.at < denied.since):
                yield Why.DENIED, f"{found.signer} is denied: {denied.reason}{_before(denied, found)}"
        yield from self._times(found, party, role)
        if self._rule.timestamp and found.at is None:
            yield Why.UNLOGGED, "no timestamp shows when it was signed"
        if self._rule.log and (said := self._unlogged(found.claim)):
            yield Why.UNLOGGED, said

    def _times(self, found: Accepted, party: Party, role: Role) -> Iterator[tuple[Why, str]]:
        signed = found.at or self._now
        if party.since and signed < party.since:
            yield Why.STALE, f"it was signed before {party.name} counted, on {_day(party.since)}"
        if party.until and signed > party.until:
            yield Why.STALE, f"{party.name} counted until {_day(party.until)} only"
        if found.expires and found.expires <= self._now:
            yield Why.STALE, f"it says itself that it expired on {_day(found.expires)}"
        if found.made > self._now + SKEW:
            yield Why.STALE, f"it is of {_day(found.made)}, which is yet to come"
        if found.issued and found.at and found.issued > found.at + SKEW:
            yield Why.STALE, f"it says that it was made on {_day(found.issued)}, after it was signed"
        ages = [age for age in (role.max_age, self._rule.freshness) if age is not None]
        if ages and found.made == _LONG_AGO:
            yield Why.STALE, "nothing says when it was made, and it must be fresh"
        elif ages and self._now - found.made > min(ages):
            yield Why.STALE, f"it is of {_day(found.made)}, more than {_age(min(ages))} ago"

    def _unlogged(self, claim: Claim) -> str:
        log = self._policy.logs[self._rule.log]
        return self._proofs.lack(claim.line, [log.key], log.witnesses, log.threshold, log=f"the log {log.name}")

    @cached_property
    def _proofs(self) -> Proofs:
        from weighmaster.trust.log.beside import Proofs

        return Proofs(self._proof_lines)


def _meaning(claim: Claim) -> tuple[datetime | None, datetime | None, Meaning]:
    if claim.statement is None:
        return None, None, Meaning(line="")
    return meaning_of(claim.statement)


def _order(one: Accepted) -> tuple[datetime, bool, int, bytes]:
    """Return what is larger for the newer of two claims; of one moment the no, and then the one that counts.

    Anyone can write a claim down again in another spelling, without its timestamp: that must not take its place.
    """
    return one.made, one.why is Why.SAYS_NO, -one.why, one.claim.line


def _names(denied: Denied, found: Accepted) -> bool:
    return denied.value in {"identity": (found.party,), "key": found.keys}.get(denied.kind, ())


def _before(denied: Denied, found: Accepted) -> str:
    if denied.since is None:
        return ""
    when = f"it was signed on {_day(found.at)}" if found.at else "no timestamp shows that it was signed before that"
    return f" (since {_day(denied.since)}; {when})"


def _signer(party: Party, signed: Signed) -> str:
    match signed.by:
        case KeyIdentity(keyid=keyid):
            return f"{party.name} (key {keyid[:16]})"
        case CertificateIdentity(name=name):
            return f"{party.name} ({name})"
        case SigstoreIdentity(name=name, issuer=issuer):
            return f"{party.name} ({name}, by {issuer})"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds()) // 3600
    return f"{hours // 24} days" if hours % 24 == 0 else f"{hours} hours"
