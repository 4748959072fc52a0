"""What comes out of a compressed stream, as bytes that can be read at any place.

A small result is kept. A large one is unpacked once to count and digest it, and again, from the start or from a mark
on the way, when it is read: memory stays flat, reading forward costs one more pass, and going far back costs another.
"""

from __future__ import annotations

from typing import Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading.budget import Budget
from weighmaster.reading.codecs import CODECS, Codec, Decoder, Deflated
from weighmaster.reading.digest import sha256
from weighmaster.reading.signatures import skippable
from weighmaster.reading.source import Source

KEPT: Final = 64 << 20
"""The most that is kept in memory, of all streams that are open at the same time."""
_CHUNK: Final = 1 << 18
_INPUT: Final = 1 << 12
_RECENT: Final = 64
_STRIDE: Final = 8 << 20
_MARKS: Final = 256


class BombError(OverBudgetError):
    """`packed` bytes unpack to at least `unpacked`; `before` holds the beginning of them."""

    def __init__(self, packed: int, unpacked: int, before: UnpackedSource) -> None:
        super().__init__(f"{packed} bytes unpack to more than {unpacked}")
        self.packed = packed
        self.unpacked = unpacked
        self.before = before


def unpacked(source: Source, codec: str | Codec, budget: Budget, *, size: int | None = None) -> UnpackedSource:
    """Return what `source` unpacks to, as the readers of such streams see it: streams that follow each other are one.

    `size` is what the container says comes out; only streams without an end mark are cut there.

    Raises:
        UnreadableError: nothing comes out. What comes out before a stream breaks is returned, and says so in `broken`.
        BombError: more comes out than `budget.limits.ratio` allows for.
        OverBudgetError: more comes out than the budget allows, or unpacking needs too much memory.
        MissingExtraError: a library is missing; the message names it.
    """
    return UnpackedSource(source, CODECS[codec] if isinstance(codec, str) else codec, budget, size)


