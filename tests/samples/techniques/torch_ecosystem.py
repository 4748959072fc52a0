"""Configurations that call, exported programs, TorchScript, models for phones: what surrounds PyTorch."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache
from typing import Any, Literal

from tests.samples.flatbuffers import executorch, mobile, tflite
from tests.samples.pickles import call, name, pickle_of
from tests.samples.sample import (
    BROWSER,
    COMMAND,
    MODULE,
    OPEN,
    RUN,
    SOURCE,
    SYSTEM,
    TOKEN,
    URL,
    After,
    Event,
    Table,
    Unproven,
)
from tests.samples.zips import member, zip_of

_TABLE = Table("torch-ecosystem")
SAMPLES = _TABLE.samples
_raw = _TABLE.raw
_MORE = Table("torch-ecosystem-variant")
VARIANTS = _MORE.samples
"""Variants for which no loader is here, and which are vetted all the same: `tests/formats` does."""
_variant = _MORE.raw

_HOSTILE = pickle_of(call(name("posix", "system"), COMMAND))

# YAML.

_YAML = {"loader": "yaml", "file": "config.yaml", "needs": ("yaml",)}
_APPLY = "!!python/object/apply:os.system"
_NEWS = f"""
!!python/object/new:type
args: ["z", !!python/tuple [], {{"extend": !!python/name:exec }}]
listitems: "{SOURCE}"
"""

for _what, _text in {
    "apply": f"{_APPLY} ['{COMMAND}']",
    "apply with keywords": f"{_APPLY}\nkwds: {{command: '{COMMAND}'}}",
    "nested deep": "a:\n" + "".join(f"{'  ' * d}- b:\n" for d in range(1, 30)) + f"{'  ' * 31}{_APPLY} ['{COMMAND}']",
    "as a key": f"? {_APPLY} ['{COMMAND}']\n: 1",
    "verbatim tag": f"a: !<tag:yaml.org,2002:python/object/apply:os.system> ['{COMMAND}']",
    "escaped tag": f"a: !!p%79thon/object/apply:os.s%79stem ['{COMMAND}']",
    "tag behind a handle": f"%TAG !x! tag:yaml.org,2002:pyth\n---\na: !x!on/object/apply:os.system ['{COMMAND}']",
    "primary handle": f"%TAG ! tag:yaml.org,2002:\n---\na: !python/object/apply:os.system ['{COMMAND}']",
    "second document": f"a: 1\n---\n{_APPLY} ['{COMMAND}']",
    "before what breaks": f"{_APPLY} ['{COMMAND}']\n---\n{{broken: [",
    "subprocess": f"!!python/object/apply:subprocess.Popen [[ 'true', '{TOKEN}' ]]",
    "another name of os": f"!!python/object/apply:posix.system ['{COMMAND}']",
    "flow in JSON clothes": f'{{"a": {_APPLY} ["{COMMAND}"]}}',
    "behind comments": "# a line\n" * 9000 + f"{_APPLY} ['{COMMAND}']",
}.items():
    _fires = Event("subprocess.Popen") if "Popen" in _text else SYSTEM
    _raw(f"yaml, {_what}", _text.encode(), _fires, **_YAML)
_raw("yaml, UTF-16", f"{_APPLY} ['{COMMAND}']".encode("utf-16"), SYSTEM, **_YAML)
_raw("yaml, a class made to call exec", _NEWS.encode(), RUN, **_YAML)
_raw("yaml, a module is imported", f"a: !!python/module:{MODULE}".encode(), BROWSER, **_YAML)
_raw("yaml, named .txt", f"{_APPLY} ['{COMMAND}']".encode(), SYSTEM, loader="yaml", file="notes.txt", needs=("yaml",))

# Hydra: what the current release lets through, and what older ones did.

_HYDRA = {"loader": "hydra", "file": "config.yaml", "needs": ("hydra", "omegaconf")}
_REFUSED = Unproven("hydra-core 1.3.8 refuses the target")

for _what, _text, _fires in (
    ("webbrowser", f"m: {{_target_: webbrowser.open, url: '{URL}'}}", Event("webbrowser.open", TOKEN)),
    ("urlopen", f"m: {{_target_: urllib.request.urlopen, url: '{URL}'}}", Event("urllib.Request")),
    ("open for writing", f"m: {{_target_: builtins.open, file: {TOKEN}, mode: w}}", OPEN),
    ("positional", f"m:\n  _target_: builtins.open\n  _args_: [{TOKEN}, w]", OPEN),
    ("put together", f"x: webbrowser\nm: {{_target_: '${{x}}.open', url: '{URL}'}}", Event("webbrowser.open", TOKEN)),
    ("escaped key", f'm: {{"_t\\x61rget_": webbrowser.open, url: "{URL}"}}', Event("webbrowser.open", TOKEN)),
    (
        "nested in ordinary",
        f"_target_: builtins.dict\na: [{{_target_: webbrowser.open, url: '{URL}'}}]",
        Event("webbrowser.open", TOKEN),
    ),
):
    _raw(f"hydra, {_what}", _text.encode(), _fires, **_HYDRA)
for _target in (
    "os.system",
    "builtins.exec",
    "builtins.eval",
    "subprocess.Popen",
    "os.path.os.system",
    "timeit.timeit",
    "cProfile.run",
):
    _variant(f"hydra, {_target}", f"_target_: {_target}\n_args_: ['{COMMAND}']".encode(), _REFUSED, **_HYDRA)
_variant(
    "hydra, a method that is looked up",
    b"_target_: functools.reduce\n_args_:\n- _target_: hydra.utils.get_method\n  path: os.system\n- [true]",
    _REFUSED,
    **_HYDRA,
)
_raw(
    "omegaconf, a resolver that evaluates",
    f"""a: "${{eval:'__import__(\\"os\\").system(\\"{COMMAND}\\")'}}" """.encode(),
    SYSTEM,
    loader="omegaconf-eval",
    file="config.yaml",
    needs=("omegaconf",),
)
_raw(
    "hydra, in JSON",
    json.dumps({"m": {"_target_": "os.system", "command": COMMAND}}).encode(),
    _REFUSED,
    file="config.json",
)
_raw(
    "logging, a factory",
    json.dumps({"version": 1, "handlers": {"h": {"()": "os.system", "command": COMMAND}}}).encode(),
    SYSTEM,
    loader="logging",
    file="logging.json",
)
_raw(
    "logging, a handler's class",
    json.dumps({"version": 1, "handlers": {"h": {"class": "subprocess.Popen", "args": ["true", TOKEN]}}}).encode(),
    Event("subprocess.Popen"),
    loader="logging",
    file="logging.json",
)

for _what, _text, _needs in (
    ("hyperpyyaml, apply", f"a: !apply:os.system ['{COMMAND}']", "hyperpyyaml"),
    ("hyperpyyaml, new", f"a: !new:subprocess.Popen\n  args: [true, {TOKEN}]", "hyperpyyaml"),
    ("jsonargparse, class_path", f"m:\n  class_path: subprocess.Popen\n  init_args: {{args: {TOKEN}}}", "jsonargparse"),
    ("latent diffusion, target", f"m:\n  target: os.system\n  params: {{command: '{COMMAND}'}}", "ldm"),
    ("NeMo, target", f"nemo_version: '1'\ntarget: os.system\nm: {{_target_: os.system, command: '{COMMAND}'}}", "nemo"),
    ("monai, expression", f"imports: ['$import os']\na: \"$os.system('{COMMAND}')\"", "monai"),
):
    _variant(_what, _text.encode(), Unproven(f"{_needs} is not installed"), file="config.yaml")
_variant(
    "fiddle, pyref",
    json.dumps({"objects": {"a": {"type": {"type": "pyref", "module": "os", "name": "system"}}}}).encode(),
    Unproven("fiddle is not installed"),
    file="io.json",
)


def _nemo(members: dict[str, bytes], mode: Literal["w", "w:gz"]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for path, data in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


_CONFIG = f"target: nemo.core.ModelPT\nencoder:\n  _target_: os.system\n  command: '{COMMAND}'\n".encode()
_MODES: tuple[Literal["w"], Literal["w:gz"]] = ("w", "w:gz")
for _mode in _MODES:
    _variant(
        f"NeMo archive, {_mode}",
        _nemo({"./model_config.yaml": _CONFIG, "./model_weights.ckpt": b"\x80\x02}."}, _mode),
        Unproven("nemo is not installed"),
        file="model.nemo",
    )
_raw(
    "NeMo archive, its checkpoint",
    _nemo({"./model_config.yaml": b"target: nemo.core.ModelPT\n", "./model_weights.ckpt": _HOSTILE}, "w"),
    Unproven("nemo is not installed; the member alone is proven elsewhere"),
    file="model.nemo",
)

# TorchServe.

_NO_SERVER = Unproven("TorchServe is not installed")


def _mar(handler: str, *more: tuple[str, bytes]) -> bytes:
    manifest = {"runtime": "python", "model": {"modelName": "m", "handler": handler, "serializedFile": "m.pt"}}
    files = [("MAR-INF/MANIFEST.json", json.dumps(manifest).encode()), ("m.pt", b"\x80\x02}."), *more]
    return zip_of([member(path, data) for path, data in files])


_HANDLER = f"import os\ndef handle(data, context):\n    os.system('{COMMAND}')\n".encode()
_variant("TorchServe, a handler", _mar("h.py", ("h.py", _HANDLER)), _NO_SERVER, file="m.mar", expected="review")
_variant("TorchServe, a function of Python's", _mar("os:system"), _NO_SERVER, file="m.mar")
_raw("TorchServe, a hostile checkpoint", _mar("image_classifier", ("x.pt", _HOSTILE)), _NO_SERVER, file="m.mar")

# torch.export.

_EXPORT = {"loader": "torch-export", "file": "model.pt2", "needs": ("torch",)}


@cache
def _exported() -> bytes:
    import torch

    class Model(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("bias", torch.ones(3))

        def forward(self, x: Any) -> Any:
            return x + self.bias, x.shape[0] + 2

    size = torch.export.Dim("size", min=2, max=64)
    stream = io.BytesIO()
    torch.export.save(torch.export.export(Model(), (torch.zeros(6, 3),), dynamic_shapes={"x": {0: size}}), stream)
    return stream.getvalue()


def _edited(change: Callable[[str, bytes], bytes], *more: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_exported())) as old, zipfile.ZipFile(stream, "w") as new:
        root = old.namelist()[0].partition("/")[0]
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename.partition("/")[2], old.read(entry)))
        for path, data in more:
            new.writestr(f"{root}/{path}", data)
    return stream.getvalue()


def _in_program(old: str, new: str) -> Callable[[str, bytes], bytes]:
    def change(path: str, data: bytes) -> bytes:
        return data.replace(old.encode(), new.encode()) if path == "models/model.json" else data

    return change


def _replaced(wanted: str, content: bytes) -> Callable[[str, bytes], bytes]:
    return lambda path, data: content if path == wanted else data


def _checkpoint(data: bytes) -> bytes:
    return zip_of([member("m/data.pkl", data), member("m/version", b"3\n"), member("m/byteorder", b"little")])


_CALLING = f"__import__('os').system('{COMMAND}')"
_ALIAS = pickle_of(call(name("torch", "os.system"), COMMAND))
_OPAQUE = {
    "config": {"bias": {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}}
}
for _what, _build in (
    ("an expression", lambda: _edited(_in_program('"expr_str": "', f'"expr_str": "{_CALLING} or '))),
    ("a guard", lambda: _edited(_in_program('"guards_code": []', f'"guards_code": ["{_CALLING} == 0"]'))),
    ("sample inputs", lambda: _edited(_replaced("data/sample_inputs/model.pt", _checkpoint(_HOSTILE)))),
    ("sample inputs by an alias", lambda: _edited(_replaced("data/sample_inputs/model.pt", _checkpoint(_ALIAS)))),
    (
        "a constant",
        lambda: _edited(
            _replaced("data/constants/model_constants_config.json", json.dumps(_OPAQUE).encode()),
            ("data/constants/opaque_obj_0", _HOSTILE),
        ),
    ),
):
    _raw(f"torch.export, {_what}", _build, SYSTEM, **_EXPORT)
_variant(
    "torch.export, a library of AOTInductor's",
    zip_of([member("m/data/aotinductor/model/m.wrapper.so", b"\x7fELF\x02\x01\x01" + bytes(64))]),
    Unproven("the library would have to be built"),
    file="model.pt2",
)

# TorchScript.

_SCRIPT = {"loader": "torch-script", "file": "model.pt", "needs": ("torch",)}
_MADE = After(f"__import__('os').path.exists('{TOKEN}')")
_CLASS = """class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  _is_full_backward_hook : Optional[bool]
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    {body}
"""
_SETTING = """class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  w : Tensor
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    return x
  def __getstate__(self: __torch__.M) -> Tuple[int, bool]:
    return (1, self.training)
  def __setstate__(self: __torch__.M,
    state: Tuple[int, bool]) -> NoneType:
    self.training = (state)[1]
    self.w = torch.from_file("weighmaster_fired", True, 4, dtype=6)
    return None
