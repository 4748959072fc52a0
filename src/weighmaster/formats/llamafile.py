"""llamafile: a program that is at once ELF, PE and a shell script, with a zip behind it that holds the model.

The program starts the model when it is run. The zip is read as a zip; here it is said what the whole is.

Specifications: <https://github.com/Mozilla-Ocho/llamafile>, <https://justine.lol/ape.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import Executable, Statement
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor

_BEGINS: Final = (b"MZqFpD", b"\x7fELF", b"MZ", b"jartsr")
_END: Final = b"PK\x05\x06"
_MODEL: Final = (b".gguf", b".ggml")


def _matches(glance: Glance) -> bool:
    if not glance.head.startswith(_BEGINS):
        return False
    end = glance.tail.rfind(_END)
    # The names in the zip's directory, which stands right before its end.
    return end >= 0 and any(model in glance.tail[:end] for model in _MODEL)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    cursor.peek(8)
    yield Executable(where=where, kind="llamafile, a program with a model inside")
    yield Statement(where=where, key="kind", value="llamafile", by="llamafile")


FORMAT: Final = Format(id="llamafile", title="llamafile", matches=_matches, read=_read)
