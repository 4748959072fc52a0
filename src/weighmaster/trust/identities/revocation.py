"""What counts no more: lists of revoked certificates (CRLs), and keys and certificates that the verifier strikes out.

Specification: <https://www.rfc-editor.org/rfc/rfc5280#section-5>. What was signed before the revocation, or before the
date on which the key was lost (`invalidityDate`), still counts where a trusted clock shows that.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.identities.certificates import minute, odd

if TYPE_CHECKING:
    from cryptography import x509

_LONGEST: Final = 64 << 20
"""Bytes of a list."""


class Revocation(Value):
    """A key (`keyid`) or certificate (SHA-256 of its DER) that counts no more.

    What it signed before `since` still counts, if a trusted time shows that; without `since` nothing does.
    """

    id: str
    since: datetime | None = None


def check_struck(ids: Iterable[str], revoked: Sequence[Revocation], at: datetime | None) -> None:
    """Refuse what was struck out; `at` is when it was signed, where a trusted clock says so.

    Raises:
        TrustError: one of `ids` was struck out before.
    """
    held = set(ids)
    for one in revoked:
        if one.id.lower() not in held:
            continue
        if one.since is None:
            raise TrustError(f"{one.id[:16]} was revoked, whenever it signed")
        _check_time(f"{one.id[:16]} was revoked on {minute(one.since)}", one.since, at)


def check_lists(chain: Sequence[x509.Certificate], lists: Sequence[bytes], now: datetime, at: datetime | None) -> None:
    """Hold each certificate of `chain`, the signer's first, to the lists of those that issued it.

    Raises:
        ConfigError: a list cannot be read.
        TrustError: no current list speaks of a certificate, or one says that it was revoked.
    """
    try:
        read = [_list(der) for der in lists]
        for certificate, issuer in itertools.pairwise(chain):
            _check(certificate, issuer, read, now, at)
    except odd() as error:  # Parts of a list are read when they are looked at.
        raise ConfigError(f"a list of revoked certificates cannot be read: {error}") from error


def crls_of(data: bytes, what: str = "list") -> tuple[bytes, ...]:
    """Return the lists of revoked certificates in a file, PEM or DER, as DER; `what` names it in errors.

    Raises:
        ConfigError: there is none.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    mark = b"-----BEGIN X509 CRL-----"
    try:
        if mark not in data:
            return (x509.load_der_x509_crl(data).public_bytes(Encoding.DER),)
        parts = data.split(mark)[1:]
        return tuple(x509.load_pem_x509_crl(mark + part).public_bytes(Encoding.DER) for part in parts)
    except odd() as error:
        raise ConfigError(f"{what} is no list of revoked certificates: {error}") from error


def _list(der: bytes) -> x509.CertificateRevocationList:
    from cryptography import x509

    if len(der) > _LONGEST:
        raise ConfigError(f"a list of revoked certificates of more than {_LONGEST} bytes")
    return x509.load_der_x509_crl(der)


def _check(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    lists: Sequence[x509.CertificateRevocationList],
    now: datetime,
    at: datetime | None,
) -> None:
    who = certificate.subject.rfc4514_string()
    said = (
        f"no list of revoked certificates speaks of {who}: its issuer {issuer.subject.rfc4514_string()} has none here"
    )
    current = False
    for one in lists:
        if one.issuer != issuer.subject:
            continue
        why = _unusable(one, issuer, now)
        if why:
            said = f"the list of revoked certificates that speaks of {who} {why}"
            continue
        current = True
        entry = one.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is not None:
            since = min(entry.revocation_date_utc, _invalid_since(entry) or entry.revocation_date_utc)
            _check_time(f"the certificate of {who} was revoked on {minute(since)}", since, at)
    if not current:
        raise TrustError(said)


def _unusable(one: x509.CertificateRevocationList, issuer: x509.Certificate, now: datetime) -> str:
    """Return why a list proves nothing; empty where it does."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes

    broken: tuple[type[Exception], ...] = (*odd(), TypeError, UnsupportedAlgorithm)
    try:
        weak = isinstance(one.signature_hash_algorithm, hashes.SHA1 | hashes.MD5)
        signed = not weak and one.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
        partial = any(extension.critical for extension in one.extensions)
        usage: Any = [each.value for each in issuer.extensions if isinstance(each.value, x509.KeyUsage)]
    except broken as error:
        return f"cannot be read: {error}"
    if not signed:
        return "was not signed by its issuer"
    if usage and not usage[0].crl_sign:
        return "was signed by an authority that may sign none (keyUsage)"
    if partial:
        return "speaks of a part of the certificates only (a critical extension)"
    return _untimely(one, now)


def _untimely(one: x509.CertificateRevocationList, now: datetime) -> str:
    if one.last_update_utc > now:
        return f"is of {minute(one.last_update_utc)}, which is to come"
    until = one.next_update_utc
    if until is None or until < now:
        return f"is out of date{f' since {minute(until)}' if until else ''}: fetch a new one"
    return ""


def _invalid_since(entry: x509.RevokedCertificate) -> datetime | None:
    from cryptography import x509

    try:
        return entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except x509.ExtensionNotFound:
        return None


def _check_time(what: str, since: datetime, at: datetime | None) -> None:
    if at is None:
        raise TrustError(f"{what}, and no trusted timestamp shows that it signed before")
    if at >= since:
        raise TrustError(f"{what}, and it signed on {minute(at)}")
