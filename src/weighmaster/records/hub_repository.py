"""What a hub says of a repository: whose it is, when it was made, how often it was fetched, what it was made from.

The hub's own time is the date of what was made there last, which it is asked for: nothing here looks at a clock.

Specification: <https://huggingface.co/docs/hub/api>; the answers as huggingface_hub 2.4 reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from weighmaster.extend.record import Record, Subject
from weighmaster.knowledge.hub import items, mapping, moment, number, optional, text
from weighmaster.model.fact import Shared, Statement
from weighmaster.model.report import Gap

_ID: Final = "hub-repository"
_BASES: Final = 8


def _read(subject: Subject, ask: Callable[[str], Any]) -> Iterator[Shared | Gap]:
    ask = optional(ask)
    info = {**subject.info, **_more(subject, ask)}
    said = {
        "repository": f"{subject.owner}/{subject.name}" if subject.owner else subject.name,
        "created": text(info.get("createdAt"), 40),
        "modified": text(info.get("lastModified"), 40),
        "gated": text(info.get("gated"), 20) if isinstance(info.get("gated"), str) else "",
        "disabled": "yes" if info.get("disabled") is True else "",
        "library": text(info.get("library_name"), 60),
        "pipeline": text(info.get("pipeline_tag"), 60),
        **{key: _count(info.get(name)) for key, name in _COUNTS.items()},
    }
    created = moment(info.get("createdAt"))
    now = _now(subject, ask) if created is not None else None
    if created is not None and now is not None:
        said["age-days"] = str(max(0, (now - created).days))
    for key, value in said.items():
        if value:
            yield Statement(where=subject.where, key=key, value=value, by=_ID)
    base = mapping(info.get("cardData")).get("base_model")
    for name in ([base] if isinstance(base, str) else items(base))[:_BASES]:
        if isinstance(name, str):
            yield Statement(where=subject.where, key="base-model", value=name[:200], by=_ID)


_COUNTS: Final = {"downloads": "downloads", "downloads-all-time": "downloadsAllTime", "likes": "likes"}


def _count(value: object) -> str:
    found = number(value)
    return "" if found is None or found < 0 else str(int(found))


def _more(subject: Subject, ask: Callable[[str], Any]) -> dict[str, Any]:
    """Ask for what the hub says only when asked."""
    id = f"{subject.owner}/{subject.name}".strip("/")
    if subject.kind not in {"models", "datasets"}:
        return {}
    wanted = ("createdAt", "lastModified", "downloads", "downloadsAllTime", "likes", "disabled", "gated")
    found = mapping(ask(f"/api/{subject.kind}/{id}?{'&'.join(f'expand[]={key}' for key in wanted)}"))
    return {key: found[key] for key in wanted if found.get(key) is not None}


def _now(subject: Subject, ask: Callable[[str], Any]) -> datetime | None:
    """Return the hub's time, as near as what was made there last says."""
    newest = items(ask(f"/api/{subject.kind}?sort=createdAt&direction=-1&limit=1"))
    dates = [moment(mapping(entry).get("createdAt")) for entry in newest[:1]]
    return dates[0] if dates else None


RECORD: Final = Record(id=_ID, title="What the hub says of a repository", origin="hf", read=_read)
