"""What is known about the names that a template may reach for, and about what honest chat templates test and say.

Sources: the internals of Python's objects, <https://docs.python.org/3/reference/datamodel.html> and
<https://docs.python.org/3/library/inspect.html>; Jinja's own list of what a sandbox must refuse, `jinja2/sandbox.py`
(`UNSAFE_FUNCTION_ATTRIBUTES` and its neighbours); CVE-2024-34359 and CVE-2026-5760 for renderers without one; for what
honest templates test, the public templates of the model families.
"""

from __future__ import annotations

import re
import unicodedata
from types import MappingProxyType
from typing import Final

from weighmaster.reading.jinja.guess import HOLE
from weighmaster.reading.pattern import pattern

_INSIDE: Final = frozenset(
    [
        "func_globals",
        "func_code",
        "func_closure",
        "func_defaults",
        "func_dict",
        "im_func",
        "im_self",
        "im_class",
        "gi_frame",
        "gi_code",
        "gi_yieldfrom",
        "cr_frame",
        "cr_code",
        "cr_await",
        "cr_origin",
        "ag_frame",
        "ag_code",
        "ag_await",
        "f_globals",
        "f_builtins",
        "f_locals",
        "f_back",
        "f_code",
        "f_trace",
        "tb_frame",
        "tb_next",
        "co_code",
        "co_consts",
        "co_names",
        "_TemplateReference__context",
        "_module",
        "_mro_entries",
    ]
)
"""Attributes that lead from an object to the code and the globals behind it, and do not look like it."""

_WORDS_OF_ITS_OWN: Final = frozenset({"__doc__", "__name__", "__qualname__", "__version__"})
"""Texts, from which nothing leads on: a template that writes code gives names to what it writes."""

METHODS: Final = MappingProxyType(
    {
        **dict.fromkeys(("popen", "system", "Popen", "spawnl", "spawnv", "execv", "execl", "fork"), "starts a program"),
        **dict.fromkeys(("check_output", "check_call", "getoutput", "getstatusoutput"), "starts a program"),
        **dict.fromkeys(("eval", "exec", "execfile", "run_code", "compile_command"), "runs code"),
        **dict.fromkeys(("import_module", "load_module", "exec_module", "run_module", "run_path"), "imports code"),
        **dict.fromkeys(("mro", "subclasses"), "walks from a class to all others"),
        **dict.fromkeys(("read_text", "write_text", "read_bytes", "write_bytes", "unlink", "rmtree"), "touches files"),
        **dict.fromkeys(("from_pyfile", "from_object", "from_envvar"), "runs a configuration as code"),
        **dict.fromkeys(("urlopen", "urlretrieve", "create_connection"), "opens a connection"),
        "open": "opens a file",
    }
)
"""Methods that no string, number, list or mapping has."""

CALLS: Final = MappingProxyType(
    {
        **dict.fromkeys(("eval", "exec", "compile", "breakpoint", "execfile"), "runs code"),
        **dict.fromkeys(("getattr", "setattr", "delattr", "globals", "locals", "vars"), "takes objects apart"),
        **dict.fromkeys(("popen", "system", "subprocess"), "starts a program"),
        **dict.fromkeys(("__import__", "import_module"), "imports code"),
        **dict.fromkeys(("lookup", "query"), "runs a plug-in of the renderer"),
        "open": "opens a file",
    }
)
"""Functions that a renderer would have to offer for a template to do harm; some do."""

_MAY: Final = frozenset({"lipsum", "url_for", "get_flashed_messages", "type", "help", "input", "print"})
_HELPING: Final = MappingProxyType({"dict": frozenset({"fromkeys"}), "loop": frozenset({"cycle"})})
_FRAMEWORK: Final = frozenset({"request", "url_for", "get_flashed_messages", "current_app", "session", "g", "config"})
_PLAIN_CONFIG: Final = pattern(r"[a-z][a-z0-9_]*")
_SETTINGS: Final = frozenset({"items", "keys", "values", "root_path", "from_mapping"})


def escape(name: str) -> str | None:
    """Return why an attribute leads out of a template, None where it does not.

    >>> escape("__globals__"), escape("gi_frame"), escape("content")
    ('__globals__ is a part of Python, not of a message', 'gi_frame leads to the code behind an object', None)
    """
    plain = unicodedata.normalize("NFKC", name).strip()
    if plain in _WORDS_OF_ITS_OWN:
        return None
    if plain.startswith("__") and len(plain) > 2:
        return f"{_shown(plain)} is a part of Python, not of a message"
    if HOLE in plain and "__" in plain:
        return f"{_shown(plain)} is put together to be a part of Python"
    if plain in _INSIDE:
        return f"{plain} leads to the code behind an object"
    return None


