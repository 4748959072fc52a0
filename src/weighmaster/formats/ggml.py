"""GGML files of before GGUF: `ggml`, `ggmf`, `ggjt`, and the adapters `ggla`; whisper.cpp still writes `ggml`.

A magic number, with some a version, then whole numbers whose count depends on the model's family, a vocabulary, and the
tensors, each with its own small header. Nothing in the file says which family it is: the layouts of those that were
widespread are tried, and the one that fits to the last byte is the one.

Sources: `llama.cpp` before August 2023 (`llama_file_loader`), `whisper.cpp` (`whisper_model_load`), `ggml/examples`
(`gpt-2`, `gpt-j`, `gpt-neox`, `mpt`, `starcoder`); history in <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Tensor
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.buffered import Buffered
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.gguf import BLOCKS, padded
from weighmaster.reading.source import Source

# Written as whole numbers of 32 bits, little-endian: the letters stand backwards.
_MAGICS: Final = {b"lmgg": "ggml", b"fmgg": "ggmf", b"tjgg": "ggjt", b"algg": "ggla"}
_BLOCKS_OF_OLD: Final = {**BLOCKS, 2: ("Q4_0", 32, 20), 3: ("Q4_1", 32, 24), 8: ("Q8_0", 32, 36)}
"""Blocks whose scale was a number of 32 bits, before May 2023."""
_WORDS: Final = 1_000_000
_WORD: Final = 4096
_TENSORS: Final = 100_000
_NAME: Final = 512
_SIZE: Final = 1 << 24
"""No number of the header is greater: not even a vocabulary."""


class _Family(Value):
    """How the files of a family are laid out: `numbers` before the vocabulary, and what stands around it."""

    numbers: int
    counted: bool = False
    """The vocabulary begins with its count; otherwise the first number of the header is that."""
    scored: bool = False
    filters: bool = False
    aligned: bool = False


_FAMILIES: Final = {
    "ggml": (
        _Family(numbers=11, filters=True, counted=True),  # Whisper.
        _Family(numbers=7),  # LLaMA, without scores.
        *(_Family(numbers=n, counted=True) for n in (6, 7, 8, 9)),  # GPT-2, GPT-J, GPT-NeoX, StarCoder.
        *(_Family(numbers=n) for n in (6, 8)),  # MPT, Replit.
    ),
    "ggmf": (_Family(numbers=7, scored=True),),
    "ggjt": (_Family(numbers=7, scored=True, aligned=True),),
    "ggla": (),
}


def _matches(glance: Glance) -> bool:
    kind = _MAGICS.get(glance.head[:4])
    if kind is None or glance.size < 32:
        return False
    if kind != "ggml":
        return 1 <= int.from_bytes(glance.head[4:8], "little") <= 16
    numbers = [int.from_bytes(glance.head[at : at + 4], "little") for at in range(4, 24, 4)]
    return all(number <= _SIZE for number in numbers) and any(numbers)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    kind = _MAGICS.get(cursor.peek(4))
    if kind is None:
        raise UnreadableError("ggml: no magic number", offset=0)
    for blocks in (BLOCKS, _BLOCKS_OF_OLD):
        for family in _FAMILIES[kind]:
            found = _tried(cursor.source, cursor.budget, kind, family, blocks)
            if found is not None:
                yield from (Tensor(where=where.span(*span), name=n, dtype=d, shape=s) for span, n, d, s in found)
                return
        found = _adapter(cursor.source, cursor.budget, blocks) if kind == "ggla" else None
        if found is not None:
            yield from (Tensor(where=where.span(*span), name=n, dtype=d, shape=s) for span, n, d, s in found)
            return
    raise UnreadableError(f"{kind}: laid out as no family that is known here")


_Found = list[tuple[tuple[int, int], str, str, tuple[int, ...]]]
_Blocks = dict[int, tuple[str, int, int]]


def _tried(source: Source, budget: Budget, kind: str, family: _Family, blocks: _Blocks) -> _Found | None:
    """Return the tensors, if the file is laid out so to its last byte."""
    inside = Buffered(source, budget, offset=4 if kind == "ggml" else 8)
    try:
        numbers = [inside.number("I") for _ in range(family.numbers)]
        if max(numbers) > _SIZE:
            return None
        if family.filters:
            rows, columns = inside.number("I"), inside.number("I")
            inside.skip(rows * columns * 4)
        _skip_words(inside, inside.number("I") if family.counted else numbers[0], scored=family.scored)
        return _tensors(inside, blocks, aligned=family.aligned)
    except UnreadableError:
        return None


def _adapter(source: Source, budget: Budget, blocks: _Blocks) -> _Found | None:
    # Magic number, version, rank, alpha.
    try:
        return _tensors(Buffered(source, budget, offset=16), blocks, aligned=True)
    except UnreadableError:
        return None


def _skip_words(inside: Buffered, count: int, *, scored: bool) -> None:
    if count > _WORDS:
        raise UnreadableError("ggml: a vocabulary of so many words")
    for _ in range(count):
        length = inside.number("I")
        if length > _WORD:
            raise UnreadableError("ggml: a word of so many bytes")
        inside.skip(length + 4 * scored)


def _tensors(inside: Buffered, blocks: _Blocks, *, aligned: bool) -> _Found:
    found: _Found = []
    while inside.left:
        dimensions, length, kind = inside.number("I"), inside.number("I"), inside.number("I")
        if not 1 <= dimensions <= 4 or not 1 <= length <= _NAME or kind not in blocks or len(found) >= _TENSORS:
            raise UnreadableError("ggml: not the head of a tensor")
        shape = tuple(inside.number("I") for _ in range(dimensions))
        name = inside.text(length)
        if aligned:
            inside.skip(padded(inside.offset, 32) - inside.offset)
        label, elements, size = blocks[kind]
        count = 1
        for dimension in shape:
            count *= dimension
        start = inside.offset
        inside.skip(count // elements * size)
        found.append(((start, inside.offset), name, label, shape))
    if not found:
        raise UnreadableError("ggml: no tensors")
    return found


FORMAT: Final = Format(id="ggml", title="GGML before GGUF", matches=_matches, read=_read)
