"""Tiles: the tree and its entries in files that never change once they are full.

Specification: <https://c2sp.org/tlog-tiles>. A tile is 256 hashes of one row of the tree; every eighth row is kept. An
entry bundle holds the 256 entries under a tile of the lowest row, each after its length in two bytes. The last tile
of a row is *partial* while it has fewer.

>>> tile_path(1, 1234067, 12)
'tile/1/x001/x234/067.p/12'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from weighmaster.model.errors import TrustError
from weighmaster.model.value import Value
from weighmaster.trust.log import merkle
from weighmaster.trust.log.merkle import HASH
from weighmaster.trust.log.store import Store

WIDTH: Final = 256
"""Hashes of a full tile."""
HEIGHT: Final = 8
"""Rows of the tree from one row of tiles to the next."""
TILE: Final = WIDTH * HASH
"""Bytes of a full tile."""
LONGEST_ENTRY: Final = (1 << 16) - 1
"""Bytes of an entry: its length is written in two."""
LARGEST_BUNDLE: Final = WIDTH * (2 + LONGEST_ENTRY)
"""Bytes of a full bundle."""
_KEPT: Final = 64
"""Tiles in memory: 512 KiB."""
_PATH: Final = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x\d{3}/){0,6}\d{3})(?:\.p/([1-9]\d{0,2}))?\Z", re.ASCII
)


class Place(Value):
    """Which tile a file is: its row (-1 for entries), its number in the row, and how many hashes or entries it has."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        """The file's path."""
        return tile_path(self.level, self.index, self.width)


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Return the path of a tile; of a bundle of entries where `level` is -1."""
    digits = str(index).rjust(3, "0")
    digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    number = "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])
    row = "entries" if level < 0 else str(level)
    return f"tile/{row}/{number}" + ("" if width == WIDTH else f".p/{width}")


def placed(path: str) -> Place | None:
    """Return which tile lies at a path; nothing where none can."""
    if not (hit := _PATH.match(path)):
        return None
    found = Place(
        level=-1 if hit[1] == "entries" else int(hit[1]),
        index=int(re.sub("[x/]", "", hit[2])),
        width=int(hit[3] or WIDTH),
    )
    return found if found.width <= WIDTH and found.path == path else None


def width_of(level: int, index: int, size: int) -> int:
    """Return how many hashes (or entries, where `level` is -1) a tile has in a log of `size` entries; 0 for none."""
    return max(0, min(WIDTH, (size >> HEIGHT * max(level, 0)) - index * WIDTH))


def packed(entries: Iterable[bytes]) -> bytes:
    """Return entries as they lie in a bundle.

    Raises:
        TrustError: one is too long.
    """
    return b"".join([_length(entry) + entry for entry in entries])


def unpacked(data: bytes, what: str) -> list[bytes]:
    """Return the entries of a bundle; `what` names it in errors.

    Raises:
        TrustError: the bytes are no bundle.
    """
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > end or at > end:
            raise TrustError(f"{what} is cut within its entry {len(entries)}")
        entries.append(data[start:at])
    return entries


class Tiles:
    """The tiles and entries of a log of `size` entries, as its store has them: not yet verified."""

    def __init__(self, store: Store, size: int) -> None:
        self.size = size
        self._store = store
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._bundle: tuple[int, list[bytes]] = (-1, [])

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile.

        Raises:
            TrustError: it is not there, or not as long as it must be.
        """
        if (known := self._tiles.pop((level, index), None)) is None:
            known = self._read(level, index)
        self._tiles[level, index] = known
        if len(self._tiles) > _KEPT:
            del self._tiles[next(iter(self._tiles))]
        return known

    def entries(self, index: int) -> list[bytes]:
        """Return the entries of a bundle.

        Raises:
            TrustError: it is not there, or cut.
        """
        if self._bundle[0] == index:
            return self._bundle[1]
        width = width_of(-1, index, self.size)
        path = tile_path(-1, index, width)
        if (data := self._store.read(path, LARGEST_BUNDLE)) is None and width < WIDTH:
            path = tile_path(-1, index)
            data = self._store.read(path, LARGEST_BUNDLE)
        if data is None:
            raise TrustError(f"{path} is missing: the log is cut, or damaged")
        found = unpacked(data, path)
        if len(found) < width:
            raise TrustError(f"{path} holds {len(found)} of {width} entries")
        self._bundle = (index, found[:width])
        return found[:width]

    def node(self, height: int, index: int) -> bytes:
        """Return the hash of a complete subtree; see `merkle.Node`."""
        level, inside = divmod(height, HEIGHT)
        number, offset = divmod(index << inside, WIDTH)
        row = self.tile(level, number)[offset * HASH : (offset + (1 << inside)) * HASH]
        for _ in range(inside):
            row = merkle.row_above(row)
        return row

    def _read(self, level: int, index: int) -> bytes:
        width = width_of(level, index, self.size)
        path = tile_path(level, index, width)
        data = self._store.read(path, TILE)
        if data is None and width < WIDTH:
            # A log may drop partial tiles once the full one is there (tlog-tiles, "Partial Tiles").
            data = self._store.read(tile_path(level, index), TILE)
            data = None if data is None or len(data) != TILE else data[: width * HASH]
        if data is None:
            raise TrustError(f"{path} is missing: the log is cut, or damaged")
        if len(data) != width * HASH:
            raise TrustError(f"{path} is {len(data)} bytes long, not {width * HASH}")
        return data


