"""Brotli streams, as web pages of packages are kept: RFC 7932.

They begin with nothing that tells, so bytes are one where they unpack to their last and nothing is left over.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format, Glance
from weighmaster.extend.wrapper import wrapper
from weighmaster.model.errors import MissingExtraError, OverBudgetError, UnreadableError
from weighmaster.reading.codecs import CODECS
from weighmaster.reading.source import Source, is_far

_SHORTEST: Final = 24
_LONGEST: Final = 64 << 20
_PIECE: Final = 1 << 16
_MOST: Final = 64 << 20
"""Bytes that are unpacked to see whether it is one: what gives more is one by then, as a bomb of 200 bytes is."""
_TEXT: Final = bytes({*range(0x20, 0x100), *b"\t\n\f\r"})


def _matches(glance: Glance) -> bool:
    if not _SHORTEST <= glance.size <= _LONGEST or is_far(glance.source) or not glance.head.translate(None, _TEXT):
        return False
    try:
        return _ends(glance.source)
    except (UnreadableError, MissingExtraError):
        return False
    except OverBudgetError:
        return True  # Reading it says so again.


def _ends(source: Source) -> bool:
    """Whether the whole of a source is one stream."""
    decoder, at = CODECS["brotli"].begin(source, 0, False)
    out = 0
    while not decoder.eof:
        data = source.read_at(at, _PIECE) if decoder.needs_input else b""
        if decoder.needs_input and not data:
            return False
        at += len(data)
        out += len(decoder.decompress(data, _PIECE))
        if out > _MOST:
            raise OverBudgetError(f"brotli: unpacks to more than {_MOST} bytes")
    return at == source.size and out > 0


FORMAT: Final[Format] = wrapper("brotli", "Brotli stream", _matches, (".br",))
