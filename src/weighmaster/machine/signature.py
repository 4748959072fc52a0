"""A text that is equal for two calls only if every rule would judge them alike.

A state dictionary calls the same rebuilding function a thousand times; it is enough to judge one of them.
Values of numbers and bytes are left out, strings and names are not, and whatever is too large to write
down gets a text of its own.
"""

from __future__ import annotations

from weighmaster.machine.shadow import Global, Handle, Items, Long, Opaque, Result, Table

_DEPTH = 5
_PARTS = 400


def signature(callee: object, arguments: object, keywords: object) -> str | None:
    """Return the text, or None where it would be too long."""
    parts: list[str] = []
    if _write(callee, parts, _DEPTH) and _write(arguments, parts, _DEPTH) and _write(keywords, parts, _DEPTH):
        return "".join(parts)
    return None


def _write(x: object, parts: list[str], depth: int) -> bool:  # noqa: PLR0911 - one a kind
    if depth == 0 or len(parts) > _PARTS:
        return False
    if isinstance(x, str):
        parts.append("s" + str(len(x)) + ":" + x)
    elif isinstance(x, tuple):
        return _all("(", list(x), parts, depth)
    elif isinstance(x, Global):
        parts.append("g" + str(len(x.module)) + ":" + x.module + "." + str(len(x.name)) + ":" + x.name)
    elif isinstance(x, Result):
        return _result(x, parts, depth)
    elif isinstance(x, Items):
        return _all("[", x.items, parts, depth)
    elif isinstance(x, Table):
        return _all("{", x.pairs, parts, depth)
    elif isinstance(x, Handle):
        return _all("h", [x.id], parts, depth)
    else:
        parts.append(_plain(x))
    return True


def _result(x: Result, parts: list[str], depth: int) -> bool:
    states = [] if x.states is None else x.states
    return _all("r", [x.callee, x.arguments, x.keywords, *states], parts, depth)


def _all(word: str, items: list[object], parts: list[str], depth: int) -> bool:
    parts.append(word)
    for item in items:
        if not _write(item, parts, depth - 1):
            return False
    parts.append("]")
    return True


def _plain(x: object) -> str:
    if isinstance(x, Long):
        # What a long text says may decide; what long bytes are does not.
        return "l" + x.kind + (str(x.start) if x.kind == "str" else "") + ";"
    if isinstance(x, Opaque):
        return "o" + x.why + ";"
    return type(x).__name__ + ";"
