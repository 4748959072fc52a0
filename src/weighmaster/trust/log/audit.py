"""An audit: all of a log, computed again from its entries, and held against what it signed.

1. The checkpoint: is it signed by the log, and by as many witnesses as are wanted?
2. Entries and tiles, from the first to the last, in memory that does not grow: every hash is computed again, from the
   entries, and where the two disagree from the tiles as well. Whichever gives the signed root is what was logged; so it
   can be said whether an entry was changed or a tile.
3. Whatever else lies there: older partial tiles, what was kept beside, what an append left behind.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from weighmaster.model.errors import TrustError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.trust.log import checkpoint as checkpoints
from weighmaster.trust.log import merkle, note
from weighmaster.trust.log.book import unfinished
from weighmaster.trust.log.checkpoint import Checkpoint
from weighmaster.trust.log.merkle import HASH
from weighmaster.trust.log.note import VerifierKey
from weighmaster.trust.log.store import CHECKPOINT, LOCK, Store
from weighmaster.trust.log.tiles import (
    LARGEST_BUNDLE,
    TILE,
    WIDTH,
    Place,
    packed,
    placed,
    tile_path,
    unpacked,
    width_of,
)  # fmt: skip

KEPT: Final = "kept/"
MOST: Final = 50
"""Damages that are told; a log with more is beyond telling."""
_LARGEST_KEPT: Final = 64 << 20
"""Bytes of a claim that is kept beside the log."""
_LANES: Final = 16
"""Tiles that are on their way at once."""
_Fetched: TypeAlias = tuple[bytes | None, str]
"""A file, or why there is none."""
_KEPT: Final = re.compile(r"kept/([0-9a-f]{2})/(\1[0-9a-f]{62})\Z")


class Damage(Value):
    """What is wrong, and where: a file of the log, and an entry's number where one can be named (else -1)."""

    path: str
    what: str
    entry: int = -1


