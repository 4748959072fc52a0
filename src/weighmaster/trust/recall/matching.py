"""What a list of recalls means for one artifact: which entries meet it, where, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from weighmaster.model.errors import TrustError
from weighmaster.model.value import Value
from weighmaster.trust.claims.predicate import written
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.evidence.envelope import Envelope
from weighmaster.trust.identities.revocation import Revocation
from weighmaster.trust.identities.verify import CertificateIdentity, KeyIdentity, Signed
from weighmaster.trust.recall.entries import DIGESTS, SIGNERS, Action, Kind, Recall, RecallList
from weighmaster.trust.recall.named import Named
from weighmaster.trust.recall.versions import in_range

WHOLE: Final = "./"
"""The place of a hit that is of the artifact as a whole."""
_WORST_FIRST: Final = tuple(Action)


class SignedBy(Value):
    """Who signed: the SHA-256 of keys and certificates, names, and when, where a trusted clock says so.

    `place` is where the signature stands. What is not verified may stand here as well: it can only do harm to itself.
    """

    ids: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    """Names, each with its issuer; the issuer is empty where it is not known."""
    at: datetime | None = None
    place: str = ""

    @classmethod
    def of(cls, signed: Signed, place: str = "") -> SignedBy:
        """Return who signed, of what was verified."""
        ids = (*signed.keys, *_ids(signed.bundle))
        match signed.by:
            case KeyIdentity(keyid=keyid):
                return cls(ids=(keyid, *ids), at=signed.at, place=place)
            case CertificateIdentity(name=name, issuer=issuer):
                return cls(ids=(*ids, issuer), names=((name, issuer),), at=signed.at, place=place)
            case other:
                return cls(ids=ids, names=((other.name, other.issuer),), at=signed.at, place=place)

    @classmethod
    def claimed(cls, bundle: Bundle, place: str = "") -> SignedBy:
        """Return who a bundle says has signed; nothing is verified, and no time is known."""
        content = bundle.content
        hints = [one.keyid for one in content.signatures] if isinstance(content, Envelope) else []
        return cls(ids=(bundle.hint, *hints, *_ids(bundle)), names=tuple(_names(bundle)), place=place)


class Hit(Value):
    """An entry that an artifact meets: at a file's path, at the whole, or at a place in its evidence; and how."""

    recall: Recall
    where: str
    how: str

    @property
    def sentence(self) -> str:
        """All of it for people, with what to do."""
        recall = self.recall
        said = f"{self.how}: {recall.reason}"
        if recall.advisory or recall.url:
            said += f" ({' '.join(filter(None, (recall.advisory, recall.url)))})"
        return said + (f"; use {recall.replacement} in its place" if recall.replacement else "")


class Said(Value):
    """What is said of an artifact: the digests that its claims name (what it was built on), and what it is called.

    `releases` are names, each with a version, which is empty where it is not known: any may be meant then.
    """

    named: tuple[Named, ...] = ()
    releases: tuple[tuple[str, str], ...] = ()


def recalled(
    files: Mapping[str, str], tree: str, signers: Iterable[SignedBy], recalls: RecallList, said: Said | None = None
) -> tuple[Hit, ...]:
    """Return which entries an artifact meets, the gravest first.

    Args:
        files: the SHA-256 of each file, by its path.
        tree: the tree digest; empty where it is not known.
        signers: who signed it or its claims.
        recalls: the list.
        said: what its claims say, and what the user calls it.
    """
    said = said or Said()
    entries = recalls.active
    digests: dict[str, list[Recall]] = {}
    for entry in entries:
        if entry.kind in DIGESTS:
            digests.setdefault(entry.value, []).append(entry)
    hits = [
        *_bytes(files, tree, digests),
        *_materials(said.named, digests),
        *_signers(signers, [entry for entry in entries if entry.kind in SIGNERS]),
        *_released(said.releases, [entry for entry in entries if entry.kind is Kind.NAME]),
    ]
    unique = {(hit.recall.id, hit.where): hit for hit in reversed(hits)}
    return tuple(sorted(unique.values(), key=lambda hit: (_WORST_FIRST.index(hit.recall.action), hit.where)))


