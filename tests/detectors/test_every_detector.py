"""What every rule owes: a page, an id that is its module's name, a title, a known weakness."""

import importlib

import pytest

from weighmaster import shipped
from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Fact

DETECTORS = list(shipped.registry().detectors.values())


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.rule.id)
def test_has_a_page(detector: Detector) -> None:
    module = importlib.import_module("weighmaster.detectors." + detector.rule.id.replace("-", "_"))
    page = module.__doc__ or ""
    first, *rest = page.strip().split("\n\n")
    assert first.endswith(".")
    assert len(rest) >= 3
    assert "## What to do\n" in page
    assert "## What this rule cannot see\n" in page


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.rule.id)
def test_reads_a_fact_and_says_what_it_looks_for(detector: Detector) -> None:
    assert issubclass(detector.on, Fact)
    assert detector.rule.title
    assert not detector.rule.title.endswith(".")


def test_no_two_rules_have_the_same_title() -> None:
    titles = [d.rule.title for d in DETECTORS]
    assert len(titles) == len(set(titles))
