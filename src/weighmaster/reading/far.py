"""A source whose bytes lie elsewhere: what is read is fetched, once, and no more of it than is needed.

Small files are fetched whole. Of larger ones the beginning and the end come first, then whatever is asked for, with a
little more after it, which grows while the reading goes on forward.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.value import Value

_WHOLE: Final = 128 << 10
"""Files up to this size are fetched whole, in one request."""
_HEAD: Final = 8 << 10
_TAIL: Final = 22 + 65535
"""A zip's end record and the longest comment that may follow it."""
_AHEAD: Final = 4 << 10
_MOST_AHEAD: Final = 4 << 20
_NEAR: Final = 1 << 10
"""Spans that lie closer together are fetched as one."""

Span: TypeAlias = tuple[int, int]
Fetch: TypeAlias = Callable[[Sequence[Span]], list[bytes]]


class Far(Value):
    """A file that lies elsewhere.

    `locator` is what its origin finds it by, `version` what pins it to one content (an entity tag, a commit). `sha256`
    and `blob` (git's own SHA-1 of a file) are what whoever serves it declares; empty where nothing is.
    """

    name: str
    size: int
    locator: str
    version: str = ""
    sha256: str = ""
    blob: str = ""


class LieError(UnreadableError):
    """What serves the bytes contradicts itself."""


class FarSource:
    """See `Source`. `lies` are the contradictions that were met; `fetched` counts the bytes that came."""

    far: Final = True

    def __init__(self, file: Far, fetch: Fetch, allowance: int) -> None:
        self.file = file
        self.size = file.size
        self.lies: list[str] = []
        self.fetched = 0
        self._fetch = fetch
        self._allowance = allowance
        self._starts: list[int] = []
        self._extents: list[bytes] = []
        self._ahead = _AHEAD
        self._next = -1

    @property
    def whole(self) -> bool:
        """Whether every byte was fetched."""
        return self.size == 0 or bool(self._starts and not self._missing(0, self.size))

    def read_at(self, offset: int, count: int) -> bytes:
        """See `Source`."""
        end = min(offset + count, self.size)
        if end <= offset:
            return b""
        if not self._starts:
            self._begin()
        if offset > self._next:
            self._ahead = _AHEAD  # Skips something, whether it is there already or not.
        if missing := self._missing(offset, end):
            forward = offset <= self._next <= end
            self._ahead = min(_MOST_AHEAD, self._ahead * 2) if forward else _AHEAD
            start, last = missing[0][0], missing[-1][1]
            self._get(self._missing(start, min(self.size, max(last, start + self._ahead))))
        self._next = end
        return self._taken(offset, end)

    def expect(self, spans: Sequence[Span]) -> None:
        """Fetch spans at once that will be asked for one after the other."""
        if not self._starts:
            self._begin()
        joined: list[Span] = []
        for start, end in sorted((max(0, start), min(end, self.size)) for start, end in spans):
            if joined and start <= joined[-1][1] + _NEAR:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            elif start < end:
                joined.append((start, end))
        self._get([piece for start, end in joined for piece in self._missing(start, end)])

    def _begin(self) -> None:
        if self.size <= _WHOLE:
            self._get([(0, self.size)])
        else:
            self._get([(0, _HEAD), (self.size - _TAIL, self.size)])

    def _get(self, spans: Sequence[Span]) -> None:
        if not spans:
            return
        wanted = sum(end - start for start, end in spans)
        if self.fetched + wanted > self._allowance:
            raise OverBudgetError(
                f"more than {self._allowance} bytes of {self.size} would have to be fetched (--full reads all)"
            )
        try:
            pieces = self._fetch(spans)
        except LieError as error:
            self.lies.append(str(error))
            raise
        self.fetched += wanted
        for (start, end), piece in zip(spans, pieces, strict=True):
            if len(piece) != end - start:
                raise UnreadableError(f"{len(piece)} of {end - start} bytes came", offset=start)
            at = bisect.bisect(self._starts, start)
            self._starts.insert(at, start)
            self._extents.insert(at, piece)

    def _missing(self, start: int, end: int) -> list[Span]:
        """Return the parts of a span that were not fetched yet, in order."""
        found = []
        at = max(0, bisect.bisect(self._starts, start) - 1)
        while at < len(self._starts) and self._starts[at] < end and start < end:
            first, last = self._starts[at], self._starts[at] + len(self._extents[at])
            if start < first:
                found.append((start, first))
            start = max(start, last)
            at += 1
        if start < end:
            found.append((start, end))
        return found

    def _taken(self, start: int, end: int) -> bytes:
        at = bisect.bisect(self._starts, start) - 1
        pieces = []
        while start < end:
            first, extent = self._starts[at], self._extents[at]
            pieces.append(extent[start - first : end - first])
            start = first + len(extent)
            at += 1
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
