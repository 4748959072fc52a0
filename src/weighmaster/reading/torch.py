"""What PyTorch's layouts have in common: the magic number, and how large an element of each storage is.

Source: torch/serialization.py and torch/storage.py of PyTorch 2.13.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

_MAGIC: Final = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
"""LONG1 of `MAGIC_NUMBER`, and STOP."""

ELEMENT_BYTES: Final = MappingProxyType(
    {
        "DoubleStorage": 8,
        "FloatStorage": 4,
        "HalfStorage": 2,
        "BFloat16Storage": 2,
        "LongStorage": 8,
        "IntStorage": 4,
        "ShortStorage": 2,
        "CharStorage": 1,
        "ByteStorage": 1,
        "BoolStorage": 1,
        "ComplexFloatStorage": 8,
        "ComplexDoubleStorage": 16,
        "QInt8Storage": 1,
        "QUInt8Storage": 1,
        "QInt32Storage": 4,
        "QUInt4x2Storage": 1,
        "QUInt2x4Storage": 1,
        "UntypedStorage": 1,
    }
)
"""Bytes of one element, by the class that a persistent id names."""


DTYPES: Final = MappingProxyType(
    {
        "DoubleStorage": "F64",
        "FloatStorage": "F32",
        "HalfStorage": "F16",
        "BFloat16Storage": "BF16",
        "LongStorage": "I64",
        "IntStorage": "I32",
        "ShortStorage": "I16",
        "CharStorage": "I8",
        "ByteStorage": "U8",
        "BoolStorage": "BOOL",
        "ComplexFloatStorage": "C64",
    }
)
"""What safetensors calls the elements of a storage class."""


def is_contiguous(shape: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether a tensor's elements stand one after the other, the last index first.

    >>> is_contiguous((2, 3), (3, 1)), is_contiguous((2, 3), (1, 2))
    (True, False)
    """
    step = 1
    for count, wanted in zip(reversed(shape), reversed(stride), strict=True):
        if count != 1 and wanted != step:
            return False
        step *= count
    return True


def is_legacy(head: bytes) -> bool:
    """Whether a file that begins so is read by torch's loader for stacked pickles."""
    if head[:1] != b"\x80":
        return False
    # PROTO, and from protocol 4 on a FRAME, come before the number.
    return head.startswith(_MAGIC, 2) or (head[2:3] == b"\x95" and head.startswith(_MAGIC, 11))
