"""YAML documents, read as events: no tag is followed and no object made but text, lists and mappings.

A text is parsed once however many formats look at it, in bounded time: so much text, so many nodes. What an alias
stands for is shared and never copied, so that nine lines of aliases stay nine lines; how large they would be for a
loader that copies is counted. Specification: <https://yaml.org/spec/1.2.2/>; tags of PyYAML:
<https://pyyaml.org/wiki/PyYAMLDocumentation>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source

LONGEST: Final = 64 << 20
"""Bytes of text that are parsed."""
_SLOW: Final = 128 << 10
"""The same for the parser written in Python."""
_NODES: Final = 2_000_000
_DEEPEST: Final = 500
_DIRECTIVES: Final = 100
_CAP: Final = 1 << 62
_COPIED: Final = 64
_DOUBLES: Final = 64
_DIRECTIVE: Final = pattern(rb"^%TAG", 8)  # re.MULTILINE
_BOMS: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class Tag(NamedTuple):
    """A tag that a node bears, resolved through the handles of its document; `start` counts characters."""

    name: str
    value: Any
    start: int


class Tree(NamedTuple):
    """What a text holds: its documents; tags; mappings as they were before a key came again; nodes once copied."""

    documents: list[Any]
    tags: list[Tag]
    doubles: list[dict[str, Any]]
    expanded: int
    ascii: bool
    cut: bool


_last: list[tuple[Source, Tree | None]] = []


def tree(source: Source) -> Tree | None:
    """Return what a source holds as YAML, or None where it is not YAML, or too long."""
    if _last and _last[0][0] is source:
        return _last[0][1]
    found = _tree(source.read_at(0, source.size)) if source.size <= LONGEST else None
    _last[:] = [(source, found)]
    return found


def text_of(data: bytes) -> str | None:
    """Return bytes as text in the encodings that YAML allows, or None."""
    encoding = _BOMS.get(data[:2], "utf-8")
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None


def _tree(data: bytes) -> Tree | None:
    text = text_of(data)
    if text is None or sum(1 for _ in _DIRECTIVE.finditer(data)) > _DIRECTIVES:
        return None
    for slow in (False, True):
        if slow and len(data) > _SLOW:
            break
        reader = _Reader()
        if reader.read(_events(text, slow=slow)):
            return Tree(reader.documents, reader.tags, reader.doubles, reader.most, text.isascii(), reader.cut)
    return None


def _events(text: str, *, slow: bool) -> Iterator[Any]:
    import yaml

    fast = getattr(yaml, "CSafeLoader", None)
    if fast is None and not slow:
        return iter(())
    return iter(yaml.parse(text, Loader=yaml.SafeLoader if slow or fast is None else fast))


class _Frame:
    """A container that is still open."""

    __slots__ = ("key", "keyed", "value", "weight")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.key = ""
        self.keyed = False
        self.weight = 1


class _Reader:
    """Builds the tree out of events."""

    def __init__(self) -> None:
        self.documents: list[Any] = []
        self.tags: list[Tag] = []
        self.doubles: list[dict[str, Any]] = []
        self.most = 0
        self.cut = False
        self._open: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._names: list[str] = []
        self._ended = False
        self._whole = (0, 0, 0)

    def read(self, events: Iterator[Any]) -> bool:
        """Take all events; say whether they made a document, after which the text may break.

        A loader that takes one document after the other has acted on the first when it finds the second broken.
        """
        import yaml

        try:
            for count, event in enumerate(events):
                self._event(type(event).__name__, event)
                if count > _NODES or len(self._open) > _DEEPEST:
                    self.cut = True
                    self._close_all()
                    return True
        except (yaml.YAMLError, RecursionError, ValueError, UnicodeError, OverflowError):
            documents, tags, doubles = self._whole
            del self.documents[documents:], self.tags[tags:], self.doubles[doubles:]
            return documents > 0
        return self._ended

    def _event(self, kind: str, event: Any) -> None:
        match kind:
            case "ScalarEvent":
                self._put(event, event.value, 1)
            case "MappingStartEvent" | "SequenceStartEvent":
                self._names.append(event.anchor or "")
                value: Any = {} if kind == "MappingStartEvent" else []
                self._tag(event, value)
                if event.anchor:
                    self._anchors[event.anchor] = (value, 1)
                self._open.append(_Frame(value))
            case "MappingEndEvent" | "SequenceEndEvent":
                self._close()
            case "AliasEvent":
                value, weight = self._anchors.get(event.anchor, ("", 1))
                self._add(value, weight)
            case "DocumentStartEvent":
                self._anchors = {}
            case "DocumentEndEvent":
                self._whole = (len(self.documents), len(self.tags), len(self.doubles))
            case "StreamEndEvent":
                self._ended = True
            case _:
                pass

    def _put(self, event: Any, value: Any, weight: int) -> None:
        self._tag(event, value)
        if event.anchor:
            self._anchors[event.anchor] = (value, weight)
        self._add(value, weight)

    def _tag(self, event: Any, value: Any) -> None:
        if event.tag and event.tag != "!":
            self.tags.append(Tag(event.tag, value, event.start_mark.index))

    def _close(self) -> None:
        frame = self._open.pop()
        if name := self._names.pop():
            self._anchors[name] = (frame.value, frame.weight)
        self._add(frame.value, frame.weight)

    def _close_all(self) -> None:
        while self._open:
            self._close()

    def _add(self, value: Any, weight: int) -> None:
        if not self._open:
            self.documents.append(value)
            self.most = max(self.most, weight)
            return
        frame = self._open[-1]
        frame.weight = min(_CAP, frame.weight + weight)
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif not frame.keyed:
            frame.keyed = True
            # A key that is a container is no key to us, but what is in it counts.
            frame.key = value if isinstance(value, str) else f"? {len(frame.value)}"
            if not isinstance(value, str):
                frame.value[f"{frame.key} key"] = value
        else:
            frame.keyed = False
            if frame.key in frame.value and len(self.doubles) < _DOUBLES:
                self.doubles.append(dict(list(frame.value.items())[:_COPIED]) | {frame.key: frame.value[frame.key]})
            frame.value[frame.key] = value
