"""What every output owes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighmaster import shipped
from weighmaster.extend.output import Style
from weighmaster.model.fact import Artifact, Disagreement
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.report import Gap, GapReason, Report
from weighmaster.model.verdict import Judged, Outcome, Verdict, Vetted
from weighmaster.model.where import Member, Where

OUTPUTS = shipped.output_names()

# Every character a name can hold, halves of surrogate pairs among them.
texts = st.text(st.characters(exclude_categories=()), min_size=1, max_size=8)
places = st.builds(
    lambda root, members: Where(root=root, steps=tuple(Member(name=name) for name in members)),
    texts,
    st.lists(texts, max_size=2),
)
artifacts = st.builds(Artifact, where=places, size=st.integers(0), sha256=st.just("a" * 64), formats=st.just(("zip",)))
gaps = st.builds(Gap, where=places, reason=st.sampled_from(GapReason), detail=texts)
rules = st.builds(
    Rule,
    id=st.sampled_from(["one", "two"]),
    title=st.just("title"),
    severity=st.sampled_from(Severity),
    cwe=st.none() | st.just(502),
)
findings = st.builds(
    Finding,
    rule=rules,
    where=places,
    message=texts,
    evidence=st.builds(Disagreement, where=places, kind=texts, detail=texts).map(lambda fact: (fact,)),
)


@st.composite
def vetteds(draw: Any) -> Vetted:
    report = Report.of(
        draw(texts), draw(st.lists(artifacts | gaps | findings, max_size=5)), files=3, partial=draw(st.booleans())
    )
    judged = tuple(
        Judged(finding=finding, severity=finding.rule.severity, waived=draw(st.none() | texts))
        for finding in report.findings
    )
    verdict = Verdict(outcome=draw(st.sampled_from(Outcome)), policy="default", because=(draw(texts),), findings=judged)
    return Vetted(report=report, verdict=verdict)


styles = st.builds(Style, color=st.booleans(), quiet=st.booleans(), verbose=st.booleans(), width=st.integers(1, 120))


@pytest.mark.parametrize("name", OUTPUTS)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(vetted=st.lists(vetteds(), min_size=1, max_size=3), style=styles)
def test_whatever_the_names_it_can_be_written_anywhere(name: str, vetted: list[Vetted], style: Style) -> None:
    text = shipped.output(name).render(vetted, style)
    assert text.endswith("\n")
    assert text.encode()
    if not style.color:
        assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", OUTPUTS)
def test_it_says_how_much_was_looked_at(name: str, poisoned: Vetted) -> None:
    text = shipped.output(name).render([poisoned], Style())
    assert "1 of 2 files examined, 2 places unread" in text or '"examined": 1' in text or '"examined":1' in text


@pytest.mark.parametrize("name", OUTPUTS)
def test_it_gives_the_same_text_for_the_same_report(name: str, poisoned: Vetted, clean: Vetted) -> None:
    output = shipped.output(name)
    assert output.render([poisoned, clean], Style()) == output.render([poisoned, clean], Style())


@pytest.mark.parametrize("name", OUTPUTS)
def test_it_has_a_title(name: str) -> None:
    assert shipped.output(name).title
