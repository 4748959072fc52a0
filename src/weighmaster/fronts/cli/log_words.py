"""How `weighmaster log` says what it found: aligned lines for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from weighmaster.extend.showing import count, plain
from weighmaster.model.value import fields
from weighmaster.trust.log import record
from weighmaster.trust.log.audit import Audit
from weighmaster.trust.log.checkpoint import Checkpoint
from weighmaster.trust.log.merkle import entries
from weighmaster.trust.log.record import Logged

_LABEL: Final = 10
_YEAR_9999: Final = 253402300799

Row: TypeAlias = tuple[str, str]
"""What something is called, and what it is."""
Rows: TypeAlias = Iterable[Row]


def rows(lines: Rows) -> None:
    """Print what something is called, and what it is."""
    for label, text in lines:
        sys.stdout.write(f"{label.ljust(_LABEL)}{plain(text)}\n")


def document(what: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    sys.stdout.write(json.dumps(what, indent=2) + "\n")


def checkpoint(found: Checkpoint) -> Iterator[Row]:
    """Yield what a checkpoint says, and who saw it."""
    yield "log", f"{found.origin}, {entries(found.size)}"
    yield "root", found.root.hex()
    for one in found.cosigned:
        yield "witness", f"{one.witness}, {moment(one.at)}"


def entry(number: int, data: bytes) -> Row:
    """Return an entry on one line."""
    said = record.read(data)
    if said is None:
        return str(number), f"{len(data)} bytes"
    return str(number), f"{said.kind:<6}{said.sha256[:16]}  {said.name or said.type}".rstrip()


def logged(said: Logged | None) -> Iterator[Row]:
    """Yield what a record says."""
    if said is None:
        return
    yield said.kind, said.name or said.type
    yield "sha256", f"{said.sha256} ({said.size} bytes)"
    if said.tree:
        yield "tree", said.tree
    yield "appended", f"{moment(said.time)} (as whoever appended it says)"


def of_checkpoint(found: Checkpoint) -> dict[str, Any]:
    """Return what a checkpoint says, for machines."""
    seen = [{"witness": one.witness, "time": one.at} for one in found.cosigned]
    return {"origin": found.origin, "size": found.size, "root": found.root.hex(), "witnesses": seen}


def of_record(said: Logged | None) -> dict[str, Any] | None:
    """Return what a record says, for machines."""
    return None if said is None else {name: value for name, value in fields(said) if value != ""}


def of_audit(found: Audit) -> dict[str, Any]:
    """Return what an audit found, for machines."""
    damages = [
        {"path": one.path, "what": one.what, "entry": None if one.entry < 0 else one.entry} for one in found.damages
    ]
    return {
        **of_checkpoint(found.checkpoint), "holds": found.holds, "damages": damages, "kept": found.kept,
        "unfinished": list(found.unfinished), "foreign": list(found.foreign), "listed": found.listed,
        "unknown_signatures": list(found.unknown),
    }  # fmt: skip


def audited(found: Audit) -> Iterator[Row]:
    """Yield what an audit found."""
    if found.holds:
        yield "holds", f"every entry and every tile was computed again: {entries(found.checkpoint.size)}"
    for one in found.damages:
        at = "" if one.entry < 0 else f", entry {one.entry}"
        yield "damaged", f"{one.path}{at}: {one.what}" if one.path else one.what
    yield from checkpoint(found.checkpoint)
    if found.kept:
        say = "is what its name says" if found.kept == 1 else "are what their names say"
        yield "kept", f"{count(found.kept, 'claim')} beside the log {say}"
    for path in found.unfinished:
        yield "left over", f"{path}: of an append that did not finish, or of one under way"
    for path in found.foreign:
        yield "foreign", f"{path}: no part of the log; not looked at"
    for name in found.unknown:
        yield "not asked", f"the signature of {name} below the checkpoint: its key is not known here"
    if not found.listed:
        yield "", "what else lies there cannot be known over the web"


def moment(seconds: int) -> str:
    """Return a time as people write it, in UTC."""
    if not 0 <= seconds <= _YEAR_9999:
        return f"{seconds} seconds since 1970"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
