"""Commands that fetch or serve models, in scripts and recipes: of shells, of images, of containers and clusters.

A layer: scripts and YAML are read whole by others. Text that tells people which commands to type runs none: only files
that begin as scripts do, or hold what a program runs, count.
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
_HEAD: Final = 4096
_RUN: Final = pattern(
    rb"#! ?/|(?:^|\n)FROM[ \t]+\S[\s\S]*\n(?:RUN|CMD|ENTRYPOINT|ENV|ARG)[ \t]|\nExecStart=|(?:^|\n)[\w.-]+:[^\n]*\n\t"
    rb"|(?:^|\n)[ \t-]*(?:services|containers|steps|jobs|command|args|image):"
)
"""What a program reads and runs: a first line, an instruction, a unit, a rule of make, a key of a container."""
_FIRST: Final = pattern(
    rb"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:(?:export |set )?[A-Za-z_]\w*=|(?:set|source|cd|export|mkdir|hf|vllm|ollama"
    rb"|huggingface-cli|wget|curl|aria2c|python3?|pip3?|uv|git|docker|nohup|sudo|exec)[ \t])"
)
"""How a script begins that has no first line of its own."""
_PROSE: Final = pattern(r"(?i).*\.(?:md|rst|txt|py|pyi|ipynb|html?|tex|json|toml|cfg|ini)\Z")


def _matches(glance: Glance) -> bool:
    from weighmaster.knowledge.loads.command_loads import MENTIONS

    if b"\0" in glance.head or glance.size > _LONGEST:
        return False
    text = glance.head if glance.size <= len(glance.head) else glance.source.read_at(0, _LONGEST)
    runs = _FIRST.match(text[:_HEAD]) or _RUN.search(text[:_HEAD])
    return runs is not None and any(mark in text for mark in MENTIONS)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.knowledge.loads.command_loads import command_loads

    data = cursor.take(min(cursor.size, _LONGEST))
    if not _PROSE.match(_name(where)):
        yield from command_loads(data.decode("utf-8", "replace"), where)


def _name(where: Where) -> str:
    last = where.steps[-1] if where.steps else None
    name = last.name if isinstance(last, Member) else "" if where.steps else where.root
    return name.replace("\\", "/").rpartition("/")[2]


FORMAT: Final = Format(id="model-commands", title="Commands that load models", matches=_matches, read=_read, layer=True)
