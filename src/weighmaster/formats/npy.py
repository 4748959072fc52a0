"""NumPy's `.npy`: a magic, a version, a Python literal that describes the array, then the array.

An array whose dtype holds objects is not stored as numbers: what follows the header is a pickle.

Specification: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Stray, Tensor
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_MAGIC: Final = b"\x93NUMPY"
_LONGEST: Final = 64 << 10
"""Bytes of header that are parsed. NumPy itself refuses more than 10,000 unless it may load pickles."""
_DEEPEST: Final = 40
_SHOWN: Final = 200

_KEYS: Final = frozenset({"descr", "fortran_order", "shape"})
_PLAIN: Final = pattern(r"[<>=|]?(?:([?bBhHiIeEfdgFDG])|([biufcSaUVmM])(\d{1,18}))(\[[^\]]{0,40}\])?")
"""What `dtype.str` gives for numbers, strings, dates and raw bytes (`numpy.lib.format.dtype_to_descr`)."""
_SIZES: Final = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "e": 2, "f": 4, "d": 8, "F": 8, "D": 16}
_WIDE: Final = {"U": 4}
_BRACKETS: Final = pattern(r"[\[({]|[\])}]")
_SIGNS: Final = pattern(r"[-+~]\s*[-+~]")
_LONG: Final = pattern(r"(?<=\d)L\b")


class _Header(Value):
    """What the header says: the item's size (None: cannot be told), whether it holds objects, the shape."""

    dtype: str
    itemsize: int | None
    objects: bool
    shape: tuple[int, ...]


def _matches(glance: Glance) -> bool:
    return glance.head.startswith(_MAGIC)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    # Several arrays may be written one after another to one file; each has a header of its own.
    while cursor.peek(len(_MAGIC)) == _MAGIC:
        yield from _array(cursor, where)
        cursor.budget.check_time()
    if cursor.left:
        yield Stray(where=where.span(cursor.offset, cursor.size), size=cursor.left, position="after")
        yield part(cursor, where, cursor.offset, cursor.size)


def _array(cursor: Cursor, where: Where) -> Iterator[Read]:
    start = cursor.offset
    cursor.skip(len(_MAGIC))
    major, minor = cursor.take(2)
    if (major, minor) not in {(1, 0), (2, 0), (3, 0)}:
        detail = f"npy: version {major}.{minor}, which NumPy refuses; read as version 3.0"
        yield Gap(where=where.span(start, cursor.offset), reason=GapReason.UNREADABLE, detail=detail)
    length = cursor.u16() if major == 1 else cursor.u32()
    if length > _LONGEST:
        cursor.skip(length)
        yield part(cursor, where, cursor.offset, cursor.size)
        raise OverBudgetError(f"npy: a header of {length} bytes, {_LONGEST} are parsed")
    raw = cursor.take(length)
    try:
        header = _parse(raw, major)
    except UnreadableError:
        # A reader more lenient than ours may find objects there.
        yield part(cursor, where, cursor.offset, cursor.size)
        raise
    if header.objects:
        yield part(cursor, where, cursor.offset, cursor.size)
        cursor.skip(cursor.left)
        return
    yield from _numbers(cursor, where, header)


def _numbers(cursor: Cursor, where: Where, header: _Header) -> Iterator[Read]:
    if header.itemsize is None:
        yield part(cursor, where, cursor.offset, cursor.size)
        raise UnreadableError(f"npy: dtype {header.dtype} is not known", offset=cursor.offset)
    size = header.itemsize
    for dimension in header.shape:
        # Python's integers do not overflow. NumPy's product does, and then reads fewer bytes.
        size *= dimension
    if size > cursor.left:
        raise UnreadableError(f"npy: the array needs {size} bytes, {cursor.left} left", offset=cursor.offset)
    place = where.span(cursor.offset, cursor.offset + size)
    yield Tensor(where=place, name="", dtype=header.dtype, shape=header.shape)
    cursor.skip(size)


def _parse(raw: bytes, major: int) -> _Header:
    try:
        text = raw.decode("latin-1" if major <= 2 else "utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError("npy: the header is not UTF-8", offset=error.start) from error
    literal = _literal(text, may_be_python2=major <= 2)
    if not isinstance(literal, dict) or literal.keys() != _KEYS:
        raise UnreadableError("npy: the header is not a dictionary of descr, fortran_order and shape")
    shape = literal["shape"]
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise UnreadableError("npy: the shape is not a tuple of whole numbers")
    if not isinstance(literal["fortran_order"], bool):
        raise UnreadableError("npy: fortran_order is neither True nor False")
    descr = literal["descr"]
    itemsize, objects = _measure(descr)
    dtype = descr if isinstance(descr, str) else repr(descr)
    return _Header(dtype=dtype[:_SHOWN], itemsize=itemsize, objects=objects, shape=shape)


def _literal(text: str, *, may_be_python2: bool) -> Any:
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth += 1 if bracket[0] in "[({" else -1
        if depth > _DEEPEST:
            raise UnreadableError("npy: the header is nested too deep")
    # A chain of signs is the other thing that makes a parser recurse.
    if _SIGNS.search(text):
        raise UnreadableError("npy: the header is not a literal")
    try:
        return _evaluated(text)
    except SyntaxError:
        if not may_be_python2:
            raise UnreadableError("npy: the header is not a literal") from None
    # Python 2 wrote long integers with an L, which NumPy takes away.
    try:
        return _evaluated(_LONG.sub("", text))
    except SyntaxError:
        raise UnreadableError("npy: the header is not a literal") from None


def _evaluated(text: str) -> Any:
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # An odd escape in a string is no business of our caller's.
            return ast.literal_eval(text)
    except (ValueError, TypeError, MemoryError, RecursionError) as error:
        raise UnreadableError("npy: the header is not a literal") from error


def _measure(descr: Any) -> tuple[int | None, bool]:
    """Return the size of one item, None if it cannot be told, and whether it may hold objects."""
    if isinstance(descr, str):
        return _measure_code(descr)
    if isinstance(descr, tuple) and len(descr) == 2:
        return _repeated(_measure(descr[0]), descr[1])
    if isinstance(descr, list):
        return _measure_fields(descr)
    return None, True


def _measure_fields(descr: list[Any]) -> tuple[int | None, bool]:
    total: int | None = 0
    objects = False
    for field in descr:
        if not isinstance(field, tuple) or len(field) not in {2, 3}:
            return None, True
        itemsize, inner = _measure(field[1])
        if len(field) == 3:
            itemsize, inner = _repeated((itemsize, inner), field[2])
        total = None if total is None or itemsize is None else total + itemsize
        objects = objects or inner
    return total, objects


def _repeated(base: tuple[int | None, bool], shape: Any) -> tuple[int | None, bool]:
    itemsize, objects = base
    counts: Sequence[Any] = shape if isinstance(shape, tuple) else (shape,)
    for count in counts:
        if type(count) is not int or count < 0:
            return None, True
        itemsize = None if itemsize is None else itemsize * count
    return itemsize, objects


def _measure_code(code: str) -> tuple[int | None, bool]:
    plain = _PLAIN.fullmatch(code)
    if plain is None:
        # Every way to spell an object dtype has an O or the word in it; field lists such as "i4,O" too.
        return None, "o" in code.lower()
    letter, kind, size = plain[1], plain[2], plain[3]
    if letter is not None:
        return _SIZES.get(letter), False
    return int(size) * _WIDE.get(kind, 1), False


FORMAT: Final = Format(id="npy", title="NumPy array", matches=_matches, read=_read)
