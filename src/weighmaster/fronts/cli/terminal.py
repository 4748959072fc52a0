"""What the subcommands share about the terminal: its width and colours, tables, and what a defect looks like."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_WIDTH: Final = 100


class _Heard(io.FileIO):
    """A stream whose reader may have seen enough: what comes after that is lost, and changes no status."""

    def write(self, data: Buffer, /) -> int:
        """Write, as long as somebody reads."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def open_streams() -> None:
    """Give a process both streams that it writes to, where it was started without, and readers that may go away."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
        elif stream.isatty():
            continue
        encoding = stream.encoding if stream else "utf-8"
        raw = _Heard(number, "w", closefd=False)
        setattr(sys, name, io.TextIOWrapper(io.BufferedWriter(raw), encoding, line_buffering=number == 2))


def unwritten(stream: IO[str]) -> str:
    """Return why what was said cannot be written, if it cannot; nothing more is written then."""
    try:
        stream.flush()
    except BrokenPipeError:
        silence(stream)
    except OSError as error:
        silence(stream)
        return error.strerror or str(error)
    return ""


def silence(stream: IO[str]) -> None:
    """Let nothing more reach `stream`, whose reader has seen enough: not even what is written at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def colored(stream: IO[str]) -> bool:
    """Say whether colours may be written: at a terminal, unless the user said no (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Return how many characters a line of standard output has room for."""
    # shutil knows this too, and imports four decompressors for it.
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size(sys.stdout.fileno()).columns) or _WIDTH
    except (ValueError, OSError):
        return _WIDTH


def table(rows: Iterable[Sequence[str]]) -> None:
    """Print rows in columns as wide as what stands in them."""
    from weighmaster.extend.showing import plain

    lines = [tuple(map(plain, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n")


def defect(error: Exception) -> None:
    """Tell the user of a mistake of ours: in one line, unless they ask for all of it."""
    from weighmaster.extend.showing import plain

    said = plain(f"{type(error).__name__}: {error}")
    sys.stderr.write(f"weighmaster: this is a defect of weighmaster, please report it: {said}\n")
    if os.environ.get("WEIGHMASTER_DEBUG"):
        sys.excepthook(type(error), error, error.__traceback__)
    else:
        sys.stderr.write("weighmaster: WEIGHMASTER_DEBUG=1 shows where\n")
