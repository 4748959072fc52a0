"""Allowed names that reach forbidden ones: dotted names, attribute walks, composed calls, names put together."""

from __future__ import annotations

from typing import Any

from tests.samples.pickles import (
    MEMOIZE,
    POP,
    REDUCE,
    STACK_GLOBAL,
    STOP,
    attribute,
    binget,
    build,
    call,
    code,
    global_,
    name,
    new,
    program,
    proto,
    string,
    text,
    tuple_,
    value,
)
from tests.samples.sample import (
    BROWSER,
    COMMAND,
    MODULE,
    OPEN,
    RUN,
    SOURCE,
    SPAWN,
    SYSTEM,
    TOKEN,
    After,
    Event,
    Proof,
    Table,
    Unproven,
)

_TABLE = Table("indirection")
SAMPLES = _TABLE.samples
_add = _TABLE.program

_OS_SYSTEM = name("os", "system")

# A module that another module happens to import is an attribute of it.
for _module, _name in [
    ("linecache", "os.system"),
    ("glob", "os.system"),
    ("tempfile", "_os.system"),
    ("posixpath", "os.system"),
    ("os.path", "os.system"),
    ("logging", "os.system"),
    ("random", "_os.system"),
    ("tokenize", "_builtin_open"),
    ("fnmatch", "os.system"),
    ("gettext", "os.system"),
    ("mimetypes", "os.system"),
    ("inspect", "os.system"),
    ("inspect", "sys.modules.get"),
    ("pathlib", "os.system"),
    ("shutil", "os.system"),
    ("ctypes", "_os.system"),
    ("ctypes.util", "os.system"),
    ("zipfile", "os.system"),
    ("multiprocessing.util", "os.system"),
    ("concurrent.futures.process", "os.system"),
    ("unittest.main", "os.system"),
    ("email.utils", "os.system"),
    ("torch", "os.system"),
    ("torch.serialization", "os.system"),
    ("torch._utils", "sys.modules.get"),
    ("torch.nn.modules.module", "functools.partial"),
    ("numpy.lib._npyio_impl", "os.system"),
    ("numpy.testing._private.utils", "os.system"),
    ("numpy._core.records", "os.system"),
    ("pandas.io.common", "os.system"),
    ("joblib.numpy_pickle", "os.system"),
    ("sklearn.datasets._base", "os.system"),
    ("scipy.io._mmio", "os.system"),
]:
    _needs: tuple[str, ...] = (
        (_module.partition(".")[0],)
        if _module.partition(".")[0] in {"torch", "numpy", "pandas", "joblib", "sklearn", "scipy"}
        else ()
    )
    _technique = f"dotted name {_module} {_name}"
    match _name:
        case "sys.modules.get":
            _add(
                _technique, [call(attribute(call(name(_module, _name), "os"), "system"), COMMAND)], SYSTEM, needs=_needs
            )
        case "functools.partial":
            _add(_technique, [call(call(name(_module, _name), _OS_SYSTEM, COMMAND))], SYSTEM, needs=_needs)
        case "_builtin_open":
            _add(_technique, [call(name(_module, _name), TOKEN)], OPEN, needs=_needs)
        case _:
            _add(_technique, [call(name(_module, _name), COMMAND)], SYSTEM, needs=_needs)