"""
_PLAIN = (
    b"\x80\x02c__torch__\nM\nq\x00)\x81}q\x01(X\x08\x00\x00\x00trainingq\x02\x89"
    b"X\x16\x00\x00\x00_is_full_backward_hookq\x03Nub."
)
_STATEFUL = b"\x80\x02c__torch__\nM\nq\x00)\x81K\x01\x89\x86q\x01b."


def _scripted(source: str, data: bytes = _PLAIN) -> bytes:
    return zip_of(
        [
            member("m/data.pkl", data),
            member("m/code/__torch__.py", source.encode()),
            member("m/constants.pkl", b"\x80\x02)."),
            member("m/version", b"3\n"),
        ]
    )


for _what, _body in (
    ("from_file", f'return torch.from_file("{TOKEN}", True, 4, dtype=6)'),
    ("ops", f'return ops.aten.from_file("{TOKEN}", True, 4, dtype=6)'),
    ("saved", f'torch.save(x, "{TOKEN}")\n    return x'),
    ("in a branch", f'y = x\n    if torch.gt(torch.size(x, 0), 1):\n      torch.save(x, "{TOKEN}")\n    return y'),
    ("in a loop", f'for i in range(1):\n      torch.save(x, "{TOKEN}")\n    return x'),
):
    _raw(f"TorchScript, {_what}", _scripted(_CLASS.format(body=_body)), _MADE, **_SCRIPT)
_raw(
    "TorchScript, a file is read",
    _scripted(_CLASS.format(body='return torch.from_file("/etc/passwd", False, 4, dtype=0)')),
    After("bytes(result.tolist()) == open('/etc/passwd', 'rb').read(4)"),
    **_SCRIPT,
)
_raw("TorchScript, as it is loaded", _scripted(_SETTING, _STATEFUL), _MADE, **_SCRIPT)


@cache
def _for_phones() -> bytes:
    import os
    import tempfile
    import warnings

    import torch

    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # Phones are to move on; the files are there.
        model = torch.jit.load(io.BytesIO(_scripted(_CLASS.format(body=f'torch.save(x, "{TOKEN}")\n    return x'))))
        path = os.path.join(folder, "m.ptl")
        model._save_for_lite_interpreter(path)
        with open(path, "rb") as file:
            return file.read()


def _without_source() -> bytes:
    """Return a model for phones without the source, which that interpreter does not need."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_for_phones())) as old, zipfile.ZipFile(stream, "w") as new:
        for entry in old.infolist():
            if "/code/" not in entry.filename:
                new.writestr(entry.filename, old.read(entry))
    return stream.getvalue()


