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
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Expansion, Instantiation, Reference, Statement
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.opening import holds, significant
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import is_far
from weighmaster.reading.yaml import LONGEST, Tag, Tree, text_of, tree

_WORDS: Final = (
    b"_target_", b"class_path", b"loader_module", b"flavors", b"%TAG", b"pyref", b"${", b"():", b'"()"', b"'()'",
)  # fmt: skip
_KEYS: Final = (pattern(rb"target[\"']?[ \t]*:"), pattern(rb"class[\"']?[ \t]*:"))
_TAG: Final = pattern(rb"![!<%A-Za-z]")
_ESCAPE: Final = pattern(rb"\\(?:(?:x|u00|U000000)[0-7][0-9A-Fa-f]|\r?\n)")
_EXPRESSION: Final = pattern(rb"\$[A-Za-z_(\[]")
_ACTING: Final = (b"!!python/", b"_target_:")
_SEARCHED: Final = 512 << 20
_WINDOW: Final = 4 << 20
_OVERLAP: Final = 16
_BUNDLE: Final = (b"imports", b"bundle_root", b"_meta_")
_ALIAS: Final = pattern(rb"\*[A-Za-z0-9_]")
_ALIASES: Final = 12
"""From this many on, aliases can stand for very much."""
_SCALAR: Final = pattern(rb"[A-Za-z_\"']")
_NEXT: Final = (b"\n---", b"\n...", b"\r---", b"\r...", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
"""What may end a document: marks after the ends of lines that ASCII has, or any of the others."""
_LINE: Final = 4096
"""A key has 1,024 characters at most."""
_BEFORE: Final = frozenset(b" \t\r\n[{,:")
_TRIED: Final = 1000
_CORE: Final = "tag:yaml.org,2002:"
_PYTHON: Final = _CORE + "python/"
_CALLS: Final = ("object/apply:", "object/new:", "object:", "name:", "module:")
_HYPER: Final = {"new": "", "apply": "", "name": "", "module": ""}
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")
_MANY: Final = 1_000_000
_TIMES: Final = 100
_LONGEST_NAME: Final = 200
_MOST: Final = 10_000


def _matches(glance: Glance) -> bool:
    head = glance.head
    if glance.size > LONGEST:
        return not may_be(head) and _acts_somewhere(glance)
    data = head if glance.size <= len(head) else glance.source.read_at(0, glance.size)
    if data[:2] in _WIDE:
        data = (text_of(data) or "").encode("utf-8", "replace")
    if _is_one_scalar(significant(glance.source), data):
        return False
    if not holds(glance.source, data, _WORDS) and not _is_worth_parsing(data):
        return False
    if may_be(head) and document(glance.source) is not None:
        return False  # JSON, which has its own readers.
    found = tree(glance.source)
    try:
        return found is not None and next(_told(found, Where.file(""), glance.size), None) is not None
    except OverBudgetError:
        return True  # Reading it says so again.


def _acts_somewhere(glance: Glance) -> bool:
    """Whether text that is too long to be parsed has in it what makes a loader call something."""
    texts = [glance.head, glance.tail]
    if any(word in text for word in _ACTING for text in texts):
        return True
    if b"\0" in glance.head or is_far(glance.source):
        return False
    ends = range(0, min(glance.size, _SEARCHED), _WINDOW)
    windows = (glance.source.read_at(start, _WINDOW + _OVERLAP) for start in ends)
    return any(word in window for window in windows for word in _ACTING)


def _is_worth_parsing(data: bytes) -> bool:
    """Whether the text holds what this format is about beside words: most texts do not, and searching is cheap."""
    if any(key.search(data) for key in _KEYS) or _ESCAPE.search(data):
        return True
    for number, hit in enumerate(_TAG.finditer(data)):
        if number > _TRIED or hit[0] == b"!!" or _stands_alone(data, hit.start()):
            return True
    if any(word in data for word in _BUNDLE) and _EXPRESSION.search(data):
        return True
    aliases = 0
    for hit in _ALIAS.finditer(data) if b"&" in data else ():
        aliases += _stands_alone(data, hit.start())
        if aliases >= _ALIASES:
            return True
    return False


def _is_one_scalar(said: bytes, data: bytes) -> bool:
    """Whether a text is one scalar if it is YAML at all: no colon in its first line, and no document after the first.

    What begins with a letter or a quote is a scalar or the key before a colon, which stands in the same line
    (<https://yaml.org/spec/1.2.2/#742-flow-mappings>).
    """
    first = said[:_LINE].partition(b"\n")[0]
    return _SCALAR.match(first) is not None and b":" not in first and not any(mark in data for mark in _NEXT)


def _stands_alone(data: bytes, at: int) -> bool:
    return at == 0 or data[at - 1] in _BEFORE


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

    count = 0
    for tag in found.tags:
        for read in _tag(tag, found, where):
            count += 1
            if count > _MOST:
                raise OverBudgetError(f"yaml: more than {_MOST} tags that call something")
            yield read
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


FORMAT: Final = Format(id="yaml", title="YAML that names what to call", matches=_matches, read=_read, layer=True)
