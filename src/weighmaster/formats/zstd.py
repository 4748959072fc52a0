"""Zstandard frames and skippable frames: RFC 8878."""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format, Glance
from weighmaster.extend.wrapper import after_skippable, wrapper
from weighmaster.reading.signatures import ZSTD


def _matches(glance: Glance) -> bool:
    return after_skippable(glance)[: len(ZSTD)] == ZSTD


FORMAT: Final[Format] = wrapper("zstd", "Zstandard stream", _matches, (".zst", ".zstd"))
