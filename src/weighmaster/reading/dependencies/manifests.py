"""Manifests: what a project asks for, as its author wrote it, in `pyproject.toml`, `setup.cfg`, `Pipfile`, `pip.conf`.

Specifications: <https://packaging.python.org/en/latest/specifications/pyproject-toml/>,
<https://packaging.python.org/en/latest/specifications/dependency-groups/>,
<https://docs.astral.sh/uv/reference/settings/>, <https://python-poetry.org/docs/pyproject/>,
<https://setuptools.pypa.io/en/latest/userguide/declarative_config.html>,
<https://pipenv.pypa.io/en/latest/pipfile.html>, <https://pip.pypa.io/en/stable/topics/configuration/>.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from weighmaster.model.errors import UnreadableError
from weighmaster.model.fact import Shared
from weighmaster.model.package import Dependency
from weighmaster.model.value import replace
from weighmaster.model.where import Where
from weighmaster.reading.dependencies.locks import pipenv_sources
from weighmaster.reading.dependencies.pip import index, requirements
from weighmaster.reading.dependencies.shapes import items, mapping, mappings, text, texts
from weighmaster.reading.dependencies.wanted import Stand, dependency, exact, made, source_of

_VCS: Final = ("git", "hg", "svn", "bzr")
_PINS: Final = ("rev", "ref", "tag", "branch")


class _Lines:
    """Where in a text a requirement stands: the first line after the last one found that has its words."""

    def __init__(self, written: str) -> None:
        self._lines = written.splitlines()
        self._at: dict[str, int] = {}
        for number, line in enumerate(self._lines, 1):
            self._at.setdefault(line.split("#", maxsplit=1)[0].strip(" \t,[]\"'"), number)

    def of(self, words: str) -> int:
        """Return the line, counted from 1, or 0."""
        exactly = self._at.get(words)
        if exactly:
            return exactly
        return next((number for number, line in enumerate(self._lines, 1) if words in line), 0) if words else 0


def pyproject(found: dict[str, Any], written: str, where: Where) -> Iterator[Shared]:
    """Yield what a `pyproject.toml` asks for: to run, to build, to work on it."""
    lines = _Lines(written)
    tool = mapping(found, "tool")
    sources = mapping(tool, "uv", "sources")
    for group, wanted in _groups(found, tool):
        stand = Stand(where=where, by="pyproject.toml", group=group)
        for one in _each(wanted, stand, lines):
            yield from _from_source(one, sources.get(one.name))
    yield from _uv_indexes(mapping(tool, "uv"), Stand(where=where, by="uv"), lines)
    yield from _poetry(mapping(tool, "poetry"), Stand(where=where, by="poetry"), lines)
    for source in mappings(mapping(tool, "pdm").get("source")):
        role = "primary" if text(source.get("name")) == "pypi" else "extra"
        stand = Stand(where=where, by="pdm", line=lines.of(text(source.get("url"))))
        yield from index(text(source.get("url")), role, stand, text(source.get("name")))
        if source.get("verify_ssl") is False:
            yield from index(text(source.get("url")), "trusted-host", stand, text(source.get("name")))
    for name, entry in mapping(tool, "pixi", "pypi-dependencies").items():
        yield from _entry(name, entry, Stand(where=where, by="pixi", line=lines.of(f"{name} =")), caret=False)


def _each(wanted: Iterable[str], stand: Stand, lines: _Lines) -> Iterator[Dependency]:
    for words in wanted:
        found = dependency(words, replace(stand, line=lines.of(words)))
        if found is not None:
            yield found


def _groups(found: dict[str, Any], tool: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield the lists of requirements of a project, each with what it is for."""
    project = mapping(found, "project")
    yield "", [*texts(project.get("dependencies"))]
    yield "build", [*texts(mapping(found, "build-system").get("requires"))]
    for table in (mapping(project, "optional-dependencies"), mapping(found, "dependency-groups"),
                  mapping(tool, "pdm", "dev-dependencies")):  # fmt: skip
        for name, wanted in table.items():
            yield name, [*texts(wanted)]
    yield "dev", [*texts(mapping(tool, "uv").get("dev-dependencies"))]
    for environment, held in mapping(tool, "hatch", "envs").items():
        for key in ("dependencies", "extra-dependencies"):
            yield f"hatch:{environment}", [*texts(mapping(held).get(key))]
    for hook in _hooks(mapping(tool, "hatch", "build")):
        yield "build", [*texts(hook.get("dependencies"))]
    for name, wanted in mapping(tool, "uv", "extra-build-dependencies").items():
        yield f"build:{name}", [text(one) or text(mapping(one).get("requirement")) for one in items(wanted)]
    flit = mapping(tool, "flit", "metadata")
    yield "", [*texts(flit.get("requires"))]


