"""What other samples do, in another spelling or another place: encodings, references, texts around it."""

from __future__ import annotations

import io
import json
import zipfile
from functools import partial
from typing import Final

from tests.samples.sample import COMMAND, SYSTEM, TOKEN, URL, Event, Table
from tests.samples.whole.sundry import node, text_node

_TABLE = Table("spelled")
SAMPLES = _TABLE.samples
_raw = _TABLE.raw

_BROWSER: Final = Event("webbrowser.open", TOKEN)
_HYDRA: Final = {"loader": "hydra", "file": "config.yaml", "needs": ("hydra",)}
_RESOLVED: Final = {"loader": "omegaconf-eval", "file": "config.yaml", "needs": ("omegaconf",)}
_SKOPS: Final = {"loader": "skops-trusted", "file": "model.skops", "needs": ("skops",)}

_OPENS: Final = f"url: '{URL}'"
for _what, _text in {
    "a mapping that a resolver makes": f"a: {URL}\nm: '${{oc.create:{{_target_:webbrowser.open,url:${{a}}}}}}'",
    "a mapping made of a text": (
        f"s: '{{_target_: webbrowser.open, url: \"{URL}\"}}'\n" + "m: '${oc.create:${oc.decode:${s}}}'"
    ),
    "a name that is selected": f"p: webbrowser.open\nm: {{_target_: '${{oc.select:p}}', {_OPENS}}}",
    "a name selected in default of another": f"m: {{_target_: '${{oc.select:p,webbrowser.open}}', {_OPENS}}}",
    "a name in default of a variable": f"m: {{_target_: '${{oc.env:NOT_SET,webbrowser.open}}', {_OPENS}}}",
    "a name that is decoded": f"m:\n  _target_: \"${{oc.decode:'webbrowser.open'}}\"\n  {_OPENS}",
}.items():
    _raw(f"hydra, {_what}", _text.encode(), _BROWSER, **_HYDRA)

_CALL: Final = f"__import__('os').system('{COMMAND}')"
for _what, _config in {
    "elsewhere": {"a": _CALL, "x": "${eval:${a}}"},
    "in two parts": {"a": _CALL[:16], "b": _CALL[16:], "x": "${eval:${a}${b}}"},
    "beside a number": {"n": 4, "a": _CALL, "x": "${eval:'${n} + ${a}'}"},
    "with braces in it": {"x": '${eval:"(' + _CALL + ', {})"}'},
}.items():
    _raw(f"omegaconf, evaluated from {_what}", json.dumps(_config).encode(), SYSTEM, **_RESOLVED)


def _skops(encoding: str) -> bytes:
    arguments = node("TupleNode", "builtins", "tuple", content=[text_node(COMMAND)])
    schema = node("ConstructorFromReduceNode", "posix", "system", content=arguments)
    text = json.dumps(schema | {"protocol": 2, "_skops_version": "0.16.0"})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("schema.json", text.encode(encoding))
    return stream.getvalue()


for _encoding in ("utf-16", "utf-16-be", "utf-32-le"):
    _raw(f"skops, a schema in {_encoding}", partial(_skops, _encoding), SYSTEM, **_SKOPS)
