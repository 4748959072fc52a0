"""Compiled code in the stream, and the functions and classes that are made of it."""

from __future__ import annotations

import base64
import io
import marshal
import types
from typing import Any

from tests.samples.pickles import POP, build, call, code, name, new, pickle_of
from tests.samples.sample import BROWSER, COMMAND, MODULE, RUN, SOURCE, SYSTEM, After, Event, Table, Unproven

_TABLE = Table("code")
SAMPLES = _TABLE.samples
_add = _TABLE.program

_COMPILED: types.CodeType = compile(f"import os; os.system('{COMMAND}')", "", "exec")
_MARSHALLED = marshal.dumps(_COMPILED)
_LOADED = call(name("marshal", "loads"), _MARSHALLED)
_ARGUMENTS: tuple[Any, ...] = (
    0, 0, 0, 0, 2, 64, _COMPILED.co_code, _COMPILED.co_consts, _COMPILED.co_names, (), "", "<module>", "<module>", 1,
    _COMPILED.co_linetable, _COMPILED.co_exceptiontable, (), (),
)  # fmt: skip
_BUILT = call(name("types", "CodeType"), *_ARGUMENTS)
_NAMESPACE = {"__builtins__": name("builtins", "__dict__")}

_add("exec of marshal.loads", [call(name("builtins", "exec"), _LOADED)], SYSTEM)
_add("eval of marshal.loads", [call(name("builtins", "eval"), _LOADED)], SYSTEM)
_add("marshal.loads alone", [_LOADED], Event("marshal.loads", "system"))
_add(
    "marshal.load of a file in memory",
    [call(name("marshal", "load"), call(name("io", "BytesIO"), _MARSHALLED))],
    After("type(result).__name__ == 'code'"),
)
_add("types.FunctionType of types.CodeType", [call(call(name("types", "FunctionType"), _BUILT, _NAMESPACE))], SYSTEM)
_add("types.FunctionType of marshal.loads", [call(call(name("types", "FunctionType"), _LOADED, _NAMESPACE))], SYSTEM)
_add("types.LambdaType of marshal.loads", [call(call(name("types", "LambdaType"), _LOADED, _NAMESPACE))], SYSTEM)
_add(
    "builtins.type of a function makes one",
    [call(call(call(name("builtins", "type"), name("json", "loads")), _LOADED, _NAMESPACE))],
    SYSTEM,
)
_add(
    "a function's __code__ replaced by setattr, then called",
    [
        code(call(name("builtins", "setattr"), name("colorsys", "rgb_to_yiq"), "__code__", _LOADED), POP),
        call(name("colorsys", "rgb_to_yiq")),
    ],
    SYSTEM,
)
_add(
    "a function's __code__ replaced by BUILD",
    [build(name("colorsys", "rgb_to_yiq"), (None, {"__code__": _LOADED}))],
    Event("object.__setattr__", "__code__"),
)
_add(
    "code.replace on a library's function",
    [
        call(
            call(
                name("types", "FunctionType"),
                call(
                    call(name("functools", "partial"), name("types", "CodeType.replace")),
                    name("json", "loads.__code__"),
                ),
                {},
            )
        )
    ],
    After("True"),
    expected="review",
)
_add(
    "marshal as another module's attribute",
    [call(name("builtins", "exec"), call(name("zipimport", "marshal.loads"), _MARSHALLED))],
    SYSTEM,
)
_add(
    "marshal inside base64",
    [
        call(
            name("builtins", "exec"),
            call(name("marshal", "loads"), call(name("base64", "b64decode"), base64.b64encode(_MARSHALLED))),
        )
    ],
    SYSTEM,
)
_add(
    "marshal inside zlib",
    [
        call(
            name("builtins", "exec"),
            call(name("marshal", "loads"), call(name("zlib", "decompress"), __import__("zlib").compress(_MARSHALLED))),
        )
    ],
    SYSTEM,
)
_add(
    "importlib._bootstrap_external._compile_bytecode",
    [call(name("builtins", "exec"), call(name("importlib._bootstrap_external", "_compile_bytecode"), _MARSHALLED))],
    SYSTEM,
)
_add(
    "importlib._bootstrap_external._code_to_timestamp_pyc",
    [call(name("importlib._bootstrap_external", "_code_to_timestamp_pyc"), _LOADED)],
    Event("marshal.loads", "system"),
    expected="review",
)
_add("runpy._run_code of compiled code", [call(name("runpy", "_run_code"), _LOADED, {})], SYSTEM)
_add(
    "builtins.compile of text, then exec",
    [call(name("builtins", "exec"), call(name("builtins", "compile"), SOURCE, "x", "exec"))],
    RUN,
)
_add(
    "code.InteractiveInterpreter.runcode",
    [call(name("code", "InteractiveInterpreter.runcode"), call(name("code", "InteractiveInterpreter")), _LOADED)],
    SYSTEM,
)
_add(
    "types.GeneratorType of a code object is refused",
    [call(name("types", "GeneratorType"), _LOADED)],
    Event("marshal.loads", "system"),
    expected="review",
)
_add("ctypes callback of compiled code", [call(name("ctypes", "CFUNCTYPE"), None)], After("True"), expected="review")
_add(
    "cloudpickle.loads, called",
    [call(call(name("cloudpickle", "loads"), pickle_of(name("os", "getcwd"))))],
    After("isinstance(result, str)"),
    needs=("cloudpickle",),
)
_add(
    "cloudpickle.subimport",
    [call(name("cloudpickle.cloudpickle", "subimport"), MODULE)],
    BROWSER,
    needs=("cloudpickle",),
)
_add(
    "cloudpickle._make_function of marshal.loads",
    [
        call(
            call(
                name("cloudpickle.cloudpickle", "_make_function"),
                _LOADED,
                {"__builtins__": name("builtins", "__dict__")},
                "f",
                None,
                None,
            )
        )
    ],
    SYSTEM,
    needs=("cloudpickle",),
)
_add(
    "cloudpickle._builtin_type names CodeType",
    [
        call(
            call(
                name("types", "FunctionType"),
                call(call(name("cloudpickle.cloudpickle", "_builtin_type"), "CodeType"), *_ARGUMENTS),
                _NAMESPACE,
            )
        )
    ],
    SYSTEM,
    needs=("cloudpickle",),
)
_add(
    "cloudpickle._make_skeleton_class with a metaclass",
    [
        call(
            name("cloudpickle.cloudpickle", "_make_skeleton_class"),
            name("builtins", "type"),
            "X",
            (),
            {"__del__": name("os", "system")},
            None,
            None,
        )
    ],
    After("True"),
    needs=("cloudpickle",),
)
_add("dill._import_module", [call(name("dill._dill", "_import_module"), MODULE)], BROWSER, needs=("dill",))
_add(
    "dill._create_function",
    [call(call(name("dill._dill", "_create_function"), _LOADED, _NAMESPACE))],
    SYSTEM,
    needs=("dill",),
)
_add(
    "dill._create_code",
    [
        call(
            call(
                name("dill._dill", "_create_function"),
                call(name("dill._dill", "_create_code"), *_ARGUMENTS),
                _NAMESPACE,
            )
        )
    ],
    SYSTEM,
    needs=("dill",),
)
_add(
    "dill._load_type names CodeType",
    [
        call(
            call(
                name("types", "FunctionType"),
                call(call(name("dill._dill", "_load_type"), "CodeType"), *_ARGUMENTS),
                _NAMESPACE,
            )
        )
    ],
    SYSTEM,
    needs=("dill",),
)
_add(
    "dill._getattribute",
    [call(call(name("dill._dill", "_get_attr"), name("linecache", "os"), "system"), COMMAND)],
    SYSTEM,
    needs=("dill",),
)
_add(
    "dill._create_ftype",
    [call(name("dill._dill", "_create_type"), name("builtins", "type"), "X", (), {})],
    After("isinstance(result, type)"),
    needs=("dill",),
    expected="review",
)
_add(
    "joblib's vendored cloudpickle",
    [call(name("joblib.externals.cloudpickle.cloudpickle", "subimport"), MODULE)],
    Unproven("joblib 1.6 no longer vendors cloudpickle"),
)


