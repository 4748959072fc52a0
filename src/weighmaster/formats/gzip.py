"""gzip: RFC 1952, as Python's `gzip` reads it, several members being one stream."""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format, Glance
from weighmaster.extend.wrapper import wrapper


def _matches(glance: Glance) -> bool:
    return glance.head[:3] == b"\x1f\x8b\x08"


FORMAT: Final[Format] = wrapper("gzip", "gzip stream", _matches, (".gz", ".gzip"))
