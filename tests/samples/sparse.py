"""Checkpoints of any size that take no room: the headers of a PyTorch archive or of safetensors, and nothing else."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterable


class Sparse:
    """Bytes of which most are zeros: `pieces` say what stands where."""

    def __init__(self, size: int, pieces: Iterable[tuple[int, bytes]]) -> None:
        self.size = size
        self._pieces = sorted(pieces)

    def read_at(self, offset: int, count: int) -> bytes:
        """Return a part."""
        data = bytearray(min(count, self.size - offset))
        for start, piece in self._pieces:
            first, last = max(start, offset), min(start + len(piece), offset + len(data))
            if first < last:
                data[first - offset : last - offset] = piece[first - start : last - start]
        return bytes(data)


def checkpoint(storages: int, size: int, *, program: bytes = b"") -> Sparse:
    """Return what `torch.save` writes for so many storages of `size` bytes; `program` is put before the STOP."""
    return _Archive().written(_pickle(storages, size, program), storages, size)


def _pickle(storages: int, size: int, program: bytes) -> bytes:
    import torch

    stream = io.BytesIO()
    torch.save({f"layer.{number}.weight": torch.zeros(4) for number in range(storages)}, stream)
    with zipfile.ZipFile(stream) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        data = archive.read(name)
    # Four elements, as BININT1 in a persistent id and in a shape, become as many as the storage holds.
    count = b"J" + struct.pack("<i", size // 4)
    data = data.replace(b"K\x04t", count + b"t").replace(b"K\x04\x85", count + b"\x85")
    return data[:-1] + program + b"." if program else data


class _Archive:
    """Writes a zip64 as PyTorch does: aligned data, sizes in the headers and after the data."""

    def __init__(self) -> None:
        self._at = 0
        self._pieces: list[tuple[int, bytes]] = []
        self._central = b""
        self._count = 0

    def written(self, program: bytes, storages: int, size: int) -> Sparse:
        self._member("archive/data.pkl", program, len(program))
        self._member("archive/byteorder", b"little", 6)
        for number in range(storages):
            self._member(f"archive/data/{number}", b"", size)
        self._member("archive/version", b"3\n", 2)
        start = self._at
        self._put(self._central)
        end = self._at
        self._put(
            struct.pack(
                "<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, self._count, self._count, len(self._central), start
            )
        )
        self._put(struct.pack("<IIQI", 0x07064B50, 0, end, 1))
        count = min(self._count, 0xFFFF)
        self._put(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(self._central), 0xFFFFFFFF, 0))
        return Sparse(self._at, self._pieces)

    def _put(self, data: bytes) -> None:
        self._pieces.append((self._at, data))
        self._at += len(data)

    def _member(self, name: str, body: bytes, size: int) -> None:
        at, crc, raw = self._at, zlib.crc32(body), name.encode()
        padding = -(at + 30 + len(raw) + 4) % 64
        extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
        fields = (0x0808, 0, 0, 0, crc, size, size, len(raw))
        self._put(struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, *fields, len(extra)) + raw + extra)
        self._put(body)
        self._at += size - len(body)
        self._put(struct.pack("<IIII", 0x08074B50, crc, size, size))
        wide = struct.pack("<HHQ", 1, 8, at) if at >= 0xFFFFFFFF else b""
        short = min(at, 0xFFFFFFFF)
        self._central += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, *fields, len(wide), 0, 0, 0, 0, short)
        self._central += raw + wide
        self._count += 1


def safetensors(tensors: int, size: int) -> Sparse:
    """Return a safetensors file of so many tensors of `size` bytes."""
    header = json.dumps(
        {
            f"layer.{number}.weight": {
                "dtype": "F32", "shape": [size // 4], "data_offsets": [number * size, (number + 1) * size]
            }
            for number in range(tensors)
        }
    ).encode()  # fmt: skip
    header += b" " * (-len(header) % 8)
    return Sparse(8 + len(header) + tensors * size, [(0, struct.pack("<Q", len(header)) + header)])
