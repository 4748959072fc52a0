"""A bar on standard error, when that is a terminal and the work takes long enough to ask how far it is."""

from __future__ import annotations

import time
from types import TracebackType
from typing import IO, Any, Final, Self

_PATIENCE: Final = 0.5


class Progress:
    """Is told how many files are done; draws nothing before half a second has gone by, and nothing elsewhere."""

    def __init__(self, stream: IO[str], *, quiet: bool) -> None:
        self._stream = stream
        self._wanted = not quiet and stream.isatty()
        self._begin = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def files(self, done: int, total: int) -> None:
        """Show that `done` of `total` files are done."""
        if not self._wanted or (self._bar is None and time.monotonic() - self._begin < _PATIENCE):
            return
        if self._bar is None:
            self._start()
        self._bar.update(self._task, completed=done, total=total)

    def _start(self) -> None:
        # rich takes longer to import than most files take to judge.
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("looking"), BarColumn(), MofNCompleteColumn(), TextColumn("files"), TimeElapsedColumn())
        self._bar = Bar(*columns, console=Console(file=self._stream), transient=True)
        self._task = self._bar.add_task("looking", total=None)
        self._bar.start()
