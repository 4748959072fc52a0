"""Settings of Jupyter's servers in JSON: which packages each of them loads when it starts.

Specification: <https://jupyter-server.readthedocs.io/en/latest/developers/extensions.html>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.package import EntryPoint
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document
from weighmaster.reading.source import Source

_LONGEST: Final = 64 << 10
_KEYS: Final = ("jpserver_extensions", "nbserver_extensions")
_MARKS: Final = tuple(f'"{key}"'.encode() for key in _KEYS)
_APPS: Final = ("ServerApp", "NotebookApp")
_MOST: Final = 200


def _matches(glance: Glance) -> bool:
    return glance.size <= _LONGEST and any(mark in glance.head for mark in _MARKS) and any(_loaded(glance.source))


def _loaded(source: Source) -> Iterator[str]:
    """Yield the modules that a server is told to load."""
    found = document(source)
    for app in _APPS if isinstance(found, dict) else ():
        said = found.get(app)
        for key in _KEYS if isinstance(said, dict) else ():
            listed = said.get(key)
            for module, wanted in list(listed.items())[:_MOST] if isinstance(listed, dict) else ():
                if wanted is True and module:
                    yield module


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    for module in _loaded(cursor.source):
        yield EntryPoint(where=where, group="jupyter_server", name=module[:500], target=module[:500])


FORMAT: Final = Format(
    id="jupyter-settings", title="Settings of Jupyter's servers", matches=_matches, read=_read, layer=True
)
