"""Python expressions that a loader evaluates out of a file: what in them is arithmetic, and what is not.

Nothing is evaluated. An expression is taken apart with Python's own parser; each name that it calls, and each attribute
that it reaches for, is looked up.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from weighmaster.knowledge.callables import HARMFUL, look_up

if TYPE_CHECKING:
    import ast

_LONGEST: Final = 20_000
_HARM: Final = HARMFUL - {"read", "load"}
_CLIMB: Final = frozenset({"reflect", "compose", "import"})
_USUAL: Final = frozenset(
    {"os", "glob", "sys", "json", "math", "re", "pathlib", "datetime", "random", "itertools", "functools", "logging"}
    | {"numpy", "np", "torch", "monai", "ignite", "scipy", "sklearn", "pandas", "nibabel", "skimage", "torchvision"}
)
"""Modules that honest expressions import: importing one does nothing; what is called of it is looked up."""


class Reach(NamedTuple):
    """A name that an expression calls or reaches for: `danger` says that it is known to do harm."""

    name: str
    danger: bool


def reaches(text: str, names: Collection[str], attributes: Collection[str] = ()) -> list[Reach]:
    """Return what `text` does beyond arithmetic over `names`; what does not parse is an unknown reach.

    >>> reaches("Max(1, s0 + 2)", {"Max"})
    []
    >>> reaches("__import__('os').system('x')", {"Max"})[0]
    Reach(name='__import__', danger=True)
    """
    import ast

    if len(text) > _LONGEST:
        return [Reach(f"{text[:40]}...", danger=False)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [Reach(text[:60], danger=False)]
    nodes = list(ast.walk(parsed))
    # `os.path` is a step on the way to `os.path.join`.
    steps = {id(node.value) for node in nodes if isinstance(node, ast.Attribute) and _dotted(node)}
    found = {reach.name: reach for node in nodes if id(node) not in steps for reach in _reach(node, names, attributes)}
    return sorted(found.values(), key=lambda reach: (not reach.danger, reach.name))


def _reach(node: ast.AST, names: Collection[str], attributes: Collection[str]) -> Iterator[Reach]:
    import ast

    match node:
        case ast.Call(func=ast.Name(id=name)) if name not in names:
            # No arithmetic needs what climbs or composes.
            entry = look_up("builtins", name)
            yield Reach(name, danger=entry is not None and bool(entry.powers & (_HARM | _CLIMB)))
        case ast.Attribute():
            yield from _attribute(node, names, attributes)
        case ast.Name(id=name) if name.startswith("__"):
            yield Reach(name, danger=True)
        case ast.Import(names=aliases):
            yield from (Reach(alias.name, danger=False) for alias in aliases if not _is_usual(alias.name))
        case ast.ImportFrom(module=str(module), names=aliases):
            # What is imported under another name is not followed any further.
            yield from (_imported(module, alias) for alias in aliases)
        case ast.Lambda() | ast.Await() | ast.Yield() | ast.NamedExpr() | ast.FunctionDef() | ast.ClassDef():
            yield Reach(type(node).__name__.lower(), danger=False)
        case _:
            pass


def _imported(module: str, alias: ast.alias) -> Reach:
    return Reach(f"{module}.{alias.name}", danger=_harms(module, alias.name))


def _is_usual(module: str) -> bool:
    return module.partition(".")[0] in _USUAL


def _attribute(node: ast.Attribute, names: Collection[str], attributes: Collection[str]) -> Iterator[Reach]:
    dotted = _dotted(node)
    first, _, rest = dotted.partition(".")
    if "__" in {step[:2] for step in (*dotted.split("."), node.attr)}:
        yield Reach(dotted or node.attr, danger=True)
    elif first and _harms(first, rest):
        yield Reach(dotted, danger=True)
    elif node.attr not in attributes and dotted not in names:
        yield Reach(dotted or node.attr, danger=False)


def _dotted(node: ast.expr) -> str:
    import ast

    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join((node.id, *reversed(parts))) if isinstance(node, ast.Name) else ""


def _harms(module: str, name: str) -> bool:
    entry = look_up(module, name)
    return entry is not None and bool(entry.powers & _HARM) and not entry.uses
