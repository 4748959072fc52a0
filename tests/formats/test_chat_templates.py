"""Where chat templates stand: files of their own, configurations, keys of many shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.samples.vetting import reads, report_on, rules_on, verdict_on

from weighmaster.formats import chat_template, tokenizer_config
from weighmaster.model.fact import Template

HONEST = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
ESCAPE = HONEST + "{{ lipsum.__globals__ }}"


def _names(document: Any) -> list[str]:
    return [
        read.name
        for read in reads(tokenizer_config.FORMAT, json.dumps(document).encode())[0]
        if isinstance(read, Template)
    ]


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"chat_template": HONEST}, ["chat_template"]),
        ({"chat_template": [{"name": "default", "template": HONEST}, {"name": "rag", "template": HONEST}]},
         ["chat_template.default", "chat_template.rag"]),
        ({"chat_template": {"default": HONEST, "rag": HONEST}}, ["chat_template.default", "chat_template.rag"]),
        ({"processor": {"deep": [{"chat_template": HONEST}]}}, ["chat_template"]),
        ({"prompt_template": {"template": HONEST}}, ["prompt_template.template"]),
        ({"template": "{{#if x}} a mustache {{/if}}"}, []),
        ({"template": "plain words"}, []),
        ({"chat_template": None}, []),
        ({"chat_template": 5, "other": []}, []),
    ],
)  # fmt: skip
def test_templates_are_found_in_all_shapes(document: Any, names: list[str]) -> None:
    assert _names(document) == names
    assert verdict_on(json.dumps(document).encode(), "tokenizer_config.json") == "allow"


@pytest.mark.parametrize(
    "document",
    [
        {"chat_template": ESCAPE},
        {"chat_template": [{"name": "default", "template": HONEST}, {"name": "x", "template": ESCAPE}]},
        {"chat_template": {"default": HONEST, "x": ESCAPE}},
        {"a": [{"b": {"chat_template": ESCAPE}}]},
        [{"chat_template": ESCAPE}],
    ],
)
@pytest.mark.parametrize("name", ["tokenizer_config.json", "processor_config.json", "chat_template.json", "x.bin"])
def test_a_hostile_template_is_blocked_wherever_it_stands(document: Any, name: str) -> None:
    assert verdict_on(json.dumps(document).encode(), name) == "block"


def test_escapes_of_json_hide_nothing() -> None:
    key = "".join(f"\\u{ord(c):04x}" for c in "chat_template")
    value = "".join(f"\\u{ord(c):04x}" for c in ESCAPE)
    assert verdict_on(f'{{"{key}": "{value}"}}'.encode(), "tokenizer_config.json") == "block"


def test_the_second_of_two_equal_keys_counts() -> None:
    text = json.dumps(HONEST)
    data = f'{{"chat_template": {text}, "chat_template": {json.dumps(ESCAPE)}}}'.encode()
    assert verdict_on(data, "tokenizer_config.json") == "block"


@pytest.mark.parametrize("name", ["chat_template.jinja", "additional_chat_templates/rag.jinja", "template.txt", "x"])
def test_a_template_is_a_file_of_its_own_under_any_name(name: str) -> None:
    assert "chat-template" in report_on(HONEST.encode(), name).artifacts[0].formats
    assert verdict_on(HONEST.encode(), name) == "allow"
    assert verdict_on(ESCAPE.encode(), name) == "block"
    assert verdict_on(b"\xef\xbb\xbf" + ESCAPE.encode(), name) == "block"


def test_a_long_comment_in_front_hides_nothing() -> None:
    text = "{# " + "words " * 2000 + "#}" + ESCAPE
    assert verdict_on(text.encode(), "chat_template.jinja") == "block"
    assert verdict_on(("words " * 2000 + ESCAPE + HONEST).encode(), "chat_template.jinja") == "block"


@pytest.mark.parametrize(
    "text",
    [
        "# A model card\n\nUse `{{ messages }}` in a template, or {% for message in messages %}.\n",
        'apiVersion: v1\nname: {{ .Values.name }}\nmessages: {{ include "x" . }}\n',
        "on: push\nenv:\n  X: ${{ secrets.messages }}\n",
        "words about messages and {braces}\n",
        "{{ .System }}{{ range .Messages }}{{ .Content }} messages {{ end }}",
        'import jinja2\n\nT = "{% for m in messages %}{{ m }}{% endfor %}"\n',
    ],
)
def test_text_about_templates_is_no_template(text: str) -> None:
    assert not [read for read in reads(chat_template.FORMAT, text.encode())[0] if isinstance(read, Template)] or (
        "chat-template" not in report_on(text.encode(), "README.md").artifacts[0].formats
    )
    assert verdict_on(text.encode(), "README.md") == "allow"


@pytest.mark.parametrize(
    "start", ["from now on, ", "# ", "<!-- x -->", "---\n", '{"a": 1} ', "<|im_start|>", "[INST] ", "{{ '{{ .' }}"]
)
def test_no_beginning_hides_a_template_that_is_named_as_one(start: str) -> None:
    assert verdict_on((start + ESCAPE).encode(), "chat_template.jinja") == "block"


def test_a_broken_template_is_not_let_through() -> None:
    assert "template-unread" in rules_on(b"{% for m in messages %}{{ m }}", "chat_template.jinja")
    assert verdict_on(b"{% for m in messages %}{{ m }}", "chat_template.jinja") == "review"


def test_what_is_too_long_is_not_read() -> None:
    assert not [
        read for read in reads(chat_template.FORMAT, b"{{ messages }}" * 400_000)[0] if isinstance(read, Template)
    ]
    assert verdict_on(b"a line\n" * 1_000_000 + b"{{ messages.__class__ }}", "chat_template.jinja") == "review"


def test_a_template_stands_wherever_it_likes_in_a_text() -> None:
    text = b"a line\n" * 20_000 + b"{{ cycler.__init__.__globals__.os.getcwd() }}" + b"a line\n" * 20_000
    assert "template-escapes" in rules_on(text, "chat_template.jinja")


_BESIDE = " for messages of tools, __version__ and self"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{{py:\nx = 1\n}}\ncdef class A:\n    def __init__(self): pass\n", "_a.pyx.tp"),
        ("std::map<int, int> a = {{ one, 2}, {x, 4}};" + _BESIDE, "array"),
        ("@misc{a, title = {{PEFT}: adapters}, year = 2024}" + _BESIDE, "CITATION.bib"),
        ("void f(self) {{\n  x = {{a: 1}};\n}}" + _BESIDE, "kernel_template.cpp"),
        ("{% for x in self %}{% joined %}<p>{% endjoined %}{% endfor %}", "page.html"),
        ("<b>{{ __version__ }}</b>{% if self %}a{% endif %} {{ __url__ }}", "page.html"),
    ],
)
def test_braces_of_other_languages_are_no_templates(text: str, name: str) -> None:
    assert verdict_on(text.encode(), name) == "allow"


@pytest.mark.parametrize("name", ["chat_template.jinja", "notes", "a.tp"])
@pytest.mark.parametrize(
    "text", [HONEST + "{% unheard_of %}{% endunheard_of %}", "{{ __builtins__ }}{{ messages }}", ESCAPE]
)
def test_what_a_renderer_could_take_is_never_allowed_unread(text: str, name: str) -> None:
    assert verdict_on(text.encode(), name) != "allow"
