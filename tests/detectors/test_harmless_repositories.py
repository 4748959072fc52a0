"""Repositories that real libraries wrote come in; those that need a look, for a reason that is written down."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from tests.samples.vetting import report_on_folder, verdict_on_folder

from weighmaster.model.finding import Severity

pytestmark = pytest.mark.xdist_group("harmless-repositories")

_PATIENCE: Final = 300
_REVIEWED: Final = {
    "own-code": "brings a class of its own, which runs where the repository is trusted: a person reads it",
}
"""Which repositories may be `REVIEW`, and why."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    place = tmp_path_factory.mktemp("harmless")
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"from tests.benign.repositories import write; write({str(place)!r})"],
        check=True,
        capture_output=True,
        timeout=_PATIENCE,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"},
    )
    return {folder.name: _files(folder) for folder in sorted(place.iterdir())}


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_there_are_many(folders: dict[str, dict[str, bytes]]) -> None:
    assert len(folders) >= 40


def test_none_is_blocked_and_few_need_a_look(folders: dict[str, dict[str, bytes]]) -> None:
    alarms = {}
    for name, files in folders.items():
        if verdict_on_folder(files) != ("review" if name in _REVIEWED else "allow"):
            report = report_on_folder(files)
            grave = [found for found in report.findings if found.rule.severity >= Severity.MEDIUM]
            alarms[name] = [f"{found.where} {found.rule.id}: {found.message}" for found in grave]
            alarms[name] += [f"{gap.where} {gap.reason}: {gap.detail}" for gap in report.gaps]
    assert not alarms


def test_all_of_them_together_are_one_harmless_target(folders: dict[str, dict[str, bytes]]) -> None:
    together = {
        f"{name}/{file}": data for name, files in folders.items() for file, data in files.items() if name != "own-code"
    }
    assert verdict_on_folder(together) == "allow"
