"""What keys of each kind do: sign bytes, and verify signatures over bytes or over their SHA-256.

Ed25519 (RFC 8032), ECDSA over P-256, P-384 and P-521 with the hash of the curve's strength (FIPS 186-5), RSA with
SHA-256 (RFC 8017; PSS is written unless asked otherwise, PKCS #1 v1.5 is also verified), and ML-DSA (FIPS 204).

Bytes may be those of a file that is mapped into memory (`mmap`): they are not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from weighmaster.model.errors import TrustError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes

Attempt: TypeAlias = Callable[[bytes, Any], None]
"""Takes a signature and what it is over, and raises `InvalidSignature` where it does not hold."""


def kind_of(key: Any) -> str:  # noqa: PLR0911 - a table of types
    """Return what sort of key it is, for people; empty where it is none that is used."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

    match key:
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case ec.EllipticCurvePublicKey() if type(key.curve) in _curves():
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


def _curves() -> dict[type, type[hashes.HashAlgorithm]]:
    """Return the curves that are used, and the hash of each."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return {ec.SECP256R1: hashes.SHA256, ec.SECP384R1: hashes.SHA384, ec.SECP521R1: hashes.SHA512}


def sign(key: Any, data: bytes, *, pss: bool) -> bytes:
    """Return the signature of a private key over bytes; `pss` says how an RSA key signs."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    signature: bytes
    match key:
        case ec.EllipticCurvePrivateKey():
            signature = key.sign(data, ec.ECDSA(_curves()[type(key.curve)]()))
        case rsa.RSAPrivateKey():
            salted = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
            signature = key.sign(data, salted if pss else padding.PKCS1v15(), hashes.SHA256())
        case _:
            signature = key.sign(data)
    return signature


def takes_digest(key: Any) -> bool:
    """Say whether a signature of a key over bytes can be verified with their SHA-256 alone."""
    kind = kind_of(key)
    return kind == "ECDSA secp256r1" or kind.startswith("RSA")


def verifies(attempts: Sequence[Attempt], signature: bytes, data: bytes) -> bool:
    """Say whether a signature holds in one of the ways in which a key may have made it."""
    from cryptography.exceptions import InvalidSignature

    for attempt in attempts:
        try:
            attempt(signature, data)
        except InvalidSignature:
            continue
        return True
    return False


def attempts_of(key: Any) -> list[Attempt]:
    """Return the ways in which a key may have signed bytes."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    match key:
        case ec.EllipticCurvePublicKey():
            algorithm = ec.ECDSA(_curves()[type(key.curve)]())
            return [lambda signature, data: key.verify(signature, data, algorithm)]
        case rsa.RSAPublicKey():
            return _rsa_attempts(key, hashes.SHA256())
        case _:
            return [key.verify]


def digest_attempts_of(key: Any) -> list[Attempt]:
    """Return the ways in which a key may have signed bytes whose SHA-256 is known, and nothing else of them.

    Raises:
        TrustError: keys of its kind sign bytes, and not their SHA-256.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

    known = utils.Prehashed(hashes.SHA256())
    match key:
        case ec.EllipticCurvePublicKey() if isinstance(key.curve, ec.SECP256R1):
            return [lambda signature, digest: key.verify(signature, digest, ec.ECDSA(known))]
        case rsa.RSAPublicKey():
            return _rsa_attempts(key, known)
        case _:
            raise TrustError(f"the {kind_of(key)} key signs bytes, and only their SHA-256 is known")


def _rsa_attempts(key: Any, algorithm: Any) -> list[Attempt]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.AUTO)
    return [
        lambda signature, data: key.verify(signature, data, pss, algorithm),
        lambda signature, data: key.verify(signature, data, padding.PKCS1v15(), algorithm),
    ]
