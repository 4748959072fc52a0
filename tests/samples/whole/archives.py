"""Whole archives, streams and old checkpoints, a few hundred bytes each."""

from __future__ import annotations

import base64
import binascii
import lzma
import struct
import zlib
from typing import Final

import brotli
from tests.samples.archives import LZMA_CODER, honest_tar, lzma_packed, seven_zip_of
from tests.samples.pickles import STOP, TUPLE3, call, name, program, proto, value
from tests.samples.zips import DEFLATED, zip_of
from tests.samples.zips import member as zipped

_PICKLE: Final = b"cposix\ngetcwd\n(tR."
_SOURCE: Final = (
    b"import os\nclass M(Module):\n  __parameters__ = []\n  training : bool\n"
    b"  def forward(self: __torch__.M, x: Tensor) -> Tensor:\n    y = torch.add(x, 1)\n    return ops.mine.f(y)\n"
)
_MAGIC: Final = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
"""The number with which torch's stacked pickles begin, as a pickle."""


def whole() -> list[bytes]:
    """Return the files."""
    files = {"a.pkl": _PICKLE, "b.py": _SOURCE}
    return [
        b"",
        brotli.compress(_PICKLE * 9 + _SOURCE),
        seven_zip_of(files),
        seven_zip_of(files, pack=lzma_packed, coder=LZMA_CODER),
        _torch_package(),
        _torchscript(),
        _torch_tar(),
        _torch_legacy(),
        _hyperparameters(),
        _png(),
        # Bytes of no format, with one inside.
        bytes(range(1, 99)) + zip_of([zipped("a.pkl", _PICKLE)]) + _PICKLE + b"\xff" * 9,
        *_written(program(proto(2), call(name("os", "getcwd")), STOP)),
        *_streams(_PICKLE),
        *('{"_target_": "os.getcwd"}'.encode(encoding) for encoding in ("utf-16", "utf-32-be")),
        _stored() * 2,
        # A tensor of ONNX alone: its shape, its type, its name, its numbers.
        b"\x08\x02\x10\x01\x42\x01a\x4a\x08" + bytes(8),
    ]


def _torch_package() -> bytes:
    members = {"p/mine.py": _SOURCE, "p/m/m.pkl": _PICKLE, "p/.data/extern_modules": b"os\n", "p/.data/version": b"6\n"}
    return zip_of([zipped(path, data, method=DEFLATED) for path, data in members.items()])


def _torchscript() -> bytes:
    code = {"m/data.pkl": _PICKLE, "m/code/__torch__.py": _SOURCE, "m/constants.pkl": b"\x80\x02).", "m/version": b"3"}
    return zip_of([zipped(path, data) for path, data in code.items()])


def _stored() -> bytes:
    return zip_of([zipped("archive/data.pkl", _PICKLE), zipped("archive/data/0", bytes(8))])


def _pickled(thing: object) -> bytes:
    return program(proto(2), value(thing), STOP)


def _torch_tar() -> bytes:
    storage = program(proto(2), value("a"), value("cpu"), name("torch", "FloatStorage"), TUPLE3, STOP)
    tensor = program(proto(2), value(5), value("a"), name("torch", "FloatTensor"), TUPLE3, STOP)
    members = {
        "sys_info": _pickled({"protocol_version": 1000}),
        "pickle": _PICKLE,
        "tensors": _pickled(1) + tensor + struct.pack("<ii4qq", 2, 0, 2, 5, 5, 1, 0),
        "storages": _pickled(1) + storage + struct.pack("<q", 10) + bytes(40) + _pickled([]),
    }
    return honest_tar(members.items())


def _torch_legacy() -> bytes:
    storage = program(value("storage"), name("torch", "FloatStorage"), value("0"), value("cpu"), value(2), b"(t")
    stacked = [_pickled(1001), _pickled({"little_endian": True}), program(proto(2), storage, b"Q", STOP)]
    return _MAGIC + b"".join(stacked) + _pickled(["0"]) + struct.pack("<q", 2) + bytes(8)


def _hyperparameters() -> bytes:
    return _pickled(
        {"state_dict": {"w": 1}, "hyper_parameters": {"m": {"_target_": "os.getcwd"}, "_instantiator": "m"}}
    )


def _png() -> bytes:
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (b"tEXt", b"note\0hi"), (b"IDAT", b"\0\0"))
    body = (struct.pack(">I", len(data)) + kind + data + bytes(4) for kind, data in (*parts, (b"IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + b"".join(body) + _PICKLE


def _written(data: bytes) -> list[bytes]:
    return [base64.b64encode(data), base64.encodebytes(data * 3), binascii.hexlify(data)]


def _streams(data: bytes) -> list[bytes]:
    return [
        b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data),
        # One block that is not packed: of lz4, behind a frame to skip, and of zstd.
        b"\x50\x2a\x4d\x18\2\0\0\0hi\x04\x22\x4d\x18\x40\x40\xc0"
        + struct.pack("<I", 1 << 31 | len(data))
        + data
        + bytes(4),
        b"\x28\xb5\x2f\xfd\x20" + bytes([len(data)]) + (len(data) << 3 | 1).to_bytes(3, "little") + data,
        lzma.compress(data, check=lzma.CHECK_NONE),
    ]
