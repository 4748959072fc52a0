"""What names, attributes and items of Python source stand for, and the notes of what is used.

The lowest layer of the follower: expressions and calls are for the layers above it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from weighmaster.reading.python import constants
from weighmaster.reading.python.names import (
    BUILTINS,
    CLIMBING,
    NAMESPACE,
    OF_INTERPRETER,
    OF_MODULES,
    SECRET_WORDS,
    TYPES,
)
from weighmaster.reading.python.values import (
    BESIDE,
    CLASSES,
    CLIMBED,
    ENVIRONMENT,
    FOLDED,
    MACHINE,
    MODULE,
    NOWHERE,
    SECRET,
    SECRET_FILE,
    VARIABLE,
    Blur,
    Cls,
    Either,
    Env,
    Func,
    Given,
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
    plain,
)

BIG: Final = 8
"""Text from here on may be source or a payload; lists up to here are looked into for functions."""
_MOST_BROUGHT: Final = 2_000
"""Modules that one piece of source imports."""
_MOST_ASKED: Final = 5_000
"""Names in other sources that one piece of source calls."""
_LONGEST_NAME: Final = 200
_LONGEST_ASKED: Final = 160
_STARS: Final = 4
_DEEP: Final = 2
"""Lists inside lists that are looked into for functions."""


class Lookup:
    """The state of the follower, what names stand for in it, and what it takes down.

    Which names matter is for the caller to say (`interesting`), and which paths lead to secrets (`secret`); `check` is
    called now and then, and raises when time is up.
    """

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
        self.spot: ast.expr | ast.stmt | None = None
        """The call or the statement that is being followed."""
        self.checking = False
        """Whether what is being followed is never run: it is for whoever checks types."""
        self.under = ""
        """What the machine, the moment or the input has to be for what is being followed to run."""
        self.doc: str | None = None
        """The text with which the source begins."""
        self.crowded = False
        """Whether more of other sources is called than was taken down."""
        self.own: frozenset[str] = frozenset()
        """Names of the folders that the source lies in: what is imported by one of them may lie beside it."""
        self.unseen = True
        """Whether any text in what is read may hold letters that nobody sees."""
        self.tint = 0
        """What is known of the text that is being read: that it was decoded, for one."""
        self._attributes: dict[type, Callable[[Any, str], Value]] = {
            Ref: self._of_ref,
            Blur: self._of_blur,
            Cls: self._of_class,
            Inst: self._of_class,
            Either: self._of_each,
            Thing: self._of_thing,
            Func: self._of_function,
            Partial: self._of_function,
        }

    # What the layers above do.

    def ev(self, node: ast.expr) -> Value:
        """Work out an expression."""
        raise NotImplementedError

    def walk(self, body: list[ast.stmt]) -> None:
        """Follow statements."""
        raise NotImplementedError

    def apply(self, target: Value, given: Given) -> Value:
        """Return what calling a value gives."""
        raise NotImplementedError

    # Uses.

    def use(self, ref: Ref, how: str, given: Given) -> None:
        """Take down that something is called, handed on, set or imported."""
        node = self.spot
        span = (
            NOWHERE
            if node is None
            else (node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
        )
        self.part.uses.append(Use(ref.dotted, how, ref.flags | self.tint, given, span, self.under))

    def bring(self, module: str, *, sure: bool = True) -> None:
        """Take down that a module is imported, or what may be one."""
        if not self.checking and len(self.part.brings) < _MOST_BROUGHT:
            self.part.brings[module] = sure or self.part.brings.get(module, False)

    def beside(self, dotted: str) -> Ref:
        """Return what an import gives, which may lie beside the source."""
        return Ref(dotted, BESIDE if dotted.partition(".")[0] in self.own or dotted[:1] == "." else 0)

    def asks(self, ref: Ref, given: Given) -> None:
        """Take down that something of another source is called."""
        if len(self.part.asks) >= _MOST_ASKED:
            self.crowded = True
        elif len(ref.dotted) <= _LONGEST_NAME:
            first = given.first
            words = [plain(word) for word in first[:BIG]] if type(first) is list else [plain(first)]
            text = " ".join([word for word in words if isinstance(word, str)])
            self.part.asks[ref.dotted, text[:_LONGEST_ASKED]] = None

    def runs(self, function: Func) -> None:
        """Take down that a function of the source runs when this part does."""
        self.part.edges[id(function)] = function

    def handed(self, given: Given, *, run: bool) -> None:
        """Take down what is handed to a callee, which may call it (`run`) or not."""
        self._handed(given.values(), given.placed, run=run, depth=_DEEP)

    def _handed(self, values: list[Value], beside: list[Value], *, run: bool, depth: int) -> None:
        for value in values:
            kind = type(value)
            if value is None or kind is str or kind is int:
                continue
            if kind is Ref:
                if self.interesting(value.dotted):
                    self.use(value, "refer", Given([other for other in beside if other is not value]))
                if run and value.flags & BESIDE:
                    self.asks(value, Given([other for other in beside if other is not value]))
            elif kind is Func or kind is Inst:
                for function in _runnable(value) if run else ():
                    self.runs(function)
            elif kind in _HOLDING and (inner := _HOLDING[kind](value)) and (depth or kind is not list):
                self._handed(inner, inner, run=run, depth=depth - (kind is list))

    # Names.

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
        near = [self.beside(inside(module, name)) for module in self.module.stars[:_STARS]]
        return either([ref for ref in near if ref.flags])

    # Attributes.

    def attribute(self, base: Value, name: str) -> Value:
        """Return what `base.name` is."""
        if name in CLIMBING:
            return Blur(CLIMBED | MODULE | flags_of(base))
        if base is None:
            return None
        of_kind = self._attributes.get(type(base))
        if of_kind is not None:
            return of_kind(base, name)
        return Blur(CLIMBED) if name in TYPES else Method(base, name)

    def _of_ref(self, base: Ref, name: str) -> Value:
        if name == "__call__":
            return base
        if base.dotted.startswith("builtins."):
            if name == "__self__":
                return Ref("builtins", base.flags | FOLDED)
            if name in TYPES:
                return Blur(CLIMBED)
        dotted = f"{base.dotted}.{name}"
        return Ref(dotted, base.flags | ENVIRONMENT if dotted == "os.environ" else base.flags)

    def _of_blur(self, base: Blur, name: str) -> Value:
        if base.flags & CLIMBED and name in OF_INTERPRETER:
            return Ref(OF_INTERPRETER[name], base.flags | FOLDED)
        if base.flags & MODULE and name in OF_MODULES:
            return Ref(OF_MODULES[name], base.flags | FOLDED)
        if base.flags & CLIMBED and name == "__subclasses__":
            return Blur(base.flags | CLASSES)
        return base

    def _of_class(self, base: Cls | Inst, name: str) -> Value:
        cls = base if isinstance(base, Cls) else base.cls
        found = cls.find(name)
        if type(found) is Func:
            if found.kind == "property" or (not found.kind and getattr(found.node, "decorator_list", None)):
                # A descriptor runs when it is taken, and so may what an unknown decorator makes; a method, when called.
                self.runs(found)
            if found.owner is not None and found.kind == "classmethod":
                return Partial(found, Given([cls]))
            if found.owner is not None and not found.kind and isinstance(base, Inst):
                return Partial(found, Given([base]))
        return found

    def _of_each(self, base: Either, name: str) -> Value:
        return either([self.attribute(value, name) for value in base.values])

    def _of_thing(self, base: Thing, name: str) -> Value:
        if base.dotted == "pathlib.Path" and name in {"parent", "parents"}:
            return base
        return None if name.startswith("__") else Partial(Ref(f"{base.dotted}.{name}"), Given([base.first]))

    def _of_function(self, base: Func | Partial, name: str) -> Value:
        if name == "__call__":
            return base
        if name == "__doc__" and isinstance(base, Func) and isinstance(getattr(base.node, "body", None), list):
            return ast.get_docstring(base.node, clean=False)
        return base.function if isinstance(base, Partial) and name == "func" else None

    def named(self, base: Value, name: Value) -> Value:
        """Return what `getattr(base, name)` is."""
        text = plain(name)
        if type(base) is Either:
            return either([self.named(one, name) for one in base.values])
        if isinstance(text, str):
            found = self.attribute(base, text)
            if type(found) is Ref and (flags := flags_of(name)):
                return Ref(found.dotted, found.flags | flags)
            return found
        if type(base) is Ref and self.interesting(f"{base.dotted}.?"):
            return Ref(f"{base.dotted}.?", base.flags | flags_of(name))
        return blur(flags_of(base) & (CLIMBED | MODULE) | flags_of(name))

    # Items.

    def subscript(self, base: Value, index: Value) -> Value:
        """Return what `base[index]` is."""
        kind = type(base)
        if kind is Ref:
            return self._of_namespace(base, index)
        if kind is Blur:
            text = plain(index)
            return self._of_blur(base, text) if isinstance(text, str) else base
        if kind is Either:
            return either([self.subscript(value, index) for value in base.values])
        if kind is Inst:
            found = base.cls.find("__getitem__")
            return self.apply(found, Given([base, index])) if found is not None else None
        return constants.item(base, index)

    def _of_namespace(self, base: Ref, index: Value) -> Value:
        text = plain(index)
        flags = base.flags | flags_of(index)
        if base.dotted == "sys.modules":
            return Ref(text, flags | FOLDED) if isinstance(text, str) else Blur(MODULE | flags)
        if base.dotted == NAMESPACE and isinstance(text, str):
            found = self.look(text)
            return Ref(found.dotted, found.flags | flags | FOLDED) if type(found) is Ref else found
        if base.dotted == "ctypes.__dict__":
            # Which names it has, the system says: who has types checked asks for them by a text.
            return self.named(Ref("ctypes", base.flags), index)
        if base.dotted == "builtins" or base.dotted.endswith(".__dict__"):
            return self.named(Ref(base.dotted.removesuffix(".__dict__"), flags | FOLDED), index)
        return variable(text) if base.dotted == "os.environ" else None

    def secrecy(self, path: Value) -> int:
        """Return what the path of a file says of what is in it."""
        text = plain(path)
        return SECRET_FILE if isinstance(text, str) and self.secret(text) else 0


_HOLDING: Final[dict[type, Callable[[Any], list[Value]]]] = {
    Partial: lambda value: [value.function],
    Either: lambda value: value.values,
    list: lambda value: value if len(value) <= BIG else [],
}
"""What the values hold that may be called through them."""


def _runnable(value: Func | Inst) -> list[Func]:
    return [value] if isinstance(value, Func) else list(value.cls.methods())


def inside(module: str, name: str) -> str:
    """Return the name of something in a module, which may be given by dots alone.

    >>> inside(".a", "b"), inside("..", "b")
    ('.a.b', '..b')
    """
    return f"{module}{name}" if module.endswith(".") else f"{module}.{name}"


_OF_MACHINES: Final = frozenset({"COMPUTERNAME", "HOSTNAME", "LOGNAME", "USER", "USERDOMAIN", "USERNAME"})
"""Variables that say on which machine the source runs, and for whom."""


def variable(name: Any, default: Value = None) -> Value:
    """Return what a variable of the environment holds."""
    if name in {"HOME", "USERPROFILE"}:
        return "~"
    if isinstance(name, str) and any(word in name.upper() for word in SECRET_WORDS):
        return Blur(SECRET)
    if isinstance(name, str) and name.upper() in _OF_MACHINES:
        return Blur(MACHINE)
    return Made(default, VARIABLE) if isinstance(default, str) else Blur(VARIABLE)
