"""PyTorch's zip: `data.pkl` names storages, which lie beside it as raw numbers.

Format: <https://github.com/pytorch/pytorch/blob/main/caffe2/serialize/inline_container.h>. The members themselves are
the business of the zip reader; this one says which of them are numbers, so that nobody looks for anything else there.
A member that would do something when it is unpickled (`torch.load(..., pickle_file=...)` takes any) is never called so.

`data.pkl` says how many elements each storage has, and PyTorch before 2.10 believed it: where the member holds fewer
bytes, tensors reach into memory that is not theirs (CVE-2026-24747).
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from math import prod
from typing import Final, TypeGuard

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.extend.tally import counted, weights
from weighmaster.machine.run import follow, is_name
from weighmaster.machine.shadow import Global, Handle, Result
from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Disagreement, Storage, Tensor
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import PartSource, Source
from weighmaster.reading.torch import DTYPES, ELEMENT_BYTES, is_contiguous
from weighmaster.reading.zip import LOCAL, STORED, Entry, is_zip, listed, names, open_entry

_MARKS: Final = frozenset({"data.pkl", "constants.pkl", "archive_format"})
"""The members whose folder is the root of a PyTorch archive."""
_PACKAGE: Final = ".data/extern_modules"
"""What marks the root of a `torch.package`."""
_FOLLOWED: Final = 16 << 20
"""The longest `data.pkl` that is followed a second time, for what it says of storages."""
_TENSORS: Final = 100_000
_REBUILD: Final = frozenset({"_rebuild_tensor", "_rebuild_tensor_v2"})
_HEAD: Final = 512
_OPCODES: Final = 1 << 20
"""Opcodes after which bytes that still have not broken are no numbers."""
_NOTES: Final = frozenset(
    {
        "version",
        "byteorder",
        ".format_version",
        ".storage_alignment",
        ".data/version",
        ".data/serialization_id",
        ".data/python_version",
        "archive_format",
        "archive_version",
    }
)
_NOTE: Final = pattern(rb"[0-9a-z_.]{0,64}\n?\Z")


def _matches(glance: Glance) -> bool:
    if not is_zip(glance.source, glance.head, glance.tail):
        return False
    try:
        return any(_is_mark(name) for name in names(glance.source, Budget()))
    except WeighmasterError:
        return False


def _is_mark(name: str) -> bool:
    # miniz looks names up without regard to case.
    folded = name.casefold()
    return folded.rpartition("/")[2] in _MARKS or folded.endswith(_PACKAGE)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    source, budget = cursor.source, cursor.budget
    roots = {_root(name) for name in names(source, budget) if _is_mark(name)}
    storages: dict[str, Entry] = {}
    pickles: list[Entry] = []
    for entry in listed(source, budget):
        budget.check_time()
        folded = entry.name.casefold()
        root = next((root for root in roots if folded.startswith(root)), None)
        if root is None or stat.S_ISLNK(entry.mode):
            continue
        if folded == f"{root}data.pkl":
            pickles.append(entry)
        elif _is_numbers(entry, root, cursor):
            storages[folded] = entry
            yield Storage(where=entry.at(where), size=entry.unpacked)
    for pickle in pickles:
        yield from _followed(pickle, storages, cursor, where)


def _root(name: str) -> str:
    folded = name.casefold()
    return folded.removesuffix(_PACKAGE) if folded.endswith(_PACKAGE) else folded[: folded.rfind("/") + 1]


def _followed(pickle: Entry, storages: dict[str, Entry], cursor: Cursor, where: Where) -> Iterator[Read]:
    """Yield the tensors that the pickle makes, and where it claims more of a storage than its member holds."""
    if max(pickle.packed, pickle.unpacked) > _FOLLOWED:
        return
    try:
        opened = open_entry(pickle, cursor.source, cursor.budget)
    except WeighmasterError:
        return  # The zip reader opens it too, and says so.
    folder = _root(pickle.name)
    told: set[str] = set()
    held_by: dict[str, tuple[str, int]] = {}
    tensors = 0
    for trace in follow(opened, allow=lambda _: cursor.budget.check_time()):
        for key, claimed in _claims(trace.handles):
            name = f"{folder}data/{key}".casefold()
            held = storages[name].unpacked if name in storages else claimed
            if claimed > held and name not in told:
                told.add(name)
                detail = f"storage {key!r} is {claimed} bytes in data.pkl, and {held} in the archive"
                yield Disagreement(where=pickle.at(where), kind="storage-size", detail=detail)
        held_by.update(_elements(trace.handles, folder, storages))
        for call in trace.calls:
            tensor = _tensor(call, folder, storages, where) if tensors < _TENSORS else None
            if tensor is not None:
                tensors += 1
                yield tensor
    if held_by:
        yield weights(where, counted(held_by.values()), len(held_by), "torch-zip")


def _tensor(call: Result, folder: str, storages: dict[str, Entry], where: Where) -> Tensor | None:
    """Return the tensor that a call makes, at its bytes in the file, where they stand there one after the other."""
    if not (isinstance(call.callee, Global) and call.callee.name in _REBUILD and isinstance(call.arguments, tuple)):
        return None
    match call.arguments:
        case (Handle() as handle, int() as offset, tuple() as shape, tuple() as stride, *_):
            pass
        case _:
            return None
    match handle.id:
        case ("storage", Global() as kind, str() as key, *_) if kind.name in DTYPES:
            entry = storages.get(f"{folder}data/{key}".casefold())
        case _:
            return None
    if entry is None or entry.method != STORED or not _are_counts(shape, stride) or not is_contiguous(shape, stride):
        return None
    width = ELEMENT_BYTES[kind.name]
    start, size = entry.data + offset * width, prod(shape) * width
    if offset < 0 or start + size > entry.data + entry.packed:
        return None
    place = where.span(start, start + size)
    return Tensor(where=place, name=f"data/{key}", dtype=DTYPES[kind.name], shape=shape)


def _are_counts(shape: tuple[object, ...], stride: tuple[object, ...]) -> TypeGuard[tuple[int, ...]]:
    return len(shape) == len(stride) and all(type(n) is int and n >= 0 for n in (*shape, *stride))


def _claims(handles: list[Handle]) -> Iterator[tuple[str, int]]:
    # ('storage', storage class, key, location, number of elements)
    for handle in handles:
        match handle.id:
            case ("storage", Global() as kind, str() as key, location, int() as count) if location != "meta":
                yield key, count * ELEMENT_BYTES.get(kind.name, 0)
            case _:
                continue


def _elements(handles: list[Handle], folder: str, storages: dict[str, Entry]) -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield for each storage its dtype, and how many elements its member holds of those that are claimed."""
    for handle in handles:
        match handle.id:
            case ("storage", Global() as kind, str() as key, location, int() as count) if location != "meta":
                width = ELEMENT_BYTES.get(kind.name, 0)
                entry = storages.get(f"{folder}data/{key}".casefold())
                if entry is not None and width:
                    yield key, (DTYPES.get(kind.name, kind.name), max(0, min(count, entry.unpacked // width)))
            case _:
                continue


def _is_numbers(entry: Entry, root: str, cursor: Cursor) -> bool:
    if entry.name.casefold()[len(root) :] in _NOTES:
        note = PartSource(cursor.source, entry.data, entry.data + entry.packed).read_at(0, _HEAD)
        return entry.method == STORED and _NOTE.match(note) is not None
    return entry.is_raw and not _does_something(entry, cursor)


def _does_something(entry: Entry, cursor: Cursor) -> bool:
    """Whether the bytes are an archive, or a pickle that names anything: numbers hardly ever are."""
    if entry.method != STORED and max(entry.packed, entry.unpacked) > _FOLLOWED:
        return True  # Nobody saves large numbers so; the engine looks at what they are.
    try:
        source = open_entry(entry, cursor.source, cursor.budget)
        head = source.read_at(0, _HEAD)
        return head[:4] == LOCAL or head[257:262] == b"ustar" or _names_something(source, cursor)
    except WeighmasterError:
        cursor.budget.check_time()
        return True


def _names_something(source: Source, cursor: Cursor) -> bool:
    opcodes = 0
    for trace in follow(source):
        cursor.budget.check_time()
        opcodes += trace.opcodes
        # Without a name there is nothing to call; numbers "call" extension codes and buffers now and then.
        if any(is_name(module, name) for module, name, *_ in trace.imports) or opcodes > _OPCODES:
            return True
    return False


FORMAT: Final = Format(id="torch-zip", title="PyTorch checkpoint (zip)", matches=_matches, read=_read, layer=True)
