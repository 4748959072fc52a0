"""What the layouts of PyTorch have in common: what persistent ids say, and storages inside of storages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from weighmaster.conversion.numbers import PACKED, STORAGES, width
from weighmaster.conversion.tensors import Refused, Storage
from weighmaster.machine.shadow import Global, Handle
from weighmaster.reading.zip import LOCAL

if TYPE_CHECKING:
    from weighmaster.conversion.places import Place
    from weighmaster.conversion.stacked import Stacked
    from weighmaster.conversion.zipped import Zip

_MODULES: Final = frozenset({"torch", "torch.storage", "torch.cuda"})


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
    from weighmaster.conversion.stacked import Stacked
    from weighmaster.conversion.zipped import Zip

    head = data.source.read_at(0, 64)
    files: Stacked | Zip = Zip(data) if head[:4] == LOCAL else Stacked(data)
    top = files.program.top
    found = files.resolve(top) if isinstance(top, Handle) else None
    return found if isinstance(found, (Storage, Refused)) else Refused("of something that is no storage")


def storage_kind(x: object) -> tuple[str | None, str] | None:
    """Return the kind of numbers of a storage class, or why there is none; None where it is no such class."""
    if not isinstance(x, Global) or x.module not in _MODULES:
        return None
    if x.name in STORAGES:
        return STORAGES[x.name], ""
    if x.name in PACKED:
        return None, f"several numbers in each byte ({x.name})"
    return None


def viewed(storage: Storage | Refused, view: object) -> Storage | Refused:
    """Return a part of a storage, as stacked pickles and tars name one."""
    match view:
        case (_, int() as offset, int() as size) if isinstance(storage, Storage) and storage.kind is not None:
            step = width(storage.kind)
            part = storage.place.part(offset * step, (offset + size) * step)
            return Storage(storage.kind, part, storage.id)
        case None:
            return storage
        case _:
            return Refused("a view of a storage that makes no sense")


def key_of(x: object) -> str:
    """Return the key of a storage, which is a text or a number."""
    return x if isinstance(x, str) else str(x) if isinstance(x, int) else "?"
