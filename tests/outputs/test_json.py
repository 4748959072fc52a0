from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import jsonschema
import pytest
from inline_snapshot import snapshot

from weighmaster import api
from weighmaster.extend.output import Style
from weighmaster.model.finding import Severity
from weighmaster.model.report import GapReason
from weighmaster.model.verdict import Outcome, Vetted
from weighmaster.outputs import json as whole
from weighmaster.outputs import jsonl

SCHEMA = json.loads(api.report_schema())
CHECK = jsonschema.Draft202012Validator(SCHEMA)


def _objects(vetted: Sequence[Vetted]) -> list[Any]:
    return [json.loads(line) for line in jsonl.OUTPUT.render(vetted, Style()).splitlines()]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_knows_every_word_that_we_use() -> None:
    properties = SCHEMA["properties"]
    assert properties["verdict"]["enum"] == [outcome.value for outcome in Outcome]
    assert properties["gaps"]["items"]["properties"]["reason"]["enum"] == [reason.value for reason in GapReason]
    assert properties["findings"]["items"]["properties"]["severity"]["enum"] == [s.word for s in Severity]


def test_every_object_follows_the_schema(poisoned: Vetted, clean: Vetted, unread: Vetted) -> None:
    for one in _objects([poisoned, clean, unread]):
        CHECK.validate(one)


def test_one_target_is_an_object_and_several_are_an_array(poisoned: Vetted, clean: Vetted) -> None:
    assert json.loads(whole.OUTPUT.render([clean], Style())) == _objects([clean])[0]
    assert json.loads(whole.OUTPUT.render([clean, poisoned], Style())) == _objects([clean, poisoned])


def test_the_whole_of_a_clean_report(clean: Vetted) -> None:
    assert _objects([clean]) == snapshot(
        [
            {
                "schema": "weighmaster.report/1",
                "tool": {"name": "weighmaster", "version": "0.1.0"},
                "target": "models/a.pkl",
                "verdict": "allow",
                "policy": {"id": "default", "because": ["1 file examined: nothing was found."]},
                "summary": {"files": 1, "examined": 1, "unread": 0, "excluded": 0, "partial": False},
                "artifacts": [
                    {
                        "where": "a.pkl",
                        "size": 5,
                        "sha256": "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
                        "digest": "computed",
                        "formats": ["pickle"],
                    }
                ],
                "findings": [],
                "gaps": [],
            }
        ]
    )


def test_a_finding_carries_its_evidence(poisoned: Vetted) -> None:
    assert _objects([poisoned])[0]["findings"][0] == snapshot(
        {
            "id": "71dee234",
            "rule": "unsafe-call",
            "severity": "critical",
            "confidence": "high",
            "where": "model.pt!archive/data.pkl@17-60",
            "message": "Loading this file calls os.system('id').",
            "evidence": [
                {
                    "fact": "Call",
                    "where": "model.pt!archive/data.pkl@17-60",
                    "callee": "os.system",
                    "arguments": ["'id'"],
                    "keywords": None,
                    "opcode": "REDUCE",
                }
            ],
            "cwe": "CWE-502",
            "waived": None,
        }
    )


def test_a_waived_finding_says_why(poisoned: Vetted) -> None:
    (finding,) = [f for f in _objects([poisoned])[0]["findings"] if f["rule"] == "readers-disagree"]
    assert finding["waived"] == "known (me, until 2030-06-15)"


@pytest.mark.parametrize("module", [whole, jsonl])
def test_only_ascii_is_written(module: Any, poisoned: Vetted) -> None:
    assert module.OUTPUT.render([poisoned], Style()).isascii()
