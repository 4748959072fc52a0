"""word2vec's binary vectors: how many words and numbers, then each word and its numbers.

Specification: `SaveModel` in <https://code.google.com/archive/p/word2vec/>, word2vec.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Storage, Tensor
from weighmaster.model.where import Where
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_HEAD: Final = pattern(rb"(\d{1,9}) (\d{1,5})\n")
_FIGURES: Final = frozenset(b"+-.0123456789eEainfNI \r\n")
"""What numbers are written with as text, `nan` and `inf` among them."""
_WORD: Final = 256
_WORDS: Final = 8_000_000


def _matches(glance: Glance) -> bool:
    head = _HEAD.match(glance.head)
    if head is None:
        return False
    words, numbers = int(head[1]), int(head[2])
    space = glance.head.find(b" ", head.end(), head.end() + _WORD)
    least = words * (4 * numbers + 2)
    if words == 0 or numbers == 0 or space < 0 or not least <= glance.size - head.end() <= least + words * _WORD:
        return False
    # Numbers written as text take more room than others, and have their line to themselves.
    return not _FIGURES.issuperset(glance.head[space : space + 4 * numbers + 1])


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    head = _HEAD.match(cursor.source.read_at(0, 32))
    if head is None:
        raise UnreadableError("word2vec: no two numbers in front", offset=0)
    words, numbers = int(head[1]), int(head[2])
    if words > _WORDS:
        raise OverBudgetError(f"word2vec: more than {_WORDS} words")
    stream = Buffered(cursor.source, cursor.budget, offset=head.end())
    for _ in range(words):
        end = stream.peek(_WORD).find(b" ")
        if end < 0:
            raise UnreadableError("word2vec: a word without an end", offset=stream.offset)
        stream.skip(end + 1)
        stream.skip(4 * numbers)
    if stream.left > 1:
        raise UnreadableError(f"word2vec: {stream.left} bytes after the last word", offset=stream.offset)
    place = where.span(head.end(), cursor.size)
    yield Tensor(where=place, name="", dtype="float32", shape=(words, numbers))
    yield Storage(where=place, size=cursor.size - head.end())


FORMAT: Final = Format(id="word2vec", title="word2vec vectors", matches=_matches, read=_read)
