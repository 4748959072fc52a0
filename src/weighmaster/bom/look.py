"""Everything that the files of a target say, read in confined workers: no rule judges here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cache

from weighmaster import shipped
from weighmaster.bom.described import Described
from weighmaster.engine.scan import scan_file
from weighmaster.extend.registry import Registry
from weighmaster.looks import FolderLook, Request, look_at
from weighmaster.model.errors import ConfigError
from weighmaster.model.fact import Artifact, Shared
from weighmaster.model.report import Gap, Item
from weighmaster.model.repository import Repository
from weighmaster.model.value import Value
from weighmaster.model.where import Where


class Seen(Value):
    """What was read of a target: its files and what is in them, what they say, and what was not read."""

    target: str
    whole: Repository
    gaps: tuple[Gap, ...]


@cache
def _registry() -> Registry:
    return Registry(formats=shipped.registry().formats, tally=Described)


class _Description(FolderLook):
    """Looks at files as `vet` does, and lets no rule speak."""

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
        # In the order of their places, whatever the order in which workers answered.
        whole = Repository(
            where=Where.file(self.target),
            folder=os.path.isdir(self.target),
            artifacts=tuple(sorted(artifacts, key=lambda artifact: str(artifact.where))),
            facts=tuple(sorted(facts, key=lambda fact: (str(fact.where), repr(fact)))),
        )
        ordered = sorted(gaps, key=lambda gap: (str(gap.where), gap.reason, gap.detail))
        return Seen(target=self.target, whole=whole, gaps=tuple(ordered))


def look(target: str, request: Request | None = None) -> Seen:
    """Read a file or a folder.

    Raises:
        ConfigError: there is no such file or folder.
    """
    if not os.path.lexists(target):
        raise ConfigError(f"no such file or folder: {target}")
    request = request or Request()
    one = _Description(target, request)
    look_at([one], jobs=request.jobs or os.cpu_count() or 1, read=_readable(one))
    return one.seen()


def _readable(one: FolderLook) -> Sequence[str]:
    return one.readable()
