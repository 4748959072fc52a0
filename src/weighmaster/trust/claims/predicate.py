"""What a predicate is: a type of claim, how it is read, and what it says in a line.

Each is one file in `predicates/`, where `known.py` finds it. It offers `PREDICATE`, and a `build` that makes one;
nothing registers itself. A predicate says what is claimed, never of what: that is in the subjects of the statement
around it (in-toto Statement v1, <https://github.com/in-toto/attestation/blob/main/spec/v1/predicate.md>). Fields that
are not known are left alone, as that specification asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from weighmaster.model.errors import ConfigError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.record import Record

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)
URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x20\x7f]+\Z")
_HEX: Final = re.compile(r"[0-9a-f]{8,256}\Z")
_DIGESTS: Final = re.compile(r"[0-9a-f]{40,}")
"""Digests in a line for people, of which the beginning is enough."""
_LONGEST: Final = 4096
"""Characters of a name or an address in a predicate."""
_MOST: Final = 100_000
"""Items of a list in a predicate."""


class Meaning(Value):
    """What a predicate says: `line` for people, and from when (`issued`) until when (`expires`) it says so.

    Of the claims of one signer with the same type and `slot`, the newest counts. Without a slot all of them do.
    `against` says what it speaks against the artifact; a claim that does so holds, and is no reason to take it.
    """

    line: str
    against: str = ""
    slot: str | None = None
    issued: datetime | None = None
    expires: datetime | None = None


class Predicate(Value):
    """A type of claim.

    `types` are the URIs that name it, the one that is written first. `read` returns what a predicate says, and raises
    `UnreadableError` where it is not well-formed. `word` is what the command line calls it, where that is not its id.
    """

    id: str
    types: tuple[str, ...]
    title: str
    read: Callable[[Record], Meaning]
    word: str = ""

    @property
    def name(self) -> str:
        """What the command line calls it."""
        return self.word or self.id

    @property
    def type(self) -> str:
        """The URI that is written."""
        return self.types[0]


def moment(record: Record, key: str) -> datetime | None:
    """Return a time (RFC 3339 with its zone) in UTC; nothing where there is none.

    Raises:
        UnreadableError: something else stands there. So do all of these that read a record.
    """
    if record.values.get(key) is None:
        return None
    found = instant(record.get(key, str))
    if found is None:
        raise UnreadableError(f"{record.path}.{key}: a time wanted as RFC 3339 writes it")
    return found


def instant(text: str) -> datetime | None:
    """Return the time in UTC that a text of RFC 3339 means; nothing where it means none.

    >>> instant("2026-01-01T01:00:00+01:00"), instant("2026-13-01T00:00:00Z"), instant("2026-01-01T00:00:00")
    (datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), None, None)
    """
    if not _MOMENT.match(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def written(at: datetime) -> str:
    """Return a time as predicates write it: in UTC, to the second.

    Raises:
        ConfigError: it has no zone.

    >>> written(datetime(2026, 1, 1, tzinfo=UTC))
    '2026-01-01T00:00:00Z'
    """
    if at.tzinfo is None:
        raise ConfigError("a time without its zone means another moment everywhere")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text(record: Record, key: str, default: str | None = None) -> str:
    """Return a text that is neither empty nor endless; `default` where there is none and one is given."""
    if default is not None and record.values.get(key) in (None, ""):
        return default
    found = record.get(key, str)
    if not found or len(found) > _LONGEST:
        raise UnreadableError(f"{record.path}.{key}: a text of 1 to {_LONGEST} characters wanted")
    return found


def uri(record: Record, key: str) -> str:
    """Return an absolute URI."""
    found = text(record, key)
    if not URI.match(found):
        raise UnreadableError(f"{record.path}.{key}: a URI wanted")
    return found


def inner(record: Record, key: str) -> Record:
    """Return the mapping at `key`."""
    return Record.of(record.values.get(key), f"{record.path}.{key}")


def each(record: Record, key: str, *, needed: bool = False) -> Iterator[Record]:
    """Yield the mappings in the list at `key`, which may be missing unless it is `needed`."""
    if not needed and record.values.get(key) is None:
        return
    items = record.each(key, dict)
    if len(items) > _MOST:
        raise UnreadableError(f"{record.path}.{key}: more than {_MOST} items")
    for index, item in enumerate(items):
        yield Record.of(item, f"{record.path}.{key}[{index}]")


def digests(record: Record, key: str = "digest") -> dict[str, str]:
    """Return a digest set (in-toto DigestSet): hexadecimal in lower case by algorithm; empty where there is none."""
    if record.values.get(key) is None:
        return {}
    found = record.get(key, dict)
    for algorithm, digest in found.items():
        if not isinstance(digest, str) or not _HEX.match(digest):
            raise UnreadableError(f"{record.path}.{key}.{algorithm}: lower-case hexadecimal wanted")
    return dict(found)


def descriptor(record: Record) -> None:
    """Hold a mapping to what in-toto calls a ResourceDescriptor: a URI, a digest or the content itself."""
    if not (digests(record) or record.values.get("uri") or record.values.get("content")):
        raise UnreadableError(f"{record.path}: one of uri, digest and content wanted")
    for key in ("name", "uri", "content", "downloadLocation", "mediaType"):
        if record.values.get(key) is not None:
            record.get(key, str)


def resource(name: str, digest: Mapping[str, str], address: str = "") -> dict[str, object]:
    """Return a ResourceDescriptor; what is empty is left out."""
    found = {"name": name, "uri": address, "digest": dict(digest)}
    return {key: value for key, value in found.items() if value}


def without_empty(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping without what says nothing: None, and empty texts, lists and mappings."""
    return {key: value for key, value in found.items() if value is not None and value not in ("", [], {}, ())}


def brief(line: str) -> str:
    """Return a line for people: of long digests, the beginning.

    >>> brief("the key " + "0123456789abcdef" * 4)
    'the key 0123456789abcdef…'
    """
    return _DIGESTS.sub(lambda hit: f"{hit[0][:16]}…", line)
