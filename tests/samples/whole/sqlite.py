"""Small whole SQLite databases, as the library writes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from typing import Any

SQL = (
    "CREATE TABLE t (k INTEGER PRIMARY KEY, v)",
    "CREATE TABLE w (name TEXT PRIMARY KEY, v) WITHOUT ROWID",
    "CREATE INDEX i ON t (v)",
    "CREATE VIEW s AS SELECT v FROM t",
)


def database(
    *held: Any, sql: Iterable[str] = SQL, then: Iterable[str] = (), page: int = 512, settings: Iterable[str] = ()
) -> bytes:
    """Return a database whose table `t` holds these values; `then` is run when all else is written."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for setting in (f"page_size={page}", "secure_delete=OFF", *settings):
            connection.execute(f"PRAGMA {setting}")
        for statement in sql:
            connection.execute(statement)
        connection.executemany("INSERT INTO t (v) VALUES (?)", [(value,) for value in held])
        for statement in then:
            connection.execute(statement)
        return connection.serialize()


def whole() -> list[bytes]:
    """Return them."""
    kinds = (None, 0, 1, -1, 1 << 15, 1 << 40, 1.5, "text", b"\1\2\3", "é" * 400, bytes(range(256)) * 4)
    return [
        database(),
        database(*kinds, *range(60)),
        database(*("x" * 90 for _ in range(30)), then=["DELETE FROM t WHERE k > 3"], page=1024),
        database(*kinds, settings=["encoding='UTF-16le'", "auto_vacuum=FULL"]),
    ]
