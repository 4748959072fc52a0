"""Signed notes: text, and below it a line for each signature.

Specification: <https://c2sp.org/signed-note>. A signature of an unknown key means nothing; one of a known key
that fails makes the whole note worthless.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Final

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.trust.identities.keys import PublicKey, Signer

ED25519: Final = 0x01
"""A signature over the text of a note."""
COSIGNATURE: Final = 0x04
"""A witness's signature over a time and a checkpoint (<https://c2sp.org/tlog-cosignature>)."""
LONGEST: Final = 256 << 10
"""Bytes of a note."""
_MOST: Final = 64
"""Signatures of a note; 16 must be accepted."""
_LONGEST_NAME: Final = 255
_DASH: Final = "\N{EM DASH} "
_SPKI: Final = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410, section 4)."""


class VerifierKey(Value):
    """Whose signature counts: a name, and an Ed25519 key of 32 bytes that signs one kind of things (`ED25519`, ...)."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def of(cls, name: str, key: PublicKey, kind: int = ED25519) -> VerifierKey:
        """Return a key under a name.

        Raises:
            ConfigError: the key is not Ed25519, or the name cannot be one.
        """
        if len(key.parts) != 1 or len(key.parts[0]) != 44 or not key.parts[0].startswith(_SPKI):
            raise ConfigError(f"logs and their witnesses sign with Ed25519 keys: this one is {key.kind}")
        if not named(name):
            raise ConfigError(f"{name!r} cannot name a key: no blanks, no '+', at most {_LONGEST_NAME} characters")
        return cls(name=name, kind=kind, public=key.parts[0][len(_SPKI) :])

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+hash+key`, as signed-note writes a verifier key.

        Raises:
            ConfigError: it is none.
        """
        name, _, rest = text.strip().partition("+")
        digest, _, encoded = rest.partition("+")
        try:
            data = decoded(encoded)
        except ValueError as error:
            raise ConfigError(f"{text[:80]!r} is no verifier key (name+hash+key): {error}") from error
        if not named(name) or len(data) != 33 or data[0] not in {ED25519, COSIGNATURE}:
            raise ConfigError(f"{text[:80]!r} is no verifier key of a kind that is known")
        found = cls(name=name, kind=data[0], public=data[1:])
        if found.id.hex() != digest:
            raise ConfigError(f"{text[:80]!r} contradicts itself: its hash is {found.id.hex()}")
        return found

    @property
    def id(self) -> bytes:
        """The four bytes that signatures of this key begin with."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encoded(bytes([self.kind]) + self.public)}"

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Say whether the key made that signature over `data`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True


class NoteSignature(Value):
    """A line below a note: who claims to have signed, which key, and what that key made."""

    name: str
    id: bytes
    sig: bytes

    def by(self, key: VerifierKey) -> bool:
        """Say whether it claims to be by that key."""
        return self.name == key.name and self.id == key.id


class Note(Value):
    """A text that ends in a newline, and its signatures."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def read(cls, raw: bytes, what: str) -> Note:
        """Read a note; `what` names it in errors. Nothing is verified.

        Raises:
            TrustError: it is none.
        """
        if len(raw) > LONGEST:
            raise TrustError(f"{what} is longer than {LONGEST} bytes")
        try:
            whole = raw.decode()
        except UnicodeDecodeError as error:
            raise TrustError(f"{what} is no note: it is not UTF-8") from error
        if any(character < " " and character != "\n" for character in whole):
            raise TrustError(f"{what} is no note: there are control characters in it")
        text, blank, below = whole.rpartition("\n\n")
        if not text or not blank or not below.endswith("\n"):
            raise TrustError(f"{what} is no signed note, or is cut")
        lines = below[:-1].split("\n")
        if len(lines) > _MOST:
            raise TrustError(f"{what} has more than {_MOST} signatures")
        return cls(text=text + "\n", signatures=tuple(_signature(line, what) for line in lines))

    def written(self) -> bytes:
        """Return the note as it is kept."""
        lines = [f"{_DASH}{one.name} {encoded(one.id + one.sig)}\n" for one in self.signatures]
        return f"{self.text}\n{''.join(lines)}".encode()


def signed(text: str, signer: Signer, name: str) -> Note:
    """Return a note signed by one key under a name.

    Raises:
        ConfigError: the key is not Ed25519.
    """
    key = VerifierKey.of(name, signer.key)
    return Note(text=text, signatures=(NoteSignature(name=name, id=key.id, sig=made(signer, text.encode())),))


def made(signer: Signer, data: bytes) -> bytes:
    """Return the bare signature of a key of one part."""
    (signature,) = signer.sign(data)
    return signature.sig


def named(name: str) -> bool:
    """Say whether a name can be one of a key."""
    return (
        0 < len(name) <= _LONGEST_NAME
        and "+" not in name
        and not any(character.isspace() or character < " " for character in name)
    )


def of_keys(note: Note, keys: Sequence[VerifierKey]) -> list[tuple[VerifierKey, NoteSignature]]:
    """Return the signatures that claim to be by known keys, each with its key."""
    return [(key, one) for one in note.signatures for key in keys if one.by(key)]


def _signature(line: str, what: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        data = decoded(encoded)
    except ValueError as error:
        raise TrustError(f"{what}: a line below the note is no signature: {error}") from error
    if not line.startswith(_DASH) or not named(name) or len(data) < 5:
        raise TrustError(f"{what}: a line below the note is no signature")
    return NoteSignature(name=name, id=data[:4], sig=data[4:])


def encoded(data: bytes) -> str:
    """Return bytes as Base64 (RFC 4648, section 4)."""
    return base64.b64encode(data).decode()


def decoded(text: str) -> bytes:
    """Return the bytes that Base64 means, which has one spelling for them.

    Raises:
        ValueError: it is none, or another spelling.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("no Base64") from error
    # Two texts for the same bytes would let a note be changed without anyone seeing it.
    if encoded(data) != text:
        raise ValueError("Base64 in another spelling than its own")
    return data
