"""The Merkle tree of RFC 6962, section 2.1: roots, and proofs that an entry is in it and that it only grew.

Proofs are verified as RFC 9162, sections 2.1.3.2 and 2.1.4.2, says. Hashes are 32 bytes of SHA-256.

>>> leaves = [leaf_hash(entry) for entry in (b"one", b"two", b"three")]
>>> tree = root(leaves)
>>> verify_inclusion(leaves[2], 2, 3, inclusion_path(2, 3, node_of(leaves)), tree)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from weighmaster.model.errors import TrustError

HASH: Final = 32
"""Bytes of a hash."""
EMPTY: Final = hashlib.sha256().digest()
"""The root of a tree without entries."""
LARGEST: Final = (1 << 63) - 1
"""Entries of a tree: sizes above this are not believed."""
_LONGEST: Final = 63
"""Hashes of an inclusion proof (tlog-witness bounds consistency proofs alike)."""

_sha256 = hashlib.sha256

Node: TypeAlias = Callable[[int, int], bytes]
"""Returns the hash of a complete subtree: of `2**height` entries, the one with that number in its row."""


def entries(number: int) -> str:
    """Return a number of entries, in words.

    >>> entries(1), entries(2)
    ('1 entry', '2 entries')
    """
    return f"{number} {'entry' if number == 1 else 'entries'}"


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees side by side."""
    return _sha256(b"\x01" + left + right).digest()


def row_above(hashes: bytes) -> bytes:
    """Return the row above a row of hashes, written one after the other; a last one without a neighbour is left out."""
    pairs = len(hashes) // (2 * HASH) * 2 * HASH
    return b"".join([_sha256(b"\x01" + hashes[at : at + 64]).digest() for at in range(0, pairs, 64)])


def root(hashes: Iterable[bytes]) -> bytes:
    """Return the root over the hashes of leaves.

    They may as well be those of equal complete subtrees, followed by one of a smaller tree.
    """
    row = b"".join(hashes)
    if not row:
        return EMPTY
    while len(row) > HASH:
        # RFC 6962 splits at powers of two: row by row, a hash without a neighbour moves up as it is.
        alone = row[len(row) // 64 * 64 :]
        row = row_above(row) + alone
    return row


def root_of_rows(rows: Iterable[bytes]) -> bytes:
    """Return the root of a tree of which the last tile of each row is given, from the lowest row on.

    Each holds the hashes that lie side by side at the end of its row, and are in no full tile; none where all are.
    """
    below = b""
    for row in rows:
        if row or below:
            below = root([row, below])
    return below or EMPTY


class Range:
    """The complete subtrees that make up a tree: enough to append to it, and to say its root, in log(size) memory."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the hash of a leaf."""
        size = self.size
        while size & 1:
            leaf = _sha256(b"\x01" + self._peaks.pop() + leaf).digest()
            size >>= 1
        self._peaks.append(leaf)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root over all that was added."""
        if not self._peaks:
            return EMPTY
        peaks = self._peaks[::-1]
        found = peaks[0]
        for peak in peaks[1:]:
            found = node_hash(peak, found)
        return found


def node_of(leaves: Sequence[bytes]) -> Node:
    """Return the subtrees over leaves that are all at hand."""
    return lambda height, index: root(leaves[index << height : (index + 1) << height])


def inclusion_path(index: int, size: int, node: Node) -> tuple[bytes, ...]:
    """Return the proof that the leaf `index` is in the tree of `size` leaves (RFC 6962, section 2.1.1).

    Raises:
        TrustError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise TrustError(f"there is no entry {index} in a log of {size}")
    start, end, spans = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return tuple(spanned(*span, node) for span in reversed(spans))


def consistency_path(old: int, size: int, node: Node) -> tuple[bytes, ...]:
    """Return the proof that the tree of `old` leaves is the beginning of that of `size` (RFC 6962, section 2.1.2).

    Raises:
        TrustError: the older tree is the larger.
    """
    if not 0 <= old <= size:
        raise TrustError(f"a log of {entries(size)} cannot have grown from one of {old}")
    if old in {0, size}:
        return ()
    start, end, spans = 0, size, []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:
        spans.append((start, end))
    return tuple(spanned(*span, node) for span in reversed(spans))


def spanned(start: int, end: int, node: Node) -> bytes:
    """Return the root over the leaves from `start` to `end`, where a complete subtree begins."""
    if start == end:
        return EMPTY
    parts = []
    while start < end:
        height = (end - start).bit_length() - 1
        parts.append(node(height, start >> height))
        start += 1 << height
    found = parts.pop()
    while parts:
        found = node_hash(parts.pop(), found)
    return found


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], tree: bytes) -> None:
    """Verify that the leaf with the hash `leaf` is number `index` of the `size` under the root `tree`.

    Raises:
        TrustError: that is not proven.
    """
    if not 0 <= index < size <= LARGEST:
        raise TrustError(f"there is no entry {index} in a log of {size}")
    _check(path)
    first, last, found = index, size - 1, leaf
    for sibling in path:
        if not last:
            raise TrustError("the proof of inclusion is too long for a log of this size")
        if first & 1 or first == last:
            found = node_hash(sibling, found)
            first, last = _aligned(first, last)
        else:
            found = node_hash(found, sibling)
        first, last = first >> 1, last >> 1
    if last:
        raise TrustError("the proof of inclusion is too short for a log of this size")
    if found != tree:
        raise TrustError(f"the proof does not lead from the entry to the root: it is not entry {index} of this log")


def verify_consistency(old: int, old_root: bytes, size: int, tree: bytes, path: Sequence[bytes]) -> None:
    """Verify that the tree of `old` leaves with the root `old_root` is the beginning of that of `size` with `tree`.

    Raises:
        TrustError: that is not proven.
    """
    if not 0 <= old <= size <= LARGEST:
        raise TrustError(f"a log of {entries(size)} cannot have grown from one of {old}")
    _check(path)
    if old in {0, size}:
        if path:
            raise TrustError("the proof of consistency is too long for logs of these sizes")
        if old_root != (tree if old else EMPTY):
            raise TrustError(f"two logs of {entries(old)} have different roots: the log was forked")
        return
    if not path:
        raise TrustError("the proof of consistency is empty")
    _grown(old, old_root, size, tree, path)


def _grown(old: int, old_root: bytes, size: int, tree: bytes, path: Sequence[bytes]) -> None:
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if not last:
            raise TrustError("the proof of consistency is too long for logs of these sizes")
        if first & 1 or first == last:
            before, after = node_hash(step, before), node_hash(step, after)
            first, last = _aligned(first, last)
        else:
            after = node_hash(after, step)
        first, last = first >> 1, last >> 1
    if last:
        raise TrustError("the proof of consistency is too short for logs of these sizes")
    if before != old_root:
        raise TrustError(f"the log of {entries(size)} does not begin with the {old} that were seen: it was forked")
    if after != tree:
        raise TrustError("the proof of consistency does not lead to the root of the later log")


def _aligned(first: int, last: int) -> tuple[int, int]:
    while first and not first & 1:
        first, last = first >> 1, last >> 1
    return first, last


def _check(path: Sequence[bytes]) -> None:
    # Of a consistency proof the first hash may stand for a subtree of its own: one more than there are rows.
    if len(path) > _LONGEST + 1 or any(len(one) != HASH for one in path):
        raise TrustError("a proof is of at most 64 hashes of 32 bytes")


def _split(count: int) -> int:
    """Return the largest power of two that is smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)
