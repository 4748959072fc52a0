"""The code of a target that a loader runs, and what that code imports of the target in turn.

A loader is led to code by a configuration that names it, or by a name that it looks for: `hubconf.py` (torch.hub),
`handler.py` (inference endpoints), `custom_generate/generate.py` (transformers), `setup.py` (whoever installs the
folder), and the script of a data set, which is called as the folder is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.knowledge.repository import Tree, beside, path_of, split
from weighmaster.model.fact import Fact, Reference
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

_NAMED: Final = {
    "hubconf.py": "torch.hub",
    "handler.py": "an inference endpoint",
    "setup.py": "an installer",
}
_KERNEL: Final = pattern(r"(?:.*[/!])?build/torch[\w.-]*/(?:\w+/)?__init__\.py\Z")
"""What the library `kernels` imports of a repository of compiled code."""
_GENERATE: Final = "custom_generate/generate.py"
_FILES: Final = 20_000
"""Files that are followed in one target."""


class Entry(Value):
    """A file of code, what runs it, and what names it: the chain of files that leads there, and the fact that does."""

    path: str
    by: str
    chain: tuple[str, ...]
    facts: tuple[Fact, ...]


def entries(tree: Tree, target: str) -> Iterator[Entry]:
    """Yield the files of code that loaders run, each for each way that leads to it."""
    for fact in tree.facts(Reference):
        if fact.kind == "code" and fact.by != "python":
            source = path_of(fact.where)
            for path in resolved(tree, source, fact.target):
                yield Entry(path=path, by=fact.by, chain=(source, path), facts=(fact, tree.artifact(path)))
    yield from shadowing(tree)
    for path, artifact in tree.files.items():
        folder, name = split(path)
        by = _NAMED.get(name) or _placed(path) or _dataset(tree, folder, name, target)
        if by:
            yield Entry(path=path, by=by, chain=(path,), facts=(artifact,))


def _placed(path: str) -> str:
    if path.endswith(_GENERATE):
        return "transformers"
    return "kernels" if path.endswith("__init__.py") and _KERNEL.match(path) else ""


def shadowing(tree: Tree) -> Iterator[Entry]:
    """Yield the files in a component's folder that are called like the library that a pipeline names for it."""
    for fact in tree.facts(Reference):
        if fact.kind == "component":
            source = path_of(fact.where)
            for path in resolved(tree, source, fact.target):
                yield Entry(path=path, by=fact.by, chain=(source, path), facts=(fact, tree.artifact(path)))


def _dataset(tree: Tree, folder: str, name: str, target: str) -> str:
    called = (folder.rstrip("/!") or target.rstrip("/")).replace("!", "/").rpartition("/")[2]
    if name == f"{called}.py" and not {"__init__.py", "config.json", "pyproject.toml"} & tree.folders[folder]:
        return "datasets"
    return ""


def reached(tree: Tree, entry: Entry, seen: set[str]) -> Iterator[Entry]:
    """Yield an entry and what it imports of the target, each file with the shortest chain that leads there.

    Files that are in `seen` are left out; those that are yielded are added to it.
    """
    waiting = [] if entry.path in seen else [entry]
    seen.add(entry.path)
    for each in waiting:
        yield each
        for fact in tree.facts(Reference, each.path):
            if fact.kind == "code" and fact.by == "python":
                for path in resolved(tree, each.path, fact.target):
                    if path not in seen and len(seen) < _FILES:
                        seen.add(path)
                        facts = (*each.facts[:8], fact)
                        waiting.append(Entry(path=path, by=entry.by, chain=(*each.chain, path), facts=facts))


def resolved(tree: Tree, source: str, target: str) -> list[str]:
    """Return the files that a name in code or configuration may mean: a path, or a module with dots."""
    found = []
    for name in _spellings(target):
        path = beside(source, name)
        if path is not None and path in tree.files and path not in found:
            found.append(path)
    return found


def _spellings(target: str) -> Iterator[str]:
    yield target
    if target.endswith(".py"):
        # A package where a module was expected.
        yield f"{target.removesuffix('.py')}/__init__.py"
        return
    name = target
    if target.startswith(".") and not target.startswith(("./", "../")):
        # A relative import: one dot is the folder itself, each further one the folder above.
        plain = target.lstrip(".")
        name = "../" * (len(target) - len(plain) - 1) + plain.replace(".", "/")
    elif "/" not in target:
        name = target.replace(".", "/")
    yield f"{name}.py"
    yield f"{name}/__init__.py"
    yield f"{name.rpartition('/')[0]}.py"
