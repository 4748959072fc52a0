"""The layouts of files that hold tensors, and where in them the numbers lie.

PyTorch's zip, its stacked pickles and its tar (torch/serialization.py, caffe2/serialize); NumPy's `.npy` and
`.npz`; pickles and joblib's files; each also inside one compressed stream.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from weighmaster.conversion.arrays import npy
from weighmaster.conversion.numbers import PACKED, STORAGES, width
from weighmaster.conversion.places import Place
from weighmaster.conversion.program import Program
from weighmaster.conversion.tensors import Leaf, Refused, Storage, strided
from weighmaster.conversion.walk import ALONE, Walk
from weighmaster.machine.shadow import Global, Handle, Items
from weighmaster.model.errors import EncryptedError, UnreadableError
from weighmaster.model.where import Member, Where
from weighmaster.reading.signatures import LZ4, XZ, ZSTD, is_alone, is_zlib
from weighmaster.reading.tar import BLOCK, parse_header
from weighmaster.reading.tar import Entry as TarEntry
from weighmaster.reading.tar import walk as tar_members
from weighmaster.reading.torch import is_legacy
from weighmaster.reading.zip import LOCAL, STOPPING, STORED, Entry, is_zip, listed, names

_TAIL: Final = 22 + 65535
_DEEPEST: Final = 4
_ZFILE: Final = 21
_NOTES: Final = frozenset(
    {
        *("version", "byteorder", ".format_version", ".storage_alignment", ".data/version", ".data/serialization_id"),
        *(".data/python_version", "archive_format", "archive_version", "data.pkl"),
    }
)
_STACKED: Final = ("magic number", "version", "system", "object", "keys")
_MODULES: Final = frozenset({"torch", "torch.storage", "torch.cuda"})
_PLAIN_NAMES: Final = frozenset({"builtins", "__builtin__", "_codecs", "copyreg", "copy_reg"})


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
            Zip(place).gather(walk, where)
            return "torch-zip", "pt"
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

    def loaded(self, data: Place) -> Storage | Refused:
        """See `Resolver`."""
        return loaded(data)


def described(handle: Handle) -> str:
    """Return what a persistent id is, where it is no tensor."""
    match handle.id:
        case ("module", Global() as cls, _, str() as source):
            return f"the class {cls.module}.{cls.name}, with {len(source)} characters of source"
        case ("module", Global() as cls, *_):
            return f"the class {cls.module}.{cls.name}, with its source"
        case _:
            return "something that lies outside the file"


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


def _storage_kind(x: object) -> tuple[str | None, str] | None:
    """Return the kind of numbers of a storage class, or why there is none; None where it is no such class."""
    if not isinstance(x, Global) or x.module not in _MODULES:
        return None
    if x.name in STORAGES:
        return STORAGES[x.name], ""
    if x.name in PACKED:
        return None, f"several numbers in each byte ({x.name})"
    return None


class Zip:
    """PyTorch's zip: `data.pkl`, and beside it a member for each storage."""

    def __init__(self, place: Place) -> None:
        self._place = place
        budget = place.streams.budget
        self._entries = {entry.name: entry for entry in listed(place.source, budget)}
        roots = [name[: -len("data.pkl")] for name in self._entries if name.rpartition("/")[2] == "data.pkl"]
        if len(roots) != 1:
            raise UnreadableError(f"{len(roots)} members are called data.pkl, and each reader takes one of its own")
        self._root = roots[0]
        self._used: set[str] = set()
        self._loaded: dict[str, Storage | Refused] = {}
        order = self._open("byteorder") if f"{self._root}byteorder" in self._entries else None
        self._big = order is not None and order.source.read_at(0, 16).strip() == b"big"
        self.program = Program(self._open("data.pkl"))

    def gather(self, walk: Walk, where: Where) -> None:
        """Gather the tensors, and the members that hold none."""
        inside = where / Member(name=f"{self._root}data.pkl")
        walk.pickle(self.program, self, inside)
        for name, entry in self._entries.items():
            short = name.removeprefix(self._root)
            if name not in self._used and short not in _NOTES and not entry.is_folder:
                walk.member(name, _member(short), entry.at(where))

    def _open(self, name: str) -> Place:
        full = f"{self._root}{name}"
        entry = self._entries.get(full)
        if entry is None:
            raise UnreadableError(f"the archive has no member {full!r}, or several")
        self._used.add(full)
        return opened(self._place, entry)

    def resolve(self, handle: Handle) -> Storage | Leaf | Refused | str:
        """See `Resolver`."""
        match handle.id:
            case ("storage", cls, str() as key, location, int() as count) if (kind := _storage_kind(cls)) is not None:
                # The first one decides: PyTorch keeps it for all that come after.
                if key not in self._loaded:
                    self._loaded[key] = self._storage(key, kind, location, count)
                return self._loaded[key]
            case ("storage", *_):
                return Refused("in a storage of a kind that is not known")
            case _:
                return described(handle)

    def _storage(self, key: str, kind: tuple[str | None, str], location: object, count: int) -> Storage | Refused:
        name, why = kind
        if location == "meta":
            return Refused("a tensor without numbers (on the device `meta`)")
        if name is None:
            return Refused(why)
        place = self._open(f"data/{key}")
        claimed = count * width(name)
        if not 0 <= claimed <= place.size:
            raise UnreadableError(f"storage {key!r} is {claimed} bytes in data.pkl, and {place.size} in the archive")
        part = place.part(0, claimed)
        return Storage(name, part, part.streams.storage(part), swap=self._big)

    def loaded(self, data: Place) -> Storage | Refused:
        """See `Resolver`."""
        return loaded(data)


