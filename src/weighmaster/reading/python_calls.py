"""What a call in Python source does and gives: local functions are followed, a few of the library's are known.

Which names matter is for the caller to say (`interesting`); what is known here is what the language and its library
mean, not what is dangerous.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.reading import python_constants as constants
from weighmaster.reading.python_source import parsed
from weighmaster.reading.python_values import (
    CLASSES,
    CLIMBED,
    DECODED,
    ENVIRONMENT,
    FETCHED,
    FILE,
    FOLDED,
    MODULE,
    SECRET,
    SECRET_FILE,
    Blur,
    Cls,
    Either,
    Env,
    Func,
    Inst,
    Made,
    Method,
    Part,
    Partial,
    Ref,
    Thing,
    Use,
    Value,
    blur,
    either,
    flags_of,
    gather,
    plain,
)

if TYPE_CHECKING:
    import ast

BUILTINS: Final = frozenset(
    [
        "open",
        "exec",
        "eval",
        "compile",
        "getattr",
        "setattr",
        "delattr",
        "hasattr",
        "vars",
        "globals",
        "locals",
        "dir",
        "__import__",
        "input",
        "map",
        "filter",
        "type",
        "print",
        "chr",
        "ord",
        "bytes",
        "str",
        "int",
        "float",
        "bytearray",
        "list",
        "dict",
        "tuple",
        "set",
        "frozenset",
        "iter",
        "next",
        "reversed",
        "sorted",
        "min",
        "max",
        "any",
        "all",
        "zip",
        "enumerate",
        "object",
        "super",
        "isinstance",
        "issubclass",
        "callable",
        "breakpoint",
        "help",
        "exit",
        "quit",
        "memoryview",
        "id",
        "repr",
        "sum",
        "unichr",
        "staticmethod",
        "classmethod",
        "property",
        "execfile",
        "raw_input",
        "reload",
    ]
)
NAMESPACE: Final = "<namespace>"
OWN_NAME: Final = "__name__"
_CLIMBS: Final = frozenset(
    {"__globals__", "f_globals", "f_builtins", "__builtins__", "gi_frame", "cr_frame", "tb_frame"}
)
_TYPES: Final = frozenset({"__class__", "__base__", "__bases__", "__mro__", "mro", "__subclasses__"})
NAMES: Final = {
    "system": "os.system", "popen": "os.popen", "Popen": "subprocess.Popen", "check_output": "subprocess.check_output",
    "check_call": "subprocess.check_call", "getoutput": "subprocess.getoutput", "exec": "builtins.exec",
    "execv": "os.execv", "execve": "os.execve", "spawn": "pty.spawn", "__import__": "builtins.__import__",
    "load_module": "importlib.import_module", "import_module": "importlib.import_module", "CDLL": "ctypes.CDLL",
    "urlopen": "urllib.request.urlopen", "rmtree": "shutil.rmtree", "posix_spawn": "os.posix_spawn", "fork": "os.fork",
}  # fmt: skip
"""What a name most likely is when it is taken from a module whose own name is not known."""
_CLIMBED_NAMES: Final = NAMES | {
    "eval": "builtins.eval", "open": "builtins.open", "compile": "builtins.compile", "run": "subprocess.run",
    "call": "subprocess.call", "getattr": "builtins.getattr", "sys": "sys", "os": "os", "modules": "sys.modules",
    "builtins": "builtins", "__builtins__": "builtins", "subprocess": "subprocess", "linecache": "linecache",
}  # fmt: skip
_RUNNERS: Final = frozenset(
    {"map", "filter", "sorted", "min", "max", "any", "all", "list", "tuple", "set", "next", "sum", "dict"}
)
_RUNNING: Final = frozenset(
    [
        "threading.Thread",
        "threading.Timer",
        "multiprocessing.Process",
        "_thread.start_new_thread",
        "asyncio.run",
        "functools.reduce",
        "concurrent.futures.ThreadPoolExecutor.submit",
        "weakref.finalize",
        "sys.settrace",
        "sys.setprofile",
        "sys.addaudithook",
        "threading.settrace",
        "threading.setprofile",
        "codecs.register",
        "itertools.starmap",
        "atexit.register",
        "re.sub",
        "sys.meta_path.insert",
        "sys.meta_path.append",
        "sys.path_hooks.insert",
        "sys.path_hooks.append",
        "gc.callbacks.append",
        "importlib.util.LazyLoader",
        "contextlib.ExitStack.callback",
        "signal.signal",
        "os.register_at_fork",
        "sched.scheduler",
        "timeit.timeit",
        "cProfile.run",
        "functools.singledispatch",
        "operator.call",
    ]
)
"""They run the functions that they are given, now or soon."""
_RUN_METHODS: Final = frozenset(
    [
        "submit",
        "apply",
        "apply_async",
        "map",
        "map_async",
        "starmap",
        "imap",
        "call_soon",
        "call_later",
        "run_until_complete",
        "create_task",
        "run",
        "run_in_executor",
        "add_done_callback",
        "enter",
        "callback",
        "reduce",
        "sub",
    ]
)
_TELLS: Final = frozenset(
    [
        "isinstance",
        "issubclass",
        "hasattr",
        "callable",
        "super",
        "type",
        "id",
        "repr",
        "print",
        "help",
        "dir",
        "str",
        "len",
        "bool",
        "property",
        "staticmethod",
        "classmethod",
        "setattr",
    ]
)
"""Builtins that look at what they are given, and do not call it."""
_FETCHES: Final = (
    "requests.", "httpx.", "urllib.request.", "urllib2.", "aiohttp.", "http.client.", "urllib3.", "socket.", "ftplib.",
    "paramiko.", "websocket.", "websockets.",
)  # fmt: skip
_PATHS: Final = frozenset(
    {"os.path.expanduser", "os.path.abspath", "os.path.normpath", "os.path.realpath", "os.fspath"}
)
_DEEPEST: Final = 6
_INLINES: Final = 400
_SOURCES: Final = 64
_BIG: Final = 8
_LIST: Final = 1 << 16


class Calls:
    """The part of the reader that knows what calls mean."""

    def __init__(
        self, interesting: Callable[[str], bool], check: Callable[[], None], secret: Callable[[str], bool]
    ) -> None:
        self.interesting = interesting
        self.secret = secret
        self.check = check
        self.module = Env()
        self.env = self.module
        self.top = Part()
        self.part = self.top
        self.functions: list[Func] = []
        self.unread: list[str] = []
        self.called: set[str] = set()
        """Functions of packaging that are called."""
        self.sources = 0
        self.tint = 0
        """What is known of the text that is being read: that it was decoded, for one."""
        self.returned: list[Value] = []
        self.pending: list[Func] = []
        self._inlines = 0
        self._inside: list[Func] = []

    # What the other half does.

    def ev(self, node: ast.expr) -> Value:
        """Work out an expression."""
        raise NotImplementedError

    def walk(self, body: list[ast.stmt]) -> None:
        """Follow statements."""
        raise NotImplementedError

    # Uses.

    def use(self, ref: Ref, how: str, line: int, arguments: list[Value], keywords: dict[str, Value]) -> None:
        """Take down that something is called, handed on or changed."""
        self.part.uses.append(Use(ref.dotted, how, line, ref.flags | self.tint, arguments, keywords))

    def runs(self, function: Func) -> None:
        """Take down that a function of the source runs when this part does."""
        self.part.edges[id(function)] = function

    def handed(self, values: list[Value], keywords: dict[str, Value], line: int, *, run: bool, depth: int = 2) -> None:
        """Take down what is handed to a callee that may call it."""
        for value in (*values, *keywords.values()):
            kind = type(value)
            if value is None or kind is str or kind is int:
                continue
            if kind is Ref:
                if self.interesting(value.dotted):
                    self.use(value, "refer", line, [other for other in values if other is not value], {})
            elif kind is Partial:
                self.handed([value.function], {}, line, run=run, depth=depth)
            elif kind is Either:
                self.handed(value.values, {}, line, run=run, depth=depth)
            elif run and kind is Func:
                self.runs(value)
            elif run and kind is Inst:
                for function in value.cls.methods():
                    self.runs(function)
            elif kind is list and len(value) <= _BIG and depth:
                self.handed(value, {}, line, run=run, depth=depth - 1)

    # Attributes.

    def attribute(self, base: Value, name: str) -> Value:
        """Return what `base.name` is."""
        kind = type(base)
        if name in _CLIMBS:
            return Blur(CLIMBED | MODULE | flags_of(base))
        if base is None:
            return None
        if kind is Ref:
            return self._of_ref(base, name)
        if kind is Blur:
            return _of_blur(base, name)
        if kind is Inst or kind is Cls:
            found = (base if kind is Cls else base.cls).find(name)
            if type(found) is Func:
                self.runs(found)
            return found
        if kind is Either:
            return either([self.attribute(value, name) for value in base.values])
        if kind is Thing:
            return _of_thing(base, name)
        if kind is Func or kind is Partial:
            return base if name == "__call__" else base.function if kind is Partial and name == "func" else None
        if name in _TYPES:
            return Blur(CLIMBED)
        return Method(base, name)

    @staticmethod
    def _of_ref(base: Ref, name: str) -> Value:
        if name == "__call__":
            return base
        if name == "__self__" and base.dotted.startswith("builtins."):
            return Ref("builtins", base.flags | FOLDED)
        if name in _TYPES and base.dotted.startswith("builtins."):
            return Blur(CLIMBED)
        dotted = f"{base.dotted}.{name}"
        return Ref(dotted, base.flags | ENVIRONMENT if dotted == "os.environ" else base.flags)

    def named(self, base: Value, name: Value, *, computed: bool = True) -> Value:
        """Return what `getattr(base, name)` is."""
        text = plain(name)
        if type(base) is Either:
            return either([self.named(one, name) for one in base.values])
        if isinstance(text, str):
            found = self.attribute(base, text)
            if type(found) is Ref and computed and (flags := flags_of(name)):
                return Ref(found.dotted, found.flags | flags)
            return found
        if type(base) is Ref and self.interesting(f"{base.dotted}.?"):
            return Ref(f"{base.dotted}.?", base.flags | flags_of(name))
        return blur(flags_of(base) & (CLIMBED | MODULE) | flags_of(name))

    # Calls.

    def call(self, node: ast.Call) -> Value:
        """Work out a call."""
        import ast

        function = node.func
        base: Value = None
        name = ""
        if type(function) is ast.Attribute:
            base = self.ev(function.value)
            name = function.attr
            target = self.attribute(base, name)
            if target is base and type(base) is Blur:
                return self._of_climbed(base, name, node)
        else:
            target = self.ev(function)
        arguments = [self.ev(argument) for argument in node.args]
        keywords = {keyword.arg or "**": self.ev(keyword.value) for keyword in node.keywords} if node.keywords else {}
        if target is None:
            return self._unknown(base, name, arguments, keywords, node.lineno)
        return self.apply(target, arguments, keywords, node.lineno)

    def _of_climbed(self, base: Blur, name: str, node: ast.Call) -> Value:
        """Return what a method of something gives of which only the flags are known."""
        arguments = [self.ev(argument) for argument in node.args]
        keywords = {keyword.arg or "**": self.ev(keyword.value) for keyword in node.keywords}
        if name in {"get", "pop", "__getitem__", "setdefault", "__getattribute__"} and arguments:
            return self.subscript(base, arguments[0])
        self.handed(arguments, keywords, node.lineno, run=name in _RUN_METHODS)
        more = DECODED if constants.hides(name) else 0
        return blur((base.flags | more | gather(arguments) | gather(keywords.values())) & ~FOLDED)

    def _unknown(self, base: Value, name: str, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
        if not arguments and not keywords:
            return None
        self.handed(arguments, keywords, line, run=name in _RUN_METHODS)
        flags = gather(arguments) | gather(keywords.values())
        if constants.hides(name):
            flags |= DECODED
        return blur(flags & ~FOLDED)

    def apply(self, target: Value, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
        """Return what calling a value gives."""
        kind = type(target)
        if kind is Ref:
            return self._named_call(target, arguments, keywords, line)
        if kind is Func:
            self.runs(target)
            return self.inline(target, arguments, keywords)
        if kind is Method:
            return self._method(target, arguments, keywords, line)
        if kind is Either:
            return either([self.apply(value, arguments, keywords, line) for value in target.values])
        if kind is Cls:
            return self.make(target, arguments, keywords, line)
        if kind is Partial:
            return self.apply(target.function, target.arguments + arguments, target.keywords | keywords, line)
        if kind is Inst:
            found = target.cls.find("__call__")
            return self.apply(found, [target, *arguments], keywords, line) if found is not None else None
        return self._blurred(target, arguments, keywords, line)

    def _blurred(self, target: Value, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
        self.handed(arguments, keywords, line, run=False)
        flags = flags_of(target)
        if flags & CLASSES and arguments:
            self.use(Ref("builtins.object.__subclasses__", flags), "call", line, arguments, keywords)
        return blur((flags | gather(arguments) | gather(keywords.values())) & ~FOLDED)

    def make(self, cls: Cls, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
        """Return an instance; what the class does on its own may run."""
        for function in cls.methods():
            if function.name[:2] == "__" == function.name[-2:]:
                self.runs(function)
        for root in cls.roots():
            if self.interesting(root):
                self.use(Ref(root), "call", line, arguments, keywords)
        made = Inst(cls)
        start = cls.find("__init__")
        if type(start) is Func and any(_special(value) for value in (*arguments, *keywords.values())):
            self.inline(start, [made, *arguments], keywords)
        else:
            self.handed(arguments, keywords, line, run=False)
        return made

    def inline(self, function: Func, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        """Follow the body of a function with these arguments, where they could matter; return what it returns."""
        given = [*arguments, *keywords.values()]
        light = isinstance(getattr(function.node, "body", None), list)
        if (
            self._inlines >= _INLINES
            or len(self._inside) >= _DEEPEST
            or any(function is other for other in self._inside)
            or (light and self.part is not self.top and not any(_special(value) for value in given))
        ):
            return None
        self._inlines += 1
        self.check()
        self._inside.append(function)
        try:
            return self.follow(function, arguments, keywords)
        finally:
            self._inside.pop()

    def follow(self, function: Func, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        """Follow the body of a function in the part that is being read."""
        env, returned = self.env, self.returned
        self.env = Env(function.env)
        self.returned = []
        try:
            self._bind(function, arguments, keywords)
            body = function.node.body
            if not isinstance(body, list):
                return self.ev(body)
            self.walk(body)
            return either(self.returned)
        finally:
            self.env, self.returned = env, returned

    def _bind(self, function: Func, arguments: list[Value], keywords: dict[str, Value]) -> None:
        spec = function.node.args
        names = self.env.names
        positional = [*spec.posonlyargs, *spec.args]
        for parameter in (*positional, *spec.kwonlyargs):
            names[parameter.arg] = None
        for name, value in function.defaults:
            names[name] = value
        for parameter, value in zip(positional, arguments, strict=False):
            names[parameter.arg] = value
        for name, value in keywords.items():
            if name in names:
                names[name] = value
        if spec.vararg:
            names[spec.vararg.arg] = arguments[len(positional) :]
        if spec.kwarg:
            names[spec.kwarg.arg] = {name: value for name, value in keywords.items() if name not in names}
        if function.owner is not None and positional and names[positional[0].arg] is None:
            if function.kind == "classmethod":
                names[positional[0].arg] = function.owner
            elif function.kind != "staticmethod":
                names[positional[0].arg] = Inst(function.owner)

    def _method(self, method: Method, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
        base, name = method.base, method.name
        if type(base) is dict and name in {"get", "pop", "setdefault", "__getitem__"} and arguments:
            found = constants.item(base, arguments[0])
            return found if found is not None or len(arguments) < 2 else arguments[1]
        if type(base) is dict and name == "update":
            for given in arguments:
                if type(given) is dict:
                    base.update(given)
            base.update(keywords)
            return None
        if type(base) is list and name in {"append", "insert", "extend"} and arguments and len(base) < _LIST:
            more = arguments[-1]
            base += list(more)[:_LIST] if name == "extend" and type(more) is list else [more]
            return None
        if type(base) is list and name in {"pop", "__getitem__"}:
            return constants.item(base, arguments[0] if arguments else -1)
        if type(base) is list and name == "reverse":
            base.reverse()
            return None
        if name == "__getitem__" and arguments:
            return constants.item(base, arguments[0])
        if arguments:
            self.handed(arguments, keywords, line, run=False)
        return constants.method(base, name, arguments + list(keywords.values()))

    def _named_call(self, ref: Ref, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
        dotted = ref.dotted
        if self.interesting(dotted):
            self.use(ref, "call", line, arguments, keywords)
        if dotted.endswith(".__getattribute__") and arguments:
            return self.named(Ref(dotted.removesuffix(".__getattribute__"), ref.flags | FOLDED), arguments[-1])
        if dotted.endswith(".setup"):
            self.called.add(dotted)
        special = _SPECIAL.get(dotted)
        if special is not None:
            return special(self, ref, arguments, keywords, line)
        if dotted.startswith("builtins."):
            return self._builtin(ref, dotted[9:], arguments, keywords, line)
        if dotted in constants.DECODERS:
            return constants.decode(dotted, arguments + list(keywords.values()))
        if arguments or keywords:
            self.handed(arguments, keywords, line, run=dotted in _RUNNING)
        if dotted.startswith(("sys.modules.", NAMESPACE)) or ".__dict__." in dotted:
            given = (*arguments, keywords)
            if any(one == OWN_NAME or (type(one) is dict and OWN_NAME in one) for one in given):
                self.module.names.setdefault(OWN_NAME, None)
            return self._namespace(ref, arguments)
        if dotted in _PATHS and arguments:
            return arguments[0]
        flags = gather(arguments) | gather(keywords.values())
        if dotted.startswith(_FETCHES):
            return Blur(FETCHED)
        if dotted.startswith("os.environ"):
            return Blur(ENVIRONMENT) if dotted.endswith((".copy", ".items", ".values")) else None
        last = dotted.rpartition(".")[2]
        if constants.hides(last) or dotted.startswith(("Crypto.", "cryptography.", "nacl.")):
            flags |= DECODED
        if last in {"read_text", "read_bytes"}:
            flags |= FILE | self.secrecy(arguments[0] if arguments else None)
        return blur(flags & ~FOLDED | ref.flags & (MODULE | CLIMBED))

    def _builtin(self, ref: Ref, name: str, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
        if name == "map" and len(arguments) == 2:
            return self._mapped(arguments[0], arguments[1], line)
        if arguments and name not in _TELLS:
            self.handed(arguments, keywords, line, run=name in _RUNNERS)
        if name == "type" and len(arguments) == 3:
            return None
        if name in {"bytes.decode", "str.encode"} or name.startswith(("str.", "bytes.")):
            if name == "bytes.fromhex":
                return constants.decode(ref.dotted, arguments)
            return constants.method(arguments[0], name.partition(".")[2], arguments[1:]) if arguments else None
        if ref.dotted in constants.DECODERS:
            return constants.decode(ref.dotted, arguments)
        if name in {"chr", "ord", "bytes", "str", "int", "float", "bytearray", "list", "tuple", "iter", "reversed"}:
            return constants.built(name, arguments + [value for key, value in keywords.items() if key == "encoding"])
        if name == "dict":
            return dict(keywords) if not arguments else blur(gather(arguments) | gather(keywords.values()))
        return blur((gather(arguments) | gather(keywords.values())) & ~FOLDED)

    def _mapped(self, function: Value, over: Value, line: int) -> Value:
        items = constants.listed(over)
        if type(function) is Ref and self.interesting(function.dotted):
            self.use(function, "call", line, items[:1] if items else [over], {})
        elif type(function) is Func:
            self.runs(function)
        if items is None or type(function) not in {Ref, Func, Method}:
            more = DECODED if type(function) is Ref and function.dotted == "builtins.chr" else 0
            return blur(flags_of(over) | more)
        if type(function) is Ref and not function.dotted.startswith("builtins."):
            return blur(flags_of(over))
        found = []
        for item in items:
            value = self.apply(function, [item], {}, line)
            if value is None:
                return None
            found.append(value)
        return found

    def _namespace(self, ref: Ref, arguments: list[Value]) -> Value:
        head, _, last = ref.dotted.rpartition(".")
        if last in {"get", "pop", "__getitem__", "setdefault"} and arguments:
            return self.subscript(Ref(head, ref.flags), arguments[0])
        if last in {"values", "items"}:
            return Blur(MODULE)
        return None

    def subscript(self, base: Value, index: Value) -> Value:
        """Return what `base[index]` is."""
        kind = type(base)
        text = plain(index)
        if kind is Ref:
            return self._of_namespace(base, index, text)
        if kind is Blur:
            return _of_blur(base, text) if isinstance(text, str) else base
        if kind is Either:
            return either([self.subscript(value, index) for value in base.values])
        if kind is Inst:
            found = base.cls.find("__getitem__")
            return self.apply(found, [base, index], {}, 0) if found is not None else None
        return constants.item(base, index)

    def _of_namespace(self, base: Ref, index: Value, text: Any) -> Value:
        flags = base.flags | flags_of(index)
        if base.dotted == "sys.modules":
            return Ref(text, flags | FOLDED) if isinstance(text, str) else Blur(MODULE | flags)
        if base.dotted == NAMESPACE and isinstance(text, str):
            found = self.look(text)
            return Ref(found.dotted, found.flags | flags | FOLDED) if type(found) is Ref else found
        if base.dotted == "builtins" or base.dotted.endswith(".__dict__"):
            return self.named(Ref(base.dotted.removesuffix(".__dict__"), flags | FOLDED), index)
        return variable(text) if base.dotted == "os.environ" else None

    def secrecy(self, path: Value) -> int:
        """Return what the path of a file says of what is in it."""
        text = plain(path)
        return SECRET_FILE if isinstance(text, str) and self.secret(text) else 0

    def look(self, name: str) -> Value:
        """Return what a name stands for."""
        env: Env | None = self.env
        while env is not None:
            if name in env.names:
                return env.names[name]
            env = env.outer
        if name in BUILTINS:
            return Ref(f"builtins.{name}")
        if name == "__builtins__":
            return Ref("builtins")
        if name in {"__loader__", "__spec__"}:
            return Blur(CLIMBED | MODULE)
        for module in self.module.stars:
            if self.interesting(f"{module}.{name}"):
                return Ref(f"{module}.{name}")
        return None

    def source(self, text: Any, flags: int) -> Value:
        """Follow source that the source holds as text; return what its last expression is."""
        import ast

        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        if not isinstance(text, str) or self.sources >= _SOURCES or len(self._inside) >= _DEEPEST:
            return None
        self.sources += 1
        self.check()
        try:
            tree = parsed(text.strip())
        except (UnreadableError, OverBudgetError) as error:
            if len(text) > _BIG:
                self.unread.append(f"text that is run as source: {error}")
            return None
        before, self.tint = self.tint, self.tint | flags
        self._inside.append(_NOBODY)
        try:
            self.walk(tree.body)
            last = tree.body[-1] if tree.body else None
            return self.ev(last.value) if type(last) is ast.Expr and len(tree.body) == 1 else None
        finally:
            self._inside.pop()
            self.tint = before


def _of_blur(base: Blur, name: str) -> Value:
    if base.flags & CLIMBED and name in _CLIMBED_NAMES:
        return Ref(_CLIMBED_NAMES[name], base.flags | FOLDED)
    if base.flags & MODULE and name in NAMES:
        return Ref(NAMES[name], base.flags | FOLDED)
    if base.flags & CLIMBED and name == "__subclasses__":
        return Blur(base.flags | CLASSES)
    return base


_THINGS: Final = frozenset(
    [
        "pathlib.Path",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "socket.socket",
        "socket.create_connection",
        "requests.Session",
        "requests.session",
        "httpx.Client",
        "httpx.AsyncClient",
        "http.client.HTTPConnection",
        "http.client.HTTPSConnection",
        "urllib.request.build_opener",
        "urllib.request.Request",
        "smtplib.SMTP",
        "smtplib.SMTP_SSL",
        "ftplib.FTP",
        "aiohttp.ClientSession",
        "paramiko.SSHClient",
        "urllib3.PoolManager",
        "pickle.Unpickler",
        "ctypes.CDLL",
        "ctypes.PyDLL",
        "code.InteractiveInterpreter",
        "code.InteractiveConsole",
        "importlib.machinery.SourceFileLoader",
    ]
)
"""Classes of whose objects the methods matter."""
_PATH_METHODS: Final = frozenset({"expanduser", "resolve", "absolute", "joinpath", "with_suffix", "with_name"})


def _of_thing(base: Thing, name: str) -> Value:
    if base.dotted == "pathlib.Path" and name in {"parent", "parents"}:
        return base
    if name.startswith("__"):
        return None
    return Partial(Ref(f"{base.dotted}.{name}"), [base.first], {})


def _thing(_: Calls, ref: Ref, arguments: list[Value], keywords: dict[str, Value], __: int) -> Value:
    dotted = ref.dotted
    if dotted.startswith("pathlib."):
        dotted = "pathlib.Path"
        return Thing(dotted, _joined(arguments))
    return Thing(dotted, arguments[0] if arguments else keywords.get("url"))


def _path(_: Calls, __: Ref, arguments: list[Value], ___: dict[str, Value], ____: int) -> Value:
    return Thing("pathlib.Path", _joined(arguments))


def _joined(arguments: list[Value]) -> Value:
    texts = [plain(argument) for argument in arguments]
    if not texts or not isinstance(texts[0], str):
        tail = texts[-1] if texts else None
        # What stands before it is not known; what it ends in often says enough.
        return f"?/{tail}" if isinstance(tail, str) and len(texts) > 1 else None
    return "/".join(str(text) if isinstance(text, str) else "?" for text in texts)


def _join(_: Calls, __: Ref, arguments: list[Value], ___: dict[str, Value], ____: int) -> Value:
    return _joined(arguments)


def _home(*_: Any) -> Value:
    return Thing("pathlib.Path", "~")


def _variable(_: Calls, __: Ref, arguments: list[Value], ___: dict[str, Value], ____: int) -> Value:
    name = plain(arguments[0]) if arguments else None
    return variable(name, arguments[1] if len(arguments) > 1 else None)


def variable(name: Any, default: Value = None) -> Value:
    """Return what a variable of the environment holds."""
    if name in {"HOME", "USERPROFILE"}:
        return "~"
    if isinstance(name, str) and any(word in name.upper() for word in _SECRETS):
        return Blur(SECRET)
    return default if isinstance(default, str) else None


_SECRETS: Final = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "CREDENTIAL", "ACCESS_KEY")


def _special(value: Value) -> bool:
    kind = type(value)
    return (
        kind is Made
        or kind is Blur
        or kind is Ref
        or kind is Func
        or kind is Partial
        or kind is list
        or ((kind is str or kind is bytes) and len(value) >= _BIG)
    )


_NOBODY: Final = Func(None, "", Env(), None)


def _import(reader: Calls, _: Ref, arguments: list[Value], keywords: dict[str, Value], __: int) -> Value:
    given = arguments[0] if arguments else keywords.get("name")
    name = plain(given)
    if isinstance(name, str) and name and not name.startswith("."):
        return Ref(name, flags_of(given))
    return Blur(MODULE | flags_of(given))


def _dunder_import(reader: Calls, ref: Ref, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
    found = _import(reader, ref, arguments, keywords, line)
    # `__import__("os.path")` gives `os`, unless it is told which names are wanted.
    if type(found) is Ref and len(arguments) < 4 and "fromlist" not in keywords:
        return Ref(found.dotted.partition(".")[0], found.flags)
    return found


def _getattr(reader: Calls, _: Ref, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
    if len(arguments) < 2:
        return None
    found = reader.named(arguments[0], arguments[1])
    if type(found) is Blur and not found.flags & (CLIMBED | MODULE):
        return None
    return found if found is not None or len(arguments) < 3 else arguments[2]


def _run(reader: Calls, _: Ref, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
    if not arguments:
        return None
    text = plain(arguments[0])
    if text is not None:
        return reader.source(text, flags_of(arguments[0]))
    return blur(flags_of(arguments[0]))


def _compile(_: Calls, __: Ref, arguments: list[Value], keywords: dict[str, Value], ___: int) -> Value:
    return arguments[0] if arguments else keywords.get("source")


def _function(reader: Calls, ref: Ref, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
    return _run(reader, ref, arguments, keywords, line)


def _vars(reader: Calls, ref: Ref, arguments: list[Value], _: dict[str, Value], __: int) -> Value:
    if not arguments:
        return Ref(NAMESPACE)
    return reader.attribute(arguments[0], "__dict__")


def _space(*_: Any) -> Value:
    return Ref(NAMESPACE)


def _partial(reader: Calls, _: Ref, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
    return Partial(arguments[0], arguments[1:], keywords) if arguments else None


def _caller(reader: Calls, _: Ref, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
    name = plain(arguments[0]) if arguments else None
    return Partial(Ref("operator.<method>"), arguments, keywords) if isinstance(name, str) else None


def _called(reader: Calls, _: Ref, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
    if len(arguments) < 2:
        return None
    found = reader.named(arguments[-1], arguments[0])
    return reader.apply(found, arguments[1:-1], keywords, line) if found is not None else None


def _getter(reader: Calls, _: Ref, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
    return Partial(Ref("operator.<attribute>"), arguments, keywords)


def _got(reader: Calls, _: Ref, arguments: list[Value], __: dict[str, Value], line: int) -> Value:
    found = arguments[-1] if len(arguments) > 1 else None
    name = plain(arguments[0]) if arguments else None
    for step in name.split(".")[:8] if isinstance(name, str) else ():
        found = reader.named(found, step)
    return found


def _open(reader: Calls, _: Ref, arguments: list[Value], keywords: dict[str, Value], __: int) -> Value:
    mode = plain(arguments[1]) if len(arguments) > 1 else plain(keywords.get("mode", "r"))
    if isinstance(mode, str) and mode[:1] in {"w", "a", "x"}:
        return None
    return Blur(FILE | reader.secrecy(arguments[0] if arguments else None))


def _resolve(reader: Calls, _: Ref, arguments: list[Value], keywords: dict[str, Value], line: int) -> Value:
    name = plain(arguments[0]) if arguments else None
    if not isinstance(name, str):
        return Blur(MODULE)
    return Ref(name.replace(":", "."), flags_of(arguments[0]) | FOLDED)


def _new_module(*_: Any) -> Value:
    return None


_SPECIAL: Final[dict[str, Callable[..., Value]]] = {
    "builtins.__import__": _dunder_import,
    "builtins.getattr": _getattr,
    "inspect.getattr_static": _getattr,
    "builtins.exec": _run,
    "builtins.eval": _run,
    "builtins.execfile": _open,
    "timeit.timeit": _run,
    "timeit.repeat": _run,
    "cProfile.run": _run,
    "profile.run": _run,
    "pdb.run": _run,
    "trace.Trace.run": _run,
    "code.InteractiveInterpreter.runsource": _run,
    "doctest.debug_script": _run,
    "builtins.compile": _compile,
    "types.FunctionType": _function,
    "types.LambdaType": _function,
    "builtins.vars": _vars,
    "builtins.globals": _space,
    "builtins.locals": _space,
    "builtins.dir": _space,
    "importlib.import_module": _import,
    "importlib.__import__": _dunder_import,
    "imp.load_module": _import,
    "pkgutil.resolve_name": _resolve,
    "pydoc.locate": _resolve,
    "functools.partial": _partial,
    "operator.methodcaller": _caller,
    "operator.attrgetter": _getter,
    "operator.<method>": _called,
    "operator.<attribute>": _got,
    "builtins.open": _open,
    "io.open": _open,
    "codecs.open": _open,
    "types.ModuleType": _new_module,
    **dict.fromkeys(_THINGS, _thing),
    **dict.fromkeys((f"pathlib.Path.{name}" for name in _PATH_METHODS), _path),
    "pathlib.Path.home": _home,
    "os.path.join": _join,
    "os.getenv": _variable,
    "os.environ.get": _variable,
    "os.environ.__getitem__": _variable,
    "os.environ.pop": _variable,
}
