"""The harmless corpus: files that real libraries wrote are let through."""

from __future__ import annotations

import fnmatch
import os
import subprocess
import sys
from typing import Final

import pytest
from tests.benign.alarms import Alarm, alarms, files, table

pytestmark = pytest.mark.xdist_group("benign")

_PATIENCE: Final = 300
_FILES: Final = 200
_REVIEWED: Final[dict[str, str]] = {
    "repositories/own-code/config.json": "names code of its repository, which a person should read",
    "sources/requirements-git.txt": "takes a package from a branch, which may move",
    "sources/requirements-marked.txt": "includes a file that lies beside it, and is vetted alone",
}
"""Which harmless files may be `REVIEW` (a pattern of paths), and why."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = str(tmp_path_factory.mktemp("benign") / "files")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.benign.build", place],
        check=True,
        capture_output=True,
        timeout=_PATIENCE,
        env=environment,
    )
    return place


@pytest.fixture(scope="module")
def found(folder: str) -> list[Alarm]:
    return list(alarms(folder))


def test_the_corpus_is_large(folder: str) -> None:
    assert len(files(folder)) >= _FILES


def test_no_harmless_file_is_blocked(found: list[Alarm], folder: str) -> None:
    blocked = [alarm for alarm in found if alarm.outcome == "block"]
    assert not blocked, table(blocked, len(files(folder)))


def test_at_most_two_in_a_hundred_need_review(found: list[Alarm], folder: str) -> None:
    assert len(found) <= 0.02 * len(files(folder)), table(found, len(files(folder)))


def test_each_review_has_its_reason_written_down(found: list[Alarm]) -> None:
    unexplained = [alarm for alarm in found if not any(fnmatch.fnmatch(alarm.file, pattern) for pattern in _REVIEWED)]
    assert not unexplained, table(unexplained, len(found))
