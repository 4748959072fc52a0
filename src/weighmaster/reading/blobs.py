"""Bytes that a text spells out: Base64, hexadecimal, Base85, Ascii85, escapes, lists of numbers; whole or in pieces.

Only what could matter is decoded: what a loader could take, however often it is wrapped (`WRAPPED`), and what is as
random as encrypted bytes are. Pieces that follow one another with nothing but quotes, commas and line ends between
them are one.

Specifications: RFC 4648 (Base16, Base32, Base64), <https://docs.python.org/3/library/base64.html> (Base85, Ascii85).
"""

from __future__ import annotations

import binascii
import contextlib
import re
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, NamedTuple

from weighmaster.model.errors import OverBudgetError
from weighmaster.reading.pattern import pattern
from weighmaster.reading.payload import is_artifact, is_code, is_whole

WRAPPED: Final = 4
"""Codes inside codes that are undone to see what is inside."""
_SHORTEST: Final = 32
"""Characters of a run without a break: no word has so many."""
_PIECE: Final = 12
_LONGEST: Final = 64 << 20
_MASK: Final = bytes(
    120 if chr(byte) in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_" else 32
    for byte in range(256)
)
"""`x` for a character of Base64, a space for any other."""
_RUN: Final = b"x" * _SHORTEST
_GAP: Final = 120
_BETWEEN: Final = pattern(
    rb"(?:\\[nr]|[\s\"'\\,()=]|\+(?=[\s\"'=\\])|[rbuRBU]{1,2}(?=[\"'])|(?<=[\s;])[A-Za-z_]\w{0,40}(?=\s{0,9}\+?=\s{0,9}[rbuRBU(\"']))*"
)
"""What stands between two pieces of one text: quotes, line ends, signs that join, the name that they go to."""
_QUOTES: Final = frozenset({b'"', b"'"})
_STEPS: Final = 1 << 20
"""Pieces of one text."""
_BACK: Final = 64
_FREE: Final = 4 << 20
_TIMES: Final = 6
_BROKEN: Final = bytes.maketrans(b"-_", b"+/")
_BEGIN: Final = tuple(
    quote + begin
    for begin in (
        b"gA",
        b"UEs",
        b"H4sI",
        b"eJ",
        b"eN",
        b"eA",
        b"f0VM",
        b"80",
        b"504b",
        b"504B",
        b"1f8b",
        b"789c",
        b"78da",
    )
    for quote in (b'"', b"'")
)
"""How artifacts begin in Base64 and hexadecimal, in a literal."""
_BEGINS: Final = pattern(rb"[\"'](?:gA|UEs|H4sI|e[JNA]|f0VM|80|504[bB]|1f8b|789c|78da)")
"""Any of those: hardly any text has one, and to see that costs a quarter of looking for each."""
_BEGINS_WORD: Final = pattern(rb"(?:\A| )(?:gA|UEs|H4sI|e[JNA]|f0VM|80|504[bB]|1f8b|789c|78da)")
"""The same among words, which quotes tell apart."""
_CRUMB: Final = 4
_CRUMBS: Final = 3
_HEXADECIMAL: Final = frozenset(b"0123456789abcdefABCDEF")
_BASE32: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_HEAD: Final = 96
_ENOUGH: Final = 1 << 12
_CODED: Final = pattern(rb"[A-Za-z0-9+/_=\s-]{32,}")

_ESCAPED: Final = pattern(
    rb"(?:\\x80\\x0[2-5]|PK(?:\\x03|\\003){1}(?:\\x04|\\004)|\\x1f\\x8b(?:\\x08|\\b)|x\\x(?:9c|da|01|5e)|\\x7fELF"
    rb"|(?:\\x[0-9a-fA-F]{2}){32}|\\x93NUMPY|\\xfd7zXZ|BZh[1-9]1AY|\(?\\?x28\\xb5/\\xfd|\(\\xb5/\\xfd|\\x89HDF)"
)
"""How an artifact begins in a literal of Python."""
_ESCAPED_MARKS: Final = (
    b"\\x80\\x0", b"PK\\", b"\\x1f\\x8b", b"x\\x9c", b"x\\xda", b"x\\x01", b"x\\x5e", b"\\x7fELF", b"\\x93NUMPY",
    b"\\xfd7zXZ", b"BZh", b"\\xb5/\\xfd", b"\\x89HDF",
)  # fmt: skip
"""What each of those has in it, but for a long run: to look for all of these takes a fifth of the time."""
_ESCAPED_RUN: Final = pattern(rb"(?:\\x[0-9a-fA-F]{2}){32}")
_LITERAL: Final = pattern(rb"[rRbBuU]{0,2}(?:\"\"\"|'''|\"|')\Z")
_NEXT: Final = pattern(rb"(?:\"\"\"|'''|\"|')[\s\\]{1,200}[rRbBuU]{0,2}(\"\"\"|'''|\"|')")
_LITERAL_END: Final = 1 << 20
_ESCAPES: Final = pattern(rb"\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|\r?\n|(.))", 16)  # re.DOTALL
_SIMPLE: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}

