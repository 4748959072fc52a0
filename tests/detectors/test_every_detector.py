"""What every rule owes: a page, an id that is its module's name, a title, a known weakness."""

import importlib
from pathlib import Path

import pytest

from weighmaster import detectors, shipped
from weighmaster.extend.detector import Detector
from weighmaster.extend.registry import room_of
from weighmaster.model.fact import Fact

DETECTORS = list(shipped.registry().detectors.values())


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.rule.id)
def test_has_a_page(detector: Detector) -> None:
    module = importlib.import_module(detector.detect.__module__)
    page = module.__doc__ or ""
    first, *rest = page.strip().split("\n\n")
    assert first.endswith(".")
    assert len(rest) >= 3
    assert "## What to do\n" in page
    assert "## What this rule cannot see\n" in page


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.rule.id)
def test_lives_in_the_room_of_the_fact_it_reads(detector: Detector) -> None:
    name = detector.rule.id.replace("-", "_")
    assert detector.detect.__module__ == f"weighmaster.detectors.{room_of(detector.on)}.{name}"


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda d: d.rule.id)
def test_reads_a_fact_and_says_what_it_looks_for(detector: Detector) -> None:
    assert issubclass(detector.on, Fact)
    assert detector.rule.title
    assert not detector.rule.title.endswith(".")


def test_no_two_rules_have_the_same_title() -> None:
    titles = [d.rule.title for d in DETECTORS]
    assert len(titles) == len(set(titles))


def test_no_rule_hides_behind_another_of_the_same_name() -> None:
    folder = Path(detectors.__path__[0])
    files = [path.stem for path in folder.glob("on_*/*.py") if path.stem != "__init__"]
    assert sorted(files) == sorted(d.id.replace("-", "_") for d in DETECTORS)
