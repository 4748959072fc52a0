"""The door: every front end comes in here, and only here."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from weighmaster import shipped
from weighmaster.engine.scan import scan_file
from weighmaster.model.report import Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Vetted
from weighmaster.reading.budget import Limits


def vet(target: str | os.PathLike[str]) -> Vetted:
    """Look at a file or a folder and say whether it may come in."""
    root = Path(target)
    settings = Settings()
    files = sorted(p for p in root.rglob("*") if p.is_file()) if root.is_dir() else [root]
    items = [
        item
        for path in files
        for item in scan_file(str(path), path.relative_to(root).as_posix() if path != root else root.name, shipped.registry(), Limits())
    ]
    report = Report.of(str(target), items, files=len(files))
    return Vetted(report=report, verdict=shipped.policy(settings.policy).judge(report, settings, date.today()))
