"""Compiled Python held against its source: words that only code that acts has use for stand in both, or in neither.

The interpreter takes a compiled module for its source's if a time, a size or a digest in its head agrees; what the code
is, is not compared. Compiling keeps every name and every text, so a name that is in the compiled module and nowhere in
the source came from other source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.knowledge.packages.packages import owner_of
from weighmaster.knowledge.repository import path_of, split, tree_of
from weighmaster.model.fact import Artifact
from weighmaster.model.package import Acting, Compiled
from weighmaster.model.repository import Repository
from weighmaster.model.where import Where
from weighmaster.reading.pattern import pattern

_WORDS: Final = (
    "__import__", "b64decode", "ctypes", "eval", "exec", "marshal", "pickle", "popen", "posix", "requests", "runpy",
    "socket", "spawn", "subprocess", "system", "urllib", "urlopen",
)  # fmt: skip
_IN_SOURCE: Final = tuple((word, word.encode()) for word in _WORDS)
# What comes after a name in a compiled module may be a letter: `request` and an `s`. Its length comes before it.
_IN_CODE: Final = tuple(
    (word, bytes((len(word),)) + mark if word in {"ctypes", "eval", "exec", "requests", "spawn", "system"} else mark)
    for word, mark in _IN_SOURCE
)
_CACHED: Final = pattern(r"(.*[/!])?__pycache__/([^/!]+?)\.[\w-]+(?:\.opt-\w+)?\.pyc\Z", 16)


def acting_in_source(data: bytes) -> tuple[str, ...]:
    """Return the words in source."""
    return tuple([word for word, mark in _IN_SOURCE if mark in data])


def acting_in_code(data: bytes) -> tuple[str, ...]:
    """Return the words in a compiled module."""
    return tuple([word for word, mark in _IN_CODE if mark in data])


def source_of(path: str) -> str:
    """Return where the source of a compiled module lies.

    >>> source_of("x/__pycache__/a.cpython-311.pyc"), source_of("x/a.pyc")
    ('x/a.py', 'x/a.py')
    """
    hit = _CACHED.match(path)
    return f"{hit[1] or ''}{hit[2]}.py" if hit else f"{path.removesuffix('.pyc')}.py"


def differing(whole: Repository) -> Iterator[tuple[Compiled, Artifact, tuple[str, ...]]]:
    """Yield the compiled modules that hold words that their source does not, with the source and the words."""
    tree = tree_of(whole)
    for fact in tree.facts(Compiled):
        source = tree.files.get(source_of(path_of(fact.where)))
        if source is None or not fact.acts or not _is_taken(fact, source):
            continue
        there = next((said.words for said in tree.facts(Acting, path_of(source.where))), ())
        more = tuple(word for word in fact.acts if word not in there)
        if more:
            yield fact, source, more


def _is_taken(fact: Compiled, source: Artifact) -> bool:
    """Say whether an interpreter may take a compiled module for that of a source; of a time it sees, we see a size."""
    return fact.form != "timestamp" or fact.size == source.size & 0xFFFFFFFF


def without_source(whole: Repository) -> Iterator[Compiled]:
    """Yield the compiled modules without a source beside them; what is left in a cache is imported by nobody."""
    tree = tree_of(whole)
    for fact in tree.facts(Compiled):
        path = path_of(fact.where)
        if source_of(path) not in tree.files and not (_CACHED.match(path) and _is_in_environment(whole, path)):
            yield fact


def _is_in_environment(whole: Repository, path: str) -> bool:
    package = owner_of(whole, path)
    return package.form == "installed" if package is not None else "!" not in path and whole.folder


def unchecked(whole: Repository) -> Iterator[Compiled]:
    """Yield the compiled modules of wheels and sdists that an interpreter holds against nothing."""
    tree = tree_of(whole)
    for fact in tree.facts(Compiled):
        path = path_of(fact.where)
        if fact.form == "unchecked" and source_of(path) in tree.files:
            package = owner_of(whole, path)
            if package is not None and package.form in {"wheel", "sdist"}:
                yield fact


def stem(where: Where) -> str:
    """Return the name of a compiled module's source, without its folder."""
    return split(source_of(path_of(where)))[1]
