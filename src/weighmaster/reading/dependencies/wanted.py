"""One requirement as text, and what it comes to as a `Dependency`.

Specifications: <https://packaging.python.org/en/latest/specifications/dependency-specifiers/>,
<https://pip.pypa.io/en/stable/topics/vcs-support/>, <https://packaging.python.org/en/latest/specifications/version-specifiers/>.
"""

from __future__ import annotations

from typing import Any, Final

from weighmaster.model.package import Dependency
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.pattern import pattern

LONGEST: Final = 8192
"""Characters of a requirement; a longer one is cut."""
_TOLD: Final = 400
_NAME: Final = pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_EXTRAS: Final = pattern(r"\s*\[([^\[\]]*)\]")
_AT: Final = pattern(r"\s*@\s*")
_VCS: Final = ("git", "hg", "svn", "bzr")
_SCHEME: Final = pattern(r"([A-Za-z][A-Za-z0-9+.-]*):")
_FULL: Final = pattern(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP: Final = pattern(r"(?:git\+)?git@[\w.-]+:")
_EXACT: Final = pattern(r"===?\s*([^\s,*;=<>!~|]+)\Z")
_FRAGMENT: Final = pattern(r"(?:\A|&)(sha256|sha384|sha512|sha224|sha1|md5)=([0-9A-Fa-f]+)")
_EGG: Final = pattern(r"(?:\A|&)egg=([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?")
_CREDENTIALS: Final = pattern(r"://(?!git@)[^/@\s]*@")
_WHEEL: Final = pattern(
    r"([A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-([A-Za-z0-9_.!+]+)(?:-\d[\w.]*)?-[\w.]+-[\w.]+-[\w.]+\.whl\Z"
)
_ARCHIVE: Final = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar")
_COMMIT: Final = pattern(r"[0-9a-fA-F]{40}(?:[0-9a-fA-F]{24})?\Z")
_NUMBER: Final = pattern(r"r?\d+\Z")


class Stand(Value):
    """Where a requirement stands: the file, what reads it, the line, the group that it belongs to, if any."""

    where: Where
    by: str
    line: int = 0
    group: str = ""
    locked: bool = False


def dependency(text: str, stand: Stand, **more: Any) -> Dependency | None:
    """Return what one requirement asks for, or None where the text is none. `more` are fields that are known better."""
    text = text[:LONGEST].strip()
    if not text:
        return None
    found = _elsewhere(text) if _is_elsewhere(text) else _named(text)
    if found is None:
        return None
    return made(stand, **found, **more)


def made(stand: Stand, **fields: Any) -> Dependency:
    """Return a dependency that stands there, its texts cut where they get too long to be told."""
    fields.setdefault("name", "")
    for field in ("name", "specifier", "version", "revision", "marker", "index", "target"):
        if field in fields:
            fields[field] = shown(str(fields[field] or ""))
    told: dict[str, Any] = {"line": stand.line, "group": stand.group, "locked": stand.locked} | fields
    return Dependency(where=stand.where, by=stand.by, **told)


def shown(target: str) -> str:
    """Return an address without the credentials that it may carry.

    >>> shown("https://user:key@index.example/simple")
    'https://***@index.example/simple'
    """
    return _CREDENTIALS.sub("://***@", target[:_TOLD])


def exact(specifier: str) -> str:
    """Return the one version that a specifier allows, or nothing.

    >>> exact("==1.2,!=1.3"), exact(">=1.2"), exact("==1.*"), exact("===1.2+local")
    ('1.2', '', '', '1.2+local')
    """
    hits = (_EXACT.match(clause.strip(" ()")) for clause in specifier.split(","))
    return next((hit[1] for hit in hits if hit), "")


def is_commit(revision: str, address: str = "") -> bool:
    """Say whether a revision can mean only one state: a commit, or for Subversion and Bazaar a number."""
    if address.startswith(("svn", "bzr")):
        return _NUMBER.match(revision) is not None
    return _COMMIT.match(revision) is not None


def source_of(address: str) -> dict[str, Any]:
    """Return what an address is, as fields of a `Dependency`: place, revision, hashes, name.

    >>> source_of("git+https://host/a/b.git@main#egg=b")["revision"]
    'main'
    """
    plain, _, fragment = address.partition("#")
    hashes = tuple(f"{hit[1]}:{hit[2].lower()}" for hit in _FRAGMENT.finditer(fragment))
    found: dict[str, Any] = {"hashes": hashes} if hashes else {}
    if egg := _EGG.search(fragment):
        found["name"] = egg[1]
    scheme = (_FULL.match(plain) or _SCHEME.match(plain) or ("", ""))[1].lower()
    first = scheme.partition("+")[0]
    if first in _VCS or _SCP.match(plain):
        target, revision = _revised(plain)
        return {"source": "vcs", "target": target, "revision": revision} | found
    base = plain.partition("?")[0].rpartition("/")[2]
    if "name" not in found and (wheel := _WHEEL.match(base)):
        found |= {"name": wheel[1].replace("_", "-"), "version": wheel[2]}
    if scheme == "file" or not _FULL.match(plain):
        return {"source": "path", "target": plain} | found
    return {"source": "url", "target": plain} | found


def _revised(address: str) -> tuple[str, str]:
    """Return the address of a repository, and the revision after the `@` of its path."""
    after = address.find("://")
    start = address.find("/", after + 3) if after >= 0 else address.find(":", address.find("@"))
    at = address.rfind("@")
    return (address[:at], address[at + 1 :]) if start >= 0 and at > start else (address, "")


def _is_elsewhere(text: str) -> bool:
    if _FULL.match(text) or _SCP.match(text) or text.startswith(("file:", "./", "../", "/", "~", ".\\", "..\\")):
        return True
    word = text.split(maxsplit=1)[0].partition(";")[0].partition("#")[0].partition("[")[0]
    if word in {".", ".."}:
        return True
    return "@" not in word and ("/" in word or "\\" in word or word.lower().endswith(_ARCHIVE))


def _elsewhere(text: str) -> dict[str, Any]:
    """An address or a path alone; a marker stands after a semicolon and a space."""
    # pip: `if is_url(name): marker_sep = "; "`.
    mark = "; " if _FULL.match(text) else ";"
    address, _, marker = text.partition(mark)
    address = address.strip()
    found = source_of(address.split()[0] if address else "")
    extras: tuple[str, ...] = ()
    if found["source"] == "path" and address.endswith("]") and "[" in address:
        path, _, inside = found["target"].rpartition("[")
        found["target"], extras = path or found["target"], _split(inside.rstrip("]"))
    return found | {"marker": marker.strip(), "extras": extras}


def _named(text: str) -> dict[str, Any] | None:
    name = _NAME.match(text)
    if name is None:
        return None
    at = name.end()
    extras: tuple[str, ...] = ()
    if inside := _EXTRAS.match(text, at):
        extras, at = _split(inside[1]), inside.end()
    found: dict[str, Any] = {"name": name[0], "extras": extras}
    if (mark := _AT.match(text, at)) is not None:
        address, _, marker = text[mark.end() :].partition(" ;")
        if not marker and "; " in address:
            address, _, marker = address.partition("; ")
        elsewhere = source_of(address.split()[0] if address.split() else "")
        return elsewhere | found | {"marker": marker.strip()}
    specifier, _, marker = text[at:].partition(";")
    specifier = "".join(specifier.split()).strip("()")
    if specifier and specifier[0] not in "<>=!~":
        return None
    return found | {"specifier": specifier, "version": exact(specifier), "marker": marker.strip()}


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())[:50]