_add(
    "dotted name through a module's module's module",
    [call(name("unittest.mock", "asyncio.base_events.os.system"), COMMAND)],
    SYSTEM,
)
_add(
    "dotted name to a method of a module's class",
    [call(name("glob", "os.popen.__globals__.__getitem__"), "system")],
    After("result is __import__('os').system"),
)
_add(
    "dotted name through function globals",
    [call(call(name("collections", "namedtuple.__globals__.get"), "_sys"), COMMAND)],
    After("isinstance(result, TypeError)"),
)
_add(
    "function globals, builtins, eval",
    [
        call(
            call(attribute(call(name("collections", "namedtuple.__globals__.get"), "__builtins__"), "get"), "eval"),
            f"'{TOKEN}'",
        )
    ],
    RUN,
)
_add(
    "dotted name through __builtins__ of a module",
    [call(call(name("random", "__builtins__.get"), "exec"), SOURCE)],
    RUN,
)
_add("dotted name through __self__ of a builtin", [call(name("builtins", "len.__self__.eval"), f"'{TOKEN}'")], RUN)
_add(
    "dotted name through __self__ of math.floor to its loader",
    [call(name("math", "__loader__.load_module"), MODULE)],
    After("True"),
    expected="block",
)
_add("a module's __loader__ reads a file", [call(name("json", "__loader__.get_data"), TOKEN)], Event("open"))
_add(
    "a module's __spec__.loader runs code",
    [call(name("json", "__spec__.loader.source_to_code"), f"'{TOKEN}'", "x")],
    Event("compile"),
)
_add(
    "__class__ of __class__ makes a class",
    [call(name("builtins", "len.__class__.__class__"), "X", (), {})],
    After("isinstance(result, type)"),
    expected="review",
)
_add(
    "str.format walks attributes",
    [call(name("builtins", "str.format"), "{0.__globals__}", name("collections", "namedtuple"))],
    After("'_sys' in result"),
    expected="review",
)
_add(
    "str.format_map walks attributes",
    [call(name("builtins", "str.format_map"), "{x.__globals__}", {"x": name("collections", "namedtuple")})],
    After("'_sys' in result"),
    expected="review",
)
_add(
    "string.Formatter.get_field returns what an attribute walk finds",
    [
        call(
            call(name("operator", "itemgetter"), 0),
            call(
                name("string", "Formatter.get_field"),
                call(name("string", "Formatter")),
                "0.os.system",
                (name("linecache", "__spec__"),),
                {},
            ),
        )
    ],
    After("isinstance(result, BaseException)"),
    expected="review",
)
_add(
    "string.Formatter climbs to os.system and calls it",
    [
        call(
            call(
                name("operator", "itemgetter.__call__"),
                call(name("operator", "itemgetter"), 0),
                call(
                    name("string", "Formatter.get_field"),
                    call(name("string", "Formatter")),
                    "0.__globals__[os].system",
                    (name("linecache", "getlines"),),
                    {},
                ),
            ),
            COMMAND,
        )
    ],
    SYSTEM,
)

# Names that are looked up at load time.
_add(
    "__import__, vars, dict.get",
    [
        call(
            call(
                name("builtins", "dict.get"),
                call(name("builtins", "vars"), call(name("builtins", "__import__"), "os")),
                "system",
            ),
            COMMAND,
        )
    ],
    SYSTEM,
)
_add(
    "inspect.getattr_static",
    [call(call(name("inspect", "getattr_static"), call(name("builtins", "__import__"), "os"), "system"), COMMAND)],
    SYSTEM,
)
_RESOLVERS: list[tuple[str, str, tuple[Any, ...], tuple[str, ...]]] = [
    ("logging.config", "_resolve", ("os.system",), ()),
    ("pkgutil", "resolve_name", ("os:system",), ()),
    ("pkgutil", "resolve_name", ("os.system",), ()),
    ("pydoc", "locate", ("os.system",), ()),
    ("pickle", "whichmodule", (_OS_SYSTEM, "system"), ()),
    ("pickle", "_getattribute", (name("os", "path.os"), "system"), ()),
    ("xmlrpc.server", "resolve_dotted_attribute", (name("os", "path"), "os.system"), ()),
    ("hydra._internal.utils", "_locate", ("os.system",), ("hydra",)),
    (
        "torch.distributed.rpc.internal",
        "_run_function",
        (call(name("torch.distributed.rpc.internal", "PythonUDF"), _OS_SYSTEM, (COMMAND,), {}),),
        ("torch",),
    ),
    ("numpy.lib._utils_impl", "_getmembers", (name("os", "path.os"),), ("numpy",)),
    (
        "importlib.metadata",
        "EntryPoint.load",
        (call(name("importlib.metadata", "EntryPoint"), "x", "os:system", "y"),),
        (),
    ),
    (
        "logging.config",
        "BaseConfigurator.resolve",
        (call(name("logging.config", "BaseConfigurator"), {}), "os.system"),
        (),
    ),
    (
        "logging.config",
        "BaseConfigurator.ext_convert",
        (call(name("logging.config", "BaseConfigurator"), {}), "os.system"),
        (),
    ),
    ("idlelib.rpc", "pickle.loads", (b"cos\nsystem\n.",), ("tkinter",)),
    ("unittest.loader", "TestLoader.loadTestsFromName", (call(name("unittest", "TestLoader")), MODULE), ()),
    ("encodings", "search_function", (MODULE,), ()),
    ("importlib", "reload", (name(MODULE, "webbrowser"),), ()),
    ("pydoc", "safeimport", (MODULE,), ()),
    ("ast", "literal_eval", ("1",), ()),
]
for _module, _name, _arguments, _needs in _RESOLVERS:
    _found = call(name(_module, _name), *_arguments)
    _technique = f"{_module}.{_name} finds os.system"
    if _name == "_run_function":
        _add(_technique, [_found], SYSTEM, needs=_needs)
    elif _name in {"loadTestsFromName", "TestLoader.loadTestsFromName", "reload", "safeimport"}:
        _add(f"{_module}.{_name} imports", [_found], BROWSER, needs=_needs)
    elif _name in {"whichmodule", "literal_eval", "_getmembers", "search_function", "_getattribute"}:
        _add(f"{_module}.{_name} looks around", [_found], After("True"), needs=_needs, expected="review")
    elif _name == "pickle.loads":
        _add(f"{_module}.{_name}", [call(_found, COMMAND)], SYSTEM, needs=_needs)
    else:
        _add(_technique, [call(_found, COMMAND)], SYSTEM, needs=_needs)

