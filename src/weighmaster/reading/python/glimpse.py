"""What Python source imports, read off its lines: for source that is not worth a syntax tree.

Strings and comments are taken out first, so that no example in a docstring counts. Where the lines do not say it for
sure (an import behind a colon, in a function that may be called at once, strings that lexers of different versions of
Python end at different places), nothing is said, and the source has to be parsed.

Specification: <https://docs.python.org/3/reference/lexical_analysis.html>.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from typing import Final, NamedTuple

from weighmaster.reading.pattern import pattern

_STRINGS: Final = pattern(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    r'|"(?:[^"\\\n]|\\.|\\\n)*"'
    r"|'(?:[^'\\\n]|\\.|\\\n)*'"
    r"|#[^\n]*",
    re.DOTALL,
)
_MIXED: Final = pattern(
    r"(?i)(?<!\w)(?:f|fr|rf|t|tr|rt)(?:(?:\"(?!\"\")|'(?!''))[^\n]*(?:'{3}|\"{3})|\"{3}(?=(?:.|\n)*'{3})|'{3}(?=(?:.|\n)*\"{3}))"
)
"""Formatted text with other quotes of three in it, which younger lexers take for text of its own (PEP 701)."""
_QUOTES: Final = ("'", '"')
_LINES: Final = pattern(
    r"^(?P<indent>[ \t\f]*)(?:from[ \t]+(?P<module>\.*[ \t]*[\w.]*)[ \t]*import\b[ \t]*(?P<names>\([^)]*\)|[^\n]*)"
    r"|import\b(?P<plain>[^\n]*)"
    r"|(?P<block>async|case|class|def|elif|else|except|finally|for|if|match|try|while|with)\b(?P<rest>[^\n]*))",
    re.MULTILINE,
)
_IMPORT: Final = pattern(r"\bimport\b")
_LAST: Final = pattern(
    r"^[ \t\f]*(?:from\b[^\n(]*\bimport\b[ \t]*(?:\((?:#[^\n]*|[^)#])*\))?|import\b)[^\n]*", re.MULTILINE
)
_BEHIND: Final = pattern(r"[:;][^\n]*\bimport\b")
_NAME: Final = pattern(r"\.*[A-Za-z_][\w.]*\Z|\.+\Z")
_TAB: Final = 8


class Glimpse(NamedTuple):
    """What source imports as soon as it runs, as a program (`main`), and whatever lies beside it (`near`).

    The first two say of each whether it is a module for sure. `near` are dots, a module, and names, as written.
    """

    first: dict[str, bool]
    main: dict[str, bool]
    near: tuple[tuple[int, str, tuple[str, ...]], ...]


_LONGEST_LINE: Final = 4096
"""Characters of a line that is glanced at: what packs more into one is for the parser."""


def glimpse(text: str, around: Collection[str]) -> Glimpse | None:
    r"""Return what a text imports; None where that takes a parser.

    `around` are the names of the folders that the source lies in.

    >>> glimpse("from . import a, b\nimport c.d as e\nif TYPE_CHECKING:\n    from .f import g", ()).first
    {'.a': False, '.b': False, 'c.d': True}
    >>> glimpse("def f():\n    import sys\n    from . import g", ()) is None
    True
    """
    bare = _bare(text)
    if bare is None:
        return None
    seen = _Lines(around)
    for hit in _LINES.finditer(bare):
        if not seen.take(hit):
            return None
    # An import that begins no line stands behind a colon or a semicolon.
    return Glimpse(seen.first, seen.main, tuple(seen.near)) if seen.count == len(_IMPORT.findall(bare)) else None


def _bare(text: str) -> str | None:
    """Return a text without strings and comments, to the end of its last import; None where that is not for sure."""
    if max(map(len, text.split("\n"))) > _LONGEST_LINE:
        return None
    last = 0
    for hit in _LAST.finditer(text) if "import" in text else ():
        last = hit.end()
    if _BEHIND.search(text, last):
        return None
    text = text[:last]
    if "\\\n" in text or _MIXED.search(text):
        return None
    bare = _STRINGS.sub("", text)
    return None if any(quote in bare for quote in _QUOTES) else bare


class _Lines:
    """Takes the lines that begin a block or import something, in order, and keeps what they bring."""

    def __init__(self, around: Collection[str]) -> None:
        self.first: dict[str, bool] = {}
        self.main: dict[str, bool] = {}
        self.near: list[tuple[int, str, tuple[str, ...]]] = []
        self.count = 0
        self._around = around
        self._blocks: list[tuple[int, str]] = []

    def take(self, hit: re.Match[str]) -> bool:
        """Take a line; false where what it brings cannot be told."""
        indent = len(hit["indent"].expandtabs(_TAB))
        while self._blocks and self._blocks[-1][0] >= indent:
            self._blocks.pop()
        if hit["block"] is not None:
            self._blocks.append((indent, _kind(hit["block"], hit["rest"])))
            return True
        module = hit["module"]
        names = _names(hit["plain"] if module is None else hit["names"])
        if names is None:
            return False
        self.count += 1
        if module is not None and module.startswith("."):
            stem = module.lstrip(".")
            self.near.append((len(module) - len(stem), stem.strip(), tuple(names)))
        return self._bring(None if module is None else module.replace(" ", ""), names)

    def _bring(self, module: str | None, names: list[str]) -> bool:
        kinds = {kind for _, kind in self._blocks}
        for name, sure in _modules(module, names) if "never" not in kinds else ():
            top = name.partition(".")[0]
            if "later" not in kinds:
                into = self.main if "main" in kinds else self.first
                into[name] = sure or into.get(name, False)
            elif top in self._around or top not in sys.stdlib_module_names:
                # The function may be called as soon as the source runs.
                return False
        return True


def _kind(word: str, rest: str) -> str:
    if word in {"def", "async"}:
        return "later"
    if word in {"if", "elif"} and "TYPE_CHECKING" in rest:
        return "never" if rest.strip(" \t:") in {"TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING"} else ""
    return "main" if word == "if" and "__name__" in rest else ""


def _names(text: str) -> list[str] | None:
    """Return the names of an import; None where they are not names."""
    if ";" in text or "(" in text[1:]:
        return None
    found = []
    for each in text.strip(" \t()").replace("\n", " ").split(","):
        words = each.split()
        if not words:
            continue
        if len(words) not in {1, 3} or (len(words) == 3 and words[1] != "as"):
            return None
        if words[0] != "*" and not _NAME.match(words[0]):
            return None
        found.append(words[0])
    return found


def _modules(module: str | None, names: list[str]) -> list[tuple[str, bool]]:
    if module is None:
        return [(name, True) for name in names]
    sure = [(module, True)] if module.strip(".") else []
    stem = f"{module}." if module.strip(".") else module
    return [*sure, *((f"{stem}{name}", False) for name in names)]
