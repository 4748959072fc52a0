"""Writes docs/rules/: a page for each rule, from its detector's docstring. `tests/test_docs.py` holds them equal."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from weighmaster import shipped
from weighmaster.extend.detector import Detector

_OUTCOME = {"critical": "BLOCK", "high": "BLOCK", "medium": "REVIEW", "low": "none", "note": "none"}


def pages() -> dict[str, str]:
    """Return each page's text by its file name."""
    detectors = shipped.registry().detectors
    found = {f"{id}.md": _page(id, detector) for id, detector in detectors.items()}
    found["README.md"] = _index(list(detectors.values()))
    return found


def _page(id: str, detector: Detector) -> str:
    module = importlib.import_module(detector.detect.__module__)
    word = detector.rule.severity.word
    cwe = detector.rule.cwe
    lines = [
        f"# {id}",
        "",
        f"{detector.rule.title}.",
        "",
        f"Severity {word} (default policy: {_OUTCOME[word]})"
        + (f" · [CWE-{cwe}](https://cwe.mitre.org/data/definitions/{cwe}.html)" if cwe else ""),
        "",
        (module.__doc__ or "").strip(),
        "",
    ]
    return "\n".join(lines)


def _index(detectors: list[Detector]) -> str:
    ordered = sorted(detectors, key=lambda d: (-d.rule.severity, d.id))
    rows = [f"| [{d.id}]({d.id}.md) | {d.rule.severity.word} | {d.rule.title} |" for d in ordered]
    return "\n".join(["# Rules", "", "| rule | severity | what it finds |", "| --- | --- | --- |", *rows, ""])


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/rules")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    for name, text in pages().items():
        (folder / name).write_text(text, "utf-8")