class Audit(Value):
    """What an audit found. `unfinished` and `foreign` are files that are no part of the log.

    `listed` says whether the store could tell all that lies there; `unknown` names the keys of signatures below the
    checkpoint that nobody asked about.
    """

    checkpoint: Checkpoint
    damages: tuple[Damage, ...] = ()
    unfinished: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    kept: int = 0
    listed: bool = True
    unknown: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the log is whole."""
        return not self.damages


def audit(
    store: Store, keys: Sequence[VerifierKey], witnesses: Sequence[VerifierKey] = (), threshold: int | None = None
) -> Audit:
    """Verify all of a log.

    Raises:
        ConfigError: no key is trusted.
        TrustError: there is no log, or its checkpoint is not signed as wanted: nothing else was looked at.
    """
    raw = store.read(CHECKPOINT, note.LONGEST)
    if raw is None:
        raise TrustError(f"{store.address} holds no log: its checkpoint is missing")
    checkpoint = checkpoints.verified(raw, keys, witnesses, threshold)
    look = _Look(store, checkpoint)
    look.through()
    listed = look.beside()
    return Audit(
        checkpoint=checkpoint, damages=tuple(look.damages), unfinished=tuple(look.unfinished),
        foreign=tuple(look.foreign), kept=look.kept, listed=listed,
        unknown=checkpoints.strangers(checkpoint, (*keys, *witnesses)),
    )  # fmt: skip


class _Rows:
    """A tree as it is computed: tiles of the upper rows come out as they fill."""

    def __init__(self) -> None:
        self._rows: list[bytearray] = []
        self._counts: list[int] = []
        self.size = 0
        self._tail = b""

    def copy(self) -> _Rows:
        other = _Rows()
        other._rows = [bytearray(row) for row in self._rows]
        other._counts = list(self._counts)
        other.size, other._tail = self.size, self._tail
        return other

    def add(self, leaves: bytes) -> Iterator[tuple[Place, bytes]]:
        """Take the leaves of one tile: only the last may be partial."""
        self.size += len(leaves) // HASH
        if len(leaves) < TILE:
            self._tail = leaves
            return
        level, row = 1, merkle.root([leaves])
        while True:
            if len(self._rows) < level:
                self._rows.append(bytearray())
                self._counts.append(0)
            held = self._rows[level - 1]
            held += row
            if len(held) < TILE:
                return
            yield Place(level=level, index=self._counts[level - 1], width=WIDTH), bytes(held)
            self._counts[level - 1] += 1
            level, row = level + 1, merkle.root([bytes(held)])
            held.clear()

    def rest(self) -> Iterator[tuple[Place, bytes]]:
        """Yield the partial tiles of the upper rows."""
        for level, (row, count) in enumerate(zip(self._rows, self._counts, strict=True), 1):
            if row:
                yield Place(level=level, index=count, width=len(row) // HASH), bytes(row)

    @property
    def root(self) -> bytes:
        return merkle.root_of_rows((self._tail, *map(bytes, self._rows)))


class _Look:
    """One audit under way."""

    def __init__(self, store: Store, checkpoint: Checkpoint) -> None:
        self._store = store
        self._size = checkpoint.size
        self._signed = checkpoint.root
        self.damages: list[Damage] = []
        self.unfinished: list[str] = []
        self.foreign: list[str] = []
        self.kept = 0
        self._by_entries = _Rows()
        self._by_tiles: _Rows | None = None
        self._upper: dict[str, list[Damage]] = {"entries": [], "tiles": []}
        self._apart: list[int] = []

    def through(self) -> None:
        """Compute the tree again (2)."""
        for index, tile, bundle in self._ahead(-(-self._size // WIDTH)):
            self._bundle(index, self._tile(index, tile), self._leaves(index, bundle))
            if len(self.damages) + len(self._apart) + len(self._upper["entries"]) > MOST:
                more = Damage(path="", what=f"more than {MOST} damages: the rest of the log was not looked at")
                self._tell_apart("an entry and its tile disagree, and which of them was changed cannot be said")
                self.damages = [*self.damages[: MOST - 1], more]
                return
        self._compare("entries", self._by_entries.rest())
        if self._by_tiles is not None:
            self._compare("tiles", self._by_tiles.rest())
        self._conclude()

    def beside(self) -> bool:
        """Look at whatever else lies there (3); says whether that could be known."""
        if (paths := self._store.paths()) is None:
            return False
        for path in paths:
            if len(self.damages) > MOST:
                break
            place = placed(path)
            if path in {CHECKPOINT, LOCK}:
                continue
            if unfinished(path, self._size):
                self.unfinished += [path][: MOST - len(self.unfinished)]
            elif place is not None:
                self._older(place)
            elif path.startswith(KEPT):
                self._kept(path)
            else:
                self.foreign += [path][: MOST - len(self.foreign)]
        return True

    def _ahead(self, count: int) -> Iterator[tuple[int, _Fetched, _Fetched]]:
        """Yield the lowest tiles and the bundles; from afar several are on their way at once."""

        def fetch(index: int) -> tuple[int, _Fetched, _Fetched]:
            width = width_of(0, index, self._size)
            tile, bundle = (Place(level=level, index=index, width=width) for level in (0, -1))
            return index, self._fetched(tile, TILE), self._fetched(bundle, LARGEST_BUNDLE)

        if self._store.exclusive:
            yield from map(fetch, range(count))
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_LANES) as pool:
            coming = deque(pool.submit(fetch, index) for index in range(min(count, _LANES)))
            try:
                for index in range(_LANES, count + _LANES):
                    if not coming:
                        return
                    yield coming.popleft().result()
                    if index < count:
                        coming.append(pool.submit(fetch, index))
            finally:
                pool.shutdown(cancel_futures=True)

    def _bundle(self, index: int, tile: bytes | None, leaves: bytes | None) -> None:
        if leaves is not None and tile is not None and leaves != tile:
            self._apart += [
                index * WIDTH + at // HASH
                for at in range(0, max(len(leaves), len(tile)), HASH)
                if leaves[at : at + HASH] != tile[at : at + HASH]
            ]
        if self._by_tiles is None and leaves != tile:
            self._by_tiles = self._by_entries.copy()
        self._compare("entries", self._by_entries.add(leaves or tile or b""))
        if self._by_tiles is not None:
            self._compare("tiles", self._by_tiles.add(tile or leaves or b""))

    def _conclude(self) -> None:
        """Say what was changed, now that it is known what gives the signed root."""
        if self._by_entries.root == self._signed:
            self.damages += self._upper["entries"]
            self._tell_apart("the tile was changed here; the entry is the one that was logged", tile=True)
        elif self._by_tiles is not None and self._by_tiles.root == self._signed:
            self.damages += self._upper["tiles"]
            self._tell_apart(
                "the entry is not the one that was logged: it was changed, moved, or put in the place of it"
            )
        else:
            self.damages += self._upper["entries"]
            self._tell_apart("an entry and its tile disagree, and which of them was changed cannot be said")
            what = "the entries do not give the root that the log signed: they are not those that were logged"
            self.damages.append(Damage(path=CHECKPOINT, what=what))

    def _tell_apart(self, what: str, *, tile: bool = False) -> None:
        for entry in self._apart[:MOST]:
            index = entry // WIDTH
            path = tile_path(0 if tile else -1, index, width_of(0, index, self._size))
            self.damages.append(Damage(path=path, what=what, entry=entry))

    def _compare(self, by: str, tiles: Iterator[tuple[Place, bytes]]) -> None:
        for place, data in tiles:
            fetched = self._fetched(place, TILE)
            lies = fetched[0] if by == "tiles" else self._there(place, fetched)
            if lies is not None and lies != data:
                at = next((i for i in range(0, len(data), HASH) if lies[i : i + HASH] != data[i : i + HASH]), 0) // HASH
                what = f"hash {at} of this tile is not that of the entries below it"
                self._upper[by].append(Damage(path=place.path, what=what))

    def _leaves(self, index: int, fetched: _Fetched) -> bytes | None:
        place = Place(level=-1, index=index, width=width_of(-1, index, self._size))
        if (data := self._there(place, fetched)) is None:
            return None
        try:
            entries = unpacked(data, place.path)
        except TrustError as error:
            self._damaged(place, str(error).removeprefix(f"{place.path} "), index * WIDTH)
            return None
        if len(entries) != place.width:
            self._damaged(
                place, f"holds {merkle.entries(len(entries))}, not {place.width}", index * WIDTH + len(entries)
            )
            return None
        return b"".join(map(merkle.leaf_hash, entries))

    def _tile(self, index: int, fetched: _Fetched) -> bytes | None:
        place = Place(level=0, index=index, width=width_of(0, index, self._size))
        data = self._there(place, fetched)
        if data is not None and len(data) != place.width * HASH:
            self._damaged(place, f"is {len(data)} bytes long, not {place.width * HASH}")
            return None
        return data

    def _fetched(self, place: Place, most: int) -> _Fetched:
        """Return a tile or a bundle as it must lie there; of a partial one also from the full one that replaced it."""
        try:
            data = self._store.read(place.path, most)
            if data is None and place.width < WIDTH:
                full = self._store.read(tile_path(place.level, place.index), most)
                data = None if full is None else _beginning(place, full)
        except (UnreadableError, TrustError) as error:
            return None, str(error)
        return data, "is missing: the log is cut, or damaged"

    def _there(self, place: Place, fetched: _Fetched) -> bytes | None:
        data, said = fetched
        if data is None:
            self._damaged(place, said, place.index * WIDTH if place.level < 0 else -1)
        return data

    def _damaged(self, place: Place, what: str, entry: int = -1) -> None:
        self.damages.append(Damage(path=place.path, what=what, entry=entry))

    def _older(self, place: Place) -> None:
        """Hold a partial tile of an earlier size to the one that holds now."""
        now = Place(level=place.level, index=place.index, width=width_of(place.level, place.index, self._size))
        if now.width == place.width:
            return
        most = LARGEST_BUNDLE if place.level < 0 else TILE
        try:
            older, lies = self._store.read(place.path, most), self._store.read(now.path, most)
            if lies is None or older is None or older == _beginning(place, lies):
                return
            what = "is not the beginning of the tile that followed it"
        except (TrustError, UnreadableError) as error:
            what = str(error)
        self._damaged(place, what)

    def _kept(self, path: str) -> None:
        hit = _KEPT.match(path)
        try:
            data = self._store.read(path, _LARGEST_KEPT)
        except UnreadableError as error:
            self.damages.append(Damage(path=path, what=str(error)))
            return
        if hit is None or data is None or hashlib.sha256(data).hexdigest() != hit[2]:
            self.damages.append(Damage(path=path, what="is not what its name says: the SHA-256 is another"))
            return
        self.kept += 1


def _beginning(place: Place, full: bytes) -> bytes:
    if place.level >= 0:
        return full[: place.width * HASH]
    return packed(unpacked(full, place.path)[: place.width])