# Operators and iterators that call.
_SYS = attribute(call(name("builtins", "__import__"), "os"), "system")
_add(
    "operator.methodcaller",
    [call(call(name("operator", "methodcaller"), "system", COMMAND), call(name("builtins", "__import__"), "os"))],
    SYSTEM,
)
_add(
    "operator.attrgetter",
    [call(call(call(name("operator", "attrgetter"), "system"), call(name("builtins", "__import__"), "os")), COMMAND)],
    SYSTEM,
)
_add(
    "operator.attrgetter of a dotted path on a harmless class",
    [call(call(call(name("operator", "attrgetter"), "__init__.__globals__"), name("collections", "UserDict")))],
    After("isinstance(result, TypeError)"),
    expected="review",
)
_add(
    "operator.itemgetter on a module's dictionary",
    [call(call(call(name("operator", "itemgetter"), "system"), name("linecache", "os.__dict__")), COMMAND)],
    SYSTEM,
)
_add("operator.call", [call(name("operator", "call"), _OS_SYSTEM, COMMAND)], SYSTEM)
_add("_operator.call", [call(name("_operator", "call"), _OS_SYSTEM, COMMAND)], SYSTEM)
_add("functools.partial called", [call(call(name("functools", "partial"), _OS_SYSTEM, COMMAND))], SYSTEM)
_add("_functools.partial called", [call(call(name("_functools", "partial"), _OS_SYSTEM, COMMAND))], SYSTEM)
_add(
    "functools.partial.__call__ by its name",
    [call(name("functools", "partial.__call__"), call(name("functools", "partial"), _OS_SYSTEM), COMMAND)],
    SYSTEM,
)
_add(
    "functools.partial.func of a partial",
    [call(call(name("builtins", "getattr"), call(name("functools", "partial"), _OS_SYSTEM), "func"), COMMAND)],
    SYSTEM,
)
_add(
    "functools.reduce of two-place getattr",
    [call(name("functools", "reduce"), name("builtins", "getattr"), ["os", "system"], name("linecache", "__spec__"))],
    After("isinstance(result, AttributeError)"),
    expected="review",
)
_add(
    "functools.reduce runs what it folds with",
    [call(name("functools", "reduce"), name("os", "execvp"), [TOKEN, [TOKEN]])],
    Event("os.exec"),
)
_add(
    "functools.singledispatch's dispatch table",
    [call(call(name("functools", "singledispatch"), _OS_SYSTEM), COMMAND)],
    SYSTEM,
)
_add("functools.lru_cache around a call", [call(call(name("functools", "lru_cache"), _OS_SYSTEM), COMMAND)], SYSTEM)
_add(
    "functools.wraps hides the name",
    [
        call(
            call(
                name("functools", "update_wrapper"),
                call(name("functools", "partial"), _OS_SYSTEM),
                name("builtins", "len"),
            ),
            COMMAND,
        )
    ],
    SYSTEM,
)
_add(
    "property's getter",
    [call(name("builtins", "property.__get__"), call(name("builtins", "property"), _OS_SYSTEM), COMMAND)],
    SYSTEM,
)
_add(
    "property.fget",
    [call(call(name("builtins", "getattr"), call(name("builtins", "property"), _OS_SYSTEM), "fget"), COMMAND)],
    SYSTEM,
)
_add("staticmethod's function", [call(call(name("builtins", "staticmethod"), _OS_SYSTEM), COMMAND)], SYSTEM)
_add("types.MethodType binds an argument", [call(call(name("types", "MethodType"), _OS_SYSTEM, COMMAND))], SYSTEM)
_add(
    "types.DynamicClassAttribute's getter",
    [
        call(
            name("types", "DynamicClassAttribute.__get__"),
            call(name("types", "DynamicClassAttribute"), _OS_SYSTEM),
            COMMAND,
        )
    ],
    SYSTEM,
)
_add("types.coroutine wraps", [call(call(name("types", "coroutine"), _OS_SYSTEM), COMMAND)], SYSTEM)
_add("list of map", [call(name("builtins", "list"), call(name("builtins", "map"), _OS_SYSTEM, [COMMAND]))], SYSTEM)
for _consumer in ("tuple", "set", "frozenset", "sum", "max", "any", "all", "sorted", "dict", "bytes", "bytearray"):
    _add(
        f"{_consumer} consumes a map",
        [call(name("builtins", _consumer), call(name("builtins", "map"), _OS_SYSTEM, [COMMAND]))],
        SYSTEM,
    )
