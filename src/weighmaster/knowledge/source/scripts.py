"""From what commands do (`knowledge.source.commands`) to facts: the shapes in a script, and the Python that it runs."""

from __future__ import annotations

from collections.abc import Iterator

from weighmaster.knowledge.source.commands import deeds, windows_deeds
from weighmaster.knowledge.source.source_deeds import shape_use
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Use
from weighmaster.model.where import Where


def command_uses(script: str, where: Where, when: str) -> Iterator[Use]:
    """Yield what the commands of a shell come to, and the Python that they run."""
    for deed in (*deeds(script), *windows_deeds(script)):
        if deed.shape:
            yield shape_use(where, "shell", when, deed.shape, deed.line)
        elif deed.language == "python":
            yield from _python(deed.line, where, when)


def _python(text: str, where: Where, when: str) -> Iterator[Use]:
    from weighmaster.knowledge.source.sources import Reading, glanced

    inner = Reading(where, _never, run_by=when)
    try:
        inner.read(text)
        yield from (fact for fact in inner.facts() if isinstance(fact, Use))
    except (UnreadableError, OverBudgetError):
        yield from glanced(text, where)


def _never() -> None:
    return
