"""Keys: what signs, and what verifies.

Ed25519 (RFC 8032), ECDSA over P-256, P-384 and P-521 with the hash of the curve's strength (FIPS 186-5), RSA of 2048
bits and more with SHA-256 (RFC 8017; PSS is written, PKCS #1 v1.5 is also verified), and ML-DSA (FIPS 204).

A key may have several **parts**: a PEM file that holds an Ed25519 and an ML-DSA key is one key, and all its parts must
sign. Whoever can forge one of the two has gained nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.envelope import Signature

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes

_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_LARGEST: Final = 1 << 20
_MOST: Final = 4
_RSA_BITS: Final = 2048


class PublicKey(Value):
    """The public half of a key: each part a DER SubjectPublicKeyInfo (RFC 5280)."""

    parts: tuple[bytes, ...]

    @property
    def keyid(self) -> str:
        """The SHA-256 of the parts, in lower-case hexadecimal; of one part, that of its SubjectPublicKeyInfo."""
        return hashlib.sha256(b"".join(self.parts)).hexdigest()

    @property
    def kind(self) -> str:
        """What sort of key it is, for people."""
        return " with ".join(_kind(_public(part)) for part in self.parts)

    def verify(self, data: bytes, signatures: Sequence[Signature]) -> None:
        """Verify that every part signed `data`.

        Raises:
            TrustError: one did not.
        """
        if not self.parts:
            raise TrustError("a key without parts verifies nothing")
        for part in self.parts:
            key = _public(part)
            if not any(_verifies(key, one.sig, data) for one in signatures):
                raise TrustError(f"no signature by the {_kind(key)} key {hashlib.sha256(part).hexdigest()[:16]}")


class Signer(Protocol):
    """What signs: a key in a file, in hardware, in a cloud."""

    @property
    def key(self) -> PublicKey:
        """The public half."""

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The certificate of the key, and those that vouch for it, DER; empty where there is none."""

    def sign(self, data: bytes) -> tuple[Signature, ...]:
        """Return a signature by each part of the key."""


class KeySigner:
    """A signer whose private key is held here; see `Signer`."""

    def __init__(self, private: Sequence[Any], certificates: Sequence[bytes] = ()) -> None:
        self._private = tuple(private)
        self.key = PublicKey(parts=tuple(_spki(one.public_key()) for one in private))
        self.certificates = tuple(certificates)
        if certificates and _spki(_certified(certificates[0])) != self.key.parts[0]:
            raise ConfigError("the certificate is for another key than the one that signs")

    def sign(self, data: bytes) -> tuple[Signature, ...]:
        """See `Signer`."""
        pairs = zip(self._private, self.key.parts, strict=True)
        return tuple(Signature(sig=_sign(key, data), keyid=hashlib.sha256(part).hexdigest()) for key, part in pairs)


def load_signer(
    pem: bytes, *, password: bytes | None = None, certificates: bytes = b"", what: str = "key"
) -> KeySigner:
    """Return the signer of a PEM file with one private key, or with the parts of one; `what` names it in errors.

    Args:
        pem: the text of the file (PKCS #8, or the older forms of OpenSSL).
        password: what it is encrypted with.
        certificates: the certificate of the key and those that vouch for it, PEM, the key's first.
        what: what the file is called.

    Raises:
        ConfigError: it holds no key that can sign.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    blocks = _blocks(pem, "PRIVATE KEY", what)
    try:
        keys = [load_pem_private_key(block, password) for block in blocks]
    except TypeError as error:  # What the library says of a password that is missing or not needed.
        missing = password is None
        said = "is encrypted: give its password" if missing else "is not encrypted: give no password"
        raise ConfigError(f"{what} {said}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{what} cannot be read: {error}") from error
    for key in keys:
        _check(key.public_key(), what)
    return KeySigner(keys, chain_of(certificates) if certificates else ())


def load_public_key(pem: bytes, what: str = "key") -> PublicKey:
    """Return the public key, or the parts of one, in a PEM file; `what` names it in errors.

    Raises:
        ConfigError: it holds none.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if b"PRIVATE KEY-----" in pem:
        raise ConfigError(f"{what} is a private key: it stays with whoever signs")
    try:
        keys = [load_pem_public_key(block) for block in _blocks(pem, "PUBLIC KEY", what)]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{what} cannot be read: {error}") from error
    for key in keys:
        _check(key, what)
    return PublicKey(parts=tuple(_spki(key) for key in keys))


