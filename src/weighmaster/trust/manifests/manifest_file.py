"""A manifest as a file: JSON, one line a file, so that a difference between two of them can be read.

```
{"schema": "weighmaster.manifest/1", "tree": "<64 hex digits>", "chunk": 67108864, "files": [
{"path": "config.json", "size": 3, "sha256": "<hex>", "blake3": "<hex>", "chunks": ["<hex>"]},
{"path": "model.safetensors", "size": 3, "sha256": "<hex>"}
]}
```

Files stand in the order of the bytes of their paths. `blake3` and `chunks` stand there both or not at all. `tree` is
the tree digest (`weighmaster.trust.manifests.manifest`) of the files, and is compared with them: it shows a mistake,
it proves nothing. It does not bind `blake3` and `chunks`: who takes those from a file must trust the file.

The same manifest gives the same bytes.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any, Final

from weighmaster.model.errors import ConfigError, TrustError, UnreadableError
from weighmaster.reading.record import Record
from weighmaster.trust import strict
from weighmaster.trust.manifests.files import check_names
from weighmaster.trust.manifests.manifest import CHUNK, Entry, Manifest, encoded

SCHEMA: Final = "weighmaster.manifest/1"
_HEX: Final = re.compile("[0-9a-f]{64}")
_LARGEST: Final = 1 << 63
"""Bytes that no file has."""
_TOP: Final = frozenset({"schema", "tree", "chunk", "files"})
_FIELDS: Final = frozenset({"path", "size", "sha256", "blake3", "chunks"})


def write_manifest(manifest: Manifest) -> str:
    """Return the text of a manifest."""
    lines = ",\n".join(_line(entry) for entry in manifest.entries)
    head = f'{{"schema": "{SCHEMA}", "tree": "{manifest.tree}", "chunk": {CHUNK}, "files": ['
    return f"{head}\n{lines}\n]}}\n" if lines else f"{head}]}}\n"


def read_manifest(path: str | os.PathLike[str]) -> Manifest:
    """Read a manifest from a file.

    Raises:
        ConfigError: there is no such file.
        TrustError: it is no manifest, or contradicts itself; the message names the place.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            raw = file.read(strict.LONGEST + 1)
    except OSError as error:
        raise ConfigError(f"the manifest {name} cannot be read: {error.strerror}") from error
    return parse_manifest(raw, name)


def parse_manifest(raw: bytes, name: str = "the manifest") -> Manifest:
    """Read a manifest; `name` is what errors call it.

    Raises:
        TrustError: it is none, or contradicts itself; the message names the place.
    """
    record = strict.parsed(raw, name)
    try:
        return _manifest(record)
    except (TrustError, UnreadableError) as error:
        raise TrustError(f"{name}: {error}") from error


def _line(entry: Entry) -> str:
    fields: dict[str, Any] = {"path": entry.path, "size": entry.size, "sha256": entry.sha256}
    if entry.blake3:
        fields |= {"blake3": entry.blake3, "chunks": entry.chunks}
    return json.dumps(fields, ensure_ascii=False)


def _manifest(record: Record) -> Manifest:
    if (schema := record.values.get("schema")) != SCHEMA:
        raise TrustError(f"schema: {SCHEMA!r} wanted, {str(schema)[:80]!r} found: weighmaster digest writes manifests")
    _no_others(record, _TOP)
    if record.get("chunk", int) != CHUNK:
        raise TrustError(f"chunk: {CHUNK} wanted, {record.values['chunk']} found")
    files = record.each("files", dict)
    entries = [_entry(Record(values=file, path=f"files[{number}]")) for number, file in enumerate(files)]
    manifest = Manifest.of(entries)
    check_names(entry.path for entry in entries)
    if manifest.tree != record.get("tree", str):
        raise TrustError(f"tree: the tree digest of these files is {manifest.tree}; the list was changed")
    return manifest


def _entry(record: Record) -> Entry:
    _no_others(record, _FIELDS)
    path, size = record.get("path", str), record.get("size", int)
    encoded(path)
    if not 0 <= size < _LARGEST:
        raise TrustError(f"{record.path}.size: {size} is no size of a file")
    sha256 = _hex(record.get("sha256", str), f"{record.path}.sha256")
    if record.values.keys().isdisjoint({"blake3", "chunks"}):
        return Entry(path=path, size=size, sha256=sha256)
    whole = _hex(record.get("blake3", str), f"{record.path}.blake3")
    chunks = tuple(_hex(chunk, f"{record.path}.chunks") for chunk in record.each("chunks", str))
    if len(chunks) != -(-size // CHUNK):
        raise TrustError(f"{record.path}.chunks: {-(-size // CHUNK)} digests wanted, {len(chunks)} found")
    if len(chunks) == 1 and chunks[0] != whole:
        raise TrustError(f"{record.path}.chunks: the only chunk of a file has another digest than the file")
    return Entry(path=path, size=size, sha256=sha256, blake3=whole, chunks=chunks)


def _hex(text: str, place: str) -> str:
    if not _HEX.fullmatch(text):
        raise TrustError(f"{place}: 64 hexadecimal digits in lower case wanted, {text[:80]!r} found")
    return text


def _no_others(record: Record, known: frozenset[str]) -> None:
    unknown = sorted(record.values.keys() - known)
    if unknown:
        where = f"{record.path}: " if record.path else ""
        raise TrustError(f"{where}{unknown[0][:80]!r} is no field of {SCHEMA}")
