"""SLSA provenance v1: from what, by what and how an artifact was made.

Specification: <https://slsa.dev/spec/v1.0/provenance>.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from weighmaster.extend.showing import count
from weighmaster.model.errors import UnreadableError
from weighmaster.reading.record import Record
from weighmaster.trust.claims import predicate as read
from weighmaster.trust.claims.predicate import Meaning, Predicate

_TYPE: Final = "https://slsa.dev/provenance/v1"


def build(  # noqa: PLR0913 - the fields of the specification
    build_type: str,
    parameters: Mapping[str, Any],
    dependencies: Iterable[tuple[str, Mapping[str, str], str]],
    *,
    builder: str,
    started: datetime | None = None,
    finished: datetime | None = None,
    internal: Mapping[str, Any] | None = None,
    invocation: str = "",
    versions: Mapping[str, str] | None = None,
    byproducts: Iterable[tuple[str, Mapping[str, str], str]] = (),
) -> dict[str, Any]:
    """Return a predicate.

    Args:
        build_type: a URI that says what the parameters mean.
        parameters: what whoever asked for the build chose.
        dependencies: what went into it: a name, digests in hexadecimal by algorithm (`sha256`, `gitCommit`,
            `weighmasterTreeV1`), and a URI, which may be empty.
        builder: a URI that names what built it and whom to trust for that.
        started: when it began.
        finished: when it ended.
        internal: what the builder chose by itself.
        invocation: what tells this run from others.
        versions: versions of the parts of the builder, by name.
        byproducts: what else came out, as `dependencies`.
    """
    definition = {
        "buildType": build_type,
        "externalParameters": dict(parameters),
        "internalParameters": dict(internal or {}),
        "resolvedDependencies": [read.resource(*one) for one in dependencies],
    }
    metadata = {
        "invocationId": invocation,
        "startedOn": read.written(started) if started else None,
        "finishedOn": read.written(finished) if finished else None,
    }
    details = {
        "builder": read.without_empty({"id": builder, "version": dict(versions or {})}),
        "metadata": read.without_empty(metadata),
        "byproducts": [read.resource(*one) for one in byproducts],
    }
    kept = {"externalParameters": definition["externalParameters"]}  # Required, even if there are none.
    return {
        "buildDefinition": read.without_empty(definition) | kept,
        "runDetails": read.without_empty(details),
    }


def _read(record: Record) -> Meaning:
    definition = read.inner(record, "buildDefinition")
    details = read.inner(record, "runDetails")
    build_type = read.uri(definition, "buildType")
    definition.get("externalParameters", dict)
    if definition.values.get("internalParameters") is not None:
        definition.get("internalParameters", dict)
    used = [_resource(one) for one in read.each(definition, "resolvedDependencies")]
    for one in read.each(details, "byproducts"):
        read.descriptor(one)
    builder = read.uri(read.inner(details, "builder"), "id")
    metadata = Record.of(details.values.get("metadata") or {}, "predicate.runDetails.metadata")
    started, finished = read.moment(metadata, "startedOn"), read.moment(metadata, "finishedOn")
    if started and finished and finished < started:
        raise UnreadableError("predicate.runDetails.metadata: it ended before it began")
    return Meaning(
        line=f"made by {builder} ({build_type}) from {count(used.count(True), 'pinned input')}"
        + (f" and {used.count(False)} without a digest" if False in used else ""),
        slot=None,
        issued=finished or started,
    )


def _resource(record: Record) -> bool:
    """Say whether a dependency is pinned by a digest."""
    read.descriptor(record)
    return bool(read.digests(record))


PREDICATE: Final = Predicate(
    id="slsa-provenance", types=(_TYPE,), title="SLSA provenance", read=_read, word="provenance"
)
