"""Compressed files and array files that other loaders than `pickle.load` read."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import zlib
from typing import Any

from tests.samples.pickles import call, global_, name, pickle_of, program
from tests.samples.sample import COMMAND, SYSTEM, Table

_TABLE = Table("packed")
SAMPLES = _TABLE.samples
_raw = _TABLE.raw

_HOSTILE = pickle_of(call(name("posix", "system"), COMMAND))
_TEXTUAL = program(global_("posix", "system"), b"(S'" + COMMAND.encode() + b"'\ntR.")
_JOBLIB = {"loader": "joblib", "needs": ("joblib",)}
_PANDAS = {"loader": "pandas", "needs": ("pandas",)}


def _old_zfile(data: bytes) -> bytes:
    """Pack as joblib before 0.10 did: `ZF`, the size in hexadecimal padded to 19 characters, a zlib stream."""
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)


for _data, _kind in ((_HOSTILE, ""), (_TEXTUAL, "textual, ")):
    _raw(f"{_kind}joblib, not compressed", _data, SYSTEM, file="m.joblib", **_JOBLIB)
    _raw(f"{_kind}joblib, gzip", gzip.compress(_data, mtime=0), SYSTEM, file="m.joblib.gz", **_JOBLIB)
    _raw(f"{_kind}joblib, bz2", bz2.compress(_data), SYSTEM, file="m.joblib.bz2", **_JOBLIB)
    _raw(f"{_kind}joblib, xz", lzma.compress(_data), SYSTEM, file="m.joblib.xz", **_JOBLIB)
    _raw(f"{_kind}joblib, lzma alone", lzma.compress(_data, lzma.FORMAT_ALONE), SYSTEM, file="m.lzma", **_JOBLIB)
    _raw(f"{_kind}joblib, zlib, named .pkl", zlib.compress(_data), SYSTEM, file="m.pkl", **_JOBLIB)
    _raw(f"{_kind}joblib, ZFile of old", _old_zfile(_data), SYSTEM, file="m.z", **_JOBLIB)
_raw("joblib, gzip, no extension", gzip.compress(_HOSTILE, mtime=0), SYSTEM, file="model", **_JOBLIB)
_raw("joblib, xz, named .sav", lzma.compress(_HOSTILE), SYSTEM, file="model.sav", **_JOBLIB)
_raw("joblib, zlib level 0", zlib.compress(_HOSTILE, 0), SYSTEM, file="m.joblib", **_JOBLIB)
_raw(
    "joblib, gzip with trailing bytes cut off",
    gzip.compress(_HOSTILE, mtime=0)[:-8],
    SYSTEM,
    file="m.joblib",
    **_JOBLIB,
)
_raw(
    "joblib, bz2, two streams",
    bz2.compress(_HOSTILE[:10]) + bz2.compress(_HOSTILE[10:]),
    SYSTEM,
    file="m.joblib",
    **_JOBLIB,
)
_raw("zlib under one's own loader", zlib.compress(_HOSTILE), SYSTEM, file="model.bin", loader="zlib")
_raw("zlib without the usual header byte", zlib.compress(_HOSTILE, wbits=9), SYSTEM, file="model.bin", loader="zlib")
_raw(
    "base64 under one's own loader",
    base64.b64encode(_HOSTILE),
    SYSTEM,
    file="model.b64",
    loader="base64",
    expected="review",
)
_raw("pandas infers gzip", gzip.compress(_HOSTILE, mtime=0), SYSTEM, file="frame.pkl.gz", **_PANDAS)
_raw("pandas infers bz2", bz2.compress(_HOSTILE), SYSTEM, file="frame.pkl.bz2", **_PANDAS)
_raw("pandas infers xz", lzma.compress(_HOSTILE), SYSTEM, file="frame.pkl.xz", **_PANDAS)


def _zstandard() -> bytes:
    import zstandard

    return bytes(zstandard.compress(_HOSTILE))


def _lz4() -> bytes:
    import lz4.frame

    return bytes(lz4.frame.compress(_HOSTILE))


_raw("pandas infers zstd", _zstandard, SYSTEM, file="frame.pkl.zst", loader="pandas", needs=("pandas", "zstandard"))
_raw("joblib, lz4", _lz4, SYSTEM, file="m.joblib.lz4", loader="joblib", needs=("joblib", "lz4"))


class _Trap:
    def __reduce__(self) -> Any:
        import os

        return os.system, (COMMAND,)


def _joblib_with_arrays() -> bytes:
    import joblib
    import numpy as np

    file = io.BytesIO()
    joblib.dump([np.arange(10.0), _Trap(), np.ones((3, 3))], file)
    return file.getvalue()


def _joblib_object_array() -> bytes:
    import joblib
    import numpy as np

    file = io.BytesIO()
    array = np.empty(2, dtype=object)
    array[0] = _Trap()
    joblib.dump({"weights": np.arange(10.0), "objects": array}, file)
    return file.getvalue()


def _joblib_compressed_with_arrays() -> bytes:
    import joblib
    import numpy as np

    file = io.BytesIO()
    joblib.dump([np.arange(1000.0), _Trap()], file, compress=("zlib", 3))
    return file.getvalue()


def _torch(*, new: bool) -> bytes:
    import torch

    file = io.BytesIO()
    torch.save({"weight": torch.ones(2, 2), "hook": _Trap()}, file, _use_new_zipfile_serialization=new)
    return file.getvalue()


_raw("joblib arrays around the payload", _joblib_with_arrays, SYSTEM, loader="joblib", needs=("joblib", "numpy"))
_raw("joblib object array in the stream", _joblib_object_array, SYSTEM, loader="joblib", needs=("joblib", "numpy"))
_raw("joblib zlib with arrays", _joblib_compressed_with_arrays, SYSTEM, loader="joblib", needs=("joblib", "numpy"))
_raw(
    "torch zip of an object with a hook",
    lambda: _torch(new=True),
    SYSTEM,
    loader="torch",
    file="m.pt",
    needs=("torch",),
)
_raw(
    "torch legacy of an object with a hook",
    lambda: _torch(new=False),
    SYSTEM,
    loader="torch",
    file="m.pt",
    needs=("torch",),
)
