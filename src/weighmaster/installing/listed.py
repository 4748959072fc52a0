"""What files of requirements say of indexes: pip heeds it while it finds packages, so it counts where they are fetched.

Format: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Final

from weighmaster.installing.arguments import Arguments
from weighmaster.model.errors import ConfigError
from weighmaster.model.value import replace
from weighmaster.reading.dependencies.pip import Option, lexed, lines, options
from weighmaster.reading.dependencies.recognised import check_size, decoded
from weighmaster.reading.pattern import pattern

_FIRST: Final = ("--index-url", "--pypi-url")
_VALUED: Final = frozenset({*_FIRST, "--extra-index-url", "--find-links", "--trusted-host"})
_INCLUDES: Final = ("--requirement", "--constraint")
_VARIABLE: Final = pattern(r"\$\{([A-Z0-9_]+)\}")
_FILES: Final = 200


def completed(asked: Arguments, environment: Mapping[str, str]) -> Arguments:
    """Return what was asked for, with what its files of requirements and constraints say of indexes.

    Raises:
        ConfigError: a file cannot be read.
    """
    said = [option for path in asked.files for option in _said(path, environment, set())]
    first = [option.value for option in said if option.name in _FIRST]
    changed: Arguments = replace(
        asked,
        fetch=(*asked.fetch, *(word for option in said for word in option if word)),
        indexes=(first[-1],) if first else asked.indexes,
        extra=(*asked.extra, *(option.value for option in said if option.name == "--extra-index-url")),
        offline=asked.offline or any(option.name == "--no-index" for option in said),
    )
    return changed


def _said(path: str, environment: Mapping[str, str], seen: set[str]) -> Iterator[Option]:
    if "://" in path or path in seen or len(seen) >= _FILES:
        return  # pip stops at a circle.
    seen.add(path)
    for line in _lines(path):
        words = _VARIABLE.sub(lambda hit: environment.get(hit[1]) or hit[0], line)
        if not words.startswith("-"):
            continue
        for option in options(lexed(words))[1]:
            if option.name in _INCLUDES and option.value:
                yield from _said(os.path.join(os.path.dirname(path), option.value), environment, seen)
            elif option.name == "--find-links":
                beside = os.path.join(os.path.dirname(path), option.value)
                yield Option(option.name, beside if os.path.exists(beside) else option.value)
            elif option.name in _VALUED and option.value:
                yield option
            elif option.name == "--no-index":
                yield Option(option.name, "")


def _lines(path: str) -> Iterator[str]:
    try:
        check_size(os.path.getsize(path))
        with open(path, "rb") as file:
            text = decoded(file.read())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    yield from (line for _, line in lines(text))
