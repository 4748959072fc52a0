"""Plain text, from its first byte to its last: prose, tables, word lists, settings, source code.

Text is what holds no control characters but tab, line feed, form feed and carriage return, and those of terminals that
logs keep: colours, and steps back over a bar of progress. It is in UTF-8, in UTF-16 with a byte order mark, or in a
one-byte code. Where it stops being text, the rest is an artifact of its own.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.knowledge.callables import look_up
from weighmaster.knowledge.repository import path_of
from weighmaster.machine.run import is_name, whole
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Script
from weighmaster.model.package import Acting
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document
from weighmaster.reading.pattern import pattern
from weighmaster.reading.python.source import LONGEST, is_python, looks_like
from weighmaster.reading.source import PartSource, Source

_WINDOW: Final = 1 << 20
_STEP_BACK: Final = 64
_CONTROL: Final = pattern(rb"[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f]|\x1b(?!\[|\Z)|(?<!\x08)(?!\A)\x08(?!\x08|\Z)")
"""Of a terminal's, what begins a sequence (ECMA-48, 5.4) and more than one step back are left out."""
_CONTROLS: Final = bytes({*range(0x20)} - {*b"\t\n\f\r"})
_UTF16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_RARE: Final = 10_000
"""One control character in so many bytes does not make a text something else."""
_BUNDLE: Final = pattern(
    rb"\bfunction\b|=>|\b(?:var|let|const) |\brequire\(|\breturn\b|\bexports\b"
    rb"|#(?:include|define|ifn?def|endif|pragma)\b"
)
_BEGUN: Final = (4096, 16384)
"""Bytes of its beginning by which it is told: modules of JavaScript may begin with a long list of what they import."""
_APART: Final = 1024
"""Bytes to one of these words, at most."""
_SOURCE: Final = 256 << 10
"""Characters that are looked at to see whether it is source code."""
_EXCERPT: Final = 200
_BEGINNING: Final = 8192

_NAME: Final = rb"[A-Za-z_][A-Za-z0-9_]{0,63}(?:\.[A-Za-z_][A-Za-z0-9_]{0,63}){0,15}"
_GLOBAL: Final = pattern(rb"([ci])(%s)\n(%s)\n(?=[()\]}.NSVIFLpqgcP0-9])" % (_NAME, _NAME))
"""GLOBAL and INST, and an opcode that may follow."""
_ALONE: Final = pattern(rb"\n%s\n" % _NAME)
"""The second line of those: hardly any text has one, and this is looked for in a fifteenth of the time."""
_OVERLAP: Final = 4096
_LOOK_BACK: Final = 512
_MARK: Final = ord("(")
_MARKS: Final = 8
_TRIED: Final = 4000

_SHEBANG: Final = pattern(r"#! ?\S*?(?:/env(?: -S)? )?([A-Za-z]+)[\d.]*(?:\s|$)")
_ACTIVE: Final = pattern(r"<script[\s>]|<\?php\s|<iframe[\s>]", re.IGNORECASE)
_BATCH: Final = pattern(r"@echo off\s", re.IGNORECASE)
_WORDS_OF_JSON: Final = pattern(r'"(?:[^"\\\n]|\\.)*+"|\b(?:true|false|null|NaN|Infinity)\b|(?<=[\d.])[eE](?=[+-]?\d)')
_LETTER: Final = pattern(r"[^\W\d]")
"""Without a letter outside its strings a program calls and imports nothing."""
_COMMENT: Final = pattern(r"^[ \t]*(?:#.*)?$\n?", re.MULTILINE)


def _matches(glance: Glance) -> bool:
    if glance.size == 0:
        return False
    encoding = _UTF16.get(glance.head[:2])
    if encoding is not None:
        return _wide(glance.head[: len(glance.head) & ~1], encoding)
    return _plain(glance.head) is not None and (not any(map(_controlled, (glance.head, glance.tail))) or _few(glance))


def _controlled(data: bytes) -> bool:
    # Nearly all text has none of the bytes that it takes, and to see that costs a fiftieth.
    return len(data.translate(None, _CONTROLS)) != len(data) and _CONTROL.search(data) is not None


def _few(glance: Glance) -> bool:
    """Whether it may still be source code with a few control characters, which is seen where all of it is read."""
    ends = glance.head + glance.tail
    controls = len(ends) - len(ends.translate(None, _CONTROLS))
    return b"\0" not in ends and controls * _RARE <= glance.size and _is_bundle(glance.source)


def _is_bundle(source: Source) -> bool:
    return any(len(_BUNDLE.findall(source.read_at(0, most))) * _APART >= most for most in _BEGUN)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    head = cursor.peek(min(cursor.size, 4096))
    encoding = _UTF16.get(head[:2]) or _plain(head) or "latin-1"
    end = _text_end(cursor, encoding)
    if end < cursor.size and not (encoding == "utf-8" and _nearly(cursor)):
        # A loader may seek to what follows the text.
        yield part(cursor, where, end, cursor.size)
        raise UnreadableError("text that does not go on to the end", offset=end)
    yield from _scripts(cursor, where, encoding)
    if path_of(where).endswith((".py", ".pyw")):
        yield from _values(cursor, where)
    start = _pickle_start(cursor)
    if start:
        yield part(cursor, where, start, cursor.size)


def _values(cursor: Cursor, where: Where) -> Iterator[Acting]:
    """Yield the words of a module of Python that holds values and nothing else, or is too long to be read as source."""
    from weighmaster.knowledge.packages.compiled import acting_in_source

    if cursor.size > LONGEST or not is_python(cursor.source):
        words: dict[str, None] = {}
        for start in range(0, cursor.size, _WINDOW):
            cursor.budget.check_time()
            words |= dict.fromkeys(acting_in_source(cursor.source.read_at(start, _WINDOW + _STEP_BACK)))
        if words:
            yield Acting(where=where, words=tuple(words))


