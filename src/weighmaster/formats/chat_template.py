"""Chat templates as files of their own, `chat_template.jinja`: text with Jinja's tags that says something of messages.

A template has no magic number. It is claimed by what it is: tags of Jinja, and the names that a chat template cannot do
without. Whether it parses is not asked, or else a template that one renderer takes and ours does not would be unread.

Specification: <https://huggingface.co/docs/transformers/chat_templating_writing>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Template
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.document import may_be
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 4 << 20
_TAG: Final = pattern(
    rb"\{%[-+]?\s*(?:if|for|set|macro|block|generation|raw|with|filter|call|include|import|from|extends|do)\b"
    rb"|\{\{[-+]?\s*[\w(\[{'\"]"
)
_ABOUT: Final = pattern(
    rb"\b(?:messages|message|bos_token|eos_token|add_generation_prompt|raise_exception|loop\.(?:first|last|index0?)"
    rb"|strftime_now|enable_thinking|tools|conversation|cycler|namespace|lipsum|self)\b|__\w+__|\|\s*attr\b"
)
_HELM: Final = pattern(rb"\{\{-?\s*(?:\.|template\b|include\b|define\b|\$)|\$\{\{")
"""Templates of Go (Helm, Ollama) and expressions of GitHub's workflows use the same braces."""


def _matches(glance: Glance) -> bool:
    head = glance.head
    if (
        b"\0" in head
        or glance.size > _LONGEST
        or (may_be(head) and not head.lstrip().startswith((b"{%", b"{{", b"{#")))
    ):
        return False
    text = head if glance.size <= len(head) else glance.source.read_at(0, glance.size)
    if b"\0" in text or not _TAG.search(text) or not _ABOUT.search(text):
        return False
    return not _HELM.search(text) and _begins(text)


def _begins(text: bytes) -> bool:
    """Whether Jinja is what the text is, and not what it talks about: as in pages, source code and notebooks."""
    start = text.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith((b"{%", b"{{", b"{#")) or (
        text.count(b"{%") >= 2 and not start.startswith((b"#!", b"---", b"<", b"import ", b"from ", b'"""', b"# "))
    )


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    if cursor.size > _LONGEST:
        raise OverBudgetError(f"a template of {cursor.size} bytes, at most {_LONGEST} are read")
    text = cursor.take(cursor.size).decode("utf-8", "replace").removeprefix("\ufeff")
    last = where.steps[-1] if where.steps else None
    name = last.name if isinstance(last, Member) else where.root
    yield Template(where=where, engine="jinja", name=name.rpartition("/")[2], text=text)


FORMAT: Final = Format(id="chat-template", title="Chat template (Jinja)", matches=_matches, read=_read)
