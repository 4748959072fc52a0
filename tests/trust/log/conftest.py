"""What tests of logs begin with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.trust.log.setting import Setting


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test wait for the disk; one of them looks at what would be waited for."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path / "log")
