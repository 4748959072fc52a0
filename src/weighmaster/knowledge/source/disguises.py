"""Source that is not what it looks like: text in another order than it is shown, letters not shown or of others.

Controls of direction have an editor show a comment as code, or code as a comment. Letters that are not drawn carry a
text that nobody sees and that a program decodes. A name with a letter of another script is another name.
Sources: CVE-2021-42574, CVE-2021-42694, <https://trojansource.codes/>, <https://www.unicode.org/reports/tr36/>,
<https://docs.python.org/3/reference/lexical_analysis.html#identifiers>.
"""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final

from weighmaster.model.fact import Use
from weighmaster.model.where import Where
from weighmaster.reading.pattern import pattern

_MOST: Final = 20
"""Disguises of one source that are told."""
_CONTROLS: Final = pattern("[\u202a-\u202e\u2066-\u2069]")
_LISTED: Final = pattern(r"[ \t]*(?:[\w'\"]+[ \t]*:[ \t]*)?[rRuU]?(?:\"[^\"'\\#/]*\"|'[^\"'\\#/]*')[ \t]*,?[ \t]*")
"""One text of a list, alone on its line, as tests of such letters have them: nothing beside it can change places."""
_LINE_END: Final = pattern(r"\r\n|\r|\n")
"""What ends a line for Python; an editor knows more."""
_OPENED: Final = pattern(r"[rRuU]?(\"{3}|'{3})")
_UNSEEN: Final = pattern(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2060-\u2064\u206a-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e0fff]{8,}"
)
_DRAWN: Final = dict(
    zip(
        "\u0430\u0441\u0435\u0456\u0458\u043e\u0440\u0455\u0445\u0443\u04bb\u0501\u051b\u051d\u04cf"
        "\u0410\u0412\u0421\u0415\u041d\u0406\u0408\u041a\u041c\u041e\u0420\u0405\u0422\u0425"
        "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf",
        "aceijopsxyhdqwlABCEHIJKMOPSTXABEZHIKMNOPTYXo",
        strict=True,
    )
)
"""Cyrillic and Greek letters that are drawn as Latin ones, the part of UTS 39 that no formula needs."""


def may_be_disguised(text: str) -> bool:
    """Say whether source has letters of which any disguise is made."""
    return not text.isascii() and _ANY.search(text) is not None


def disguises(
    text: str, tree: ast.AST | None, where: Where, language: str = "python", *, below: int = 0
) -> Iterator[Use]:
    """Yield what makes source look like other source. Source that is all ASCII has none of it.

    Names are looked at where there is a syntax tree, whose lines begin to count `below` so many others.
    """
    if text.isascii():
        return
    when = "import" if language == "python" else "main"
    for number, (shape, line, detail) in enumerate(_all(text, tree, below)):
        if number >= _MOST:
            return
        yield Use(where=where, language=language, module="", name=shape, when=when, detail=detail, line=line)


def _all(text: str, tree: ast.AST | None, below: int) -> Iterator[tuple[str, int, str]]:
    prose: frozenset[int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.isascii():
            continue
        if (hit := _CONTROLS.search(line)) and not _LISTED.fullmatch(line):
            prose = _prose(text, tree, below) if prose is None else prose
            if number in prose:
                continue
            yield "reorders-its-text", number, f"U+{ord(hit[0]):04X}, {unicodedata.name(hit[0], 'a control')}"
        if hit := _UNSEEN.search(line):
            yield "holds-unseen-letters", number, f"{len(hit[0])} of them, the first U+{ord(hit[0][0]):04X}"
    if tree is not None and _may_imitate(text):
        yield from _imitated(tree)


def _prose(text: str, tree: ast.AST | None, below: int) -> frozenset[int]:
    """Return the lines that lie wholly inside a text that only says something, and hold no quote of its kind.

    A control of direction ends with its line: there is nothing on such a line that could be shown as code, or as the
    end of the text.
    """
    lines = text.splitlines()
    if tree is None or [*lines, ""] != _LINE_END.split(text if text[-1:] in "\r\n" else text + "\n"):
        return frozenset()
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.update(_inner(lines, node.value, below))
    return frozenset(found)


def _inner(lines: list[str], node: ast.Constant, below: int) -> Iterator[int]:
    first, last = node.lineno - below, (node.end_lineno or node.lineno) - below
    if last - first < 2 or first < 1 or last > len(lines):
        return
    head = lines[first - 1].encode()[node.col_offset :].decode(errors="replace")
    begin = _OPENED.match(head)
    end = lines[last - 1].encode()[: node.end_col_offset].decode(errors="replace")
    # One text, not several that follow each other.
    if begin is not None:
        inner = lines[first : last - 1]
        whole = "\n".join([head[begin.end() :], *inner, end])
        if whole.endswith(begin[1]) and whole.count(begin[1]) == 1:
            yield from (number for number, line in enumerate(inner, first + 1) if begin[1][0] not in line)


def _may_imitate(text: str) -> bool:
    """Say whether any word of a text would be told of if it were a name, which takes a hundredth of a walk."""
    text = unicodedata.normalize("NFKC", text)  # As Python reads names.
    if _LATIN_LIKE.search(text) is None:
        return False
    words = set(_WORD.findall(text))
    return any(_drawn_as(word, words) for word in words)


def _imitated(tree: ast.AST) -> Iterator[tuple[str, int, str]]:
    """Yield names that mix scripts so that nobody sees it, or that are drawn as another name of the source."""
    names: dict[str, int] = {}
    for node in ast.walk(tree):
        for name in _names(node):
            names.setdefault(name, getattr(node, "lineno", 0))
    for name, line in names.items():
        if drawn := _drawn_as(name, names):
            codes = ", ".join(f"U+{ord(letter):04X}" for letter in name if letter in _DRAWN)
            yield "imitates-letters", line, f"{name!r} is not {drawn!r} ({codes})"


def _drawn_as(name: str, names: Collection[str]) -> str:
    """Return the name that a name is drawn as, if it mixes scripts or that is a name, too; nothing otherwise."""
    if name.isascii():
        return ""
    drawn = "".join(_DRAWN.get(letter, letter) for letter in name)
    mixed = any(letter.isascii() and letter.isalpha() for letter in name)
    return drawn if drawn != name and drawn.isascii() and (mixed or drawn in names or drawn in _BUILTINS) else ""


_ANY: Final = pattern(f"{_CONTROLS.pattern}|{_UNSEEN.pattern}|[{''.join(_DRAWN)}]")
_LATIN_LIKE: Final = pattern(f"[{''.join(_DRAWN)}]")
_WORD: Final = pattern(r"(?:\w|[^\x00-\x7f])+")
"""Whatever may be a name, and numbers."""
_BUILTINS: Final = frozenset({"eval", "exec", "open", "print", "input", "compile"})


def _names(node: ast.AST) -> Iterator[str]:
    for field in ("id", "attr", "name", "arg", "asname"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value
