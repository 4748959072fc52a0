"""Source in a syntax younger than the Python that reads it, with that put into older words, or left out.

What is left out is not read, and whoever asks says so; the rest of the source is. Specifications:
<https://peps.python.org/pep-0695/> (types and their parameters), <https://peps.python.org/pep-0701/> (quotes in
formatted texts), <https://peps.python.org/pep-0750/> (templates), <https://peps.python.org/pep-0758/> (exceptions).
"""

from __future__ import annotations

import re
from typing import Final

from weighmaster.reading.pattern import pattern

_TYPE: Final = pattern(r"^([ \t]*)type[ \t]+(\w+)[ \t]*(?:\[[^\]\n]{0,400}\])?[ \t]*=", re.MULTILINE)
_GENERIC: Final = pattern(
    r"^([ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+)\[[^\n]{0,400}?\][ \t]*(?=[(:])", re.MULTILINE
)
_TEMPLATE: Final = pattern(r"(?<!\w)(?:[tT][rR]?|[rR][tT])(?=['\"])")
_EXCEPT: Final = pattern(r"^([ \t]*except\*?)[ \t]+([\w. \t]+,[\w., \t]+):", re.MULTILINE)
_INDENT: Final = pattern(r"[ \t]*")
_LEFT_OUT: Final = 12
"""Lines that are left out at most."""
_TRIED: Final = 256 << 10
"""Characters of a source of which lines are left out, one after the other."""


def reworded(text: str) -> str:
    """Return the source with younger syntax put into older words, so far as nothing of it is lost.

    >>> reworded("def f[T](a: T): return t'x'")
    "def f(a: T): return f'x'"
    """
    text = _TYPE.sub(r"\1\2 = ", text)
    return _TEMPLATE.sub("f", _EXCEPT.sub(r"\1 (\2):", _GENERIC.sub(r"\1", text)))


def older(text: str) -> str | None:
    """Return the source as this Python parses it, or None where it takes more than that.

    >>> older("class A[T](B): x = 1")
    'class A(B): x = 1'
    """
    import ast
    import warnings

    text = reworded(text)
    lines = text.split("\n")
    for _ in range(_LEFT_OUT if len(text) <= _TRIED else 1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(text)
        except SyntaxError as error:
            if error.lineno is None or not 0 < error.lineno <= len(lines):
                return None
            line = lines[error.lineno - 1]
            indent = _INDENT.match(line)
            lines[error.lineno - 1] = f"{indent[0] if indent else ''}pass"
            text = "\n".join(lines)
        except (ValueError, RecursionError, MemoryError):
            return None
        else:
            return text
    return None
