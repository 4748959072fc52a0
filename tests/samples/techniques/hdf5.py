"""HDF5 files that reach into other files, and pickles that lie in them in every way that HDF5 has to keep bytes."""

from __future__ import annotations

import base64
import os
import pickle
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tests.samples.pickles import call, global_, name, pickle_of, program
from tests.samples.sample import COMMAND, SYSTEM, After, Table, Unproven

_TABLE = Table("hdf5")
SAMPLES = _TABLE.samples
_raw = _TABLE.raw

_H5PY: Final = {"loader": "h5py", "needs": ("h5py",), "file": "model.h5"}
_PICKLES: Final = {"loader": "hdf5-pickles", "needs": ("h5py",), "file": "table.h5"}
_HOSTILE: Final = pickle_of(call(name("posix", "system"), COMMAND))
_TEXTUAL: Final = program(global_("posix", "system"), b"(S'" + COMMAND.encode() + b"'\ntR.")
_ODD: Final = b"I1\n0" + _TEXTUAL
"""A pickle that begins as no pickle does that Python writes."""
_VERSIONS: Final = ("earliest", "v110", "latest")
_STOLEN: Final = After("any(b'root:' in one for one in result.values())")


def hdf5_of(fill: Callable[[Any], None], version: str = "earliest", **options: Any) -> bytes:
    """Return what h5py writes when `fill` has filled a file."""
    import h5py

    with tempfile.TemporaryDirectory(prefix="weighmaster-") as folder:
        path = os.path.join(folder, "file.h5")
        with h5py.File(path, "w", libver=version, **options) as file:
            fill(file)
        with open(path, "rb") as written:
            return written.read()


def _external(*files: tuple[str, int, int], size: int = 40) -> Callable[[Any], None]:
    def fill(file: Any) -> None:
        file.create_dataset("layers/dense/kernel", (size,), "u1", external=list(files))

    return fill


def _virtual(path: str) -> Callable[[Any], None]:
    def fill(file: Any) -> None:
        import h5py

        layout = h5py.VirtualLayout((2, 10), "f4")
        layout[0] = h5py.VirtualSource("here.h5", "weights", (10,))
        layout[1] = h5py.VirtualSource(path, "weights", (10,))
        file.create_virtual_dataset("kernel", layout)

    return fill


def _linked(path: str) -> Callable[[Any], None]:
    def fill(file: Any) -> None:
        import h5py

        for number in range(20):
            file.create_group(f"layer {number}")
        file["layer 3/kernel"] = h5py.ExternalLink(path, "/kernel")

    return fill


def _dataset(**options: Any) -> Callable[[Any], None]:
    def fill(file: Any) -> None:
        import numpy as np

        data = np.frombuffer(_HOSTILE, "u1")
        file.create_dataset("state", data=data, **options)

    return fill


def _set(value: Callable[[], Any], *, attribute: bool) -> Callable[[Any], None]:
    def fill(file: Any) -> None:
        (file.attrs if attribute else file)["state"] = value()

    return fill


def _void(data: bytes) -> Callable[[], Any]:
    def make() -> Any:
        import numpy as np

        return np.void(data)

    return make


def _text(data: bytes) -> Callable[[], Any]:
    def make() -> Any:
        import numpy as np

        return np.bytes_(data)

    return make


def _ragged(file: Any) -> None:
    import h5py
    import numpy as np

    rows = file.create_dataset("rows", (3,), h5py.vlen_dtype("u1"))
    rows[0] = np.frombuffer(pickle.dumps([1, 2]), "u1")
    rows[2] = np.frombuffer(_HOSTILE, "u1")


def _crowded(file: Any) -> None:
    for number in range(30):
        file.attrs[f"note {number}"] = number
    file.attrs["state"] = _void(_HOSTILE)()


def _large(file: Any) -> None:
    file.attrs["state"] = _void(pickle_of(b"B" + (70_000).to_bytes(4, "little") + bytes(70_000), b"0", call(
        name("posix", "system"), COMMAND
    )))()  # fmt: skip


