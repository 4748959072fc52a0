"""OpenVEX: whether vulnerabilities that are known affect an artifact, and why not; the document is the predicate.

Specification: <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.record import Record
from weighmaster.trust.claims import predicate as read
from weighmaster.trust.claims.predicate import Meaning, Predicate

_CONTEXT: Final = "https://openvex.dev/ns"
_TYPES: Final = (f"{_CONTEXT}/v0.2.0", _CONTEXT, f"{_CONTEXT}/v0.2")
_JUSTIFICATIONS: Final = frozenset(
    {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    }
)
_STATUSES: Final = ("not_affected", "affected", "fixed", "under_investigation")


def build(
    id: str, author: str, statements: Iterable[Mapping[str, Any]], *, version: int = 1, at: datetime
) -> dict[str, Any]:
    """Return a document; each statement is as the specification has it (`vulnerability`, `status`, ...)."""
    return {
        "@context": _TYPES[0],
        "@id": id,
        "author": author,
        "timestamp": read.written(at),
        "version": version,
        "statements": [dict(one) for one in statements],
    }


def _read(record: Record) -> Meaning:
    if not record.get("@context", str).startswith(_CONTEXT):
        raise UnreadableError(f"predicate.@context: {_CONTEXT} wanted")
    id, author = read.text(record, "@id"), read.text(record, "author")
    version = record.get("version", int)
    issued = read.moment(record, "last_updated") or read.moment(record, "timestamp")
    if issued is None:
        raise UnreadableError("predicate.timestamp: there is none")
    statements = [_status(one) for one in read.each(record, "statements", needed=True)]
    if not statements:
        raise UnreadableError("predicate.statements: there is none")
    counts = Counter(statements)
    told = ", ".join(f"{counts[status]} {status.replace('_', ' ')}" for status in _STATUSES if counts[status])
    return Meaning(
        line=f"{told}, by {author} (version {version})",
        slot=id,
        issued=issued,
        against="it is affected" if counts["affected"] else "",
    )


def _status(one: Record) -> str:
    """Return the status of a statement, which says what its status asks for (section 3.3)."""
    vulnerability = one.values.get("vulnerability")
    if not (isinstance(vulnerability, str) and vulnerability):  # Version 0.0.x has the name alone.
        read.text(Record.of(vulnerability, f"{one.path}.vulnerability"), "name")
    status = one.get("status", str)
    if status not in _STATUSES:
        raise UnreadableError(f"{one.path}.status: one of {', '.join(_STATUSES)} wanted")
    reason = read.text(one, "justification", "")
    if reason and reason not in _JUSTIFICATIONS:
        raise UnreadableError(f"{one.path}.justification: {reason!r} is not one that is known")
    if status == "not_affected" and not (reason or read.text(one, "impact_statement", "")):
        raise UnreadableError(f"{one.path}: not affected, without justification or impact_statement")
    if status == "affected":
        read.text(one, "action_statement")
    return status


PREDICATE: Final = Predicate(id="vex", types=_TYPES, title="VEX document", read=_read)
