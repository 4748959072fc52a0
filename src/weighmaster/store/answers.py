"""What workers said of files, and what that came to, in a database of the user's own: SQLite in a folder of its own.

It is a cache: whatever goes wrong with it, the files are read again. It never lies in a target, and nothing in it is
run.

Format: <https://www.sqlite.org/fileformat2.html>.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import sqlite3

_NAME: Final = "answers-1.sqlite"
"""The number is that of the tables below."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS files (key BLOB PRIMARY KEY, answer BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS wholes (key BLOB PRIMARY KEY, answer BLOB NOT NULL);
"""
_TOGETHER: Final = 500
"""Keys of one question: SQLite before 3.32 takes no more than 999."""
_WAIT: Final = 0.2
"""Seconds that another process may hold the database; after that this one does without."""
_MOST: Final = 1 << 30
"""Bytes of the database, from which on it is begun anew."""


class Answers:
    """The database in a folder. Made for one run; without a database it knows nothing and keeps nothing."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._data: sqlite3.Connection | None = None
        self._tried = False

    def of_files(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return what was said of the files of those keys, where that is known."""

        def ask(data: sqlite3.Connection) -> dict[bytes, bytes]:
            found: dict[bytes, bytes] = {}
            for at in range(0, len(keys), _TOGETHER):
                some = keys[at : at + _TOGETHER]
                marks = ",".join("?" * len(some))
                found.update(data.execute(f"SELECT key, answer FROM files WHERE key IN ({marks})", some))  # noqa: S608
            return found

        return self._with(ask) or {}

    def of_whole(self, key: bytes) -> bytes | None:
        """Return what a whole target came to, where that is known."""
        row = self._with(lambda data: data.execute("SELECT answer FROM wholes WHERE key = ?", (key,)).fetchone())
        return row[0] if row and type(row[0]) is bytes else None

    def keep_files(self, answers: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep what was said of files."""
        self._keep("files", answers)

    def keep_whole(self, key: bytes, answer: bytes) -> None:
        """Keep what a whole target came to."""
        self._keep("wholes", [(key, answer)])

    def close(self) -> None:
        """Let go of the database."""
        if self._data is not None:
            self._data.close()
            self._data = None

    def _keep(self, table: str, rows: Iterable[tuple[bytes, bytes]]) -> None:
        def write(data: sqlite3.Connection) -> None:
            with data:
                data.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", rows)  # noqa: S608 - our own names

        self._with(write)

    def _with(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Return what `work` makes of the database; None where that cannot be had."""
        import sqlite3

        try:
            if not self._tried:
                self._tried = True
                self._data = _opened(self._folder)
            return work(self._data) if self._data is not None else None
        except (sqlite3.Error, OSError) as error:
            # Locked, or on a full disk: this run does without. Damaged: the next begins anew.
            with contextlib.suppress(sqlite3.Error):
                self.close()
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                with contextlib.suppress(OSError):
                    _removed(os.path.join(self._folder, _NAME))
            return None


def _opened(folder: str) -> sqlite3.Connection | None:
    """Return the database in a folder that nobody else can write to; None where it is not ours alone."""
    import sqlite3

    os.makedirs(folder, mode=0o700, exist_ok=True)
    if not _is_ours(os.lstat(folder)):
        return None
    path = os.path.join(folder, _NAME)
    if os.path.lexists(path):
        about = os.lstat(path)
        if not stat.S_ISREG(about.st_mode) or not _is_ours(about):
            return None
        if about.st_size > _MOST or not _is_sound(path):
            _removed(path)
    before = os.umask(0o077)
    try:
        data = sqlite3.connect(path, timeout=_WAIT)
    finally:
        os.umask(before)
    try:
        data.execute("PRAGMA trusted_schema = OFF")
        data.execute("PRAGMA journal_mode = WAL")
        data.execute("PRAGMA synchronous = OFF")
        data.executescript(_TABLES)
    except sqlite3.Error:
        data.close()
        raise
    return data


def _is_ours(about: os.stat_result) -> bool:
    if os.name != "posix":
        return True
    return about.st_uid == os.geteuid() and not about.st_mode & 0o022 and not stat.S_ISLNK(about.st_mode)


def _is_sound(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(16) in {b"SQLite format 3\0", b""}


def _removed(path: str) -> None:
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(path + ending)
