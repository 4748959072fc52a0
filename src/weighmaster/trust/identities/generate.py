"""New keys: a private one in PKCS #8 (RFC 5958), and its public half.

Several parts make one key (see `keys`): `hybrid` is Ed25519 with ML-DSA-65.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from weighmaster.trust.identities.keys import PublicKey, load_public_key

KINDS: Final = ("ed25519", "ecdsa", "rsa", "ml-dsa", "hybrid")
_RSA_BITS: Final = 3072


def generate(kind: str, password: bytes | None = None) -> tuple[bytes, PublicKey]:
    """Return a new private key in PEM form, and its public half.

    Args:
        kind: one of `KINDS`: Ed25519, ECDSA over P-256, RSA of 3072 bits, ML-DSA-65, or Ed25519 with ML-DSA-65.
        password: what the private key is encrypted with; without it, it is not.
    """
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    parts = [make() for make in _makers(kind)]
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    private = b"".join(part.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock) for part in parts)
    form = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    return private, load_public_key(b"".join(part.public_key().public_bytes(*form) for part in parts))


def _makers(kind: str) -> list[Callable[[], Any]]:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

    makers: dict[str, list[Callable[[], Any]]] = {
        "ed25519": [ed25519.Ed25519PrivateKey.generate],
        "ecdsa": [lambda: ec.generate_private_key(ec.SECP256R1())],
        "rsa": [lambda: rsa.generate_private_key(65537, _RSA_BITS)],
        "ml-dsa": [mldsa.MLDSA65PrivateKey.generate],
        "hybrid": [ed25519.Ed25519PrivateKey.generate, mldsa.MLDSA65PrivateKey.generate],
    }
    return makers[kind]
