"""Builders for files of numbers: safetensors and NumPy arrays, with every field open to be wrong."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any


def entry(dtype: str, shape: list[int], begin: int, end: int) -> dict[str, Any]:
    """Describe a tensor as a safetensors header does."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors(
    header: Mapping[str, Any] | str | bytes, data: bytes = b"", *, length: int | None = None, padding: int = 0
) -> bytes:
    """Write a safetensors file; `length` is what its first eight bytes say, if not the truth."""
    if not isinstance(header, str | bytes):
        header = json.dumps(header)
    if isinstance(header, str):
        header = header.encode()
    header += b" " * padding
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def npy(header: str | bytes, data: bytes = b"", *, version: tuple[int, int] = (1, 0)) -> bytes:
    """Write a `.npy` file with any header."""
    if isinstance(header, str):
        header = header.encode()
    length = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + length + header + data


def npy_of(descr: str, shape: str, data: bytes = b"", *, version: tuple[int, int] = (1, 0)) -> bytes:
    """Write a `.npy` file as NumPy would; `descr` and `shape` are Python source."""
    return npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n", data, version=version)
