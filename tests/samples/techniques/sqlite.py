"""SQLite databases whose values are unpickled: in a page, over several, packed, as text."""

from __future__ import annotations

import base64
import pickle
import zlib
from typing import Any, Final

from tests.samples.pickles import call, global_, name, pickle_of, program
from tests.samples.sample import COMMAND, SYSTEM, Table
from tests.samples.whole.sqlite import database

_TABLE = Table("sqlite")
SAMPLES = _TABLE.samples

_PICKLE: Final = pickle_of(call(name("posix", "system"), COMMAND))
_TEXTUAL: Final = program(global_("posix", "system"), b"(S'" + COMMAND.encode() + b"'\ntR.")
_BARE: Final = b"(\x8c\x05posix\x8c\x06system\x93\x8c" + bytes([len(COMMAND)]) + COMMAND.encode() + b"\x85R."
_LATE: Final = b"\x80\x04B" + (1 << 17).to_bytes(4, "little") + bytes(1 << 17) + b"0" + _PICKLE[2:]
_HARMLESS: Final = [pickle.dumps({"row": number}) for number in range(60)]


def _add(technique: str, value: Any, **options: Any) -> None:
    data = database(*_HARMLESS, value, **options)
    _TABLE.raw(technique, data, SYSTEM, loader="sqlite-values", file="cache.db")


_add("Pickle in a BLOB", _PICKLE)
_add("Pickle of protocol 0 in a BLOB", _TEXTUAL)
_add("Pickle without its protocol in a BLOB", _BARE)
_add("Pickle in a chain of overflow pages, which calls late", _LATE)
_add("Pickle that is packed in a BLOB", zlib.compress(_PICKLE))
_add("Pickle in Base64 in a text", base64.b64encode(_PICKLE).decode())
_add("Pickle in Base64 in a text of UTF-16", base64.b64encode(_TEXTUAL).decode(), settings=["encoding='UTF-16le'"])
_add("Pickle in lines of Base64", base64.encodebytes(_PICKLE * 3).decode())
