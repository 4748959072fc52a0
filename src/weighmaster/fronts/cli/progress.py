"""A bar on standard error, when that is a terminal and the work takes long enough to ask how far it is."""

from __future__ import annotations

import os
from types import TracebackType
from typing import IO, Any, Final, Self

_PATIENCE: Final = 0.5
"""Seconds before anything is drawn."""
_PACE: Final = 0.2
"""Seconds between two drawings."""


class Progress:
    """Is told how many files are done, or bytes; draws nothing before half a second has gone by, and nothing elsewhere.

    A timer's signal draws it, not a thread: workers may be forked beside it, and a single long file moves it too.
    """

    def __init__(self, stream: IO[str], *, quiet: bool, doing: str = "looking") -> None:
        self._stream = stream
        self._doing = doing
        self._wanted = not quiet and stream.isatty() and os.name == "posix"
        self._before: Any = None
        self._bar: Any = None
        self._task: Any = None
        self._state = (0, 0)
        self._drawing = False
        self._in_bytes = False

    def __enter__(self) -> Self:
        if self._wanted:
            import signal

            self._before = signal.signal(signal.SIGALRM, self._tick)
            signal.setitimer(signal.ITIMER_REAL, _PATIENCE, _PACE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._wanted:
            import signal

            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)
        if self._bar is not None:
            self._bar.stop()

    def files(self, done: int, total: int) -> None:
        """Remember that `done` of `total` files are done."""
        self._state = (done, total)

    def bytes(self, done: int, total: int) -> None:
        """Remember that `done` of `total` bytes are done."""
        self._in_bytes = True
        self._state = (done, total)

    def _tick(self, number: int, frame: object) -> None:
        del number, frame
        if self._drawing:
            return
        self._drawing = True
        try:
            if self._bar is None:
                self._start()
            done, total = self._state
            self._bar.update(self._task, completed=done, total=total or None, refresh=True)
        finally:
            self._drawing = False

    def _start(self) -> None:
        # rich takes longer to import than most files take to judge.
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        counted = (DownloadColumn(),) if self._in_bytes else (MofNCompleteColumn(), TextColumn("files"))
        columns = (TextColumn(self._doing), BarColumn(), *counted, TimeElapsedColumn())
        self._bar = Bar(*columns, console=Console(file=self._stream), transient=True, auto_refresh=False)
        self._task = self._bar.add_task(self._doing, total=None)
        self._bar.start()
