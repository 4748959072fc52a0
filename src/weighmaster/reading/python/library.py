"""What calls of the language's builtins and its library give: an import, an attribute by its name, a path, a file.

Each function is of the follower, of the name that is called, and of what it is given. References:
<https://docs.python.org/3/library/functions.html> and the pages of the modules.
"""

from __future__ import annotations

from typing import Final

from weighmaster.reading.python import constants
from weighmaster.reading.python.calls import Calls, Library
from weighmaster.reading.python.lookup import variable
from weighmaster.reading.python.names import NAMESPACE, PATH_METHODS, TASKS, THINGS, WRITTEN
from weighmaster.reading.python.values import (
    BESIDE,
    CLIMBED,
    DECODED,
    FILE,
    FOLDED,
    MODULE,
    Blur,
    Cls,
    Env,
    Func,
    Given,
    Inst,
    Method,
    Partial,
    Ref,
    Thing,
    Value,
    blur,
    flags_of,
    plain,
)

_OF_PACKAGES: Final = frozenset(
    {"importlib.resources.read_binary", "importlib.resources.read_text", "pkgutil.get_data"}
)
"""Functions that read a file of a package: its name comes second."""
_TEXTS: Final = frozenset(
    {"importlib.metadata.metadata", "importlib.resources.files", "importlib.resources.open_text", "inspect.getcomments",
     "inspect.getdoc", "inspect.getsource", "inspect.getsourcelines", "linecache.getline", "linecache.getlines"}
)  # fmt: skip
"""Functions that read texts of a package."""
_STEPS: Final = 8
"""Steps of a dotted name that `operator.attrgetter` is followed for."""


# Builtins.


def _dict(reader: Calls, _: Ref, given: Given) -> Value:
    if not given.placed:
        return dict(given.named)
    reader.handed(given, run=True)
    return blur(given.flags())


def _type(_: Calls, __: Ref, given: Given) -> Value:
    # Of three arguments it makes a class, of which nothing is known.
    return None if len(given.placed) == 3 else blur(given.flags() & ~FOLDED)


def _map(reader: Calls, _: Ref, given: Given) -> Value:
    if len(given.placed) != 2:
        if given.placed:
            reader.handed(given, run=True)
        return blur(given.flags() & ~FOLDED)
    function, over = given.placed
    kind = type(function)
    items = constants.listed(over)
    if kind is Ref and reader.interesting(function.dotted):
        reader.use(function, "call", Given(items[:1] if items else [over]))
    elif kind is Func:
        reader.runs(function)
    if items is None or kind not in {Ref, Func, Method, Partial}:
        return blur(flags_of(over) | (DECODED if kind is Ref and function.dotted == "builtins.chr" else 0))
    if kind is Ref and not function.dotted.startswith("builtins."):
        return blur(flags_of(over))
    return _each(reader, function, items)


def _each(reader: Calls, function: Value, items: list[Value]) -> Value:
    found = []
    for item in items:
        value = reader.apply(function, Given([item]))
        if value is None:
            return None
        found.append(value)
    return found


def _reduce(reader: Calls, _: Ref, given: Given) -> Value:
    items = constants.listed(given.placed[1]) if len(given.placed) > 1 else None
    if not items:
        reader.handed(given, run=True)
        return blur(given.flags() & ~FOLDED)
    found, *others = [*given.placed[2:3], *items[:_STEPS]]
    for item in others:
        found = reader.apply(given.first, Given([found, item]))
    return found


def _vars(reader: Calls, _: Ref, given: Given) -> Value:
    return reader.attribute(given.first, "__dict__") if given.placed else Ref(NAMESPACE)


def _names(_: Calls, __: Ref, ___: Given) -> Value:
    return Ref(NAMESPACE)


# Modules and attributes by their name.


def _import(reader: Calls, _: Ref, given: Given) -> Value:
    wanted = given.at(0, "name")
    name = plain(wanted)
    if isinstance(name, str) and name:
        reader.bring(name)
    if isinstance(name, str) and name and not name.startswith("."):
        return Ref(name, flags_of(wanted))
    return Blur(MODULE | flags_of(wanted))


