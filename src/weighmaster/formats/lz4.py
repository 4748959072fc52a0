"""LZ4 frames, as joblib writes them: <https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md>."""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format, Glance
from weighmaster.extend.wrapper import after_skippable, wrapper
from weighmaster.reading.signatures import LZ4


def _matches(glance: Glance) -> bool:
    return after_skippable(glance)[: len(LZ4)] == LZ4


FORMAT: Final[Format] = wrapper("lz4", "LZ4 stream", _matches, (".lz4",))
