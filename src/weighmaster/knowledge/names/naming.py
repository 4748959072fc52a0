"""The names that a target uses, each once a file, out of all that its files say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from weighmaster.knowledge.names.names import Likeness, Names, Protected, imitates, imitates_owner, reported
from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.repository import path_of
from weighmaster.model.fact import Reference, Shared, Statement
from weighmaster.model.naming import Naming, Own
from weighmaster.model.package import Dependency, Distribution, Index, Load, Release
from weighmaster.model.repository import Repository
from weighmaster.reading.pattern import pattern

_REPOSITORY: Final = pattern(r"([^\s/\\:@]+)/([^\s/\\:@]+)(?:@[^\s/]+)?", re.DOTALL)
_WIDE: Final = pattern(r"(?:hf|huggingface)://(?:datasets/|spaces/)?([^\s/\\:@]+)/([^\s/\\:@]+)(?:@.*|/.*)?", re.DOTALL)
_NAME: Final = pattern(r"[^\s\[\]()<>=!~;@,]+")
_HUB: Final = frozenset({"model", "dataset", "file"})
_REFERRED: Final = frozenset({"base-model", "adapter", "dataset", "remote-code"})
_CODE: Final = pattern(r"(?:github|gitlab)\.com[/:]([^\s/:@]+)/([^\s/:@#?]+)")
_FOLDERS: Final = frozenset({".", "..", "~", "data", "model", "models", "datasets", "checkpoints", "weights", "output"})
"""What stands first in paths rather than in names of repositories."""


_ACCOUNTS: Final = frozenset({"from", "code", "published"})
_LETTERS: Final = frozenset({"characters that look alike", "digits for letters", "a slip of the hand"})
_ASKED: Final = frozenset({"primary", "extra"})
_PUBLIC: Final = frozenset({"pypi.org", "pypi.python.org", "test.pypi.org"})


def named_in(whole: Repository) -> Iterator[Naming]:
    """Yield the names that a target uses."""
    own = tuple(name for fact in whole.facts if isinstance(fact, Own) for name in fact.names)
    told: set[tuple[str, str, str, str]] = set()
    for said in whole.facts:
        for role, name, rest in _named(said):
            key = (role, name.casefold(), rest, path_of(said.where))
            if name and key not in told:
                told.add(key)
                yield Naming(where=said.where, role=role, name=name, rest=rest, said=said, own=own, whole=whole)


def _named(said: Shared) -> Iterator[tuple[str, str, str]]:
    match said:
        case Distribution(by="metadata" | "pyproject" | "setup.cfg"):
            yield "is", said.name, ""
            for requirement in said.requires:
                yield "wants", _required(requirement), ""
        case Dependency():
            yield "wants", said.name, ""
            if hit := _CODE.search(said.target):
                yield "code", hit[1], hit[2]
        case Release():
            yield "released", said.name, ""
        case Statement(by="hub-repository", key="repository"):
            owner, _, name = said.value.rpartition("/")
            yield "published", owner, name
        case Load(kind="hub-code"):
            yield "code", *_account(said.target.partition(":")[0])
        case Load(kind=kind) if kind in _HUB:
            yield "from", *_account(said.target)
        case Reference(kind=kind) if kind in _REFERRED:
            yield "from", *_account(said.target.partition("--")[0])
        case _:
            pass


def _required(requirement: str) -> str:
    """Return the name in a requirement (PEP 508)."""
    hit = _NAME.match(requirement)
    return hit[0] if hit else ""


def _account(target: str) -> tuple[str, str]:
    """Return the account and the name of a repository on a hub; both are empty where a target can be none.

    >>> _account("meta-llama/Llama-3.1-8B"), _account("./weights/model.bin"), _account("hf://datasets/a/b/c.csv")
    (('meta-llama', 'Llama-3.1-8B'), ('', ''), ('a', 'b'))
    """
    hit = _REPOSITORY.fullmatch(target) or _WIDE.fullmatch(target)
    if hit is None or hit[1].casefold() in _FOLDERS or hit[1].startswith((".", "~", "$", "{")):
        return "", ""
    return hit[1], hit[2]


def is_own(fact: Naming) -> bool:
    """Say whether a name is one of the user's own."""
    if fact.role in _ACCOUNTS:
        return f"{fact.name}/".casefold() in {name.casefold() for name in fact.own}
    names, families = _own_packages(fact.own)
    plain = normal(fact.name)
    return plain in names or plain.startswith(families)


