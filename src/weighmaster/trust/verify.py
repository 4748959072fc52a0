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

from datetime import datetime
from typing import TypeAlias

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.bundle import Bundle
from weighmaster.trust.envelope import Envelope
from weighmaster.trust.keys import PublicKey


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


class Revocation(Value):
    """A key (`keyid`) or certificate (SHA-256 of its DER) that counts no more.

    What it signed before `since` still counts, if a trusted time shows that; without `since` nothing does.
    """

    id: str
    since: datetime | None = None


class Expected(Value):
    """Whose signature counts. `keys` alone, `authorities` with `names`, or `sigstore` with `names` and an `issuer`.

    `authorities`, `intermediates`, `lists` (CRLs) and `timestamp_authorities` are DER. `names` are the subject
    alternative names of which one must stand in the certificate, exactly. `sigstore` is a trusted root (JSON).
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

    def check(self) -> None:
        """Refuse an expectation that anyone would meet.

        Raises:
            ConfigError: it expects nobody.
        """
        if not (self.keys or self.authorities or self.sigstore):
            raise ConfigError("nobody is expected to have signed: name a public key, or an authority and an identity")
        if (self.authorities or self.sigstore) and not self.names:
            raise ConfigError("an authority vouches for many: name the identity that is expected")
        if self.sigstore and not self.issuer:
            raise ConfigError("an identity is one of an issuer's: name the issuer that is expected")


class Signed(Value):
    """What was found true of a bundle: who signed, when (where a trusted clock says so), and what."""

    by: Identity
    at: datetime | None
    content: Envelope | None
    bundle: Bundle


def verify(bundle: Bundle, expected: Expected, now: datetime, *, sha256: str = "") -> Signed:  # noqa: ARG001
    """Verify a bundle: an envelope, or a signature over a file with the SHA-256 `sha256`. See the steps above.

    Raises:
        ConfigError: nobody is expected.
        TrustError: it does not hold; the message says why.
    """
    expected.check()
    if not isinstance(bundle.content, Envelope):
        raise TrustError("a signature over a file, where an envelope is wanted")
    data = bundle.content.signed()
    said: list[str] = []
    for key in expected.keys:
        try:
            key.verify(data, bundle.content.signatures)
        except TrustError as error:
            said.append(str(error))
            continue
        return Signed(by=KeyIdentity(keyid=key.keyid), at=None, content=bundle.content, bundle=bundle)
    raise TrustError("; ".join(said))