_NUMBERS: Final = pattern(
    rb"[\[({]\s{0,80}(?:(?:128|0x80),\s{0,80}(?:0x0?)?[2-5],|(?:80|0x50),\s{0,80}(?:75|0x4b),\s{0,80}(?:0x0?)?3,"
    rb"|(?:31|0x1f),\s{0,80}(?:139|0x8b),|(?:120|0x78),\s{0,80}(?:156|218|0x9c|0xda),|(?:127|0x7f),\s{0,80}(?:69|0x45),)"
    rb"(?:\s{0,80}(?:0x[0-9a-fA-F]{1,2}|\d{1,3}),?)+"
)
"""Lists of bytes that begin as an artifact does."""
_FIRST_NUMBERS: Final = (b"128", b"75", b"139", b"120", b"0x80", b"0x50", b"0x1f", b"0x78")
_NUMBER: Final = pattern(rb"0x[0-9a-fA-F]{1,2}|\d{1,3}")
_MANY: Final = 32

_BASE85: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_ASCII85: Final = bytes(range(33, 118))
"""And `z`, which is short for four zeros."""
_MAGICS: Final = (
    *(bytes((0x80, protocol)) for protocol in (2, 3, 4, 5)),
    b"PK\x03\x04", b"\x1f\x8b\x08", b"x\x9c", b"x\xda", b"\x7fELF", b"\x93NUMPY", b"\xfd7zX", b"BZh9",
    b"\x28\xb5\x2f\xfd",
    b"cos\n", b"cposix", b"cnt\n", b"cbuiltins", b"c__builtin__", b"csubprocess", b"csys\n",
)  # fmt: skip
_ALPHABETS: Final = tuple(
    (form, alphabet, bytes(120 if byte in alphabet + b"z" else 32 for byte in range(256)), body)
    for form, alphabet, body in (
        ("base85", _BASE85, pattern(rb"[0-9A-Za-z!#$%&()*+\-;<=>?@^_`{|}~\r\n]+")),
        ("ascii85", _ASCII85, pattern(rb"[!-uz\r\n]+")),
    )
)
"""A code, its digits, as `_MASK` those and `z`, and what may stand in a text of it."""
_RUN_85: Final = b"x" * 48
_TAIL: Final = 8
_NEAR: Final = 256
_OPENED: Final = pattern(rb"[\"'~=(]")


class Found(NamedTuple):
    """Bytes that stand in a text from `at` to `end` in a code, such as `base64` or `base64, zlib`."""

    at: int
    end: int
    form: str
    data: bytes
    loadable: bool


_Plain = tuple[str, bytes, bool]
"""How bytes are encoded, they, and whether a loader could take them."""


class _Look:
    """Knows a pickle, and how much more may be decoded: a text may be made to waste time."""

    def __init__(self, plausible: Callable[[bytes], bool], size: int) -> None:
        self._plausible = plausible
        self._left = _FREE + _TIMES * size

    def spend(self, count: int) -> None:
        """Count bytes that are decoded or looked through.

        Raises:
            OverBudgetError: there are too many.
        """
        self._left -= count
        if self._left < 0:
            raise OverBudgetError("text: what is encoded in it takes too much to decode")

    def loadable(self, data: bytes) -> bool:
        """Say whether a loader could take the bytes."""
        return is_artifact(data, self._plausible) or is_code(data)


