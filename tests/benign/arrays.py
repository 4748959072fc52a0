"""What NumPy writes: npy, npz, pickles of arrays, scalars and generators, and joblib's files of them."""

from __future__ import annotations

import os
import pickle
from typing import Any

import joblib
import numpy as np


def _arrays() -> dict[str, Any]:
    generator = np.random.default_rng(7)
    kinds = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16", ">i4", ">f8"]
    found: dict[str, Any] = {
        f"kind {kind.replace('>', 'big ')}": (generator.random((3, 4)) * 9).astype(kind) for kind in kinds
    }
    return found | {
        "dates": np.array(["2024-02-29", "NaT"], dtype="M8[D]"),
        "spans": np.array([1, 2], dtype="m8[ms]"),
        "text": np.array(["a", "bcd", "é"]),
        "bytes": np.array([b"a", b"bcd"]),
        "structured": np.array([(1, 2.0, "x")], dtype=[("a", "i4"), ("b", "f8"), ("c", "U3")]),
        "nested fields": np.zeros(3, dtype=[("p", [("x", "f4"), ("y", "f4", (2,))])]),
        "records": np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "objects": np.array([{"a": 1}, [1, 2], None, "x", 1.5], dtype=object),
        "object strings": np.array(["word", "other"], dtype=object),
        "zero-dimensional": np.array(5.0),
        "empty": np.zeros((0, 3)),
        "fortran": np.asfortranarray(generator.random((4, 5))),
        "strided": generator.random((10, 10))[::2, ::3],
        "large": generator.random((400, 400)),
        "void": np.zeros(2, dtype="V8"),
    }


def _others() -> dict[str, Any]:
    state = np.random.RandomState(3)
    return {
        "scalars": [
            np.float32(1.5),
            np.int64(3),
            np.bool_(True),
            np.complex64(1j),
            np.str_("a"),
            np.datetime64("2024-01-01"),
        ],
        "random state": state,
        "random state tuple": state.get_state(),
        "generator": np.random.default_rng(5),
        "generator mt": np.random.Generator(np.random.MT19937(5)),
        "generator philox": np.random.Generator(np.random.Philox(5)),
        "generator sfc": np.random.Generator(np.random.SFC64(5)),
        "masked": np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0]),
        "matrix": np.matrix([[1, 2], [3, 4]]),
        "dtypes": [np.dtype("f4"), np.dtype([("a", "i4")]), np.dtype("M8[ns]"), np.float32, np.int64],
        "ufuncs": [np.add, np.exp, np.log1p],
        "functions": [np.mean, np.argmax],
        "dictionary": {"weights": np.ones((2, 2)), "bias": np.zeros(2), "classes": np.array(["a", "b"], dtype=object)},
        "polynomial": np.polynomial.Polynomial([1.0, 2.0, 3.0]),
        "poly1d": np.poly1d([1.0, 2.0]),
    }


def write(folder: str) -> None:
    """Write every array in every format that may hold it."""
    arrays = _arrays()
    for name, item in arrays.items():
        np.save(os.path.join(folder, f"{name}.npy"), item, allow_pickle=True)
    np.savez(
        os.path.join(folder, "several.npz"),
        **{key.replace(" ", "_"): item for key, item in arrays.items() if item.dtype != object},
    )
    np.savez_compressed(os.path.join(folder, "compressed.npz"), a=arrays["large"], b=arrays["text"])
    np.savez(os.path.join(folder, "objects.npz"), a=arrays["objects"], b=arrays["large"])
    for name in ("kind f4", "objects", "structured", "dates", "fortran", "strided", "text", "records"):
        for protocol in (2, 4, 5):
            with open(os.path.join(folder, f"{name}-{protocol}.pkl"), "wb") as file:
                pickle.dump(arrays[name], file, protocol)
    for name, item in _others().items():
        for protocol in (2, 5):
            with open(os.path.join(folder, f"{name}-{protocol}.pkl"), "wb") as file:
                pickle.dump(item, file, protocol)
        joblib.dump(item, os.path.join(folder, f"{name}.joblib"))
    everything = list(arrays.values())
    joblib.dump(everything, os.path.join(folder, "arrays.joblib"))
    for method in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4"):
        joblib.dump(everything, os.path.join(folder, f"arrays {method}.joblib"), compress=(method, 3))
    for level in (1, 9):
        joblib.dump(everything, os.path.join(folder, f"arrays level {level}.pkl"), compress=level)
    for suffix in ("z", "gz", "bz2", "xz", "lzma"):
        joblib.dump(everything, os.path.join(folder, f"arrays.pkl.{suffix}"))
    for protocol in range(6):
        joblib.dump(everything, os.path.join(folder, f"arrays protocol {protocol}.joblib"), protocol=protocol)