_PHONE = {"loader": "torch-phone", "file": "model.ptl", "needs": ("torch",)}
_raw("a model for phones", _for_phones, _MADE, **_PHONE)
_raw("a model for phones, bytecode alone", _without_source, _MADE, **_PHONE)
_HAND = Unproven("made by hand: not a program that the interpreter would take")
_variant("a model for phones, FlatBuffer", mobile(["aten::save"]), _HAND, file="model.ptl")
_variant(
    "a model for phones, FlatBuffer's source",
    mobile([], 'def f(x):\n  return torch.from_file("x", True, 4)\n'),
    _HAND,
    file="model.ptl",
)
_variant("a model for phones, an operator nobody knows", mobile(["mine::op"]), _HAND, file="m.ptl", expected="review")

# torch.fx.


class _Graph:
    def __init__(self, imports: str) -> None:
        self.imports = imports

    def __reduce__(self) -> Any:
        from torch.fx.graph_module import reduce_graph_module

        body = {"_code": "def forward(self, x):\n    return x\n", "_parameters": {}, "_buffers": {}, "_modules": {}}
        return reduce_graph_module, (body, self.imports)


def _graph_module() -> bytes:
    import torch

    stream = io.BytesIO()
    torch.save(_Graph(f"import os\nos.system('{COMMAND}')\n"), stream)
    return stream.getvalue()


