"""PyTorch's first layout, before 0.2: storages, tensors and the object are members of a tar."""

from __future__ import annotations

import struct
from collections.abc import Callable

from weighmaster.conversion.numbers import width
from weighmaster.conversion.places import Place
from weighmaster.conversion.program import Program
from weighmaster.conversion.storages import described, key_of, storage_kind, viewed
from weighmaster.conversion.tensors import Leaf, Refused, Storage, strided
from weighmaster.conversion.walk import Walk
from weighmaster.machine.shadow import Global, Handle, Items
from weighmaster.model.errors import UnreadableError
from weighmaster.model.where import Member, Where
from weighmaster.reading.tar import Entry as TarEntry
from weighmaster.reading.tar import walk as tar_members


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
            case (key, _, cls) if (kind := storage_kind(cls)) is not None:
                count = _numbers(member, at, 1)[0]
                start = at + 8
                end = start + count * (1 if kind[0] is None else width(kind[0]))
                part = member.part(start, end)
                made = Refused(kind[1]) if kind[0] is None else Storage(kind[0], part, part.streams.storage(part))
                self._storages[key_of(key)] = made
                return end
            case _:
                raise UnreadableError("a storage of a kind that is not known", offset=at)

    def _views(self, member: Place, at: int) -> None:
        top = Program(member, at).top if at < member.size else None
        for view in top.items if isinstance(top, Items) else ():
            match view:
                case (key, root, int() as offset, int() as size) if key_of(root) in self._storages:
                    self._storages[key_of(key)] = viewed(self._storages[key_of(root)], (key, offset, size))
                case _:
                    raise UnreadableError("a view of a storage that is not there", offset=at)

    def _tensor(self, top: object, member: Place, at: int) -> int:
        match top:
            case (key, storage, Global()) if (held := self._storages.get(key_of(storage))) is not None:
                dimensions = _numbers(member, at, 1)[0] & 0xFFFFFFFF
                if dimensions > 64:
                    raise UnreadableError(f"a tensor of {dimensions} dimensions", offset=at)
                numbers = _numbers(member, at + 8, 2 * dimensions + 1)
                shape, stride, offset = numbers[:dimensions], numbers[dimensions:-1], numbers[-1]
                try:
                    made = held if isinstance(held, Refused) else strided(held, offset, shape, stride)
                except UnreadableError as error:
                    raise UnreadableError(f"tensor {key_of(key)}: {error}") from error
                self._tensors[key_of(key)] = made if isinstance(made, (Leaf, Refused)) else Refused("complex numbers")
                return at + 16 + 16 * dimensions
            case _:
                raise UnreadableError("a tensor of a storage that is not there", offset=at)

    def gather(self, walk: Walk, where: Where) -> None:
        """Gather the tensors."""
        walk.pickle(self.program, self, where / Member(name="pickle"))

    def resolve(self, handle: Handle) -> Storage | Leaf | Refused | str:
        """See `Resolver`."""
        if isinstance(handle.id, (str, int)):
            found = self._tensors.get(key_of(handle.id)) or self._storages.get(key_of(handle.id))
            if found is None:
                raise UnreadableError(f"tensor {handle.id} is not in the file")
            return found
        return described(handle)


def _numbers(member: Place, at: int, count: int) -> tuple[int, ...]:
    data = member.part(at, at + 8 * count).source.read_at(0, 8 * count)
    numbers: tuple[int, ...] = struct.unpack(f"<{count}q", data)
    if min(numbers) < 0:
        raise UnreadableError("a negative size", offset=at)
    return numbers
