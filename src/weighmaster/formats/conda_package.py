"""`conda-meta/NAME-VERSION-BUILD.json`: a package that conda has put into an environment.

Format: <https://docs.conda.io/projects/conda/en/stable/dev-guide/api/conda/models/records/index.html>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format
from weighmaster.extend.wanting import json
from weighmaster.model.fact import Shared
from weighmaster.model.package import Distribution
from weighmaster.model.where import Where

_KEYS: Final = ("name", "version", "build")
_TOLD: Final = 500


def _holds(found: dict[str, Any]) -> bool:
    return all(isinstance(found.get(key), str) for key in _KEYS) and isinstance(found.get("files"), list)


def _told(found: dict[str, Any], _: str, where: Where) -> Iterator[Shared]:
    addresses = [f"{key}={found[key]}" for key in ("channel", "url") if isinstance(found.get(key), str)]
    yield Distribution(
        where=where,
        name=found["name"][:_TOLD],
        version=found["version"][:_TOLD],
        addresses=tuple(address[:_TOLD] for address in addresses),
        by="conda-meta",
    )


FORMAT: Final[Format] = json("conda-package", "Package in an environment of conda", _holds, _told)
