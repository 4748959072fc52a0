"""The layouts of files that hold tensors, and where in them the numbers lie.

PyTorch's zip, its stacked pickles and its tar (torch/serialization.py, caffe2/serialize); NumPy's `.npy` and
`.npz`; pickles and joblib's files; each also inside one compressed stream.
"""

from __future__ import annotations

from typing import Final

from weighmaster.conversion.arrays import npy
from weighmaster.conversion.places import Place
from weighmaster.conversion.plan import ALONE
from weighmaster.conversion.program import Program
from weighmaster.conversion.stacked import Stacked
from weighmaster.conversion.storages import described
from weighmaster.conversion.tarred import Tar
from weighmaster.conversion.tensors import Leaf, Refused, Storage
from weighmaster.conversion.walk import Walk
from weighmaster.conversion.zipped import Zip, opened
from weighmaster.machine.shadow import Handle
from weighmaster.model.errors import UnreadableError
from weighmaster.model.where import Member, Where
from weighmaster.reading.signatures import LZ4, XZ, ZSTD, is_alone, is_zlib
from weighmaster.reading.tar import BLOCK, parse_header
from weighmaster.reading.torch import is_legacy
from weighmaster.reading.zip import LOCAL, is_zip, listed, names

_TAIL: Final = 22 + 65535
_DEEPEST: Final = 4
_ZFILE: Final = 21
_OTHERS: Final = (
    ("an exported program (torch.export)", "/models/model.json"),
    ("an exported program (torch.export)", "/serialized_exported_program.json"),
    ("a package of code (torch.package)", "/.data/extern_modules"),
)
"""Zips that hold tensors of which no pickle of a checkpoint tells: what they are, and what is in them."""


def gather(place: Place, walk: Walk, where: Where) -> tuple[str, str]:
    """Gather all tensors of a file; return what its layout is called, and whose tensors they are (`pt` or `np`).

    Raises:
        UnreadableError: it is of none of the layouts, or broken, or not all its readers would see the same.
        EncryptedError: it cannot be read without a key.
        OverBudgetError: it would take too much.
    """
    for _ in range(_DEEPEST):
        head = place.source.read_at(0, 4096)
        codec, skip = _codec(head)
        if not codec:
            return _gather(place, head, walk, where)
        place = place.part(skip, place.size).unpacked(codec)
        where /= Member(name="unpacked")
    raise UnreadableError("compressed more than once")


def _codec(head: bytes) -> tuple[str, int]:
    """Return what unpacks a stream that begins so, and where the stream begins."""
    if head[:2] == b"ZF" and is_zlib(head[_ZFILE : _ZFILE + 2]):
        return "zlib", _ZFILE
    begins = {b"\x1f\x8b": "gzip", b"BZh": "bz2", XZ: "xz", ZSTD: "zstd", LZ4: "lz4"}
    for magic, codec in begins.items():
        if head.startswith(magic):
            return codec, 0
    if is_zlib(head) and head[:1] == b"\x78":
        return "zlib", 0
    return ("lzma", 0) if is_alone(head) and head[:1] == b"\x5d" else ("", 0)


def _gather(place: Place, head: bytes, walk: Walk, where: Where) -> tuple[str, str]:
    source = place.source
    if is_zip(source, head, source.read_at(max(0, source.size - _TAIL), _TAIL)) or head[:4] == LOCAL:
        found = names(source, place.streams.budget)
        if any(name.rpartition("/")[2].casefold() == "data.pkl" for name in found):
            archive = Zip(place)
            archive.gather(walk, where)
            return ("torchscript" if archive.is_script else "torch-zip"), "pt"
        _npz(place, walk, where)
        return "npz", "np"
    if is_legacy(head):
        Stacked(place).gather(walk, where)
        return "torch-legacy", "pt"
    if parse_header(head[:BLOCK]) is not None:
        Tar(place).gather(walk, where)
        return "torch-tar", "pt"
    if head[:6] == b"\x93NUMPY":
        _npy(place, ALONE, walk, where)
        return "npy", "np"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") + 8 <= source.size:
        raise UnreadableError("this is a safetensors file already")
    program = Program(place, arrays=True)
    if program.stop < source.size:
        raise UnreadableError(f"{source.size - program.stop} bytes follow the pickle", offset=program.stop)
    walk.pickle(program, Alone(), where)
    return ("joblib" if program.arrays else "pickle"), "pt" if any("torch" in name for name in walk.names) else "np"


class Alone:
    """The persistent ids of a pickle that has no storages beside it; see `Resolver`."""

    def resolve(self, handle: Handle) -> Storage | Leaf | Refused | str:
        """See `Resolver`."""
        return described(handle)


def loaded(data: Place) -> Storage | Refused:
    """Return the storage that a file of PyTorch inside a pickle holds.

    Raises:
        UnreadableError: it is broken.
    """
    head = data.source.read_at(0, 64)
    files: Stacked | Zip = Zip(data) if head[:4] == LOCAL else Stacked(data)
    top = files.program.top
    found = files.resolve(top) if isinstance(top, Handle) else None
    return found if isinstance(found, (Storage, Refused)) else Refused("of something that is no storage")


def _npy(place: Place, name: str, walk: Walk, where: Where) -> None:
    try:
        made, objects = npy(place)
    except UnreadableError as error:
        raise UnreadableError(f"array {name!r}: {error}") from error
    if objects is None:
        walk.array(name, made, where)
    else:
        walk.pickle(Program(objects), Alone(), where, name)


def _npz(place: Place, walk: Walk, where: Where) -> None:
    entries = list(listed(place.source, place.streams.budget))
    if not any(entry.name.endswith(".npy") for entry in entries):
        what = next((what for what, sign in _OTHERS if any(sign in f"/{entry.name}" for entry in entries)), "a zip")
        raise UnreadableError(f"{what} with neither data.pkl nor arrays in it: nothing to convert")
    for entry in entries:
        if entry.name.endswith(".npy"):
            _npy(opened(place, entry), entry.name.removesuffix(".npy"), walk, entry.at(where))
        elif not entry.is_folder:
            walk.member(entry.name, "another member", entry.at(where))
