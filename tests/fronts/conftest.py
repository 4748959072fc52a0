"""Files as a user has them: one harmless, one hostile (inert: nothing here loads it), one that nobody can read.

## What to do

This text doubles as the page of the rule below.

## What this rule cannot see

All that is not in a test.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from weighmaster import shipped
from weighmaster.extend.detector import Detector
from weighmaster.extend.registry import Registry
from weighmaster.model.fact import Import
from weighmaster.model.finding import Finding, Rule, Severity

HOSTILE = b"cposix\nsystem\n(S'id'\ntR."
HARMLESS = b"(lp0\nI1\naI2\na."
UNKNOWN = bytes(range(256)) * 3

RULE = Rule(id="some-import", title="Loading imports something", severity=Severity.HIGH, cwe=502)


def _detect(fact: Import) -> Iterator[Finding]:
    yield Finding(rule=RULE, where=fact.where, message=f"Loading this file imports {fact.dotted}.", evidence=(fact,))


@pytest.fixture
def one_rule(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The shipped formats and one rule whose words no other work changes."""
    detector = Detector(rule=RULE, on=Import, detect=_detect)
    registry = Registry(formats=shipped.registry().formats, detectors={RULE.id: detector})
    monkeypatch.setattr(shipped, "registry", lambda: registry)
    return registry


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
