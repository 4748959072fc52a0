"""Records: what is logged of claims and files. Logs take short entries, and hold no secrets; so they hold digests.

A record is JSON on one line, with keys in order: `kind` (`claim`, `file`), `sha256` and `size` of what is logged,
`time` (seconds since 1970, as whoever appends it says), `tree` (the tree digest that a claim is about) and `type` (its
predicate's), or `name` (of a file).
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from weighmaster.model.errors import TrustError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.record import Record
from weighmaster.trust import strict
from weighmaster.trust.evidence import bundle, statement
from weighmaster.trust.evidence.envelope import Envelope

LONGEST: Final = 4096
"""Bytes of a record."""
_LONGEST_TEXT: Final = 256
"""Characters of a name or a type in a record; what is longer is cut."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")


class Logged(Value):
    """What a record says. `time` is what whoever appended it said, in seconds since 1970."""

    kind: str
    sha256: str
    size: int
    time: int
    tree: str = ""
    type: str = ""
    name: str = ""

    def written(self) -> bytes:
        """Return the record."""
        document: dict[str, str | int] = {
            "kind": self.kind, "sha256": self.sha256, "size": self.size, "time": self.time
        }  # fmt: skip
        document |= {key: value for key in ("tree", "type", "name") if (value := getattr(self, key))}
        return strict.written(document)

    def names(self, data: bytes) -> bool:
        """Say whether it is a record of these bytes."""
        return self.size == len(data) and self.sha256 == hashlib.sha256(data).hexdigest()


def of_claim(line: bytes, time: int) -> bytes:
    """Return the record of a line of `claims.jsonl`, whose line end does not count.

    Raises:
        TrustError: it is no envelope with a statement in it.
    """
    line = line.rstrip(b"\r\n")
    content = bundle.read(line, "the claim").content
    if not isinstance(content, Envelope):
        raise TrustError("the claim is a bare signature: a statement in an envelope is wanted")
    said = statement.read(content, "the claim")
    sha256, type_ = hashlib.sha256(line).hexdigest(), said.predicate_type[:_LONGEST_TEXT]
    return Logged(kind="claim", sha256=sha256, size=len(line), time=time, tree=said.tree, type=type_).written()


def of_file(name: str, sha256: str, size: int, time: int) -> bytes:
    """Return the record of a file: its name, its SHA-256 in lower-case hexadecimal, its size in bytes."""
    shown = name.encode(errors="backslashreplace").decode()[:_LONGEST_TEXT]
    return Logged(kind="file", sha256=sha256, size=size, time=time, name=shown).written()


def read(entry: bytes) -> Logged | None:
    """Return what a record says; nothing if an entry is none."""
    if len(entry) > LONGEST or not entry.startswith(b'{"kind":'):
        return None
    try:
        document = strict.parsed(entry, "the entry")
        found = Logged(
            kind=document.get("kind", str), sha256=document.get("sha256", str), size=document.get("size", int),
            time=document.get("time", int), tree=_text(document, "tree"), type=_text(document, "type"),
            name=_text(document, "name"),
        )  # fmt: skip
    except (TrustError, UnreadableError):
        return None
    good = _DIGEST.match(found.sha256) and found.kind in {"claim", "file"} and found.size >= 0
    return found if good and found.written() == entry else None


def of(entry: bytes, sha256: str) -> bool:
    """Say whether an entry is a record of what has that SHA-256."""
    return (found := read(entry)) is not None and found.sha256 == sha256


def _text(document: Record, key: str) -> str:
    return document.get(key, str) if key in document.values else ""
