"""Kinds of numbers: what PyTorch and NumPy call them, what safetensors calls them, and how wide they are.

Sources: torch/storage.py (`_dtype_to_storage_type_map`, `_new_dtypes`), NumPy's array protocol
<https://numpy.org/doc/stable/reference/arrays.interface.html>, and the reference writer of safetensors, whose order of
kinds is that in which it lays tensors out.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

ORDER: Final = (
    *("U64", "I64", "F64", "C64", "F32", "U32", "I32", "BF16", "F16", "U16", "I16"),
    *("F8_E5M2FNUZ", "F8_E4M3FNUZ", "F8_E8M0", "F8_E4M3", "F8_E5M2", "I8", "U8", "F4", "BOOL"),
)
"""The kinds that safetensors names and PyTorch or NumPy write, in the order in which the reference writer lays them."""

WIDTH: Final = MappingProxyType(
    {kind: 8 if kind in {"U64", "I64", "F64", "C64"} else 4 if kind.endswith("32") else 2 for kind in ORDER[:11]}
    | dict.fromkeys(ORDER[11:], 1)
)
"""Bytes of an element. One of F4 is a byte that holds two numbers."""

PAIRS: Final = MappingProxyType({"C128": "F64", "C32": "F16"})
"""Complex numbers that safetensors cannot name, and the kind of which each is two: real part, imaginary part."""

TORCH: Final = MappingProxyType(
    {
        "float64": "F64", "double": "F64", "float32": "F32", "float": "F32", "float16": "F16", "half": "F16",
        "bfloat16": "BF16", "int64": "I64", "long": "I64", "int32": "I32", "int": "I32", "int16": "I16",
        "short": "I16", "int8": "I8", "uint8": "U8", "uint16": "U16", "uint32": "U32", "uint64": "U64",
        "bool": "BOOL", "complex64": "C64", "cfloat": "C64", "complex128": "C128", "cdouble": "C128",
        "complex32": "C32", "chalf": "C32", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
        "float8_e8m0fnu": "F8_E8M0", "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
        "float4_e2m1fn_x2": "F4",
    }
)  # fmt: skip
"""Kinds by the names of `torch.dtype`."""

STORAGES: Final = MappingProxyType(
    {
        "DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16",
        "LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8",
        "BoolStorage": "BOOL", "ComplexFloatStorage": "C64", "ComplexDoubleStorage": "C128",
        "QInt8Storage": "I8", "QUInt8Storage": "U8", "QInt32Storage": "I32", "UntypedStorage": "U8",
    }
)  # fmt: skip
"""Kinds by the classes of PyTorch's storages. Of a quantised one it is the kind of the whole numbers."""

PACKED: Final = frozenset({"QUInt4x2Storage", "QUInt2x4Storage"})
"""Storages whose bytes hold several numbers each: nothing in safetensors says so."""

NUMPY: Final = MappingProxyType(
    {
        "f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8", "u8": "U64",
        "u4": "U32", "u2": "U16", "u1": "U8", "b1": "BOOL", "c8": "C64", "c16": "C128", "b": "I8", "B": "U8",
        "?": "BOOL",
    }
)  # fmt: skip
"""Kinds by NumPy's codes, without the byte order."""

ML_DTYPES: Final = MappingProxyType(
    {
        "bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0",
        "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
    }
)  # fmt: skip
"""Kinds by the classes of the package `ml_dtypes`."""

PARTS: Final = MappingProxyType({"C64": 4})
"""Bytes of what is put in another byte order, where that is not the whole element."""


def width(kind: str) -> int:
    """Return the bytes of an element, also of a kind that safetensors cannot name."""
    return 2 * WIDTH[PAIRS[kind]] if kind in PAIRS else WIDTH[kind]
