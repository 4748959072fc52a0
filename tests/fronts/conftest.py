"""Files as a user has them: one harmless, one hostile (inert: nothing here loads it), one that nobody can read."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

HOSTILE = b"cposix\nsystem\n(S'id'\ntR."
HARMLESS = b"(lp0\nI1\naI2\na."
UNKNOWN = bytes(range(256)) * 3


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with files to vet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "hostile.pkl").write_bytes(HOSTILE)
    (tmp_path / "harmless.pkl").write_bytes(HARMLESS)
    (tmp_path / "unknown.bin").write_bytes(UNKNOWN)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "harmless.pkl").write_bytes(HARMLESS)
    with zipfile.ZipFile(tmp_path / "folder" / "model.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), HOSTILE)
    return tmp_path
