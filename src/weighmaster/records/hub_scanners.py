"""What a hub's own scanners say of the files of a repository.

A file's status is the worst that any scanner said. One of them counts the names that a pickle imports, and calls names
unsafe that honest pickles have, too; so a statement says which scanners it was.

Specification: <https://huggingface.co/docs/hub/security>; the answers as huggingface_hub 2.4 reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from weighmaster.extend.record import Record, Subject
from weighmaster.knowledge.hub import MOVED, SCANNERS, items, mapping, optional, text
from weighmaster.model.fact import Shared, Statement
from weighmaster.model.report import Gap
from weighmaster.model.where import Member

_ID: Final = "hub-scanners"
_FLAGGED: Final = 100
_FOLDERS: Final = 8
"""Folders that are asked for, one question each, to learn which scanner spoke."""


def _read(subject: Subject, ask: Callable[[str], Any]) -> Iterator[Shared | Gap]:
    if subject.kind not in {"models", "datasets"}:
        return
    base = f"/api/{subject.kind}/{subject.owner}/{subject.name}".replace("//", "/")
    ask = optional(ask)
    info = mapping(ask(f"{base}/revision/{subject.commit}?securityStatus=true"))
    status = mapping(info.get("securityRepoStatus"))
    if "scansDone" in status:
        done = "yes" if status["scansDone"] is True else "no"
        yield Statement(where=subject.where, key="scans-done", value=done, by=_ID)
    flagged = _flagged(status)
    details = _details(base, subject.commit, flagged, ask)
    for path, word in sorted(flagged.items()):
        found = details.get(path, {})
        level = text(found.get("status"), 20) or word
        if level in MOVED:
            where = subject.where / Member(name=path)
            yield Statement(where=where, key=f"scanned-{level}", value=_scanners(found, level), by=_ID)


def _flagged(status: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that the hub names, and its word for each."""
    named = (mapping(entry) for entry in items(status.get("filesWithIssues")))
    found = {text(entry.get("path"), 1024): text(entry.get("level"), 20) for entry in named}
    return {path: level for path, level in list(found.items())[:_FLAGGED] if path and level in MOVED}


def _details(
    base: str, commit: str, flagged: Mapping[str, str], ask: Callable[[str], Any]
) -> dict[str, Mapping[str, Any]]:
    """Return what each scanner said of the files."""
    from urllib.parse import quote

    found: dict[str, Mapping[str, Any]] = {}
    for folder in sorted({path.rpartition("/")[0] for path in flagged})[:_FOLDERS]:
        for entry in items(ask(f"{base}/tree/{commit}/{quote(folder)}?expand=true".replace("/?", "?"))):
            path = text(mapping(entry).get("path"))
            if path in flagged:
                found[path] = mapping(mapping(entry).get("securityFileStatus"))
    return found


def _scanners(found: Mapping[str, Any], level: str) -> str:
    """Return who said so, as keys of the hub's answer."""
    spoke = [key for key in SCANNERS if text(mapping(found.get(key)).get("status"), 20) == level]
    return " ".join(spoke) or "hub"


RECORD: Final = Record(id=_ID, title="What the hub's scanners say of files", origin="hf", read=_read)
