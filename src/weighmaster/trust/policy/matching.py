"""Which rule of a policy is for which artifact, and what a list of recalls may call it.

A name is `owner/name`, as hubs have it, or a package URL (<https://github.com/package-url/purl-spec>), whose version,
qualifiers and path do not count. In a pattern, `*` stands for any text without a `/`, `**` for any text, `?` for one
character.

>>> bool(pattern_of("acme/*").fullmatch("acme/model")), bool(pattern_of("acme/*").fullmatch("acme/team/model"))
(True, False)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from weighmaster.trust.claims.predicates.release import Release
from weighmaster.trust.policy.terms import Policy, Rule

_PURL = "pkg:"


def rule_for(policy: Policy, names: Sequence[str]) -> Rule | None:
    """Return the first rule that is for an artifact of one of these names; see `names_of`."""
    for rule in policy.rules:
        pattern = pattern_of(rule.pattern)
        if any(is_purl(name) == rule.is_purl and pattern.fullmatch(name) for name in names or ("",)):
            return rule
    return None


def names_of(name: str) -> tuple[str, ...]:
    """Return the names by which rules may call what the user calls `name`.

    A package URL of a hub also gives the name that it holds:

    >>> names_of("pkg:huggingface/acme/model@a1b2")
    ('pkg:huggingface/acme/model', 'acme/model')
    """
    if not name:
        return ()
    if not is_purl(name):
        return (name,)
    bare, _ = _parted(name)
    kind, _, rest = bare.removeprefix(_PURL).lstrip("/").partition("/")
    bare = f"{_PURL}{kind.lower()}/{rest}"
    return (bare, rest) if kind.lower() == "huggingface" else (bare,)


def called(name: str, releases: Iterable[Release] = ()) -> Iterator[tuple[str, str]]:
    """Yield the names by which lists of recalls may call what the user calls `name`, each with its version.

    That is the one in a package URL, or that of a release that was accepted as one of this name; else it is empty.
    """
    names = names_of(name)
    accepted = (one.version for one in releases if one.name in names)
    version = version_of(name) or next(accepted, "")
    yield from ((one, version) for one in names)


def version_of(name: str) -> str:
    """Return the version in a package URL; empty where there is none.

    >>> version_of("pkg:huggingface/acme/model@a1b2?x=y"), version_of("acme/model")
    ('a1b2', '')
    """
    return _parted(name)[1] if is_purl(name) else ""


def is_purl(name: str) -> bool:
    """Say whether a name is a package URL."""
    return name.startswith(_PURL)


@lru_cache(maxsize=256)
def pattern_of(glob: str) -> re.Pattern[str]:
    """Return what matches as a glob says."""
    parts = re.split(r"(\*\*|\*|\?)", glob)
    wild = {"**": r"(?s:.*)", "*": r"[^/]*", "?": r"[^/]"}
    return re.compile("".join(wild.get(part, re.escape(part)) for part in parts))


def _parted(purl: str) -> tuple[str, str]:
    """Return a package URL without its version, qualifiers and path, and the version."""
    bare = re.split(r"[?#]", purl, maxsplit=1)[0]
    name, at, version = bare.rpartition("@")
    return (name, version) if at and "/" not in version else (bare, "")
