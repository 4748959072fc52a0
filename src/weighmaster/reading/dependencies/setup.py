"""Python source that says which packages it wants: the arguments of `setup`, and comments at the top of a script.

Specifications: <https://setuptools.pypa.io/en/latest/references/keywords.html>,
<https://packaging.python.org/en/latest/specifications/inline-script-metadata/>.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from weighmaster.model.errors import WeighmasterError
from weighmaster.model.fact import Shared
from weighmaster.model.value import replace
from weighmaster.model.where import Where
from weighmaster.reading.dependencies.manifests import pyproject
from weighmaster.reading.dependencies.pip import index
from weighmaster.reading.dependencies.wanted import Stand, dependency
from weighmaster.reading.pattern import pattern

if TYPE_CHECKING:
    import ast

KEYS: Final = ("install_requires", "setup_requires", "tests_require", "extras_require", "dependency_links")
"""Arguments of `setup` that name packages."""
_GROUPS: Final = {"setup_requires": "build", "tests_require": "test"}
_BLOCK: Final = pattern(r"(?m)^# /// script\s*$\n((?:^#(?:| .*)$\n)+?)^# ///\s*$")
_DEEPEST: Final = 20


def arguments(written: str, where: Where) -> Iterator[Shared]:
    """Yield what calls of `setup` ask for, where that stands as a text, or under a name of the module."""
    import ast

    from weighmaster.reading.python.source import parsed

    try:
        tree = parsed(written)
    except WeighmasterError:
        return  # The format of Python source says so.
    names = {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node.func) == "setup":
            for keyword in node.keywords:
                if keyword.arg in KEYS:
                    yield from _told(keyword.arg, keyword.value, names, Stand(where=where, by="setup.py"))


def _called(function: ast.expr) -> str:
    return getattr(function, "attr", "") or getattr(function, "id", "")


def _told(key: str, value: ast.expr, names: Mapping[str, ast.expr], stand: Stand) -> Iterator[Shared]:
    for group, line, words in _texts(value, names, _GROUPS.get(key, ""), 0):
        place = replace(stand, group=group, line=line)
        if key == "dependency_links":
            yield from index(words, "find-links", place)
            continue
        for one in words.splitlines():
            found = dependency(one, place)
            if found is not None:
                yield found


def _texts(node: ast.expr, names: Mapping[str, ast.expr], group: str, depth: int) -> Iterator[tuple[str, int, str]]:
    """Yield the texts that a value is made of: the group, the line, the text."""
    import ast

    if depth > _DEEPEST:
        return
    match node:
        case ast.Constant(value=str(words)):
            yield group, node.lineno, words
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            for part in parts:
                yield from _texts(part, names, group, depth + 1)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from _texts(left, names, group, depth + 1)
            yield from _texts(right, names, group, depth + 1)
        case ast.Name(id=name) if name in names:
            yield from _texts(names[name], names, group, depth + 1)
        case ast.Dict(keys=keys, values=values):
            for label, part in zip(keys, values, strict=True):
                named = label.value if isinstance(label, ast.Constant) and isinstance(label.value, str) else ""
                yield from _texts(part, names, named.partition(":")[0], depth + 1)
        case _:
            return


def inline(written: str, where: Where) -> Iterator[Shared]:
    """Yield what the comments at the top of a script ask for."""
    import tomllib

    hit = _BLOCK.search(written)
    if hit is None:
        return
    text = "".join(line[2:] if line.startswith("# ") else line[1:] for line in hit[1].splitlines(keepends=True))
    try:
        held = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    document = {"project": {"dependencies": held.get("dependencies")}, "tool": held.get("tool")}
    for fact in pyproject(document, written, where):
        yield replace(fact, by="script") if getattr(fact, "by", "") == "pyproject.toml" else fact
