"""An index on this machine, and where packages of it are installed."""

from __future__ import annotations

import os
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sims.index import Index


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment without pip of its own: ours is run in it."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False, symlinks=True)
    return folder


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Index]:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with Index() as one:
        monkeypatch.setenv("PIP_INDEX_URL", one.simple)
        yield one


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"
