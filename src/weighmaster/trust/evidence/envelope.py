"""DSSE: bytes, what they are, and signatures over both.

Specification: <https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md>.

>>> pae("http://example.com/HelloWorld", b"hello world")
b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
"""

from __future__ import annotations

from typing import Final

from weighmaster.model.value import Value

PREFIX: Final = b"DSSEv1 "
"""How everything begins that a signature over an envelope is over."""
IN_TOTO: Final = "application/vnd.in-toto+json"
"""The payload type of a statement."""


class Signature(Value):
    """Bytes that a key made; `keyid` is a hint which one, and proves nothing."""

    sig: bytes
    keyid: str = ""


class Envelope(Value):
    """`payload`, its type, and signatures over `pae` of the two. The payload is never encoded again."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    def signed(self) -> bytes:
        """Return the bytes that the signatures are over."""
        return pae(self.payload_type, self.payload)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding: what is signed."""
    kind = payload_type.encode()
    return PREFIX + b"%d %b %d %b" % (len(kind), kind, len(payload), payload)