_add("next of a map", [call(name("builtins", "next"), call(name("builtins", "map"), _OS_SYSTEM, [COMMAND]))], SYSTEM)
_add(
    "list of filter", [call(name("builtins", "list"), call(name("builtins", "filter"), _OS_SYSTEM, [COMMAND]))], SYSTEM
)
_add(
    "sorted with a key function",
    [call(name("builtins", "list.sort"), code(value([COMMAND]), MEMOIZE))],
    After("result is None"),
    expected="review",
)
_add(
    "iter with a sentinel",
    [
        call(
            name("builtins", "next"),
            call(name("builtins", "iter"), call(name("functools", "partial"), _OS_SYSTEM, COMMAND), 5),
        )
    ],
    SYSTEM,
)
_add(
    "collections.deque consumes starmap",
    [call(name("collections", "deque"), call(name("itertools", "starmap"), _OS_SYSTEM, [(COMMAND,)]))],
    SYSTEM,
)
_add(
    "collections.Counter consumes a map",
    [call(name("collections", "Counter"), call(name("builtins", "map"), _OS_SYSTEM, [COMMAND]))],
    SYSTEM,
)
_add(
    "collections.OrderedDict consumes a map",
    [call(name("collections", "OrderedDict"), call(name("builtins", "map"), _OS_SYSTEM, [COMMAND]))],
    SYSTEM,
)
_add(
    "itertools.accumulate",
    [call(name("builtins", "list"), call(name("itertools", "accumulate"), [TOKEN, [TOKEN]], name("os", "execvp")))],
    Event("os.exec"),
)
_add(
    "itertools.groupby",
    [call(name("builtins", "list"), call(name("itertools", "groupby"), [COMMAND], _OS_SYSTEM))],
    SYSTEM,
)
_add(
    "itertools.takewhile",
    [call(name("builtins", "list"), call(name("itertools", "takewhile"), _OS_SYSTEM, [COMMAND]))],
    SYSTEM,
)
_add(
    "itertools.dropwhile",
    [call(name("builtins", "list"), call(name("itertools", "dropwhile"), _OS_SYSTEM, [COMMAND]))],
    SYSTEM,
)
_add(
    "itertools.filterfalse",
    [call(name("collections", "deque"), call(name("itertools", "filterfalse"), _OS_SYSTEM, [COMMAND]))],
    SYSTEM,
)
_add(
    "itertools.chain of a map",
    [
        call(
            name("builtins", "list"),
            call(name("itertools", "chain"), call(name("builtins", "map"), _OS_SYSTEM, [COMMAND])),
        )
    ],
    SYSTEM,
)
_add(
    "str.join consumes a map",
    [call(name("builtins", "str.join"), "", call(name("builtins", "map"), _OS_SYSTEM, [COMMAND]))],
    SYSTEM,
)
_add(
    "list.extend consumes a map",
    [call(name("builtins", "list.extend"), [], call(name("builtins", "map"), _OS_SYSTEM, [COMMAND]))],
    SYSTEM,
)
_add(
    "array.array consumes a map",
    [call(name("array", "array"), "i", call(name("builtins", "map"), _OS_SYSTEM, [COMMAND]))],
    SYSTEM,
)
_add(
    "numpy.fromiter consumes a map",
    [call(name("numpy", "fromiter"), call(name("builtins", "map"), _OS_SYSTEM, [COMMAND]), "i4")],
    SYSTEM,
    needs=("numpy",),
)
_add("heapq.nsmallest with a key", [call(name("heapq", "nsmallest"), 1, [COMMAND], _OS_SYSTEM)], SYSTEM)
_add(
    "bisect with a key",
    [call(name("bisect", "bisect"), [COMMAND], 1, 0, 1)],
    After("isinstance(result, TypeError)"),
    expected="review",
)
_add(
    "statistics.mean of a map",
    [call(name("statistics", "mean"), call(name("builtins", "map"), _OS_SYSTEM, [COMMAND]))],
    SYSTEM,
)
_add(
    "fractions of a map through random.choices",
    [
        call(
            name("random", "sample"),
            call(name("builtins", "list"), call(name("builtins", "map"), _OS_SYSTEM, [COMMAND])),
            1,
        )
    ],
    SYSTEM,
)
_add(
    "numpy.vectorize", [call(call(name("numpy", "vectorize"), _OS_SYSTEM), [COMMAND])], After("True"), needs=("numpy",)
)
_add("numpy.frompyfunc", [call(call(name("numpy", "frompyfunc"), _OS_SYSTEM, 1, 1), COMMAND)], SYSTEM, needs=("numpy",))
_add(
    "numpy.piecewise",
    [call(name("numpy", "piecewise"), call(name("numpy", "array"), [1.0]), [True], [_OS_SYSTEM])],
    After("True"),
    needs=("numpy",),
)
_add(
    "pandas.Series.map",
    [call(name("pandas", "Series.map"), call(name("pandas", "Series"), [COMMAND]), _OS_SYSTEM)],
    SYSTEM,
    needs=("pandas",),
)
_add(
    "pandas.Series.apply",
    [call(name("pandas", "Series.apply"), call(name("pandas", "Series"), [COMMAND]), "pipe")],
    After("isinstance(result, BaseException)"),
    needs=("pandas",),
    expected="review",
)
_add(
    "torch.Tensor.map_",
    [call(name("torch", "Tensor.apply_"), call(name("torch", "tensor"), [1.0]), name("builtins", "exec"))],
    After("isinstance(result, BaseException)"),
    needs=("torch",),
)
_add(
    "joblib.delayed and its parallel",
    [call(call(name("joblib", "Parallel")), [(_OS_SYSTEM, (COMMAND,), {})])],
    SYSTEM,
    needs=("joblib",),
)
_add(
    "re.sub calls its replacement",
    [call(name("re", "sub"), ".", call(name("functools", "partial"), _OS_SYSTEM, COMMAND), "x")],
    After("isinstance(result, TypeError)"),
)
_add(
    "re.sub with eval as a replacement of a match",
    [call(name("re", "sub"), ".", call(name("functools", "partial"), name("builtins", "eval"), f"'{TOKEN}'"), "x")],
    After("isinstance(result, TypeError)"),
)
_add(
    "re.Scanner's actions",
    [
        call(
            name("re", "Scanner.scan"),
            call(name("re", "Scanner"), [(".", call(name("functools", "partial"), name("subprocess", "call")))]),
            "x",
        )
    ],
    After("isinstance(result, BaseException)"),
)
_add(
    "contextlib.ExitStack with a callback, closed",
    [
        code(call(name("contextlib", "ExitStack")), MEMOIZE, POP),
        code(call(name("contextlib", "ExitStack.callback"), binget(0), _OS_SYSTEM, COMMAND), POP),
        call(name("contextlib", "ExitStack.close"), binget(0)),
    ],
    SYSTEM,
)
_add(
    "atexit.register",
    [code(call(name("atexit", "register"), _OS_SYSTEM, COMMAND), POP), call(name("atexit", "_run_exitfuncs"))],
    SYSTEM,
)
_add(
    "atexit.register alone",
    [call(name("atexit", "register"), _OS_SYSTEM, COMMAND)],
    After("__import__('atexit')._ncallbacks() > 0"),
)
_add(
    "weakref.finalize called",
    [call(call(name("weakref", "finalize"), name("json", "JSONDecoder"), _OS_SYSTEM, COMMAND))],
    SYSTEM,
)
_add(
    "weakref.ref with a callback",
    [code(call(name("weakref", "ref"), call(name("argparse", "Namespace")), name("builtins", "exec")))],
    After("True"),
    expected="review",
)
_add(
    "signal.signal",
    [call(name("signal", "signal"), 10, _OS_SYSTEM)],
    After("__import__('signal').getsignal(10) is __import__('os').system"),
    expected="review",
)
_add("sys.setprofile", [call(name("sys", "setprofile"), name("subprocess", "call"))], After("True"), expected="review")
_add(
    "threading.excepthook",
    [call(name("builtins", "setattr"), name("sys", "modules"), "x", 1)],
    After("isinstance(result, AttributeError)"),
    expected="review",
)
_add(
    "unittest.mock.Mock with a side effect",
    [call(attribute(build(call(name("unittest.mock", "Mock")), {"_mock_side_effect": 1}), "x"))],
    After("True"),
    expected="review",
)
_add(
    "ctypes.pythonapi",
    [call(name("ctypes", "pythonapi.PyRun_SimpleString"), SOURCE.encode())],
    Event("ctypes.dlsym", "PyRun_SimpleString"),
)
_add(
    "abc.ABCMeta with a hook in its namespace",
    [call(name("abc", "ABCMeta"), "X", (), {"__init_subclass__": call(name("builtins", "staticmethod"), _OS_SYSTEM)})],
    After("isinstance(result, type)"),
)
_add(
    "type with __del__",
    [
        call(
            call(
                name("builtins", "type"), "X", (), {"__del__": call(name("functools", "partial"), _OS_SYSTEM, COMMAND)}
            )
        ),
        POP,
        text("x"),
    ],
    SYSTEM,
)
_add(
    "type with __getattr__, read by getattr",
    [
        attribute(
            call(
                call(
                    name("builtins", "type"),
                    "X",
                    (),
                    {"__getattr__": call(name("builtins", "staticmethod"), _OS_SYSTEM)},
                )
            ),
            COMMAND,
        )
    ],
    SYSTEM,
)
_add(
    "type with __missing__",
    [
        call(
            name("operator", "getitem"),
            call(
                call(
                    name("builtins", "type"),
                    "X",
                    (name("builtins", "dict"),),
                    {"__missing__": call(name("builtins", "staticmethod"), _OS_SYSTEM)},
                )
            ),
            COMMAND,
        )
    ],
    SYSTEM,
)
_add(
    "type with __class_getitem__",
    [
        call(
            name("operator", "getitem"),
            call(
                name("builtins", "type"),
                "X",
                (),
                {"__class_getitem__": call(name("builtins", "staticmethod"), _OS_SYSTEM)},
            ),
            COMMAND,
        )
    ],
    SYSTEM,
)
_add(
    "type with __reduce_ex__, copied",
    [
        call(
            name("copy", "copy"),
            call(
                call(
                    name("builtins", "type"),
                    "X",
                    (),
                    {
                        "__copy__": call(
                            name("builtins", "staticmethod"), call(name("functools", "partial"), _OS_SYSTEM, COMMAND)
                        )
                    },
                )
            ),
        )
    ],
    After("True"),
)
_add(
    "collections.defaultdict's factory",
    [
        call(
            name("operator", "getitem"),
            call(name("collections", "defaultdict"), call(name("functools", "partial"), _OS_SYSTEM, COMMAND)),
            1,
        )
    ],
    SYSTEM,
)
_add(
    "collections.defaultdict.__missing__",
    [
        call(
            name("collections", "defaultdict.__missing__"),
            call(name("collections", "defaultdict"), call(name("functools", "partial"), _OS_SYSTEM, COMMAND)),
            1,
        )
    ],
    SYSTEM,
)
_add(
    "collections.defaultdict's factory, filled later",
    [call(name("collections", "defaultdict"), _OS_SYSTEM)],
    After("result.default_factory is __import__('os').system"),
)
_add(
    "copy.copy reduces a partial",
    [call(call(name("copy", "copy"), call(name("functools", "partial"), _OS_SYSTEM, COMMAND)))],
    SYSTEM,
)
_add("copy._reconstruct", [call(name("copy", "_reconstruct"), None, None, _OS_SYSTEM, (COMMAND,))], SYSTEM)
_add(
    "copyreg.__newobj__ of partial",
    [call(call(name("copyreg", "__newobj__"), name("functools", "partial"), _OS_SYSTEM, COMMAND))],
    SYSTEM,
)
_add(
    "copyreg.__newobj_ex__ of Popen's partial",
    [call(call(name("copyreg", "__newobj_ex__"), name("functools", "partial"), (_OS_SYSTEM, COMMAND), {}))],
    SYSTEM,
)
_add(
    "copyreg.pickle registers a reducer",
    [call(name("copyreg", "pickle"), name("builtins", "complex"), _OS_SYSTEM)],
    After("__import__('copyreg').dispatch_table[complex] is __import__('os').system"),
)
_add(
    "copyreg.constructor checks a callable",
    [call(name("copyreg", "constructor"), _OS_SYSTEM)],
    After("True"),
    expected="review",
)
_add(
    "copyreg.dispatch_table.get",
    [call(name("copyreg", "dispatch_table.get"), name("builtins", "complex"))],
    After("True"),
    expected="review",
)
_add(
    "codecs.decode then eval",
    [call(name("builtins", "eval"), call(name("codecs", "decode"), "'jrvtuznfgre_sverq'", "rot13"))],
    RUN,
)
_add(
    "base64 then exec",
    [
        call(
            name("builtins", "exec"), call(name("base64", "b64decode"), __import__("base64").b64encode(SOURCE.encode()))
        )
    ],
    RUN,
)

