"""What an index says of a release, and what attestations come to: which of it is a finding, and how bad."""

from __future__ import annotations

from typing import Any

import pytest

from weighmaster import shipped
from weighmaster.engine.wire import decode, encode
from weighmaster.model.finding import Severity
from weighmaster.model.package import Attested, Release
from weighmaster.model.where import Where

PLACE = Where.file("pypi://acme==1.0/acme-1.0-py3-none-any.whl")
HIGH, MEDIUM, NOTE = Severity.HIGH, Severity.MEDIUM, Severity.NOTE


def release(**fields: Any) -> Release:
    return Release(where=PLACE, **{"name": "acme", "version": "1.0", "index": "https://i/simple", **fields})


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, {}),
        ({"yanked": "yes"}, {"release-yanked": MEDIUM}),
        ({"age": 2, "cooldown": 3}, {"release-too-young": MEDIUM}),
        ({"age": 3, "cooldown": 3}, {}),
        ({"age": -1, "cooldown": 3}, {}),
        ({"rivals": ("higher https://own/simple 0.5",)}, {"higher-version-outside": HIGH}),
        ({"rivals": ("differs https://own/simple 1.0",)}, {"differs-elsewhere": MEDIUM}),
        ({"previous": "0.9", "previous_provenance": True}, {"provenance-dropped": MEDIUM}),
        ({"previous": "0.9", "previous_provenance": True, "provenance": True}, {}),
        ({"publisher": "GitHub:a/b", "previous_publisher": "GitHub:c/d"}, {"publisher-changed": MEDIUM}),
        ({"publisher": "GitHub:a/b", "previous_publisher": "github:A/B"}, {}),
        ({"publisher": "GitHub:a/b", "previous_publisher": ""}, {}),
        ({"status": "quarantined"}, {"project-quarantined": HIGH}),
        ({"status": "archived", "reason": "see other"}, {"project-abandoned": NOTE}),
        ({"status": "active"}, {}),
    ],
)
def test_what_an_index_says_is_weighed(fields: dict[str, Any], found: dict[str, Severity]) -> None:
    said = list(shipped.registry().detect(release(**fields)))
    assert {one.rule.id: one.rule.severity for one in said} == found


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("holds", ("attested", NOTE)),
        ("broken", ("attestation-broken", HIGH)),
        ("unverified", ("attestation-unread", NOTE)),
    ],
)
def test_attestations_are_weighed(state: str, found: tuple[str, Severity]) -> None:
    fact = Attested(where=PLACE, publisher="github:a/b", state=state, detail="why", by="x.provenance")
    (finding,) = shipped.registry().detect(fact)
    assert (finding.rule.id, finding.rule.severity) == found


def test_both_facts_can_be_told_across_processes() -> None:
    facts = [
        release(rivals=("higher https://own/simple 0.5",), age=3),
        Attested(where=PLACE, publisher="p", state="holds", detail="d", by="b"),
    ]
    assert list(decode(encode(facts), shipped.registry())) == facts
