"""YAML that does more than hold data: tags that make a loader call something, and configurations that name functions.

Text is YAML more often than not, and most YAML is settings; that stays plain text. What is claimed parses, and has
something to say. Specification: <https://yaml.org/spec/1.2.2/>. The tags that call, by their loaders:

* PyYAML, `!!python/object/apply:os.system` and its kin: <https://pyyaml.org/wiki/PyYAMLDocumentation>.
* HyperPyYAML, `!new:`, `!apply:`, `!name:`, `!module:`, `!include:`: <https://github.com/speechbrain/HyperPyYAML>.
* Ruby's Psych, `!ruby/object:`, which is named and not followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import Expansion, Instantiation, Reference, Statement
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.pattern import pattern
from weighmaster.reading.yaml import LONGEST, Tag, Tree, text_of, tree

_WORTH: Final = pattern(
    rb"_target_|class_path|loader_module|%TAG|pyref|\$\{|\(\)|\btarget\b[\"' ]*:|\bclass[\"']?:"
    rb"|!!|[\s\[{,:]!(?:[A-Za-z<%][\w./%<:+-]{1,80})|[ \"']\$[A-Za-z_(\[]"
    rb"|\\(?:x|u00|U000000)[0-7][0-9A-Fa-f]|\\\r?\n"
)
_ALIASES: Final = pattern(rb"(?:[\s\[{,:]\*[A-Za-z0-9_-]{1,64}[^*]{0,200}){12}")
"""Aliases close together: in tens, they multiply."""
_BLANK: Final = b" \t\r\n"
_CORE: Final = "tag:yaml.org,2002:"
_PYTHON: Final = _CORE + "python/"
_CALLS: Final = ("object/apply:", "object/new:", "object:", "name:", "module:")
_HYPER: Final = {"new": "", "apply": "", "name": "", "module": ""}
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_MANY: Final = 1_000_000
_TIMES: Final = 100
_LONGEST_NAME: Final = 200


def _matches(glance: Glance) -> bool:
    head = glance.head
    if glance.size > LONGEST:
        return b"!!python/" in head or b"_target_:" in head
    data = head if glance.size <= len(head) else glance.source.read_at(0, glance.size)
    if data[:2] in _WIDE:
        data = (text_of(data) or "").encode("utf-8", "replace")
    if not (_WORTH.search(data) or (b"&" in data and _ALIASES.search(data))):
        return False
    if may_be(head) and document(glance.source) is not None:
        return False  # JSON, which has its own readers.
    found = tree(glance.source)
    return found is not None and next(_told(found, Where.file(""), glance.size), None) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if cursor.size > LONGEST:
        detail = f"yaml: {cursor.size} bytes of text, {LONGEST} are read"
        yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail=detail)
        return
    found = tree(cursor.source)
    if found is not None:
        yield from _told(found, where, cursor.size)


def _told(found: Tree, where: Where, size: int) -> Iterator[Read]:
    from weighmaster.knowledge.configured import told

    for tag in found.tags:
        yield from _tag(tag, found, where)
    for document_ in (*found.documents, *found.doubles):
        yield from told(document_, where)
    if found.expanded > max(_MANY, _TIMES * size):
        yield Expansion(where=where, packed=size, unpacked=found.expanded)
    if found.cut:
        yield Gap(where=where, reason=GapReason.OVER_BUDGET, detail="yaml: too many nodes, or too deep, to read all")


def _tag(tag: Tag, found: Tree, where: Where) -> Iterator[Read]:
    place = where.span(tag.start, tag.start + len(tag.name)) if found.ascii else where
    name = tag.name
    if name.startswith(_PYTHON):
        yield from _python(name.removeprefix(_PYTHON), tag, place)
    elif name.startswith("!ruby/"):
        yield Statement(where=place, key="tag", value=name[:_LONGEST_NAME], by="yaml")
    elif name.startswith("!"):
        yield from _hyper(name[1:], tag, place)


def _python(kind: str, tag: Tag, place: Where) -> Iterator[Read]:
    from weighmaster.knowledge.configured import named

    for call in _CALLS:
        if kind.startswith(call):
            target = kind.removeprefix(call)[:_LONGEST_NAME]
            # What is imported for its name alone runs as it is imported.
            given = tag.value if call.startswith("object") else ""
            fact = named("yaml", target, given, place)
            if call == "module:":
                fact = Instantiation(where=place, by="yaml", module=target, name="_", arguments="")
            yield fact
            return


def _hyper(name: str, tag: Tag, place: Where) -> Iterator[Read]:
    from weighmaster.knowledge.configured import named

    kind, colon, target = name.partition(":")
    target = target[:_LONGEST_NAME]
    if not colon or not target:
        return
    if kind == "include":
        yield Reference(where=place, kind="include", target=target, by="hyperpyyaml")
    elif kind == "module":
        yield Instantiation(where=place, by="hyperpyyaml", module=target, name="_", arguments="")
    elif kind in _HYPER:
        yield named("hyperpyyaml", target, tag.value, place)


FORMAT: Final = Format(id="yaml", title="YAML that names what to call", matches=_matches, read=_read)