def revocations(recalls: RecallList) -> tuple[Revocation, ...]:
    """Return the keys and certificates that count no more, for `Expected.revoked`.

    Those that a list only warns of are not among them, and identities cannot be: they are met by `recalled`.
    """
    return tuple(
        Revocation(id=entry.value, since=entry.since)
        for entry in recalls.active
        if entry.kind in {Kind.KEY, Kind.CERTIFICATE} and entry.action is not Action.WARN
    )


def _bytes(files: Mapping[str, str], tree: str, digests: Mapping[str, list[Recall]]) -> Iterator[Hit]:
    for entry in digests.get(tree, ()):
        yield Hit(recall=entry, where=WHOLE, how=f"the whole is recalled ({entry.id})")
    for path, sha256 in files.items() if digests else ():
        for entry in digests.get(sha256, ()):
            yield Hit(recall=entry, where=path, how=f"{path} is recalled ({entry.id})")


def _materials(named: Iterable[Named], digests: Mapping[str, list[Recall]]) -> Iterator[Hit]:
    for one in named if digests else ():
        for entry in digests.get(one.digest, ()):
            what = {Kind.BASE: "the base model ", Kind.DATASET: "the data "}.get(entry.kind, "")
            how = f"its claims name {what}{one.label or one.digest[:16]}, which is recalled ({entry.id})"
            yield Hit(recall=entry, where=one.place, how=how)


def _signers(signers: Iterable[SignedBy], entries: Iterable[Recall]) -> Iterator[Hit]:
    ids: dict[str, list[Recall]] = {}
    names: dict[str, list[Recall]] = {}
    for entry in entries:
        index, key = (names, entry.value.casefold()) if entry.kind is Kind.IDENTITY else (ids, entry.value)
        index.setdefault(key, []).append(entry)
    for signer in signers if ids or names else ():
        met = [entry for id in dict.fromkeys(signer.ids) for entry in ids.get(id, ())]
        for name, issuer in signer.names:
            met += [entry for entry in names.get(name.casefold(), ()) if _vouched(entry, issuer)]
        for entry in met:
            if not _before(signer, entry):
                yield Hit(recall=entry, where=signer.place or WHOLE, how=_signed(signer, entry))


def _vouched(entry: Recall, issuer: str) -> bool:
    """Say whether the issuer is the one that is meant; one that is not known may be."""
    return not entry.issuer or not issuer or issuer == entry.issuer


def _before(signer: SignedBy, entry: Recall) -> bool:
    return entry.since is not None and signer.at is not None and signer.at < entry.since


def _signed(signer: SignedBy, entry: Recall) -> str:
    who = entry.value if entry.kind is Kind.IDENTITY else f"{entry.kind} {entry.value[:16]}"
    said = f"signed by {who}, which is recalled ({entry.id})"
    if entry.since is None:
        return said
    when = (
        f"and it was signed {written(signer.at)}"
        if signer.at
        else "and no trusted clock says that it was signed before"
    )
    return f"{said} since {written(entry.since)}, {when}"


def _released(releases: Iterable[tuple[str, str]], entries: Iterable[Recall]) -> Iterator[Hit]:
    names: dict[str, list[Recall]] = {}
    for entry in entries:
        names.setdefault(entry.value.casefold(), []).append(entry)
    for name, version in releases if names else ():
        called = f"{name} {version}" if version else name
        for entry in names.get(name.casefold(), ()):
            if not version and entry.versions:
                how = f"{name} {entry.versions} is recalled ({entry.id}), and which version this is is not known"
                yield Hit(recall=entry, where=WHOLE, how=how)
            elif not entry.versions or in_range(version, entry.versions):
                yield Hit(recall=entry, where=WHOLE, how=f"{called} is recalled ({entry.id})")


def _ids(bundle: Bundle) -> Iterator[str]:
    import hashlib

    from weighmaster.trust.identities.keys import of_certificate

    for der in bundle.certificates:
        yield hashlib.sha256(der).hexdigest()
        try:
            yield of_certificate(der).keyid
        except TrustError:
            continue


def _names(bundle: Bundle) -> Iterator[tuple[str, str]]:
    from weighmaster.trust.identities.certificates import load_certificate
    from weighmaster.trust.identities.pki import names_in

    for der in bundle.certificates[:1]:
        try:
            yield from ((name, "") for _, name in names_in(load_certificate(der)))
        except TrustError:
            continue
