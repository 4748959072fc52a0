"""spaCy's pipelines: what they are (`meta.json`), and the functions that they are built from (`config.cfg`).

A setting whose name begins with `@` names a function in a registry, which packages fill; spaCy calls it when the
pipeline is loaded. Sections of a training run are not read then.

Specification: <https://spacy.io/api/data-formats>, <https://thinc.ai/docs/usage-config>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.fact import Instantiation, Reference, Statement
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import document, may_be
from weighmaster.reading.pattern import pattern
from weighmaster.reading.record import Record

_META: Final = frozenset({"lang", "spacy_version", "pipeline"})
_SECTION: Final = pattern(rb"^[ \t]*\[([\w.@-]{1,200})\][ \t]*\r?$", 8)  # re.MULTILINE
_CALLED: Final = pattern(rb'^[ \t]*@(\w{1,60})[ \t]*=[ \t]*"?([^"\r\n]{1,200})"?', 8)
_FACTORY: Final = pattern(rb'^[ \t]*factory[ \t]*=[ \t]*"([^"\r\n]{1,200})"', 8)
_VECTORS: Final = pattern(rb'^[ \t]*(?:vectors|init_tok2vec|vocab_data)[ \t]*=[ \t]*"([^"\r\n$]{1,400})"', 8)
_LONGEST: Final = 4 << 20
_SAID: Final = (("license", "licence"), ("author", "author"), ("version", "version"))


def _matches(glance: Glance) -> bool:
    head = glance.head
    if head.lstrip()[:1] == b"[" and b"[nlp]" in head:
        return b"@" in head or b"pipeline" in head
    if not may_be(head) or b'"spacy_version"' not in head + glance.tail:
        return False
    found = document(glance.source)
    return isinstance(found, dict) and found.keys() >= _META


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    head = cursor.peek(min(cursor.size, 4096))
    if not may_be(head) or head.lstrip()[:1] == b"[":
        yield from _config(where, cursor.take(min(cursor.size, _LONGEST)))
        return
    yield from _meta(where, Record.of(document(cursor.source)).values)


def _meta(where: Where, found: Any) -> Iterator[Read]:
    for key, said in _SAID:
        if isinstance(found.get(key), str) and found[key]:
            yield Statement(where=where, key=said, value=found[key][:400], by="spacy")
    requirements = found.get("requirements")
    for requirement in requirements if isinstance(requirements, list) else []:
        if isinstance(requirement, str):
            yield Reference(where=where, kind="requirement", target=requirement[:400], by="spacy")


def _config(where: Where, text: bytes) -> Iterator[Read]:
    said: set[tuple[str, str]] = set()
    # Sections in order; what stands in one is what its name says.
    sections = [(hit.end(), hit[1]) for hit in _SECTION.finditer(text)]
    ends = [start for start, _ in sections[1:]] + [len(text)]
    for (start, name), end in zip(sections, ends, strict=False):
        body = text[start:end]
        for registry, value in ((hit[1], hit[2]) for hit in _CALLED.finditer(body)):
            yield from _named(where, said, _text(registry), _text(value))
        for hit in _FACTORY.finditer(body):
            yield from _named(where, said, "factory", _text(hit[1]))
        if name.startswith(b"initialize"):
            for hit in _VECTORS.finditer(body):
                yield Reference(where=where, kind="dataset", target=_text(hit[1]), by="spacy")


def _named(where: Where, said: set[tuple[str, str]], registry: str, name: str) -> Iterator[Read]:
    if (registry, name) not in said:
        said.add((registry, name))
        yield Instantiation(where=where, by="spacy", module="factory" if registry == "factory" else "", name=name)


def _text(raw: bytes) -> str:
    return raw.strip().decode("utf-8", "backslashreplace")


FORMAT: Final = Format(id="spacy", title="spaCy pipeline", matches=_matches, read=_read, layer=True)
