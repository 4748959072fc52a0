"""Keys: what signs, and what verifies.

Ed25519, ECDSA over P-256, P-384 and P-521, RSA of 2048 bits and more, and ML-DSA; see `algorithms` for how each signs.

A key may have several **parts**: a PEM file that holds an Ed25519 and an ML-DSA key is one key, and all its parts must
sign. Whoever can forge one of the two has gained nothing.

What is signed is given as bytes, or as a file that is mapped into memory (`mmap`), which is not read as a whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.evidence.envelope import Signature
from weighmaster.trust.identities import algorithms
from weighmaster.trust.identities.algorithms import Attempt, kind_of
from weighmaster.trust.identities.certificates import configured, load_certificate, odd, strictly

_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_LARGEST: Final = 1 << 20
"""Bytes of a file that are read."""
_MOST: Final = 4
"""Parts of a key."""
_BLOCKS: Final = 64
"""Whatever else stands in its file, such as certificates; the end of each block is searched to the end of the file."""
_RSA_BITS: Final = 2048
"""What an RSA key has at least."""


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
        return " with ".join(kind_of(_public(part)) for part in self.parts)

    @property
    def ids(self) -> tuple[str, ...]:
        """The SHA-256 of each part, in lower-case hexadecimal."""
        return tuple(hashlib.sha256(part).hexdigest() for part in self.parts)

    @property
    def pem(self) -> bytes:
        """The parts in PEM form (RFC 7468)."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        form = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        return b"".join(_public(part).public_bytes(*form) for part in self.parts)

    @property
    def takes_digest(self) -> bool:
        """Whether the SHA-256 of what was signed is enough to verify it; see `verify_digest`."""
        return all(map(algorithms.takes_digest, map(_public, self.parts)))

    def verify(self, data: bytes, signatures: Sequence[Signature]) -> tuple[Signature, ...]:
        """Verify that every part signed `data`, and return the signatures that show it.

        Raises:
            TrustError: one did not.
        """
        return self._held(algorithms.attempts_of, data, signatures)

    def verify_digest(self, sha256: str, signatures: Sequence[Signature]) -> tuple[Signature, ...]:
        """Verify that every part signed bytes with the SHA-256 `sha256`; for ECDSA over P-256 and RSA.

        Raises:
            TrustError: one did not, or is of a kind that signs bytes and not this digest of them.
        """
        return self._held(algorithms.digest_attempts_of, bytes.fromhex(sha256), signatures)

    def _held(
        self, attempts: Callable[[Any], list[Attempt]], data: bytes, signatures: Sequence[Signature]
    ) -> tuple[Signature, ...]:
        if not self.parts:
            raise TrustError("a key without parts verifies nothing")
        found = []
        for part in self.parts:
            key = _public(part)
            tried = attempts(key)
            one = next((one for one in signatures if algorithms.verifies(tried, one.sig, data)), None)
            if one is None:
                raise TrustError(f"no signature by the {kind_of(key)} key {hashlib.sha256(part).hexdigest()[:16]}")
            found.append(one)
        return tuple(found)


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

    def __init__(self, private: Sequence[Any], certificates: Sequence[bytes] = (), *, pss: bool = True) -> None:
        self._private = tuple(private)
        self._pss = pss
        self.key = PublicKey(parts=tuple(_spki(one.public_key()) for one in private))
        self.certificates = tuple(certificates)
        check_certified(self.key, self.certificates)

    def sign(self, data: bytes) -> tuple[Signature, ...]:
        """See `Signer`."""
        made = [algorithms.sign(key, data, pss=self._pss) for key in self._private]
        return tuple(Signature(sig=sig, keyid=keyid) for sig, keyid in zip(made, self.key.ids, strict=True))


def check_certified(key: PublicKey, certificates: Sequence[bytes]) -> None:
    """Refuse certificates of which the first is not for `key`.

    Raises:
        ConfigError: it is for another, or cannot be used.
    """
    if not certificates:
        return
    try:
        certified = of_certificate(certificates[0])
    except TrustError as error:
        raise ConfigError(str(error)) from error
    if certified != key:
        raise ConfigError("the certificate is for another key than the one that signs")


def load_signer(
    pem: bytes, *, password: bytes | None = None, certificates: bytes = b"", what: str = "key", pss: bool = True
) -> KeySigner:
    """Return the signer of a PEM file with one private key, or with the parts of one; `what` names it in errors.

    Args:
        pem: the text of the file (PKCS #8, or the older forms of OpenSSL).
        password: what it is encrypted with.
        certificates: the certificate of the key and those that vouch for it, PEM, the key's first.
        what: what the file is called.
        pss: how an RSA key signs: with PSS, or, where that must be read by others, with PKCS #1 v1.5.

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
        said = "is encrypted: give its password (--password-file)" if missing else "is not encrypted: give no password"
        raise ConfigError(f"{what} {said}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{what} cannot be read: {error}") from error
    for key in keys:
        _check(key.public_key(), what)
    return KeySigner(keys, chain_of(certificates) if certificates else (), pss=pss)


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
        key = load_certificate(der).public_key()
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
        with strictly(what):
            found = [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(pem[:_LARGEST])]
    except TrustError as error:
        raise ConfigError(str(error)) from error
    except odd() as error:
        raise ConfigError(f"{what} cannot be read: {error}") from error
    configured(found, what)
    return tuple(found)


def _blocks(pem: bytes, kind: str, what: str) -> list[bytes]:
    if pem.count(b"-----BEGIN ") > _BLOCKS:
        raise ConfigError(f"{what} holds more than {_BLOCKS} blocks in PEM form")
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


def _spki(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der


def _check(key: Any, what: str) -> None:
    kind = kind_of(key)
    if not kind:
        raise ConfigError(f"{what} is of a kind that is not used for signatures here ({type(key).__name__})")
    if kind.startswith("RSA") and key.key_size < _RSA_BITS:
        raise ConfigError(f"{what} is an RSA key of {key.key_size} bits: {_RSA_BITS} wanted")
