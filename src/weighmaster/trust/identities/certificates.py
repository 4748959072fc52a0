"""Certificates as they come: read strictly, so that what the library will refuse one day is refused today."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from weighmaster.model.errors import ConfigError, TrustError

if TYPE_CHECKING:
    from cryptography import x509

_LONGEST: Final = 64 << 10
"""Bytes of a certificate."""


@contextmanager
def strictly(what: str) -> Iterator[None]:
    """Refuse what the library reads with a warning; `what` names it in the error.

    Raises:
        TrustError: it warned.
    """
    from cryptography.utils import CryptographyDeprecationWarning

    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        try:
            yield
        except CryptographyDeprecationWarning as error:
            raise TrustError(f"{what} cannot be read: {str(error).split(', which', 1)[0]}") from error


def odd() -> tuple[type[Exception], ...]:
    """Return what the library raises where a certificate, or a list of revoked ones, cannot be read or lacks a part."""
    from cryptography import x509

    return (
        ValueError,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        x509.ExtensionNotFound,
    )


def load_certificate(der: bytes) -> x509.Certificate:
    """Return a certificate.

    Raises:
        TrustError: it cannot be read.
    """
    from cryptography import x509

    if len(der) > _LONGEST:
        raise TrustError(f"a certificate of more than {_LONGEST} bytes")
    try:
        with strictly("a certificate"):
            certificate = x509.load_der_x509_certificate(der)
            _ = certificate.serial_number, certificate.extensions, certificate.not_valid_before_utc
            return certificate
    except odd() as error:
        raise TrustError(f"a certificate cannot be read: {error}") from error


def configured(ders: Sequence[bytes], what: str) -> list[x509.Certificate]:
    """Return certificates that the user named; `what` says in errors what they are.

    Raises:
        ConfigError: one cannot be read.
    """
    try:
        return [load_certificate(der) for der in ders]
    except TrustError as error:
        raise ConfigError(f"{what}: {error}") from error


def minute(time: datetime) -> str:
    """Return a time for people, to the minute, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