def _pickle_start(cursor: Cursor) -> int:
    """Return where a pickle of protocol 0 stands inside the text that calls something known to be dangerous, or 0.

    The first of them is enough: what follows it is looked at again with what is handed on.
    """
    if whole(PartSource(cursor.source, 0, _OVERLAP)).calls:
        return 0  # It is a pickle as well, whose reader looks at what follows it.
    tried = 0
    for start in range(0, cursor.size, _WINDOW):
        cursor.budget.check_time()
        window = cursor.source.read_at(start, _WINDOW + _OVERLAP)
        for hit in _GLOBAL.finditer(window) if _ALONE.search(window) else ():
            entry = look_up(hit[2].decode(), hit[3].decode())
            if entry is None or not entry.powers:
                continue
            # INST takes what stands above the last mark, which lies before it.
            before = window[max(0, hit.start() - _LOOK_BACK) : hit.start()]
            marks = [hit.start() - len(before) + at for at, byte in enumerate(before) if byte == _MARK]
            for at in [hit.start(), *marks[: -_MARKS - 1 : -1]]:
                near = PartSource(cursor.source, start + at, start + at + _OVERLAP)
                if start + at and _calls(near):
                    return start + at
            tried += 1
            if tried > _TRIED:
                raise OverBudgetError(f"text: more than {_TRIED} places name something dangerous, as a pickle would")
    return 0


def _calls(near: Source) -> bool:
    """Whether it is a pickle that calls something, and gets that far: what it imports first must have a name."""
    trace = whole(near)
    return bool(trace.calls) and (not trace.imports or is_name(*trace.imports[0][:2]))


def _plain(head: bytes) -> str | None:
    """Return the encoding in which `head` begins, None where it is no text."""
    try:
        # The last character may be cut in two.
        head.decode() if len(head) < 4096 else head[:-3].decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 7:
            high = sum(byte >= 0x80 for byte in head)
            return "latin-1" if high * 3 < len(head) else None
    return "utf-8"


def _text_end(cursor: Cursor, encoding: str) -> int:
    """Return the offset of the first byte that is not text; the size, where all of it is."""
    for start in range(0, cursor.size, _WINDOW):
        cursor.budget.check_time()
        window = cursor.source.read_at(start, _WINDOW)
        if encoding.startswith("utf-16"):
            if not _wide(window[: len(window) & ~1], encoding):
                return start
        elif len(window.translate(None, _CONTROLS)) != len(window):
            hit = _CONTROL.search(window)
            if hit is not None:
                # What begins there may begin with bytes that could still be text, such as a pickle's 0x80.
                return max(0, start + hit.start() - _STEP_BACK)
    return cursor.size


def _nearly(cursor: Cursor) -> bool:
    """Whether all of it is JavaScript or C in UTF-8 with a few control characters.

    Bundles have them in their literals, and what Cython writes in its comments. What a loader could take has zeros, or
    bytes that are no UTF-8, or is looked for in any text. In a log, which is shown as it is, one such character is
    enough.
    """
    if not _is_bundle(cursor.source):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    controls = 0
    for start in range(0, cursor.size, _WINDOW):
        cursor.budget.check_time()
        window = cursor.source.read_at(start, _WINDOW)
        controls += len(window) - len(window.translate(None, _CONTROLS))
        if controls * _RARE > cursor.size or b"\0" in window:
            return False
        try:
            decoder.decode(window, start + _WINDOW >= cursor.size)
        except UnicodeDecodeError:
            return False
    return True


def _wide(data: bytes, encoding: str) -> bool:
    text = data.decode(encoding, "surrogatepass").lstrip("\ufeff")
    # Any pair of bytes is a character of some script; only some of them are ones that people write.
    return text.translate(_PRINTED).isprintable()


_FORMATTING: Final = (*b"\t\n\r\f", 0xA0, 0xAD, 0x61C, 0x3000, 0xFEFF, *range(0x2000, 0x2010), *range(0x2028, 0x2030))
"""Spaces, line ends and marks of direction: not printable to Python, and written by people."""
_PRINTED: Final = dict.fromkeys(_FORMATTING, " ") | dict.fromkeys(range(0xD800, 0xE000), "x")


def _scripts(cursor: Cursor, where: Where, encoding: str) -> Iterator[Read]:
    text = cursor.source.read_at(0, _SOURCE + 1).decode(encoding, "replace").lstrip("\ufeff")
    language = _language(text, cursor.source)
    if language is not None:
        yield Script(where=where, language=language, excerpt=_excerpt(text))


def _language(text: str, source: Source) -> str | None:
    shebang = _SHEBANG.match(text)
    if shebang:
        return shebang[1].lower()
    if _BATCH.match(text):
        return "batch"
    active = _ACTIVE.search(text)
    if active:
        return "php" if active[0].startswith("<?") else "html"
    return "python" if not _is_data(text, source) and looks_like(text) else None


def _is_data(text: str, source: Source) -> bool:
    """Whether it is JSON, or the beginning of it: a program that only holds data, which is long to parse."""
    if text.lstrip()[:1] not in {"{", "["}:
        return False
    return document(source) is not None or _LETTER.search(_WORDS_OF_JSON.sub("", text)) is None


def _excerpt(text: str) -> str:
    # Whole lines of the beginning are enough, but for a text that begins with a long comment.
    begin = _COMMENT.sub("", text[: text.rfind("\n", 0, _BEGINNING) + 1])
    return (begin if len(begin) >= _EXCERPT else _COMMENT.sub("", text))[:_EXCERPT].strip()


FORMAT: Final = Format(id="text", title="Plain text", matches=_matches, read=_read)
