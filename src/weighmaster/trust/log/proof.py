"""Proofs that go with what they prove: that a claim is in a log, and that a log has only grown. They need no network.

Formats: <https://c2sp.org/tlog-proof> (text; `.tlog-proof`), the same as JSON on one line, so that those of many claims
are one file; and the request of <https://c2sp.org/tlog-witness> (`old`, hashes, checkpoint) for growth.

A proof is about the bytes that were logged. Of a claim that is a record, which goes along as the proof's `extra`: it is
believed because it is proven to be in the log, and it names the claim by its SHA-256.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from weighmaster.model.errors import TrustError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.trust import strict
from weighmaster.trust.log import checkpoint as checkpoints
from weighmaster.trust.log import merkle, note, record
from weighmaster.trust.log.book import Log
from weighmaster.trust.log.checkpoint import Checkpoint
from weighmaster.trust.log.note import VerifierKey

LONGEST: Final = 512 << 10
"""Bytes of a proof."""
_MAGIC: Final = "c2sp.org/tlog-proof@v1"
_KIND: Final = "weighmaster-log-proof-v1"
_KEYS: Final = frozenset({"kind", "index", "path", "checkpoint", "extra"})
_EXTRA: Final = 96 << 10
"""Bytes of what goes along with a proof; a record takes 4096 of them."""
_NUMBER: Final = re.compile(r"(?:0|[1-9]\d{0,18})\Z", re.ASCII)
_MOST: Final = 64
"""Hashes of a proof."""
_OLD: Final = "old "


class Proof(Value):
    """That an entry is in a log: its number, the hashes that lead to the root, the signed checkpoint with the root.

    `extra` is not proven by itself; here it is the record, where what is logged is one.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    def text(self) -> bytes:
        """Return it as tlog-proof writes it."""
        lines = [_MAGIC, *([f"extra {note.encoded(self.extra)}"] if self.extra else []), f"index {self.index}"]
        lines += [note.encoded(one) for one in self.path]
        return "".join(f"{line}\n" for line in [*lines, ""]).encode() + self.checkpoint

    def json(self) -> bytes:
        """Return it as JSON on one line, without a line end."""
        document: dict[str, Any] = {
            "kind": _KIND, "index": self.index, "path": [note.encoded(one) for one in self.path],
            "checkpoint": self.checkpoint.decode(),
        }  # fmt: skip
        return strict.written(document | ({"extra": note.encoded(self.extra)} if self.extra else {}))


class Growth(Value):
    """That a log has grown from an older one of `old` entries: what a witness asks for."""

    old: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def text(self) -> bytes:
        """Return it as the request that tlog-witness specifies."""
        lines = [f"{_OLD}{self.old}", *map(note.encoded, self.path), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    def verify(self, old: Checkpoint, new: Checkpoint) -> None:
        """Verify it, between two checkpoints whose signatures were verified.

        Raises:
            TrustError: it does not hold.
        """
        if old.origin != new.origin or old.size != self.old:
            raise TrustError(f"the proof begins with {merkle.entries(self.old)}, and the checkpoint is of {old.size}")
        merkle.verify_consistency(old.size, old.root, new.size, new.root, self.path)


def prove(log: Log, index: int) -> Proof:
    """Return the proof that an entry is in a log.

    Raises:
        TrustError: it is not, or the log is damaged.
    """
    entry = log.entry(index)
    extra = entry if record.read(entry) else b""
    return Proof(index=index, path=log.inclusion(index, entry), checkpoint=log.checkpoint.note, extra=extra)


def verify_proof(
    proof: bytes | Proof,
    entry: bytes,
    log_public_keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey] = (),
    threshold: int | None = None,
) -> Checkpoint:
    """Verify that `entry` is in a log.

    Args:
        proof: as it is kept, text or JSON.
        entry: what should be in the log, itself or by a record of it: a line of `claims.jsonl` without its line end, a
            file, the bytes that were appended.
        log_public_keys: keys of logs that are trusted; one of them must have signed the checkpoint.
        witnesses: keys of witnesses.
        threshold: how many of them must have cosigned it; all, unless it is given.

    Returns:
        The log's checkpoint; `cosigned` says which witnesses saw it, and when.

    Raises:
        ConfigError: no key of a log is trusted, or more witnesses are wanted than there are.
        TrustError: it is not proven; the message says why.
    """
    it = proof if isinstance(proof, Proof) else read_proof(proof)
    found = checkpoints.verified(it.checkpoint, log_public_keys, witnesses, threshold, "the checkpoint of the proof")
    said = record.read(it.extra) if it.extra else None
    logged = it.extra if said is not None and said.names(entry) else entry
    if said is not None and logged is entry and entry != it.extra:
        raise TrustError(
            f"the proof is for something else: its record is of the SHA-256 {said.sha256}, {said.size} bytes"
        )
    merkle.verify_inclusion(merkle.leaf_hash(logged), it.index, found.size, it.path, found.root)
    return found


