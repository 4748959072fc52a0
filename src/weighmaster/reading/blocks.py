"""Parts of far files, fetched in larger blocks, of which the last ones that were used are kept.

A wheel has thousands of small members, nearly all of which are read: to ask for each would take a journey to the server
and back for every one of them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from weighmaster.reading.far import Far

_BLOCK: Final = 2 << 20
_KEPT: Final = 48


class Blocks:
    """Returns so many bytes of a file from an offset on, as `fetch` does; may be called by several threads at once."""

    def __init__(self, fetch: Callable[[Far, int, int], bytes], *, block: int = _BLOCK, kept: int = _KEPT) -> None:
        self._fetch = fetch
        self._block = block
        self._most = kept
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._coming: dict[tuple[str, int], threading.Lock] = {}
        self._lock = threading.Lock()

    def __call__(self, file: Far, offset: int, count: int) -> bytes:
        """See above."""
        if count <= 0 or count >= self._block:
            return self._fetch(file, offset, count)
        first, last = offset // self._block, (offset + count - 1) // self._block
        data = b"".join(self._of(file, number) for number in range(first, last + 1))
        start = offset - first * self._block
        return data[start : start + count]

    def _of(self, file: Far, number: int) -> bytes:
        key = file.locator, number
        with self._lock:
            coming = self._coming.setdefault(key, threading.Lock())
        with coming:
            with self._lock:
                if (found := self._kept.get(key)) is not None:
                    self._kept.move_to_end(key)
                    return found
            at = number * self._block
            found = self._fetch(file, at, min(self._block, file.size - at))
            with self._lock:
                self._kept[key] = found
                self._coming.pop(key, None)
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            return found
