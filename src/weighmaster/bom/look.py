"""Everything that the files of a target say, read in confined workers: no rule judges here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Final

from weighmaster import shipped
from weighmaster.bom.described import Described
from weighmaster.engine.scan import scan_file
from weighmaster.extend.registry import Registry
from weighmaster.looks import FolderLook, Request, Said, keep, look_at
from weighmaster.model.errors import ConfigError, WeighmasterError
from weighmaster.model.fact import Artifact, Shared
from weighmaster.model.report import Gap, Item
from weighmaster.model.repository import Repository
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.globs import matcher
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.files import files
from weighmaster.trust.manifests.hashing import hash_artifact

_BY: Final = "described"
"""What is remembered for bills is not what is remembered for verdicts."""


class Seen(Value):
    """What was read of a target: its files and what is in them, what they say, what was not read, and left out.

    `notes` are sentences on what belongs to it and was not looked at.
    """

    target: str
    whole: Repository
    gaps: tuple[Gap, ...]
    excluded: int = 0
    notes: tuple[str, ...] = ()


@cache
def _registry() -> Registry:
    return Registry(formats=shipped.registry().formats, tally=Described)


class _Description(FolderLook):
    """Looks at files as `vet` does, and lets no rule speak.

    Followed links may lead out of the target, as those of a hub client's cache do: what they lead to counts under the
    name of the link, as it does for the digests of the trust room.
    """

    def __init__(self, target: str, request: Request) -> None:
        super().__init__(target, request)
        self._excluded = self._found.excluded
        if request.follow_symlinks and os.path.isdir(target):
            excludes = matcher(request.settings.exclude)
            found = files(target, follow_links=True)
            self.paths = {name: path for name, path in found if excludes is None or not excludes.match(name)}
            self.names = sorted(self.paths)
            self._excluded = len(found) - len(self.names)
            self._said = Said(self.names, ())
            self.take = self._said.take

    def readable(self) -> Sequence[str]:
        if not self.request.follow_symlinks:
            return super().readable()
        return tuple(os.path.realpath(path) for path in self.paths.values())

    def recall(self) -> None:
        """Take what an earlier run was told of files that have not changed, one by one."""
        self.recall_files(_BY)

    def items(self, name: str) -> Iterator[Item]:
        return scan_file(self.paths[name], name, _registry(), self.request.limits)

    def seen(self) -> Seen:
        artifacts: list[Artifact] = []
        facts: dict[Shared, None] = {}
        gaps: dict[Gap, None] = {}
        for item in self._said.items:
            match item:
                case Artifact():
                    artifacts.append(item)
                case Shared():
                    facts[item] = None
                case Gap():
                    gaps[item] = None
                case _:
                    continue
        artifacts += self._unread({artifact.where.root for artifact in artifacts if not artifact.where.steps})
        # In the order of their places, whatever the order in which workers answered.
        whole = Repository(
            where=Where.file(self.target),
            folder=os.path.isdir(self.target),
            artifacts=tuple(sorted(artifacts, key=lambda artifact: str(artifact.where))),
            facts=tuple(sorted(facts, key=lambda fact: (str(fact.where), repr(fact)))),
        )
        ordered = sorted(gaps, key=lambda gap: (str(gap.where), gap.reason, gap.detail))
        return Seen(
            target=self.target,
            whole=whole,
            gaps=tuple(ordered),
            excluded=self._excluded,
            notes=self.request.notes,
        )

    def _unread(self, read: AbstractSet[str]) -> Iterator[Artifact]:
        """Hash the files whose workers died: a bill names every file, whatever is in it."""
        for name in self.names:
            if name not in read:
                try:
                    (entry,) = hash_artifact(self.paths[name], Hashing(follow_links=True)).entries
                except WeighmasterError:
                    continue  # There is a gap at its place.
                yield Artifact(where=Where.file(name), size=entry.size, sha256=entry.sha256, formats=())


def look(target: str, request: Request | None = None) -> Seen:
    """Read a file or a folder.

    Raises:
        ConfigError: there is no such file or folder.
    """
    if not os.path.lexists(target):
        raise ConfigError(f"no such file or folder: {target}")
    request = request or Request()
    one = _Description(target, request)
    one.recall()
    heard = keep if one.remembers else None
    look_at([one], jobs=request.jobs or os.cpu_count() or 1, read=one.readable(), heard=heard)
    one.close()
    return one.seen()
