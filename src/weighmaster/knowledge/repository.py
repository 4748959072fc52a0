"""The files of a target as a tree: which lies beside which, what each says, and what a name in one leads to.

Members of an archive are files in a folder that is the archive. A path joins the names of the steps by `!`, as a
`Where` does; spans are no steps of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import TypeVar

from weighmaster.knowledge.references import leads_out
from weighmaster.model.fact import Artifact, Shared
from weighmaster.model.repository import Repository
from weighmaster.model.where import Member, Where

_Shared = TypeVar("_Shared", bound=Shared)
_LONGEST = 60


class Tree:
    """The files of a target, and the facts of each."""

    def __init__(self, repository: Repository) -> None:
        self.folder = repository.folder
        self.files: dict[str, Artifact] = {}
        self.folders: dict[str, set[str]] = {}
        self._facts: dict[type[Shared], dict[str, list[Shared]]] = {}
        for artifact in repository.artifacts:
            path = path_of(artifact.where)
            # Parts of a file have the file's path; the file itself comes first.
            if path not in self.files:
                self.files[path] = artifact
                folder, name = split(path)
                self.folders.setdefault(folder, set()).add(name)
        for fact in repository.facts:
            self._facts.setdefault(type(fact), {}).setdefault(path_of(fact.where), []).append(fact)

    def facts(self, kind: type[_Shared], path: str | None = None) -> Iterator[_Shared]:
        """Yield the facts of a kind: of one file, or of all."""
        by_path = self._facts.get(kind, {})
        for facts in by_path.values() if path is None else (by_path.get(path, ()),):
            yield from facts  # type: ignore[misc]

    def below(self, prefix: str) -> list[str]:
        """Return the paths that begin with a prefix, in order."""
        return self._ordered[bisect_left(self._ordered, prefix) : bisect_left(self._ordered, prefix + "\U0010ffff")]

    @cached_property
    def _ordered(self) -> list[str]:
        return sorted(self.files)

    def is_whole(self, path: str) -> bool:
        """Say whether all that lies beside a file was seen: it is in a folder that was looked at, or in an archive."""
        return self.folder or "!" in path

    def artifact(self, path: str) -> Artifact:
        """Return the file at a path."""
        return self.files[path]


_last: list[tuple[Repository, Tree]] = []


def tree_of(repository: Repository) -> Tree:
    """Return the tree of a repository, made once however many rules ask."""
    if not (_last and _last[0][0] is repository):
        _last[:] = [(repository, Tree(repository))]
    return _last[0][1]


def path_of(where: Where) -> str:
    """Return the path of the file that a place is in.

    >>> path_of(Where.file("a.zip") / Member(name="./m/config.json"))
    'a.zip!m/config.json'
    """
    members = (step.name for step in where.steps if isinstance(step, Member))
    return "!".join((where.root, *(_plain(name) for name in members)))


def _plain(name: str) -> str:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}]
    return "/".join(parts)


def split(path: str) -> tuple[str, str]:
    """Return the folder of a path, which ends in `/` or `!` where it is not the top, and the name in it.

    >>> split("a.zip!m/config.json"), split("config.json")
    (('a.zip!m/', 'config.json'), ('', 'config.json'))
    """
    at = max(path.rfind("/"), path.rfind("!")) + 1
    return path[:at], path[at:]


def beside(path: str, target: str) -> str | None:
    """Return the path of what the file at `path` calls `target`; None where that lies outside what it lies in.

    >>> beside("m/config.json", "../code/x.py"), beside("m/config.json", "../../x.py"), beside("a!c", "x")
    ('code/x.py', None, 'a!x')
    """
    folder, _ = split(path)
    archive, bang, inner = folder.rpartition("!")
    whole = f"{inner}{target.replace(chr(92), '/')}"
    if leads_out(target) not in {None, "leads out of its folder"}:
        return None
    parts: list[str] = []
    for part in whole.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return f"{archive}{bang}{'/'.join(parts)}"


def shown(name: str) -> str:
    """Return a name as messages have it."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 3]}..."
