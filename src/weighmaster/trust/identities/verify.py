"""Verification: from a bundle, and whom one expects to have signed, to who did sign, and when.

A signature proves nothing without an expectation of whose it is, so one that expects nobody is an error.
Steps:

1. The signature holds for the key that the bundle offers, or that is expected.
2. The key is expected itself, or a certificate for it is: issued under an expected authority, for an expected identity,
   for signing code, and valid at the trusted time.
3. The trusted time is that of a timestamp by an expected authority; without one it is now.
4. Neither the key nor the certificate nor an issuer of it was revoked at that time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.evidence.attestations import Publisher
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.evidence.envelope import Envelope, Signature
from weighmaster.trust.identities import pki, sigstore, timestamps
from weighmaster.trust.identities.keys import PublicKey, of_certificate
from weighmaster.trust.identities.revocation import Revocation, check_struck


class KeyIdentity(Value):
    """Whoever holds a key; `keyid` is that of `PublicKey`."""

    keyid: str


class CertificateIdentity(Value):
    """Someone for whom an internal authority vouches.

    `name` is a subject alternative name of the certificate (an e-mail address, a URI, a DNS name), `issuer` the SHA-256
    of the authority's certificate that was trusted, `serial` the certificate's serial number in hexadecimal.
    """

    name: str
    issuer: str
    serial: str


class SigstoreIdentity(Value):
    """Someone for whom Sigstore vouches: an e-mail address or a workflow, and the issuer that authenticated it."""

    name: str
    issuer: str


Identity: TypeAlias = KeyIdentity | CertificateIdentity | SigstoreIdentity


class Expected(Value):
    """Whose signature counts. `keys` alone, `authorities` with `names`, or `sigstore` with `names` and an `issuer`.

    `authorities`, `intermediates`, `lists` (CRLs) and `timestamp_authorities` are DER. `names` are the subject
    alternative names of which one must stand in the certificate, exactly. `sigstore` is a trusted root (JSON), and
    `issuer` who must have authenticated the identity; or a Trusted Publisher is expected in the place of both. With
    `needs_timestamp`, what no authority for timestamps speaks of counts for nothing. What is `revoked` signs no more.
    """

    keys: tuple[PublicKey, ...] = ()
    authorities: tuple[bytes, ...] = ()
    intermediates: tuple[bytes, ...] = ()
    names: tuple[str, ...] = ()
    issuer: str = ""
    lists: tuple[bytes, ...] = ()
    timestamp_authorities: tuple[bytes, ...] = ()
    needs_timestamp: bool = False
    sigstore: bytes = b""
    revoked: tuple[Revocation, ...] = ()
    publisher: Publisher | None = None

    def check(self) -> None:
        """Refuse an expectation that anyone would meet.

        Raises:
            ConfigError: it expects nobody.
        """
        if not (self.keys or self.authorities or self.sigstore):
            raise ConfigError("nobody is expected to have signed: name a public key, or an authority and an identity")
        if self.publisher is not None and self.sigstore:
            return
        if (self.authorities or self.sigstore) and not self.names:
            raise ConfigError("an authority vouches for many: name the identity that is expected")
        if self.sigstore and not self.issuer:
            raise ConfigError("an identity is one of an issuer's: name the issuer that is expected")


class Signed(Value):
    """What was found true of a bundle: who signed, and when (where a trusted clock says so).

    `keys` are the SHA-256 of each key that signed, and of all together; `kind` says of what sort they are.
    """

    by: Identity
    at: datetime | None
    bundle: Bundle
    keys: tuple[str, ...] = ()
    kind: str = ""


def verify(bundle: Bundle, expected: Expected, now: datetime, *, sha256: str = "", message: Any = None) -> Signed:
    """Verify a bundle: an envelope, or a signature over a file. See the steps above.

    Args:
        bundle: as it was read.
        expected: whose signature counts.
        now: what time it is.
        sha256: that of the file, which is enough for some keys (see `PublicKey.verify_digest`).
        message: the bytes of the file, or the file mapped into memory.

    Raises:
        ConfigError: nobody is expected.
        TrustError: it does not hold; the message says why.
    """
    return every(bundle, expected, now, sha256=sha256, message=message)[0]


def check_now(now: datetime) -> None:
    """Refuse a time that means another moment everywhere.

    Raises:
        ConfigError: it has no zone.
    """
    if now.tzinfo is None:
        raise ConfigError("what time it is was said without a zone: that is another moment everywhere")


def every(
    bundle: Bundle, expected: Expected, now: datetime, *, sha256: str = "", message: Any = None
) -> tuple[Signed, ...]:
    """Return all of those expected who signed a bundle, at least one; see `verify`.

    Raises:
        ConfigError: nobody is expected.
        TrustError: none did; the message says why.
    """
    expected.check()
    check_now(now)
    question = _Question(bundle, expected, now, sha256=sha256, message=message)
    found: list[Signed] = []
    said: list[str] = []
    for ask in question.ways():
        try:
            found.append(ask())
        except TrustError as error:
            said.append(str(error))
    if not found:
        raise TrustError("; ".join(dict.fromkeys(said)))
    return tuple(found)


def distinct(signed: Sequence[Signed]) -> tuple[Signed, ...]:
    """Return signers of whom no two are one: neither by name nor by a key that both hold."""
    found: list[Signed] = []
    seen: set[object] = set()
    for one in signed:
        marks = {_person(one.by), *one.keys}
        if not marks & seen:
            found.append(one)
            seen |= marks
    return tuple(found)


def _person(identity: Identity) -> object:
    """Return who someone is, whichever certificate showed it."""
    match identity:
        case KeyIdentity():
            return identity.keyid
        case CertificateIdentity() | SigstoreIdentity():
            return identity.name  # Whoever vouches for it: two authorities make no two of one.


class _Question:
    """A bundle, and whom one expects."""

    def __init__(self, bundle: Bundle, expected: Expected, now: datetime, *, sha256: str, message: Any) -> None:
        self._bundle = bundle
        self._expected = expected
        self._now = now
        self._sha256 = ""
        match bundle.content:
            case Envelope() as envelope:
                self._data: Any = envelope.signed()
                self._signatures = envelope.signatures
            case signature:
                self._data = message
                self._sha256 = sha256
                self._signatures = (Signature(sig=signature.sig),)
                if sha256 and signature.sha256 and signature.sha256 != sha256:
                    raise TrustError("the signature is over a file with another SHA-256")
                if not sha256 and message is None:
                    raise TrustError("a signature over a file, where an envelope is wanted")

    def ways(self) -> list[Callable[[], Signed]]:
        """Return the ways in which someone who is expected may have signed."""
        ways = [self._of_key(key) for key in self._expected.keys]
        if self._expected.authorities:
            ways.append(self._by_certificate)
        if self._expected.sigstore:
            ways.append(self._by_sigstore)
        return ways

    def _of_key(self, key: PublicKey) -> Callable[[], Signed]:
        return lambda: self._by_key(key)

    def _by_key(self, key: PublicKey) -> Signed:
        at = self._time(self._held(key))  # 1, 3
        check_struck((key.keyid, *key.ids), self._expected.revoked, at)  # 4
        return self._signed(KeyIdentity(keyid=key.keyid), at, key)

    def _by_certificate(self) -> Signed:
        certificates = self._bundle.certificates
        if not certificates:
            raise TrustError("it was signed with a bare key, and a certificate is expected")
        key = of_certificate(certificates[0])
        at = self._time(self._held(key))  # 1, 3
        expected = self._expected
        authorities = pki.Authorities(
            roots=expected.authorities,
            names=expected.names,
            intermediates=expected.intermediates,
            lists=expected.lists,
        )
        found = pki.vouched(certificates, authorities, self._now, at)  # 2, 4
        check_struck(found.ids, expected.revoked, at)
        by = CertificateIdentity(name=found.name, issuer=found.issuer, serial=found.serial)
        return self._signed(by, at, key)

    def _by_sigstore(self) -> Signed:
        bundle, expected = self._bundle, self._expected
        if not bundle.certificates or not bundle.logged:
            raise TrustError("Sigstore does not vouch for it: there is no certificate, or no entry of a log")
        sha256 = "" if isinstance(bundle.content, Envelope) else self._sha256 or hashlib.sha256(self._data).hexdigest()
        if expected.publisher is not None:
            name = sigstore.check_publisher(bundle, expected.sigstore, expected.publisher)
        else:
            name = sigstore.check(bundle, expected.sigstore, expected.names, expected.issuer, sha256=sha256)
        key = of_certificate(bundle.certificates[0])
        held = self._held(key)
        logged = None if expected.timestamp_authorities else sigstore.logged_at(bundle)
        at = logged or self._time(held)
        certificate = hashlib.sha256(bundle.certificates[0]).hexdigest()
        check_struck((*key.ids, certificate), expected.revoked, at)
        return self._signed(SigstoreIdentity(name=name, issuer=expected.issuer), at, key)

    def _held(self, key: PublicKey) -> list[bytes]:
        """Return the signatures of a key that hold."""
        try:
            return [one.sig for one in self._asked(key)]
        except TrustError as error:
            if {one.keyid for one in self._signatures}.intersection(key.ids):
                said = (
                    f"the signature of the {key.kind} key {key.keyid[:16]} does not hold: what it is over was altered"
                )
                raise TrustError(said) from error
            raise

    def _asked(self, key: PublicKey) -> tuple[Signature, ...]:
        if self._sha256 and key.takes_digest:
            return key.verify_digest(self._sha256, self._signatures)
        if self._data is None:
            raise TrustError(f"the {key.kind} key signs bytes, and only their SHA-256 is known")
        return key.verify(self._data, self._signatures)

    def _time(self, held: Sequence[bytes]) -> datetime | None:
        expected = self._expected
        if not expected.timestamp_authorities:
            if expected.needs_timestamp:
                raise ConfigError("a timestamp is wanted: name the authority whose word counts")
            return None
        try:
            return timestamps.trusted_time(
                self._bundle.timestamps, held, expected.timestamp_authorities, self._now, expected.revoked
            )
        except TrustError as error:
            # A word that does not hold is none: whoever carries the bundle could have taken it away as well.
            if expected.needs_timestamp:
                raise TrustError(f"no trusted time: {error}") from error
            return None

    def _signed(self, by: Identity, at: datetime | None, key: PublicKey) -> Signed:
        keys = tuple(dict.fromkeys((*key.ids, key.keyid)))
        return Signed(by=by, at=at, bundle=self._bundle, keys=keys, kind=key.kind)
