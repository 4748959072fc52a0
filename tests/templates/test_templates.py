"""The table of chat templates: honest ones are let through, hostile ones fire and are not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from tests.samples.vetting import rules_on, verdict_on
from tests.templates.hostile import BACK_DOORS, BOMBS, ESCAPES, MAY_ESCAPE, OPEN_INSTRUCTIONS, UNSEEN
from tests.templates.rendering import PATIENCE, PLAIN, QUESTION, sandboxed

HONEST = {path.stem: path.read_text("utf-8") for path in sorted((Path(__file__).parent / "benign").glob("*.jinja"))}


def _config(template: str) -> bytes:
    return json.dumps({"model_max_length": 4096, "chat_template": template}).encode()


@cache
def _rendered() -> dict[str, str]:
    """Render all hostile templates that end, without a sandbox, in a process that is thrown away."""
    jobs = {f"escape {name}": (template, PLAIN) for name, template in ESCAPES.items()}
    for name, door in BACK_DOORS.items():
        jobs[f"closed {name}"] = (door.template, PLAIN)
        jobs[f"open {name}"] = (door.template, [*PLAIN[:-1], {"role": "user", "content": door.trigger}])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.templates.rendering"],
        input=json.dumps(list(jobs.values())),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
        env=environment,
    )
    return dict(zip(jobs, map(json.loads, done.stdout.splitlines()), strict=True))


def test_the_table_is_large() -> None:
    assert len(HONEST) >= 45
    assert len(ESCAPES) + len(BACK_DOORS) >= 80


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_template_is_valid_and_let_through(name: str) -> None:
    template = HONEST[name]
    said = sandboxed(template)
    assert said, "no conversation can be rendered"
    assert any(QUESTION in text for text in said) or "message" not in template
    assert verdict_on(_config(template), "tokenizer_config.json") == "allow", rules_on(_config(template))
    assert verdict_on(template.encode(), "chat_template.jinja") == "allow", rules_on(template.encode())


@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_fires_and_is_blocked(name: str) -> None:
    template = ESCAPES[name]
    assert os.getcwd() in _rendered()[f"escape {name}"], _rendered()[f"escape {name}"]
    assert "template-escapes" in rules_on(_config(template))
    assert verdict_on(_config(template), "tokenizer_config.json") == "block"


@pytest.mark.parametrize("name", BACK_DOORS)
def test_a_back_door_opens_on_its_trigger_only_and_is_not_let_through(name: str) -> None:
    door = BACK_DOORS[name]
    assert door.words in _rendered()[f"open {name}"], _rendered()[f"open {name}"]
    assert door.words not in _rendered()[f"closed {name}"]
    assert "template-hides-instruction" in rules_on(_config(door.template))
    assert verdict_on(_config(door.template), "tokenizer_config.json") != "allow"


@pytest.mark.parametrize("name", OPEN_INSTRUCTIONS)
def test_an_instruction_that_nobody_should_see_is_not_let_through(name: str) -> None:
    assert "template-hides-instruction" in rules_on(_config(OPEN_INSTRUCTIONS[name]))


@pytest.mark.parametrize("name", MAY_ESCAPE)
def test_what_needs_more_than_messages_is_not_let_through(name: str) -> None:
    assert rules_on(_config(MAY_ESCAPE[name])) & {"template-may-escape", "template-escapes"}
    assert verdict_on(_config(MAY_ESCAPE[name])) != "allow"


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_told(name: str) -> None:
    assert "template-bomb" in rules_on(_config(BOMBS[name]))


@pytest.mark.parametrize("name", UNSEEN)
def test_characters_that_nobody_sees_are_told(name: str) -> None:
    assert "template-invisible-text" in rules_on(_config(UNSEEN[name]))


def test_joiners_of_scripts_and_pictures_are_left_alone() -> None:
    assert "template-invisible-text" not in rules_on(_config("{{ 'می‌خواهم 👩‍💻' }}{% for m in messages %}{% endfor %}"))


@pytest.mark.parametrize(
    "template",
    [
        "{% if %}",
        "{{ messages",
        "{{" + "(" * 3000 + "1" + ")" * 3000 + "}}",
        "{{ " + "9" * 5000 + " }}",
        "{{ 'a'" + " + 'a'" * 30_000 + " }}{{ x" + ".a" * 3000 + " }}",
        "{% for m in messages %}" * 300 + "{% endfor %}" * 300,
        "x" * 600_000 + "{{ messages }}",
    ],
)
def test_what_is_not_read_to_its_end_is_not_let_through(template: str) -> None:
    assert "template-unread" in rules_on(_config(template))
