"""Copies of advisories that say nothing of anything: none of them lets a package pass for looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from weighmaster.fronts.cli.main import main

_NOTHING = [
    "{}",
    "[]",
    '{"vulnerabilities": []}',
    '{"dependencies": []}',
    '{"dependencies": [], "fixes": []}',
    '{"dependencies": [{"name": "torch"}]}',
    '{"affected": 1, "name": "torch"}',
    '{"name": "torch", "vulns": "none"}',
]


def _vet(folder: Path, report: str) -> int:
    (folder / "requirements.txt").write_text("torch==2.8.0\n")
    (folder / "report.json").write_text(report)
    return main(["vet", str(folder / "requirements.txt"), "--advisories", str(folder / "report.json")])


@pytest.mark.parametrize("text", _NOTHING)
def test_a_report_that_says_nothing_is_a_gap(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _vet(tmp_path, text) == 3
    assert "advisories: " in capsys.readouterr().out


def test_a_record_about_something_else_is_a_copy(tmp_path: Path) -> None:
    assert _vet(tmp_path, '{"id": "X-1", "modified": "2026-01-01T00:00:00Z", "affected": []}') == 0
