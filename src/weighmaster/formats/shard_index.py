"""The index of a model in several files: `weight_map` says which file each tensor lies in.

Format: <https://huggingface.co/docs/safetensors/metadata_parsing>,
<https://huggingface.co/docs/transformers/big_models#sharding>. Loaders open every file that the index names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Reference, Statement
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import LONGEST, document, may_be

_KEY: Final = "weight_map"
_FILES: Final = 4000
_SHOWN: Final = 400


def _matches(glance: Glance) -> bool:
    if not may_be(glance.head) or glance.size > LONGEST:
        return False
    if b'"weight_map"' not in glance.head and b"\\u00" not in glance.head and b'"weight_map"' not in glance.tail:
        # Writers put it first or last, and only a metadata key that is longer than a glance could hide it.
        text = glance.source.read_at(0, glance.size) if glance.size > len(glance.head) else b""
        if b'"weight_map"' not in text:
            return False
    found = document(glance.source)
    return isinstance(found, dict) and _KEY in found


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    root = document(cursor.source)
    weights = root.get(_KEY) if isinstance(root, dict) else None
    if not isinstance(weights, dict):
        raise UnreadableError("index: the weight_map is not a mapping")
    files = {value for value in weights.values() if isinstance(value, str)}
    for file in sorted(files)[:_FILES]:
        yield Reference(where=where, kind="shard", target=file[:_SHOWN], by="transformers")
    metadata = root.get("metadata")
    size = metadata.get("total_size") if isinstance(metadata, dict) else None
    if isinstance(size, (int, float)):
        yield Statement(
            where=where, key="total-size", value=f"{size:.0f}" if abs(size) < 1e30 else "inf", by="transformers"
        )
    if len(files) > _FILES:
        raise OverBudgetError(f"index: {len(files)} files, {_FILES} are looked at")
    if not all(isinstance(value, str) for value in weights.values()):
        raise UnreadableError("index: the weight_map names what is not a file")


FORMAT: Final = Format(
    id="shard-index", title="Index of a model in several files", matches=_matches, read=_read, layer=True
)
