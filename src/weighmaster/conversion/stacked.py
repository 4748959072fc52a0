"""PyTorch's stacked pickles, before 1.6: the object, the keys of its storages, and the storages in a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from weighmaster.conversion.numbers import width
from weighmaster.conversion.places import Place
from weighmaster.conversion.program import Program
from weighmaster.conversion.storages import described, key_of, storage_kind, viewed
from weighmaster.conversion.tensors import Leaf, Refused, Storage
from weighmaster.conversion.walk import Walk
from weighmaster.machine.shadow import Handle, Items
from weighmaster.model.errors import UnreadableError
from weighmaster.model.where import Where

_STACKED: Final = ("magic number", "version", "system", "object", "keys")


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
                case ("storage", cls, key, _, int() as count, *_) if (kind := storage_kind(cls)) is not None:
                    name = key_of(key)
                    if name not in seen:
                        seen.add(name)
                        yield name, (*kind, count)
                case _:
                    continue

    def _lay(self, keys: object, at: int) -> tuple[Mapping[str, Storage | Refused], int]:
        """Find out where each storage lies; the keys say in which order they stand."""
        found: dict[str, Storage | Refused] = {}
        for item in keys.items if isinstance(keys, Items) else ():
            key = key_of(item)
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
                found = self._storages.get(key_of(key))
                if found is None:
                    raise UnreadableError(f"storage {key_of(key)!r} is not in the file")
                return viewed(found, view[0] if view else None)
            case ("storage", *_):
                return Refused("in a storage of a kind that is not known")
            case _:
                return described(handle)