def opened(place: Place, entry: Entry) -> Place:
    """Return the bytes of a member of a zip.

    Raises:
        UnreadableError: they are not all there, or packed in a way that is not known.
        EncryptedError: they are encrypted.
    """
    if entry.flags & STOPPING:
        raise EncryptedError(f"the member {entry.name!r} is encrypted")
    packed = place.part(entry.data, entry.data + entry.packed)
    if entry.method == STORED:
        if entry.packed != entry.unpacked:
            raise UnreadableError(f"the member {entry.name!r} has {entry.packed} bytes, or {entry.unpacked}")
        return packed
    codec = {8: "deflate", 12: "bz2", 14: "lzma-zip", 93: "zstd", 95: "xz"}.get(entry.method)
    if codec is None:
        raise UnreadableError(f"the member {entry.name!r} is packed by method {entry.method}, which is not supported")
    inside = packed.unpacked(codec)
    if inside.size != entry.unpacked:
        raise UnreadableError(f"the member {entry.name!r} unpacks to {inside.size} bytes, not to {entry.unpacked}")
    return inside


def _member(name: str) -> str:
    if name.startswith("code/") or name.endswith(".py"):
        return "a member with source code"
    return "a storage that no tensor uses" if name.startswith("data/") else "another member"


class Stacked:
    """PyTorch's stacked pickles: the object, the keys of its storages, and the storages in a row."""

    def __init__(self, place: Place) -> None:
        self._place = place
        at = 0
        programs = []
        for what in _STACKED:
            try:
                programs.append(Program(place, at))
            except UnreadableError as error:
                raise UnreadableError(f"stacked pickles, {what}: {error}") from error
            at = programs[-1].stop
        self.program = programs[3]
        self._kinds = dict(self._claims())
        self._storages, self.end = self._lay(programs[4].top, at)

    def _claims(self) -> Iterator[tuple[str, tuple[str | None, str, int]]]:
        seen: set[str] = set()
        for handle in self.program.handles:
            match handle.id:
                case ("storage", cls, key, _, int() as count, *_) if (kind := _storage_kind(cls)) is not None:
                    name = _key(key)
                    if name not in seen:
                        seen.add(name)
                        yield name, (*kind, count)
                case _:
                    continue

    def _lay(self, keys: object, at: int) -> tuple[Mapping[str, Storage | Refused], int]:
        """Find out where each storage lies; the keys say in which order they stand."""
        found: dict[str, Storage | Refused] = {}
        for item in keys.items if isinstance(keys, Items) else ():
            key = _key(item)
            if key not in self._kinds or key in found:
                raise UnreadableError(f"a storage {key!r} that no tensor names, or that comes twice", offset=at)
            kind, why, claimed = self._kinds[key]
            count = int.from_bytes(self._place.part(at, at + 8).source.read_at(0, 8), "little", signed=True)
            if count != claimed:
                raise UnreadableError(f"storage {key!r} has {count} elements, and {claimed} by the pickle", offset=at)
            start = at + 8
            at = start + count * (1 if kind is None else width(kind))
            part = self._place.part(start, at)
            found[key] = Refused(why) if kind is None else Storage(kind, part, part.streams.storage(part))
        return found, at

    def gather(self, walk: Walk, where: Where) -> None:
        """Gather the tensors."""
        walk.pickle(self.program, self, where)
        if self.end < self._place.size:
            rest = self._place.size - self.end
            walk.member("", f"{rest} bytes after the storages", where.span(self.end, self._place.size))

    def resolve(self, handle: Handle) -> Storage | Leaf | Refused | str:
        """See `Resolver`."""
        match handle.id:
            case ("storage", _, key, _, int(), *view):
                found = self._storages.get(_key(key))
                if found is None:
                    raise UnreadableError(f"storage {_key(key)!r} is not in the file")
                return _viewed(found, view[0] if view else None)
            case ("storage", *_):
                return Refused("in a storage of a kind that is not known")
            case _:
                return described(handle)

    def loaded(self, data: Place) -> Storage | Refused:
        """See `Resolver`."""
        return loaded(data)


