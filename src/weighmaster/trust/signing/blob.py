"""One file signed by itself, in the form that `cosign sign-blob` writes and `cosign verify-blob --key` reads.

The signature is over the bytes of the file and binds no name. A bundle holds it with the SHA-256 of the file and a
hint, the Base64 of the SHA-256 of the public key (<https://github.com/sigstore/cosign>, `sign_blob.go`); a file with
nothing but the signature in Base64 is read as well. ECDSA and RSA hash the file first. Ed25519 and ML-DSA take the
bytes as they are, which are mapped into memory for that and never copied there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence.bundle import Bundle, MessageSignature
from weighmaster.trust.evidence.envelope import PREFIX
from weighmaster.trust.identities.keys import PublicKey, Signer
from weighmaster.trust.manifests.files import open_file

_LONGEST_BARE: Final = 16 << 10
"""Characters of a signature alone."""


def sign_blob(path: str, sha256: str, signer: Signer) -> Bundle:
    """Sign a file whose SHA-256 is known.

    Raises:
        ConfigError: the key has several parts, which this form has no room for; or the file begins as what is signed
            of a statement does, and the signature would count as one over that.
    """
    if len(signer.key.parts) > 1:
        raise ConfigError("a blob has one signature, and this key makes several: sign in the default format")
    with mapped(path) as data:
        if is_disguised(data):
            raise ConfigError(
                f"{path} begins with {PREFIX.decode()!r}: a signature over it would be one over a statement"
            )
        (signature,) = signer.sign(data)
    content = MessageSignature(sha256=sha256, sig=signature.sig)
    return Bundle(content=content, hint=hint_of(signer.key), certificates=signer.certificates)


def is_disguised(data: Any) -> bool:
    """Say whether bytes begin as what is signed of a statement does: one signature would count as two."""
    return bool(data[: len(PREFIX)] == PREFIX)


def hint_of(key: PublicKey) -> str:
    """Return the hint by which a key is named in a bundle of this form."""
    return base64.b64encode(hashlib.sha256(key.parts[0]).digest()).decode()


def read(raw: bytes, what: str) -> Bundle:
    """Read a bundle, or a signature alone; `what` names it in errors.

    Raises:
        TrustError: it is neither.
    """
    if raw.lstrip()[:1] == b"{":
        return bundles.read(raw, what)
    if len(raw) > _LONGEST_BARE:
        raise TrustError(f"{what} is neither a bundle nor a signature in Base64")
    try:
        sig = base64.b64decode(b"".join(raw.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise TrustError(f"{what} is neither a bundle nor a signature in Base64: {error}") from error
    if not sig:
        raise TrustError(f"{what} is empty")
    return Bundle(content=MessageSignature(sha256="", sig=sig), raw=raw)


@contextmanager
def mapped(path: str) -> Iterator[Any]:
    """Give the bytes of a file without reading them as a whole.

    Raises:
        TrustError: it cannot be opened.
    """
    descriptor, state = open_file(path, path)
    try:
        if not state.st_size:
            yield b""  # Nothing cannot be mapped.
            return
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
            yield data
    finally:
        os.close(descriptor)
