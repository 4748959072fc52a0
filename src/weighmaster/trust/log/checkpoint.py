"""Checkpoints: what a log says of itself, signed: who it is, how many entries it has, and the root over them.

Specifications: <https://c2sp.org/tlog-checkpoint>, and <https://c2sp.org/tlog-cosignature> for what witnesses add. Only
one signature of the log is asked for; of its witnesses as many as whoever verifies wants.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value, replace
from weighmaster.trust.identities.keys import Signer
from weighmaster.trust.log import merkle, note
from weighmaster.trust.log.note import COSIGNATURE, ED25519, Note, NoteSignature, VerifierKey

_STAMP: Final = 8
"""Bytes of the time in a cosignature."""
_LONGEST_ORIGIN: Final = 255


class Cosignature(Value):
    """That a witness saw a checkpoint, and that it grew from what it had seen; `at` in seconds since 1970."""

    witness: str
    at: int


class Checkpoint(Value):
    """A log at one moment. `note` is the signed text it was read from, `cosigned` which witnesses were verified."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    note: bytes = b""
    cosigned: tuple[Cosignature, ...] = ()

    @property
    def text(self) -> str:
        """What is signed."""
        lines = (self.origin, str(self.size), note.encoded(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    def same(self, other: Checkpoint) -> bool:
        """Say whether both speak of the same tree."""
        return (self.origin, self.size, self.root) == (other.origin, other.size, other.root)


def claimed(raw: bytes, what: str = "the checkpoint") -> Checkpoint:
    """Return what a checkpoint says, before anyone knows whether it is signed.

    Raises:
        TrustError: it is none.
    """
    return _of(Note.read(raw, what), raw, what)


def verified(
    raw: bytes,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey] = (),
    threshold: int | None = None,
    what: str = "the checkpoint",
) -> Checkpoint:
    """Return a checkpoint that the log has signed, and at least `threshold` of `witnesses` (all, unless it is given).

    Raises:
        ConfigError: no key of a log is trusted, or more witnesses are wanted than there are.
        TrustError: it does not hold.
    """
    wanted = check(keys, witnesses, threshold)
    signed = Note.read(raw, what)
    found = _of(signed, raw, what)
    holds = False
    for key, one in note.of_keys(signed, keys):
        if not key.verifies(one.sig, signed.text.encode()):
            raise TrustError(f"{what} is forged: the signature of {key.name} does not hold")
        holds = holds or key.name == found.origin
    if not holds:
        raise TrustError(f"{what} of the log {found.origin!r} is not signed by a key that is trusted for it")
    cosigned = _cosigned(signed, witnesses, what)
    if len(cosigned) < wanted:
        raise TrustError(f"{what} is cosigned by {len(cosigned)} of the {wanted} witnesses that are wanted")
    trusted: Checkpoint = replace(found, cosigned=cosigned)
    return trusted


def check(keys: Sequence[VerifierKey], witnesses: Sequence[VerifierKey], threshold: int | None) -> int:
    """Return how many witnesses are wanted.

    Raises:
        ConfigError: whom to trust is not said, or makes no sense.
    """
    if not keys:
        raise ConfigError("no key of a log is trusted: name its public key")
    if any(key.kind != ED25519 for key in keys) or any(key.kind != COSIGNATURE for key in witnesses):
        raise ConfigError("a key of a log and a key of a witness are of different kinds (0x01, 0x04)")
    if {key.public for key in keys} & {key.public for key in witnesses}:
        raise ConfigError("a log is no witness of itself: the same key is named for both")
    distinct = len({key.public for key in witnesses})
    wanted = distinct if threshold is None else threshold
    if not 0 <= wanted <= distinct:
        raise ConfigError(f"{wanted} witnesses are wanted, and {distinct} are known")
    return wanted


def signed_by(signer: Signer, checkpoint: Checkpoint) -> Checkpoint:
    """Return a checkpoint with the log's signature.

    Raises:
        ConfigError: the key cannot sign it.
    """
    return _with(checkpoint, note.signed(checkpoint.text, signer, checkpoint.origin).written())


def cosigned_by(signer: Signer, name: str, checkpoint: Checkpoint, at: int) -> Checkpoint:
    """Return a signed checkpoint with a witness's signature in the place of its earlier ones; `at` in seconds.

    Raises:
        ConfigError: the key cannot sign it.
    """
    key = VerifierKey.of(name, signer.key, COSIGNATURE)
    signed = Note.read(checkpoint.note, "the checkpoint")
    made = at.to_bytes(_STAMP, "big") + note.made(signer, _message(signed.text, at))
    others = [one for one in signed.signatures if not one.by(key)]
    lines = (*others, NoteSignature(name=name, id=key.id, sig=made))
    return _with(checkpoint, Note(text=signed.text, signatures=lines).written())


def merged(into: Checkpoint, other: Checkpoint, witnesses: Sequence[VerifierKey]) -> Checkpoint:
    """Return `into` with the cosignatures by known witnesses that stand below `other`.

    Raises:
        TrustError: the two are not the same, or a signature does not hold.
    """
    ours, theirs = Note.read(into.note, "the log's checkpoint"), Note.read(other.note, "the cosigned checkpoint")
    if ours.text != theirs.text:
        raise TrustError(
            f"a checkpoint of {merkle.entries(other.size)} is cosigned, and the log's is of {into.size}: not the same"
        )
    if not _cosigned(theirs, witnesses, "the cosigned checkpoint"):
        raise TrustError("there is no signature below the checkpoint by a witness that is known")
    added = [one for _, one in note.of_keys(theirs, witnesses)]
    kept = [one for one in ours.signatures if not any((one.name, one.id) == (new.name, new.id) for new in added)]
    return _with(into, Note(text=ours.text, signatures=(*kept, *added)).written())


def strangers(checkpoint: Checkpoint, keys: Sequence[VerifierKey]) -> tuple[str, ...]:
    """Return the names below a checkpoint of keys that are not known: their signatures were not looked at."""
    signed = Note.read(checkpoint.note, "the checkpoint")
    return tuple(one.name for one in signed.signatures if not any(one.by(key) for key in keys))


def _cosigned(signed: Note, witnesses: Sequence[VerifierKey], what: str) -> tuple[Cosignature, ...]:
    found: dict[bytes, Cosignature] = {}
    for key, one in note.of_keys(signed, witnesses):
        at = int.from_bytes(one.sig[:_STAMP], "big")
        if at > merkle.LARGEST or not key.verifies(one.sig[_STAMP:], _message(signed.text, at)):
            raise TrustError(f"{what} is forged: the cosignature of {key.name} does not hold")
        found[key.public] = Cosignature(witness=key.name, at=at)
    return tuple(found.values())


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _with(checkpoint: Checkpoint, raw: bytes) -> Checkpoint:
    changed: Checkpoint = replace(checkpoint, note=raw)
    return changed


def _of(signed: Note, raw: bytes, what: str) -> Checkpoint:
    lines = signed.text[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or len(lines[0]) > _LONGEST_ORIGIN:
        raise TrustError(f"{what} is no checkpoint: origin, size and root are wanted, each on a line")
    origin, digits, encoded, *extensions = lines
    if not digits.isascii() or not digits.isdigit() or len(digits) > 19 or str(int(digits)) != digits:
        raise TrustError(f"{what} is no checkpoint: {digits[:40]!r} is no size")
    try:
        root = note.decoded(encoded)
    except ValueError as error:
        raise TrustError(f"{what} is no checkpoint: the root is no Base64") from error
    found = Checkpoint(origin=origin, size=int(digits), root=root, extensions=tuple(extensions), note=raw)
    if len(root) != merkle.HASH or found.size > merkle.LARGEST or found.text != signed.text:
        raise TrustError(f"{what} is no checkpoint: the root or the size cannot be one")
    if not found.size and root != merkle.EMPTY:
        raise TrustError(f"{what} gives no entries a root that is not the empty log's")
    return found