# Names that are put together.
_add(
    "name assembled by str.join",
    [
        call(
            attribute(
                call(name("builtins", "__import__"), call(name("builtins", "str.join"), "", ["o", "s"])),
                call(name("builtins", "str.join"), "", ["sys", "tem"]),
            ),
            COMMAND,
        )
    ],
    SYSTEM,
)
_add(
    "STACK_GLOBAL of names assembled by str.join",
    [
        call(name("builtins", "str.join"), "", ["po", "six"]),
        call(name("builtins", "str.join"), "", ["sys", "tem"]),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
    ],
    SYSTEM,
)
_add(
    "STACK_GLOBAL of a name cut from another",
    [
        call(name("operator", "getitem"), "xposix", call(name("builtins", "slice"), 1, None)),
        call(name("operator", "concat"), "sys", "tem"),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
    ],
    SYSTEM,
)
_add(
    "STACK_GLOBAL of a replaced name",
    [call(name("builtins", "str.replace"), "poXix", "X", "s"), text("system"), STACK_GLOBAL, tuple_(COMMAND), REDUCE],
    SYSTEM,
)
_add(
    "STACK_GLOBAL of a reversed name",
    [
        text("posix"),
        call(name("builtins", "str.join"), "", call(name("builtins", "reversed"), "metsys")),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
    ],
    SYSTEM,
)
_add(
    "STACK_GLOBAL of decoded bytes",
    [
        call(name("_codecs", "decode"), b"706f736978", "hex"),
        POP,
        call(name("builtins", "str"), b"posix", "ascii"),
        text("system"),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
    ],
    SYSTEM,
)
_add(
    "STACK_GLOBAL of a str subclass",
    [new(name("builtins", "str"), "posix"), text("system"), STACK_GLOBAL, tuple_(COMMAND), REDUCE],
    SYSTEM,
)
_add(
    "STACK_GLOBAL of chr joined",
    [
        text("posix"),
        call(name("builtins", "str.join"), "", call(name("builtins", "map"), name("builtins", "chr"), list(b"system"))),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
    ],
    SYSTEM,
)
_add(
    "STACK_GLOBAL of an attribute of a harmless object",
    [
        call(name("builtins", "getattr"), name("posixpath", "os"), "__name__"),
        text("system"),
        STACK_GLOBAL,
        tuple_(COMMAND),
        REDUCE,
    ],
    SYSTEM,
)

