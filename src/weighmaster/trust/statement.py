"""in-toto statements: what is claimed of which subjects.

Specification: <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>. Statements are plain JSON. The
bytes that were signed are the ones that are read and kept; they are never encoded again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from weighmaster.model.errors import TrustError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.record import Record
from weighmaster.trust import strict
from weighmaster.trust.envelope import IN_TOTO, Envelope
from weighmaster.trust.manifest import TREE_ALGORITHM, Manifest

TYPE: Final = "https://in-toto.io/Statement/v1"
_OLD_TYPE: Final = "https://in-toto.io/Statement/v0.1"
_HEX: Final = re.compile(r"[0-9a-f]{8,256}\Z")


class Subject(Value):
    """Something a statement is about: its name, and its digests in lower-case hexadecimal by algorithm."""

    name: str
    digests: tuple[tuple[str, str], ...]

    def digest(self, algorithm: str) -> str:
        """Return one digest, empty where there is none of that algorithm."""
        return dict(self.digests).get(algorithm, "")


class Statement(Value):
    """A statement that was read. `predicate` is a mapping, and not to be changed."""

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Any
    raw: bytes

    @property
    def tree(self) -> str:
        """The tree digest of what it is about; empty where it names none."""
        return next((digest for one in self.subjects if (digest := one.digest(TREE_ALGORITHM))), "")

    def is_about(self, manifest: Manifest) -> bool:
        """Say whether it is about these files, all of them and no others, under these names.

        A tree digest decides where there is one. Without it every file must be a subject by its path and SHA-256.
        """
        if self.tree:
            return self.tree == manifest.tree
        named = {(one.name, one.digest("sha256")) for one in self.subjects}
        return named == {(entry.path, entry.sha256) for entry in manifest.entries}


def statement(subjects: Sequence[Mapping[str, object]], predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """Return the bytes of a statement, to be signed as they are.

    Raises:
        TrustError: it is about nothing.
    """
    if not subjects:
        raise TrustError("a statement about nothing")
    return strict.written(
        {"_type": TYPE, "subject": list(subjects), "predicateType": predicate_type, "predicate": predicate}
    )


def read(envelope: Envelope, what: str = "the statement") -> Statement:
    """Read the statement in an envelope, whose signatures are verified elsewhere.

    Raises:
        TrustError: there is none in it.
    """
    if envelope.payload_type != IN_TOTO:
        raise TrustError(f"{what} is of the type {envelope.payload_type!r}, not {IN_TOTO}")
    document = strict.parsed(envelope.payload, what)
    try:
        return _statement(document, envelope.payload)
    except UnreadableError as error:
        raise TrustError(f"{what} is no in-toto statement: {error}") from error


def _statement(document: Record, raw: bytes) -> Statement:
    kind = document.get("_type", str)
    if kind not in {TYPE, _OLD_TYPE}:
        raise UnreadableError(f"_type: {kind!r} is not {TYPE}")
    subjects = [_subject(Record.of(one, f"subject[{i}]")) for i, one in enumerate(document.each("subject", dict))]
    if not subjects:
        raise UnreadableError("subject: it is about nothing")
    return Statement(
        subjects=tuple(subjects),
        predicate_type=document.get("predicateType", str),
        predicate=document.values.get("predicate") or {},
        raw=raw,
    )


def _subject(record: Record) -> Subject:
    digests = record.get("digest", dict)
    name = record.values.get("name") or ""
    if not isinstance(name, str):
        raise UnreadableError(f"{record.path}.name: str wanted")
    for algorithm, digest in digests.items():
        if not isinstance(digest, str) or not _HEX.match(digest):
            raise UnreadableError(f"{record.path}.digest.{algorithm}: lower-case hexadecimal wanted")
    if not digests:
        raise UnreadableError(f"{record.path}.digest: there is none")
    return Subject(name=name, digests=tuple(sorted(digests.items())))
