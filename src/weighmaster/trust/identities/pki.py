"""An authority of one's own: from the certificate of a signer to an authority that is trusted.

Specification: <https://www.rfc-editor.org/rfc/rfc5280>. No authority is trusted that was not named: neither those of
the system nor those of browsers. Steps, for the certificate of a signer and a time:

1. It is for signing code (`extendedKeyUsage`), and not that of an authority.
2. One of the names that are expected stands in it, exactly (`subjectAltName`: e-mail, URI or DNS name).
3. It was valid at that time.
4. It leads to a named authority, and each certificate on the way was valid at that time too: signatures, algorithms,
   key usages, path lengths and name constraints are those of the library's verifier.
5. Where lists of revoked certificates are given, a current one speaks of each certificate on the way, and none of
   them says that the certificate was revoked before that time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from weighmaster.model.errors import TrustError
from weighmaster.model.value import Value
from weighmaster.trust.identities import revocation
from weighmaster.trust.identities.certificates import configured, load_certificate, minute, odd, strictly

if TYPE_CHECKING:
    from cryptography import x509

_DEEPEST: Final = 8
"""Authorities between a signer and the one that is trusted."""


class Authorities(Value):
    """Whom one trusts to vouch for `names`: certificates and lists of revoked ones, DER."""

    roots: tuple[bytes, ...]
    names: tuple[str, ...]
    intermediates: tuple[bytes, ...] = ()
    lists: tuple[bytes, ...] = ()


class Certified(Value):
    """Someone for whom an authority vouched: the name that was expected, the authority's SHA-256, the serial number.

    `ids` are the SHA-256 of each certificate on the way and of its key, in lower-case hexadecimal.
    """

    name: str
    issuer: str
    serial: str
    ids: tuple[str, ...]


def vouched(certificates: Sequence[bytes], by: Authorities, now: datetime, at: datetime | None = None) -> Certified:
    """Return who signed, from the certificates that came with a signature, the signer's first.

    Args:
        certificates: DER.
        by: whom one trusts.
        now: what time it is.
        at: when it was signed, if a trusted clock says so.

    Raises:
        ConfigError: what one trusts cannot be read.
        TrustError: nobody that is trusted vouches for the signer; the message says why.
    """
    with strictly("a certificate"):
        return _vouched(certificates, by, now, at)


def _vouched(certificates: Sequence[bytes], by: Authorities, now: datetime, at: datetime | None) -> Certified:
    leaf, *others = [load_certificate(der) for der in certificates]
    time = at or now
    name = _checked(leaf, by.names, time, trusted=at is not None)  # 1, 2, 3
    trusted, between = (configured(ders, "what is trusted") for ders in (by.roots, by.intermediates))
    chain = _chain(leaf, [*others, *between], trusted, time)  # 4
    if by.lists:
        revocation.check_lists(chain, by.lists, now, at)  # 5
    return Certified(
        name=name,
        issuer=_sha256(chain[-1]),
        serial=f"{leaf.serial_number:x}",
        ids=tuple(one for each in chain for one in (_sha256(each), _key_sha256(each))),
    )


def subject_of(der: bytes) -> str:
    """Return how a certificate names its holder, for people; it proves nothing.

    Raises:
        TrustError: it cannot be read.
    """
    return _said(load_certificate(der))


def _checked(leaf: x509.Certificate, names: Sequence[str], time: datetime, *, trusted: bool) -> str:
    """Steps 1 to 3; return the name that was expected."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    who = f"the certificate of {_said(leaf)}"
    basic = _extension(leaf, x509.BasicConstraints)
    if basic is not None and basic.ca:
        raise TrustError(f"{who} is that of an authority, which does not sign artifacts")
    purposes = _extension(leaf, x509.ExtendedKeyUsage)
    if purposes is None or ExtendedKeyUsageOID.CODE_SIGNING not in purposes:
        raise TrustError(f"{who} is not for signing code (extendedKeyUsage)")
    usage = _extension(leaf, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise TrustError(f"{who} is not for signatures (keyUsage)")
    held = names_in(leaf)
    name = next((name for name in names if _kind(name) in {kind for kind, value in held if value == name}), None)
    if name is None:
        shown = ", ".join(value for _, value in held[:4]) or "nobody"
        raise TrustError(f"{who} names {shown}, and {' or '.join(names)} is expected")
    if time < leaf.not_valid_before_utc:
        raise TrustError(f"{who} was not valid before {minute(leaf.not_valid_before_utc)}")
    if time > leaf.not_valid_after_utc:
        why = "it was signed later" if trusted else "no trusted timestamp shows that it was signed before"
        raise TrustError(f"{who} expired on {minute(leaf.not_valid_after_utc)}, and {why}")
    return name


def names_in(certificate: x509.Certificate) -> list[tuple[str, str]]:
    """Return the names in a certificate that can be expected, each with its kind (`email`, `uri`, `dns`)."""
    from cryptography import x509

    found = _extension(certificate, x509.SubjectAlternativeName)
    kinds = ((x509.RFC822Name, "email"), (x509.UniformResourceIdentifier, "uri"), (x509.DNSName, "dns"))
    return [(kind, one.value) for one in found or () for type_, kind in kinds if isinstance(one, type_)]


def _kind(name: str) -> str:
    """Return of which kind a name is that is expected: a DNS name that looks like an e-mail address is not one."""
    if ":" in name:
        return "uri"
    return "email" if "@" in name else "dns"


def _extension(certificate: x509.Certificate, kind: Any) -> Any:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except odd() as error:
        raise TrustError(f"a certificate cannot be read: {error}") from error


def _chain(
    leaf: x509.Certificate, others: list[x509.Certificate], roots: list[x509.Certificate], time: datetime
) -> list[x509.Certificate]:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509.verification import (
        Criticality,
        ExtensionPolicy,
        PolicyBuilder,
        Store,
        VerificationError,
    )

    any_way = Criticality.AGNOSTIC
    signer = ExtensionPolicy.permit_all().require_present(x509.ExtendedKeyUsage, any_way, None)
    signer = signer.require_present(x509.SubjectAlternativeName, any_way, None)
    authority = ExtensionPolicy.webpki_defaults_ca().may_be_present(x509.ExtendedKeyUsage, any_way, _may_issue)
    try:
        builder = PolicyBuilder().store(Store(roots)).time(time).max_chain_depth(_DEEPEST)
        verifier = builder.extension_policies(ca_policy=authority, ee_policy=signer).build_client_verifier()
        chain = verifier.verify(leaf, others).chain
    except (VerificationError, ValueError, UnsupportedAlgorithm) as error:
        said = str(error).split(" (encountered", 1)[0].removeprefix("validation failed: ")
        raise TrustError(
            f"the certificate of {_said(leaf)} leads to no authority that is trusted at {minute(time)}: {said}"
        ) from error
    if len(chain) < 2:
        raise TrustError(f"the certificate of {_said(leaf)} is named as an authority, and no authority vouches for it")
    return chain


def _may_issue(policy: object, certificate: x509.Certificate, purposes: x509.ExtendedKeyUsage | None) -> None:
    """Hold an authority to the purposes it was limited to, if it was."""
    from cryptography.x509.oid import ExtendedKeyUsageOID

    del policy
    allowed = {ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if purposes is not None and not allowed.intersection(purposes):
        raise ValueError(f"the authority {_said(certificate)} may not vouch for those who sign code")


def _said(certificate: x509.Certificate) -> str:
    try:
        return certificate.subject.rfc4514_string() or "nobody"
    except ValueError:
        return "somebody whose name cannot be read"


def _sha256(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _key_sha256(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()
