"""Trusted times: someone else's signed word that a signature was there at a time.

Specification: <https://www.rfc-editor.org/rfc/rfc3161>. The word is over the SHA-256 (or 384, 512) of the bytes of a
signature, as Sigstore has it (<https://github.com/sigstore/sigstore-python>, `rfc3161Timestamps` of a bundle).
The time that counts is the latest one that the word allows for: what it says, and its accuracy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from weighmaster.model.errors import ConfigError, TrustError, UnreachableError
from weighmaster.trust.identities import revocation
from weighmaster.trust.identities.certificates import configured, minute, odd, strictly
from weighmaster.trust.identities.revocation import Revocation

if TYPE_CHECKING:
    from cryptography import x509

_LONGEST: Final = 1 << 20
"""Bytes of a response."""
_AHEAD: Final = timedelta(minutes=5)
"""By how much two good clocks may differ."""
_PATIENCE: Final = 30.0
"""Seconds that an authority has for its answer."""


def request(signature: bytes) -> bytes:
    """Return what to ask an authority (DER, `application/timestamp-query`) about a signature."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    asked = TimestampRequestBuilder().data(signature).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=False)
    return bytes(asked.cert_request(cert_request=True).build().as_bytes())


def check_answer(response: bytes, signature: bytes) -> None:
    """Hold what an authority answered to the signature it was asked about; whose word it is is not looked at.

    Raises:
        TrustError: it is none, refuses, or speaks of something else.
    """
    read = _read(response)
    if read.status != 0:
        raise TrustError(f"the timestamp was refused: {'; '.join(read.status_string) or f'status {read.status}'}")
    if not _speaks_of(read, signature):
        raise TrustError("the timestamp is of another signature")


def fetch(url: str, signature: bytes) -> bytes:
    """Ask the authority at `url`, and return what it answered.

    Raises:
        ConfigError: that is no address.
        UnreachableError: there is no answer.
        TrustError: the answer is of no use.
    """
    import urllib3

    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"{url} is no address of an authority for timestamps: http:// or https:// wanted")
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    # The answer is signed, so plain HTTP, which many authorities offer alone, takes nothing from it.
    pool = urllib3.PoolManager(retries=False, timeout=_PATIENCE)
    try:
        answer: Any = pool.request(
            "POST", url, body=request(signature), headers=headers, preload_content=False, redirect=False
        )
        try:
            body: bytes = answer.read(_LONGEST + 1)
        finally:
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise UnreachableError(f"the authority for timestamps at {url} cannot be reached: {error}") from error
    if answer.status != 200:
        raise UnreachableError(f"the authority for timestamps at {url} answered {answer.status}")
    check_answer(body, signature)
    return body


def asking(url: str) -> Callable[[bytes], bytes] | None:
    """Return what gets a timestamp of a signature from the authority at `url`; nothing where there is no address."""
    return partial(fetch, url) if url else None


def trusted_time(
    responses: Sequence[bytes],
    signatures: Sequence[bytes],
    authorities: Sequence[bytes],
    now: datetime,
    revoked: Sequence[Revocation] = (),
) -> datetime:
    """Return when one of `signatures` was there, by the earliest word of an authority that is trusted.

    Args:
        responses: what came with the signatures, DER.
        signatures: those that were verified.
        authorities: certificates (DER) that a word must lead to.
        now: what time it is.
        revoked: certificates that count no more.

    Raises:
        ConfigError: an authority's certificate cannot be read.
        TrustError: no word holds; the message says why.
    """
    if not responses:
        raise TrustError("there is no timestamp")
    roots = configured(authorities, "an authority for timestamps")
    times: list[datetime] = []
    said: list[str] = []
    for response in responses:
        try:
            times.append(_time(response, signatures, roots, now, revoked))
        except TrustError as error:
            said.append(str(error))
    if not times:
        raise TrustError("; ".join(dict.fromkeys(said)))
    return min(times)


def _time(
    response: bytes,
    signatures: Sequence[bytes],
    roots: list[x509.Certificate],
    now: datetime,
    revoked: Sequence[Revocation],
) -> datetime:
    from rfc3161_client import VerificationError, VerifierBuilder

    read = _read(response)
    signature = next((one for one in signatures if _speaks_of(read, one)), None)
    if signature is None:
        raise TrustError("the timestamp is of another signature")
    try:
        with strictly("the certificate of a timestamp"):
            VerifierBuilder(roots=roots).build().verify_message(read, signature)
        held = [hashlib.sha256(der).hexdigest() for der in read.signed_data.certificates]
        said: datetime = read.tst_info.gen_time
        latest = (said if said.tzinfo else said.replace(tzinfo=UTC)) + _width(read.tst_info.accuracy)
    except (VerificationError, TypeError, OverflowError, *odd()) as error:
        raise TrustError(f"the timestamp is of no authority that is expected: {error}") from error
    if latest > now + _AHEAD:
        raise TrustError(f"the timestamp is of {minute(latest)}, which is to come")
    revocation.check_struck(held, revoked, latest)
    return latest


def _width(accuracy: Any) -> timedelta:
    """Return by how much a time may be wrong (RFC 3161 §2.4.2, `Accuracy`)."""
    if accuracy is None:
        return timedelta(0)
    return timedelta(
        seconds=accuracy.seconds or 0, milliseconds=accuracy.millis or 0, microseconds=accuracy.micros or 0
    )


def _read(response: bytes) -> Any:
    from rfc3161_client import decode_timestamp_response

    if len(response) > _LONGEST:
        raise TrustError(f"a timestamp of more than {_LONGEST} bytes")
    try:
        return decode_timestamp_response(response)
    except ValueError as error:
        raise TrustError(f"a timestamp cannot be read: {error}") from error


def _speaks_of(read: Any, signature: bytes) -> bool:
    hashes = {
        "2.16.840.1.101.3.4.2.1": hashlib.sha256,
        "2.16.840.1.101.3.4.2.2": hashlib.sha384,
        "2.16.840.1.101.3.4.2.3": hashlib.sha512,
    }
    try:
        imprint = read.tst_info.message_imprint
        hashed = hashes.get(imprint.hash_algorithm.dotted_string)
        return hashed is not None and hashed(signature).digest() == imprint.message
    except (ValueError, TypeError) as error:
        raise TrustError(f"a timestamp cannot be read: {error}") from error