def _module_run(reader: Calls, _: Ref, given: Given) -> Value:
    name = plain(given.at(0, "mod_name"))
    if isinstance(name, str) and name:
        reader.bring(name)
        reader.bring(f"{name}.__main__")
    return None


def _dunder_import(reader: Calls, ref: Ref, given: Given) -> Value:
    found = _import(reader, ref, given)
    # `__import__("os.path")` gives `os`, unless it is told which names are wanted.
    if type(found) is Ref and len(given.placed) < 4 and "fromlist" not in given.named:
        return Ref(found.dotted.partition(".")[0], found.flags)
    return found


def _resolve(_: Calls, __: Ref, given: Given) -> Value:
    name = plain(given.first)
    return Ref(name.replace(":", "."), flags_of(given.first) | FOLDED) if isinstance(name, str) else Blur(MODULE)


def _getattr(reader: Calls, _: Ref, given: Given) -> Value:
    if len(given.placed) < 2:
        return None
    found = reader.named(given.placed[0], given.placed[1])
    if type(found) is Blur and not found.flags & (CLIMBED | MODULE):
        return None
    if type(found) is Ref and found.flags & BESIDE:
        return Ref(found.dotted, BESIDE)  # What an object was made of says nothing of this.
    return found if found is not None or len(given.placed) < 3 else given.placed[2]


def _data(_: Calls, ref: Ref, given: Given) -> Value:
    """Return what stands in a file of a package, whatever that is found by."""
    path = plain(given.placed[1]) if ref.dotted in _OF_PACKAGES and len(given.placed) > 1 else None
    return Blur(FILE, path if isinstance(path, str) else "")


def _nothing(_: Calls, __: Ref, ___: Given) -> Value:
    """Return what a new module gives, or a pair of sockets joined to each other: nothing is in it yet."""
    return None


# What holds things and does not call them.


def _holder(name: str, held: dict[str, Value]) -> Inst:
    """Return an object that has these attributes."""
    cls = Cls(name, [], Env())
    cls.attributes.update(held)
    return Inst(cls)


def _type_variable(_: Calls, ref: Ref, given: Given) -> Value:
    held = {f"__{name}__": value for name, value in given.named.items()}
    return _holder(ref.dotted, held | {"__constraints__": given.placed[1:]})


def _new_type(_: Calls, ref: Ref, given: Given) -> Value:
    return _holder(ref.dotted, {"__supertype__": given.at(1, "tp"), "__call__": Ref("typing.cast")})


def _cast(_: Calls, __: Ref, given: Given) -> Value:
    return given.at(1, "val")


def _task(_: Calls, ref: Ref, given: Given) -> Value:
    # Given a function, a task; given how it shall be run, what makes one.
    return _holder(ref.dotted, dict.fromkeys(("__wrapped__", "function"), given.first)) if given.placed else ref


# Source that is run.


def _run(reader: Calls, _: Ref, given: Given) -> Value:
    text = plain(given.first)
    return reader.source(text, flags_of(given.first)) if text is not None else blur(flags_of(given.first))


def _compile(_: Calls, __: Ref, given: Given) -> Value:
    return given.at(0, "source")


# Functions of functions.


def _partial(_: Calls, __: Ref, given: Given) -> Value:
    return Partial(given.first, Given(given.placed[1:], given.named)) if given.placed else None


def _methodcaller(_: Calls, __: Ref, given: Given) -> Value:
    return Partial(Ref("operator.<method>"), given) if isinstance(plain(given.first), str) else None


def _methodcaller_called(reader: Calls, _: Ref, given: Given) -> Value:
    if len(given.placed) < 2:
        return None
    name, *others, base = given.placed
    found = reader.named(base, name)
    return reader.apply(found, Given(others, given.named)) if found is not None else None


def _attrgetter(_: Calls, __: Ref, given: Given) -> Value:
    return Partial(Ref("operator.<attribute>"), given)


def _attrgetter_called(reader: Calls, _: Ref, given: Given) -> Value:
    found = given.placed[-1] if len(given.placed) > 1 else None
    name = plain(given.first)
    for step in name.split(".")[:_STEPS] if isinstance(name, str) else ():
        found = reader.named(found, step)
    return found


