"""Headers as mail has them: `Name: value` lines up to the first empty one, of which a value may go on in the next.

Metadata of packages is written so. Names are compared without case; a byte that is no UTF-8 is kept as a mark.
Specification: <https://packaging.python.org/en/latest/specifications/core-metadata/>, RFC 822 §3.1.
"""

from __future__ import annotations

from typing import Final

from weighmaster.model.errors import OverBudgetError

_MOST: Final = 20_000


def headers(data: bytes) -> tuple[dict[str, list[str]], str]:
    r"""Return the values of each header in small letters, and what stands after the empty line.

    >>> headers(b"Name: x\nKeywords: a\n  b\n\nText")
    ({'name': ['x'], 'keywords': ['a\n  b']}, 'Text')
    """
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    head, _, rest = text.removeprefix("\ufeff").partition("\n\n")
    found: dict[str, list[str]] = {}
    last: list[str] | None = None
    for number, line in enumerate(head.split("\n")):
        if number > _MOST:
            raise OverBudgetError(f"more than {_MOST} lines of headers")
        if line[:1] in {" ", "\t"}:
            if last is not None:
                last[-1] += f"\n{line}"
            continue
        name, colon, value = line.partition(":")
        last = None
        if colon and name and " " not in name:
            last = found.setdefault(name.lower(), [])
            last.append(value.strip())
    return found, rest