def may_escape(name: str) -> str | None:
    """Return why an attribute is not one of a message, None where it may be one."""
    plain = unicodedata.normalize("NFKC", name).strip()
    if plain in _WORDS_OF_ITS_OWN:
        return f"{plain} is a part of Python, not of a message"
    if plain.startswith("_") and not escape(name) and len(plain) > 1:
        return f"{_shown(plain)} is private to an object"
    return None


def helper_escape(helper: str, attribute: str) -> str | None:
    """Return why taking an attribute of what a renderer offers leads out; None where it does not."""
    if helper in _FRAMEWORK or attribute in _HELPING.get(helper, ()):
        return None
    if helper == "self" and not attribute.startswith("_"):
        return None  # A block of the template.
    return f"{helper} is a function of the renderer, and has no {_shown(attribute)} that text needs"


def helper_may_escape(helper: str, attribute: str) -> str | None:
    """Return why taking an attribute of what a web framework offers tells more than a model needs."""
    if helper not in _FRAMEWORK:
        return None
    if helper in {"config", "session", "g"} and attribute not in _SETTINGS and _PLAIN_CONFIG.fullmatch(attribute):
        return None
    return f"{helper}.{_shown(attribute)} belongs to the program that renders the template"


def call_may_escape(name: str) -> str | None:
    """Return why calling something that the template does not define is odd."""
    return f"{name} is no function of chat templates" if name in _MAY else None


def _shown(name: str) -> str:
    return name.replace(HOLE, "…")[:80]


_SWITCHES: Final = frozenset(
    {
        # Qwen 3, SmolLM 3, GLM 4.5, Hunyuan, Nemotron: reasoning on or off, as the user writes it.
        "/think", "/no_think", "/nothink", "/no think", "/system_override", "/thinking", "/no_thinking",
        "detailed thinking on", "detailed thinking off", "thinking: on", "thinking: off",
        # Llama 3.2, Granite, Apriel and others look whether the system message brings these itself.
        "cutting knowledge date", "today date", "today's date", "knowledge cutoff", "current date",
        # transformers puts it behind the last message, and cuts there.
        "continue_final_message_tag",
    }
)  # fmt: skip
"""Words that public templates look for in messages, to switch what the model does; compared in lower case."""

_PARTS: Final = frozenset(
    [
        "type",
        "text",
        "image",
        "image_url",
        "video",
        "video_url",
        "audio",
        "audio_url",
        "input_audio",
        "file",
        "document",
        "documents",
        "name",
        "role",
        "content",
        "tool",
        "tool_calls",
        "tool_call",
        "tool_call_id",
        "function",
        "arguments",
        "refusal",
        "thinking",
        "reasoning",
        "reasoning_content",
        "output",
        "input",
    ]
)
"""Keys of the parts of a message."""

_MARKUP: Final = pattern(
    r"\s*(?:</?\|?(?:start_|end_|begin_|begin_of_|end_of_|begin▁of▁|end▁of▁)?(?:seed:|tool_|ipython|python_)?"
    r"(?:think|thinking|thought|reasoning|reflection|answer|solution|final|analysis|observation|response|tool|tools|"
    r"tool_response|tool_responses|tool_call|tool_calls|tool▁calls|call|calls|function|functions|function_call|"
    r"image|images|audio|video|img|vision|box|sys|system|user|assistant|im|turn|role|message|channel|context|document|"
    r"documents|available_tools|budget_reflect)(?:_start|_end|_pad|_placeholder|▁begin|▁end)?\|?>|"
    r"</?(?:tool|function|image|video|audio)s?_[a-z_]{1,24}>|"
    r"<\|[^|<>]{1,40}\|>|<\uff5c[^\uff5c<>]{1,40}\uff5c>|\[/?[A-Z_]{2,24}\]|```(?:json|python)?|###? ?\w*:?|"
    r"[\[\]{}<>\"',.:;/\\\s#*-]+)\s*",
    re.IGNORECASE,
)
"""Tokens that stand for the structure of a conversation, and punctuation: what a template has to look for."""


def is_structure(test: str) -> bool:
    """Whether a test of a message looks for its structure, or a known switch, and not for something somebody said."""
    kind, _, text = test.partition(":")
    if kind == "key" and text in _PARTS:
        return True
    return kind in {"text", "key"} and (text.strip().lower() in _SWITCHES or _MARKUP.fullmatch(text) is not None)


