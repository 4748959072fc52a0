"""Commands that fetch or serve models, in scripts and recipes: of shells, of images, of containers and clusters.

A layer: scripts and YAML are read whole by others. Text that tells people which commands to type runs none: only files
whose first line, name or content says that a program runs them count.
Specifications: <https://docs.docker.com/reference/dockerfile/>, <https://docs.docker.com/reference/compose-file/>,
<https://kubernetes.io/docs/concepts/workloads/pods/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 1 << 20
_NAMED: Final = pattern(
    r"(?i).*(?:\.(?:sh|bash|zsh|fish|ps1|bat|cmd|ya?ml|service|mk|just|env)|(?:docker|container|make|just|proc)file"
    r"|dockerfile\.[\w.-]+|\.env(?:\.\w+)?)\Z"
)
_RUN: Final = pattern(
    rb"#! ?/|(?:^|\n)FROM[ \t]+\S+[\s\S]*\n(?:RUN|CMD|ENTRYPOINT)[ \t]|(?:^|\n)(?:services|containers|steps|jobs):"
)


def _matches(glance: Glance) -> bool:
    from weighmaster.knowledge.command_loads import MENTIONS

    if b"\0" in glance.head or glance.size > _LONGEST:
        return False
    text = glance.head if glance.size <= len(glance.head) else glance.source.read_at(0, _LONGEST)
    return any(mark in text for mark in MENTIONS)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.knowledge.command_loads import command_loads

    data = cursor.take(min(cursor.size, _LONGEST))
    if _NAMED.match(_name(where)) or _RUN.search(data[:4096]):
        yield from command_loads(data.decode("utf-8", "replace"), where)


def _name(where: Where) -> str:
    last = where.steps[-1] if where.steps else None
    name = last.name if isinstance(last, Member) else "" if where.steps else where.root
    return name.replace("\\", "/").rpartition("/")[2]


FORMAT: Final = Format(id="model-commands", title="Commands that load models", matches=_matches, read=_read, layer=True)