def _hooks(build: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what runs while Hatch builds: of the project, and of each of its targets."""
    for table in (build, *map(mapping, mapping(build, "targets").values())):
        yield table
        yield from map(mapping, mapping(table, "hooks").values())


def _from_source(wanted: Dependency, source: Any) -> Iterator[Dependency]:
    """Yield a dependency from where uv takes it: one of its sources, of which several differ by marker."""
    told = [source] if isinstance(source, dict) else [*mappings(source)]
    found = [moved for one in told for moved in _moved(wanted, one)]
    yield from found or [wanted]


def _moved(wanted: Dependency, source: dict[str, Any]) -> Iterator[Dependency]:
    marker = text(source.get("marker")) or wanted.marker
    for kind in _VCS:
        if address := text(source.get(kind)):
            revision = next((text(source.get(pin)) for pin in _PINS if text(source.get(pin))), "")
            place = source_of(f"{kind}+{address.removeprefix(f'{kind}+')}")
            yield replace(wanted, source="vcs", target=place["target"], revision=revision or place.get("revision", ""),
                          marker=marker)  # fmt: skip
            return
    address = text(source.get("url")) or text(source.get("file"))
    if address:
        place = source_of(address)
        yield replace(wanted, source=place["source"], target=place["target"], hashes=place.get("hashes", ()),
                      marker=marker)  # fmt: skip
    elif path := text(source.get("path")):
        yield replace(wanted, source="path", target=path, marker=marker)
    elif source.get("workspace") is True:
        yield replace(wanted, source="path", target=".", marker=marker)
    elif name := text(source.get("index")) or text(source.get("source")):
        yield replace(wanted, index=name, marker=marker)


def uv_settings(found: dict[str, Any], written: str, where: Where) -> Iterator[Shared]:
    """Yield the indexes that a `uv.toml` names."""
    for table in (found, mapping(found, "pip")):
        yield from _uv_indexes(table, Stand(where=where, by="uv"), _Lines(written))


def _uv_indexes(uv: dict[str, Any], stand: Stand, lines: _Lines) -> Iterator[Shared]:
    for one in mappings(uv.get("index")):
        address = text(one.get("url"))
        role = "named" if one.get("explicit") is True else "primary" if one.get("default") is True else "extra"
        if text(one.get("format")) == "flat":
            role = "find-links"
        yield from index(address, role, replace(stand, line=lines.of(address)), text(one.get("name")))
    for key, role in (("index-url", "primary"), ("extra-index-url", "extra"), ("find-links", "find-links"),
                      ("allow-insecure-host", "trusted-host"), ("trusted-host", "trusted-host"),
                      ("index-strategy", "strategy")):  # fmt: skip
        for table in (uv, mapping(uv, "pip")):
            for value in texts(table.get(key)):
                yield from index(value, role, replace(stand, line=lines.of(value)))
    for key, group in (("override-dependencies", "override"), ("constraint-dependencies", "constraint"),
                       ("build-constraint-dependencies", "constraint")):  # fmt: skip
        yield from _each(texts(uv.get(key)), replace(stand, group=group), lines)


def _poetry(poetry: dict[str, Any], stand: Stand, lines: _Lines) -> Iterator[Shared]:
    tables = [("", mapping(poetry, "dependencies")), ("dev", mapping(poetry, "dev-dependencies"))]
    tables += [(name, mapping(held, "dependencies")) for name, held in mapping(poetry, "group").items()]
    for group, table in tables:
        for name, entry in table.items():
            place = replace(stand, group=group, line=lines.of(f"{name} =") or lines.of(f"{name}="))
            for one in [entry] if not isinstance(entry, list) else entry:
                if name.casefold() != "python":
                    yield from _entry(name, one, place, caret=True)
    for source in mappings(poetry.get("source")):
        address = text(source.get("url"))
        role = {"explicit": "named", "supplemental": "extra", "secondary": "extra"}.get(
            text(source.get("priority")), "primary"
        )
        if source.get("secondary") is True:
            role = "extra"
        yield from index(address, role, replace(stand, line=lines.of(address)), text(source.get("name")))


def _entry(name: str, entry: Any, stand: Stand, *, caret: bool) -> Iterator[Dependency]:
    """Yield a dependency that is a name and a version, or a name and a table of its own."""
    held = mapping(entry)
    written = text(entry) or text(held.get("version"))
    specifier = poetry_specifier(written) if caret else "" if written == "*" else written
    wanted = made(
        stand,
        name=name,
        specifier=specifier,
        version=exact(specifier),
        marker=text(held.get("markers")),
        extras=tuple(texts(held.get("extras")))[:50],
    )
    yield from _from_source(wanted, held or None)


def poetry_specifier(written: str) -> str:
    """Return a constraint of Poetry as a specifier that all readers know; alternatives stay as they are.

    Specification: <https://python-poetry.org/docs/dependency-specification/>.

    >>> poetry_specifier("^1.2"), poetry_specifier("~1.2.3"), poetry_specifier("1.2"), poetry_specifier("*")
    ('>=1.2,<2', '>=1.2.3,<1.3', '==1.2', '')
    """
    if "||" in written or "|" in written:
        return written.replace(" ", "")
    parts = [part for part in written.replace(",", " ").replace("= ", "=").replace("> ", ">").replace("< ", "<").split()
             if part != "*"]  # fmt: skip
    return ",".join(map(_part, parts))


def _part(part: str) -> str:
    if part[0] == "^":
        return f">={part[1:]},<{_raised(part[1:])}"
    if part[0] == "~" and not part.startswith("~="):
        numbers = _numbers(part[1:])
        return f">={part[1:]},<{_up(numbers[:2])}" if numbers else part
    if part[0] == "=" and not part.startswith("=="):
        return f"={part}"
    return part if part[0] in "<>=!~" else f"=={part}"


def _raised(version: str) -> str:
    numbers = _numbers(version)
    first = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
    return _up(numbers[: first + 1])


def _numbers(version: str) -> list[int]:
    found = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits or len(digits) > 9:
            break
        found.append(int(digits))
    return found


def _up(numbers: list[int]) -> str:
    return ".".join(map(str, [*numbers[:-1], numbers[-1] + 1])) if numbers else "0"


def pipfile(found: dict[str, Any], written: str, where: Where) -> Iterator[Shared]:
    """Yield what a `Pipfile` asks for."""
    lines = _Lines(written)
    yield from pipenv_sources(found.get("source"), where, "Pipfile")
    names = {text(one.get("name")): text(one.get("url")) for one in mappings(found.get("source"))}
    for group, table in found.items():
        if group in {"source", "requires", "scripts", "pipenv"}:
            continue
        for name, entry in mapping(table).items():
            line = lines.of(f"{name} =") or lines.of(f'"{name}" =') or lines.of(f"{name}=")
            stand = Stand(where=where, by="Pipfile", line=line, group="" if group == "packages" else group)
            for one in _entry(name, entry, stand, caret=False):
                yield replace(one, index=names.get(one.index, one.index)) if one.index else one


def setup_cfg(written: str, where: Where) -> Iterator[Shared]:
    """Yield what a `setup.cfg` asks for."""
    try:
        held = sections(written)
    except UnreadableError:
        if not any(key in written for key in ("_requires", "extras_require", "dependency_links")):
            return  # Settings of something else that has options, too.
        raise
    lines = _Lines(written)
    options = held.get("options", {})
    for group, value in [("", options.get("install_requires", "")), ("build", options.get("setup_requires", "")),
                         ("test", options.get("tests_require", "")),
                         *held.get("options.extras_require", {}).items()]:  # fmt: skip
        stand = Stand(where=where, by="setup.cfg", group=group)
        for line in value.replace("; ", ";").splitlines():
            words = line.strip()
            if words and not words.startswith(("#", "file:")):
                yield from _each([words], stand, lines)
    links = options.get("dependency_links", "")
    for link in links.split():
        yield from index(link, "find-links", Stand(where=where, by="setup.cfg"))


def pip_conf(written: str, where: Where) -> Iterator[Shared]:
    """Yield the indexes that a `pip.conf` names."""
    lines = _Lines(written)
    for section, found in sections(written).items():
        values = {name.removeprefix("--").replace("_", "-"): value for name, value in found.items()}
        for key, role in (("index-url", "primary"), ("extra-index-url", "extra"), ("find-links", "find-links"),
                          ("trusted-host", "trusted-host")):  # fmt: skip
            for value in (values.get(key) or "").split():
                stand = Stand(where=where, by="pip.conf", line=lines.of(value), group=section)
                yield from index(value, role, stand)


def sections(written: str) -> dict[str, dict[str, str]]:
    """Return the sections of a file of configuration (INI)."""
    import configparser

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(written)
    except (configparser.Error, ValueError) as error:
        raise UnreadableError("no configuration that can be parsed") from error
    return {name: dict(parser.items(name)) for name in parser.sections()}


def conda_environment(found: Any, written: str, where: Where) -> Iterator[Shared]:
    """Yield what an `environment.yml` asks for; what stands under `pip` goes to pip."""
    held = mapping(found)
    lines = _Lines(written)
    for channel in texts(held.get("channels")):
        yield from index(channel, "channel", Stand(where=where, by="conda", line=lines.of(f"- {channel}")))
    dependencies = held.get("dependencies")
    for one in dependencies if isinstance(dependencies, list) else []:
        if isinstance(one, str):
            yield conda(one, Stand(where=where, by="conda", line=lines.of(f"- {one}")))
        for words in texts(mapping(one).get("pip")):
            for fact in requirements(words, Stand(where=where, by="conda")):
                line = lines.of(words)
                yield replace(fact, line=line, by="pip") if "line" in fact.__fields__ else fact


def conda(words: str, stand: Stand) -> Dependency:
    """Return what one specification of conda asks for.

    Specification: <https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/pkg-specs.html>.

    >>> from weighmaster.model.where import Where
    >>> found = conda("conda-forge::numpy=1.26.4=py311h1", Stand(where=Where.file("f"), by="conda"))
    >>> found.index, found.name, found.version
    ('conda-forge', 'numpy', '1.26.4')
    """
    plain = words.partition("#")[0].partition("[")[0].strip()
    if "://" in plain:
        from weighmaster.reading.dependencies.locks import conda_file

        name, version = conda_file(plain)
        return made(stand, name=name, version=version, source="url", target=plain, ecosystem="conda",
                    hashes=tuple(_conda_hash(words)))  # fmt: skip
    channel, _, rest = plain.rpartition("::")
    at = next((at for at, letter in enumerate(rest) if letter in "=<>!~ "), len(rest))
    name, specifier = rest[:at].strip(), rest[at:].strip()
    return made(stand, name=name, specifier=specifier, version=_conda_version(specifier), index=channel,
                ecosystem="conda")  # fmt: skip


def _conda_version(specifier: str) -> str:
    """Return the one version that is meant: `=1.2` is any 1.2, `==1.2` and `=1.2=build` are one."""
    plain = specifier.replace(" ", "=") if specifier[:1].isdigit() else specifier
    plain = f"={plain}" if plain[:1].isdigit() else plain
    parts = plain.lstrip("=").split("=")
    if not plain.startswith("=") or any(letter in plain for letter in "<>*,|!"):
        return ""
    return parts[0] if plain.startswith("==") or len(parts) > 1 else ""


def _conda_hash(words: str) -> Iterator[str]:
    digest = words.partition("#")[2].strip()
    if digest:
        yield f"{'sha256' if len(digest) == 64 else 'md5'}:{digest}"
