"""`uv.toml`: where uv takes packages from.

Specification: <https://docs.astral.sh/uv/reference/settings/>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import toml
from weighmaster.reading.dependencies.manifests import uv_settings

_KEYS: Final = frozenset({"index-url", "extra-index-url", "find-links", "allow-insecure-host", "index-strategy"})
_MARKS: Final = (b"index-url", b"find-links", b"insecure-host", b"index-strategy", b"[[index]]")


def _holds(found: dict[str, Any]) -> bool:
    pip = found.get("pip")
    keys = {*found, *(pip if isinstance(pip, dict) else ())}
    return bool(keys & _KEYS or isinstance(found.get("index"), list)) and "project" not in found


FORMAT: Final[Format] = toml("uv-settings", "Settings of uv", _MARKS, _holds, uv_settings)
