"""Where in a log something is: looked for from the first entry to the last."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from weighmaster.trust.log import merkle, record
from weighmaster.trust.log.book import Log
from weighmaster.trust.log.tiles import WIDTH

_DIGEST: Final = re.compile(rb'"sha256":"([0-9a-f]{64})"')


def numbers(log: Log, digests: Iterable[str]) -> dict[str, int]:
    """Return the number of the first record of each SHA-256 in the log, as it lies there: not yet verified.

    Raises:
        TrustError: the log is damaged.
    """
    wanted = {digest.encode() for digest in digests}
    found: dict[str, int] = {}
    if not wanted:
        return found
    for number, entry in enumerate(log.entries()):
        hit = _DIGEST.search(entry)
        if hit is None or hit[1] not in wanted:
            continue
        digest = hit[1].decode()
        if record.of(entry, digest):
            found[digest] = number
            wanted.discard(hit[1])
            if not wanted:
                break
    return found


def raw(log: Log, entry: bytes) -> int | None:
    """Return the number of the first entry with those bytes; nothing if there is none."""
    leaf = merkle.leaf_hash(entry)
    for index, tile in enumerate(log.leaves()):
        at = tile.find(leaf)
        while at >= 0 and at % merkle.HASH:
            at = tile.find(leaf, at + 1)
        if at >= 0:
            return index * WIDTH + at // merkle.HASH
    return None


def kept(body: bytes) -> str:
    """Return the path of a claim that is kept beside the log."""
    digest = hashlib.sha256(body).hexdigest()
    return f"kept/{digest[:2]}/{digest}"
