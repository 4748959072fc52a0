"""XML, read forward by expat, which is told to fetch nothing and to expand no entities in text.

What a document declares is told as it stands: entities, the addresses they name, and how long they would be when they
are expanded, which is computed and not done. Specification: <https://www.w3.org/TR/xml/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.budget import Budget
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source

if TYPE_CHECKING:
    from pyexpat import XMLParserType

_WINDOW: Final = 64 << 10
_ROOT_WITHIN: Final = 8 << 20
_DEEPEST: Final = 5_000
_ENTITIES: Final = 10_000
_TEXT: Final = 4096
_NAMED: Final = pattern(r"[&%]([^\s;&%]{1,200});")
_BLANK: Final = b" \t\r\n"
MOST: Final = 16 << 20
"""How many characters entities may stand for, in all, without being worth a word."""


class Element(Value):
    """An element begins."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    depth: int


class Text(Value):
    """Characters between tags, of a run the first."""

    text: str


class External(Value):
    """Something outside the document that a reader may fetch: an entity, or the document type's own declarations."""

    what: str
    target: str
    public: str


class Swelling(Value):
    """Entities that stand for `characters` characters in a document of `size` bytes."""

    size: int
    characters: int


class Instruction(Value):
    """A processing instruction."""

    target: str
    text: str


Event: TypeAlias = Element | Text | External | Swelling | Instruction


class _Handlers:
    """Turns what expat calls into events."""

    def __init__(self, size: int) -> None:
        self.events: list[Event] = []
        self.size = size
        self.depth = 0
        self.swollen = 0
        self.lengths: dict[str, int] = {}
        self.entities = 0
        self.ended = False
        self.type = ""

    def started(self, name: str, attributes: list[str]) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise OverBudgetError(f"xml: nested more than {_DEEPEST} deep")
        pairs = tuple(zip(attributes[::2], attributes[1::2], strict=True))
        self.events.append(Element(name=name, attributes=pairs, depth=self.depth))

    def closed(self, name: str) -> None:
        del name
        self.depth -= 1

    def characters(self, text: str) -> None:
        if not text.isspace():
            self.events.append(Text(text=text[:_TEXT]))

    def instructed(self, target: str, text: str) -> None:
        self.events.append(Instruction(target=target, text=text[:_TEXT]))

    def typed(self, name: str, system: str | None, public: str | None, internal: int) -> None:
        del internal
        self.type = name
        if system:
            self.events.append(External(what="document type", target=system, public=public or ""))

    def declared(  # noqa: PLR0913, PLR0917 - expat's own signature
        self,
        name: str,
        parameter: int,
        value: str | None,
        base: str | None,
        system: str | None,
        public: str | None,
        notation: str | None,
    ) -> None:
        del base
        self.entities += 1
        if self.entities > _ENTITIES:
            raise OverBudgetError(f"xml: more than {_ENTITIES} entities")
        if value is None:
            if notation is None and system is not None:
                self.events.append(External(what=f"entity {name}", target=system, public=public or ""))
            return
        # An entity may use those before it: each is as long as what it stands for.
        length = len(value) + sum(self.lengths.get(used[1], 0) for used in _NAMED.finditer(value))
        self.lengths.setdefault(name, length)
        if length > MOST:
            self._swell(length)
        del parameter

    def other(self, text: str) -> None:
        """Take what expat hands on as it stands: a reference to an entity that it was not to expand."""
        if text.startswith("&"):
            self.swollen += self.lengths.get(text[1:-1], 0)
            if self.swollen > MOST:
                self._swell(self.swollen)

    def _swell(self, length: int) -> None:
        if not self.ended:
            self.events.append(Swelling(size=self.size, characters=length))
        self.ended = True


def events(source: Source, budget: Budget) -> Iterator[Event]:
    """Yield what a document holds, in its order. After entities that swell, nothing more is read.

    Raises:
        UnreadableError: the bytes are no XML.
        OverBudgetError: it nests too deep, or takes too long.
    """
    from pyexpat import ExpatError

    handlers = _Handlers(source.size)
    parser = _parser(handlers)
    for start in range(0, source.size + 1, _WINDOW):
        budget.check_time()
        window = source.read_at(start, _WINDOW)
        try:
            parser.Parse(window, start + _WINDOW > source.size)
        except ExpatError as error:
            yield from handlers.events
            if "amplification" in str(error):
                if not handlers.ended:
                    yield Swelling(size=source.size, characters=100 * source.size)
                return
            raise UnreadableError(f"xml: {error}") from error
        except (ValueError, LookupError) as error:
            raise UnreadableError(f"xml: {error}") from error
        yield from handlers.events
        handlers.events.clear()
        if handlers.ended:
            return


def _parser(handlers: _Handlers) -> XMLParserType:
    from pyexpat import ParserCreate

    parser = ParserCreate()
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = handlers.started
    parser.EndElementHandler = handlers.closed
    parser.CharacterDataHandler = handlers.characters
    parser.ProcessingInstructionHandler = handlers.instructed
    parser.StartDoctypeDeclHandler = handlers.typed
    parser.EntityDeclHandler = handlers.declared
    # Its being there is what keeps expat from expanding entities.
    parser.DefaultHandler = handlers.other
    return parser


_last: list[tuple[Source, tuple[str, str]]] = []
"""The source that was asked about last, the name of its root and that of its document type."""


def may_be(head: bytes) -> bool:
    """Say whether bytes that begin so may be XML: a tag, a declaration or a comment comes first."""
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        head = head[2:].replace(b"\0", b"")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip(_BLANK)[:1] == b"<"


def root(source: Source) -> str:
    """Return the name of the root element, without its prefix; empty where the bytes do not begin as XML.

    `?` stands for one that comes so late that it was not looked for.
    """
    return _beginning(source)[0]


def document_type(source: Source) -> str:
    """Return the name in the document type declaration, empty where there is none."""
    return _beginning(source)[1]


def _beginning(source: Source) -> tuple[str, str]:
    if _last and _last[0][0] is source:
        return _last[0][1]
    found = _root(source) if may_be(source.read_at(0, 512)) else ("", "")
    _last[:] = [(source, found)]
    return found


def _root(source: Source) -> tuple[str, str]:
    from pyexpat import ExpatError

    handlers = _Handlers(source.size)
    parser = _parser(handlers)
    broken = False
    for start in range(0, min(source.size, _ROOT_WITHIN), _WINDOW):
        try:
            parser.Parse(source.read_at(start, _WINDOW), False)
        except (ExpatError, OverBudgetError, ValueError, LookupError):
            broken = True
        for event in handlers.events:
            if isinstance(event, Element):
                return event.name.rpartition(":")[2], handlers.type
        if broken:
            break
        handlers.events.clear()
    # All of it comes before the root, so far.
    return "?" if not broken and source.size > _ROOT_WITHIN else "", handlers.type
