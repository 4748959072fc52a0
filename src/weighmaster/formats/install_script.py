"""Shell scripts that install packages.

What else their commands do is told by the format of shell scripts. Grammar:
<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import lines
from weighmaster.reading.dependencies.scripts import mentions, script
from weighmaster.reading.opening import after_comments, begins_as_commands, is_command, is_shell

_LONGEST: Final = 1 << 20
_SHARE: Final = 0.6


def _matches(text: bytes) -> bool:
    if len(text) > _LONGEST:
        return False
    if not is_shell(text):
        said = after_comments(text)
        if not begins_as_commands(said):
            return False
        found = [line for line in said.splitlines()[:400] if line.strip() and not line.lstrip().startswith(b"#")]
        if sum(map(is_command, found)) < _SHARE * len(found):
            return False
    return mentions(text)


FORMAT: Final[Format] = lines("install-script", "Script that installs packages", _matches, script)
