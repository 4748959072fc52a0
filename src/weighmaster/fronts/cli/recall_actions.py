"""What `weighmaster recall` does: one function an action. See `recall` for what each understands."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from weighmaster.extend.showing import count, plain
from weighmaster.fronts.cli.progress import Progress
from weighmaster.fronts.cli.status import ALLOWED, BLOCKED, REVIEW
from weighmaster.fronts.cli.trusting import expected, show
from weighmaster.model.errors import ConfigError, TrustError, UnreachableError
from weighmaster.trust.claims.predicate import instant
from weighmaster.trust.evidence.keeping import read_config, write_whole
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.recall import entries, exports
from weighmaster.trust.recall.entries import DIGESTS, Action, Kind, Recall, RecallList
from weighmaster.trust.recall.looking import Looked, Whom, look
from weighmaster.trust.recall.matching import Hit

_HEX: Final = frozenset("0123456789abcdef")
_NAMED: Final = {
    "sha256": Kind.FILE,
    "tree": Kind.TREE,
    "base": Kind.BASE,
    "dataset": Kind.DATASET,
    "key": Kind.KEY,
    "certificate": Kind.CERTIFICATE,
    "identity": Kind.IDENTITY,
    "name": Kind.NAME,
}


def add(options: Namespace) -> int:
    """Add an entry."""
    recalls = entries.read_file(options.list) if os.path.lexists(options.list) else RecallList()
    kind, value = _what(options)
    entry = Recall(
        id=options.id,
        kind=kind,
        value=value,
        action=Action(options.action),
        reason=options.reason,
        added=_now(),
        issuer=options.issuer,
        versions=options.versions,
        advisory=options.advisory,
        url=options.url,
        replacement=options.replacement.lower(),
        since=_moment(options.since),
    )
    changed = entries.add(recalls, entry)
    write_whole(options.list, entries.write(changed), force=True)
    _told(options.list, changed, changed.entries[-1])
    return ALLOWED


def withdraw(options: Namespace) -> int:
    """Take an entry back."""
    changed = entries.withdraw(entries.read_file(options.list), options.id, _now(), options.reason)
    write_whole(options.list, entries.write(changed), force=True)
    _told(options.list, changed, next(one for one in changed.entries if one.id == options.id))
    return ALLOWED


def list_recalls(options: Namespace) -> int:
    """Show a list."""
    recalls = _recalls(options)
    if recalls is None:
        return REVIEW
    shown = recalls.entries if options.all else recalls.active
    if options.output == "json":
        sys.stdout.write(entries.write(recalls).decode())
        return ALLOWED
    for one in shown:
        word = "withdrawn" if one.withdrawn else str(one.action)
        sys.stdout.write(f"{plain(one.id)}  {word}  {plain(one.what)}\n")
        why = [one.reason, *([f"withdrawn: {one.withdrawal}"] if one.withdrawn else [])]
        sys.stdout.writelines(f"    {plain(line)}\n" for line in why)
    sys.stdout.write(
        f"{count(len(recalls.active), 'recall')}, {len(recalls.entries) - len(recalls.active)} withdrawn\n"
    )
    return ALLOWED


def check(options: Namespace) -> int:
    """Hold artifacts to a list."""
    recalls = _recalls(options)
    if recalls is None:
        return REVIEW
    whom = _whom(options)
    statuses: list[int] = []
    found: list[dict[str, Any]] = []
    for path in options.path:
        with Progress(sys.stderr, quiet=False, doing="hashing") as progress:
            looked = look(path, Hashing(follow_links=options.follow_links, progress=progress.bytes), whom)
        hits = looked.meets(recalls)
        statuses.append(_status(hits, looked))
        found.append(_record(looked, hits))
        if options.output == "text":
            _verdict(looked, hits, recalls)
    if options.output == "json":
        sys.stdout.write(json.dumps({"sequence": recalls.sequence, "artifacts": found}, indent=2) + "\n")
    return max(statuses, key=(ALLOWED, REVIEW, BLOCKED).index)


def derived(options: Namespace) -> int:
    """Find what was built on what is recalled."""
    from weighmaster.trust.recall.derived import derived as search

    digests = {_digest(text): "" for text in options.digest}
    if options.list or options.roots:
        recalls = _recalls(options)
        if recalls is None:
            return REVIEW
        digests |= {entry.value: entry.id for entry in recalls.active if entry.kind in DIGESTS}
    if not digests:
        raise ConfigError("nothing is recalled by digest: name a digest, or a list that does")
    with Progress(sys.stderr, quiet=False, doing="hashing") as progress:
        how = Hashing(follow_links=options.follow_links, progress=progress.bytes)
        found = search(digests, options.claims_in, hashed=not options.claims_only, how=how)
    if options.output == "json":
        listed = [
            {"path": one.path, "digest": one.digest, "origin": one.origin, "how": one.how, "via": one.via}
            for one in found.derived
        ]
        document = {"artifacts": found.artifacts, "derived": listed, "unread": list(found.unread)}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        for one in found.derived:
            entry = digests[one.origin] or one.origin[:16]
            via = f", by way of {one.via}" if one.via else ""
            sys.stdout.write(f"{plain(one.path)}\n    {plain(one.how)}: {plain(entry)}{plain(via)}\n")
        _unread(found.unread)
        sys.stdout.write(f"{len(found.derived)} of {count(found.artifacts, 'artifact')} reached by a recall\n")
    if found.derived:
        return BLOCKED
    return REVIEW if found.unread else ALLOWED


def export(options: Namespace) -> int:
    """Write a list in the words of others."""
    recalls = _recalls(options)
    if recalls is None:
        return REVIEW
    document = exports.osv(recalls) if options.format == "osv" else exports.vex(recalls)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if options.output_file:
        write_whole(options.output_file, text.encode(), force=options.force)
    else:
        sys.stdout.write(text)
    return ALLOWED


def _recalls(options: Namespace) -> RecallList | None:
    """Return the list to go by; None, and why, where there is none that may be relied on."""
    if not options.roots:
        if options.list_name or options.accept_stale:
            raise ConfigError("--list-name and --accept-stale are for --roots")
        return entries.read_file(options.list)
    from weighmaster.trust.roots.cache import opened

    name = options.list_name or entries.FILE
    try:
        roots = opened(options.roots, _now(), accept_stale=options.accept_stale)
        for said in roots.expired:
            sys.stderr.write(f"weighmaster: STALE: {plain(said)}; what was recalled since is not known\n")
        return entries.read(roots.read(name), f"{name} in {options.roots}")
    except (TrustError, UnreachableError) as error:
        sys.stderr.write(f"weighmaster: not checked: {plain(str(error))}\n")
        return None


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _what(options: Namespace) -> tuple[Kind, str]:
    given = [name for name in ("path", "public_key", *_NAMED) if getattr(options, name)]
    if len(given) != 1:
        said = ", ".join(f"--{name.replace('_', '-')}" for name in given) or "nothing"
        raise ConfigError(f"one thing is recalled by an entry; named was {said}")
    name, value = given[0], getattr(options, given[0])
    if name == "public_key":
        from weighmaster.trust.identities.keys import load_public_key

        # Of a key with several parts the first: its signatures name each part, and none of them all.
        return Kind.KEY, load_public_key(read_config(value), value).ids[0]
    if name == "path":
        from weighmaster.trust.manifests.hashing import hash_artifact

        manifest = hash_artifact(value)
        folder = os.path.isdir(value)
        return (Kind.TREE, manifest.tree) if folder else (Kind.FILE, manifest.entries[0].sha256)
    kind = _NAMED[name]
    return kind, value if kind in {Kind.IDENTITY, Kind.NAME} else value.lower()


def _digest(text: str) -> str:
    digest = text.lower().rpartition(":")[2]
    if len(digest) != 64 or not _HEX.issuperset(digest):
        raise ConfigError(f"{text} is no SHA-256 and no tree digest: 64 hexadecimal digits are")
    return digest


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = instant(text)
    if found is None:
        raise ConfigError(f"--since {text}: a time such as 2026-01-31T12:00:00Z wanted")
    return found


def _whom(options: Namespace) -> Whom | None:
    if not (options.public_key or options.certificate_chain or options.identity or options.trusted_root):
        return None
    return Whom(expected=expected(options), now=_now())


def _status(hits: Iterable[Hit], looked: Looked) -> int:
    actions = {hit.recall.action for hit in hits}
    if Action.BLOCK in actions:
        return BLOCKED
    return REVIEW if Action.QUARANTINE in actions or looked.unread else ALLOWED


def _verdict(looked: Looked, hits: Sequence[Hit], recalls: RecallList) -> None:
    word = "RECALLED" if any(hit.recall.action is Action.BLOCK for hit in hits) else "not recalled"
    word = "quarantined" if _status(hits, looked) == REVIEW and hits else word
    files = count(len(looked.manifest.entries), "file")
    sys.stdout.write(f"{plain(looked.path)}: {word} ({files}, {count(len(recalls.active), 'recall')})\n")
    for hit in hits:
        sys.stdout.write(f"    {hit.recall.action}: {plain(hit.sentence)}\n")
    _unread(looked.unread)


def _unread(unread: Iterable[str]) -> None:
    for why in unread:
        sys.stderr.write(f"weighmaster: not read: {plain(why)}\n")


def _record(looked: Looked, hits: Iterable[Hit]) -> dict[str, Any]:
    return {
        "path": looked.path,
        "tree": looked.manifest.tree,
        "recalls": [
            {
                "id": hit.recall.id,
                "action": str(hit.recall.action),
                "where": hit.where,
                "how": hit.how,
                "reason": hit.recall.reason,
                "advisory": hit.recall.advisory,
                "url": hit.recall.url,
                "replacement": hit.recall.replacement,
            }
            for hit in hits
        ],
        "unread": list(looked.unread),
    }


def _told(path: str, recalls: RecallList, entry: Recall) -> None:
    word = "withdrawn" if entry.withdrawn else "recalled"
    show([(word, f"{entry.what} ({entry.id})"), ("list", f"{path}, {count(len(recalls.active), 'recall')}")])
