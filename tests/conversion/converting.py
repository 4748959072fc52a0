"""Converting a file, and what the reference libraries say of it."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from unittest import mock

import torch
from safetensors.torch import load_file
from tests.samples.pickles import STOP, TUPLE3, long1, name, program, proto, value

from weighmaster.conversion.convert import Conversion, Wanted, convert
from weighmaster.model.value import replace
from weighmaster.sandbox import workers


def converted(data: bytes, *, alone: bool = False, **wanted: Any) -> tuple[Conversion, dict[str, torch.Tensor]]:
    """Convert bytes; return what was said, and the tensors as the reference library reads them.

    Only with `alone` a worker looks at them: to fork a process with PyTorch in it takes longer than all else.
    """
    here = partial(workers.run, isolate=alone)
    with tempfile.TemporaryDirectory() as folder, mock.patch("weighmaster.sandbox.workers.run", here):
        source, target = os.path.join(folder, "model.pt"), os.path.join(folder, "model.safetensors")
        with open(source, "wb") as file:
            file.write(data)
        done = convert(source, target, replace(Wanted(), **wanted))
        assert sorted(os.listdir(folder)) == ["model.pt", "model.safetensors"]
        return done, load_file(target)


def saved(thing: Any, *, zipped: bool = True) -> bytes:
    """Return what `torch.save` writes."""
    out = io.BytesIO()
    torch.save(thing, out, _use_new_zipfile_serialization=zipped)
    return out.getvalue()


def bits(tensor: torch.Tensor) -> tuple[torch.dtype, tuple[int, ...], bytes]:
    """Return all that two tensors must have in common to be the same, bit for bit."""
    plain = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor.detach()).view(-1)
    return tensor.dtype, tuple(tensor.shape), bytes(plain.untyped_storage())


def flat(thing: Any, path: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors of nested dictionaries, lists and tuples under the names that they are to have."""
    if isinstance(thing, torch.Tensor):
        yield path or "tensor", thing
    elif isinstance(thing, dict):
        for key, inner in thing.items():
            yield from flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(thing, (list, tuple)):
        for number, inner in enumerate(thing):
            yield from flat(inner, f"{path}.{number}" if path else str(number))


def same(got: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]) -> None:
    """Hold tensors to be the same, bit for bit, under the same names."""
    assert got.keys() == wanted.keys()
    for key, tensor in wanted.items():
        assert bits(got[key]) == bits(tensor), key


STORAGE = {torch.float32: "Float", torch.int64: "Long", torch.uint8: "Byte", torch.float16: "Half"}


def in_tar(tensors: Mapping[str, torch.Tensor]) -> bytes:
    """Return a file in PyTorch's first layout, which no PyTorch writes any more. Tensors may share their storages."""
    roots: dict[int, torch.Tensor] = {}
    for tensor in tensors.values():
        roots.setdefault(tensor.untyped_storage().data_ptr(), tensor)
    storages, described, ids = [_pickled(len(roots))], [_pickled(len(tensors))], {}
    for number, (pointer, tensor) in enumerate(roots.items()):
        ids[pointer] = f"s{number}"
        raw = bytes(tensor.untyped_storage())
        kind = name("torch", f"{STORAGE[tensor.dtype]}Storage")
        storages.append(program(proto(2), value(ids[pointer]), value("cpu"), kind, TUPLE3, STOP))
        storages.append(struct.pack("<q", len(raw) // tensor.element_size()) + raw)
    for number, tensor in enumerate(tensors.values()):
        kind = name("torch", f"{STORAGE[tensor.dtype]}Tensor")
        storage = value(ids[tensor.untyped_storage().data_ptr()])
        described.append(program(proto(2), value(number), storage, kind, TUPLE3, STOP))
        sizes = (*tensor.shape, *tensor.stride(), tensor.storage_offset())
        described.append(struct.pack(f"<ii{len(sizes)}q", tensor.dim(), 0, *sizes))
    entries = b"".join(bytes(value(key)) + bytes(value(number)) + b"Q" for number, key in enumerate(tensors))
    members = {
        "sys_info": _pickled({"protocol_version": 1000, "little_endian": True}),
        "pickle": b"\x80\x02}(" + entries + b"u.",
        "tensors": b"".join(described),
        "storages": b"".join([*storages, _pickled([])]),
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, data in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def stacked(thing: bytes, storages: Mapping[str, tuple[int, bytes]]) -> bytes:
    """Return stacked pickles around the pickle of an object: for each storage how many elements it says, and bytes."""
    magic = program(proto(2), long1(0x1950A86A20F9469CFC6C), STOP)
    head = magic + _pickled(1001) + _pickled({"little_endian": True}) + thing + _pickled(list(storages))
    return head + b"".join(struct.pack("<q", count) + data for count, data in storages.values())


def _pickled(thing: object) -> bytes:
    return program(proto(2), value(thing), STOP)