def _viewed(storage: Storage | Refused, view: object) -> Storage | Refused:
    match view:
        case (_, int() as offset, int() as size) if isinstance(storage, Storage) and storage.kind is not None:
            step = width(storage.kind)
            part = storage.place.part(offset * step, (offset + size) * step)
            return Storage(storage.kind, part, storage.id)
        case None:
            return storage
        case _:
            return Refused("a view of a storage that makes no sense")


def _key(x: object) -> str:
    return x if isinstance(x, str) else str(x) if isinstance(x, int) else "?"


class Tar:
    """PyTorch's first layout: storages, tensors and the object are members of a tar."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._members: dict[str, TarEntry] = {}
        for found in tar_members(place.source, place.streams.budget):
            if isinstance(found, TarEntry) and found.kind == "file":
                name = found.name.removeprefix("./")
                if name in self._members or found.sparse:
                    raise UnreadableError(f"the member {name!r} is there twice, or has holes")
                self._members[name] = found
        self._storages: dict[str, Storage | Refused] = {}
        self._tensors: dict[str, Leaf | Refused] = {}
        self._each("storages", self._storage, self._views)
        self._each("tensors", self._tensor, lambda _member, _at: None)
        self.program = Program(self._member("pickle"))

    def _member(self, name: str) -> Place:
        entry = self._members.get(name)
        if entry is None:
            raise UnreadableError(f"the archive has no member {name!r}: it is no file of PyTorch")
        return self._place.part(entry.start, entry.end)

    def _each(
        self, name: str, take: Callable[[object, Place, int], int], after: Callable[[Place, int], object]
    ) -> None:
        member = self._member(name)
        first = Program(member)
        at = first.stop
        for _ in range(first.top if isinstance(first.top, int) else 0):
            one = Program(member, at)
            at = take(one.top, member, one.stop)
        after(member, at)

    def _storage(self, top: object, member: Place, at: int) -> int:
        match top:
            case (key, _, cls) if (kind := _storage_kind(cls)) is not None:
                count = _numbers(member, at, 1)[0]
                start = at + 8
                end = start + count * (1 if kind[0] is None else width(kind[0]))
                part = member.part(start, end)
                made = Refused(kind[1]) if kind[0] is None else Storage(kind[0], part, part.streams.storage(part))
                self._storages[_key(key)] = made
                return end
            case _:
                raise UnreadableError("a storage of a kind that is not known", offset=at)

    def _views(self, member: Place, at: int) -> None:
        top = Program(member, at).top if at < member.size else None
        for view in top.items if isinstance(top, Items) else ():
            match view:
                case (key, root, int() as offset, int() as size) if _key(root) in self._storages:
                    self._storages[_key(key)] = _viewed(self._storages[_key(root)], (key, offset, size))
                case _:
                    raise UnreadableError("a view of a storage that is not there", offset=at)

    def _tensor(self, top: object, member: Place, at: int) -> int:
        match top:
            case (key, storage, Global()) if (held := self._storages.get(_key(storage))) is not None:
                dimensions = _numbers(member, at, 1)[0] & 0xFFFFFFFF
                if dimensions > 64:
                    raise UnreadableError(f"a tensor of {dimensions} dimensions", offset=at)
                numbers = _numbers(member, at + 8, 2 * dimensions + 1)
                shape, stride, offset = numbers[:dimensions], numbers[dimensions:-1], numbers[-1]
                try:
                    made = held if isinstance(held, Refused) else strided(held, offset, shape, stride)
                except UnreadableError as error:
                    raise UnreadableError(f"tensor {_key(key)}: {error}") from error
                self._tensors[_key(key)] = made if isinstance(made, (Leaf, Refused)) else Refused("complex numbers")
                return at + 16 + 16 * dimensions
            case _:
                raise UnreadableError("a tensor of a storage that is not there", offset=at)

    def gather(self, walk: Walk, where: Where) -> None:
        """Gather the tensors."""
        walk.pickle(self.program, self, where / Member(name="pickle"))

    def resolve(self, handle: Handle) -> Storage | Leaf | Refused | str:
        """See `Resolver`."""
        if isinstance(handle.id, (str, int)):
            found = self._tensors.get(_key(handle.id)) or self._storages.get(_key(handle.id))
            if found is None:
                raise UnreadableError(f"tensor {handle.id} is not in the file")
            return found
        return described(handle)

    def loaded(self, data: Place) -> Storage | Refused:
        """See `Resolver`."""
        return loaded(data)


def _numbers(member: Place, at: int, count: int) -> tuple[int, ...]:
    data = member.part(at, at + 8 * count).source.read_at(0, 8 * count)
    numbers: tuple[int, ...] = struct.unpack(f"<{count}q", data)
    if min(numbers) < 0:
        raise UnreadableError("a negative size", offset=at)
    return numbers


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
        raise UnreadableError("a zip with neither data.pkl nor arrays in it: nothing to convert")
    for entry in entries:
        if entry.name.endswith(".npy"):
            _npy(opened(place, entry), entry.name.removesuffix(".npy"), walk, entry.at(where))
        elif not entry.is_folder:
            walk.member(entry.name, "another member", entry.at(where))
