"""An inventory for people: what is used, at which version, where, and what is wrong with the way it is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from weighmaster.extend.showing import plain
from weighmaster.inventory.uses import Held, Inventory, Used, Wanted
from weighmaster.knowledge.loads.load_targets import is_packaged, is_test, line_of, option
from weighmaster.knowledge.repository import path_of
from weighmaster.model.finding import Finding
from weighmaster.model.package import Load

_MOST: Final = 200
_FEW: Final = 12
_NARROW: Final = 60
_COMMIT: Final = 12
_VERSIONED: Final = frozenset({"hub", "hub-code", "name"})
_SHOWN_ALREADY: Final = frozenset({"hub-unpinned", "hub-moving-revision"})
"""Rules that say what the column of versions says."""
_TITLES: Final = (
    ("hub", "from a hub"),
    ("hub-code", "code from a repository (torch.hub)"),
    ("name", "by a name that may be a repository or a folder"),
    ("registry", "from a registry or a library's own list"),
    ("package", "models that come as packages"),
    ("address", "from an address"),
    ("service", "run elsewhere"),
)


def place(load: Load) -> str:
    """Return where a load stands, as people write it: `file:line`."""
    return f"{load.where}:{line_of(load)}" if line_of(load) else str(load.where)


def summary(it: Inventory, width: int = 100, *, everything: bool = False) -> str:
    """Return an inventory as lines; with `everything`, what tests load and what is not known, one by one, as well."""
    width = max(width, _NARROW)
    lines = [*_used(it, width, everything=everything), *_files(it, width, everything=everything)]
    lines += _unresolved(it, everything=everything)
    lines += [*_held(it.held, width, everything=everything), *_packages(it.packages, width, everything=everything)]
    lines += [*_imported(it, width, everything=everything), *_wrong(it), *_said(it)]
    return "\n".join(line.rstrip() for line in lines).lstrip("\n") + "\n"


def _used(it: Inventory, width: int, *, everything: bool) -> Iterator[str]:
    for kind, title in _TITLES:
        those = [one for one in it.used if one.place == kind and (everything or not one.in_tests)]
        if those:
            yield from ("", f"{title} ({len(those)})")
            yield from _table(those, width)
    tests = sum(one.in_tests for one in it.used)
    if tests and not everything:
        yield from ("", f"{tests} more that only tests load (--all lists them)")


def _table(those: Sequence[Used], width: int) -> Iterator[str]:
    name_room = max(24, min(44, width - 48))
    for one in those[:_MOST]:
        versions = ", ".join(_version(version) for version in one.versions[:3]) if one.place in _VERSIONED else ""
        first = place(one.loads[0])
        more = f" and {len(one.loads) - 1} more" if len(one.loads) > 1 else ""
        yield f"  {plain(one.name)[:200]:<{name_room}}  {one.kind:<8}  {versions:<14}  {plain(first)}{more}"
        if wrong := _ids(one.wrong):
            yield f"      {wrong}"
    if len(those) > _MOST:
        yield f"  and {len(those) - _MOST} more (--output json has all)"


def _version(version: str) -> str:
    if not version:
        return "no version"
    return "not known" if version == "?" else plain(version[:_COMMIT])


def _ids(findings: Iterable[Finding]) -> str:
    """Return the rules that hold, but for those that the column of versions says."""
    rules = {finding.rule.id: finding.rule for finding in findings if finding.rule.id not in _SHOWN_ALREADY}
    ordered = sorted(rules.values(), key=lambda rule: (-rule.severity, rule.id))
    return ", ".join(f"{rule.severity.word} {rule.id}" for rule in ordered)


def _wrong(it: Inventory) -> Iterator[str]:
    """Yield each rule that holds somewhere, how often, and what it means."""
    findings = [*(finding for those in it.wrong.values() for finding in those), *it.about_all]
    counts = Counter(finding.rule.id for finding in findings)
    rules = {finding.rule.id: finding.rule for finding in findings}
    if not rules:
        return
    yield from ("", f"what is wrong with the way things are loaded ({len(findings)})")
    width = max(map(len, rules))
    for rule in sorted(rules.values(), key=lambda rule: (-rule.severity, rule.id)):
        yield f"  {rule.severity.word:<8}  {rule.id:<{width}}  {counts[rule.id]:>5}  {rule.title}"
    for finding in it.about_all:
        yield f"  {plain(finding.message)}"


def _files(it: Inventory, width: int, *, everything: bool) -> Iterator[str]:
    those = [one for one in it.files if everything or (not one.in_tests and one.place == "path")]
    if those:
        yield from ("", f"files that are loaded ({len(those)})")
        yield from _table(those if everything else those[:_FEW], width)
        if len(those) > _FEW and not everything:
            yield f"  and {len(those) - _FEW} more (--all lists them)"


def _unresolved(it: Inventory, *, everything: bool) -> Iterator[str]:
    outside = [load for load in it.unresolved if not is_test(path_of(load.where))]
    loads = [load for load in outside if not is_packaged(load)]
    packaged = len(outside) - len(loads)
    if everything:
        loads = list(it.unresolved)
    elif packaged:
        yield from ("", f"{packaged} calls in packages load what whoever uses the package names (--all lists them)")
    if not loads:
        return
    groups: dict[tuple[str, str], list[Load]] = {}
    for load in loads:
        groups.setdefault((load.kind, load.loader), []).append(load)
    yield from ("", f"calls whose target is not known here ({len(loads)})")
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    for (kind, loader), those in ordered if everything else ordered[:_FEW]:
        yield f"  {len(those):>4}  {kind:<10}  {plain(loader)}"
        for load in those if everything else ():
            yield f"          {plain(place(load))}  {plain(option(load, 'target'))}"
        if wrong := _ids(found for load in those for found in it.wrong[load]):
            yield f"        {wrong}"
    if len(ordered) > _FEW and not everything:
        yield f"  and {len(ordered) - _FEW} other callees (--all lists them)"


def _held(held: Sequence[Held], width: int, *, everything: bool) -> Iterator[str]:
    if not held:
        return
    yield from ("", f"models that lie here ({len(held)} files)")
    shown = held if everything else held[: _FEW * 2]
    room = max(24, min(60, width - 48))
    for one in shown:
        origin = f"{one.origin}@{one.version[:_COMMIT]}" if one.version else one.origin
        of = f"of {origin}" if origin else f"in the package {one.package}" if one.package else ""
        yield f"  {plain(one.path):<{room}}  {', '.join(one.formats) or 'unknown':<14}  {one.size:>12}  {plain(of)}"
    if len(held) > len(shown):
        yield f"  and {len(held) - len(shown)} more (--all lists them)"


def _packages(packages: Sequence[Wanted], width: int, *, everything: bool) -> Iterator[str]:
    if not packages:
        return
    here = [one for one in packages if one.installed]
    asked = [one for one in packages if not one.installed]
    yield from ("", f"packages: {len(here)} that are here, {len(asked)} that are asked for")
    if everything:
        for one in packages:
            version = one.version or one.specifier or "any"
            yield f"  {plain(one.name):<36}  {plain(version):<24}  {one.by}  {plain(one.paths[0])}"[: max(width, 120)]
    else:
        yield "  (--all lists them)"


def _imported(it: Inventory, width: int, *, everything: bool) -> Iterator[str]:
    those = [one for one in it.imported if everything or not one.in_tests]
    nowhere = [one for one in those if not one.asked]
    if not (nowhere or (everything and those)):
        return
    asks = any(one.asked for one in it.imported) or it.packages
    told = f"{len(nowhere)} that nothing here asks for" if asks else "and nothing here asks for packages"
    yield from ("", f"packages that source imports: {len(those)}, {told}")
    shown = those if everything else nowhere[:_FEW]
    room = max(20, min(36, width - 64))
    for one in shown:
        package = one.packages[0] if one.packages else "no known package"
        if one.alike:
            package += f" (looks like {one.alike})"
        state = f"asked for in {plain(one.asked[0])}" if one.asked else "asked for nowhere" if everything else ""
        more = f" and {len(one.paths) - 1} more" if len(one.paths) > 1 else ""
        yield f"  {plain(one.module):<{room}}  {plain(package):<28}  {plain(one.paths[0])}{more}  {state}"
    if len(nowhere) > _FEW and not everything:
        yield f"  and {len(nowhere) - _FEW} more (--all lists them)"


def _said(it: Inventory) -> Iterator[str]:
    yield ""
    number = len(it.used) + len(it.files)
    yield f"{number} things are loaded by {len(it.wrong)} calls in {it.sources} files of source."
    if it.unknown:
        yield f"{it.unknown} files are of no known format; whatever they are, they are not among the models above."
    yield from (plain(note) for note in it.notes)
    for gap in it.gaps[:_FEW]:
        yield f"not read: {plain(f'{gap.where}: {gap.detail}')}"
    if len(it.gaps) > _FEW:
        yield f"not read: {len(it.gaps) - _FEW} places more"
    if it.excluded:
        yield f"left out: {it.excluded} files"
