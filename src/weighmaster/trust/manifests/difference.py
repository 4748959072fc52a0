"""What became of an artifact since its manifest was written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from weighmaster.model.value import Value
from weighmaster.reading.globs import leaves_out, matcher
from weighmaster.trust.manifests.manifest import Entry, Manifest


class Difference(Value):
    """Files that only the newer manifest has, only the older one, both with other bytes, or under another name.

    `renamed` are pairs of names, the older one first: the same bytes, which stand nowhere under both. `ignored` are the
    files that whoever compares chose to leave out.
    """

    added: tuple[Entry, ...] = ()
    removed: tuple[Entry, ...] = ()
    changed: tuple[tuple[Entry, Entry], ...] = ()
    renamed: tuple[tuple[Entry, Entry], ...] = ()
    ignored: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.renamed)


def difference(before: Manifest, after: Manifest, ignored: Sequence[str] = (), own: Collection[str] = ()) -> Difference:
    """Compare two manifests of one artifact.

    `ignored` are globs of files and folders that count in neither, `own` the names of the manifests themselves.
    """
    left_out = matcher(ignored)
    older, newer = dict(before.by_path), dict(after.by_path)
    skipped = sorted(path for path in older.keys() | newer.keys() if path in own or leaves_out(left_out, path))
    for path in skipped:
        older.pop(path, None)
        newer.pop(path, None)
    changed = [(older[path], entry) for path, entry in newer.items() if path in older and _differ(older[path], entry)]
    added = [entry for path, entry in newer.items() if path not in older]
    removed = [entry for path, entry in older.items() if path not in newer]
    renamed = _renamed(removed, added)
    moved = {entry.path for pair in renamed for entry in pair}
    return Difference(
        added=tuple(entry for entry in added if entry.path not in moved),
        removed=tuple(entry for entry in removed if entry.path not in moved),
        changed=tuple(changed),
        renamed=tuple(renamed),
        ignored=tuple(skipped),
    )


def _differ(older: Entry, newer: Entry) -> bool:
    if (older.size, older.sha256) != (newer.size, newer.sha256):
        return True
    return bool(older.blake3 and newer.blake3) and (older.blake3, older.chunks) != (newer.blake3, newer.chunks)


def _renamed(removed: Sequence[Entry], added: Sequence[Entry]) -> list[tuple[Entry, Entry]]:
    """Pair what is gone with what came and has the same bytes; empty files are alike by chance."""
    waiting: dict[str, list[Entry]] = defaultdict(list)
    for entry in reversed(removed):
        if entry.size:
            waiting[entry.sha256].append(entry)
    return [(waiting[entry.sha256].pop(), entry) for entry in added if waiting.get(entry.sha256)]
