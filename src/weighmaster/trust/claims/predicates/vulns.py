"""Vulnerabilities that a scanner found.

Specification: <https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns.md>.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from weighmaster.extend.showing import count, listed
from weighmaster.model.errors import UnreadableError
from weighmaster.reading.record import Record
from weighmaster.trust.claims import predicate as read
from weighmaster.trust.claims.predicate import Meaning, Predicate

_TYPE: Final = "https://in-toto.io/attestation/vulns/v0.1"


def build(
    scanner: str,
    version: str,
    found: Mapping[str, Iterable[tuple[str, str]]],
    *,
    started: datetime,
    finished: datetime,
) -> dict[str, Any]:
    """Return a predicate: of each vulnerability (its identifier), by which method it scores what."""
    results = [
        {"id": id, "severity": [{"method": method, "score": score} for method, score in scores]}
        for id, scores in found.items()
    ]
    return {
        "scanner": {"uri": scanner, "version": version, "db": {}, "result": results},
        "metadata": {"scanStartedOn": read.written(started), "scanFinishedOn": read.written(finished)},
    }


def _read(record: Record) -> Meaning:
    scanner, metadata = read.inner(record, "scanner"), read.inner(record, "metadata")
    uri, found = read.uri(scanner, "uri"), []
    for one in read.each(scanner, "result", needed=True):
        found.append(read.text(one, "id"))
        for score in read.each(one, "severity", needed=True):
            read.text(score, "method")
            read.text(score, "score")
    finished = read.moment(metadata, "scanFinishedOn")
    if finished is None:
        raise UnreadableError("predicate.metadata.scanFinishedOn: there is none")
    told = f": {listed(found)}" if found else ""
    number = count(len(found), "vulnerability", "vulnerabilities")
    return Meaning(line=f"{number} by {uri}{told}", slot=uri, issued=finished)


PREDICATE: Final = Predicate(id="vulns", types=(_TYPE,), title="list of vulnerabilities", read=_read)
