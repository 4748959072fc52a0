"""JSON as evidence is read: strictly, so that no two readers can see different things in it.

A key that stands twice in an object, a number that is not finite, a text that is not UTF-8, and whatever is longer or
deeper than allowed is refused. Specification: <https://www.rfc-editor.org/rfc/rfc8259>, with the rules of I-JSON
(<https://www.rfc-editor.org/rfc/rfc7493>) on names.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from weighmaster.model.errors import TrustError, UnreadableError
from weighmaster.reading.record import Record

LONGEST: Final = 64 << 20
"""Bytes of a document that are read: a manifest of 300,000 files is no longer."""
_DEEPEST: Final = 64
"""Objects and lists within one another."""
_MOST: Final = 2_000_000
"""Objects and lists of a document; each takes a few hundred bytes of memory."""
_ITEMS: Final = 8_000_000
"""Numbers, texts and whatever else stands between two commas; each takes up to forty bytes."""
_DIGITS: Final = 400
"""Of a whole number; to read one takes time that grows with their square."""
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half of a pair of surrogates, which is no text where the other half is missing (RFC 7493 §2.1)."""


def parsed(raw: bytes, what: str) -> Record:
    """Return the object that `raw` holds; `what` names it in errors.

    Raises:
        TrustError: it is no JSON object, or one that could be read in two ways.
    """
    if len(raw) > LONGEST:
        raise TrustError(f"{what} is longer than {LONGEST} bytes")
    if raw.count(b"{") + raw.count(b"[") > _MOST:
        raise TrustError(f"{what} holds more than {_MOST} objects and lists")
    if raw.count(b",") > _ITEMS:
        raise TrustError(f"{what} holds more than {_ITEMS} commas")
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
        _bounded(value)
        if _HALF.search(raw):
            json.dumps(value, ensure_ascii=False).encode()
        return Record.of(value)
    except (ValueError, RecursionError, UnreadableError) as error:
        raise TrustError(f"{what} cannot be read: {error}") from error


def written(document: Mapping[str, Any]) -> bytes:
    """Return a document as bytes: keys in order, no blanks, UTF-8. The same document gives the same bytes."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        double = next(key for key, count in counts.items() if count > 1)
        raise ValueError(f"the key {double[:80]!r} stands there twice")
    return found


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _bounded(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for one in level:
            inside = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
            for inner in inside:
                if isinstance(inner, float) and not math.isfinite(inner):
                    raise ValueError("a number that is not finite")
                if isinstance(inner, dict | list):
                    below.append(inner)
        if not below:
            return
        level = below
    raise ValueError(f"nested more than {_DEEPEST} deep")
