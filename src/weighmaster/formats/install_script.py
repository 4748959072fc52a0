"""Shell scripts that install packages.

What else their commands do is told by the format of shell scripts. Grammar:
<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import lines
from weighmaster.reading.dependencies.scripts import MENTIONS, script
from weighmaster.reading.pattern import pattern

_SHEBANG: Final = pattern(rb"#! ?\S*?(?:/env(?: -S)? +)?\b(?:ba|da|z|k|a|fi)?sh\b")
_COMMAND: Final = pattern(
    rb"[ \t]*(?:sudo |export )?(?:curl|wget|bash|sh|chmod|apt-get|apt|export|rm|cat|echo|set|cd|mkdir|python3?|pip3?|uv"
    rb"|uvx|source|cp|mv|git|conda|mamba|if|fi|then|else|for|done|do|poetry|pdm|pipenv|pipx|[A-Z_]+=)\b"
)
_LONGEST: Final = 1 << 20
_SHARE: Final = 0.6


def _matches(text: bytes) -> bool:
    if len(text) > _LONGEST or not MENTIONS.search(text):
        return False
    if _SHEBANG.match(text):
        return True
    found = [line for line in text.splitlines()[:400] if line.strip() and not line.lstrip().startswith(b"#")]
    return bool(found) and sum(_COMMAND.match(line) is not None for line in found) >= _SHARE * len(found)


FORMAT: Final[Format] = lines("install-script", "Script that installs packages", _matches, script)
