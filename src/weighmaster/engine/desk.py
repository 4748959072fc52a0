"""Where confined workers ask for bytes that lie elsewhere: a process beside each worker fetches them.

A worker asks for spans of a file by its number; the desk fetches them side by side and answers in order. It knows the
files beforehand, so a worker that was taken over can ask for their bytes and for nothing else.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from weighmaster.extend.origin import FetchPart, Origin
from weighmaster.model.errors import OverBudgetError, UnreachableError, UnreadableError, WeighmasterError
from weighmaster.reading.far import Far, LieError, Span
from weighmaster.reading.http import Access

_SIDE_BY_SIDE: Final = 24
"""Spans that are fetched at once."""
_HEAD: Final = struct.Struct("<BI")
_FINE: Final = 0
_WRONG: Final[tuple[type[WeighmasterError], ...]] = (LieError, UnreachableError, OverBudgetError, UnreadableError)
"""What may have gone wrong, each told by its place here plus one."""
_DETAIL: Final = 500


class Desk:
    """Files that lie elsewhere, each with the origin that it is fetched from. It is an `Attendant` of workers."""

    def __init__(self, files: Sequence[tuple[Origin, Far]], access: Access) -> None:
        self._files = files
        self._access = access
        self._opened: dict[str, FetchPart] = {}
        self._ends: tuple[int, int] | None = None

    def fetcher(self, number: int) -> Callable[[Sequence[Span]], list[bytes]]:
        """Return what fetches spans of the file of that number; called in a worker, it asks the process beside it."""
        return lambda spans: self._direct(number, spans) if self._ends is None else self._asked(number, spans)

    def connect(self, ask: int, hear: int) -> None:
        """See `Attendant`."""
        self._ends = (ask, hear)

    def serve(self, asked: int, told: int) -> None:
        """See `Attendant`."""
        import select
        import threading
        from concurrent.futures import ThreadPoolExecutor

        def watch() -> None:
            # Whoever asked is gone: nobody waits for what is being fetched.
            poll = select.poll()
            poll.register(asked, 0)
            poll.poll()
            os._exit(0)

        threading.Thread(target=watch, daemon=True).start()
        with open(asked, "rb", closefd=False) as questions, ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            for line in questions:
                number, spans = json.loads(line)
                for status, data in pool.map(partial(self._tried, number), spans):
                    _write(told, _HEAD.pack(status, len(data)) + data)

    def _tried(self, number: int, span: Span) -> tuple[int, bytes]:
        try:
            return _FINE, self._part(number, *span)
        except WeighmasterError as error:
            kind = next((at for at, wrong in enumerate(_WRONG, 1) if isinstance(error, wrong)), len(_WRONG))
            return kind, str(error).encode("utf-8", "replace")[:_DETAIL]

    def _part(self, number: int, start: int, end: int) -> bytes:
        origin, file = self._files[number]
        if not 0 <= start <= end <= file.size:
            raise UnreadableError(f"no bytes {start}-{end} in a file of {file.size}")
        if origin.id not in self._opened:
            self._opened[origin.id] = origin.open(self._access)
        return self._opened[origin.id](file, start, end - start)

    def _direct(self, number: int, spans: Sequence[Span]) -> list[bytes]:
        return [self._part(number, start, end) for start, end in spans]

    def _asked(self, number: int, spans: Sequence[Span]) -> list[bytes]:
        ask, hear = self._ends or (-1, -1)
        _write(ask, json.dumps([number, list(spans)]).encode() + b"\n")
        pieces: list[bytes] = []
        wrong: WeighmasterError | None = None
        for _ in spans:
            status, length = _HEAD.unpack(_read(hear, _HEAD.size))
            data = _read(hear, length)
            if status == _FINE:
                pieces.append(data)
            elif wrong is None:
                # The other answers are on their way, and have to be read.
                wrong = _WRONG[status - 1](data.decode("utf-8", "replace"))
        if wrong is not None:
            raise wrong
        return pieces


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _read(descriptor: int, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = os.read(descriptor, count - len(data))
        if not piece:
            raise UnreachableError("what fetches from afar has ended")
        data += piece
    return bytes(data)
