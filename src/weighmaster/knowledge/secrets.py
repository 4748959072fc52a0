"""How keys and passwords look, and which of them a text holds.

`secrets.tsv` has one row a kind, six columns with a tab between: what it is, the texts that it cannot be without (`|`
between them), its shape with the secret as the group, the detector of detect-secrets that has the last word (or `-`),
`random` or `guessable`, and the source. Hardly any file has one of the texts, so the shapes are seldom tried and that
library is seldom loaded. Shapes have ends, so that a run of letters in a vocabulary or a protein is none. Nothing is
asked over the network.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from weighmaster.reading.digest import sha256_of
from weighmaster.reading.opening import pieces
from weighmaster.reading.pattern import pattern

if TYPE_CHECKING:
    from weighmaster.model.fact import Secret
    from weighmaster.model.repository import Repository


class Kind(NamedTuple):
    """A row of the table."""

    title: str
    marks: tuple[bytes, ...]
    shape: re.Pattern[bytes]
    plugin: str
    guessable: bool


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the rows of the table, in its order."""
    found = []
    with open(os.path.join(os.path.dirname(__file__), "secrets.tsv"), encoding="utf-8", newline="\n") as file:
        for line in file:
            title, marks, shape, plugin, sort, _source = line.rstrip("\n").split("\t")
            words = tuple(mark.encode() for mark in marks.split("|"))
            found.append(Kind(title, words, pattern(shape.encode()), plugin.strip("-"), sort == "guessable"))
    return tuple(found)


_EXAMPLE: Final = pattern(
    rb"example|x{4}|\*{3}|your|placeholder|dummy|changeme|passw|secret|username|token|12345678|abcdefgh|0{8}|redacted"
    rb"|fake|\.\.\.",
    re.IGNORECASE,
)
_SHOWN_OFF: Final = pattern(
    rb"://scott:tiger@|@(?:[\w-]+\.){0,5}(?:example|test|invalid|localhost)(?:\.(?:com|org|net|edu))?(?![\w.-])",
    re.IGNORECASE,
)
"""The account of Oracle's manuals, and names that belong to nobody: <https://www.rfc-editor.org/rfc/rfc2606>."""
_TOO_SHORT: Final = frozenset({b"pass", b"test", b"user", b"guest", b"root", b"admin"})
_PUBLISHED: Final = frozenset({"5de261506c0ff857b7c1af7059f842fb0a36d1ca2e4895da542c5eb726f2c802"})
"""SHA-256 of tokens that their owners publish on purpose: that of transformers' own tests (`testing_utils.py`)."""
_DISTINCT: Final = 8
_LETTERS: Final = 4
_CONFIRMED: Final = 6000
_PASSING: Final = pattern(
    r"(?:^|[/!])(?:tests?|testing|selftest|test_?data|fixtures|examples?|docs?|samples?|benchmarks?)[/!]"
    r"|(?:^|[/!])(?:test_[^/!]*|[^/!]*_test|tests?|conftest)\.py\Z|(?:\.dist-info/METADATA|(?:^|[/!])PKG-INFO|\.egg-info)\Z",
    re.IGNORECASE,
)
_PROMPT: Final = pattern(rb"^[ \t]*(?:>>>|\.\.\.) ", re.MULTILINE)
_NEAR: Final = 300


def in_passing(whole: Repository, secret: Secret) -> bool:
    """Say whether a secret stands where packages have keys that open nothing: in tests, examples, descriptions."""
    from weighmaster.knowledge.packages.packages import owner_of
    from weighmaster.knowledge.repository import path_of

    path = path_of(secret.where)
    package = owner_of(whole, path)
    return package is not None and _PASSING.search(path[len(package.root) :]) is not None


class Hit(NamedTuple):
    """A secret, its kind, and where it begins."""

    kind: Kind
    at: int
    secret: bytes


def found_in(text: bytes, most: int, words: bytes = b"") -> Iterator[Hit]:
    """Yield the secrets in a text, those of each kind in order; `words` are its own, where they are known."""
    for kind in kinds():
        if any(piece in (words or text) and mark in text for piece, mark in pieces(kind.marks)):
            left = most
            for hit in kind.shape.finditer(text):
                near = text[max(0, hit.start() - 4) : hit.end() + 1][:_CONFIRMED]
                if _is_example(kind, hit[1]):
                    continue
                if kind.guessable and (_SHOWN_OFF.search(hit[0]) or _is_shown(text, hit.start())):
                    continue
                if _confirmed(kind, near):
                    yield Hit(kind, hit.start(1), hit[1])
                    left -= 1
                    if not left:
                        break


def _is_example(kind: Kind, secret: bytes) -> bool:
    if _EXAMPLE.search(secret.partition(b"_")[2] or secret):
        return True
    distinct = len(set(secret))
    if kind.guessable:
        return distinct < _LETTERS or secret.lower() in _TOO_SHORT
    return distinct < _DISTINCT or sha256_of(secret) in _PUBLISHED


def _is_shown(text: bytes, at: int) -> bool:
    """Whether a session of an interpreter is being shown: what it prints is an example."""
    return _PROMPT.search(text, max(0, at - _NEAR), at) is not None


def _confirmed(kind: Kind, near: bytes) -> bool:
    """Ask detect-secrets, where it knows the kind."""
    if not kind.plugin:
        return True
    detector = _detector(kind.plugin)
    return next(iter(detector.analyze_string(near.decode("latin-1"))), None) is not None


@cache
def _detector(name: str) -> Any:
    module, _, last = name.partition(".")
    return getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), last)()
