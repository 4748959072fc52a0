"""OCI manifests and indices: which blobs make up an image, a model or an artifact, each by its digest.

Tools write a blob to the path in its annotations; a blob may name addresses to fetch it from.

Specifications: <https://github.com/opencontainers/image-spec/blob/main/manifest.md>, `image-index.md` and
`descriptor.md` beside it, <https://github.com/modelpack/model-spec>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Disagreement, Metadata, Reference
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.pattern import pattern
from weighmaster.reading.record import Record

_DIGEST: Final = pattern(r"(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}|blake3:[a-f0-9]{64})")
_PATHS: Final = frozenset({"org.opencontainers.image.title", "org.cncf.model.filepath", "org.cnai.model.filepath"})
_LISTS: Final = ("layers", "manifests", "blobs")
_ONES: Final = ("config", "subject")
_BLOBS: Final = 100_000
_TEXT: Final = 400


def _matches(glance: Glance) -> bool:
    if not may_be(glance.head) or b'"schemaVersion"' not in glance.head + glance.tail:
        return False
    found = document(glance.source)
    return isinstance(found, dict) and "schemaVersion" in found and any(isinstance(found.get(k), list) for k in _LISTS)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    found = Record.of(document(cursor.source)).values
    sizes: dict[str, Any] = {}
    blobs = [found[key] for key in _ONES if isinstance(found.get(key), dict)]
    for key in _LISTS:
        blobs += found[key] if isinstance(found.get(key), list) else []
    if len(blobs) > _BLOBS:
        raise OverBudgetError(f"oci: more than {_BLOBS} blobs")
    for blob in blobs:
        if not isinstance(blob, dict):
            raise UnreadableError("oci: a descriptor that is no object")
        yield from _descriptor(where, blob, sizes)
    yield from _annotations(where, found)


def _descriptor(where: Where, blob: Any, sizes: dict[str, Any]) -> Iterator[Read]:
    digest, size = blob.get("digest"), blob.get("size")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise UnreadableError(f"oci: {str(digest)[:_TEXT]!r} is no digest")
    if type(size) is not int or size < 0:
        raise UnreadableError(f"oci: {digest[:20]} has the size {str(size)[:40]!r}")
    if sizes.setdefault(digest, size) != size:
        detail = f"{digest[:20]} has {size} bytes here and {sizes[digest]} there"
        yield Disagreement(where=where, kind="size-differs", detail=detail)
    addresses = blob.get("urls")
    for address in addresses if isinstance(addresses, list) else []:
        if isinstance(address, str):
            yield Reference(where=where, kind="address", target=address[:_TEXT], by="oci")
    yield from _annotations(where, blob)


def _annotations(where: Where, holder: Any) -> Iterator[Read]:
    annotations = holder.get("annotations")
    for key, text in (annotations if isinstance(annotations, dict) else {}).items():
        if not isinstance(text, str):
            continue
        if key in _PATHS:
            yield Reference(where=where, kind="shard", target=text[:_TEXT], by="oci")
        else:
            yield Metadata(where=where, key=key[:_TEXT], text=text[: 10 * _TEXT])


FORMAT: Final = Format(id="oci", title="OCI manifest or index", matches=_matches, read=_read, layer=True)
