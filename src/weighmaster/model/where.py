"""A place inside an artifact: a path of steps, from the file down to a span of bytes.

A `Where` is built by descending, never by joining strings, so a member name that
holds a separator cannot be mistaken for two steps:

>>> from weighmaster.model.where import Member, Span, Where
>>> place = Where.file("model.pt") / Member(name="archive/data.pkl") / Span(start=3, end=17)
>>> str(place)
'model.pt!archive/data.pkl@3-17'
>>> Where.parse(str(place)) == place
True
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from weighmaster.model.errors import InvalidWhereError
from weighmaster.model.value import Value

_MARKS: Final = frozenset("!@%")
_ESCAPED: Final = rb"(?:%[0-9A-F]{2})+"


class Member(Value):
    """A named entry of a container."""

    name: str

    def __str__(self) -> str:
        return "!" + _quote(self.name)


class Span(Value):
    """Bytes `start` to `end`, end not included, of what the steps before it name."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"@{self.start}-{self.end}"


Step: TypeAlias = Member | Span


class Where(Value):
    """A place inside an artifact."""

    root: str
    steps: tuple[Step, ...] = ()

    @classmethod
    def file(cls, path: str) -> Where:
        """Return the place of a whole file."""
        return cls(root=path)

    def __truediv__(self, step: Step) -> Where:
        return Where(root=self.root, steps=(*self.steps, step))

    def span(self, start: int, end: int) -> Where:
        """Return the place of bytes `start` to `end` in this one."""
        return self / Span(start=start, end=end)

    def __str__(self) -> str:
        return _quote(self.root) + "".join(map(str, self.steps))

    @classmethod
    def parse(cls, text: str) -> Where:
        """Read back what `str` wrote.

        Raises:
            InvalidWhereError: `text` was not written by `str(where)`.
        """
        root, *members = text.split("!")
        place = _with_spans(None, root)
        for member in members:
            place = _with_spans(place, member)
        return place


def folders(path: str) -> Iterator[str]:
    """Yield the folders that a path with slashes lies in, the innermost first.

    >>> list(folders("a/b/c.txt"))
    ['a/b', 'a']
    """
    while path := path.rpartition("/")[0]:
        yield path


def beside(root: str, target: str) -> str:
    """Return the file that a path in the file `root` means; nothing where it leaves what is looked at.

    >>> beside("onnx/model.onnx", "./weights.bin"), beside("model.onnx", "../weights.bin")
    ('onnx/weights.bin', '')
    """
    steps = root.split("/")[:-1]
    for step in target.replace("\\", "/").split("/"):
        if step == "..":
            if not steps:
                return ""
            steps.pop()
        elif step not in {"", "."}:
            steps.append(step)
    return "/".join(steps)


def _with_spans(place: Where | None, text: str) -> Where:
    name, *spans = text.split("@")
    plain = _unquote(name)
    place = Where(root=plain) if place is None else place / Member(name=plain)
    for span in spans:
        start, dash, end = span.partition("-")
        if not (dash and start.isascii() and start.isdigit() and end.isascii() and end.isdigit()):
            raise InvalidWhereError(f"not a span: {span!r}")
        place = place.span(int(start), int(end))
    return place


def _quote(name: str) -> str:
    # urllib.parse does this too, and would be a quarter of our start-up time. What a terminal would not
    # show as itself (control characters, right-to-left overrides, lone surrogates) is escaped as well.
    if name.isprintable() and _MARKS.isdisjoint(name):
        return name
    return "".join(c if c.isprintable() and c not in _MARKS else _percent(c) for c in name)


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _unquote(text: str) -> str:
    if "%" not in text:
        return text
    escaped = text.encode("utf-8", "surrogatepass")
    raw = re.sub(_ESCAPED, lambda hit: bytes.fromhex(hit[0].decode().replace("%", "")), escaped)
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise InvalidWhereError(f"not a name: {text!r}") from error
