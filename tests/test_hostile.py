"""The hostile corpus: every sample fires with the loader it is built for, and no verdict on it is too mild."""

from __future__ import annotations

from typing import Final

import pytest
from tests.samples.hostile import SAMPLES, Firing, fire, lacks
from tests.samples.sample import Sample, Unproven
from tests.samples.vetting import verdict_on

_NOT_HERE: Final = {
    "expecttest",
    "jsonpickle",
    "hydra",
    "sympy",
    "pip",
    "requests",
    "urllib3",
    "huggingface_hub",
    "yaml",
}
"""Libraries that the test group does not install for the sake of a sample or two: these may stay unproven."""

_PROVEN: Final = [sample for sample in SAMPLES.values() if lacks(sample) is None]


@pytest.fixture(scope="module")
def firings() -> dict[str, Firing]:
    return fire(_PROVEN)


@pytest.mark.xdist_group("hostile")
def test_the_corpus_is_large_and_nearly_all_of_it_is_proven() -> None:
    assert len(SAMPLES) > 800
    assert len(_PROVEN) > 0.95 * len(SAMPLES)


def test_a_sample_goes_unproven_only_for_a_written_reason() -> None:
    unproven = [sample for sample in SAMPLES.values() if lacks(sample) is not None]
    for sample in unproven:
        assert isinstance(sample.fires, Unproven) or set(sample.needs) & _NOT_HERE, (sample.id, lacks(sample))


@pytest.mark.xdist_group("hostile")
@pytest.mark.parametrize("sample", _PROVEN, ids=lambda sample: sample.id)
def test_a_sample_fires_when_it_is_loaded(sample: Sample, firings: dict[str, Firing]) -> None:
    assert firings[sample.id].fired, firings[sample.id].saw


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=lambda sample: sample.id)
def test_no_verdict_on_a_sample_is_too_mild(sample: Sample) -> None:
    outcome = verdict_on(sample.build(), sample.file)
    assert outcome in {"block", sample.expected}
