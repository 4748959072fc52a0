"""What the layouts of PyTorch have in common: what persistent ids say, and storages inside of storages."""

from __future__ import annotations

from typing import Final

from weighmaster.conversion.numbers import PACKED, STORAGES, width
from weighmaster.conversion.tensors import Refused, Storage
from weighmaster.machine.shadow import Global, Handle

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
