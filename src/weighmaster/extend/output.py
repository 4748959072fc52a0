"""What an output is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from weighmaster.model.value import Value
from weighmaster.model.verdict import Vetted


class Style(Value):
    """What a person asked of the way things are shown, and what an output may show beside the report.

    `pages` holds the page of each rule, in Markdown.
    """

    color: bool = False
    quiet: bool = False
    verbose: bool = False
    width: int = 100
    pages: Mapping[str, str] = MappingProxyType({})


class Output(Value):
    """A name, what it is for in a line, and a pure function from what was vetted to text."""

    id: str
    title: str
    render: Callable[[Sequence[Vetted], Style], str]
