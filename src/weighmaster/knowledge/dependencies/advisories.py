"""Advisories about packages: what a tool or a database said, held against what a target installs.

Whether a version is affected is said by the database itself, by its list of versions and its ranges; how versions are
ordered, by the library that installers use. Specifications: <https://ossf.github.io/osv-schema/#evaluation>,
<https://packaging.python.org/en/latest/specifications/version-specifiers/>.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from weighmaster.knowledge.names.normal import normal
from weighmaster.model.fact import Shared
from weighmaster.model.package import Advisory, Dependency, Distribution
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.value import Value
from weighmaster.model.where import Where
from weighmaster.reading.dependencies.shapes import mapping, mappings, text, texts

if TYPE_CHECKING:
    from packaging.version import Version

_SUMMARY: Final = 160
_NAMES: Final = 5


class Held(Value):
    """A package in a version, and where that is said."""

    where: Where
    name: str
    version: str
    line: int = 0


def told(fact: Advisory) -> str:
    """Say in a sentence what an advisory says."""
    also = f" ({', '.join(fact.aliases[:3])})" if fact.aliases else ""
    mended = f"; not in {', '.join(fact.fixed[:3])}" if fact.fixed else "; no version without it is named"
    if fact.kind == "malicious":
        mended = ""
    summary = f": {fact.summary}" if fact.summary else ""
    return f"{fact.name} {fact.version}: {fact.id}{also}{summary}{mended} (says {fact.by})"


def held_in(facts: Iterable[Shared]) -> tuple[list[Held], list[Dependency]]:
    """Return the packages of a target whose version is known, and those that several versions are possible of."""
    found: dict[Held, None] = {}
    loose: list[Dependency] = []
    for fact in facts:
        match fact:
            case Distribution(name=name, version=version, by=by) if name and version and by != "conda-meta":
                found[Held(where=fact.where, name=name, version=version)] = None
            case Dependency(ecosystem="pypi", name=name, version=version) if name and version:
                found[Held(where=fact.where, name=name, version=version, line=fact.line)] = None
            case Dependency(source="index", name=name) if name and not fact.locked:
                loose.append(fact)
            case Dependency(ecosystem="conda", name=name) if name:
                loose.append(fact)
            case _:
                continue
    known = {normal(one.name) for one in found}
    return [*found], [fact for fact in loose if normal(fact.name) not in known]


def not_told(loose: Sequence[Dependency]) -> Iterator[Gap]:
    """Yield a gap for each file that wants packages of which no advisory can be told."""
    by_place: dict[Where, list[str]] = {}
    for fact in loose:
        by_place.setdefault(fact.where, []).append(fact.name)
    for where, wanted in by_place.items():
        names = [*dict.fromkeys(wanted)]
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        detail = f"advisories: no one version is known of {', '.join(names[:_NAMES])}{more}"
        yield Gap(where=where, reason=GapReason.UNREACHABLE, detail=detail)


def of_report(found: Mapping[str, Any]) -> tuple[list[Advisory], list[tuple[str, str]]]:
    """Return what pip-audit or `uv audit` found, and what it skipped: name and reason."""
    nowhere = Where.file("")
    if "vulnerabilities" in found:
        return [_of_uv(one, nowhere) for one in mappings(found.get("vulnerabilities"))], []
    advisories: list[Advisory] = []
    skipped: list[tuple[str, str]] = []
    for package in mappings(found.get("dependencies")):
        name = text(package.get("name"))
        if "skip_reason" in package:
            skipped.append((name, text(package.get("skip_reason"))))
        version = text(package.get("version"))
        advisories += (_of_pip_audit(one, name, version, nowhere) for one in mappings(package.get("vulns")))
    return advisories, skipped


def _of_pip_audit(one: dict[str, Any], name: str, version: str, where: Where) -> Advisory:
    return Advisory(
        where=where,
        id=text(one.get("id")),
        name=name,
        version=version,
        by="pip-audit",
        kind=_kind(text(one.get("id"))),
        aliases=tuple(texts(one.get("aliases")))[:10],
        fixed=tuple(texts(one.get("fix_versions")))[:10],
        summary=_short(text(one.get("description"))),
    )


def _of_uv(one: dict[str, Any], where: Where) -> Advisory:
    return Advisory(
        where=where,
        id=text(one.get("id")) or text(one.get("display_id")),
        name=text(mapping(one, "dependency").get("name")),
        version=text(mapping(one, "dependency").get("version")),
        by="uv audit",
        kind=_kind(text(one.get("id"))),
        aliases=tuple(texts(one.get("aliases")))[:10],
        fixed=tuple(texts(one.get("fix_versions")))[:10],
        summary=_short(text(one.get("summary"))),
    )


def is_report(found: Any) -> bool:
    """Say whether a document is what pip-audit or `uv audit` write."""
    if not isinstance(found, dict):
        return False
    if isinstance(found.get("vulnerabilities"), list) and "summary" in found and "schema" in found:
        return True
    packages = found.get("dependencies")
    if packages == [] and "fixes" in found:
        return True
    first = packages[0] if isinstance(packages, list) and packages else None
    return isinstance(first, dict) and "name" in first and ("vulns" in first or "skip_reason" in first)


def is_record(found: Any) -> bool:
    """Say whether a document is a record of OSV, all of which say what they are about, or that it is taken back."""
    return isinstance(found, dict) and (isinstance(found.get("affected"), list) or "withdrawn" in found)


def of_record(record: Mapping[str, Any], held: Mapping[str, Sequence[Held]]) -> Iterator[Advisory]:
    """Yield what a record of OSV says of packages that are held; `held` is by normal name."""
    if text(record.get("withdrawn")):
        return
    for affected in mappings(record.get("affected")):
        package = mapping(affected, "package")
        if text(package.get("ecosystem")).partition(":")[0].casefold() != "pypi":
            continue
        for one in held.get(normal(text(package.get("name"))), ()):
            if is_affected(one.version, affected):
                yield _of_osv(record, affected, one)


def _of_osv(record: Mapping[str, Any], affected: dict[str, Any], one: Held) -> Advisory:
    events = [event for range_ in mappings(affected.get("ranges")) for event in mappings(range_.get("events"))
              if text(range_.get("type")) != "GIT"]  # fmt: skip
    return Advisory(
        where=one.where,
        id=text(record.get("id")),
        name=one.name,
        version=one.version,
        by="osv",
        kind=_kind(text(record.get("id")), tuple(texts(record.get("aliases")))),
        aliases=tuple(texts(record.get("aliases")))[:10],
        fixed=tuple(dict.fromkeys(text(event.get("fixed")) for event in events if text(event.get("fixed"))))[:10],
        summary=_short(text(record.get("summary")) or text(record.get("details"))),
    )


def is_affected(version: str, affected: Mapping[str, Any]) -> bool:
    """Say whether a version is one that a record names, or in one of its ranges."""
    if version in set(texts(affected.get("versions"))):
        return True
    parsed = _version(version)
    if parsed is None:
        return False
    if any(_version(one) == parsed for one in texts(affected.get("versions"))):
        return True
    ranges = [
        range_ for range_ in mappings(affected.get("ranges")) if text(range_.get("type")) in {"ECOSYSTEM", "SEMVER"}
    ]
    return any(_in_range(parsed, range_) for range_ in ranges)


def _in_range(version: Version, range_: Mapping[str, Any]) -> bool:
    """Evaluate the events of a range in the order of their versions, as the schema says."""
    events: list[tuple[Version | None, int, str]] = []
    for event in mappings(range_.get("events")):
        for kind, value in event.items():
            beginning = kind == "introduced" and value == "0"
            parsed = None if beginning else _version(text(value))
            if (parsed is not None or beginning) and kind in _ORDER:
                events.append((parsed, _ORDER[kind], kind))
    events.sort(key=lambda event: (event[0] is not None, event[0] or version, event[1]))
    inside = False
    for at, _, kind in events:
        reached = at is None or version >= at
        if kind == "introduced":
            inside = inside or reached
        elif kind == "last_affected":
            inside = inside and not (reached and version != at)
        elif reached:
            inside = False
    return inside


_ORDER: Final = {"last_affected": 0, "fixed": 1, "limit": 1, "introduced": 2}


def _version(value: str) -> Version | None:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(value)
    except InvalidVersion:
        return None


def _kind(id: str, aliases: Sequence[str] = ()) -> str:
    return "malicious" if any(name.startswith("MAL-") for name in (id, *aliases)) else "vulnerable"


def _short(words: str) -> str:
    plain = " ".join(words.split())
    return plain if len(plain) <= _SUMMARY else f"{plain[: _SUMMARY - 3]}..."
