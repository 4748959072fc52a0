"""The list of recalls: its entries, how they are read and written, and how the list changes.

An entry never leaves the list: it is withdrawn, with a reason, and stays readable. A list says something to everybody
who reads it, or nothing: whoever meets a kind or an action that is not known here refuses the list.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from weighmaster.model.errors import ConfigError, TrustError, UnreadableError
from weighmaster.model.value import Value, replace
from weighmaster.reading.record import Record
from weighmaster.trust import strict
from weighmaster.trust.claims.predicate import instant, written
from weighmaster.trust.evidence.keeping import read_config
from weighmaster.trust.recall.versions import check_range

T = TypeVar("T", bound=enum.StrEnum)

SCHEMA: Final = "urn:weighmaster:recall:v1"
FILE: Final = "recall.json"
"""What the list is called where it is published."""
LONGEST: Final = 32 << 20
"""Bytes of a list."""
_MOST: Final = 100_000
"""Entries of a list."""
_TEXT: Final = 4000
"""Characters of a text."""
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}\Z")
_HEX: Final = re.compile(r"[0-9a-f]{64}\Z")
_REPLACEMENT: Final = re.compile(r"(?:sha256|tree):[0-9a-f]{64}\Z")
_KEYS: Final = frozenset(
    {"id", "kind", "value", "action", "reason", "added", "issuer", "versions", "advisory", "replacement", "since"}
    | {"withdrawn"}
)


class Kind(enum.StrEnum):
    """What an entry names."""

    FILE = "sha256"
    """A file, by its SHA-256."""
    TREE = "tree"
    """A whole artifact, by its tree digest."""
    BASE = "base"
    """A model that others are built on, by the SHA-256 of its weights or its tree digest."""
    DATASET = "dataset"
    """What was trained on, by SHA-256 or tree digest."""
    KEY = "key"
    """A key, by the SHA-256 of its SubjectPublicKeyInfo: what it signed does not count."""
    CERTIFICATE = "certificate"
    """A certificate, by the SHA-256 of its DER."""
    IDENTITY = "identity"
    """Whoever a certificate was issued to."""
    NAME = "name"
    """A name, of all versions or some (`versions`)."""


DIGESTS: Final = frozenset({Kind.FILE, Kind.TREE, Kind.BASE, Kind.DATASET})
SIGNERS: Final = frozenset({Kind.KEY, Kind.CERTIFICATE, Kind.IDENTITY})


class Action(enum.StrEnum):
    """What is to be done."""

    BLOCK = "block"
    QUARANTINE = "quarantine"
    """Keep it away until a person has looked."""
    WARN = "warn"


class Recall(Value):
    """An entry.

    `value` is what `kind` says. `since`, of signers only: what they signed before, by a trusted clock, still counts;
    without it nothing that they ever signed does. `replacement` is `sha256:HEX` or `tree:HEX`.
    """

    id: str
    kind: Kind
    value: str
    action: Action
    reason: str
    added: datetime
    issuer: str = ""
    """Of an identity: who vouched for it; empty for anybody."""
    versions: str = ""
    """Of a name: a range, such as `>=1.0,<1.4`; empty for all."""
    advisory: str = ""
    url: str = ""
    replacement: str = ""
    since: datetime | None = None
    withdrawn: datetime | None = None
    withdrawal: str = ""
    """Why it was withdrawn."""

    @property
    def what(self) -> str:
        """What it names, for people."""
        match self.kind:
            case Kind.NAME:
                return f"{self.value} {self.versions or '(every version)'}"
            case Kind.IDENTITY:
                return f"{self.kind} {self.value}" + (f" of {self.issuer}" if self.issuer else "")
            case _:
                return f"{self.kind} {self.value}"


class RecallList(Value):
    """The entries, in the order in which they were added. `sequence` grows with every change."""

    entries: tuple[Recall, ...] = ()
    sequence: int = 0
    updated: datetime | None = None

    @property
    def active(self) -> tuple[Recall, ...]:
        """The entries that were not withdrawn."""
        return tuple(entry for entry in self.entries if entry.withdrawn is None)


def read(raw: bytes, what: str = FILE) -> RecallList:
    """Read a list; `what` names it in errors.

    Raises:
        TrustError: it is none, or says what is not known here.
    """
    if len(raw) > LONGEST:
        raise TrustError(f"{what} is longer than {LONGEST} bytes")
    document = strict.parsed(raw, what)
    try:
        return _list(document)
    except (UnreadableError, ConfigError) as error:
        raise TrustError(f"{what} is no list of recalls: {error}") from error


def read_file(path: str) -> RecallList:
    """Read the list in a file that the user named.

    Raises:
        ConfigError: it cannot be read: such a list meets nothing, so it is no refusal of an artifact.
    """
    try:
        return read(read_config(path, most=LONGEST), path)
    except TrustError as error:
        raise ConfigError(str(error)) from error


def write(recalls: RecallList) -> bytes:
    """Return a list as text: an entry a paragraph, so that a change can be reviewed."""
    document: dict[str, Any] = {"schema": SCHEMA, "sequence": recalls.sequence}
    if recalls.updated:
        document["updated"] = written(recalls.updated)
    document["entries"] = [_record(entry) for entry in recalls.entries]
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def add(recalls: RecallList, entry: Recall) -> RecallList:
    """Return the list with one entry more; an empty `id` is filled in.

    Raises:
        ConfigError: the entry cannot mean what it says, or another says the same already.
    """
    sequence = recalls.sequence + 1
    entry = replace(entry, id=entry.id or f"R-{sequence:04}")
    try:
        check(entry)
    except UnreadableError as error:
        raise ConfigError(str(error)) from error
    for other in recalls.active:
        if (other.kind, other.value, other.issuer, other.versions) == _same(entry):
            raise ConfigError(f"{other.id} recalls {other.what} already: withdraw it first to say something else")
    if any(other.id == entry.id for other in recalls.entries):
        raise ConfigError(f"an entry {entry.id} is there already")
    return RecallList(entries=(*recalls.entries, entry), sequence=sequence, updated=entry.added)


def withdraw(recalls: RecallList, id: str, now: datetime, reason: str) -> RecallList:
    """Return the list in which an entry no longer counts.

    Raises:
        ConfigError: there is none, it was withdrawn before, or no reason is given.
    """
    entry = next((one for one in recalls.entries if one.id == id), None)
    if entry is None:
        raise ConfigError(f"there is no entry {id}")
    if entry.withdrawn:
        raise ConfigError(f"{id} was withdrawn on {written(entry.withdrawn)}")
    changed: Recall = replace(entry, withdrawn=now.astimezone(UTC), withdrawal=reason)
    try:
        check(changed)
    except UnreadableError as error:
        raise ConfigError(str(error)) from error
    entries = tuple(changed if one is entry else one for one in recalls.entries)
    return RecallList(entries=entries, sequence=recalls.sequence + 1, updated=now.astimezone(UTC))


def check(entry: Recall) -> None:
    """Hold an entry to what its kind allows.

    Raises:
        UnreadableError: it says what cannot be meant.
        ConfigError: its range of versions is none.
    """
    wrong = next(_wrongs(entry), "")
    if wrong:
        raise UnreadableError(f"{entry.id[:100]}: {wrong}")
    if entry.versions:
        check_range(entry.versions)


def _wrongs(entry: Recall) -> Iterator[str]:
    if not _ID.match(entry.id):
        yield "id: up to 100 letters, digits and ._:- wanted"
    if not all(map(_is_text, (entry.value, entry.reason, entry.issuer, entry.advisory, entry.url, entry.withdrawal))):
        yield "no Unicode text"
    if not entry.reason.strip():
        yield "reason: a recall without a reason helps nobody"
    if entry.withdrawn and not entry.withdrawal.strip():
        yield "withdrawn: say why"
    if entry.kind in DIGESTS | {Kind.KEY, Kind.CERTIFICATE} and not _HEX.match(entry.value):
        yield f"{entry.kind}: 64 lower-case hexadecimal digits wanted"
    if not entry.value.strip():
        yield "value: there is none"
    if entry.replacement and not _REPLACEMENT.match(entry.replacement):
        yield "replacement: sha256:HEX or tree:HEX wanted"
    if entry.url and not entry.url.startswith(("https://", "http://")):
        yield "advisory.url: an http address wanted"
    yield from _misplaced(entry)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _misplaced(entry: Recall) -> Iterator[str]:
    if entry.since and entry.kind not in SIGNERS:
        yield "since: bytes are recalled whenever they were made; only signers have a since"
    if entry.issuer and entry.kind is not Kind.IDENTITY:
        yield "issuer: only an identity has one"
    if entry.versions and entry.kind is not Kind.NAME:
        yield "versions: only a name has them"


def _same(entry: Recall) -> tuple[Kind, str, str, str]:
    return (entry.kind, entry.value, entry.issuer, entry.versions)


def _list(document: Record) -> RecallList:
    if document.get("schema", str) != SCHEMA:
        raise UnreadableError(f"schema: {document.get('schema', str)[:60]!r} is not {SCHEMA}")
    _only(document, {"schema", "sequence", "updated", "entries"})
    listed = document.each("entries", dict)
    if len(listed) > _MOST:
        raise UnreadableError(f"entries: more than {_MOST}")
    entries = tuple(_entry(Record.of(one, f"entries[{at}]")) for at, one in enumerate(listed))
    _distinct(entries)
    return RecallList(
        entries=entries,
        sequence=_number(document, "sequence"),
        updated=_moment(document, "updated") if "updated" in document.values else None,
    )


def _entry(record: Record) -> Recall:
    _only(record, _KEYS)
    has = record.values
    advisory = Record.of(has["advisory"], f"{record.path}.advisory") if "advisory" in has else Record(values={})
    withdrawn = Record.of(has["withdrawn"], f"{record.path}.withdrawn") if "withdrawn" in has else None
    _only(advisory, {"id", "url"})
    if withdrawn is not None:
        _only(withdrawn, {"at", "reason"})
    entry = Recall(
        id=_text(record, "id"),
        kind=_choice(record, "kind", Kind),
        value=_text(record, "value"),
        action=_choice(record, "action", Action),
        reason=_text(record, "reason"),
        added=_moment(record, "added"),
        issuer=_text(record, "issuer", ""),
        versions=_text(record, "versions", ""),
        advisory=_text(advisory, "id", ""),
        url=_text(advisory, "url", ""),
        replacement=_text(record, "replacement", ""),
        since=_moment(record, "since") if "since" in has else None,
        withdrawn=_moment(withdrawn, "at") if withdrawn else None,
        withdrawal=_text(withdrawn, "reason") if withdrawn else "",
    )
    check(entry)
    return entry


def _record(entry: Recall) -> Mapping[str, Any]:
    found: dict[str, Any] = {"id": entry.id, "kind": str(entry.kind), "value": entry.value}
    found |= {"action": str(entry.action), "reason": entry.reason, "added": written(entry.added)}
    found |= {key: value for key in ("issuer", "versions", "replacement") if (value := getattr(entry, key))}
    if entry.advisory or entry.url:
        both = {"id": entry.advisory, "url": entry.url}
        found["advisory"] = {key: value for key, value in both.items() if value}
    if entry.since:
        found["since"] = written(entry.since)
    if entry.withdrawn:
        found["withdrawn"] = {"at": written(entry.withdrawn), "reason": entry.withdrawal}
    return found


def _only(record: Record, known: Iterable[str]) -> None:
    if unknown := sorted(record.values.keys() - set(known)):
        place = f"{record.path}: " if record.path else ""
        raise UnreadableError(f"{place}{unknown[0][:40]!r} is not known here; a newer version may know what it means")


def _distinct(entries: Iterable[Recall]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.id in seen:
            raise UnreadableError(f"{entry.id} is there twice")
        seen.add(entry.id)


def _text(record: Record, key: str, default: str | None = None) -> str:
    if default is not None and key not in record.values:
        return default
    text = record.get(key, str)
    if len(text) > _TEXT:
        raise UnreadableError(f"{_at(record, key)}: longer than {_TEXT} characters")
    return text


def _at(record: Record, key: str) -> str:
    return f"{record.path}.{key}" if record.path else key


def _choice(record: Record, key: str, choices: type[T]) -> T:
    text = _text(record, key)
    if text not in list(choices):
        raise UnreadableError(f"{_at(record, key)}: {text[:40]!r} is none of {', '.join(choices)}")
    return choices(text)


def _moment(record: Record, key: str) -> datetime:
    found = instant(_text(record, key))
    if found is None:
        raise UnreadableError(f"{_at(record, key)}: a time such as 2026-01-31T12:00:00Z wanted")
    return found


def _number(record: Record, key: str) -> int:
    number = record.get(key, int)
    if not 0 <= number < 1 << 53:
        raise UnreadableError(f"{key}: a number from 0 wanted")
    return number
