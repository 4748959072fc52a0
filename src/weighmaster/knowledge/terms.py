"""What a term comes to, and whether what is known about a callable covers the way it is used.

`resolve` follows the harmless-looking steps by which a program reaches a callable without naming it: `getattr`,
`__import__`, `operator.attrgetter`, a dictionary's `get`. A module itself is a `Name` with an empty `name`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from weighmaster.knowledge.callables import Entry, look_up
from weighmaster.model.term import Constant, Group, Handle, Made, Name, Table, Term, Unknown

_IMPORTERS: Final = frozenset({"builtins.__import__", "importlib.import_module", "importlib.__import__"})
_GETTERS: Final = frozenset({"builtins.getattr", "inspect.getattr_static", "operator.attrgetter", "builtins.hasattr"})
_WALKERS: Final = frozenset(
    {
        "pkgutil.resolve_name",
        "pydoc.locate",
        "logging.config._resolve",
        "hydra._internal.utils._locate",
        "unittest.mock._importer",
        "xmlrpc.server.resolve_dotted_attribute",
    }
)
_UFUNC: Final = "numpy._core._ufunc_reconstruct"
_MAPPINGS: Final = frozenset({"builtins.vars", "builtins.dir", "builtins.globals"})
_APPLIERS: Final = frozenset({"functools.partial", "_functools.partial", "operator.methodcaller"})
_DEEP: Final = 8


def canonical(name: Name) -> str:
    """Return the spelling under which the tables know `name`."""
    entry = look_up(name.module, name.name) if name.name else None
    return name.dotted if entry is None or "*" in entry.name else entry.name


def named(term: Term) -> Name | None:
    """Return the global that `term` is without further steps: a name, or a class that torch's old loader hands out."""
    if isinstance(term, Name):
        return term
    return _module_handle(term) if isinstance(term, Handle) else None


def resolve(term: Term, depth: int = _DEEP) -> Name | None:
    """Return the global that `term` comes to, or None where that cannot be told."""
    if not isinstance(term, Made):
        return named(term)
    if depth == 0:
        return None
    return _resolve_call(term, depth - 1)


def _module_handle(handle: Handle) -> Name | None:
    # torch/serialization.py, `_legacy_save`: ('module', class, source file, source)
    match handle.id:
        case Group(items=(Constant(text="module"), Name() as name, *_)):
            return name
        case _:
            return None


def _resolve_call(made: Made, depth: int) -> Name | None:
    inner = made.callee
    arguments = made.arguments
    if isinstance(inner, Name):
        word = canonical(inner)
        if word in _APPLIERS and arguments:
            return resolve(arguments[0], depth)
        return _resolve_known(word, arguments, depth)
    # attrgetter('a.b')(x), itemgetter('system')(vars(os)), and the bound methods that getattr gives.
    if isinstance(inner, Made) and isinstance(inner.callee, Name) and inner.arguments and arguments:
        word = canonical(inner.callee)
        if word in {"operator.attrgetter", "operator.methodcaller", "operator.itemgetter"}:
            return _attribute(arguments[0], inner.arguments[0], depth)
    return None


def _resolve_known(word: str, arguments: tuple[Term, ...], depth: int) -> Name | None:  # noqa: PLR0911 - one a way
    text = _text(arguments[-1]) if arguments else None
    if word in _IMPORTERS and arguments:
        module = _text(arguments[0])
        return None if module is None else Name(module=module, name="")
    if word in _WALKERS and text is not None:
        if len(arguments) > 1 and word.startswith("xmlrpc"):
            return _attribute(arguments[0], arguments[1], depth)
        path = _text(arguments[0])
        return None if path is None else _split(path)
    if word == _UFUNC and len(arguments) == 2:
        module, step = _text(arguments[0]), _text(arguments[1])
        return None if module is None or step is None else Name(module=module, name=step)
    if word == "sys.modules.get" and arguments:
        module = _text(arguments[0])
        return None if module is None else Name(module=module, name="")
    if word in _GETTERS and len(arguments) > 1:
        return _attribute(arguments[0], arguments[1], depth)
    if word.endswith((".get", ".__getitem__", ".pop", ".__getattribute__")) and len(arguments) > 1:
        return _attribute(arguments[0], arguments[1], depth)
    if word in _MAPPINGS and arguments:
        return resolve(arguments[0], depth)
    return None


def _attribute(target: Term, key: Term, depth: int) -> Name | None:
    base = resolve(target, depth)
    step = _text(key)
    if base is None or step is None:
        return None
    return Name(module=base.module, name=f"{base.name}.{step}" if base.name else step)


def _split(path: str) -> Name | None:
    module, _, name = path.replace(":", ".").rpartition(".")
    return Name(module=module, name=name) if module else Name(module=path, name="")


def _text(term: Term) -> str | None:
    return term.text if isinstance(term, Constant) and term.kind == "str" and term.size <= len(term.text) else None


def known(name: Name) -> Entry | None:
    """Return what is known about `name`; importing a module as such is known under no name."""
    return look_up(name.module, name.name) if name.name else None


def class_of(made: Made) -> Name | None:
    """Return the class that `made` is an instance of, or the function that made it."""
    name = resolve(made.callee)
    entry = None if name is None else known(name)
    if entry is not None and entry.arguments == "class-first" and made.arguments:
        return resolve(made.arguments[0])
    return name


