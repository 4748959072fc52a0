"""Chat templates as files of their own, `chat_template.jinja`: text with Jinja's tags that says something of messages.

A template has no magic number. It is claimed by what it is: tags of Jinja, and the names that a chat template cannot do
without. Whether it parses is not asked, or else a template that one renderer takes and ours does not would be unread.

Specification: <https://huggingface.co/docs/transformers/chat_templating_writing>
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Template
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 4 << 20
_LOOKED_AT: Final = 64 << 20
"""Bytes of a text that are looked at to see whether it is a template; one so long is not read, and that is said."""
_TAG: Final = pattern(
    rb"\{%[-+]?\s*(?:if|for|set|macro|block|generation|raw|with|filter|call|include|import|from|extends|do)\b"
    rb"|\{\{[-+]?\s*[\w(\[{'\"]"
)
_ABOUT: Final = pattern(
    rb"\b(?:messages|message|bos_token|eos_token|add_generation_prompt|raise_exception|loop\.(?:first|last|index0?)"
    rb"|strftime_now|enable_thinking|tools|conversation|cycler|namespace|lipsum|self)\b|__\w+__|\|\s*attr\b"
)
_GO: Final = pattern(rb"\{\{-?\s*(?:\.|template\b|include\b|define\b|range\b|\$)|\$\{\{")
"""Templates of Go (Helm, Ollama) and expressions of GitHub's workflows use the same braces."""
_OURS: Final = pattern(rb"\{%|\{#|__\w+__|\|\s*attr\b")
"""What Go has not, and what must be read whatever it is."""
_OTHERS: Final = pattern(
    rb"#!|---|# |import |from |\"\"\"|\{[\s\"]|\[[\s\"{]|<(?:[!?]|html|head|body|div|svg|script|xml|p>|a )",
    re.IGNORECASE,
)
"""How pages, source code, front matter and JSON begin."""
_STATEMENT: Final = pattern(rb"\{%[-+]?\s*(?:if|for|set|macro)\b")
_SOURCES: Final = (".py", ".pyi", ".c", ".cc", ".cpp", ".cu", ".cuh", ".h", ".hpp", ".go", ".js", ".ts", ".rs", ".java")
"""Source code of other languages, whatever else its name says."""
_PYTHON: Final = (".py", ".pyi", ".rst")
"""No renderer takes a template from these; source is full of `__name__`, and manuals show what templates must not."""
_NAMED_SO: Final = ("jinja", "jinja2", "j2")
_NAMED: Final = (*_NAMED_SO, "tmpl", "tpl", "template")
"""The last are names for templates of any language."""


def _matches(glance: Glance) -> bool:
    if b"\0" in glance.head or glance.size > _LOOKED_AT:
        return False
    text = glance.head if glance.size <= len(glance.head) else glance.source.read_at(0, glance.size)
    if b"\0" in text or not _TAG.search(text) or not _ABOUT.search(text):
        return False
    return _OURS.search(text) is not None or not _GO.search(text)


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    last = where.steps[-1] if where.steps else None
    name = (last.name if isinstance(last, Member) else where.root).rpartition("/")[2]
    if name.lower().endswith(_PYTHON):
        return
    if cursor.size > _LONGEST:
        if _is_named(name.lower()):
            raise OverBudgetError(f"a template of {cursor.size} bytes, at most {_LONGEST} are read")
        return
    raw = cursor.take(cursor.size).removeprefix(b"\xef\xbb\xbf")
    # Pages and source code that talk about templates are none, unless a loader that goes by names would take them.
    named = _is_named(name.lower())
    if not name.lower().endswith(_NAMED_SO) and not ((named or not _OTHERS.match(raw.lstrip())) and _could_be(raw)):
        return
    yield Template(where=where, engine="jinja", name=name, text=raw.decode("utf-8", "replace"))


def _is_named(name: str) -> bool:
    return name.endswith(_NAMED) or ("template" in name and not name.endswith(_SOURCES))


def _could_be(raw: bytes) -> bool:
    """Whether any renderer could take it: braces stand in C++ and in BibTeX, too, and in templates of other kinds."""
    from weighmaster.reading.jinja.parse import parsed

    if _STATEMENT.search(raw) and b"messages" in raw:
        return True
    try:
        parsed(raw.decode("utf-8", "replace"))
    except UnreadableError:
        return False
    except OverBudgetError:
        # Doubled braces alone are in any source that is long.
        return _STATEMENT.search(raw) is not None
    return True


FORMAT: Final = Format(id="chat-template", title="Chat template (Jinja)", matches=_matches, read=_read, layer=True)
