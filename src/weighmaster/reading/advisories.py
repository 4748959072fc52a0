"""Copies of advisories: a report, a record, a folder of records, or the archive of a database.

The database of OSV gives out an archive for each ecosystem, with one record a file:
<https://google.github.io/osv.dev/data/>. Of tens of thousands of records only those are parsed that name a package
which is asked for.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from weighmaster.model.errors import ConfigError
from weighmaster.reading.pattern import pattern

_RECORD: Final = 16 << 20
"""Bytes of one record or report."""
_RECORDS: Final = 2_000_000
_NAMED: Final = pattern(rb'"name"\s*:\s*"([^"\\]{1,200})"')
_DEPTH: Final = 6


class Copies(NamedTuple):
    """What was read of a copy: documents that name what is asked for, how many there were, how many cannot be read."""

    documents: list[Any]
    seen: int
    broken: int


def copies(path: str, wanted: Callable[[str], bool]) -> Copies:
    """Read a copy of advisories; `wanted` says of a name whether records about it are asked for.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    found: list[Any] = []
    seen = broken = 0
    try:
        for raw in _raw(path):
            seen += 1
            if raw is None or not (_is_record(raw) or _is_report(raw)):
                broken += 1
            elif any(wanted(name.decode("utf-8", "replace")) for name in set(_NAMED.findall(raw))) or _is_report(raw):
                try:
                    found += _documents(json.loads(raw))
                except (ValueError, RecursionError):
                    broken += 1
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except zipfile.BadZipFile as error:
        raise ConfigError(f"{path}: no archive of advisories: {error}") from error
    if not seen:
        raise ConfigError(f"{path}: no advisories are in it")
    return Copies(found, seen, broken)


def _is_report(raw: bytes) -> bool:
    return b'"vulns"' in raw or b'"skip_reason"' in raw or b'"vulnerabilities"' in raw or b'"dependencies"' in raw


def _is_record(raw: bytes) -> bool:
    """Say whether a text may be a record of OSV: other JSON says nothing of anything, and must not pass for a copy."""
    return raw.lstrip().startswith((b"{", b"[")) and (b'"affected"' in raw or b'"modified"' in raw)


def _documents(document: Any) -> list[Any]:
    """Return the records of a document; pip-audit wrote a bare list before its version 2.0."""
    if isinstance(document, list):
        if any(isinstance(one, dict) and ("vulns" in one or "skip_reason" in one) for one in document):
            return [{"dependencies": document}]
        return document
    held = document.get("vulns") if isinstance(document, dict) and "id" not in document else None
    return held if isinstance(held, list) else [document]


def _raw(path: str) -> Iterator[bytes | None]:
    """Yield the bytes of each record; None for one that cannot be read."""
    if os.path.isdir(path):
        yield from _folder(path)
    elif zipfile.is_zipfile(path):
        yield from _archive(path)
    else:
        yield _file(path)


def _folder(path: str) -> Iterator[bytes | None]:
    count = 0
    depth = path.rstrip(os.sep).count(os.sep)
    for folder, folders, names in os.walk(path):
        folders.sort()
        if folder.count(os.sep) - depth >= _DEPTH:
            folders.clear()
        for name in sorted(names):
            if not name.endswith((".json", ".zip")):
                continue
            count += 1
            if count > _RECORDS:
                raise ConfigError(f"{path}: more than {_RECORDS} records")
            full = os.path.join(folder, name)
            if name.endswith(".zip"):
                yield from _archive(full)
            else:
                yield _file(full)


def _file(path: str) -> bytes | None:
    with open(path, "rb") as file:
        raw = file.read(_RECORD + 1)
    return raw if len(raw) <= _RECORD else None


def _archive(path: str) -> Iterator[bytes | None]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > _RECORDS:
            raise ConfigError(f"{path}: more than {_RECORDS} records")
        for member in members:
            if not member.filename.endswith(".json"):
                continue
            if member.file_size > _RECORD:
                yield None
                continue
            try:
                with archive.open(member) as file:
                    raw = file.read(_RECORD + 1)
            except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
                yield None
                continue
            yield raw if len(raw) <= _RECORD else None