def allows(entry: Entry, arguments: tuple[Term, ...]) -> bool:
    """Whether the entry's condition on arguments holds."""
    return _CONDITIONS[entry.arguments](arguments)


def holds_only_what_may_be_held(term: Term, depth: int = _DEEP) -> bool:
    """Whether no name stands in a state that is known to be safe only where it is called, with what is given then."""
    match term:
        case Name():
            entry = known(term)
            return entry is None or not entry.uses or "refer" in entry.uses
        case Group(items=items):
            return depth > 0 and all(holds_only_what_may_be_held(item, depth - 1) for item in items)
        case Table(items=pairs):
            return depth > 0 and all(holds_only_what_may_be_held(value, depth - 1) for _, value in pairs)
        case _:
            return True


def _may(term: Term, use: str) -> bool:
    name = resolve(term)
    entry = None if name is None else known(name)
    if entry is None:
        # A name that no table knows is a finding already, where it is imported; one that was climbed to is not.
        return name is not None and not isinstance(term, Made)
    return use in entry.uses


def _is_data(term: Term) -> bool:
    match term:
        case Constant():
            return True
        case Group(items=items):
            return all(map(_is_data, items))
        case Table(items=pairs):
            return all(_is_data(k) and _is_data(v) for k, v in pairs)
        case Made():
            # It was judged when it was made; what is left to ask is whether it is an instance, not a callable.
            return (entry := _entry_of(term)) is not None and bool(entry.uses) and "compose" not in entry.powers
        case Name() | Handle() | Unknown():
            return False


def _entry_of(made: Made) -> Entry | None:
    name = class_of(made)
    return None if name is None else known(name)


def _is_text(term: Term) -> bool:
    match term:
        case Constant():
            return True
        case Made():
            return _is_bytes(term)
        case Group(items=items):
            return all(map(_is_text, items))
        case _:
            return False


def _class_first(arguments: tuple[Term, ...]) -> bool:
    classes = [term for term in arguments[:2] if not isinstance(term, (Constant, Group, Table))]
    return bool(classes) and classes[0] == arguments[0] and all(_may(term, "new") for term in classes)


def _callable_first(arguments: tuple[Term, ...]) -> bool:
    if not arguments or arguments[0] == Constant(kind="NoneType", text="None"):
        return True
    first = arguments[0]
    if isinstance(first, Made):
        entry = _entry_of(first)
        return entry is not None and entry.arguments == "callable-first" and _callable_first(first.arguments)
    if not (_may(first, "call") and _may(first, "refer")):
        return False
    # What is called later gets these arguments, and more that nobody knows yet.
    name = resolve(first)
    entry = None if name is None else known(name)
    if entry is None or entry.arguments in {"any", "none"}:
        return True
    # torch._tensor._rebuild_from_type_v2(function, type, arguments, state) has them in a tuple.
    later = [term.items for term in arguments if isinstance(term, Group)]
    return any(allows(entry, given) for given in (arguments[1:], *later))


def _getattr(arguments: tuple[Term, ...]) -> bool:
    """Whether an attribute of a class or of an object is taken that was judged itself; calling it is another step."""
    step = _text(arguments[1]) if len(arguments) in {2, 3} else None
    if step is None or step.startswith("__"):
        return False
    target = arguments[0]
    base = class_of(target) if isinstance(target, Made) else resolve(target)
    if base is None or not base.name:
        return False
    kind, entry = known(base), look_up(base.module, f"{base.name}.{step}")
    if kind is not None and (kind.arguments == "getattr" or not kind.uses):
        return False
    return entry is None or not entry.powers


def _named(arguments: tuple[Term, ...]) -> bool:
    """Whether a module and a name in it are given that are known to be safe to refer to."""
    module, step = map(_text, arguments) if len(arguments) == 2 else (None, None)
    entry = None if module is None or step is None else look_up(module, step)
    return entry is not None and "refer" in entry.uses


def _nested(arguments: tuple[Term, ...]) -> bool:
    return not arguments or (len(arguments) == 1 and _is_bytes(arguments[0]))


def _is_bytes(term: Term) -> bool:
    match term:
        case Constant(kind="bytes" | "bytearray"):
            return True
        # Protocols 0 to 2 write bytes so; the machine has looked into the text.
        case Made(callee=Name() as callee, arguments=(Constant(), *_)):
            return canonical(callee) in {"_codecs.encode", "builtins.bytearray", "builtins.bytes"}
        case _:
            return False


def _handle_first(arguments: tuple[Term, ...]) -> bool:
    first = arguments[0] if arguments else None
    return isinstance(first, Handle) or (
        isinstance(first, Made) and (entry := _entry_of(first)) is not None and bool(entry.uses)
    )


_CONDITIONS: Final = MappingProxyType[str, Callable[[tuple[Term, ...]], bool]](
    {
        "-": lambda _: False,
        "any": lambda _: True,
        "none": lambda arguments: not arguments,
        "data": lambda arguments: all(map(_is_data, arguments)),
        "text": lambda arguments: all(map(_is_text, arguments)),
        "class-first": _class_first,
        "callable-first": _callable_first,
        "getattr": _getattr,
        "named": _named,
        "nested": _nested,
        "type": lambda arguments: len(arguments) == 1,
        "handle-first": _handle_first,
    }
)
