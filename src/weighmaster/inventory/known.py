"""Which commit stands for the version that a program runs: of the user's list, else of the hub client's own cache.

A list is JSON (`{"owner/name": "<commit>"}`) or lines of a name and a commit; `datasets/owner/name` is a data set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from weighmaster.inventory.kept import cached_commits
from weighmaster.knowledge.loads.load_targets import is_commit
from weighmaster.model.errors import ConfigError


def commits(lists: Sequence[str], caches: Sequence[str]) -> Mapping[tuple[str, str], str]:
    """Return the commit of each kind and repository.

    Raises:
        ConfigError: a list cannot be read, or names something that is no commit.
    """
    found: dict[tuple[str, str], str] = {}
    for cache in caches:
        for kind, name, commit in cached_commits(cache):
            found.setdefault((kind, name), commit)
    for path in lists:
        found |= _of_list(path)
    return found


def _of_list(path: str) -> dict[tuple[str, str], str]:
    from weighmaster.trust.evidence.keeping import read_config

    text = read_config(path).decode("utf-8", "replace")
    pairs = _of_json(text, path) if text.lstrip().startswith("{") else _of_lines(text, path)
    found = {}
    for name, commit in pairs:
        if not is_commit(commit):
            raise ConfigError(f"{path}: {commit[:60]!r} is no commit of 40 hexadecimal digits (for {name[:80]!r})")
        plain = name.removeprefix("datasets/").removeprefix("models/")
        found["dataset" if name.startswith("datasets/") else "model", plain] = commit
    return found


def _of_json(text: str, path: str) -> list[tuple[str, str]]:
    import json

    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no JSON: {error}") from error
    return [(str(name), str(commit)) for name, commit in found.items()]


def _of_lines(text: str, path: str) -> list[tuple[str, str]]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].replace("=", " ").replace("@", " ").split()
        if not words:
            continue
        if len(words) != 2:
            raise ConfigError(f"{path}:{number}: a name and a commit wanted")
        found.append((words[0], words[1]))
    return found