def found_in(text: bytes, plausible: Callable[[bytes], bool], words: bytes = b"") -> Iterator[Found]:
    """Yield what stands encoded in a text, whether a loader could take it or not; `plausible` knows a pickle.

    `words` are those of the text, as `weighmaster.reading.opening.words` returns them, where they are known.

    Raises:
        OverBudgetError: decoding goes on and on.
    """
    look = _Look(plausible, len(text))
    yield from _runs(text, look)
    if (_BEGINS_WORD if words else _BEGINS).search(words or text):
        yield from _crumbs(text, look)
    if b"\\x" in text:
        yield from _literals(text, look)
    if any((not words or mark in words) and mark + b"," in text for mark in _FIRST_NUMBERS):
        yield from _lists(text, look)
    yield from _of_85(text, look)


def _unwrapped(data: bytes, look: _Look, depth: int = WRAPPED) -> tuple[str, bytes] | None:
    """Return how something that a loader could take is wrapped in `data`, and it; None where nothing such is.

    Compression that has a format of its own is no wrap: that format reads it.
    """
    look.spend(len(data))
    if look.loadable(data):
        return "", data
    if not depth:
        return None
    for form, inside in _undone(data):
        found = _unwrapped(inside, look, depth - 1)
        if found is not None:
            return f", {form}{found[0]}", found[1]
    return None


