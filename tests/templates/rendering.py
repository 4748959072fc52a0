"""Renders templates as those who use them do: in a sandbox, as transformers does, and without one, as others did.

Run as `python -m tests.templates.rendering` it reads jobs (a JSON list of template, messages) and answers with what a
plain environment rendered, one JSON text a job. That process is thrown away.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import jinja2
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

PATIENCE = 60
QUESTION = "What is the weather like?"
PLAIN = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": QUESTION}]
ANSWERED = [
    *PLAIN,
    {"role": "assistant", "content": "<think>\nhm\n</think>\nFine."},
    {"role": "user", "content": "Ok /no_think"},
]
PARTS = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Tells the weather",
            "parameters": {"type": "object", "properties": {"place": {"type": "string", "description": "where"}}},
        },
    }
]
CALLED = [
    *PLAIN,
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "abcdefghi", "function": {"name": "weather", "arguments": {"place": "Ulm"}}}],
    },
    {"role": "tool", "content": "sunny", "tool_call_id": "abcdefghi", "name": "weather"},
]


class _Generation(Extension):
    tags = frozenset({"generation"})  # type: ignore[assignment]

    def parse(self, parser: Any) -> Any:
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


def environment(kind: type[jinja2.Environment]) -> jinja2.Environment:
    """Return an environment with what transformers offers to templates."""

    def raise_exception(message: str) -> None:
        raise jinja2.TemplateError(message)

    extensions: list[Any] = [_Generation, "jinja2.ext.loopcontrols", "jinja2.ext.do"]
    made = kind(trim_blocks=True, lstrip_blocks=True, extensions=extensions)
    made.filters["tojson"] = lambda x, indent=None, separators=None, **_: json.dumps(
        x, indent=indent, separators=separators
    )
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda form: datetime(2026, 1, 2).strftime(form)  # noqa: DTZ001
    return made


def render(template: str, messages: list[Any], kind: type[jinja2.Environment], **more: Any) -> str:
    """Return what an environment makes of a template."""
    given = {"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True, **more}
    return environment(kind).from_string(template).render(messages=messages, **given)


def sandboxed(template: str) -> list[str]:
    """Return what the sandbox renders for those of a few conversations that the template is made for."""
    found = []
    for messages, more in (
        (PLAIN, {}),
        (ANSWERED, {"enable_thinking": False}),
        (PARTS, {}),
        (PLAIN, {"tools": TOOLS}),
        (CALLED, {"tools": TOOLS}),
    ):
        try:
            found.append(render(template, messages, ImmutableSandboxedEnvironment, **more))
        except jinja2.TemplateError:
            continue  # It says itself that it is not made for this.
        except TypeError:
            continue  # Made for text, given parts; or the other way round.
    return found


def main() -> None:
    """Render jobs without a sandbox."""
    for template, messages in json.load(sys.stdin):
        try:
            said = render(template, messages, jinja2.Environment)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the answer
            said = f"{type(error).__name__}: {error}"
        sys.stdout.write(json.dumps(said[:5000]) + "\n")


if __name__ == "__main__":
    main()
