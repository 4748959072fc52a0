"""Any XML, for what it has its reader fetch or expand: entities outside it, and entities that swell.

Specifications: <https://www.w3.org/TR/xml/#sec-external-ent>; CWE-611 and CWE-776 on what readers make of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Expansion, Reference
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source

if TYPE_CHECKING:
    from weighmaster.reading.xml import External

_MARKS: Final = pattern(rb"<\?xml\s|<!DOCTYPE\s+(?!html)|<!ENTITY", 2)  # re.IGNORECASE
_ROOTS: Final = frozenset({"svg", "PMML", "net", "plist", "RDF"})
_UNTOLD: Final = frozenset({"", "?", "PMML", "net"})
"""Roots of models, and those that were not reached."""
_PUBLISHERS: Final = pattern(
    r"https?://(?:www\.)?(?:w3\.org|dmg\.org|openxmlformats\.org|apple\.com|java\.sun\.com|oasis-open\.org"
    r"|us-vo\.org|ivoa\.net|adobe\.com|musicxml\.org|recordare\.com|freedesktop\.org|gnome\.org|nitrc\.org|mozilla\.org|oracle\.com"
    r"|docbook\.org|inkscape\.org|sodipodi\.sourceforge\.net|springframework\.org|hibernate\.org|apache\.org)/",
    2,  # re.IGNORECASE
)
"""Where the declarations of common document types lie; readers know them, or do without."""
_DECLARES: Final = pattern(rb"<!ENTITY|:include", 2)  # re.IGNORECASE
_DECLARATION: Final = pattern(rb"<!(?:ELEMENT|ATTLIST|ENTITY)\s")
_COMMENT: Final = pattern(rb"<!--.*?-->", 16)  # re.DOTALL
_ELEMENT: Final = pattern(rb"<!DOCTYPE|^\s*<\w", 10)  # re.IGNORECASE | re.MULTILINE
_LOOKED_THROUGH: Final = 16 << 20
_EXTERNALS: Final = 1_000
_DECLARATIONS: Final = pattern(
    r"(?:https?://|file:///|//[A-Za-z]:/)?(?!//)[\w.~%+ -]*(?:/[\w.~%+ -]+)*\.dtd", 2
)  # re.IGNORECASE


def _matches(glance: Glance) -> bool:
    from weighmaster.reading.xml import document_type, may_be, root

    if not may_be(glance.head):
        return False
    head = glance.head.replace(b"\0", b"")
    if _MARKS.search(head) is None:
        # A comment may stand in front of everything that tells, as it does in front of much that is no XML.
        late = b"<!--" in head[:16] and document_type(glance.source) not in {"", "html"}
        return late or root(glance.source) in _ROOTS
    return bool(root(glance.source) or b"<!ENTITY" in head)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.reading.xml import root

    try:
        yield from _told(cursor, where)
    except UnreadableError:
        # What is to become XML once its holes are filled is a text until then. All is declared before the root.
        if not _is_declarations(cursor.source) and (root(cursor.source) in _UNTOLD or _declares(cursor.source)):
            raise


def _is_declarations(source: Source) -> bool:
    """Whether it holds the declarations of a document type, and no document: a file that documents name."""
    if source.size > _LOOKED_THROUGH:
        return False
    text = _COMMENT.sub(b"", source.read_at(0, source.size).replace(b"\0", b""))
    return _DECLARATION.search(text) is not None and _ELEMENT.search(text) is None


def _declares(source: Source) -> bool:
    if source.size > _LOOKED_THROUGH:
        return True
    return _DECLARES.search(source.read_at(0, source.size).replace(b"\0", b"")) is not None


def _told(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.reading.xml import Element, External, Swelling, events

    count = 0
    for event in events(cursor.source, cursor.budget):
        match event:
            case External():
                count += 1
                yield Reference(where=where, kind=_kind(event, cursor), target=event.target[:400], by="xml")
            case Swelling():
                yield Expansion(where=where, packed=event.size, unpacked=event.characters)
            case Element() if event.name.endswith(":include"):
                # XInclude 1.1, clause 3.1: `href` names what takes the element's place.
                for target in (value for key, value in event.attributes if key == "href"):
                    yield Reference(where=where, kind="include", target=target[:400], by="xml")
            case _:
                continue
        if count >= _EXTERNALS:
            raise OverBudgetError(f"xml: more than {_EXTERNALS} entities outside the document")


def _kind(external: External, cursor: Cursor) -> str:
    from weighmaster.reading.xml import document_type

    if external.what != "document type":
        return "include"
    if _PUBLISHERS.match(external.target):
        return "schema"
    # Readers of models may well validate; settings of programs name their declarations, and nobody fetches them.
    settings = document_type(cursor.source) not in _ROOTS and _DECLARATIONS.fullmatch(external.target)
    return "declarations" if settings else "include"


FORMAT: Final = Format(id="xml", title="XML document", matches=_matches, read=_read, layer=True)
