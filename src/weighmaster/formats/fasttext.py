"""fastText's models: what they were trained with, the words, then two matrices.

Specification: `FastText::loadModel` and `Dictionary::load` in
<https://github.com/facebookresearch/fastText/tree/main/src>. Models of the first releases begin without a mark, have no
pruned words, and are never quantised: `_OLD_HEADER_FORMAT` in
<https://github.com/piskvorky/gensim/blob/develop/gensim/models/_fasttext_bin.py>.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Stray, Tensor
from weighmaster.model.where import Where
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.cursor import Cursor

_MAGIC: Final = (793712314).to_bytes(4, "little")
_NEWEST: Final = 12
_SETTINGS: Final = struct.Struct("<12id3i")
"""Dimensions, window, epochs, least count, negatives, n-grams, loss, kind, buckets, shortest, longest, rate of updates;
the threshold of sampling; and of the words: how many entries, words and labels."""
_TRAINED: Final = 56
_WORD: Final = 4096
_SHORTEST: Final = 10
"""The fewest bytes of an entry: an empty word, a count, a kind."""


def _matches(glance: Glance) -> bool:
    if not glance.head.startswith(_MAGIC):
        return _is_old(glance.head)
    return 0 < int.from_bytes(glance.head[4:8], "little") <= _NEWEST


def _is_old(head: bytes) -> bool:
    """Whether a file begins with the settings of a model, each of which has few values, and counts that add up."""
    if len(head) < _SETTINGS.size:
        return False
    numbers, window, epochs, least, negatives, grams, loss, kind, buckets, shortest, longest, rate, sampled, *counts = (
        _SETTINGS.unpack_from(head)
    )
    small = (0 < numbers < 1 << 16, 0 < window < 1 << 16, 0 < grams < 256, 0 <= shortest < 256, 0 <= longest < 256)
    chosen = (0 < loss < 4, 0 < kind < 4, 0 <= sampled <= 1, min(epochs, least, negatives, buckets, rate) >= 0)
    entries, words, labels = counts
    return all(small + chosen) and words > 0 and labels >= 0 and entries == words + labels


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    old = cursor.source.read_at(0, 4) != _MAGIC
    stream = Buffered(cursor.source, cursor.budget, offset=0 if old else 8)
    stream.skip(_TRAINED)
    words, _words, _labels = stream.number("i"), stream.number("i"), stream.number("i")
    stream.number("q")
    pruned = 0 if old else stream.number("q")
    if not 0 <= words <= stream.left // _SHORTEST or not -1 <= pruned <= stream.left // 8:
        raise UnreadableError(f"fasttext: {words} words in {stream.left} bytes", offset=stream.offset)
    for _ in range(words):
        end = stream.peek(_WORD).find(b"\0")
        if end < 0:
            raise UnreadableError(f"fasttext: a word of more than {_WORD} bytes", offset=stream.offset)
        stream.take(end + _SHORTEST)
    stream.skip(8 * max(0, pruned))
    for name in ("input", "output"):
        if not old and stream.u8():
            # Quantised: codes and centroids, to the end.
            return
        yield _matrix(stream, where, name)
    if stream.left:
        yield Stray(where=where.span(stream.offset, cursor.size), size=stream.left, position="after")
        yield part(cursor, where, stream.offset, cursor.size)


def _matrix(stream: Buffered, where: Where, name: str) -> Tensor:
    rows, columns = stream.number("q"), stream.number("q")
    if rows < 0 or columns < 0 or 4 * rows * columns > stream.left:
        raise UnreadableError(f"fasttext: {rows} by {columns} numbers in {stream.left} bytes", offset=stream.offset)
    place = where.span(stream.offset, stream.offset + 4 * rows * columns)
    stream.skip(4 * rows * columns)
    return Tensor(where=place, name=name, dtype="float32", shape=(rows, columns))


FORMAT: Final = Format(id="fasttext", title="fastText model", matches=_matches, read=_read)
