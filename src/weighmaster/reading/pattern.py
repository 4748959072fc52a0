"""Regular expressions that are compiled when they are first used.

Formats and rules have dozens of them, and a look at one small file uses two or three. Compiling all of them at import
would be a tenth of what such a look may cost.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Waiting:
    """Stands for a compiled pattern until somebody asks it for anything."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self._text, self._flags)
        for method in ("match", "fullmatch", "search", "finditer", "findall", "sub", "split"):
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    r"""Return what `re.compile` gives, some time before it is compiled.

    >>> pattern(r"\d+").fullmatch("42") is not None
    True
    """
    return cast("re.Pattern[AnyStr]", _Waiting(text, flags))