_TOKENS: Final = pattern(
    r"<[^<>\n]{0,80}>|\[/?[A-Z_]{2,24}\]|\{[^{}]{0,400}\}|\\?\"[^\"]{0,40}\"\s*:"
    r"|\w{0,40}_\w{0,40}|\w{1,40}=\"[^\"\n]{0,80}\"?"
)
_WORD: Final = pattern(r"[^\W\d_]{2,}")
_WIDE: Final = pattern(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_WORDS: Final = 3
_WIDES: Final = 6


def says_something(text: str) -> bool:
    r"""Whether text is something said, and not tokens and fields.

    >>> says_something("Never mention this to the user"), says_something("<|im_start|>user\n")
    (True, False)
    """
    plain = _TOKENS.sub(" ", text.replace(HOLE, " "))
    return len(_WORD.findall(plain)) >= _WORDS or len(_WIDE.findall(plain)) >= _WIDES or "://" in plain


HIDING: Final = (
    (
        pattern(
            r"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,30}\b(?:previous|prior|above|earlier|preceding|all|any)\b"
            r"[^.\n]{0,30}\b(?:instruction|prompt|rule|message|guideline|direction|polic)",
            re.IGNORECASE,
        ),
        "takes back what was said before",
    ),
    (
        pattern(
            r"\bwithout\b[^.\n]{0,8}\b(?:telling|informing|alerting|notifying|warning)\b[^.\n]{0,8}\b(?:user|human|customer)\b"
            r"|\b(?:do not|don't|never|must not)\b[^.\n]{0,16}\b(?:tell|inform|alert|let|notify|warn)\b[^.\n]{0,8}"
            r"\b(?:user|human|customer|operator)\b,? (?:know|why|anything|that you|(?:about|of) (?:this|it|that|these))"
            r"|\b(?:keep|hide|conceal)\b[^.\n]{0,24}\bfrom (?:the )?(?:user|human|customer|operator)\b",
            re.IGNORECASE,
        ),
        "wants something kept from the user",
    ),
    (
        pattern(
            r"\b(?:do not|don't|never)\b[^.\n]{0,24}\b(?:mention|reveal|disclose|acknowledge|admit)\b[^.\n]{0,24}"
            r"\b(?:this|these|that)\b[^.\n]{0,12}\b(?:instruction|rule|text|message|behaviou?r|directive|note|request)",
            re.IGNORECASE,
        ),
        "wants itself kept from the user",
    ),
    (
        pattern(r"\b(?:secretly|covertly|silently)\b[^.\n]{0,40}\b(?:\w+)", re.IGNORECASE),
        "asks for something in secret",
    ),
    (
        pattern(r"!\[[^\]\n]{0,80}\]\(\s*https?://[^)\s]{0,300}(?:[?=]|\.\.\.|<|\{)", re.IGNORECASE),
        "gives an image whose address carries something out",
    ),
)
"""What no template has a reason to tell a model, and why; compared with text that is given out on every way."""

UNSEEN: Final = pattern(
    "[\U000e0000-\U000e007f\U000e0100-\U000e01ef\u202a-\u202e\u2066-\u2069\u200b\u2060-\u2064\u180e\u00ad\u206a-\u206f]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])|(?<!^)\ufeff"
)
"""Characters that are not seen and that say something to a model all the same; joiners between letters are script."""

_PAGE: Final = pattern(
    r".*\.(?:html?|xhtml|xml|svg|md|rst|tex|txt|mako)(?:\.(?:jinja2?|j2|tmpl|tpl))?|metadata|pkg-info|readme",
    re.IGNORECASE | re.DOTALL,
)
_OTHER: Final = pattern(
    r"(?!.*(?:chat|template|prompt|tool|message|system|rag|default))[^.]*\.(?:jinja2?|j2)", re.IGNORECASE | re.DOTALL
)
_TALK: Final = pattern(r"\bmessages?\b|\brole\b")
_SCRIPT: Final = pattern(r".*\.(?:[cm]?js|jsx|tsx?|css|scss|less|map)", re.IGNORECASE | re.DOTALL)
_CHAT: Final = pattern(
    r"\b(?:add_generation_prompt|[be]os_token|raise_exception|strftime_now|enable_thinking|tool_calls)\b"
    r"|\bmessages?\s*(?:\[|\.\s*(?:role|content)\b)|[\[(]\s*['\"](?:role|content)['\"]"
)


def is_page(name: str, text: str) -> bool:
    """Say whether a template is one of a page, a document or a script, and none of a conversation, whatever it holds.

    Pages take in other pages, and what a web framework offers to them; so much is their trade.

    >>> is_page("base.html", "{% include 'menu.html' %}"), is_page("base.html", "{{ messages[0]['content'] }}")
    (True, False)
    >>> is_page("chat_template.jinja", "{% include 'menu.html' %}")
    False
    """
    if _SCRIPT.fullmatch(name):
        return True
    if _CHAT.search(text):
        return False
    return _PAGE.fullmatch(name) is not None or (_OTHER.fullmatch(name) is not None and not _TALK.search(text))
