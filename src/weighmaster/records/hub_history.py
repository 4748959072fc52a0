"""What changed in a repository of a hub after it had been left alone for a while, and who changed it.

A release is followed by days of mending; then most repositories rest. What comes after a rest of a month is compared
with what was there: files that may run code, weights, who commits, and the scores that the card claims.

Specification: <https://huggingface.co/docs/hub/api>; the answers as huggingface_hub 2.4 reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from weighmaster.extend.record import Record, Subject
from weighmaster.knowledge.hub import (
    BOTS,
    PERCENT,
    holds_only_numbers,
    is_weights,
    items,
    mapping,
    may_run,
    metrics,
    moment,
    optional,
    text,
)
from weighmaster.model.fact import Shared, Statement
from weighmaster.model.report import Gap
from weighmaster.model.value import Value
from weighmaster.model.where import Member

_ID: Final = "hub-history"
_REST_DAYS: Final = 30
_PAGE: Final = 100
_PAGES: Final = 3
_MOST: Final = 1000
"""Files that a hub lists at once."""
_SHOWN: Final = 5
_LEAP: Final = 20.0
"""Points of a hundred that a score may rise by without other weights."""


class _Commit(Value):
    """A commit, as far as it matters here."""

    id: str
    authors: frozenset[str]
    date: datetime


Ask = Callable[[str], Any]


def _read(subject: Subject, ask: Ask) -> Iterator[Shared | Gap]:
    if subject.kind not in {"models", "datasets"}:
        return
    yield from _claims(subject)
    ask = optional(ask)
    base = f"/api/{subject.kind}/{subject.owner}/{subject.name}".replace("//", "/")
    commits = _commits(base, subject.commit, ask)
    late = _after_the_rest(commits)
    if not 0 < late < len(commits):
        return
    trees = [items(ask(f"{base}/tree/{id}?recursive=true&limit={_MOST}")) for id in (commits[late].id, subject.commit)]
    if not all(0 < len(tree) < _MOST for tree in trees):
        return  # Not all of a list cannot be compared with not all of another.
    before, after = map(_files, trees)
    yield from _changes(subject, before, after)
    yield from _newcomers(subject, commits[:late], commits[late:], _touched(before, after), base, ask)
    yield from _leaps(subject, base, commits[late].id, before, after, ask)


def _commits(base: str, commit: str, ask: Ask) -> list[_Commit]:
    """Return the last commits, the newest first."""
    found: list[_Commit] = []
    for page in range(_PAGES):
        listed = items(ask(f"{base}/commits/{commit}?limit={_PAGE}&p={page}"))
        for entry in map(mapping, listed[:_PAGE]):
            authors = frozenset(text(mapping(author).get("user"), 100) for author in items(entry.get("authors"))[:10])
            date = moment(entry.get("date"))
            if date is not None and (id := text(entry.get("id"), 40)):
                found.append(_Commit(id=id, authors=authors - {""}, date=date))
        if len(listed) < _PAGE:
            break
    return found


def _after_the_rest(commits: list[_Commit]) -> int:
    """Return how many commits were made after the last time that the repository was left alone."""
    for count, (newer, older) in enumerate(pairwise(commits), 1):
        if (newer.date - older.date).days >= _REST_DAYS:
            return count
    return 0


def _files(tree: list[Any]) -> dict[str, str]:
    """Return the name that each file's content has in git, by path."""
    found = {}
    for entry in map(mapping, tree):
        if entry.get("type") == "file" and (path := text(entry.get("path"), 1024)):
            found[path] = text(mapping(entry.get("lfs")).get("oid"), 80) or text(entry.get("oid"), 80)
    return found


def _touched(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the files that may run code and are new, or others than before."""
    return sorted(path for path, oid in after.items() if before.get(path) != oid and may_run(path))


def _changes(subject: Subject, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Statement]:
    added = sorted(path for path in after if path not in before and may_run(path))
    replaced = sorted(path for path in after if path in before and before[path] != after[path] and is_weights(path))
    for key, paths in (("file-added", added), ("weights-replaced", replaced)):
        for path in paths[:_SHOWN]:
            yield _statement(subject, key, f"{len(paths)}", path)
    gone = [path for path in before if path not in after and holds_only_numbers(path)]
    stays = any(holds_only_numbers(path) for path in after)
    instead = sorted(path for path in after if is_weights(path) and may_run(path))
    if gone and instead and not stays:
        yield _statement(subject, "safe-format-left", min(gone), instead[0])


def _newcomers(  # noqa: PLR0913, PLR0917 - who, what, and where to ask
    subject: Subject, late: list[_Commit], early: list[_Commit], touched: list[str], base: str, ask: Ask
) -> Iterator[Statement]:
    """Say which files were last changed by somebody who had never committed before the rest."""
    known = frozenset(author for commit in early for author in commit.authors) | BOTS | {subject.owner}
    strangers = {commit.id: commit.authors for commit in late if commit.authors and not commit.authors & known}
    if not touched or not strangers:
        return
    for path, commit in _last_commits(base, subject.commit, touched, ask).items():
        if commit in strangers:
            yield _statement(subject, "changed-by-newcomer", " ".join(sorted(strangers[commit])), path)


def _last_commits(base: str, commit: str, paths: list[str], ask: Ask) -> dict[str, str]:
    """Return the commit that changed each file last."""
    from urllib.parse import quote

    found = {}
    for folder in sorted({path.rpartition("/")[0] for path in paths})[:8]:
        for entry in map(mapping, items(ask(f"{base}/tree/{commit}/{quote(folder)}?expand=true".replace("/?", "?")))):
            if (path := text(entry.get("path"), 1024)) in paths:
                found[path] = text(mapping(entry.get("lastCommit")).get("id"), 40)
    return dict(list(found.items())[:_SHOWN])


def _claims(subject: Subject) -> Iterator[Statement]:
    """Say which scores the card claims that cannot be."""
    for dataset, measure, value in metrics(mapping(subject.info.get("cardData"))):
        if measure in PERCENT and not -100 <= value <= 100:
            claim = f"{measure} {value:g} on {dataset}"
            yield Statement(where=subject.where, key="claimed-score", value=claim, by=_ID)


def _leaps(  # noqa: PLR0913, PLR0917 - two states of a repository, and where to ask
    subject: Subject, base: str, earlier: str, before: Mapping[str, str], after: Mapping[str, str], ask: Ask
) -> Iterator[Statement]:
    """Say which claimed scores rose though the weights are the same."""
    weights = {path: oid for path, oid in after.items() if is_weights(path)}
    changed = any(before.get(path) != oid for path, oid in weights.items())
    if changed or before.get("README.md") == after.get("README.md"):
        return
    new = {(dataset, measure): value for dataset, measure, value in metrics(mapping(subject.info.get("cardData")))}
    if not new:
        return
    card = mapping(mapping(ask(f"{base}/revision/{earlier}")).get("cardData"))
    for dataset, measure, value in metrics(card):
        now = new.get((dataset, measure))
        if now is not None and measure in PERCENT and _points(now) - _points(value) >= _LEAP:
            claim = f"{measure} {value:g} to {now:g} on {dataset}"
            yield Statement(where=subject.where, key="claimed-score-rose", value=claim, by=_ID)


def _points(value: float) -> float:
    return value * 100 if -1 <= value <= 1 else value


def _statement(subject: Subject, key: str, value: str, path: str) -> Statement:
    return Statement(where=subject.where / Member(name=path), key=key, value=value, by=_ID)


RECORD: Final = Record(id=_ID, title="What changed in a repository, and who changed it", origin="hf", read=_read)
