"""R's files, skops schemas, XML and graphs of smaller frameworks."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from tests.samples.rfiles import R
from tests.samples.sample import COMMAND, RUN, SOURCE, SYSTEM, TOKEN, Event, Table, Unproven
from tests.samples.whole.sundry import arrow, compiled_call, node, parquet, text_node, torch7

_TABLE = Table("sundry")
SAMPLES = _TABLE.samples
_raw = _TABLE.raw

_NO_R = Unproven("needs R before 4.4.0, which no package of the tests brings")
_NO_TORCH7 = Unproven("needs Torch7, of which no package was made since 2019")
_NO_MXNET = Unproven("needs MXNet, of whose last release (1.9.1) no wheel runs here")
_NO_OPENVINO = Unproven("needs an OpenVINO runtime that is told to load extensions")
_NO_PYARROW = Unproven("PyArrow from 14.0.1 on refuses to unpickle an extension type (CVE-2023-47248)")
_NO_ZARR = Unproven("needs numcodecs, which the tests do not install")
_NO_SWELLING = Unproven("expat from 2.4.1 on stops at a hundredfold (CVE-2013-0340)")


def _r(build: Callable[[R], bytes], *, workspace: bool = False, textual: bool = False) -> bytes:
    r = R(textual=textual)
    return r.file(build(r), workspace=workspace)


def _system(r: R) -> bytes:
    return r.call(r.symbol("system"), r.strings(COMMAND))


def _by_name(r: R) -> bytes:
    joined = r.call(r.symbol("paste0"), r.strings("sys"), r.strings("tem"))
    return r.call(r.symbol("do.call"), joined, r.vector(r.strings(COMMAND)))


_raw("R promise as the object itself", _r(lambda r: r.promise(_system(r))), _NO_R, file="model.rds")
_raw(
    "R promise in an attribute, as text",
    _r(
        lambda r: r.flags(14, attributes=True) + r.integer(0) + r.pairs(("names", r.promise(_by_name(r)))), textual=True
    ),
    _NO_R,
    file="model.rds",
)
_raw("R promise of compiled code", _r(lambda r: r.promise(r.compiled(compiled_call(r, "system")))), _NO_R, file="m.rds")
_raw(
    "R workspace whose first function runs a program",
    _r(lambda r: r.pairs((".First", r.closure(_system(r)))), workspace=True),
    _NO_R,
    file="model.RData",
)
_raw(
    "R vector that is a file of its own choosing",
    _r(lambda r: r.alternative("mmap_real", "base", r.vector(r.strings(f"/etc/{TOKEN}")))),
    _NO_R,
    file="model.rds",
)


def _skops(schema: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema | {"protocol": 2, "_skops_version": "0.16.0"}))
    return stream.getvalue()


def _arguments(*items: dict[str, Any]) -> dict[str, Any]:
    return node("TupleNode", "builtins", "tuple", content=list(items))


_FUNCTION = node("FunctionNode", "posix", "system")
_SKOPS = {"loader": "skops-trusted", "file": "model.skops", "needs": ("skops",)}
_raw(
    "skops node that calls any function of the operator module",
    _skops(node("OperatorFuncNode", "operator", "call", attrs=_arguments(_FUNCTION, text_node(COMMAND)))),
    SYSTEM,
    **_SKOPS,
)
_raw(
    "skops node whose constructor is a function",
    _skops(node("ConstructorFromReduceNode", "posix", "system", content=_arguments(text_node(COMMAND)))),
    SYSTEM,
    **_SKOPS,
)
_raw(
    "skops list whose class is a function",
    _skops(node("ListNode", "subprocess", "getoutput", content=[text_node(COMMAND)])),
    Event("subprocess.Popen", ""),
    **_SKOPS,
)
_raw(
    "skops node that lies about its module",
    _skops(node("OperatorFuncNode", "sklearn.linear_model", "call", attrs=_arguments(_FUNCTION, text_node(COMMAND)))),
    Unproven("skops from 0.12 on compares the module (CVE-2025-54412)"),
    file="model.skops",
)

_PMML = '<?xml version="1.0"?><!DOCTYPE PMML [{}]><PMML version="4.4"><Header>{}</Header></PMML>'
_FILE = f"file:///{TOKEN}"
_XML = {"loader": "xml-external", "file": "model.pmml"}
_FETCHED = Event("urllib.Request", TOKEN)
_raw("PMML with an entity outside it", _PMML.format(f'<!ENTITY x SYSTEM "{_FILE}">', "&x;").encode(), _FETCHED, **_XML)
_raw(
    "PMML with declarations outside it, in UTF-16",
    _PMML.replace("1.0", '1.0" encoding="utf-16').format(f'<!ENTITY % x SYSTEM "{_FILE}"> %x;', "").encode("utf-16"),
    _FETCHED,
    **_XML,
)
_raw(
    "PMML whose document type lies outside it",
    f'<!DOCTYPE PMML SYSTEM "{_FILE}"><PMML version="4.4"><Header/></PMML>'.encode(),
    _FETCHED,
    **_XML,
)
_SWELLING = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
_raw(
    "PMML that swells to ten thousand million characters",
    _PMML.format(f'<!ENTITY a0 "aaaaaaaaaa">{_SWELLING}', "&a9;").encode(),
    _NO_SWELLING,
    file="model.pmml",
    expected="review",
)

_LAYER = b'<layer id="0" name="x" type="Custom" version="extension"/>'
_LIBRARY = b'<rt_info><extension library="/tmp/lib%s.so"/></rt_info>' % TOKEN.encode()
_raw(
    "OpenVINO graph that names a library",
    b'<?xml version="1.0"?><net name="m" version="11"><layers>' + _LAYER + b"</layers>" + _LIBRARY + b"</net>",
    _NO_OPENVINO,
    file="model.xml",
)
_raw("Torch7 object with a function in it", torch7(function=True), _NO_TORCH7, file="model.t7")
_CUSTOM = {"op": "Custom", "name": "y", "attrs": {"op_type": TOKEN}, "inputs": [[0, 0, 0]]}
_raw(
    "MXNet graph with an operator in Python",
    json.dumps({"nodes": [{"op": "null", "name": "x"}, _CUSTOM], "arg_nodes": [0], "heads": [[1, 0, 0]]}).encode(),
    _NO_MXNET,
    file="model-symbol.json",
)
_PAIRS = (b"ARROW:extension:name", b"arrow.py_extension_type")
_PICKLE = b"cposix\nsystem\n(S'" + COMMAND.encode() + b"'\ntR."
_raw(
    "Arrow schema with a pickled type",
    arrow([{0: _PAIRS[0], 1: _PAIRS[1]}, {0: b"ARROW:extension:metadata", 1: _PICKLE}]),
    _NO_PYARROW,
    file="data.arrow",
)
_raw(
    "Zarr array whose chunks are pickles",
    json.dumps({"zarr_format": 2, "shape": [1], "dtype": "|O", "filters": [{"id": "pickle"}]}).encode(),
    _NO_ZARR,
    file=".zarray",
)
_raw(
    "Parquet column in another file",
    parquet(path=b"/etc/passwd"),
    Unproven("PyArrow refuses columns in other files"),
    file="d.parquet",
)


def _module() -> bytes:
    import importlib.util
    import marshal

    code = compile(SOURCE, TOKEN, "exec")
    return importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code)


_raw("compiled module", _module, RUN, loader="pyc", file="model.pyc", expected="review")
_raw("marshalled code", lambda: _module()[16:], RUN, loader="marshal", file="model.bin")
