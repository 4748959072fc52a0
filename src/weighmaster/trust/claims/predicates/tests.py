"""Test results: which tests an artifact passed, and under which configuration.

Specification: <https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md>.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from weighmaster.model.errors import UnreadableError
from weighmaster.reading.record import Record
from weighmaster.trust.claims import predicate as read
from weighmaster.trust.claims.predicate import Meaning, Predicate

_TYPE: Final = "https://in-toto.io/attestation/test-result/v0.1"
_RESULTS: Final = frozenset({"PASSED", "WARNED", "FAILED"})
_TESTS: Final = ("passedTests", "warnedTests", "failedTests")


class Tests(Meaning):
    """What test results say."""

    result: str


def build(
    result: str,
    configuration: Iterable[tuple[str, Mapping[str, str], str]],
    *,
    url: str = "",
    tests: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Return a predicate.

    Args:
        result: `PASSED`, `WARNED` or `FAILED`.
        configuration: what the tests were configured with: names, digests in hexadecimal by algorithm, URIs.
        url: where more is said.
        tests: names of tests under `passed`, `warned` and `failed`.
    """
    found = {
        "result": result,
        "configuration": [read.resource(*one) for one in configuration],
        "url": url,
    }
    named = {f"{kind}Tests": list(names) for kind, names in (tests or {}).items()}
    return {"configuration": found["configuration"]} | read.without_empty(found | named)


def _read(record: Record) -> Tests:
    result = record.get("result", str)
    if result not in _RESULTS:
        raise UnreadableError(f"predicate.result: one of {', '.join(sorted(_RESULTS))} wanted")
    configured = []
    for one in read.each(record, "configuration", needed=True):
        read.descriptor(one)
        configured.append(next(iter(sorted(read.digests(one).values())), one.values.get("uri") or ""))
    passed, warned, failed = (len(record.each(key, str)) if record.values.get(key) else 0 for key in _TESTS)
    if result != "FAILED" and failed:
        raise UnreadableError(f"predicate.failedTests: some failed, and it says {result}")
    counts = [f"{number} {word}" for number, word in ((passed, "passed"), (warned, "warned"), (failed, "failed"))]
    told = f": {', '.join(counts)}" if passed or warned or failed else ""
    url = read.text(record, "url", "")
    return Tests(
        line=f"{result.lower()}{told}",
        slot="\0".join([url, *configured]),
        against="it failed tests" if result == "FAILED" else "",
        result=result,
    )


PREDICATE: Final = Predicate(id="tests", word="test-result", types=(_TYPE,), title="test result", read=_read)
