"""The source that TorchScript keeps, in a subset of Python: what it refers to outside itself.

Format: <https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md>. The source is parsed and
never run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from weighmaster.model.errors import UnreadableError

if TYPE_CHECKING:
    import ast

LONGEST: Final = 4 << 20
"""Bytes of source that are parsed at once."""
_OUTSIDE: Final = frozenset({"torch", "ops"})
_CLASSES: Final = "__torch__.torch.classes."


def operators(text: str) -> tuple[str, ...]:
    """Return the names of what the source refers to outside itself, in order.

    `torch.x` and `ops.y.x` are operators; `classes.y.x` is a class of a native library; `value.x` is what is called
    as a method: TorchScript takes every operator by that spelling too.
    """
    import ast

    tree = _parsed(text)
    aliases = _aliases(tree)
    found: set[str] = set()
    for node in ast.walk(tree):
        found.add(_operator(_chain(node, aliases)))
        if isinstance(node, ast.Call) and (method := _member(node.func)) and not _operator(_chain(node.func, aliases)):
            found.add(f"value.{method[1]}")
    # `ops.prim` is a step on the way to `ops.prim.dtype`.
    steps = {name[:at] for name in found for at, character in enumerate(name) if character == "."}
    return tuple(sorted(found - steps - {""}))


def _parsed(text: str) -> ast.Module:
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # What Python would warn its author of is nothing to us.
            return ast.parse(text)
    except SyntaxError as error:
        raise UnreadableError(f"line {error.lineno} of the source is not TorchScript") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError("the source is not TorchScript, or nests too deep") from error


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Return what each name stands for, if it is ever assigned a dotted name: `_0 = torch` and then `_0.save`."""
    import ast

    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (name := _chain(node.value, found)):
            found.update((target.id, name) for target in node.targets if isinstance(target, ast.Name))
    return found


def _member(node: ast.AST) -> tuple[ast.AST, str] | None:
    """Take `a.b`, or `getattr(a, "b")`, apart."""
    import ast

    match node:
        case ast.Attribute(value=value, attr=attr):
            return value, attr
        case ast.Call(func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str(attr)), *_]):
            return value, attr
        case _:
            return None


def _chain(node: ast.AST, aliases: dict[str, str]) -> str:
    """Return the dotted name that `node` is, or nothing."""
    import ast

    names: list[str] = []
    while step := _member(node):
        node, name = step
        names.append(name)
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((aliases.get(node.id, node.id), *reversed(names)))


def _operator(name: str) -> str:
    """Return `name` if it leads outside the source."""
    root, _, rest = name.partition(".")
    if rest and root in _OUTSIDE:
        return name
    if name.startswith(_CLASSES):
        return "classes." + name.removeprefix(_CLASSES)
    return ""
