"""A Sigstore of one's own: an authority for short-lived certificates, a log of those, and a log of signatures.

Formats: RFC 6962 §3 (what the log of certificates signs), <https://github.com/sigstore/rekor> (`dsse` 0.0.1 entries and
signed entry timestamps), <https://github.com/C2SP/C2SP/blob/main/signed-note.md> (checkpoints).
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.trust.authority import NOW, Authority, der, key, pem, tlv

from weighmaster.trust.evidence.envelope import IN_TOTO, pae

ISSUER = "https://accounts.example.com"
_SCTS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ISSUER_OID = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _spki(private: Any) -> bytes:
    data: bytes = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return data


def _signed(private: Any, data: bytes) -> bytes:
    signature: bytes = private.sign(data, ec.ECDSA(hashes.SHA256()))
    return signature


class PrivateSigstore:
    """Vouches for whoever asks, as of the time it is told."""

    def __init__(self) -> None:
        self.authority = Authority("Private Fulcio")
        self.more: dict[str, Any] = {}
        """What else is said of the certificates it issues."""
        self.certificates = key("log of certificates")
        self.log = key("log of signatures")

    @property
    def root(self) -> bytes:
        """The trusted root, as a verifier is given it."""
        since = {"start": f"{NOW - timedelta(days=900):%Y-%m-%dT%H:%M:%SZ}"}

        def instance(private: Any) -> dict[str, Any]:
            spki = _spki(private)
            return {
                "baseUrl": "https://log.example.com",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": _text(spki), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since},
                "logId": {"keyId": _text(hashlib.sha256(spki).digest())},
            }

        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [instance(self.log)],
                "certificateAuthorities": [
                    {
                        "subject": {"organization": "example", "commonName": "Private Fulcio"},
                        "uri": "https://fulcio.example.com",
                        "certChain": {"certificates": [{"rawBytes": _text(der(self.authority.certificate))}]},
                        "validFor": since,
                    }
                ],
                "ctlogs": [instance(self.certificates)],
                "timestampAuthorities": [],
            }
        ).encode()

    def certificate(self, name: str, issuer: str, private: Any, when: datetime) -> x509.Certificate:
        """A certificate of minutes, with the promise of the log of certificates in it."""
        days = (when - NOW) / timedelta(days=1)
        minutes = (days - 0.001, days + 0.006)
        own = x509.UnrecognizedExtension(_ISSUER_OID, issuer.encode())
        extensions: list[tuple[x509.ExtensionType, bool]] = [(own, False)]
        how: dict[str, Any] = {"private": private, "days": minutes, "serial": x509.random_serial_number(), **self.more}
        before = self.authority.issue(name, **how, more=extensions)
        promise = x509.UnrecognizedExtension(_SCTS, self._promise(before.tbs_certificate_bytes, when))
        return self.authority.issue(name, **how, more=[*extensions, (promise, False)])

    def _promise(self, tbs: bytes, when: datetime) -> bytes:
        stamp = int(when.timestamp() * 1000).to_bytes(8)
        issuer = hashlib.sha256(_spki(self.authority.key)).digest()
        data = b"\0\0" + stamp + b"\0\1" + issuer + len(tbs).to_bytes(3) + tbs + b"\0\0"
        signature = _signed(self.certificates, data)
        log = hashlib.sha256(_spki(self.certificates)).digest()
        sct = b"\0" + log + stamp + b"\0\0" + b"\x04\x03" + len(signature).to_bytes(2) + signature
        listed = len(sct).to_bytes(2) + sct
        inner = len(listed).to_bytes(2) + listed
        return tlv(0x04, inner)

    def sign(
        self, payload: bytes, name: str = "ml@example.com", issuer: str = ISSUER, when: datetime = NOW
    ) -> dict[str, Any]:
        """A bundle over a statement."""
        private = key("short-lived")
        certificate = self.certificate(name, issuer, private, when)
        signature = _signed(private, pae(IN_TOTO, payload))
        envelope = {
            "payload": _text(payload),
            "payloadType": IN_TOTO,
            "signatures": [{"sig": _text(signature), "keyid": ""}],
        }
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(json.dumps(envelope).encode()).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "signatures": [{"signature": _text(signature), "verifier": _text(pem(certificate))}],
        }
        body = json.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}, separators=(",", ":")).encode()
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _text(der(certificate))},
                "tlogEntries": [self._entry(body, when)],
            },
            "dsseEnvelope": envelope,
        }

    def sign_blob(self, data: bytes, name: str = "ml@example.com", when: datetime = NOW) -> dict[str, Any]:
        """A bundle over the bytes of a file (`hashedrekord` 0.0.1)."""
        private = key("short-lived")
        certificate = self.certificate(name, ISSUER, private, when)
        signature, digest = _signed(private, data), hashlib.sha256(data)
        spec = {
            "data": {"hash": {"algorithm": "sha256", "value": digest.hexdigest()}},
            "signature": {"content": _text(signature), "publicKey": {"content": _text(pem(certificate))}},
        }
        body = json.dumps({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec}, separators=(",", ":")).encode()
        entry = {**self._entry(body, when), "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"}}
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _text(der(certificate))},
                "tlogEntries": [entry],
            },
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": _text(digest.digest())},
                "signature": _text(signature),
            },
        }

    def _entry(self, body: bytes, when: datetime) -> dict[str, Any]:
        identity = hashlib.sha256(_spki(self.log)).digest()
        time = int(when.timestamp())
        promised = {"body": _text(body), "integratedTime": time, "logID": identity.hex(), "logIndex": 0}
        promise = _signed(self.log, json.dumps(promised, separators=(",", ":"), sort_keys=True).encode())
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"log.example.com\n1\n{_text(root)}\n"
        line = _text(identity[:4] + _signed(self.log, note.encode()))
        return {
            "logIndex": "0",
            "logId": {"keyId": _text(identity)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(time),
            "inclusionPromise": {"signedEntryTimestamp": _text(promise)},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": _text(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\N{EM DASH} log.example.com {line}\n"},
            },
            "canonicalizedBody": _text(body),
        }
