"""xz, as Python's `lzma` and the xz tools read it: <https://tukaani.org/xz/xz-file-format.txt>."""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format, Glance
from weighmaster.extend.wrapper import wrapper
from weighmaster.reading.signatures import XZ


def _matches(glance: Glance) -> bool:
    return glance.head[: len(XZ)] == XZ


FORMAT: Final[Format] = wrapper("xz", "xz stream", _matches, (".xz",))
