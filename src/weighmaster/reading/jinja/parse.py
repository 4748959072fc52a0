"""Jinja templates, parsed and never rendered.

The parser is Jinja's own, with the tags that chat templates use beside the standard ones: `break` and `continue`, the
`generation` block of transformers, `do`. Specification: <https://jinja.palletsprojects.com/en/stable/templates/>
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Final

from weighmaster.model.errors import OverBudgetError, UnreadableError

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.nodes import Node, Template

LONGEST: Final = 512 << 10
"""Characters of a template that is parsed; the longest of public models have a tenth of that."""
_DEEPEST: Final = 200
"""Brackets inside brackets."""


def parsed(text: str) -> Template:
    """Return the syntax tree of a template.

    Raises:
        UnreadableError: it is no template, or of a dialect that is not known here.
        OverBudgetError: it is too long, or nested too deep.
    """
    if len(text) > LONGEST:
        raise OverBudgetError(f"a template of {len(text)} characters, at most {LONGEST} are parsed")
    from jinja2 import TemplateSyntaxError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Unknown escapes in a string, which Python 3.12 warns of.
            return _environment().parse(text)
    except TemplateSyntaxError as error:
        raise UnreadableError(f"line {error.lineno}: {error.message}") from error
    except RecursionError as error:
        raise OverBudgetError("a template that is nested too deep") from error
    except (ValueError, MemoryError, AssertionError) as error:
        # Numbers with thousands of digits, and what the parser takes for granted.
        raise UnreadableError("a template that the parser cannot take") from error


@cache
def _environment() -> Environment:
    from jinja2 import Environment, nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class Generation(Extension):
        """`{% generation %}`: marks what the assistant said; its body is rendered as it stands."""

        tags = frozenset({"generation"})  # type: ignore[assignment]

        def parse(self, parser: Parser) -> Node:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    # Autoescape and loaders do not matter to a parser.
    extensions: list[str | type[Extension]] = ["jinja2.ext.loopcontrols", "jinja2.ext.do", Generation]
    return Environment(extensions=extensions, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
