"""SHA-256 of little and of much.

`hashlib` loads OpenSSL, which costs more than all it would do for a small file; Python's own implementation is there
already, and a fifth as fast. So it serves up to the size at which OpenSSL has paid for itself.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hashlib import _Hash

ENOUGH: Final = 256 << 10
"""Bytes from which on OpenSSL is the faster choice."""


def sha256_of(data: bytes) -> str:
    """Return the digest of `data` in lower-case hexadecimal."""
    if len(data) >= ENOUGH or "hashlib" in sys.modules:
        return sha256(data).hexdigest()
    try:
        if sys.version_info >= (3, 12):
            from _sha2 import sha256 as own
        else:
            from _sha256 import sha256 as own
    except ImportError:  # A Python that was built without it.
        return sha256(data).hexdigest()
    text: str = own(data, usedforsecurity=True).hexdigest()
    return text


def sha256(data: bytes = b"") -> _Hash:
    """Return OpenSSL's state over `data`, to be fed with more."""
    import hashlib

    return hashlib.sha256(data)