# Python 2's names, which protocols 0 to 2 map to those of today.
_OLD_NAMES: list[tuple[str, str, Any, Proof]] = [
    ("commands", "getoutput", COMMAND, SPAWN),
    ("cPickle", "loads", b"cposix\nsystem\n(S'" + COMMAND.encode() + b"'\ntR.", SYSTEM),
    ("__builtin__", "__import__", MODULE, BROWSER),
    ("__builtin__", "eval", f"'{TOKEN}'", RUN),
    ("__builtin__", "execfile", TOKEN, After("isinstance(result, AttributeError)")),
    ("__builtin__", "apply", TOKEN, After("isinstance(result, AttributeError)")),
    ("urllib2", "urlopen", f"http://127.0.0.1/{TOKEN}", Event("urllib.Request")),
    ("urllib", "urlretrieve", f"http://127.0.0.1/{TOKEN}", Event("urllib.Request")),
    ("whichdb", "whichdb", TOKEN, OPEN),
    ("anydbm", "open", TOKEN, After("isinstance(result, BaseException)")),
    ("gdbm", "open", TOKEN, After("isinstance(result, BaseException)")),
    ("robotparser", "RobotFileParser", f"http://127.0.0.1/{TOKEN}", After("True")),
    ("os", "getcwdu", None, After("isinstance(result, BaseException)")),
]
for _module, _name, _argument, _fires in _OLD_NAMES:
    _pushed = code() if _argument is None else value(_argument)
    _written = program(proto(2), global_(_module, _name), code(b"(", _pushed, b"t"), REDUCE, STOP)
    _TABLE.raw(
        f"python 2 name {_module}.{_name}",
        _written,
        _fires,
        expected="review" if isinstance(_fires, After) else "block",
    )
