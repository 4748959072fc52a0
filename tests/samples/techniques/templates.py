"""Chat templates that escape or say something in secret: in GGUF, in tokenizers' settings, in files of their own."""

from __future__ import annotations

import json

from tests.samples.ggufs import TEXT, gguf_of
from tests.samples.sample import COMMAND, SYSTEM, After, Table, Unproven
from tests.templates.hostile import BACK_DOORS, BOMBS, ESCAPES

_TABLE = Table("template")
SAMPLES = _TABLE.samples

_GGUF = {"loader": "gguf-template", "file": "model.gguf", "needs": ("gguf", "jinja2")}
_JSON = {"loader": "json-template", "file": "tokenizer_config.json", "needs": ("jinja2",)}
_FILE = {"loader": "jinja-template", "file": "chat_template.jinja", "needs": ("jinja2",)}


def _gguf(template: str, trigger: str = "hello", key: str = "tokenizer.chat_template") -> bytes:
    keys = [("general.architecture", TEXT, "llama"), ("test.trigger", TEXT, trigger), (key, TEXT, template)]
    return gguf_of(keys)


_FIRING = {
    name: template.replace("os.getcwd()", f"os.system('{COMMAND}')").replace(
        "['os'].getcwd()", f"['os'].system('{COMMAND}')"
    )
    for name, template in ESCAPES.items()
}
_FIRING = {name: template for name, template in _FIRING.items() if "weighmaster_fired" in template}

for _number, (_name, _template) in enumerate(sorted(_FIRING.items())):
    # Each fires without a sandbox in `tests.templates`; here they are in the files that bring them.
    if _number % 2 == 0:
        _TABLE.raw(f"GGUF, {_name}", _gguf(_template), SYSTEM, **_GGUF)
    if _number % 4 == 1:
        _configuration = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": _template}
        _TABLE.raw(f"tokenizer configuration, {_name}", json.dumps(_configuration).encode(), SYSTEM, **_JSON)
    if _number % 4 == 3:
        _TABLE.raw(f"file of its own, {_name}", _template.encode(), SYSTEM, **_FILE)

_PLAIN = _FIRING["cycler"]
_TABLE.raw("GGUF, a second named template", _gguf(_PLAIN, key="tokenizer.chat_template.tool_use"), SYSTEM, **_GGUF)
_TABLE.raw(
    "GGUF, big endian",
    gguf_of([("tokenizer.chat_template", TEXT, _PLAIN)], order=">"),
    SYSTEM,
    **_GGUF,
)
_TABLE.raw("GGUF, version 2", gguf_of([("tokenizer.chat_template", TEXT, _PLAIN)], version=2), SYSTEM, **_GGUF)
_TABLE.raw("GGUF named as something else", _gguf(_PLAIN), SYSTEM, **{**_GGUF, "file": "pytorch_model.bin"})
_TABLE.raw(
    "tokenizer configuration, the second of several templates",
    json.dumps(
        {"chat_template": [{"name": "default", "template": "{{ 1 }}"}, {"name": "rag", "template": _PLAIN}]}
    ).encode(),
    SYSTEM,
    **_JSON,
)
_TABLE.raw(
    "tokenizer configuration, keys in escapes",
    ('{"chat\\u005ftemplate": ' + json.dumps(_PLAIN) + "}").encode(),
    SYSTEM,
    **_JSON,
)

for _name, _door in BACK_DOORS.items():
    _TABLE.raw(
        f"back door, {_name}",
        _gguf(_door.template, _door.trigger),
        After(f"{_door.words!r} in result"),
        expected="review",
        **_GGUF,
    )

for _name, _template in list(BOMBS.items())[:2]:
    reason = Unproven("it takes all the time and memory there is: that is what it is for")
    _TABLE.raw(f"bomb, {_name}", _gguf(_template), reason, expected="review", **_GGUF)
