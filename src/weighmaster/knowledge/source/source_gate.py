"""Which Python source is worth following: that in which a name stands that can matter, or what may put one together.

To follow source takes a syntax tree and a walk over it, and most source of most libraries only computes. A name that
matters (`uses.tsv`, `loads.tsv`) is used where its words stand in the source: an import names the module, and what is
taken from it is written down, too. Where not, something must find it by a text (`getattr`, `globals`, `sys.modules`),
climb to it through the interpreter's own objects (`__class__`, `__globals__`), or run a text (`exec`). Source that has
neither uses nothing; tests hold that against the follower itself.

Words are compared as Python does: identifiers are normalised (NFKC), <https://peps.python.org/pep-3131/>.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from weighmaster.knowledge.loads import loads
from weighmaster.knowledge.repository import path_of
from weighmaster.knowledge.source import uses
from weighmaster.knowledge.source.disguises import may_be_disguised
from weighmaster.model.fact import Fact, Reference
from weighmaster.model.source import Imports
from weighmaster.model.where import Where
from weighmaster.reading.pattern import pattern
from weighmaster.reading.python.glimpse import glimpse
from weighmaster.reading.python.imports import kept
from weighmaster.reading.python.names import CLIMBING, TYPES
from weighmaster.reading.python.triggers import may_wait

_WORDS: Final = bytes(byte if bytes((byte,)).isalnum() or byte == 0x5F else 0x20 for byte in range(256))
"""What leaves of text only its identifiers and numbers."""
_DYNAMIC: Final = frozenset(
    {word.encode() for word in CLIMBING | TYPES}
    | {
        *(b"__builtin__", b"__dict__", b"__getattribute__", b"__loader__", b"__spec__", b"builtins"),
        *(b"dir", b"getattr", b"globals", b"locals", b"vars"),
    }
)
"""Words by which a name is reached that does not stand in the source."""
_FUNCTIONS: Final = frozenset({b"dir", b"eval", b"globals", b"locals", b"open", b"vars"})
"""Words of those that are builtins, and common names of methods."""
_ANY: Final = "?."
_WILD: Final = frozenset({"*", loads.ANY_FUNCTION})
_MOST: Final = 500
"""Files beside the source that are told."""
_FINDING: Final = {
    "imp": (b"load_module",),
    "importlib": (b"import_module",),
    "inspect": (b"getattr_static",),
    "operator": (b"attrgetter", b"methodcaller"),
    "pkgutil": (b"resolve_name",),
    "pydoc": (b"locate",),
    "runpy": (b"run_module",),
    "sys": (b"modules",),
}
"""Functions of modules that do the same."""
_IMPORTS: Final = pattern(rb"\b(?:from|import)\b(?:\((?:#[^\n]*|[^)#])*\)|\\\n|[^\n;(\\])*")
"""What stands after the words of an import, to the end of the statement; it may be a part of a text as well."""
_FROM: Final = pattern(r"^[ \t]*(?:from[ \t]+(\.|\w+)|import[ \t]+([^\n;#]+))", re.MULTILINE)
_MODULES: Final = frozenset(
    word.encode()
    for word in (
        *uses.TOPS,
        *(old.partition(".")[0] for old, new in uses.SAME if new.partition(".")[0] in uses.TOPS),
    )
)
"""Modules that are reached through others, as `logging.os` is."""
_GETATTR: Final = pattern(
    rb"\bgetattr\([ \t\n]*[A-Za-z_][\w.]{0,200}[ \t\n]*,[ \t\n]*[\"'][A-Za-z_]\w{0,100}[\"'][ \t\n]*[,)]"
)
"""A call that names what it takes: the name is a word of the source like any other."""
_IN_WORD: Final = pattern(rb"\w")
_ATTRIBUTE: Final = pattern(rb"[ \t]*\.[ \t]*([A-Za-z_]\w*)")
_BEGINS: Final = pattern(rb"(?:\n|\A)[ \t]*import[ \t]+\Z")
_ENDS: Final = pattern(rb"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_INDENT: Final = 120
"""Characters before a module in which the line of an import that names nothing else begins."""
_OWN_CLASS: Final = pattern(rb"\.__class__\.__(?:name|qualname|module|doc)__\b(?!\s*[.\[(])")
"""The name of a class is a text."""


class _Row(NamedTuple):
    """The words of one name that matters after the first; whether only an assignment to it does."""

    words: tuple[bytes, ...]
    assigned: bool
    direct: bytes
    """What is taken from the module itself, empty where that may be anything."""


@cache
def _named() -> dict[bytes, tuple[_Row, ...]]:
    """Return the names that matter, by the first word of each."""
    found: dict[str, set[_Row]] = {}
    for name in (*uses.names(), *(name for name in loads.names() if not name.startswith(_ANY))):
        first, *others = name.rstrip("=").split(".")
        # What is reached by a text needs a word that does that.
        if "?" not in others:
            words = tuple(word.encode() for word in others if word not in _WILD)
            direct = others[0].encode() if others and others[0] not in _WILD else b""
            found.setdefault(first, set()).add(_Row(words, name.endswith("="), direct))
    for old, new in uses.SAME:
        first, same = old.partition(".")[0], new.partition(".")[0]
        found.setdefault(first, set()).update(found.get(same, ()))
    for first, words in _FINDING.items():
        found.setdefault(first, set()).update(_Row((word,), assigned=False, direct=word) for word in words)
    return {first.encode(): tuple(rows) for first, rows in found.items() if first != "builtins"}


@cache
def _alone() -> frozenset[bytes]:
    """Return the builtins that matter, and those that find a name."""
    known = (name.rstrip("=").split(".") for name in uses.names() if name.startswith("builtins."))
    return _DYNAMIC | {parts[-1].encode() for parts in known if parts[-1].isidentifier()}


@cache
def _methods() -> tuple[frozenset[bytes], ...]:
    """Return the words of methods that matter whatever they hang on."""
    return tuple(frozenset(name.removesuffix("()").encode().split(b".")) for name in loads.methods())


def may_matter(text: str, where: Where | None = None) -> bool:
    """Say whether following source may tell anything beside what it imports; with `where`, what it calls beside it."""
    if may_be_disguised(text) or may_wait(text):
        return True
    if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    data = text.encode("utf-8", "replace")
    words = set(data.translate(_WORDS).split())
    return _reaches(data, words) or _names(data, words) or (where is not None and _brings_own(text, where))


def brought(text: str, where: Where) -> tuple[Fact, ...] | None:
    """Return what source imports that does not matter otherwise, as facts; None where that takes a parser."""
    around = path_of(where).replace("!", "/").split("/")
    seen = glimpse(text, around)
    if seen is None:
        return None
    files: dict[str, None] = {}
    for level, module, names in seen.near:
        folder = "./" if level == 1 else "../" * (level - 1)
        for name in (module.replace(".", "/"),) if module else names:
            files.setdefault(f"{folder}{name}.py")
    near = (Reference(where=where, kind="code", target=target, by="python") for target in list(files)[:_MOST])
    first, main = kept(seen.first, around), kept(seen.main, around)
    return (*near, *((Imports(where=where, names=first, main=main),) if first or main else ()))


def _brings_own(text: str, where: Where) -> bool:
    """Whether the source takes names from others beside it, which it may call, or may pass on what acts."""
    *folders, name = path_of(where).replace("!", "/").split("/")
    found: set[str] = set()
    for module, modules in _FROM.findall(text):
        found.update(re.split(r"\W", each.lstrip(), maxsplit=1)[0] for each in (module or modules).split(","))
        if module == ".":
            return True
    if not found.isdisjoint(folders):
        return True
    # What a package imports first may be a module that it puts beside itself.
    if name == "__init__.py" and not found <= sys.stdlib_module_names:
        return True
    return not found.isdisjoint(uses.PASSED_ON) and any(_is_passed_on(text, hit) for hit in _passed_on().finditer(text))


def _reaches(data: bytes, words: set[bytes]) -> bool:
    """Whether the source has what finds a name by a text, or a word that matters on its own."""
    if any(method <= words for method in _methods()):
        return True
    found = words & _alone()
    if b"getattr" in found and data.count(b"getattr") == len(_GETATTR.findall(data)):
        found.discard(b"getattr")
    if b"__class__" in found and data.count(b"__class__") == len(_OWN_CLASS.findall(data)):
        found.discard(b"__class__")
    # As a method of something it is another function.
    return any(word not in _FUNCTIONS or any(data[at - 1 : at] != b"." for at in _places(data, word)) for word in found)


def _names(data: bytes, words: set[bytes]) -> bool:
    """Whether the words of a name that matters stand in the source, and its module is brought in."""
    named = _named()
    possible = {first: [row for row in named[first] if words.issuperset(row.words)] for first in words & named.keys()}
    if not any(possible.values()):
        return False
    brought = set(b" ".join(_IMPORTS.findall(data)).translate(_WORDS).split())
    return any(
        any(_is_used(data, row, taken) for row in rows)
        for first, rows in possible.items()
        if rows and (first in brought or (first in _MODULES and _hanging(first).search(data)))
        for taken in (_taken(data, first),)
    )


def _places(data: bytes, word: bytes) -> Iterator[int]:
    """Yield where a word stands. To look for it as bytes takes a tenth of what a pattern would."""
    at = data.find(word)
    while at >= 0:
        end = at + len(word)
        if not (_IN_WORD.match(data, end) or (at and _IN_WORD.match(data, at - 1))):
            yield at
        at = data.find(word, end)


def _taken(data: bytes, module: bytes) -> set[bytes] | None:
    """Return what is taken from a module; None where it may go by another name."""
    found: set[bytes] = set()
    for at in _places(data, module):
        hit = _ATTRIBUTE.match(data, at + len(module))
        if hit is not None:
            found.add(hit[1])
        elif not (_ENDS.match(data, at + len(module)) and _BEGINS.search(data, max(0, at - _INDENT), at)):
            return None
    return found


def _is_used(data: bytes, row: _Row, taken: set[bytes] | None) -> bool:
    if taken is not None and row.direct and row.direct not in taken:
        return False
    return not (row.assigned and row.words) or _stored(row.words[-1]).search(data) is not None


@cache
def _passed_on() -> re.Pattern[str]:
    """Return a pattern for a module that acts where nothing is taken from it, and for all that is in it."""
    names = "|".join(sorted(uses.PASSED_ON))
    return pattern(
        rf"\b(?:{names})[ \t]+as\b|\bfrom[ \t]+(?:{names})[ \t]+import[ \t]*\(?[ \t]*\*"
        rf"|(?:[=\[(,:{{]|\bin\b)[ \t\n]*(?P<bare>{names})[ \t]*(?=[\]}}),;\n#]|\Z)"
    )


def _is_passed_on(text: str, hit: re.Match[str]) -> bool:
    if hit["bare"] is None:
        return True
    # `import os, sys` takes nothing further.
    line = text[text.rfind("\n", 0, hit.start("bare")) + 1 : hit.start("bare")]
    return not line.lstrip().startswith(("import ", "from "))


@cache
def _hanging(word: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\.[ \t]*_*" + word + rb"\b")


@cache
def _stored(word: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\.[ \t]*" + word + rb"\b(?![ \t]*\()")