def read_proof(raw: bytes, what: str = "the proof") -> Proof:
    """Read a proof, text or JSON. Nothing is verified.

    Raises:
        TrustError: it is none.
    """
    if len(raw) > LONGEST:
        raise TrustError(f"{what} is longer than {LONGEST} bytes")
    try:
        return _of_json(raw, what) if raw.startswith(b"{") else _of_text(raw)
    except (ValueError, UnreadableError) as error:
        raise TrustError(f"{what} is no proof that something is in a log: {error}") from error


def read_growth(raw: bytes, what: str = "the proof") -> Growth:
    """Read a proof that a log has grown. Nothing is verified.

    Raises:
        TrustError: it is none.
    """
    if len(raw) > LONGEST:
        raise TrustError(f"{what} is longer than {LONGEST} bytes")
    try:
        return _of_request(raw)
    except ValueError as error:
        raise TrustError(f"{what} is no proof that a log has grown: {error}") from error


def is_growth(raw: bytes) -> bool:
    """Say whether bytes claim to be a proof that a log has grown."""
    return raw.startswith(_OLD.encode())


def _of_text(raw: bytes) -> Proof:
    lines, path, checkpoint = _parts(raw)
    if not lines or lines.pop(0) != _MAGIC:
        raise ValueError(f"it does not begin with {_MAGIC}")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = _extra(lines.pop(0).removeprefix("extra "))
    if len(lines) != 1 or not lines[0].startswith("index "):
        raise ValueError("there is no line 'index'")
    return Proof(index=_number(lines[0].removeprefix("index ")), path=path, checkpoint=checkpoint, extra=extra)


def _of_json(raw: bytes, what: str) -> Proof:
    document = strict.parsed(raw, what)
    if document.get("kind", str) != _KIND or not document.values.keys() <= _KEYS:
        raise UnreadableError(f"kind {_KIND} wanted")
    hashes = document.each("path", str)
    if len(hashes) > _MOST:
        raise ValueError("too many hashes")
    index = document.get("index", int)
    return Proof(
        index=_number(str(index)),
        path=tuple(_hash(one) for one in hashes),
        checkpoint=document.get("checkpoint", str).encode(),
        extra=_extra(document.get("extra", str)) if "extra" in document.values else b"",
    )


def _of_request(raw: bytes) -> Growth:
    lines, path, checkpoint = _parts(raw)
    if len(lines) != 1 or not lines[0].startswith(_OLD):
        raise ValueError(f"it does not begin with {_OLD!r}")
    return Growth(old=_number(lines[0].removeprefix(_OLD)), path=path, checkpoint=checkpoint)


def _parts(raw: bytes) -> tuple[list[str], tuple[bytes, ...], bytes]:
    """Return the lines that are no hashes, the hashes, and the checkpoint below the first empty line."""
    head, blank, checkpoint = raw.partition(b"\n\n")
    if not blank or len(checkpoint) > note.LONGEST:
        raise ValueError("there is no checkpoint below it")
    lines = head.decode("ascii").split("\n")
    at = next((i for i, line in enumerate(lines) if line.startswith(("index ", _OLD))), len(lines) - 1) + 1
    if len(lines) - at > _MOST:
        raise ValueError("too many hashes")
    return lines[:at], tuple(_hash(line) for line in lines[at:]), checkpoint


def _number(digits: str) -> int:
    if not _NUMBER.match(digits) or int(digits) > merkle.LARGEST:
        raise ValueError(f"{digits[:40]!r} is no number of an entry")
    return int(digits)


def _hash(text: str) -> bytes:
    data = note.decoded(text)
    if len(data) != merkle.HASH:
        raise ValueError(f"a hash of {len(data)} bytes")
    return data


def _extra(text: str) -> bytes:
    data = note.decoded(text)
    if len(data) > _EXTRA:
        raise ValueError(f"more than {_EXTRA} bytes of extra data")
    return data