@lru_cache(maxsize=8)
def _own_packages(own: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the names of packages, and what the names of families begin with, among the user's own."""
    names = [name for name in own if not name.endswith("/")]
    families = tuple(f"{normal(name[:-2])}-" for name in names if name.endswith("-*"))
    return frozenset(normal(name) for name in names if not name.endswith("-*")), families


def taken_for(fact: Naming) -> Likeness | None:
    """Return the known package that a name looks like, unless it is the user's own, or is reported by itself."""
    if isinstance(fact.said, Dependency) and fact.said.ecosystem != "pypi":
        # Other ecosystems name the same things otherwise: `pytorch-cuda` is honest there.
        found = imitates(fact.name)
        return found if found is not None and found.how in _LETTERS else None
    return None if is_own(fact) or normal(fact.name) in reported() else imitates(fact.name)


def poses_as(fact: Naming) -> Likeness | None:
    """Return the known account that the name of one looks like, unless it is the user's own."""
    if is_own(fact):
        return None
    if fact.role == "code":
        return imitates_owner(fact.name)
    from weighmaster.knowledge.names.lookalike import look_alike

    found = look_alike(fact.name)
    return None if found is None else Likeness(name=found.publisher.name, how=found.how)


def at(fact: Naming) -> str:
    """Return where in its file a name stands, for the beginning of a sentence; empty where nobody counted."""
    line = fact.said.span[0] if isinstance(fact.said, Load) and fact.said.span else getattr(fact.said, "line", 0)
    return f"line {line}: " if line else ""


def taken_for_own(fact: Naming) -> Likeness | None:
    """Return the user's own name that a name looks like, unless it is one itself."""
    if is_own(fact) or fact.role == "released":
        return None
    accounts = fact.role in _ACCOUNTS
    return _own_names(fact.own, accounts=accounts).likeness(fact.name) or (None if accounts else _of_family(fact))


def _of_family(fact: Naming) -> Likeness | None:
    """Return the user's own family of names that a name would be of if its first words were spelled another way."""
    words = normal(fact.name).split("-")
    for family in _own_packages(fact.own)[1]:
        count = family.count("-")
        found = _own_names((family[:-1],), accounts=False).likeness("-".join(words[:count])) if words[count:] else None
        if found is not None:
            return Likeness(name=f"{family}*", how=found.how)
    return None


@lru_cache(maxsize=8)
def _own_names(own: tuple[str, ...], *, accounts: bool) -> Names:
    # An account is a word, as the name of a service is: `acme-ai`, `acme-llm` claim to be `acme`.
    names = [name.removesuffix("/") for name in own if name.endswith("/") is accounts and not name.endswith("-*")]
    return Names(Protected(name=name, service=accounts) for name in names)


def is_held(fact: Naming) -> bool:
    """Say whether the target holds the package that is wanted."""
    return normal(fact.name) in _held(fact.whole)


_last: list[tuple[Repository, frozenset[str]]] = []


def _held(whole: Repository) -> frozenset[str]:
    if not (_last and _last[0][0] is whole):
        held = frozenset(normal(said.name) for said in whole.facts if isinstance(said, Distribution))
        _last[:] = [(whole, held)]
    return _last[0][1]


def open_index(said: Dependency, whole: Repository) -> Index | None:
    """Return the index beside others, or the public one, that is asked for a package without an index of its own."""
    if said.index:
        return None
    path = path_of(said.where)
    asked = [index for index in whole.facts if isinstance(index, Index) and path_of(index.where) == path]
    public = next((index for index in asked if index.role in _ASKED and _is_public(index.target)), None)
    return public or next((index for index in asked if index.role == "extra"), None)


def _is_public(address: str) -> bool:
    host = address.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
    return host.casefold() in _PUBLIC