_TABLE.raw(
    "python 2 name thread.start_new_thread",
    program(
        proto(2),
        global_("thread", "start_new_thread"),
        tuple_(global_("os", "system"), (COMMAND,)),
        REDUCE,
        POP,
        global_("time", "sleep"),
        tuple_(2),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_TABLE.raw(
    "python 2 name itertools.imap",
    program(
        proto(2),
        global_("__builtin__", "list"),
        tuple_(call(global_("itertools", "imap"), global_("posix", "system"), [COMMAND])),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_TABLE.raw(
    "python 2 name __builtin__.reduce",
    program(
        proto(2), global_("__builtin__", "reduce"), tuple_(global_("os", "execvp"), [TOKEN, [TOKEN]]), REDUCE, STOP
    ),
    Event("os.exec"),
)
_TABLE.raw(
    "python 2 name UserDict.UserDict of posix",
    program(
        proto(2),
        global_("exceptions", "KeyError"),
        tuple_("x"),
        REDUCE,
        POP,
        global_("posix", "system"),
        tuple_(COMMAND),
        REDUCE,
        STOP,
    ),
    SYSTEM,
)
_TABLE.raw(
    "protocol 0 and a Python 2 name",
    program(global_("__builtin__", "eval"), b"(", string(repr(repr(TOKEN))), b"tR", STOP),
    RUN,
)
_TABLE.raw(
    "python 2 name under protocol 4 is not mapped",
    program(proto(4), name("__builtin__", "eval"), STOP),
    After("isinstance(result, ModuleNotFoundError)"),
    expected="review",
)

# Live objects of a module, changed.
_COUNTER = name("collections", "Counter")
_add(
    "a module hung on a class by BUILD, then reached by a dotted name",
    [
        code(_COUNTER, tuple_(None, {"x": name("linecache", "os")}), b"b", POP),
        call(name("collections", "Counter.x.system"), COMMAND),
    ],
    SYSTEM,
)
_add(
    "a module planted in sys.modules by SETITEM",
    [
        code(name("collections", "_sys.modules"), text("collections.abc"), name("linecache", "os"), b"s", POP),
        call(name("collections.abc", "system"), COMMAND),
    ],
    SYSTEM,
)
_add(
    "sys.modules.get through collections",
    [call(attribute(call(name("collections", "_sys.modules.get"), "posix"), "system"), COMMAND)],
    SYSTEM,
)
_add(
    "sys.modules planted by dict.update",
    [
        code(call(name("builtins", "dict.update"), name("sys", "modules"), {"harmless": name("linecache", "os")}), POP),
        call(name("harmless", "system"), COMMAND),
    ],
    SYSTEM,
)
_add(
    "a module's attribute planted by setattr",
    [
        code(call(name("builtins", "setattr"), name("collections", "abc"), "f", _OS_SYSTEM), POP),
        call(name("collections", "abc.f"), COMMAND),
    ],
    SYSTEM,
)
_add(
    "fickling tampered with",
    [name("fickling.analysis", "Analysis")],
    After("isinstance(result, ModuleNotFoundError)"),
    expected="review",
)
_add(
    "picklescan tampered with",
    [call(name("picklescan.scanner", "_unsafe_globals.clear"))],
    After("isinstance(result, ModuleNotFoundError)"),
    expected="review",
)
_add(
    "weighmaster tampered with",
    [code(name("weighmaster.shipped", "__dict__"), text("policy"), name("builtins", "print"), b"s")],
    After("True"),
    expected="review",
)

# What calls with an argument of its own: the callee complains about it, which proves that it was called.
_CALLED = After("'PathLike' in str(result)")
_HANDED = After("'bufsize' in str(result)")
_SPAWNS = call(name("functools", "partial"), name("subprocess", "call"), [TOKEN])
_add(
    "unittest.mock.Mock with a side effect that runs",
    [call(call(name("unittest.mock", "Mock"), None, _OS_SYSTEM), COMMAND)],
    SYSTEM,
)
_add(
    "functools.partialmethod and its getter",
    [
        call(
            call(
                name("functools", "partialmethod.__get__"),
                call(name("functools", "partialmethod"), _OS_SYSTEM),
                None,
                name("builtins", "int"),
            ),
            COMMAND,
        )
    ],
    SYSTEM,
)
_add(
    "functools.cached_property's getter",
    [
        call(
            name("functools", "cached_property.__get__"),
            build(call(name("functools", "cached_property"), _OS_SYSTEM), {"attrname": "x"}),
            call(name("argparse", "Namespace")),
        )
    ],
    _CALLED,
)
_add(
    "classmethod's getter",
    [call(call(name("builtins", "classmethod.__get__"), call(name("builtins", "classmethod"), _OS_SYSTEM), 1))],
    _CALLED,
)
_add("types.new_class with a body to run", [call(name("types", "new_class"), "X", (), {}, _OS_SYSTEM)], _CALLED)
_add(
    "numpy.apply_along_axis",
    [call(name("numpy", "apply_along_axis"), name("builtins", "exec"), 0, [1])],
    After("isinstance(result, SyntaxError)"),
    needs=("numpy",),
)
_add("numpy.fromfunction", [call(name("numpy", "fromfunction"), _SPAWNS, (1,))], _HANDED, needs=("numpy",))
_add(
    "pandas.DataFrame.pipe",
    [call(name("pandas", "DataFrame.pipe"), call(name("pandas", "DataFrame")), _SPAWNS)],
    _HANDED,
    needs=("pandas",),
)
_add(
    "scipy.optimize.root runs its function",
    [call(name("scipy.optimize", "root"), _SPAWNS, [1.0])],
    _HANDED,
    needs=("scipy",),
)
_SETS = call(call(name("builtins", "type"), "Y", (), {"__set_name__": _SPAWNS}))
_add(
    "type with __set_name__ in its namespace",
    [call(name("builtins", "type"), "X", (), {"a": _SETS})],
    After("'__set_name__' in str(result)"),
)
_SIZE = name("numpy", "size")
_add(
    "numpy.size holds numpy's builtins",
    [
        code(_SIZE, tuple_(None, {"shape": name("numpy", "__builtins__")}), b"b", POP),
        call(call(_SIZE, _SIZE, "eval"), f"'{TOKEN}'"),
    ],
    Unproven("NumPy 2.4 looks at the axis first; older releases index with it"),
)
