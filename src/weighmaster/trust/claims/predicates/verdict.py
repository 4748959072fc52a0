"""SLSA Verification Summary v1: someone held an artifact to a policy, and it passed or failed.

Specification: <https://slsa.dev/spec/v1.0/verification_summary>.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.record import Record
from weighmaster.trust.claims import predicate as read
from weighmaster.trust.claims.predicate import Meaning, Predicate

_TYPE: Final = "https://slsa.dev/verification_summary/v1"
_RESULTS: Final = frozenset({"PASSED", "FAILED"})


class Verdict(Meaning):
    """What a verdict says."""

    passed: bool
    verifier: str
    resource: str
    policy: str


def build(  # noqa: PLR0913 - the fields of the specification
    *,
    passed: bool,
    verifier: str,
    resource: str,
    policy: str,
    at: datetime,
    policy_digest: Mapping[str, str] | None = None,
    inputs: Iterable[tuple[str, Mapping[str, str]]] = (),
    versions: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a predicate.

    Args:
        passed: whether it passed.
        verifier: a URI that names who decided.
        resource: a URI that names what was decided about.
        policy: a URI that names the policy.
        at: when it was decided.
        policy_digest: digests of the policy, in hexadecimal by algorithm.
        inputs: the claims that were weighed: a URI, which may be empty, and digests.
        versions: versions of the parts of the verifier, by name.
    """
    found = {
        "verifier": read.without_empty({"id": verifier, "version": dict(versions or {})}),
        "timeVerified": read.written(at),
        "resourceUri": resource,
        "policy": read.resource("", policy_digest or {}, policy),
        "inputAttestations": [read.resource("", digest, uri) for uri, digest in inputs],
        "verificationResult": "PASSED" if passed else "FAILED",
        # No level of SLSA was looked into.
        "verifiedLevels": ["SLSA_BUILD_LEVEL_UNEVALUATED" if passed else "FAILED"],
        "slsaVersion": "1.0",
    }
    return read.without_empty(found)


def _read(record: Record) -> Verdict:
    verifier, policy = read.uri(read.inner(record, "verifier"), "id"), read.inner(record, "policy")
    result = record.get("verificationResult", str)
    if result not in _RESULTS:
        raise UnreadableError("predicate.verificationResult: PASSED or FAILED wanted")
    for one in read.each(record, "inputAttestations"):
        read.descriptor(one)
    levels = record.each("verifiedLevels", str)
    if result == "PASSED" and "FAILED" in levels:
        raise UnreadableError("predicate.verifiedLevels: FAILED, and it passed")
    read.descriptor(policy)
    resource = read.text(record, "resourceUri")
    named = read.text(policy, "uri", "") or next(iter(read.digests(policy).values()), "")
    at = read.moment(record, "timeVerified")
    if at is None:
        raise UnreadableError("predicate.timeVerified: there is none")
    return Verdict(
        line=f"{result.lower()} at {verifier} under {named}: {resource}",
        slot=f"{verifier}\0{named}\0{resource}",
        issued=at,
        against="" if result == "PASSED" else "it failed",
        passed=result == "PASSED",
        verifier=verifier,
        resource=resource,
        policy=named,
    )


PREDICATE: Final = Predicate(id="verdict", types=(_TYPE,), title="verdict", read=_read)