def of_certificate(der: bytes) -> PublicKey:
    """Return the key that a certificate is for.

    Raises:
        TrustError: the certificate cannot be read, or its key cannot sign.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        key = _certified(der)
        _check(key, "the key of the certificate")
    except (ValueError, UnsupportedAlgorithm, ConfigError) as error:
        raise TrustError(f"the certificate cannot be used: {error}") from error
    return PublicKey(parts=(_spki(key),))


def chain_of(pem: bytes, what: str = "certificates") -> tuple[bytes, ...]:
    """Return the certificates of a PEM text as DER, in their order.

    Raises:
        ConfigError: there is none.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        return tuple(one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(pem[:_LARGEST]))
    except ValueError as error:
        raise ConfigError(f"{what} cannot be read: {error}") from error


def _blocks(pem: bytes, kind: str, what: str) -> list[bytes]:
    found = [hit[0] for hit in _BLOCK.finditer(pem[:_LARGEST]) if hit[1].endswith(kind.encode())]
    if not found:
        raise ConfigError(f"{what} holds no {kind.lower()} in PEM form")
    if len(found) > _MOST:
        raise ConfigError(f"{what} holds more than {_MOST} keys")
    return found


def _public(spki: bytes) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        return load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise TrustError(f"a public key cannot be read: {error}") from error


def _certified(der: bytes) -> Any:
    from cryptography import x509

    return x509.load_der_x509_certificate(der).public_key()


def _spki(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der


def _check(key: Any, what: str) -> None:
    kind = _kind(key)
    if not kind:
        raise ConfigError(f"{what} is of a kind that is not used for signatures here ({type(key).__name__})")
    if kind.startswith("RSA") and key.key_size < _RSA_BITS:
        raise ConfigError(f"{what} is an RSA key of {key.key_size} bits: {_RSA_BITS} wanted")


def _kind(key: Any) -> str:  # noqa: PLR0911 - a table of types
    """Return what sort of key it is, for people; empty where it is none that is used."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

    match key:
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case ec.EllipticCurvePublicKey() if type(key.curve) in _CURVES():
            return f"ECDSA {key.curve.name}"
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case mldsa.MLDSA44PublicKey():
            return "ML-DSA-44"
        case mldsa.MLDSA65PublicKey():
            return "ML-DSA-65"
        case mldsa.MLDSA87PublicKey():
            return "ML-DSA-87"
        case _:
            return ""


def _CURVES() -> dict[type, type[hashes.HashAlgorithm]]:  # noqa: N802 - a constant that waits for its import
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return {ec.SECP256R1: hashes.SHA256, ec.SECP384R1: hashes.SHA384, ec.SECP521R1: hashes.SHA512}


def _sign(key: Any, data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    signature: bytes
    match key:
        case ec.EllipticCurvePrivateKey():
            signature = key.sign(data, ec.ECDSA(_CURVES()[type(key.curve)]()))
        case rsa.RSAPrivateKey():
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
            signature = key.sign(data, pss, hashes.SHA256())
        case _:
            signature = key.sign(data)
    return signature


def _verifies(key: Any, signature: bytes, data: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    for attempt in _attempts(key):
        try:
            attempt(signature, data)
        except InvalidSignature:
            continue
        return True
    return False


def _attempts(key: Any) -> list[Callable[[bytes, bytes], None]]:
    """Return the ways in which a key may have signed."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    match key:
        case ec.EllipticCurvePublicKey():
            algorithm = ec.ECDSA(_CURVES()[type(key.curve)]())
            return [lambda signature, data: key.verify(signature, data, algorithm)]
        case rsa.RSAPublicKey():
            sha256 = hashes.SHA256()
            pss = padding.PSS(mgf=padding.MGF1(sha256), salt_length=padding.PSS.AUTO)
            return [
                lambda signature, data: key.verify(signature, data, pss, sha256),
                lambda signature, data: key.verify(signature, data, padding.PKCS1v15(), sha256),
            ]
        case _:
            return [key.verify]
