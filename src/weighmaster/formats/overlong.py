"""Texts that tools read by their name, and that are longer than what is looked through here: said to be unread.

Padding costs nothing: a manifest with sixteen mebibytes of comments before its first word is read by its tool, and is
recognised by nobody who looks at where texts begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.opening import LONGEST, PAGE
from weighmaster.reading.pattern import pattern
from weighmaster.reading.python.source import LONGEST as LONGEST_SOURCE
from weighmaster.reading.python.source import is_python
from weighmaster.reading.source import is_far
from weighmaster.reading.tags import may_be_text

_SCRIPT: Final = 1 << 20
_CALLED: Final = pattern(
    r"(?:.*[/\\])?(?:pyproject\.toml|(?:uv|poetry|pdm)\.lock|pylock(?:\.[\w-]+)?\.toml|pipfile(?:\.lock)?|uv\.toml"
    r"|pip\.(?:conf|ini)|setup\.cfg|environment[\w.-]*\.ya?ml|conda-lock\.ya?ml|pixi\.(?:lock|toml))$"
)
_SOURCE: Final = pattern(r".*\.(?:pyw?|pth)$")
_LINES: Final = pattern(r"(?:.*[/\\])?(?:[\w.-]*(?:dockerfile|containerfile)[\w.-]*|[^/\\]+\.(?:sh|bash))$")


def _matches(glance: Glance) -> bool:
    return glance.size > _SCRIPT and may_be_text(glance.head)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    last = where.steps[-1] if where.steps else None
    name = (last.name if isinstance(last, Member) else "" if where.steps else where.root).casefold()
    most = LONGEST if _CALLED.match(name) else _SCRIPT if _LINES.match(name) else cursor.size
    if _SOURCE.match(name) and not is_python(cursor.source):  # Which is said where source is read.
        most = LONGEST_SOURCE
    most = min(most, PAGE) if most < cursor.size and is_far(cursor.source) else most
    if cursor.size > most:
        raise OverBudgetError(f"{cursor.size} bytes of text, {most} allowed")
    yield from ()


FORMAT: Final = Format(
    id="overlong", title="Text that is too long to be read", matches=_matches, read=_read, layer=True
)
