"""Scripts for a shell, for PowerShell and for Windows' command prompt: what their commands come to.

Nothing is expanded or run. A script is run by a person (`main`). Grammars:
<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html>,
<https://learn.microsoft.com/powershell/scripting/lang-spec/chapter-02>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 1 << 20
_SHEBANG: Final = pattern(rb"#! ?\S*?(?:/env(?: -S)? +)?\b(?:ba|da|z|k|a|c|tc|fi)?sh\b")
_BATCH: Final = pattern(rb"@echo off\s", re.IGNORECASE)
_LINES: Final = pattern(
    rb"^[ \t]*(?:sudo |nohup )?"
    rb"(?:curl|wget|bash|sh|chmod|apt-get|export|rm|nc|powershell|iex|invoke-expression|certutil"
    rb"|base64|cat|echo|crontab|RUN|set -[a-z]+|cd|mkdir|python3?|pip3?|source|cp|mv|git|conda)\b(?!.*\bis\b)[^\n]*$",
    re.MULTILINE | re.IGNORECASE,
)
_MARKS: Final = (
    (b"|", pattern(rb"\|\s*(?:sudo )?(?:ba|z|da)?sh\b")),
    (b"/dev/", pattern(rb"/dev/(?:tcp|udp)/")),
    (b"$(", pattern(rb"\$\((?:curl|wget)")),
    (b"base64 ", pattern(rb"base64 (?:-d|--decode)")),
    (b"nc ", pattern(rb"\bnc\b[^\n]* -[a-z]*e")),
    (b"iex", pattern(rb"\biex\b")),
    (b"rm -", pattern(rb"rm -[rf]+ ")),
)
"""What matters in a script in small letters, each after what it cannot be without: hardly any text has one."""
_WORDS: Final = (
    b"invoke-expression", b"downloadstring", b"frombase64string", b"authorized_keys", b"crontab", b"certutil",
    b"-urlcache", b"bitsadmin", b"schtasks", b"currentversion\\run",
)  # fmt: skip
"""The same, where the word is enough."""
_SHARE: Final = 0.5


def _matches(glance: Glance) -> bool:
    head = glance.head.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in head:
        return False
    if _SHEBANG.match(head) or _BATCH.match(head):
        return True
    small = head.lower()
    if not any(word in small for word in _WORDS) and not any(
        mark in small and shape.search(small) for mark, shape in _MARKS
    ):
        return False
    # Without a first line that says so: text most of whose lines are commands, and one of which matters.
    lines = [line for line in head.splitlines() if line.strip() and not line.lstrip().startswith(b"#")]
    return bool(lines) and len(_LINES.findall(head)) >= _SHARE * len(lines)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.knowledge.source.disguises import disguises
    from weighmaster.knowledge.source.scripts import command_uses

    if cursor.size > _LONGEST:
        raise OverBudgetError(f"{cursor.size} bytes of script, {_LONGEST} allowed")
    text = cursor.take(cursor.size).decode("utf-8", "replace")
    yield from command_uses(text, where, "main")
    yield from disguises(text, None, where, "shell")


FORMAT: Final = Format(id="shell", title="Shell script", matches=_matches, read=_read, layer=True)