_OWN: Final = Unproven("one's own program decides what it does with the bytes; Keras and pandas never ask for them")
for _version in _VERSIONS:
    _raw(
        f"elements in another file, {_version}",
        partial(hdf5_of, _external(("/etc/passwd", 0, 40)), _version),
        _STOLEN,
        **_H5PY,
    )
    _raw(
        f"a pickle as an opaque dataset, {_version}",
        partial(hdf5_of, _set(_void(_HOSTILE), attribute=False), _version),
        SYSTEM,
        **_PICKLES,
    )
    _raw(
        f"a pickle as an opaque attribute, {_version}",
        partial(hdf5_of, _set(_void(_HOSTILE), attribute=True), _version),
        SYSTEM,
        **_PICKLES,
    )
    _raw(
        f"a pickle as a text attribute, as PyTables does it, {_version}",
        partial(hdf5_of, _set(_text(_TEXTUAL), attribute=True), _version),
        SYSTEM,
        **_PICKLES,
    )
    _raw(
        f"a pickle as a text attribute that begins oddly, {_version}",
        partial(hdf5_of, _set(_text(_ODD), attribute=True), _version),
        SYSTEM,
        **_PICKLES,
    )
    _raw(f"a pickle as bytes, {_version}", partial(hdf5_of, _dataset(), _version), SYSTEM, **_PICKLES)
    _raw(
        f"a pickle as bytes in packed chunks, {_version}",
        partial(hdf5_of, _dataset(chunks=(7,), compression="gzip", shuffle=True, fletcher32=True), _version),
        SYSTEM,
        **_PICKLES,
    )
    _raw(
        f"a pickle as bytes that may grow, {_version}",
        partial(hdf5_of, _dataset(chunks=(5,), maxshape=(None,), compression="lzf"), _version),
        SYSTEM,
        **_PICKLES,
    )
    _raw(
        f"a pickle among attributes that lie in a heap of their own, {_version}",
        partial(hdf5_of, _crowded, _version),
        SYSTEM,
        **_PICKLES,
    )
    _raw(f"a pickle in an array of arrays, {_version}", partial(hdf5_of, _ragged, _version), SYSTEM, **_PICKLES)
    _raw(
        f"a link to another file, {_version}",
        partial(hdf5_of, _linked("/srv/models/secret.h5"), _version),
        After('"can\'t open file" in str(result)'),
        **_H5PY,
    )
_raw(
    "elements gathered from another file",
    lambda: hdf5_of(_virtual("../../secret.h5")),
    Unproven("HDF5 opens the file past Python, which cannot see it"),
    file="model.h5",
)
_raw("a large pickle as an attribute", lambda: hdf5_of(_large, "latest"), SYSTEM, **_PICKLES)
_raw(
    "elements in a file beside it",
    lambda: hdf5_of(_external(("weights.raw", 0, 40))),
    Unproven("the file beside it is whatever its author put there"),
    file="model.h5",
    expected="review",
)
_raw(
    "elements in two files, the second of them elsewhere",
    lambda: hdf5_of(_external(("/etc/hostname", 0, 2), ("/etc/passwd", 0, 38))),
    _STOLEN,
    **_H5PY,
)
_raw(
    "elements in another file, behind a user block of text",
    lambda: _behind(b"A model.\n"),
    _STOLEN,
    **_H5PY,
)
_raw(
    "elements in another file, behind a user block that is a pickle",
    lambda: _behind(_HOSTILE),
    SYSTEM,
    file="model.pkl",
)
_raw(
    "elements in another file, behind a megabyte of spaces",
    lambda: b" " * (1 << 20) + hdf5_of(_external(("/etc/passwd", 0, 40))),
    _STOLEN,
    **_H5PY,
)
_raw(
    "a pickle in Base64 as text",
    lambda: hdf5_of(_set(lambda: base64.b64encode(_HOSTILE).decode(), attribute=True)),
    _OWN,
    file="table.h5",
)


def _deleted(file: Any) -> None:
    file["state"] = _void(_HOSTILE)()
    file["rest"] = 1
    del file["state"]


_raw(
    "a pickle in bytes that nothing refers to any more",
    lambda: hdf5_of(_deleted),
    Unproven("whoever knows the place reads it"),
    file="table.h5",
)
_raw("a pickle behind the end", lambda: hdf5_of(_deleted) + _HOSTILE, _OWN, file="table.h5")


def _behind(start: bytes) -> bytes:
    data = bytearray(hdf5_of(_external(("/etc/passwd", 0, 40)), userblock_size=512))
    data[: len(start)] = start
    return bytes(data)