# Files, paths, the environment.


def _open(reader: Calls, _: Ref, given: Given) -> Value:
    mode = plain(given.at(1, "mode", "r"))
    if isinstance(mode, str) and mode[:1] in {"w", "a", "x"}:
        return Thing(WRITTEN, given.first)
    return Blur(FILE | reader.secrecy(given.first), _path_text(given.first))


def _path_text(path: Value) -> str:
    text = plain(path)
    return text if isinstance(text, str) else ""


def _found_library(_: Calls, __: Ref, given: Given) -> Value:
    # The system looks for it under this name where its own libraries lie.
    return given.at(0, "name")


def _joined(parts: list[Value]) -> Value:
    texts = [plain(part) for part in parts]
    if not texts or not isinstance(texts[0], str):
        tail = texts[-1] if texts else None
        # What stands before it is not known; what it ends in often says enough.
        return f"?/{tail}" if isinstance(tail, str) and len(texts) > 1 else None
    return "/".join(text if isinstance(text, str) else "?" for text in texts)


def _join(_: Calls, __: Ref, given: Given) -> Value:
    return _joined(given.placed)


def _path(_: Calls, __: Ref, given: Given) -> Value:
    return Thing("pathlib.Path", _joined(given.placed))


def _home(_: Calls, __: Ref, ___: Given) -> Value:
    return Thing("pathlib.Path", "~")


def _thing(reader: Calls, ref: Ref, given: Given) -> Value:
    return _path(reader, ref, given) if ref.dotted.startswith("pathlib.") else Thing(ref.dotted, given.at(0, "url"))


def _variable(_: Calls, __: Ref, given: Given) -> Value:
    return variable(plain(given.first), given.at(1))


LIBRARY: Final[Library] = {
    "builtins.__import__": _dunder_import,
    "builtins.compile": _compile,
    "builtins.dict": _dict,
    "builtins.dir": _names,
    "builtins.eval": _run,
    "builtins.exec": _run,
    "builtins.execfile": _open,
    "builtins.getattr": _getattr,
    "builtins.globals": _names,
    "builtins.locals": _names,
    "builtins.map": _map,
    "builtins.open": _open,
    "builtins.type": _type,
    "builtins.vars": _vars,
    "cProfile.run": _run,
    "code.InteractiveInterpreter.runsource": _run,
    "codecs.open": _open,
    "ctypes.util.find_library": _found_library,
    "doctest.debug_script": _run,
    "functools.partial": _partial,
    "functools.reduce": _reduce,
    "imp.load_module": _import,
    "importlib.__import__": _dunder_import,
    "importlib.import_module": _import,
    "inspect.getattr_static": _getattr,
    "io.open": _open,
    "operator.<attribute>": _attrgetter_called,
    "operator.<method>": _methodcaller_called,
    "operator.attrgetter": _attrgetter,
    "operator.methodcaller": _methodcaller,
    "os.environ.__getitem__": _variable,
    "os.environ.get": _variable,
    "os.environ.pop": _variable,
    "os.getenv": _variable,
    "os.path.join": _join,
    "pathlib.Path.home": _home,
    "pdb.run": _run,
    "pkgutil.resolve_name": _resolve,
    "profile.run": _run,
    "pydoc.locate": _resolve,
    "runpy.run_module": _module_run,
    "socket.socketpair": _nothing,
    "timeit.repeat": _run,
    "timeit.timeit": _run,
    "trace.Trace.run": _run,
    "types.FunctionType": _run,
    "types.LambdaType": _run,
    "types.ModuleType": _nothing,
    "typing.NewType": _new_type,
    "typing.TypeVar": _type_variable,
    "typing.cast": _cast,
    "typing_extensions.NewType": _new_type,
    "typing_extensions.TypeVar": _type_variable,
    "typing_extensions.cast": _cast,
    **dict.fromkeys(TASKS, _task),
    **dict.fromkeys(_OF_PACKAGES | _TEXTS, _data),
    **dict.fromkeys(THINGS, _thing),
    **dict.fromkeys((f"pathlib.Path.{name}" for name in PATH_METHODS), _path),
}
"""What a call gives, by the name that is called."""
