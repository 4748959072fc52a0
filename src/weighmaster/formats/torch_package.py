"""torch.package: a PyTorch zip that brings the Python modules its pickles need; loading it runs them.

Format: <https://docs.pytorch.org/docs/stable/package.html>. What a module calls when it is imported, outside of any
function, under a name that is known to do harm, is an import with opcode `source`. What its functions do is not
followed: they are source code like any other in the archive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.knowledge.callables import look_up
from weighmaster.model.errors import OverBudgetError, UnreadableError, WeighmasterError
from weighmaster.model.fact import Import
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.budget import Budget
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.source import Source
from weighmaster.reading.zip import Entry, contents, is_zip, names, open_entry

if TYPE_CHECKING:
    import ast

_MARK: Final = ".data/extern_modules"
_LONGEST: Final = 4 << 20


def _matches(glance: Glance) -> bool:
    if not is_zip(glance.source, glance.head, glance.tail):
        return False
    try:
        return any(name.casefold().endswith(_MARK) for name in names(glance.source, Budget()))
    except WeighmasterError:
        return False


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    source, budget = cursor.source, cursor.budget
    for content in contents(source, budget):
        if not (isinstance(content, Entry) and content.name.casefold().endswith(".py")):
            continue
        place = content.at(where)
        try:
            tree = _parsed(content, source, budget)
        except WeighmasterError as error:
            reason = GapReason.OVER_BUDGET if isinstance(error, OverBudgetError) else GapReason.UNREADABLE
            yield Gap(where=place, reason=reason, detail=f"torch.package: {error}")
            continue
        for module, name in sorted(_harmful(tree)):
            yield Import(where=place, module=module, name=name, opcode="source")


def _parsed(entry: Entry, source: Source, budget: Budget) -> ast.Module:
    import ast
    import warnings

    opened = open_entry(entry, source, budget)
    if opened.size > _LONGEST:
        raise OverBudgetError(f"{opened.size} bytes of source, {_LONGEST} allowed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # What Python would warn its author of is nothing to us.
            return ast.parse(opened.read_at(0, _LONGEST))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError("the source is no Python that can be parsed") from error


def _harmful(tree: ast.Module) -> set[tuple[str, str]]:
    """Return the harmful names that importing the module calls."""
    import ast

    meant: dict[str, str] = {}
    found: set[tuple[str, str]] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Import(names=aliases):
                meant.update((alias.asname or alias.name.split(".")[0], _bound(alias)) for alias in aliases)
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                meant.update((alias.asname or alias.name, f"{module}.{alias.name}") for alias in aliases)
            case ast.Call(func=func):
                module, _, name = _dotted(func, meant).rpartition(".")
                entry = look_up(module, name) if module else None
                if entry is not None and entry.powers:
                    found.add((module, name))
            case _:
                pass
        waiting += reversed(list(_run_by(node)))
    return found


def _run_by(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of `node` that run when it does: of a function, what stands around its body."""
    import ast

    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from (*node.decorator_list, *node.args.defaults)
            yield from (default for default in node.args.kw_defaults if default is not None)
        case ast.Lambda():
            return
        case _:
            yield from ast.iter_child_nodes(node)


def _bound(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.split(".", maxsplit=1)[0]


def _dotted(node: ast.expr, meant: dict[str, str]) -> str:
    """Return the dotted name that an expression is, where its first part is imported or built in."""
    import ast

    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    first = meant.get(node.id, "" if parts else f"builtins.{node.id}")
    return ".".join((first, *reversed(parts))) if first else ""


FORMAT: Final = Format(id="torch-package", title="torch.package archive", matches=_matches, read=_read)
