"""Authorities for certificates and for timestamps, as an organisation would run them, for tests."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from weighmaster.trust.identities.keys import KeySigner

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CODE = ExtendedKeyUsageOID.CODE_SIGNING
MAIL = "ml@example.com"
_OFF = {
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "encipher_only": False,
    "decipher_only": False,
}


def key(name: str, kind: str = "ec") -> Any:
    """The private key of that name, which is made once."""
    return _made(name, kind)


@cache
def _made(name: str, kind: str) -> Any:
    del name
    return {
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
        "mldsa": mldsa.MLDSA65PrivateKey.generate,
    }[kind]()


def san(*names: str) -> x509.SubjectAlternativeName:
    kinds: list[x509.GeneralName] = []
    for name in names:
        if ":" in name:
            kinds.append(x509.UniformResourceIdentifier(name))
        else:
            kinds.append(x509.RFC822Name(name) if "@" in name else x509.DNSName(name))
    return x509.SubjectAlternativeName(kinds)


def usage(*, signs: bool = False, issues: bool = False, lists: bool = True) -> x509.KeyUsage:
    return x509.KeyUsage(digital_signature=signs, key_cert_sign=issues, crl_sign=issues and lists, **_OFF)


def der(certificate: Any) -> bytes:
    data: bytes = certificate.public_bytes(Encoding.DER)
    return data


def pem(certificate: Any) -> bytes:
    data: bytes = certificate.public_bytes(Encoding.PEM)
    return data


def private_pem(private: Any) -> bytes:
    data: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return data


def _hash(private: Any) -> Any:
    return hashes.SHA256() if isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) else None


class Authority:
    """Issues certificates, and says which ones it revoked."""

    def __init__(
        self,
        name: str = "Example Root",
        above: Authority | None = None,
        *,
        days: tuple[int, int] = (-1000, 1000),
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
        usages: x509.KeyUsage | None = None,
    ) -> None:
        self.name = name
        self.key = key(f"authority {name}")
        self.above = above
        extensions = [
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (usages or usage(issues=True), True),
            *more,
        ]
        by = above or self
        self.certificate = _certificate(name, self.key, (by.name, by.key), extensions, days)

    def issue(  # noqa: PLR0913 - a certificate has many sides
        self,
        *names: str,
        subject: str = "signer",
        private: Any = None,
        days: tuple[float, float] = (-10, 30),
        purposes: Sequence[x509.ObjectIdentifier] = (CODE,),
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
        usages: x509.KeyUsage | None = None,
        serial: int | None = None,
    ) -> x509.Certificate:
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (usages or usage(signs=True), True),
        ]
        if purposes:
            extensions.append((x509.ExtendedKeyUsage(purposes), False))
        if names:
            extensions.append((san(*names), False))
        extensions += more
        by = (self.name, self.key)
        return _certificate(subject, private or key("signer"), by, extensions, days, serial=serial)

    def signer(self, *names: str, private: Any = None, **how: Any) -> KeySigner:
        """A signer with a certificate of ours, and those above us but the last."""
        private = private or key("signer")
        certificate = self.issue(*(names or (MAIL,)), private=private, **how)
        chain = [certificate]
        one: Authority | None = self
        while one is not None and one.above is not None:
            chain.append(one.certificate)
            one = one.above
        return KeySigner([private], [der(each) for each in chain])

    def list(
        self,
        *revoked: tuple[x509.Certificate, datetime] | tuple[x509.Certificate, datetime, datetime],
        days: tuple[float, float] = (-1, 7),
        private: Any = None,
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        """A list of revoked certificates, with when each was revoked, and since when its key was lost."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(_name(self.name))
        builder = builder.last_update(NOW + days[0] * DAY).next_update(NOW + days[1] * DAY)
        for extension, critical in more:
            builder = builder.add_extension(extension, critical)
        for certificate, since, *lost in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(since)
            if lost:
                entry = entry.add_extension(x509.InvalidityDate(lost[0]), critical=False)
                entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(private or self.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(  # noqa: PLR0913 - a certificate has many sides
    subject: str,
    private: Any,
    issuer: tuple[str, Any],
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    days: tuple[float, float],
    *,
    serial: int | None = None,
) -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name(issuer[0]))
    builder = builder.public_key(private.public_key()).serial_number(serial or x509.random_serial_number())
    builder = builder.not_valid_before(NOW + days[0] * DAY).not_valid_after(NOW + days[1] * DAY)
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
    builder = builder.add_extension(known, critical=False)
    own = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    builder = builder.add_extension(own, critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer[1], _hash(issuer[1]))


def tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8 or 1)
    return bytes([tag]) + (size if len(body) < 128 else bytes([0x80 | len(size)]) + size) + body


class Clock:
    """An authority for timestamps (RFC 3161) that says whatever time it is told; OpenSSL makes the signature."""

    def __init__(
        self, folder: Path, *, purposes: Sequence[x509.ObjectIdentifier] | None = None, between: bool = False
    ) -> None:
        self._openssl = shutil.which("openssl")
        if self._openssl is None:
            pytest.skip("openssl is not installed, and makes the timestamps of these tests")
        self._folder = folder
        self.root = Authority("Clock Root", days=(-3000, 3000))
        self.by = Authority("Clock Makers", self.root, days=(-3000, 3000)) if between else self.root
        stamping = [ExtendedKeyUsageOID.TIME_STAMPING] if purposes is None else purposes
        self.certificate = self.by.issue(
            subject="clock",
            private=key("clock", "rsa"),
            days=(-3000, 3000),
            purposes=(),
            more=[(x509.ExtendedKeyUsage(stamping), True)],
        )
        (folder / "clock.pem").write_bytes(pem(self.certificate) + private_pem(key("clock", "rsa")))
        (folder / "others.pem").write_bytes(b"".join({pem(self.by.certificate), pem(self.root.certificate)}))

    def say(self, signature: bytes, when: datetime, *, seconds: int = 1, status: int = 0) -> bytes:
        """The answer of the authority: this signature was there at that time."""
        sha256 = bytes.fromhex("0609608648016503040201")
        info = tlv(
            0x30,
            tlv(0x02, b"\x01"),
            tlv(0x06, b"\x2a\x03\x04"),
            tlv(0x30, tlv(0x30, sha256, b"\x05\x00"), tlv(0x04, hashlib.sha256(signature).digest())),
            tlv(0x02, b"\x01"),
            tlv(0x18, f"{when:%Y%m%d%H%M%SZ}".encode()),
            tlv(0x30, tlv(0x02, bytes([seconds]))),
        )
        (self._folder / "info.der").write_bytes(info)
        command = f"{self._openssl} cms -sign -binary -nodetach -outform DER -econtent_type 1.2.840.113549.1.9.16.1.4"
        command += " -cades -md sha256 -signer clock.pem -certfile others.pem -in info.der -out token.der"
        subprocess.run(command.split(), cwd=self._folder, check=True, capture_output=True)
        return tlv(0x30, tlv(0x30, tlv(0x02, bytes([status]))), (self._folder / "token.der").read_bytes())
