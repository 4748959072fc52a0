"""A log: open it, append to it, prove what is in it.

Nothing that is read of a log is believed before it leads to a root that the log has signed. Order of writing:

1. entries, then tiles: nobody looks at them before a checkpoint speaks of them;
2. the checkpoint, once all of them are there for good;
3. partial tiles that are full by now are removed.

Whatever breaks off before 2 leaves the log as it was. Where writers cannot be kept apart (a bucket), the new entries
are laid down first under `pending/`, then the one checkpoint that counts for writers, `pending/checkpoint`, is
exchanged. Whoever comes next finishes what it names: the same files, whoever writes them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import replace
from weighmaster.reading.http import Access
from weighmaster.trust.identities.keys import Signer
from weighmaster.trust.log import checkpoint as checkpoints
from weighmaster.trust.log import merkle, note
from weighmaster.trust.log.checkpoint import Checkpoint
from weighmaster.trust.log.note import VerifierKey
from weighmaster.trust.log.places import store_at
from weighmaster.trust.log.store import CHECKPOINT, Held, OvertakenError, Store
from weighmaster.trust.log.tiles import WIDTH, Edge, Tiles, packed, placed, tile_path, unpacked

PENDING: Final = "pending/"
_HEAD: Final = f"{PENDING}{CHECKPOINT}"
_BATCH: Final = 1 << 16
_BATCH_BYTES: Final = 32 << 20
"""Entries and bytes that go under one checkpoint: what is held in memory, and laid down under `pending/`."""
_LARGEST_BATCH: Final = _BATCH_BYTES + (1 << 17) + 2 * _BATCH
_TRIES: Final = 5


class ForkedError(TrustError):
    """A log has signed two checkpoints that cannot both be true; the two together prove it."""


class Log:
    """A log whose checkpoint was verified with the keys it was opened with."""

    def __init__(self, store: Store, keys: Sequence[VerifierKey], checkpoint: Checkpoint) -> None:
        self._store = store
        self._keys = tuple(keys)
        self.checkpoint = checkpoint
        self._tiles = Tiles(store, checkpoint.size)

    @classmethod
    def open(cls, at: str | Store, keys: Sequence[VerifierKey], access: Access | None = None) -> Log:
        """Open the log at a path, an address or in a store, and verify its checkpoint.

        Raises:
            ConfigError: no key is trusted.
            TrustError: there is no log, or its checkpoint is not signed by one of `keys`.
            UnreachableError: it cannot be reached.
        """
        store = store_at(at, access) if isinstance(at, str) else at
        return cls(store, keys, checkpoints.verified(_present(store).data, keys))

    @classmethod
    def create(cls, at: str | Store, signer: Signer, origin: str) -> Log:
        """Begin a log with no entries, called `origin`.

        Raises:
            ConfigError: the name or the key will not do, or a log is there already.
        """
        store = store_at(at) if isinstance(at, str) else at
        key = VerifierKey.of(origin, signer.key)
        empty = checkpoints.signed_by(signer, Checkpoint(origin=origin, size=0, root=merkle.EMPTY))
        with store.writing():
            try:
                if not store.exclusive and _head(store) != empty.note:
                    store.exchange(_HEAD, empty.note, None)
                store.exchange(CHECKPOINT, empty.note, None)
            except OvertakenError as error:
                raise ConfigError(f"{store.address} holds a log already") from error
        return cls(store, (key,), empty)

    @property
    def address(self) -> str:
        """Where it lies."""
        return self._store.address

    def append(self, entries: Iterable[bytes], signer: Signer) -> int:
        """Append entries of at most 65,535 bytes, and sign what the log is then; returns the number of the first.

        Large amounts go under several checkpoints, one after the other.

        Raises:
            ConfigError: the signer is not the log's.
            OvertakenError: other writers were first, time and again.
            TrustError: an entry is too long, or the log is damaged.
        """
        key = VerifierKey.of(self.checkpoint.origin, signer.key)
        if key not in self._keys:
            raise ConfigError(f"the key that would sign is not the one that the log {key.name} is known by")
        first = None
        for batch in _batches(entries):
            at = self._appended(batch, signer)
            first = at if first is None else first
        return self.checkpoint.size if first is None else first

    def entry(self, index: int) -> bytes:
        """Return an entry, after proving to ourselves that it is in the log.

        Raises:
            TrustError: there is none, or the log is damaged there.
        """
        self.inclusion(index, found := self._entry(index))
        return found

    def entries(self, start: int = 0) -> Iterator[bytes]:
        """Yield the entries from a number on, as they lie there: not verified one by one.

        Raises:
            TrustError: the log is damaged.
        """
        for number in range(start // WIDTH, -(-self.checkpoint.size // WIDTH)):
            yield from self._tiles.entries(number)[max(0, start - number * WIDTH) :]

    def leaves(self) -> Iterator[bytes]:
        """Yield the tiles of the lowest row, as they lie there.

        Raises:
            TrustError: the log is damaged.
        """
        return (self._tiles.tile(0, number) for number in range(-(-self.checkpoint.size // WIDTH)))

    def inclusion(self, index: int, entry: bytes | None = None) -> tuple[bytes, ...]:
        """Return the proof that an entry is in the log as its checkpoint says it is.

        Raises:
            TrustError: it is not; or the log is damaged, so that no proof can be made.
        """
        size = self.checkpoint.size
        path = merkle.inclusion_path(index, size, self._tiles.node)
        leaf = self._tiles.node(0, index) if entry is None else merkle.leaf_hash(entry)
        try:
            merkle.verify_inclusion(leaf, index, size, path, self.checkpoint.root)
        except TrustError as error:
            raise TrustError(f"the log is damaged: entry {index} and its tiles do not give the signed root") from error
        return path

    def consistency(self, old: Checkpoint) -> tuple[bytes, ...]:
        """Return the proof that this log has grown from an older checkpoint of it.

        Raises:
            TrustError: it has not: it is another log, was cut, or was forked.
        """
        new = self.checkpoint
        if old.origin != new.origin:
            raise TrustError(f"the older checkpoint is of the log {old.origin!r}, this one is {new.origin!r}")
        if old.size > new.size:
            raise TrustError(f"rolled back: the log shows {merkle.entries(new.size)}, and had {old.size} before")
        node = self._tiles.node
        path, beginning = merkle.consistency_path(old.size, new.size, node), merkle.spanned(0, old.size, node)
        try:
            merkle.verify_consistency(old.size, beginning, new.size, new.root, path)
        except TrustError as error:
            raise TrustError(f"{self.address} is damaged: its tiles do not give the root that it signed") from error
        if beginning != old.root:
            raise ForkedError(
                f"forked: the log {new.origin!r} does not begin with the {merkle.entries(old.size)} that it had before"
            )
        return path

    def replace_checkpoint(self, changed: Checkpoint) -> None:
        """Put other signatures below the log's checkpoint.

        Raises:
            OvertakenError: it is another one by now.
        """
        if changed.text != self.checkpoint.text:
            raise TrustError("only what stands below a checkpoint can be changed")
        with self._store.writing():
            held = _present(self._store)
            if held.data != self.checkpoint.note:
                raise OvertakenError(f"{self.address}: the checkpoint is another one by now")
            self._store.exchange(CHECKPOINT, changed.note, held)
        self.checkpoint = changed

    def keep(self, path: str, data: bytes) -> None:
        """Lay a file down beside the log; its path must say what must be in it."""
        with self._store.writing():
            self._store.write(path, data)

    def _entry(self, index: int) -> bytes:
        if not 0 <= index < self.checkpoint.size:
            raise TrustError(f"there is no entry {index} in a log of {self.checkpoint.size}")
        return self._tiles.entries(index // WIDTH)[index % WIDTH]

    def _appended(self, entries: list[bytes], signer: Signer) -> int:
        for attempt in range(_TRIES):
            try:
                with self._store.writing():
                    return self._extend(entries, signer)
            except OvertakenError:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError  # pragma: no cover

    def _extend(self, entries: list[bytes], signer: Signer) -> int:
        held = _present(self._store)
        head = None
        if not self._store.exclusive:
            held, head = self._settled(held)
        before = checkpoints.verified(held.data, self._keys)
        if before.size < self.checkpoint.size or (
            before.size == self.checkpoint.size and not before.same(self.checkpoint)
        ):
            raise TrustError(f"rolled back or forked: the log had {merkle.entries(self.checkpoint.size)} a moment ago")
        edge = _edge(self._store, before)
        files = itertools.chain(edge.add(entries), edge.rest())
        if head is None:
            _write(self._store, files)
            after = checkpoints.signed_by(signer, _grown(before, edge))
        else:
            ready = list(files)
            after = checkpoints.signed_by(signer, _grown(before, edge))
            self._claim(after, entries, head)
            _write(self._store, ready)
        self._publish(after, held, before.size)
        self.checkpoint, self._tiles = after, Tiles(self._store, after.size)
        return before.size

    def _claim(self, after: Checkpoint, entries: list[bytes], head: Held) -> None:
        """Become the writer whose entries come next."""
        self._store.write(_staged(after), packed(entries))
        try:
            self._store.exchange(_HEAD, after.note, head)
        except OvertakenError:
            # Someone else may have laid the same entries down, and got them in.
            now = self._store.held(_HEAD, note.LONGEST)
            if now is None or not checkpoints.claimed(now.data).same(after):
                self._store.discard(_staged(after))
            raise

    def _publish(self, after: Checkpoint, held: Held, size: int) -> None:
        try:
            self._store.exchange(CHECKPOINT, after.note, held)
        except OvertakenError:
            if self._store.exclusive:
                raise
            return  # Someone finished it for us.
        for path in _full_by_now(size, after.size):
            self._store.discard(path)
        if not self._store.exclusive:
            self._store.discard(_staged(after))

    def _settled(self, held: Held) -> tuple[Held, Held]:
        """Finish what another writer has begun; returns the checkpoint that readers see, and that of writers."""
        head = self._store.held(_HEAD, note.LONGEST)
        if head is None:
            raise TrustError(f"{self.address}: {_HEAD} is missing: this was not laid down here by a writer")
        shown = checkpoints.verified(held.data, self._keys)
        begun = checkpoints.verified(head.data, self._keys, what=_HEAD)
        if shown.same(begun):
            return held, head
        staged = self._store.read(_staged(begun), _LARGEST_BATCH)
        if shown.size >= begun.size or staged is None:
            held = _present(self._store)
            if checkpoints.verified(held.data, self._keys).same(begun):
                return held, head  # Its writer was there, just now.
            raise TrustError(
                f"{self.address}: {_HEAD} is of {merkle.entries(begun.size)}, and what it names is not there"
            )
        edge = _edge(self._store, shown)
        files = [*edge.add(unpacked(staged, _staged(begun))), *edge.rest()]
        if not _grown(shown, edge).same(begun):
            raise TrustError(f"{self.address}: {_staged(begun)} is not what {_HEAD} was signed for")
        _write(self._store, files)
        self._publish(begun, held, shown.size)
        return _present(self._store), head


def unfinished(path: str, size: int) -> bool:
    """Say whether a path of a log of `size` entries is one that an append leaves behind when it breaks off."""
    place = placed(path)
    beyond = place is not None and (place.index * WIDTH + place.width) << 8 * max(place.level, 0) > size
    return beyond or path.startswith(PENDING) or "/.begun-" in f"/{path}"


def _head(store: Store) -> bytes:
    """Return what was begun of this log before, by someone who did not get to its end."""
    held = store.held(_HEAD, note.LONGEST)
    return b"" if held is None else held.data


def _present(store: Store) -> Held:
    held = store.held(CHECKPOINT, note.LONGEST)
    if held is None:
        raise TrustError(f"{store.address} holds no log: there is no checkpoint (weighmaster log init begins one)")
    return held


def _edge(store: Store, checkpoint: Checkpoint) -> Edge:
    edge = Edge.read(Tiles(store, checkpoint.size))
    if edge.root != checkpoint.root:
        raise TrustError(
            f"{store.address} is damaged: its tiles do not give the root that it signed; nothing is appended"
        )
    return edge


def _grown(before: Checkpoint, edge: Edge) -> Checkpoint:
    after: Checkpoint = replace(before, size=edge.size, root=edge.root, note=b"", cosigned=())
    return after


def _staged(checkpoint: Checkpoint) -> str:
    return f"{PENDING}{checkpoint.size}-{checkpoint.root.hex()[:32]}"


def _write(store: Store, files: Iterable[tuple[str, bytes]]) -> None:
    for path, data in files:
        store.write(path, data)


def _full_by_now(before: int, after: int) -> Iterator[str]:
    """Yield the folders of partial tiles that a log outgrew: at most one in each row is partial at a time."""
    level = 0
    while before >> 8 * level:
        index = before >> 8 * level >> 8
        if (before >> 8 * level) % WIDTH and after >> 8 * level >> 8 > index:
            rows = (-1, 0) if level == 0 else (level,)
            for row in rows:
                yield f"{tile_path(row, index)}.p/"
        level += 1


def _batches(entries: Iterable[bytes]) -> Iterator[list[bytes]]:
    waiting = iter(entries)
    while first := list(itertools.islice(waiting, 1)):
        batch, size = first, len(first[0])
        for entry in waiting:
            batch.append(entry)
            size += len(entry)
            if len(batch) == _BATCH or size > _BATCH_BYTES:
                break
        yield batch
