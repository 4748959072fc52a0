"""What every policy owes, whatever the report and the settings."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster import shipped
from weighmaster.model.fact import Artifact, Call, Fact, Import
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.report import Gap, GapReason, Report
from weighmaster.model.settings import Settings
from weighmaster.model.term import Name
from weighmaster.model.verdict import Outcome, Verdict, Waiver
from weighmaster.model.where import Member, Where

TODAY = date(2030, 6, 15)
MILDEST_FIRST = (Outcome.ALLOW, Outcome.REVIEW, Outcome.BLOCK)
POLICIES = shipped.policy_names()

names = st.sampled_from(["a.pkl", "b/c.bin", "b/d!.zip"])
places = st.builds(
    lambda root, inner: Where(root=root, steps=tuple(Member(name=n) for n in inner)), names, st.lists(names, max_size=2)
)
rules = st.builds(
    lambda name, severity: Rule(id=f"{name}-{severity.word}", title=name, severity=severity),
    st.sampled_from(["one", "two"]),
    st.sampled_from(Severity),
)


def _evidence(where: Where, name: str) -> Fact:
    return Import(where=where, module="m", name=name, opcode="GLOBAL")


findings = st.builds(
    lambda rule, where, name: Finding(rule=rule, where=where, message="…", evidence=(_evidence(where, name),)),
    rules,
    places,
    st.sampled_from(["f", "g"]),
)
gaps = st.builds(Gap, where=places, reason=st.sampled_from(GapReason), detail=st.just("…"))
artifacts = st.builds(
    Artifact, where=places, size=st.just(1), sha256=st.sampled_from(["a" * 64, "b" * 64]), formats=st.just(("zip",))
)
waivers = st.builds(
    Waiver,
    rule=st.none() | rules.map(lambda rule: rule.id),
    sha256=st.none() | st.sampled_from(["a" * 64, "b" * 64]),
    where=st.none() | places.map(str),
    reason=st.just("known"),
    owner=st.just("me"),
    until=st.sampled_from([TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1)]),
)
settings = st.builds(
    Settings,
    severities=st.dictionaries(rules.map(lambda rule: rule.id), st.sampled_from(Severity), max_size=3),
    allow=st.frozensets(st.sampled_from(["m.f", "m.g"])),
    waivers=st.lists(waivers, max_size=3).map(tuple),
    tolerate=st.frozensets(st.sampled_from([GapReason.UNKNOWN_FORMAT, GapReason.ENCRYPTED])),
)
items = st.lists(findings | gaps | artifacts, max_size=8)


def _judge(policy: str, items: list[Any], settings: Settings, **options: Any) -> Verdict:
    return shipped.policy(policy).judge(Report.of("t", items, files=3, **options), settings, TODAY)


@pytest.mark.parametrize("policy", POLICIES)
@given(items=items, gap=gaps, settings=settings)
def test_a_gap_that_is_not_tolerated_is_never_allowed(
    policy: str, items: list[Any], gap: Gap, settings: Settings
) -> None:
    verdict = _judge(policy, [*items, gap], settings)
    assert verdict.outcome is not Outcome.ALLOW or gap.reason in settings.tolerate


@pytest.mark.parametrize("policy", POLICIES)
@given(items=st.lists(findings | gaps, max_size=4), settings=settings)
def test_what_holds_no_examined_file_is_never_allowed(policy: str, items: list[Any], settings: Settings) -> None:
    assert _judge(policy, items, settings).outcome is not Outcome.ALLOW


@pytest.mark.parametrize("policy", POLICIES)
@given(items=items, settings=settings)
def test_what_was_stopped_early_is_never_allowed(policy: str, items: list[Any], settings: Settings) -> None:
    assert _judge(policy, items, settings, partial=True).outcome is not Outcome.ALLOW


@pytest.mark.parametrize("policy", POLICIES)
@given(items=items, more=findings | gaps, settings=settings)
def test_a_further_finding_or_gap_never_makes_the_verdict_milder(
    policy: str, items: list[Any], more: Any, settings: Settings
) -> None:
    less, all_ = _judge(policy, items, settings).outcome, _judge(policy, [*items, more], settings).outcome
    assert MILDEST_FIRST.index(all_) >= MILDEST_FIRST.index(less)


@pytest.mark.parametrize("policy", POLICIES)
@given(items=items, settings=settings)
def test_every_finding_is_in_the_verdict_and_there_is_a_reason(
    policy: str, items: list[Any], settings: Settings
) -> None:
    report = Report.of("t", items, files=3)
    verdict = shipped.policy(policy).judge(report, settings, TODAY)
    assert tuple(judged.finding for judged in verdict.findings) == report.findings
    assert verdict.because
    assert verdict.policy == policy


@given(items=items, settings=settings)
def test_strict_is_never_milder_than_default(items: list[Any], settings: Settings) -> None:
    strict, default = _judge("strict", items, settings).outcome, _judge("default", items, settings).outcome
    assert MILDEST_FIRST.index(strict) >= MILDEST_FIRST.index(default)


@pytest.mark.parametrize("policy", POLICIES)
@given(items=items, settings=settings)
def test_an_expired_waiver_changes_nothing_but_what_is_said(policy: str, items: list[Any], settings: Settings) -> None:
    late = [waiver for waiver in settings.waivers if waiver.until < TODAY]
    left = tuple(waiver for waiver in settings.waivers if waiver.until >= TODAY)
    fresh = Settings(severities=settings.severities, allow=settings.allow, tolerate=settings.tolerate, waivers=left)
    one, other = _judge(policy, items, settings), _judge(policy, items, fresh)
    assert (one.outcome, one.findings) == (other.outcome, other.findings)
    said = " ".join(one.because)
    assert all("expired on" in said or "matches nothing" in said for _ in late)


def _found(severity: Severity, where: str = "a.pkl!x", evidence: Fact | None = None) -> Finding:
    place = Where.parse(where)
    rule = Rule(id="some-rule", title="…", severity=severity)
    return Finding(rule=rule, where=place, message="…", evidence=(evidence or _evidence(place, "f"),))


def _read(where: str = "a.pkl", sha256: str = "a" * 64) -> Artifact:
    return Artifact(where=Where.parse(where), size=1, sha256=sha256, formats=("pickle",))


def _waiver(**fields: Any) -> Waiver:
    whole = {"rule": None, "sha256": None, "where": None, "reason": "ours", "owner": "me", "until": TODAY} | fields
    return Waiver(**whole)


@pytest.mark.parametrize(
    ("severity", "default", "strict"),
    [
        (Severity.NOTE, Outcome.ALLOW, Outcome.ALLOW),
        (Severity.LOW, Outcome.ALLOW, Outcome.BLOCK),
        (Severity.MEDIUM, Outcome.REVIEW, Outcome.BLOCK),
        (Severity.HIGH, Outcome.BLOCK, Outcome.BLOCK),
        (Severity.CRITICAL, Outcome.BLOCK, Outcome.BLOCK),
    ],
)
def test_severities_decide(severity: Severity, default: Outcome, strict: Outcome) -> None:
    items = [_read(), _found(severity)]
    assert _judge("default", items, Settings()).outcome is default
    assert _judge("strict", items, Settings()).outcome is strict


def test_reasons_say_what_was_found_and_what_was_not_read() -> None:
    gap = Gap(where=Where.file("b"), reason=GapReason.ENCRYPTED, detail="…")
    verdict = _judge("default", [_read(), _found(Severity.HIGH), _found(Severity.MEDIUM, "a.pkl!y"), gap], Settings())
    assert verdict.because == (
        "1 high finding: some-rule.",
        "1 medium finding: some-rule.",
        "1 place not read: encrypted.",
    )


def test_a_clean_verdict_says_how_much_was_examined() -> None:
    assert _judge("default", [_read()], Settings()).because == ("1 file examined: nothing was found.",)
    assert _judge("default", [_read(), _found(Severity.LOW)], Settings(), excluded=2).because == (
        "1 file examined: 1 finding, none of medium severity or above.",
        "2 files excluded by the user and not examined.",
    )


@pytest.mark.parametrize(
    "waiver",
    [
        _waiver(rule="some-rule"),
        _waiver(sha256="a" * 64),
        _waiver(where="a.pkl"),
        _waiver(where="a.pkl!x"),
        _waiver(rule="some-rule", sha256="a" * 64, where="a.pkl"),
    ],
)
def test_a_waiver_counts_and_is_said(waiver: Waiver) -> None:
    verdict = _judge("default", [_read(), _found(Severity.HIGH)], Settings(waivers=(waiver,)))
    assert verdict.outcome is Outcome.ALLOW
    assert verdict.findings[0].waived == "ours (me, until 2030-06-15)"
    assert verdict.because[-1] == "1 finding waived by me until 2030-06-15: ours."


@pytest.mark.parametrize(
    "waiver",
    [
        _waiver(rule="another"),
        _waiver(sha256="b" * 64),
        _waiver(where="a.pk"),
        _waiver(where="a.pkl!xy"),
        _waiver(rule="some-rule", where="b"),
    ],
)
def test_a_waiver_that_matches_nothing_is_said(waiver: Waiver) -> None:
    verdict = _judge("default", [_read(), _found(Severity.HIGH)], Settings(waivers=(waiver,)))
    assert verdict.outcome is Outcome.BLOCK
    assert "matches nothing here" in verdict.because[-1]


def test_an_expired_waiver_is_said() -> None:
    waiver = _waiver(rule="some-rule", until=TODAY - timedelta(days=1))
    verdict = _judge("default", [_read(), _found(Severity.HIGH)], Settings(waivers=(waiver,)))
    assert verdict.outcome is Outcome.BLOCK
    expired = "The waiver of me for some-rule expired on 2030-06-14 and no longer counts (1 finding)."
    assert verdict.because[-1] == expired


def test_a_digest_of_a_member_waives_what_is_in_it_only() -> None:
    items = [_read(), _read("a.pkl!x", "b" * 64), _found(Severity.HIGH), _found(Severity.HIGH, "a.pkl!y")]
    verdict = _judge("default", items, Settings(waivers=(_waiver(sha256="b" * 64),)))
    assert [judged.waived is None for judged in verdict.findings] == [False, True]


def _call(callee: Any) -> Call:
    return Call(where=Where.file("a.pkl"), callee=callee, arguments=(), opcode="REDUCE")


@pytest.mark.parametrize(
    ("evidence", "outcome"),
    [
        (_evidence(Where.file("a"), "f"), Outcome.ALLOW),
        (_call(Name(module="m", name="f")), Outcome.ALLOW),
        (_evidence(Where.file("a"), "g"), Outcome.BLOCK),
        (_call(Name(module="m", name="f.g")), Outcome.BLOCK),
        (_read(), Outcome.BLOCK),
    ],
)
def test_an_allowed_callable_is_allowed_by_its_whole_name(evidence: Fact, outcome: Outcome) -> None:
    verdict = _judge("default", [_read(), _found(Severity.HIGH, evidence=evidence)], Settings(allow=frozenset({"m.f"})))
    assert verdict.outcome is outcome


def test_tolerated_gaps_and_moved_severities_are_said() -> None:
    gap = Gap(where=Where.file("b"), reason=GapReason.ENCRYPTED, detail="…")
    settings = Settings(tolerate=frozenset({GapReason.ENCRYPTED}), severities={"some-rule": Severity.LOW})
    verdict = _judge("default", [_read(), gap, _found(Severity.HIGH)], settings)
    assert verdict.outcome is Outcome.ALLOW
    assert verdict.because[1:] == (
        "The configuration gives 1 finding another severity.",
        "1 place not read, which the configuration tolerates: encrypted.",
    )
