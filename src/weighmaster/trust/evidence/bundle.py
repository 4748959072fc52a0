"""A bundle: an envelope or a signature over a file, with all that is needed to verify it offline.

Format: the JSON form of `Bundle` in <https://github.com/sigstore/protobuf-specs> (`sigstore_bundle.proto`), media types
0.1 to 0.3. Nothing is verified here.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final

from weighmaster.model.errors import TrustError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.record import Record
from weighmaster.trust import strict
from weighmaster.trust.evidence.envelope import Envelope, Signature

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
_MEDIA_TYPES: Final = re.compile(
    r"application/vnd\.dev\.sigstore\.bundle(?:\.v0\.[1-9]\+json|\+json;version=0\.[1-9])\Z"
)
_MOST: Final = 32
"""Certificates, signatures and timestamps of one bundle."""


class MessageSignature(Value):
    """A signature over a file, whose SHA-256 in lower-case hexadecimal stands beside it as a hint."""

    sha256: str
    sig: bytes


class Bundle(Value):
    """What was signed, and with what it can be verified.

    `hint` names the key, or is empty. `certificates` are DER, the signer's first. `timestamps` are RFC 3161 responses,
    DER. `logged` says whether a public log vouches for it. `raw` is the text it was read from.
    """

    content: Envelope | MessageSignature
    hint: str = ""
    certificates: tuple[bytes, ...] = ()
    timestamps: tuple[bytes, ...] = ()
    logged: bool = False
    raw: bytes = b""


def read(raw: bytes, what: str = "the bundle") -> Bundle:
    """Read a bundle; `what` names it in errors.

    Raises:
        TrustError: it is none.
    """
    document = strict.parsed(raw, what)
    try:
        return _bundle(document, raw)
    except (UnreadableError, ValueError) as error:
        raise TrustError(f"{what} is no bundle: {error}") from error


def write(bundle: Bundle) -> bytes:
    """Return a bundle as text of one line, without a line end."""
    material: dict[str, Any] = {"tlogEntries": []}
    if bundle.certificates:
        material["x509CertificateChain"] = {"certificates": [{"rawBytes": _text(one)} for one in bundle.certificates]}
    else:
        material["publicKey"] = {"hint": bundle.hint}
    if bundle.timestamps:
        stamps = [{"signedTimestamp": _text(one)} for one in bundle.timestamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    document: dict[str, Any] = {"mediaType": MEDIA_TYPE, "verificationMaterial": material}
    match bundle.content:
        case Envelope() as envelope:
            document["dsseEnvelope"] = {
                "payload": _text(envelope.payload),
                "payloadType": envelope.payload_type,
                "signatures": [{"sig": _text(one.sig), "keyid": one.keyid} for one in envelope.signatures],
            }
        case MessageSignature() as message:
            digest = {"algorithm": "SHA2_256", "digest": _text(bytes.fromhex(message.sha256))}
            document["messageSignature"] = {"messageDigest": digest, "signature": _text(message.sig)}
    return strict.written(document)


def _bundle(document: Record, raw: bytes) -> Bundle:
    media_type = document.get("mediaType", str)
    if not _MEDIA_TYPES.match(media_type):
        raise UnreadableError(f"mediaType: {media_type[:80]!r} is not one that is known")
    material = _inner(document, "verificationMaterial")
    has = material.values
    content: Envelope | MessageSignature
    if ("dsseEnvelope" in document.values) == ("messageSignature" in document.values):
        raise UnreadableError("one of dsseEnvelope and messageSignature wanted")
    if "dsseEnvelope" in document.values:
        content = _envelope(_inner(document, "dsseEnvelope"))
    else:
        content = _message(_inner(document, "messageSignature"))
    kinds = [kind for kind in ("publicKey", "certificate", "x509CertificateChain") if kind in has]
    if len(kinds) > 1:
        raise UnreadableError(f"verificationMaterial: {' and '.join(kinds)} contradict each other")
    key = _inner(material, "publicKey").values if "publicKey" in has else {}
    hint = key.get("hint") or ""
    if not isinstance(hint, str):
        raise UnreadableError("verificationMaterial.publicKey.hint: str wanted")
    return Bundle(
        content=content,
        hint=hint,
        certificates=_certificates(material),
        timestamps=_timestamps(material),
        logged=bool(has.get("tlogEntries")),
        raw=raw,
    )


def _envelope(record: Record) -> Envelope:
    signatures = [
        Signature(sig=_bytes(each, "sig"), keyid=each.values.get("keyid") or "") for each in _all(record, "signatures")
    ]
    if not signatures:
        raise UnreadableError("dsseEnvelope.signatures: there is none")
    if not all(isinstance(one.keyid, str) for one in signatures):
        raise UnreadableError("dsseEnvelope.signatures: keyid: str wanted")
    return Envelope(
        payload=_bytes(record, "payload"), payload_type=record.get("payloadType", str), signatures=tuple(signatures)
    )


def _message(record: Record) -> MessageSignature:
    sha256 = b""
    if "messageDigest" in record.values:
        digest = _inner(record, "messageDigest")
        algorithm = digest.get("algorithm", str)
        if algorithm != "SHA2_256":
            raise UnreadableError(f"{digest.path}.algorithm: {algorithm[:80]!r} is not known")
        sha256 = _bytes(digest, "digest")
    return MessageSignature(sha256=sha256.hex(), sig=_bytes(record, "signature"))


def _certificates(material: Record) -> tuple[bytes, ...]:
    if "certificate" in material.values:
        return (_bytes(_inner(material, "certificate"), "rawBytes"),)
    if "x509CertificateChain" not in material.values:
        return ()
    chain = _all(_inner(material, "x509CertificateChain"), "certificates")
    if not chain:
        raise UnreadableError("verificationMaterial.x509CertificateChain: there is no certificate")
    return tuple(_bytes(each, "rawBytes") for each in chain)


def _timestamps(material: Record) -> tuple[bytes, ...]:
    if not material.values.get("timestampVerificationData"):
        return ()
    data = _inner(material, "timestampVerificationData")
    if not data.values.get("rfc3161Timestamps"):
        return ()
    return tuple(_bytes(each, "signedTimestamp") for each in _all(data, "rfc3161Timestamps"))


def _inner(record: Record, key: str) -> Record:
    path = f"{record.path}.{key}" if record.path else key
    return Record.of(record.values.get(key), path)


def _all(record: Record, key: str) -> list[Record]:
    items = record.each(key, dict)
    if len(items) > _MOST:
        raise UnreadableError(f"{record.path}.{key}: more than {_MOST}")
    return [Record.of(item, f"{record.path}.{key}[{index}]") for index, item in enumerate(items)]


def _bytes(record: Record, key: str) -> bytes:
    try:
        return base64.b64decode(record.get(key, str), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableError(f"{record.path}.{key}: no Base64") from error


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