class Edge:
    """The right edge of a log: the last tile of each row, and the last entries; what appending needs of the rest."""

    def __init__(self) -> None:
        self.size = 0
        self._rows: list[bytearray] = []
        self._bundle = bytearray()
        self._changed: set[int] = set()

    @classmethod
    def read(cls, tiles: Tiles) -> Edge:
        """Read the edge of a log.

        Raises:
            TrustError: it is damaged.
        """
        edge = cls()
        edge.size = tiles.size
        level = 0
        while tiles.size >> HEIGHT * level:
            index, width = divmod(tiles.size >> HEIGHT * level, WIDTH)
            edge._rows.append(bytearray(tiles.tile(level, index) if width else b""))
            level += 1
        if tiles.size % WIDTH:
            entries = tiles.entries(tiles.size // WIDTH)
            if b"".join(map(merkle.leaf_hash, entries)) != edge._rows[0]:
                raise TrustError(f"the last entries, from {tiles.size // WIDTH * WIDTH} on, are not those in the tree")
            edge._bundle += packed(entries)
        return edge

    def add(self, entries: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
        """Append entries; yields the path and the content of each file that gets full.

        Raises:
            TrustError: an entry is too long.
        """
        if not self._rows:
            self._rows.append(bytearray())
        leaves = self._rows[0]
        for entry in entries:
            self._bundle += _length(entry) + entry
            leaves += merkle.leaf_hash(entry)
            self.size += 1
            self._changed.add(0)
            if len(leaves) == TILE:
                yield tile_path(-1, self.size // WIDTH - 1), bytes(self._bundle)
                self._bundle.clear()
                yield from self._full()

    def rest(self) -> Iterator[tuple[str, bytes]]:
        """Yield the path and the content of each partial tile that changed."""
        if self._bundle and 0 in self._changed:
            yield tile_path(-1, self.size // WIDTH, self.size % WIDTH), bytes(self._bundle)
        for level in sorted(self._changed):
            if row := self._rows[level]:
                yield tile_path(level, (self.size >> HEIGHT * level) // WIDTH, len(row) // HASH), bytes(row)
        self._changed.clear()

    @property
    def root(self) -> bytes:
        """The root of the log."""
        return merkle.root_of_rows(map(bytes, self._rows))

    def _full(self) -> Iterator[tuple[str, bytes]]:
        level = 0
        while len(self._rows[level]) == TILE:
            data = bytes(self._rows[level])
            yield tile_path(level, (self.size >> HEIGHT * level) // WIDTH - 1), data
            self._rows[level].clear()
            level += 1
            if len(self._rows) == level:
                self._rows.append(bytearray())
            self._rows[level] += merkle.root([data])
            self._changed.add(level)


def _length(entry: bytes) -> bytes:
    if len(entry) > LONGEST_ENTRY:
        raise TrustError(f"an entry of {len(entry)} bytes: a log takes at most {LONGEST_ENTRY}; log a record of it")
    return len(entry).to_bytes(2, "big")
