"""Sigstore bundles: a signature beside files, and what it lists where it is one over all files of a model.

Nothing is verified here: whoever wants to know who signed names a policy of trust. But a list that does not fit the
files beside it shows that they changed, whoever made it.

Formats: `Bundle` in <https://github.com/sigstore/protobuf-specs> (`sigstore_bundle.proto`), DSSE
(<https://github.com/secure-systems-lab/dsse>), and the predicate of <https://github.com/ossf/model-signing-spec>.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Listed
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import LONGEST, document, may_be
from weighmaster.reading.pattern import pattern
from weighmaster.reading.record import Record

_MARK: Final = b"dev.sigstore.bundle"
_SIGNATURE: Final = "https://model_signing/signature/v1.0"
_OURS: Final = "weighmaster"
_ALGORITHM: Final = "sha256"
_DIGEST: Final = pattern(r"[0-9a-f]{64}")
_ALONE: Final = "."
"""How the format calls the only file of what is a file."""
_AT_ONCE: Final = 200
_LONGEST_PATH: Final = 4096
_MOST: Final = 1_000_000
_WEIGHT: Final = 10
"""Times its length that a text may take in memory as objects."""


def _matches(glance: Glance) -> bool:
    if not may_be(glance.head) or glance.size > LONGEST or _MARK not in glance.head + glance.tail:
        return False
    found = document(glance.source)
    return isinstance(found, dict) and isinstance(found.get("mediaType"), str) and "verificationMaterial" in found


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    found = document(cursor.source)
    envelope = found.get("dsseEnvelope") if isinstance(found, dict) else None
    if not isinstance(envelope, dict):
        return  # A signature over a file.
    payload = _payload(cursor, Record.of(envelope, "dsseEnvelope").get("payload", str))
    if payload.values.get("predicateType") != _SIGNATURE:
        return
    listed = _listed(payload)
    if not listed:
        return
    predicate = Record.of(payload.get("predicate", dict), "predicate")
    left_out = () if _OURS in predicate.values else _left_out(predicate)
    paths = sorted(listed)
    for start in range(0, len(paths), _AT_ONCE):
        part = paths[start : start + _AT_ONCE]
        yield Listed(where=where, paths=tuple(part), digests=tuple(map(listed.__getitem__, part)), left_out=left_out)


def _payload(cursor: Cursor, text: str) -> Record:
    cursor.budget.hold(_WEIGHT * len(text))
    try:
        return Record.of(json.loads(binascii.a2b_base64(text)), "payload")
    except (ValueError, RecursionError) as error:
        raise UnreadableError("signature: its payload is no JSON in Base64") from error


def _listed(payload: Record) -> dict[str, str]:
    """Return the SHA-256 of each file; nothing where other digests or parts of files were signed."""
    predicate = Record.of(payload.get("predicate", dict), "predicate")
    serialization = Record.of(predicate.get("serialization", dict), "predicate.serialization")
    if serialization.values.get("method") != "files":
        return {}
    resources = list(predicate.each("resources", dict))
    ours: Any = predicate.values.get(_OURS)
    if isinstance(ours, dict) and "resources" in ours:
        resources += Record.of(ours, f"predicate.{_OURS}").each("resources", dict)
    if len(resources) > _MOST:
        raise OverBudgetError(f"signature: more than {_MOST} files")
    listed: dict[str, str] = {}
    for item in resources:
        one = Record.of(item, "predicate.resources")
        path, digest = one.get("name", str), one.get("digest", str)
        if one.values.get("algorithm") != _ALGORITHM or not _DIGEST.fullmatch(digest):
            return {}
        if len(path) > _LONGEST_PATH:
            raise UnreadableError(f"signature: it lists a path of {len(path)} characters")
        if listed.setdefault(path, digest) != digest:
            raise UnreadableError("signature: it lists a file twice, with two digests")
    if list(listed) == [_ALONE]:
        subjects = payload.each("subject", dict)
        return {Record.of(subjects[0], "subject").get("name", str): listed[_ALONE]} if subjects else {}
    return listed


def _left_out(predicate: Record) -> tuple[str, ...]:
    paths = Record.of(predicate.get("serialization", dict), "predicate.serialization").values.get("ignore_paths")
    return tuple(path for path in paths if isinstance(path, str)) if isinstance(paths, list) else ()


FORMAT: Final = Format(id="sigstore-bundle", title="Sigstore bundle", matches=_matches, read=_read, layer=True)
