from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from inline_snapshot import snapshot

from weighmaster.extend.output import Style
from weighmaster.model.report import Report
from weighmaster.model.value import replace
from weighmaster.model.verdict import Vetted
from weighmaster.model.where import Member, Where
from weighmaster.outputs import sarif
from weighmaster.outputs.sarif import OUTPUT

SCHEMA = json.loads((Path(__file__).parents[1] / "vectors" / "sarif" / "sarif-2.1.0-rtm.4.json").read_text())
CHECK = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
PAGES = {"unsafe-call": "Loading runs code.\n\nLong story.\n\n## What to do\n\nUse safetensors."}


def _run(*vetted: Vetted) -> dict[str, Any]:
    log = json.loads(OUTPUT.render(vetted, Style(pages=PAGES)))
    CHECK.validate(log)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_it_follows_the_schema(poisoned: Vetted, clean: Vetted, unread: Vetted) -> None:
    _run(poisoned, clean, unread)
    _run(clean)
    _run(clean, clean)


def test_a_result(poisoned: Vetted) -> None:
    assert _run(poisoned)["results"][0] == snapshot(
        {
            "ruleId": "unsafe-call",
            "ruleIndex": 2,
            "level": "error",
            "kind": "fail",
            "message": {"text": "Loading this file calls os.system('id')."},
            "locations": [
                {
                    "physicalLocation": {"artifactLocation": {"uri": "models/model.pt"}, "region": {"startLine": 1}},
                    "logicalLocations": [{"fullyQualifiedName": "model.pt!archive/data.pkl@17-60", "kind": "object"}],
                }
            ],
            "partialFingerprints": {
                "primaryLocationLineHash": "1d7946069108e1b9936b9500153ab5de:1",
                "weighmasterFinding/v1": "1d7946069108e1b9936b9500153ab5de",
            },
            "suppressions": [],
            "properties": {
                "id": "71dee234",
                "severity": "critical",
                "confidence": "high",
                "where": "model.pt!archive/data.pkl@17-60",
            },
        }
    )


def test_a_rule_has_its_page(poisoned: Vetted) -> None:
    run = _run(poisoned)
    rules = run["tool"]["driver"]["rules"]
    assert rules[-1] == snapshot(
        {
            "id": "unsafe-call",
            "name": "UnsafeCall",
            "shortDescription": {"text": "Loading runs a dangerous callable"},
            "fullDescription": {"text": "Loading runs code."},
            "help": {
                "text": """\
Loading runs code.

Long story.

## What to do

Use safetensors.\
""",
                "markdown": """\
Loading runs code.

Long story.

## What to do

Use safetensors.\
""",
            },
            "defaultConfiguration": {"level": "error"},
            "properties": {
                "tags": ["security", "external/cwe/cwe-502"],
                "precision": "high",
                "security-severity": "9.5",
            },
        }
    )
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_code_hosts_get_what_they_refuse_to_do_without(poisoned: Vetted) -> None:
    for result in _run(poisoned)["results"]:
        assert result["partialFingerprints"]["primaryLocationLineHash"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["region"]["startLine"] == 1
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.startswith("models/")
        assert ":" not in uri


def test_a_waived_result_is_suppressed_with_its_reason(poisoned: Vetted) -> None:
    results = _run(poisoned)["results"]
    suppressed = [result for result in results if result["suppressions"]]
    assert [result["ruleId"] for result in suppressed] == ["readers-disagree"]
    assert suppressed[0]["suppressions"][0]["justification"] == "known (me, until 2030-06-15)"


def test_gaps_are_notifications(poisoned: Vetted, unread: Vetted) -> None:
    (invocation,) = _run(poisoned)["invocations"]
    assert [n["descriptor"]["id"] for n in invocation["toolExecutionNotifications"]] == ["encrypted", "unknown-format"]
    assert invocation["executionSuccessful"] is True
    (invocation,) = _run(unread)["invocations"]
    assert invocation["executionSuccessful"] is False


@pytest.mark.parametrize(
    ("target", "root", "uri"),
    [
        ("models", "a b.pkl", "models/a%20b.pkl"),
        ("./models/", "a.pkl", "models/a.pkl"),
        ("models/a.pkl", "a.pkl", "models/a.pkl"),
        ("/home/me/models", "x/a.pkl", "models/x/a.pkl"),
        ("/home/me/a.pkl", "a.pkl", "a.pkl"),
        ("../up", "a.pkl", "up/a.pkl"),
        (".", "a:b", "a%3Ab"),
        ("stdin", "stdin", "stdin"),
        (".", "caf\udce9", "caf%E9"),
    ],
)
def test_addresses_are_relative(target: str, root: str, uri: str) -> None:
    report = Report.of(target, [], files=1)
    assert sarif._uri(report, Where.file(root)) == uri


def test_a_span_of_the_file_itself_is_a_region_of_bytes() -> None:
    place = Where.file("a").span(10, 20)
    assert sarif._region(place) == {"startLine": 1, "byteOffset": 10, "byteLength": 10}
    assert sarif._region(place.span(2, 5)) == {"startLine": 1, "byteOffset": 12, "byteLength": 3}
    assert sarif._region(place / Member(name="x")) == {"startLine": 1}


def test_a_fingerprint_survives_that_the_bytes_around_it_move(poisoned: Vetted) -> None:
    one = poisoned.verdict.findings[0]
    place = Where(root=one.finding.where.root, steps=(one.finding.where.steps[0],)).span(5, 6)
    moved = replace(one, finding=replace(one.finding, where=place))
    assert sarif._fingerprint(moved) == sarif._fingerprint(one)
