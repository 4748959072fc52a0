"""Where a text begins to say something: what many formats must ask of a file, found once.

A comment of five thousand characters before the first word changes nothing for whoever reads the file in earnest.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source, is_far

LONGEST: Final = 16 << 20
"""Bytes of a text that is looked through."""
PAGE: Final = 1 << 20
"""Bytes of one that lies elsewhere."""
_HEAD: Final = 4096
_SHORT: Final = 1024
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_APART: Final = bytes(32 if byte in b"\"'," else byte for byte in range(256))
"""What stands between words beside white space is made a space."""

_SHEBANG: Final = pattern(rb"#! ?\S*?(?:/env(?: -S)? +)?\b(?:ba|da|z|k|a|fi)?sh\b")
_COMMAND: Final = pattern(
    rb"[ \t]*(?:(?:sudo |export )?(?:curl|wget|bash|sh|chmod|apt-get|apt|export|rm|cat|echo|set|cd|mkdir|python3?|pip3?"
    rb"|uv|uvx|source|cp|mv|git|conda|mamba|if|fi|then|else|for|done|do|poetry|pdm|pipenv|pipx)\b|[A-Z_]+=)"
)
_FROM: Final = pattern(rb"[ \t]*(?:FROM|ARG)[ \t]+\S", 2)  # re.IGNORECASE
_KEY: Final = pattern(rb"\s*(?:---|%YAML|\{|[\"']?[A-Za-z_@][\w.-]*[\"']?[ \t]*:(?:\s|\Z))")
_IMPORT: Final = b" import"

_last: list[tuple[Source, bytes, bytes]] = []
_words: list[tuple[Source, bytes]] = []


def whole(source: Source) -> bytes:
    """Return all of a text; nothing of what is no text, or too long, or lies elsewhere and is longer than a page."""
    return _seen(source)[0]


def holds(source: Source, text: bytes, marks: tuple[bytes, ...]) -> bool:
    """Say whether one of `marks` stands in the text of a source, which is `text`.

    Dozens of formats look for dozens of words in every text; in each word of it once, that takes a third of the time,
    and a tenth in tables.
    """
    said = words(source)
    if not said:
        return any(mark in text for mark in marks)
    return any(piece in said and mark in text for piece, mark in pieces(marks))


def words(source: Source) -> bytes:
    """Return each word of a text once, with spaces between: what is not in it, and holds none, is not in the text.

    Nothing of a text that is so short that to look through it costs less, or that `whole` does not return.
    """
    if not (_words and _words[0][0] is source):
        text = whole(source)
        # Of two bytes a character, words are others.
        plain = len(text) >= _SHORT and not text.startswith(_WIDE)
        said = b" ".join(dict.fromkeys(text.translate(_APART).split())) if plain else b""
        _words[:] = [(source, said)]
    return _words[0][1]


@cache
def pieces(marks: tuple[bytes, ...]) -> tuple[tuple[bytes, bytes], ...]:
    """Return marks, each after the longest piece of it that is a part of one word."""
    return tuple((max(mark.translate(_APART).split(), key=len), mark) for mark in marks)


def significant(source: Source) -> bytes:
    """Return the text of a source from its first line that is neither blank nor a comment."""
    return _seen(source)[1]


def _seen(source: Source) -> tuple[bytes, bytes]:
    if _last and _last[0][0] is source:
        return _last[0][1:]
    data = b""
    if source.size <= (LONGEST if not is_far(source) else PAGE):
        head = source.read_at(0, _HEAD)
        if b"\0" not in head:
            data = head if source.size <= _HEAD else source.read_at(0, source.size)
    data = data.removeprefix(b"\xef\xbb\xbf")
    _last[:] = [(source, data, after_comments(data))]
    return _last[0][1:]


def after_comments(data: bytes) -> bytes:
    """Return a text from its first line that is neither blank nor a comment (`#`)."""
    at, end = 0, len(data)
    while at < end:
        line = data.find(b"\n", at)
        line = end if line < 0 else line
        words = data[at : min(line, at + _HEAD)].strip()
        if words and not words.startswith(b"#"):
            return data[at:]
        at = line + 1
    return b""


def is_shell(text: bytes) -> bool:
    """Say whether a text says in its first line that a shell runs it."""
    return _SHEBANG.match(text) is not None


def is_command(line: bytes) -> bool:
    """Say whether a line begins as a command of a shell does."""
    return _COMMAND.match(line) is not None


def begins_as_commands(text: bytes) -> bool:
    """Say whether what stands first in a text, after comments, is a command."""
    return is_command(text) and _IMPORT not in text[:200]


def begins_as_recipe(text: bytes) -> bool:
    """Say whether what stands first in a text, after comments, begins the recipe of an image."""
    return _FROM.match(text) is not None and _IMPORT not in text[:200]


def begins_as_mapping(text: bytes) -> bool:
    """Say whether what stands first in a text, after comments, begins a mapping of YAML."""
    return _KEY.match(text[:_HEAD]) is not None
