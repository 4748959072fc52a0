"""What one run remembers of earlier ones: asked for the files of a target, and told what was said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from weighmaster.store import keys
from weighmaster.store.answers import Answers

_AT_ONCE: Final = 2_000
"""Answers that wait to be written."""


class Memory:
    """The answers in a folder, for a program of that `version` at the time `now`, in nanoseconds."""

    def __init__(self, folder: str, version: str, now: int) -> None:
        self._folder = folder
        self._version = version
        self._now = now

    def of(self, files: Sequence[tuple[str, str]], limits: str, told: str) -> Remembered:
        """Return what is remembered of files: each a path, and the name that the report gives it.

        `limits` has a say in what is said of every file, `told` in what that comes to.
        """
        by = keys.program(self._version, limits)
        return Remembered(
            Answers(self._folder), by, {name: keys.of_file(by, path, name, self._now) for path, name in files}, told
        )


class Remembered:
    """What is remembered of one target, and what will be."""

    def __init__(self, answers: Answers, by: bytes, files: dict[str, bytes | None], told: str) -> None:
        self._answers = answers
        self._keys = files
        self._waiting: list[tuple[bytes, bytes]] = []
        settled = [key for key in files.values() if key is not None]
        self._whole = keys.of_whole(by, settled, told) if len(settled) == len(files) else None

    def whole(self) -> bytes | None:
        """Return what the target came to, if no file of it has changed."""
        return self._answers.of_whole(self._whole) if self._whole else None

    def files(self) -> dict[str, bytes]:
        """Return what was said of files that have not changed, by their names."""
        known = self._answers.of_files([key for key in self._keys.values() if key is not None])
        return {name: known[key] for name, key in self._keys.items() if key in known}

    def keep(self, name: str, answer: bytes) -> None:
        """Keep what was said of a file."""
        key = self._keys.get(name)
        if key is not None:
            self._waiting.append((key, answer))
            if len(self._waiting) >= _AT_ONCE:
                self._write()

    def keep_whole(self, answer: bytes) -> None:
        """Keep what the target came to."""
        if self._whole:
            self._answers.keep_whole(self._whole, answer)

    def close(self) -> None:
        """Write what waits, and let go."""
        self._write()
        self._answers.close()

    def _write(self) -> None:
        waiting: Iterable[tuple[bytes, bytes]] = self._waiting
        if self._waiting:
            self._answers.keep_files(waiting)
            self._waiting = []
