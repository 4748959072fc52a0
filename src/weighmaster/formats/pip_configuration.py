"""`pip.conf`: where pip takes packages from.

Format: <https://pip.pypa.io/en/stable/topics/configuration/>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import lines
from weighmaster.reading.dependencies.manifests import pip_conf
from weighmaster.reading.opening import after_comments
from weighmaster.reading.pattern import pattern

_KEYS: Final = pattern(rb"(?mi)^(?:--)?(?:(?:extra[-_])?index[-_]url|find[-_]links|trusted[-_]host)\s*[=:]")
_SECTION: Final = pattern(rb"^\[(?:global|install|download|wheel|pip)[\w .]*\]", 8)  # re.MULTILINE
_MARKS: Final = (b"[global", b"[install", b"[download", b"[wheel", b"[pip")
"""How those begin: to find nothing takes a twentieth of the time with these."""
_LONGEST: Final = 1 << 20


def _matches(text: bytes) -> bool:
    if len(text) > _LONGEST or not any(mark in text for mark in _MARKS) or after_comments(text)[:1] != b"[":
        return False
    return _SECTION.search(text) is not None and _KEYS.search(text) is not None


FORMAT: Final[Format] = lines("pip-configuration", "Configuration of pip", _matches, pip_conf)