class _Pass:
    """One way through the packed bytes, from a stream's beginning on."""

    __slots__ = (
        *("_began", "_careful", "_codec", "_decoder", "_input", "_source"),
        *("at", "broken", "budget", "consumed", "ended", "out", "over", "size"),
    )

    def __init__(self, source: Source, codec: Codec, budget: Budget, size: int | None) -> None:
        self._source = source
        self._codec = codec
        self._decoder: Decoder | None = None
        self._careful = False
        self._input = _INPUT
        self._began = (0, 0)
        self.budget = budget
        self.size = size if codec.endless else None
        self.at = 0
        self.out = 0
        self.consumed = 0
        self.broken: str | None = None
        self.over = False
        self.ended = False

    def mark(self) -> _Pass | None:
        """Return a copy that can go on from here on its own, if the codec can do that."""
        decoder = self._decoder
        if self._careful or not (decoder is None or isinstance(decoder, Deflated)):
            return None
        twin = _Pass(self._source, self._codec, self.budget, self.size)
        twin._decoder = decoder and decoder.copy()
        twin._began = self._began
        twin.at, twin.out, twin.consumed = self.at, self.out, self.consumed
        return twin

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes; fewer only at the end."""
        pieces: list[bytes] = []
        while count and not self.ended:
            try:
                piece = self._step(1 if self._careful else count)
            except (UnreadableError, OverBudgetError) as error:
                piece = self._failed(error)
            self.out += len(piece)
            count -= len(piece)
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _step(self, most: int) -> bytes:
        if self.size is not None:
            most = min(most, self.size - self.out)
        if most == 0:
            self.ended, self.consumed = True, self._source.size
            return b""
        decoder = self._decoder or self._begin()
        if decoder is None:
            return b""
        out = decoder.decompress(self._more() if decoder.needs_input else b"", most)
        if decoder.eof:
            self._finish(decoder)
        elif not out and decoder.needs_input and self.at >= self._source.size:
            self._cut_off()
        return out

    def _more(self) -> bytes:
        self.budget.check_time()
        data = self._source.read_at(self.at, min(self._input, _INPUT if self._careful else _CHUNK))
        self._input *= 2
        self.at += len(data)
        return data

    def _begin(self) -> Decoder | None:
        """Start on the next stream, if there is one."""
        if self._codec.skips:
            self._skip()
        if self.at and not self._another():
            self.ended = True
            return None
        self._input = _INPUT
        self._began = (self.at, self.out)
        self._decoder, self.at = self._codec.begin(self._source, self.at, self._careful)
        return self._decoder

    def _skip(self) -> None:
        while (length := skippable(self._source.read_at(self.at, 8))) and self.at + length <= self._source.size:
            self.budget.check_time()
            self.at += length
            self.consumed = self.at

    def _another(self) -> bool:
        at = self.at
        while self._codec.padded and (zeros := self._source.read_at(at, _INPUT)) and not zeros.strip(b"\0"):
            self.budget.check_time()
            at += len(zeros)
        if self._codec.padded:
            at += len(zeros) - len(zeros.lstrip(b"\0"))
        head = self._source.read_at(at, 18)
        if not head or self._codec.follows(head):
            self.at = at
        self.consumed = self.at
        return self._codec.follows(head)

    def _finish(self, decoder: Decoder) -> None:
        self.at -= len(decoder.unused_data or b"")
        self.consumed = self.at
        self._decoder = None
        if fault := getattr(decoder, "fault", ""):
            self.broken, self.ended = fault, True

    def _cut_off(self) -> None:
        self.ended, self.consumed = True, self.at
        if not self._codec.endless or (self.size is not None and self.out < self.size):
            self.broken = "the packed data ends early"

    def _failed(self, error: UnreadableError | OverBudgetError) -> bytes:
        """Get back what the library had already unpacked when it stumbled, byte by byte; then give up."""
        self.budget.check_time()
        start, out = self._began
        if not self._careful and self._decoder is not None:
            goal = self.out
            self._careful = True
            self.at, self.out = start, out
            self._decoder = None
            self._input = _INPUT
            self._decoder, self.at = self._codec.begin(self._source, start, True)
            while self.out < goal and not self.ended:
                self.out += len(self._step(min(_CHUNK, goal - self.out)))
            self.out = goal
            return b""
        self.ended = True
        if self.out == out and start:
            # What follows a stream and gives nothing is no stream: readers ignore it, or complain at the very end.
            self.consumed = start
        else:
            self.over = isinstance(error, OverBudgetError)
            self.broken, self.consumed = str(error), self.at
        return b""


class UnpackedSource:
    """What a stream unpacks to. See `unpacked`."""

    __slots__ = ("_budget", "_chunks", "_kept", "_marks", "_now", "_stride", "broken", "consumed", "sha256", "size")

    def __init__(self, source: Source, codec: Codec, budget: Budget, size: int | None) -> None:
        self._budget = budget
        self._kept: list[bytes] | None = []
        self._chunks: dict[int, bytes] = {}
        self._stride = _STRIDE
        self._now = _Pass(source, codec, budget, size)
        self._marks = [_Pass(source, codec, budget, size)]
        self.size = 0
        self.sha256: str | None = None
        self._count(max(1, source.size))
        self.broken = self._now.broken
        self.consumed = self._now.consumed
        if self.broken and not self.size:
            raise (OverBudgetError if self._now.over else UnreadableError)(self.broken)

    def __del__(self) -> None:
        if self._kept is not None:
            self._budget.kept -= sum(map(len, self._kept))

    def read_at(self, offset: int, count: int) -> bytes:
        """See `Source`."""
        end = min(offset + count, self.size)
        if offset >= end:
            return b""
        first = offset // _CHUNK
        pieces = [self._chunk(index) for index in range(first, (end - 1) // _CHUNK + 1)]
        pieces[-1] = pieces[-1][: end - (first + len(pieces) - 1) * _CHUNK]
        pieces[0] = pieces[0][offset - first * _CHUNK :]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _count(self, packed: int) -> None:
        """Unpack all once."""
        limits = self._budget.limits
        digest = sha256()
        while chunk := self._now.take(_CHUNK):
            self._budget.unpack(len(chunk))
            digest.update(chunk)
            self._keep(chunk)
            self.size += len(chunk)
            if self.size > limits.ratio_from and self.size > limits.ratio * packed:
                whole, self.size = self.size, min(self.size, KEPT)
                self.broken, self.consumed = None, self._now.consumed
                raise BombError(packed, whole, self)
        self.sha256 = digest.hexdigest()

    def _keep(self, chunk: bytes) -> None:
        if self._kept is not None:
            if self._budget.kept + len(chunk) <= KEPT:
                self._budget.kept += len(chunk)
                self._kept.append(chunk)
            else:
                self._budget.kept -= sum(map(len, self._kept))
                self._kept = None
        self._mark()

    def _mark(self) -> None:
        if self._now.out - self._marks[-1].out < self._stride or (mark := self._now.mark()) is None:
            return
        self._marks.append(mark)
        if len(self._marks) > _MARKS:
            del self._marks[1::2]
            self._stride *= 2

    def _chunk(self, index: int) -> bytes:
        if self._kept is not None:
            return self._kept[index]
        chunk = self._chunks.get(index)
        while chunk is None:
            self._go_to(index * _CHUNK)
            start = self._now.out
            data = self._now.take(_CHUNK)
            if not data:
                raise UnreadableError("unpacks to less than before", offset=start)
            self._remember(start // _CHUNK, data)
            chunk = self._chunks.get(index)
        return chunk

    def _remember(self, index: int, data: bytes) -> None:
        if len(self._chunks) >= _RECENT:
            del self._chunks[next(iter(self._chunks))]
        self._chunks.pop(index, None)
        self._chunks[index] = data

    def _go_to(self, offset: int) -> None:
        """Stand at the last mark before `offset`, or stay where that is nearer."""
        now = self._now.out
        mark = next(mark for mark in reversed(self._marks) if mark.out <= offset)
        if offset < now or mark.out > now:
            self._now = mark.mark() or self._now