def _runs() -> None:
    import os

    os.system("true weighmaster_fired")


class _ByValue:
    """An object whose `__reduce__` names a function that is pickled by value."""

    def __reduce__(self) -> Any:
        function = types.FunctionType(_runs.__code__, {"__builtins__": __builtins__}, "runs")
        function.__module__ = "__main__"
        return function, ()


def _cloudpickled() -> bytes:
    import cloudpickle

    return bytes(cloudpickle.dumps(_ByValue()))


def _cloudpickled_function() -> bytes:
    import cloudpickle

    function = types.FunctionType(_runs.__code__, {}, "runs")
    function.__module__ = "__main__"
    return bytes(cloudpickle.dumps(function))


def _cloudpickled_class() -> bytes:
    import cloudpickle

    function = types.FunctionType(_runs.__code__, {}, "runs")
    function.__module__ = "__main__"
    meta = type("Meta", (type,), {"__module__": "__main__", "__setattr__": lambda *_: function()})
    cls: Any = type.__new__(meta, "Made", (), {"__module__": "__main__", "a": 1})
    return bytes(cloudpickle.dumps(cls))


def _dilled() -> bytes:
    import dill

    file = io.BytesIO()
    dill.dump(_ByValue(), file, recurse=True, byref=False)
    return file.getvalue()


_TABLE.raw("an object that a cloudpickled function rebuilds", _cloudpickled, SYSTEM, needs=("cloudpickle",))
_TABLE.raw(
    "a cloudpickled function, called by who loads it",
    _cloudpickled_function,
    SYSTEM,
    needs=("cloudpickle",),
    loader="cloudpickle-called",
)
_TABLE.raw("a cloudpickled class whose metaclass runs at load", _cloudpickled_class, SYSTEM, needs=("cloudpickle",))
_TABLE.raw("an object that a dilled function rebuilds", _dilled, SYSTEM, needs=("dill",), loader="dill")

# rv_generic._attach_argparser_methods runs the text that a distribution keeps in its state.
_TEMPLATE = f"import os; os.system('{COMMAND}')"
_NORM = new(name("scipy.stats._continuous_distns", "norm_gen"))
_add(
    "a distribution of scipy runs its state",
    [build(_NORM, {"_parse_arg_template": _TEMPLATE})],
    SYSTEM,
    needs=("scipy",),
)
_add(
    "a distribution of scipy runs its state, long and behind other keys",
    [build(_NORM, {f"k{n}": n for n in range(300)} | {"_parse_arg_template": _TEMPLATE + "#" * 3000})],
    SYSTEM,
    needs=("scipy",),
)
_add(
    "a distribution of scipy runs its state, which looks like its own at first",
    [
        build(
            _NORM,
            {
                "_parse_arg_template": "\ndef _parse_args(self,  loc=0, scale=1):\n    return (), loc, scale\n"
                + _TEMPLATE
            },
        )
    ],
    SYSTEM,
    needs=("scipy",),
)