_raw("torch.fx, an edited import block", _graph_module, SYSTEM, loader="torch", file="m.pt", needs=("torch",))

# TensorFlow Lite and ExecuTorch.

_NO_FLEX = Unproven("the interpreter of tensorflow-cpu 2.21.0 is built without the Flex delegate")


def _tensor_text(text: str) -> bytes:
    return b"\1\0\0\0\x0c\0\0\0" + (12 + len(text)).to_bytes(4, "little") + text.encode()


def _node(operator: str) -> bytes:
    return (
        b"\x09" + operator.encode() + b"\0\x11\x12" + bytes([len(operator)]) + operator.encode() + b"\x1a\0\x02\x28\x01"
    )


for _operator in ("WriteFile", "ReadFile", "PyFunc", "EagerPyFunc", "TextLineDataset", "MatchingFiles"):
    _variant(
        f"TensorFlow Lite, {_operator}",
        tflite(
            [(32, f"Flex{_operator}")], options=_node(_operator), constants=[_tensor_text(TOKEN), _tensor_text("x")]
        ),
        _NO_FLEX,
        file="model.tflite",
    )
_variant(
    "TensorFlow Lite, a custom name that is not what runs",
    tflite([(32, "FlexAddV2")], options=_node("WriteFile"), constants=[_tensor_text(TOKEN), _tensor_text("x")]),
    _NO_FLEX,
    file="model.tflite",
)
_variant(
    "TensorFlow Lite, a custom operator",
    tflite([(32, "MyOperator")]),
    Unproven("needs the library that registers it"),
    file="model.tflite",
    expected="review",
)
_variant(
    "TensorFlow Lite, a pickle behind it",
    tflite([(0, "")]) + bytes(16) + _HOSTILE,
    Unproven("for a loader that seeks"),
    file="model.tflite",
)
_variant(
    "TensorFlow Lite, a pickle in its metadata",
    tflite([(0, "")], metadata={"notes": _HOSTILE}),
    Unproven("for a loader that takes it from there"),
    file="model.tflite",
)
_variant(
    "ExecuTorch, a delegate nobody knows",
    executorch(delegates=[("MyBackend", b"")]),
    Unproven("needs the library that registers it"),
    file="model.pte",
    expected="review",
)
_variant(
    "ExecuTorch, an operator that opens a file",
    executorch(["aten::from_file"]),
    Unproven("needs a runtime with that kernel"),
    file="model.pte",
)
_variant(
    "ExecuTorch, a pickle in a segment",
    executorch(segments=[_HOSTILE]),
    Unproven("for a loader that takes it from there"),
    file="model.pte",
)
