"""`pytest --weighmaster` vets what a project brings, and fails with what was found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.samples.pickles import REDUCE, STOP, TUPLE1, name, program, proto, text
from tests.samples.sample import COMMAND

HOSTILE = program(proto(4), name("posix", "system"), text(COMMAND), TUPLE1, REDUCE, STOP)
HARMLESS = program(proto(4), text("weights"), STOP)


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "weighmaster.fronts.pytest_plugin", "-p", "no:cacheprovider"]
    source = str(Path(__file__).parents[2] / "src")
    environment = os.environ | {"PYTHONPATH": source, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [*command, *options], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text("def test_it():\n    assert True\n")
    (tmp_path / "good.pkl").write_bytes(HARMLESS)
    (tmp_path / "bad.pkl").write_bytes(HOSTILE)
    return tmp_path


def test_a_target_is_a_test_and_a_failure_shows_what_was_found(project: Path) -> None:
    done = run(project, "--weighmaster=good.pkl", "--weighmaster=bad.pkl")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "1 failed" in done.stdout
    assert "BLOCK" in done.stdout
    assert "posix.system" in done.stdout
    assert "Traceback" not in done.stdout


def test_without_the_option_nothing_is_vetted(project: Path) -> None:
    done = run(project)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_targets_may_stand_in_the_settings(project: Path) -> None:
    (project / "pytest.ini").write_text("[pytest]\nweighmaster_targets =\n    good.pkl\n")
    done = run(project, "--weighmaster")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
