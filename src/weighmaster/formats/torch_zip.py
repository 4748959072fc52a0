"""PyTorch's zip: `data.pkl` names storages, which lie beside it as raw numbers.

Format: <https://github.com/pytorch/pytorch/blob/main/caffe2/serialize/inline_container.h>. The members themselves are
the business of the zip reader; this one says which of them are numbers, so that nobody looks for anything else there.
A member that would do something when it is unpickled (`torch.load(..., pickle_file=...)` takes any) is never called so.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.machine.run import plausible
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Storage
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import PartSource, Source
from weighmaster.reading.zip import DEFLATE, LOCAL, STORED, Entry, is_zip, listed, names

_MARKS: Final = ("data.pkl", "constants.pkl", "archive_format")
"""The members whose folder is the root of a PyTorch archive."""
_HEAD: Final = 4096
_NOTES: Final = frozenset(
    {
        "version",
        "byteorder",
        ".format_version",
        ".storage_alignment",
        ".data/version",
        ".data/serialization_id",
        "archive_format",
        "archive_version",
    }
)
_NOTE: Final = re.compile(rb"[0-9a-z_.]{0,64}\n?\Z")


def _matches(glance: Glance) -> bool:
    if not is_zip(glance.source, glance.head, glance.tail):
        return False
    try:
        return any(_is_mark(name) for name in names(glance.source, Budget()))
    except WeighmasterError:
        return False


def _is_mark(name: str) -> bool:
    # miniz looks names up without regard to case.
    return name.rpartition("/")[2].casefold() in _MARKS


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    source, budget = cursor.source, cursor.budget
    roots = {_root(name) for name in names(source, budget) if _is_mark(name)}
    for entry in listed(source, budget):
        budget.check_time()
        if entry.mode >> 12 == 0o12:  # A link is for the zip reader.
            continue
        root = next((root for root in roots if entry.name.casefold().startswith(root)), None)
        if root is not None and _is_numbers(entry, root, source):
            yield Storage(where=entry.at(where), size=entry.unpacked)


def _root(name: str) -> str:
    return name.casefold()[: name.rfind("/") + 1]


def _is_numbers(entry: Entry, root: str, source: Source) -> bool:
    if entry.name.casefold()[len(root) :] in _NOTES:
        return entry.unpacked <= 80 and _NOTE.match(_head(entry, source)) is not None
    if not entry.is_raw:
        return False
    head = _head(entry, source)
    return head[:4] != LOCAL and head[257:262] != b"ustar" and not plausible(head)


def _head(entry: Entry, source: Source) -> bytes:
    packed = PartSource(source, entry.data, entry.data + entry.packed).read_at(0, _HEAD)
    if entry.method == STORED:
        return packed
    if entry.method != DEFLATE:
        return LOCAL  # Unpacking for a look costs too much; nobody saves numbers like this.
    try:
        return zlib.decompressobj(-15).decompress(packed, _HEAD)
    except zlib.error:
        return LOCAL


FORMAT: Final = Format(id="torch-zip", title="PyTorch checkpoint (zip)", matches=_matches, read=_read)
