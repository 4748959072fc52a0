"""Which claims about an artifact hold: signed by whom one expects, about these bytes, well-formed, and fresh.

Each line of `claims.jsonl` is judged by itself, in these steps:

1. It can be read: a bundle with a statement (`claimsfile.py`).
2. Someone who is expected signed it (`verify.py`).
3. Its predicate is what its type promises (`predicates/`).
4. It is about the bytes that lie here, under their names (`Whole` in `statement.py`; of a signature by OpenSSF Model
   Signing, the files that it lists count, and not its subject, which names none).
5. It counts now: not issued in the future, not expired, not older than asked for.

Then all are seen together. Of the claims of one signer that speak of the same thing the newest counts, so an earlier
favourable one cannot be kept in place of it. Of releases the highest sequence counts, whoever of those expected signed
it: if that is of other bytes, these were rolled back.

A claim that is missing leaves no trace in this file. What must be there is named by whoever verifies (`missing`). That
a release was taken back shows in the releases seen before (`releases.py`), and what was there at all in a log
(`logged.py`).
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from weighmaster.model.errors import TrustError
from weighmaster.model.value import Value, replace
from weighmaster.trust.claims import known
from weighmaster.trust.claims.predicate import Meaning, instant, written
from weighmaster.trust.claims.predicates import signature
from weighmaster.trust.claims.predicates.release import Release
from weighmaster.trust.claims.releases import Seen, check_release, key_of
from weighmaster.trust.evidence.claimsfile import Claim, Line, Unread
from weighmaster.trust.evidence.envelope import Envelope
from weighmaster.trust.evidence.statement import Statement, Whole
from weighmaster.trust.identities.verify import (
    CertificateIdentity,
    Expected,
    Identity,
    KeyIdentity,
    Signed,
    check_now,
    verify,
)
from weighmaster.trust.manifests.manifest import Manifest

ISSUED: Final = "urn:weighmaster:issued"
EXPIRES: Final = "urn:weighmaster:expires"
"""Annotations of a subject: from when to when whoever signed a statement stands by it, whatever its predicate is."""
SKEW: Final = timedelta(minutes=5)
"""How far clocks may be apart."""


class Standing(enum.StrEnum):
    """What became of a claim."""

    HOLDS = "holds"
    SUPERSEDED = "superseded"
    """A newer claim takes its place, or it stands there twice."""
    SIGNER_UNKNOWN = "signer unknown"
    """Nobody who is expected signed it."""
    CHANGED = "changed"
    """It names an expected key, and that key did not sign what stands there."""
    MALFORMED = "malformed"
    OTHER_BYTES = "about other bytes"
    STALE = "stale"
    """Expired, issued in the future, or older than asked for."""
    ROLLED_BACK = "rolled back"
    """A release after which a later one was seen, or whose number another one has."""
    OTHER_NAME = "other name"
    """A release of something else than expected."""
    NOT_LOGGED = "not logged"
    """It is not in the log in which it must be (`logged.py`)."""
    NOT_VERIFIED = "not verified"
    """Whoever asked expected nobody."""


UNKNOWN: Final = frozenset({Standing.SIGNER_UNKNOWN, Standing.NOT_VERIFIED})
FINE: Final = frozenset({Standing.HOLDS, Standing.SUPERSEDED})


class Wanted(Value):
    """What a claim has to be to count.

    `name` and `channel` are those of the release that is expected; a release of another channel counts only where no
    name is. `seen` are the releases that were seen before. `oldest` is the age up to which a claim counts.
    """

    expected: Expected
    name: str = ""
    channel: str = ""
    seen: Mapping[str, Seen] | None = None
    oldest: timedelta | None = None


class Heard(Value):
    """A claim, and what became of it: `why` says so in a sentence, unless it holds.

    `signed` says who signed, and when a trusted clock saw that; `issued` and `expires` are what the signer says.
    """

    line: int
    standing: Standing
    why: str = ""
    type: str = ""
    signed: Signed | None = None
    issued: datetime | None = None
    expires: datetime | None = None
    meaning: Meaning | None = None
    claim: Claim | None = None

    @property
    def title(self) -> str:
        """What the command line calls its type; the URI where it is not known here."""
        return known.called(self.type)


_Key: TypeAlias = tuple[object, ...]


def judge(
    lines: Iterable[Line], manifest: Manifest, wanted: Wanted, now: datetime, *, path: str = ""
) -> tuple[Heard, ...]:
    """Say of each line what became of it, in their order. `path` is where the artifact lies.

    Raises:
        ConfigError: nobody is expected, or the time has no zone.
    """
    wanted.expected.check()
    check_now(now)
    judge_ = _Judge(Files(manifest, path), wanted, now)
    found = _newest([judge_.heard(line) for line in lines])
    return tuple(_expected_release(one, manifest.tree, wanted) for one in found)


def unverified(lines: Iterable[Line], manifest: Manifest, *, path: str = "") -> tuple[Heard, ...]:
    """Say what each line claims, and hold none of it for true."""
    files = Files(manifest, path)
    return tuple(_told(line, files) for line in lines)


def told_apart(heard: Sequence[Heard]) -> tuple[list[Heard], list[Heard]]:
    """Return the claims that are refused or speak against the artifact, and those whose signers are not known."""
    unknown = [one for one in heard if one.standing in UNKNOWN]
    return [one for one in heard if one.standing not in UNKNOWN | FINE or against(one)], unknown


def against(one: Heard) -> str:
    """Return what a claim that holds speaks against the artifact; empty where it does not."""
    return one.meaning.against if one.meaning and one.standing is Standing.HOLDS else ""


def missing(heard: Iterable[Heard], required: Iterable[str]) -> dict[str, str]:
    """Return of the types (URIs) that must be there those that are not, and why in a word.

    There must be a claim that holds, and none that holds may speak against the artifact.
    """
    there: dict[str, str] = {}
    for one in heard:
        if one.standing is Standing.HOLDS:
            there[one.type] = there.get(one.type, "") or against(one)
    found = {type_: [there[same] for same in _same(type_) if same in there] for type_ in required}
    why = {type_: next(filter(None, said), "") if said else "there is none that holds" for type_, said in found.items()}
    return {type_: said for type_, said in why.items() if said}


def _same(type_: str) -> set[str]:
    kind = known.by_type(type_)
    return set(kind.types) if kind else {type_}


class Files:
    """The files of an artifact, and where they lie."""

    def __init__(self, manifest: Manifest, path: str = "") -> None:
        self._manifest = manifest
        self._whole = Whole(manifest)
        self._path = path

    def differs(self, statement: Statement) -> str:
        """Return what shows that a statement is not about them, in a sentence; empty where it is."""
        if statement.predicate_type not in signature.PREDICATE.types:
            return self._whole.differs(statement)
        from weighmaster.trust.signing import covering, oms

        try:
            covering.covered(oms.contents(statement), self._path, self._manifest)
        except TrustError as error:
            return str(error)
        return ""


class _Judge:
    """Judges lines one by one; what is the same for all of them is found out once."""

    def __init__(self, files: Files, wanted: Wanted, now: datetime) -> None:
        self._files = files
        self._wanted = wanted
        self._now = now
        self._keyids = {id for key in wanted.expected.keys for id in (key.keyid, *key.ids)}
        self._first: dict[bytes, Heard] = {}

    def heard(self, line: Line) -> Heard:
        if isinstance(line, Unread):
            return Heard(line=line.line, standing=Standing.MALFORMED, why=line.why)
        key = hashlib.sha256(line.bundle.raw).digest()
        first = self._first.get(key)
        if first is None:
            first = self._first[key] = self._judged(line)
            return first
        twice: Heard = replace(first, line=line.line)
        return (
            twice if first.signed is None else _with(twice, Standing.SUPERSEDED, f"it is line {first.line} once more")
        )

    def _judged(self, claim: Claim) -> Heard:
        heard = Heard(line=claim.line, standing=Standing.HOLDS, type=claim.statement.predicate_type, claim=claim)
        # 2
        try:
            signed = verify(claim.bundle, self._wanted.expected, self._now)
        except TrustError as error:
            return _with(heard, self._unsigned(claim), str(error))
        # 3
        try:
            issued, expires, meaning = meaning_of(claim.statement)
        except TrustError as error:
            return _with(heard, Standing.MALFORMED, str(error), signed=signed)
        heard = replace(heard, signed=signed, issued=issued, expires=expires, meaning=meaning)
        # 4
        if why := self._files.differs(claim.statement):
            return _with(heard, Standing.OTHER_BYTES, why)
        # 5
        why = self._untimely(heard)
        return _with(heard, Standing.STALE if why else Standing.HOLDS, why)

    def _unsigned(self, claim: Claim) -> Standing:
        content = claim.bundle.content
        hints = {one.keyid for one in content.signatures} if isinstance(content, Envelope) else set()
        return Standing.CHANGED if hints & self._keyids else Standing.SIGNER_UNKNOWN

    def _untimely(self, heard: Heard) -> str:
        issued, expires, oldest = heard.issued, heard.expires, self._wanted.oldest
        at = heard.signed.at if heard.signed else None
        if issued and issued > self._now + SKEW:
            return f"it says that it was issued in the future, {written(issued)}"
        if issued and at and issued > at + SKEW:
            return f"it says that it was issued {written(issued)}, after it was signed"
        if expires and expires <= self._now:
            return f"it expired {written(expires)}"
        if oldest is None:
            return ""
        if issued is None:
            return "it does not say when it was issued, and only newer claims count"
        # A timestamp can be had today for a signature of years ago: what makes a claim new is what its signer says.
        return f"it is of {written(issued)}, and older than asked for" if issued < self._now - oldest else ""


def _told(line: Line, files: Files) -> Heard:
    if isinstance(line, Unread):
        return Heard(line=line.line, standing=Standing.MALFORMED, why=line.why)
    heard = Heard(line=line.line, standing=Standing.NOT_VERIFIED, type=line.statement.predicate_type, claim=line)
    try:
        issued, expires, meaning = meaning_of(line.statement)
    except TrustError as error:
        return _with(heard, Standing.MALFORMED, str(error))
    heard = replace(heard, issued=issued, expires=expires, meaning=meaning)
    why = files.differs(line.statement)
    return _with(heard, Standing.OTHER_BYTES, why) if why else heard


def _with(heard: Heard, standing: Standing, why: str, **more: object) -> Heard:
    found: Heard = replace(heard, standing=standing, why=why, **more)
    return found


def meaning_of(statement: Statement) -> tuple[datetime | None, datetime | None, Meaning]:
    """Return from when, until when, and what a statement says: of two times the one that is more of a limit.

    Raises:
        TrustError: its predicate is not what its type promises, or a time at its subject is none.
    """
    meaning = known.checked(statement.predicate_type, statement.predicate)
    issued, expires = _noted(statement, ISSUED), _noted(statement, EXPIRES)
    both = [one for one in (issued, meaning.issued) if one]
    ends = [one for one in (expires, meaning.expires) if one]
    return max(both, default=None), min(ends, default=None), meaning


def _noted(statement: Statement, key: str) -> datetime | None:
    text = statement.annotation(key)
    found = instant(text) if text else None
    if text and found is None:
        raise TrustError(f"the note {key} is no time: {text[:40]!r}")
    return found


def _newest(heard: Sequence[Heard]) -> list[Heard]:
    """Let the newest claims take the place of those before them."""
    best: dict[_Key, Heard] = {}
    for one in heard:
        key = _slot(one)
        if key and _counts(one) and (key not in best or _later(one, best[key])):
            best[key] = one
    return [_replaced(one, best.get(key)) if (key := _slot(one)) else one for one in heard]


def _later(one: Heard, best: Heard) -> bool:
    """Say whether a claim takes the place of one before it; the same statement in another spelling does not."""
    if one.standing is best.standing and _stated(one) == _stated(best):
        return False
    return _age(one) >= _age(best)


def _stated(one: Heard) -> tuple[bytes, _Key]:
    return (one.claim.statement.raw if one.claim else b"", _who(one.signed.by) if one.signed else ())


def _replaced(one: Heard, newest: Heard | None) -> Heard:
    if newest is None or newest is one or one.standing is Standing.SUPERSEDED:
        return one
    if _age(one) > _age(newest):
        return one  # About other bytes, and newer: it says nothing of these.
    if isinstance(one.meaning, Release) and newest.standing is Standing.OTHER_BYTES:
        return _behind(one, newest)
    return _with(one, Standing.SUPERSEDED, f"line {newest.line} is newer")


def _behind(one: Heard, newest: Heard) -> Heard:
    """Say of a release that a later one, or another one of the same number, is of other bytes."""
    if one.standing is Standing.OTHER_BYTES:
        return one
    assert isinstance(newest.meaning, Release)  # noqa: S101 - what `_counts` lets through, for mypy
    why = f"line {newest.line} is release {newest.meaning.sequence} ({newest.meaning.version}) of it, of other bytes"
    return _with(one, Standing.ROLLED_BACK, why)


def _slot(one: Heard) -> _Key:
    """Return what there is one newest of; nothing where all count."""
    if one.signed is None or one.meaning is None or one.meaning.slot is None:
        return ()
    kind = known.by_type(one.type)
    if isinstance(one.meaning, Release):
        return (one.type, one.meaning.slot)
    return (kind.id if kind else one.type, one.meaning.slot, *_who(one.signed.by))


def _who(identity: Identity) -> tuple[str, ...]:
    """Return who it is, with whichever certificate."""
    match identity:
        case KeyIdentity(keyid=keyid):
            return (keyid,)
        case CertificateIdentity(name=name, issuer=issuer):
            return (name, issuer)
        case _:
            return (identity.name, identity.issuer)


def _counts(one: Heard) -> bool:
    """Say whether a claim may take the place of others: one about other bytes only if it is a release."""
    if one.standing is Standing.OTHER_BYTES:
        return isinstance(one.meaning, Release)
    return one.standing in {Standing.HOLDS, Standing.STALE}


def _age(one: Heard) -> tuple[float, bool, float]:
    """Return what is larger for the newer of two claims.

    Of two releases with one number, the one of other bytes comes last: then neither holds.
    """
    if isinstance(one.meaning, Release):
        issued = one.issued.timestamp() if one.issued else 0.0
        return (one.meaning.sequence, one.standing is Standing.OTHER_BYTES, issued)
    return (one.issued.timestamp() if one.issued else 0.0, False, 0.0)


def _expected_release(one: Heard, tree: str, wanted: Wanted) -> Heard:
    """Hold a release to the name that is expected, and to what was seen before."""
    release = one.meaning
    if one.standing is not Standing.HOLDS or not isinstance(release, Release):
        return one
    if wanted.name and (release.name, release.channel) != (wanted.name, wanted.channel):
        channel = f" in {wanted.channel}" if wanted.channel else ""
        return _with(one, Standing.OTHER_NAME, f"it is {key_of(release)}, and {wanted.name}{channel} is expected")
    try:
        check_release(release, tree, wanted.seen or {})
    except TrustError as error:
        return _with(one, Standing.ROLLED_BACK, str(error))
    return one
