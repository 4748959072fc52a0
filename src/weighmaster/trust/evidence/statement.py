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
from weighmaster.trust.evidence.envelope import IN_TOTO, Envelope
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM, Manifest

TYPE: Final = "https://in-toto.io/Statement/v1"
_OLD_TYPE: Final = "https://in-toto.io/Statement/v0.1"
_HEX: Final = re.compile(r"[0-9a-f]{8,256}\Z")


class Subject(Value):
    """Something a statement is about: its name, and its digests in lower-case hexadecimal by algorithm.

    `annotations` are the texts that whoever states it put beside the digests.
    """

    name: str
    digests: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...] = ()

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

    def annotation(self, key: str) -> str:
        """Return what is noted under `key` at a subject; empty where nothing is."""
        return next((text for one in self.subjects for name, text in one.annotations if name == key), "")


class Whole:
    """An artifact's files, with what it takes to compare many statements with them."""

    def __init__(self, manifest: Manifest) -> None:
        self.tree = manifest.tree
        self.entries = manifest.by_path
        self._names: dict[str, str] = {}
        for entry in manifest.entries:
            self._names.setdefault(entry.sha256, entry.path)

    def differs(self, statement: Statement) -> str:
        """Return what shows that a statement is not about these files, in a sentence; empty where it is about them.

        A statement is about them if its tree digest is theirs. Without one every file must be a subject by its path
        and its SHA-256, and there must be no other subject. Files that are named beside a tree must be these, too: a
        statement whose subjects contradict each other could be read either way. A root digest of OpenSSF Model Signing
        is a subject without the name of any file, so it is about nothing here.
        """
        trees = {tree for one in statement.subjects if (tree := one.digest(TREE_ALGORITHM))}
        if len(trees) > 1:
            return "its subjects contradict each other: they name several trees"
        files = [one for one in statement.subjects if not one.digest(TREE_ALGORITHM) or one.digest("sha256")]
        odd = next(filter(None, map(self._differs, files)), "")
        if not trees:
            return odd or self._unnamed(files)
        if trees != {self.tree}:
            return odd or self._unnamed(files) or f"it is about the tree {trees.pop()}, and this is {self.tree}"
        return f"its subjects contradict each other: the tree is this one, but {odd}" if odd else ""

    def _differs(self, subject: Subject) -> str:
        digest, entry = subject.digest("sha256"), self.entries.get(subject.name)
        if entry is not None and entry.sha256 == digest:
            return ""
        if entry is not None:
            said = digest or f"no SHA-256 but {', '.join(algorithm for algorithm, _ in subject.digests)}"
            return f"{subject.name} has the SHA-256 {entry.sha256}, and it says {said}"
        elsewhere = self._names.get(digest)
        moved = f"; its bytes lie here as {elsewhere}" if elsewhere is not None else ""
        return f"it is about {subject.name or 'something without a name'}, which is not here{moved}"

    def _unnamed(self, files: Sequence[Subject]) -> str:
        named = {one.name for one in files}
        missing = next((path for path in self.entries if path not in named), None) if named else None
        return "" if missing is None else f"it does not name {missing}, which lies here"


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
        raise TrustError(f"{what} is of the type {envelope.payload_type[:80]!r}, not {IN_TOTO}")
    document = strict.parsed(envelope.payload, what)
    try:
        return _statement(document, envelope.payload)
    except UnreadableError as error:
        raise TrustError(f"{what} is no in-toto statement: {error}") from error


def _statement(document: Record, raw: bytes) -> Statement:
    kind = document.get("_type", str)
    if kind not in {TYPE, _OLD_TYPE}:
        raise UnreadableError(f"_type: {kind[:80]!r} is not {TYPE}")
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
    notes = record.values.get("annotations") or {}
    if not isinstance(notes, dict):
        raise UnreadableError(f"{record.path}.annotations: dict wanted")
    texts = tuple((key, text) for key, text in notes.items() if isinstance(text, str))
    return Subject(name=name, digests=tuple(sorted(digests.items())), annotations=texts)