def _undone(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what a piece of bytes may stand for."""
    if _CODED.match(data, 0, _HEAD) and _CODED.fullmatch(data):
        text = b"".join(data.split())
        for form, inside in _decodings(text):
            yield form, inside
        for form, inside in _decodings(text[::-1]):
            yield f"{form} backwards", inside
        return
    raw = _inflated(data)
    if raw:
        yield "deflate", raw
    key = data[0] ^ 0x80 if data else 0
    if key and len(data) > _SHORTEST and (data[1] ^ key) in {2, 3, 4, 5}:
        yield f"xor {key:#04x}", _xored(data, key)
    elif len(data) > _SHORTEST and data[:2] != b"PK" and _xored(data[:4], data[0] ^ 0x50) == b"PK\x03\x04":
        yield f"xor {data[0] ^ 0x50:#04x}", _xored(data, data[0] ^ 0x50)


def _xored(data: bytes, key: int) -> bytes:
    return data.translate(_keyed(key))


@cache
def _keyed(key: int) -> bytes:
    return bytes(byte ^ key for byte in range(256))


def _inflated(data: bytes) -> bytes:
    """Return what a stream of deflate without a header unpacks to, where it comes to its end there."""
    inflater = zlib.decompressobj(-15)
    try:
        out = inflater.decompress(data, _LONGEST)
    except zlib.error:
        return b""
    return out if inflater.eof and not inflater.unused_data and len(out) >= _SHORTEST else b""


def _decodings(text: bytes) -> Iterator[tuple[str, bytes]]:
    head = text[:_HEAD].rstrip(b"=")
    if len(text) % 2 == 0 and _HEXADECIMAL.issuperset(head) and _HEXADECIMAL.issuperset(text):
        yield "hex", binascii.unhexlify(text)
    if _BASE32.issuperset(head) and _BASE32.issuperset(text.rstrip(b"=")):
        import base64

        bare = text.rstrip(b"=")
        with contextlib.suppress(binascii.Error):
            yield "base32", base64.b32decode(bare + b"=" * (-len(bare) % 8))
    plain = text.translate(_BROKEN, b"=")
    # A last character alone stands for no byte.
    plain = plain[:-1] if len(plain) % 4 == 1 else plain
    try:
        yield "base64", binascii.a2b_base64(plain + b"=" * (-len(plain) % 4))
    except binascii.Error:
        return


# Runs of letters and digits.


def _runs(text: bytes, look: _Look) -> Iterator[Found]:
    mask = text.translate(_MASK)
    at = mask.find(_RUN)
    while at >= 0:
        look.spend(_SHORTEST)
        start = mask.rfind(b" ", 0, at) + 1
        start, end, pieces = _joined(text, mask, start)
        found = _decoded(b"".join(pieces), look)
        if found is not None and (found[2] or len(pieces) == 1):
            yield Found(start, end, *found)
        elif len(pieces) > 1:
            yield from _apart(text, start, pieces, found, look)
        at = mask.find(_RUN, end)


def _crumbs(text: bytes, look: _Look) -> Iterator[Found]:
    """Yield what stands in pieces that are all short, where the first of them begins as an artifact does."""
    mask = text.translate(_MASK)
    for begin in _BEGIN:
        at = text.find(begin)
        while at >= 0:
            start = at + 1
            look.spend(_SHORTEST)
            end = _run_end(mask, start)
            if end - start < _SHORTEST:
                end, pieces = _following(text, mask, start, _CRUMB)
                found = _decoded(b"".join(pieces), look) if len(pieces) >= _CRUMBS else None
                if found is not None and found[2] and max(map(len, pieces)) < _SHORTEST:
                    yield Found(start, end, *found)
            at = text.find(begin, end)


def _apart(text: bytes, start: int, pieces: list[bytes], whole: _Plain | None, look: _Look) -> Iterator[Found]:
    """Yield what pieces are that are nothing together: one of them may be all of something."""
    end, found = start, False
    for piece in pieces:
        at = text.index(piece, end)
        end = at + len(piece)
        one = _decoded(piece, look) if len(piece) >= _SHORTEST else None
        if one is not None and one[2]:
            found = True
            yield Found(at, end, *one)
    if whole is not None and not found:
        yield Found(start, end, *whole)


def _joined(text: bytes, mask: bytes, start: int) -> tuple[int, int, list[bytes]]:
    """Return where the pieces begin and end that the run at `start` is one of, and them."""
    first, before = _before(text, mask, start)
    end, pieces = _following(text, mask, start, _PIECE)
    return first, end, before + pieces


def _before(text: bytes, mask: bytes, start: int) -> tuple[int, list[bytes]]:
    """Return where the shorter pieces begin that stand before the first long one, and them."""
    pieces: list[bytes] = []
    while len(pieces) < _BACK:
        end = mask.rfind(b"x", max(0, start - _GAP), start) + 1
        begin = mask.rfind(b" ", 0, end) + 1
        if not end or end - begin < _PIECE or not _BETWEEN.fullmatch(text, end, start):
            break
        pieces.append(text[begin:end])
        start = begin
    return start, pieces[::-1]


def _following(text: bytes, mask: bytes, start: int, least: int) -> tuple[int, list[bytes]]:
    """Return where the pieces end that begin at `start`, and them."""
    end = _run_end(mask, start)
    pieces = [text[start:end]]
    while len(pieces) < _STEPS:
        gap = _BETWEEN.match(text, end, end + _GAP)
        after = gap.end() if gap else end
        stop = _run_end(mask, after)
        # The last piece may be short; a word or a name is no piece.
        if after == end or (stop - after < least and not _closes(text, after, stop)):
            break
        pieces.append(text[after:stop])
        end = stop
    return end, pieces


def _run_end(mask: bytes, start: int) -> int:
    end = mask.find(b" ", start)
    return len(mask) if end < 0 else end


def _closes(text: bytes, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return end > start and (after == b"=" or (before in _QUOTES and after in _QUOTES))


def _decoded(run: bytes, look: _Look) -> _Plain | None:
    """Return what a run of letters and digits stands for: something loadable, or else the bytes it most likely is."""
    if len(run) > _LONGEST:
        return None
    plain: _Plain | None = None
    for form, data in (*_decodings(run), *((f"{form} backwards", data) for form, data in _decodings(run[::-1]))):
        found = _unwrapped(data, look)
        if found is not None:
            return f"{form}{found[0]}", found[1], True
        if plain is None:
            plain = form, data, False
    return plain


# Literals of Python, lists of numbers.


def _literals(text: bytes, look: _Look) -> Iterator[Found]:
    if not any(mark in text for mark in _ESCAPED_MARKS) and not _ESCAPED_RUN.search(text):
        return
    end = 0
    for hit in _ESCAPED.finditer(text):
        if hit.start() < end:
            continue
        opened = _LITERAL.search(text, max(0, hit.start() - 5), hit.start())
        if opened is None:
            continue
        quote = opened[0].lstrip(b"rRbBuU")
        end = _closed(text, hit.start(), quote)
        pieces = [text[hit.start() : end]]
        # Literals that follow one another are one, in C as in Python.
        while (more := _NEXT.match(text, end)) and len(more[1]) == len(quote) and len(pieces) < _STEPS:
            # Three quotes behind one close the text around, in which a literal is shown.
            end = _closed(text, more.end(), more[1])
            pieces.append(text[more.end() : end])
        look.spend(end - hit.start())
        data = _ESCAPES.sub(_unescaped, b"".join(pieces))
        found = _unwrapped(data, look) if len(data) >= _SHORTEST else None
        if found is not None and is_whole(found[1]):
            yield Found(hit.start(), end, f"escapes{found[0]}", found[1], loadable=True)


def _closed(text: bytes, start: int, quote: bytes) -> int:
    """Return where a literal ends."""
    at = text.find(quote, start)
    while at >= 0:
        before = text[max(start, at - 64) : at]
        if (len(before) - len(before.rstrip(b"\\"))) % 2 == 0:
            return at
        at = text.find(quote, at + 1)
    return min(len(text), start + _LITERAL_END)


def _unescaped(hit: object) -> bytes:
    number, octal, other = hit.groups()  # type: ignore[attr-defined]
    if number:
        return bytes((int(number, 16),))
    if octal:
        return bytes((int(octal, 8) & 0xFF,))
    return _SIMPLE.get(other, other) if other else b""


def _lists(text: bytes, look: _Look) -> Iterator[Found]:
    for hit in _NUMBERS.finditer(text):
        numbers = [int(number, 0) if number[:2] == b"0x" else int(number) for number in _NUMBER.findall(hit[0])]
        if len(numbers) < _MANY or max(numbers) > 0xFF:
            continue
        found = _unwrapped(bytes(numbers), look)
        if found is not None and is_whole(found[1]):
            yield Found(hit.start(), hit.end(), f"numbers{found[0]}", found[1], loadable=True)


# Base85 and Ascii85: almost any text is one, so only what begins as an artifact does is decoded.


def _of_85(text: bytes, look: _Look) -> Iterator[Found]:
    for form, alphabet, marked, body in _ALPHABETS:
        mask = text.translate(marked)
        at = mask.find(_RUN_85)
        while at >= 0:
            start = mask.rfind(b" ", 0, at) + 1
            end = _run_end(mask, at)
            begins = _beginning_85(text, start, end, alphabet)
            stop = _end_85(text, begins, body) if begins >= 0 else -1
            # A few characters on the next line are seldom more of it.
            stop = end if 0 < stop - end < _TAIL and begins >= 0 else stop
            look.spend(max(0, stop - begins))
            found = _decoded_85(form, text[begins:stop], look) if stop > begins else None
            if found is not None:
                yield Found(begins, stop, f"{form}{found[0]}", found[1], loadable=True)
                end = max(end, stop)
            at = mask.find(_RUN_85, end)


def _beginning_85(text: bytes, start: int, end: int, alphabet: bytes) -> int:
    """Return where in a run something begins that a loader could take, or -1."""
    wanted = _beginnings(alphabet)
    near = text[start : min(end, start + _NEAR)]
    for at in (0, *(hit.end() for hit in _OPENED.finditer(near))):
        if near[at : at + 3] in wanted:
            return start + at
    return -1


def _end_85(text: bytes, start: int, body: re.Pattern[bytes]) -> int:
    """Return where such a text ends: at its frame's end, at the quote that closes it, at a character it has not."""
    before = text[max(0, start - 3) : start]
    for opened, closed in ((b"<~", b"~>"), (b'"""', b'"""'), (b"'''", b"'''"), (b'"', b'"'), (b"'", b"'")):
        if before.endswith(opened):
            at = text.find(closed, start)
            return at if at >= 0 else len(text)
    hit = body.match(text, start)
    return hit.end() if hit else start


def _decoded_85(form: str, text: bytes, look: _Look) -> tuple[str, bytes] | None:
    import base64

    try:
        data = base64.b85decode(b"".join(text.split())) if form == "base85" else base64.a85decode(text)
    except ValueError:
        return None
    found = _unwrapped(data, look) if len(data) >= _SHORTEST else None
    return found if found is not None and is_whole(found[1]) else None


@cache
def _beginnings(alphabet: bytes) -> frozenset[bytes]:
    """Return the first three characters that artifacts may begin with."""
    found = set()
    for magic in _MAGICS:
        low = int.from_bytes(magic[:4].ljust(4, b"\0"), "big") // 7225
        high = int.from_bytes(magic[:4].ljust(4, b"\xff"), "big") // 7225
        found |= {bytes((alphabet[v // 7225], alphabet[v // 85 % 85], alphabet[v % 85])) for v in range(low, high + 1)}
    return frozenset(found)
