"""A release: these bytes are this name in this version, and the so-manieth of that name.

A signature alone never grows old: whoever keeps an earlier release may offer it again as the latest. The sequence is a
number that only grows, so a verifier that remembers the highest it has seen (`releases.py`) is not led back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.record import Record
from weighmaster.trust.claims import predicate as read
from weighmaster.trust.claims.predicate import Meaning, Predicate

_TYPE: Final = "urn:weighmaster:release:v1"
_HIGHEST: Final = (1 << 53) - 1
"""The largest number that every reader of JSON takes for the same one (RFC 8259, section 6)."""


class Release(Meaning):
    """What a release says; `channel` is empty where there is but one."""

    name: str
    version: str
    sequence: int
    channel: str = ""


def build(name: str, version: str, sequence: int, *, channel: str = "", issued: datetime) -> dict[str, Any]:
    """Return a predicate; `sequence` is from 0 to 2**53 - 1, and higher than that of any release before."""
    return read.without_empty(
        {
            "name": name,
            "version": version,
            "sequence": sequence,
            "channel": channel,
            "issuedOn": read.written(issued),
        }
    )


def _read(record: Record) -> Release:
    name, version, channel = read.text(record, "name"), read.text(record, "version"), read.text(record, "channel", "")
    sequence = record.get("sequence", int)
    if not 0 <= sequence <= _HIGHEST:
        raise UnreadableError(f"predicate.sequence: a number from 0 to {_HIGHEST} wanted")
    issued, expires = read.moment(record, "issuedOn"), read.moment(record, "expiresOn")
    where = f" in {channel}" if channel else ""
    return Release(
        line=f"{name} {version}, release {sequence}{where}",
        slot=f"{channel}\0{name}",
        issued=issued,
        expires=expires,
        name=name,
        version=version,
        sequence=sequence,
        channel=channel,
    )


PREDICATE: Final = Predicate(id="release", types=(_TYPE,), title="release", read=_read)
