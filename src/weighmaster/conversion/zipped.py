"""PyTorch's zip, since 1.6, and TorchScript's: a pickle, and beside it a member for each storage."""

from __future__ import annotations

from typing import Final

from weighmaster.conversion.numbers import width
from weighmaster.conversion.places import Place
from weighmaster.conversion.program import Program
from weighmaster.conversion.storages import described, storage_kind
from weighmaster.conversion.tensors import Leaf, Refused, Storage
from weighmaster.conversion.walk import Walk
from weighmaster.machine.shadow import Handle
from weighmaster.model.errors import EncryptedError, UnreadableError
from weighmaster.model.where import Member, Where
from weighmaster.reading.zip import STOPPING, STORED, Entry, listed

_NOTES: Final = frozenset(
    {
        *("version", "byteorder", ".format_version", ".storage_alignment", ".data/version", ".data/serialization_id"),
        *(".data/python_version", "archive_format", "archive_version", "data.pkl"),
    }
)
_SHOWN: Final = 16


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
        self._big = self._is_big()
        self.is_script = f"{self._root}constants.pkl" in self._entries
        self.program = Program(self._open("data.pkl"))

    def _is_big(self) -> bool:
        if f"{self._root}byteorder" not in self._entries:
            return False
        order = self._open("byteorder").source.read_at(0, _SHOWN)
        if order not in {b"little", b"big"}:
            raise UnreadableError(f"an order of bytes that PyTorch does not know: {order!r}")
        return order == b"big"

    def gather(self, walk: Walk, where: Where) -> None:
        """Gather the tensors, and the members that hold none."""
        inside = where / Member(name=f"{self._root}data.pkl")
        walk.pickle(self.program, self, inside)
        if self.is_script:
            inside = where / Member(name=f"{self._root}constants.pkl")
            walk.pickle(Program(self._open("constants.pkl")), _Constants(self), inside, "constants")
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

    def resolve(self, handle: Handle, folder: str = "data") -> Storage | Leaf | Refused | str:
        """See `Resolver`; the storages are members of `folder`."""
        match handle.id:
            case ("storage", cls, str() as key, location, int() as count) if (kind := storage_kind(cls)) is not None:
                # The first one decides: PyTorch keeps it for all that come after.
                name = f"{folder}/{key}"
                if name not in self._loaded:
                    self._loaded[name] = self._storage(name, kind, location, count)
                return self._loaded[name]
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
        place = self._open(key)
        claimed = count * width(name)
        if not 0 <= claimed <= place.size:
            raise UnreadableError(
                f"storage {key.rpartition('/')[2]!r} is {claimed} bytes in data.pkl, and {place.size} in the archive"
            )
        part = place.part(0, claimed)
        return Storage(name, part, part.streams.storage(part), swap=self._big)


class _Constants:
    """The persistent ids of the constants of a script; see `Resolver`."""

    def __init__(self, archive: Zip) -> None:
        self._archive = archive

    def resolve(self, handle: Handle) -> Storage | Leaf | Refused | str:
        """See `Resolver`."""
        return self._archive.resolve(handle, "constants")


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
