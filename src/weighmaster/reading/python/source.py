"""Python source: is a text such, in which encoding, and its syntax tree, parsed once however many formats ask.

Nothing is compiled or run. Specification: <https://docs.python.org/3/reference/lexical_analysis.html>.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source

if TYPE_CHECKING:
    import ast

LONGEST: Final = 4 << 20
"""Bytes of source that are parsed."""
_TRIED: Final = 256 << 10
"""Text up to this size is parsed to see whether it is Python; of more, lines are counted."""
_SEPARATORS: Final = "=;,.()[]{}+-*/%&|^<>:@\n"
_PARTS: Final = 1_000_000
"""So many of these at most: the tree of what stands between them takes a thousand times their memory."""
_FORMATTED: Final = pattern(r"(?i)(?:f|fr|rf)['\"]")
_OVER_LINES: Final = pattern(r"(?i)(?:f|fr|rf)(?:'{3}|\"{3})")
_LOOKED_THROUGH: Final = 4_000_000_000
"""Python looks through a formatted text for each of its fields."""
_LONGEST_LINE: Final = 20_000
"""Text with a longer line is data, unless it says of itself that it is Python."""
_AT_ONCE: Final = 256
_SHARE: Final = 0.4
"""Of its lines must look like Python for text that does not parse."""

_COOKIE: Final = pattern(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263
_SHEBANG: Final = pattern(rb"#![^\n]{0,60}\bpython")
_LINE: Final = pattern(
    r"[ \t]*+(?:[\w.]++(?:\(.*\)$| = )|import [A-Za-z_]|from [\w.]++ import |(?:async )?def \w++ ?\(|class \w++ ?[:(]"
    r"|@\w[\w.]*+(?:\(|$)|(?:if|for|while|with|try|else|elif|except)\b.*:$|return\b)"
)
_OURS: Final = pattern(
    r"^[ \t]*(?:(?:async )?def \w+[ \t]*\(|class \w+[^{\n]*:[ \t]*$|from [.\w]+ import |(?:import|del) [\w., ]+$)"
    r"|^[ \t]*(?:if|for|while|with|try|else)\b[^{\n]*:[ \t]*$"
    r"|(?<![.\w])(?:__import__|exec|getattr|compile|globals)[ \t]*\(",
    re.MULTILINE,
)
"""Statements that only Python has."""
_MAY_RUN: Final = pattern(r"[(@]|\bimport\b|\bclass\b")
_STRONG: Final = pattern(r"^(?:import [A-Za-z_]\w*|from \.*[\w.]* import |__import__|exec|eval)\b", re.MULTILINE)
_PYTHON_2: Final = "Missing parentheses in call to"
_RAISES: Final = pattern(r"\s*raise\s+[\w.]+(?:\s*,\s*[\w.]+){1,2}\s*")
_LONG: Final = pattern(r"\s*[\w.]+\s*=\s*(?:0[xX][0-9a-fA-F]+|[0-9]+)[lL]\s*;?\s*(?:#.*)?")
"""Lines that no Python 3 parses, of which its message does not say so."""


class UnparsedError(UnreadableError):
    """Source that this Python cannot parse; `old` says that no Python 3 can."""

    def __init__(self, what: str, *, old: bool = False) -> None:
        super().__init__(what)
        self.old = old


class _Seen(NamedTuple):
    source: Source
    python: bool
    text: str


_last: list[_Seen] = []


def is_python(source: Source) -> bool:
    """Say whether a source is text that is Python, by its lines, or because it parses and does something."""
    return _seen(source).python


def text_of(source: Source) -> str:
    """Return the text of a source that is Python, in the encoding that it declares."""
    return _seen(source).text


def _seen(source: Source) -> _Seen:
    if _last and _last[0].source is source:
        return _last[0]
    data = source.read_at(0, LONGEST)
    text = decoded(data)
    found = _Seen(source, text is not None and _is_python(data, text), text or "")
    _last[:] = [found]
    return found


def decoded(data: bytes) -> str | None:
    """Return source as text: in the encoding of its byte order mark or comment, UTF-8 without either."""
    if b"\0" in data[:4096]:
        return None
    body = data.removeprefix(b"\xef\xbb\xbf")
    encoding = "utf-8" if len(body) < len(data) else _cookie(body)
    try:
        return body.decode(encoding, "replace").replace("\r\n", "\n").replace("\r", "\n")
    except (LookupError, UnicodeError, ValueError):
        return body.decode("utf-8", "replace")


def _cookie(data: bytes) -> str:
    for line in data[:1024].splitlines()[:2]:
        if hit := _COOKIE.match(line):
            return _text_encoding(hit[1].decode("latin-1"))
        if line.strip() and not line.lstrip().startswith(b"#"):
            break
    return "utf-8"


def _text_encoding(name: str) -> str:
    import codecs

    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return "utf-8"
    return found.name if getattr(found, "_is_text_encoding", False) else "utf-8"


def _is_python(data: bytes, text: str) -> bool:
    if _SHEBANG.match(data):
        return True
    if not _MAY_RUN.search(text):
        return False
    lines = [line for line in text.splitlines() if (begun := line.lstrip(" \t")) and begun[0] != "#"]
    if not lines:
        return False
    if max(map(len, lines)) > _LONGEST_LINE:
        # One long line of digits is how a payload is packed: what else stands there must be Python at first sight.
        return _STRONG.search(text) is not None and len(text) <= LONGEST and _acts(text)
    if _is_mostly_code(lines):
        # Perhaps of a Python newer or older than ours; of so much that none of it will be parsed, perhaps JavaScript.
        return len(data) < LONGEST or _OURS.search(text) is not None
    return len(text) <= _TRIED and _acts(text)


def _is_mostly_code(lines: list[str]) -> bool:
    """Whether so many lines look like Python; no more of them are looked at than it takes to tell."""
    hits, wanted = 0, max(1.0, _SHARE * len(lines))
    for at in range(0, len(lines), _AT_ONCE):
        some = lines[at : at + _AT_ONCE]
        hits += len(some) - list(map(_LINE.match, some)).count(None)
        if hits >= wanted:
            return True
        if hits + len(lines) - at - _AT_ONCE < wanted:
            return False
    return False


def looks_like(text: str) -> bool:
    """Say whether text from inside another file is Python."""
    if _last and _last[0].text == text and not text.startswith("#!"):
        return _last[0].python  # The text of the file itself, which was asked about a moment ago.
    return _is_python(b"", text)


def _acts(text: str) -> bool:
    """Whether the text parses and running it can do something: a word or a list of numbers is Python, too."""
    import ast

    try:
        tree = parsed(text)
    except UnreadableError:
        return False
    except OverBudgetError:
        return _STRONG.search(text) is not None  # Reading it says so again.
    acting = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Call)
    return any(isinstance(node, acting) for statement in tree.body for node in ast.walk(statement))


def _looked_through(text: str) -> int:
    """Return how many characters Python may look at for the fields of formatted texts."""
    most = len(text) * text.count("{")
    if most <= _LOOKED_THROUGH or not _FORMATTED.search(text):
        return 0
    if _OVER_LINES.search(text):
        return most
    return sum(len(line) * line.count("{") for line in text.replace("\\\n", "").split("\n"))


_trees: list[tuple[str, ast.Module]] = []


def check_parts(text: str) -> None:
    """Refuse source that would be too dear to parse.

    Raises:
        OverBudgetError: it is too long, or has too many parts.
    """
    if len(text) > LONGEST:
        raise OverBudgetError(f"{len(text)} characters of source, {LONGEST} allowed")
    if len(text) > _PARTS and sum(map(text.count, _SEPARATORS)) > _PARTS:
        raise OverBudgetError(f"more than {_PARTS} parts of source")
    if _looked_through(text) > _LOOKED_THROUGH:
        raise OverBudgetError("formatted texts of too many fields in the source")


def parsed(text: str) -> ast.Module:
    """Return the syntax tree of source.

    Raises:
        UnparsedError: this Python cannot parse it.
        OverBudgetError: it is too long, or nests too deep.
    """
    import ast
    import warnings

    if _trees and _trees[0][0] == text:
        return _trees[0][1]
    check_parts(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # What Python would warn its author of is nothing to us.
            tree = ast.parse(text)
    except SyntaxError as error:
        raise UnparsedError(f"line {error.lineno} is no Python that can be parsed", old=_is_old(text, error)) from error
    except ValueError as error:
        raise UnparsedError("the source is no Python that can be parsed") from error
    except (RecursionError, MemoryError) as error:
        raise OverBudgetError("the source nests too deep") from error
    _trees[:] = [(text, tree)]
    return tree


def _is_old(text: str, error: SyntaxError) -> bool:
    """Whether what stands at the place of an error is Python 2."""
    if _PYTHON_2 in str(error):
        return True
    lines = text.split("\n")
    line = lines[error.lineno - 1] if error.lineno is not None and 0 < error.lineno <= len(lines) else ""
    return (_RAISES.fullmatch(line) or _LONG.fullmatch(line)) is not None


def parsed_below(text: str, lines: int) -> ast.Module:
    """Return the syntax tree of source that so many lines stand before, as `parsed` does."""
    tree = parsed(text)
    if lines:
        import ast

        ast.increment_lineno(tree, lines)
        _trees.clear()  # The same text may stand elsewhere, too.
    return tree
