"""Hostile packages: every shape fires as it is built to, what it does is said, and no verdict on it is too mild."""

from __future__ import annotations

from functools import cache
from typing import Final

import pytest
from tests.samples.shape import Firing, Shape, fire, lacks, shapes
from tests.samples.vetting import judged, report_on, report_on_folder

from weighmaster.model.report import Report

SHAPES: Final = shapes()
_PROVEN: Final = [shape for shape in SHAPES.values() if lacks(shape) is None]


@pytest.fixture(scope="module")
def firings() -> dict[str, Firing]:
    return fire(_PROVEN)


@cache
def _report(id: str) -> Report:
    files = SHAPES[id].build()
    if len(files) == 1:
        name, data = next(iter(files.items()))
        return report_on(data, name)
    return report_on_folder(files)


@pytest.mark.xdist_group("hostile-packages")
@pytest.mark.parametrize("shape", _PROVEN, ids=lambda shape: shape.id)
def test_a_shape_fires(shape: Shape, firings: dict[str, Firing]) -> None:
    assert firings[shape.id].fired, firings[shape.id].saw


@pytest.mark.xdist_group("hostile-packages")
@pytest.mark.parametrize("shape", SHAPES.values(), ids=lambda shape: shape.id)
def test_no_verdict_on_a_shape_is_too_mild(shape: Shape) -> None:
    assert judged(_report(shape.id)) in {"block", shape.expected}


@pytest.mark.xdist_group("hostile-packages")
@pytest.mark.parametrize("shape", SHAPES.values(), ids=lambda shape: shape.id)
def test_what_a_shape_does_is_said(shape: Shape) -> None:
    assert set(shape.said) <= {finding.rule.id for finding in _report(shape.id).findings}
