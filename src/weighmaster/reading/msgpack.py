"""MessagePack, bounded and without recursion: what is long or of a type of its own, and under which keys it stands.

Specification: <https://github.com/msgpack/msgpack/blob/master/spec.md>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.buffered import Buffered

_DEEPEST: Final = 512
_ITEMS: Final = 8_000_000
_KEY: Final = 200
_PATH: Final = 64
_INTEGERS: Final = ("B", "H", "I", "Q", "b", "h", "i", "q")
_LENGTHS: Final = ("B", "H", "I")


class Leaf(Value):
    """A value at `path`: `kind` is `int`, `str`, `bin`, `ext` or `other`; its content is the bytes `start` to `end`."""

    path: tuple[str, ...]
    kind: str
    value: int
    code: int
    start: int
    end: int


class _Open:
    """An array or a map that is being read; of a map, keys and values alternate."""

    __slots__ = ("index", "is_map", "key", "left")

    def __init__(self, left: int, *, is_map: bool) -> None:
        self.left = left
        self.is_map = is_map
        self.index = 0
        self.key = ""


def leaves(stream: Buffered) -> Iterator[Leaf]:
    """Yield the values of the one item that stands here, in order; keys only as parts of paths.

    Raises:
        UnreadableError: the bytes are no MessagePack.
        OverBudgetError: it holds too much, or nests too deep.
    """
    stack: list[_Open] = []
    for _ in range(_ITEMS):
        opened, leaf = _one(stream)
        if stack:
            top = stack[-1]
            top.left -= 1
            top.index += 1
            is_key = top.is_map and top.index % 2 == 1
            if is_key:
                top.key = _key(stream, leaf)
            elif not top.is_map:
                top.key = str(top.index - 1)
        else:
            is_key = False
        if leaf is not None and not is_key:
            path = tuple(open_.key for open_ in stack) if len(stack) <= _PATH else ()
            yield Leaf(path=path, kind=leaf[0], value=leaf[1], code=leaf[2], start=leaf[3], end=leaf[4])
        if opened is not None:
            if len(stack) >= _DEEPEST:
                raise UnreadableError(f"msgpack: nested more than {_DEEPEST} deep", offset=stream.offset)
            stack.append(opened)
        while stack and stack[-1].left == 0:
            stack.pop()
        if not stack:
            return
    raise OverBudgetError(f"msgpack: more than {_ITEMS} values")


def _key(stream: Buffered, leaf: tuple[str, int, int, int, int] | None) -> str:
    if leaf is None:
        raise UnreadableError("msgpack: a key that is a container", offset=stream.offset)
    kind, value, _code, start, end = leaf
    if kind not in {"str", "bin"}:
        return str(value)
    raw = stream.source.read_at(start, min(end - start, _KEY)) if end - start > _KEY else _recent(stream, start, end)
    return raw.decode("utf-8", "backslashreplace")


def _recent(stream: Buffered, start: int, end: int) -> bytes:
    """Return bytes that were passed over just now, out of the window that is still there."""
    at = stream.offset
    stream.offset = start
    raw = stream.peek(end - start)
    stream.offset = at
    return raw


def _kinds() -> tuple[tuple[str, int, str], ...]:
    """Return what each type byte stands for: a kind, a length or a number, and the type of the length that follows."""
    table = {byte: ("int", byte if byte < 0x80 else byte - 256, "") for byte in (*range(0x80), *range(0xE0, 0x100))}
    table |= {0x80 | count: ("map", count, "") for count in range(16)}
    table |= {0x90 | count: ("array", count, "") for count in range(16)}
    table |= {0xA0 | count: ("str", count, "") for count in range(32)}
    table |= {0xC0: ("other", 0, ""), 0xC1: ("none", 0, ""), 0xC2: ("other", 0, ""), 0xC3: ("other", 0, "")}
    table |= {0xCA: ("other", 4, ""), 0xCB: ("other", 8, "")}
    table |= {0xD4 + power: ("ext", 1 << power, "") for power in range(5)}
    table |= {0xCC + at: ("int", 0, code) for at, code in enumerate(_INTEGERS)}
    for at, code in enumerate(_LENGTHS):
        table |= {0xC4 + at: ("bin", 0, code), 0xC7 + at: ("ext", 0, code), 0xD9 + at: ("str", 0, code)}
    for at, code in enumerate(_LENGTHS[1:]):
        table |= {0xDC + at: ("array", 0, code), 0xDE + at: ("map", 0, code)}
    return tuple(table[byte] for byte in range(256))


_KINDS: Final = _kinds()


def _one(stream: Buffered) -> tuple[_Open | None, tuple[str, int, int, int, int] | None]:
    """Read a value, of a container only how much it holds."""
    kind, number, code = _KINDS[stream.u8()]
    start = stream.offset
    if code:
        number = stream.number(code)
    if kind == "int":
        return None, (kind, number, 0, start, stream.offset)
    if kind in {"map", "array"}:
        count = number * (2 if kind == "map" else 1)
        if count > stream.left:
            raise UnreadableError(f"msgpack: {count} items in {stream.left} bytes", offset=start)
        return _Open(count, is_map=kind == "map"), None
    if kind == "none":
        raise UnreadableError("msgpack: a type that is never used", offset=start - 1)
    extension = stream.number("b") if kind == "ext" else 0
    start = stream.offset
    stream.skip(number)
    return None, (kind, 0, extension, start, stream.offset)
