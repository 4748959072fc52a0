"""What tests of logs begin with."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.trust.log.setting import Setting


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path / "log")
