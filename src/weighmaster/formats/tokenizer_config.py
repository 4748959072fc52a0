"""JSON that carries chat templates: `tokenizer_config.json`, `processor_config.json`, `chat_template.json`.

`chat_template` is a text, a list of mappings with `name` and `template`, or a mapping of names to texts; it may stand
below the top. What else such a file says is read by other formats.

Specification: <https://huggingface.co/docs/transformers/chat_templating>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Template
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import LONGEST, document, may_be
from weighmaster.reading.pattern import pattern

_KEYS: Final = frozenset({"chat_template", "chat_templates", "default_chat_template", "prompt_template", "template"})
_MARK: Final = b"template"
_ESCAPED: Final = b"\\u00"
"""A key may be spelled with escapes."""
_JINJA: Final = pattern(r"\{%-?\s*\w|\{\{-?\s*[\w(\[]")
"""Jinja, and not Mustache (`{{#if}}`), under a key that others use for templates of theirs."""
_VALUES: Final = 500_000
_TEMPLATES: Final = 1000


def _matches(glance: Glance) -> bool:
    if not may_be(glance.head) or glance.size > LONGEST:
        return False
    text = glance.head if glance.size <= len(glance.head) else glance.source.read_at(0, glance.size)
    if _MARK not in text and _ESCAPED not in text:
        return False
    return next(_templates(document(glance.source)), None) is not None


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    for count, (name, text) in enumerate(_templates(document(cursor.source))):
        if count >= _TEMPLATES:
            raise OverBudgetError(f"more than {_TEMPLATES} templates")
        yield Template(where=where, engine="jinja", name=name, text=text)


def _templates(found: Any) -> Iterator[tuple[str, str]]:
    """Yield the templates of a document with their names, wherever they stand in it."""
    waiting = [found]
    seen = 0
    while waiting and seen < _VALUES:
        value = waiting.pop()
        seen += 1
        if isinstance(value, list):
            waiting += [item for item in value if isinstance(item, (dict, list))]
        elif isinstance(value, dict):
            for key, below in value.items():
                if key in _KEYS:
                    yield from _named(key, below)
                elif isinstance(below, (dict, list)):
                    waiting.append(below)


def _named(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield what stands under a key that may hold templates."""
    match value:
        case str():
            if key.endswith("chat_template") or _JINJA.search(value):
                yield key, value
        case dict():
            for name, text in value.items():
                below = text.get("template") if isinstance(text, dict) else text
                if isinstance(below, str):
                    yield f"{key}.{name}"[:200], below
        case list():
            for entry in value:
                text = entry.get("template") if isinstance(entry, dict) else entry
                if isinstance(text, str):
                    yield f"{key}.{entry.get('name')}"[:200] if isinstance(entry, dict) else key, text
        case _:
            return


FORMAT: Final = Format(
    id="tokenizer-config", title="Tokenizer configuration with chat templates", matches=_matches, read=_read, layer=True
)
