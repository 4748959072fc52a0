"""Lock files: which version of each package is installed, from where, and with which hashes.

Specifications: <https://packaging.python.org/en/latest/specifications/pylock-toml/>,
<https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>, <https://python-poetry.org/docs/basic-usage/>,
<https://pdm-project.org/latest/usage/lockfile/>, <https://pipenv.pypa.io/en/latest/pipfile.html>.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from weighmaster.model.fact import Shared
from weighmaster.model.package import Dependency
from weighmaster.model.value import replace
from weighmaster.model.where import Where
from weighmaster.reading.dependencies.pip import index
from weighmaster.reading.dependencies.shapes import mapping, mappings, text, texts
from weighmaster.reading.dependencies.wanted import Stand, exact, made, source_of
from weighmaster.reading.pattern import pattern

_HASHES: Final = 200
_RUNS: Final = pattern(r"[-_.]+")
_PATHS: Final = ("path", "directory", "editable", "virtual", "subdirectory", "file")
_HOME: Final = {"pypi.org": "files.pythonhosted.org", "pypi.python.org": "files.pythonhosted.org"}
"""Indexes whose files lie on another host."""


def _stands(where: Where, by: str, written: str, header: str) -> Iterator[Stand]:
    """Yield where each table of a list stands: its header's line, in the order of the text."""
    lines = iter([number for number, line in enumerate(written.splitlines(), 1) if line.strip() == header])
    while True:
        yield Stand(where=where, by=by, line=next(lines, 0), locked=True)


def pylock(found: dict[str, Any], written: str, where: Where) -> Iterator[Shared]:
    """Yield what a `pylock.toml` installs."""
    stands = _stands(where, "pylock.toml", written, "[[packages]]")
    for package, stand in zip(mappings(found.get("packages")), stands, strict=False):
        yield _pylocked(package, stand)


def _pylocked(package: dict[str, Any], stand: Stand) -> Dependency:
    known = {"name": text(package.get("name")), "version": text(package.get("version")),
             "marker": text(package.get("marker"))}  # fmt: skip
    if vcs := mapping(package, "vcs"):
        address = text(vcs.get("url")) or text(vcs.get("path"))
        return made(stand, source="vcs", target=f"{text(vcs.get('type'))}+{address}",
                    revision=text(vcs.get("commit-id")), **known)  # fmt: skip
    if directory := mapping(package, "directory"):
        return made(stand, source="path", target=text(directory.get("path")), **known)
    if archive := mapping(package, "archive"):
        hashes = tuple(_table_hashes(archive))
        address = text(archive.get("url"))
        return made(stand, source="url" if address else "path", target=address or text(archive.get("path")),
                    hashes=hashes, **known)  # fmt: skip
    files = [mapping(package, "sdist"), *mappings(package.get("wheels"))]
    hashes = tuple(hash for file in files for hash in _table_hashes(file))
    return _indexed(stand, text(package.get("index")), [text(file.get("url")) for file in files], hashes, known)


def _table_hashes(file: Mapping[str, Any]) -> Iterator[str]:
    for algorithm, digest in mapping(file, "hashes").items():
        yield f"{algorithm}:{text(digest)}"


def uv(found: dict[str, Any], written: str, where: Where) -> Iterator[Shared]:
    """Yield what a `uv.lock` installs; the project itself is no dependency."""
    stands = _stands(where, "uv.lock", written, "[[package]]")
    for package, stand in zip(mappings(found.get("package")), stands, strict=False):
        source = mapping(package, "source")
        known = {"name": text(package.get("name")), "version": text(package.get("version"))}
        files = [mapping(package, "sdist"), *mappings(package.get("wheels"))]
        hashes = tuple(text(file.get("hash")) for file in files if text(file.get("hash")))
        if "registry" in source or not source:
            urls = [text(file.get("url")) for file in files]
            yield _indexed(stand, text(source.get("registry")), urls, hashes, known)
        elif git := text(source.get("git")):
            address, _, commit = git.partition("#")
            yield made(stand, source="vcs", target=f"git+{address.partition('?')[0]}", revision=commit, **known)
        elif url := text(source.get("url")):
            yield made(stand, source="url", target=url, hashes=hashes, **known)
        else:
            path = next((text(source.get(key)) for key in _PATHS if text(source.get(key))), "")
            if path != ".":
                yield made(stand, source="path", target=path, hashes=hashes, **known)


def poetry(found: dict[str, Any], written: str, where: Where) -> Iterator[Shared]:
    """Yield what a `poetry.lock` installs."""
    stands = _stands(where, "poetry.lock", written, "[[package]]")
    kept = mapping(found, "metadata", "files")  # Where lock files of Poetry before 1.5 keep the hashes.
    for package, stand in zip(mappings(found.get("package")), stands, strict=False):
        name = text(package.get("name"))
        known = {"name": name, "version": text(package.get("version")), "group": _group(package)}
        files = [*mappings(package.get("files")), *mappings(kept.get(name))]
        hashes = tuple(text(file.get("hash")) for file in files if text(file.get("hash")))
        source = mapping(package, "source")
        address = text(source.get("url"))
        match text(source.get("type")):
            case "git" | "hg" as kind:
                revision = text(source.get("resolved_reference"))
                yield made(stand, source="vcs", target=f"{kind}+{address}", revision=revision, **known)
            case "url":
                yield made(stand, source="url", target=address, hashes=hashes, **known)
            case "file" | "directory":
                yield made(stand, source="path", target=address, hashes=hashes, **known)
            case _:
                yield _indexed(stand, address, [], hashes, known)


def _group(package: dict[str, Any]) -> str:
    groups = [*texts(package.get("groups"))] or [*texts(package.get("category"))]
    return "" if not groups or {"main", "default"} & set(groups) else groups[0]


def pdm(found: dict[str, Any], written: str, where: Where) -> Iterator[Shared]:
    """Yield what a `pdm.lock` installs."""
    stands = _stands(where, "pdm.lock", written, "[[package]]")
    kept = mapping(found, "metadata", "files")  # Before version 4 of the format.
    for package, stand in zip(mappings(found.get("package")), stands, strict=False):
        name, version = text(package.get("name")), text(package.get("version"))
        known = {"name": name, "version": version, "group": _group(package), "marker": text(package.get("marker"))}
        files = [*mappings(package.get("files")), *mappings(kept.get(f"{name} {version}"))]
        hashes = tuple(text(file.get("hash")) for file in files if text(file.get("hash")))
        if git := text(package.get("git")):
            yield made(stand, source="vcs", target=f"git+{git}", revision=text(package.get("revision")), **known)
        elif url := text(package.get("url")):
            yield made(stand, source="url", target=url, hashes=hashes, **known)
        elif path := text(package.get("path")):
            if path != ".":
                yield made(stand, source="path", target=path, hashes=hashes, **known)
        else:
            yield _indexed(stand, "", [text(file.get("url")) for file in files], hashes, known)


def pipenv(found: dict[str, Any], written: str, where: Where) -> Iterator[Shared]:
    """Yield what a `Pipfile.lock` installs, and where from."""
    sources = {}
    for source in mappings(mapping(found, "_meta").get("sources")):
        sources[text(source.get("name"))] = text(source.get("url"))
    yield from pipenv_sources(mapping(found, "_meta").get("sources"), where, "Pipfile.lock")
    lines = {line.strip(): number for number, line in reversed([*enumerate(written.splitlines(), 1)])}
    for group, packages in found.items():
        for name, entry in mapping(packages).items() if group != "_meta" else ():
            stand = Stand(where=where, by="Pipfile.lock", line=lines.get(f'"{name}": {{', 0), locked=True,
                          group="" if group == "default" else group)  # fmt: skip
            if isinstance(entry, dict):
                yield _pipenv_locked(name, entry, sources, stand)


def _pipenv_locked(name: str, entry: dict[str, Any], sources: dict[str, str], stand: Stand) -> Dependency:
    known = {"name": name, "marker": text(entry.get("markers")), "extras": tuple(texts(entry.get("extras")))[:50]}
    hashes = tuple(texts(entry.get("hashes")))
    for kind in ("git", "hg", "svn", "bzr"):
        if address := text(entry.get(kind)):
            return made(stand, source="vcs", target=f"{kind}+{address}", revision=text(entry.get("ref")), **known)
    if address := text(entry.get("file")) or text(entry.get("path")):
        fields = source_of(address)
        return made(stand, **fields | {"hashes": (*fields.get("hashes", ()), *hashes)} | known)
    index_ = text(entry.get("index"))
    fields = known | {"version": exact(text(entry.get("version"))), "specifier": text(entry.get("version"))}
    return _indexed(stand, sources.get(index_, index_), [], hashes, fields)


def pipenv_sources(sources: Any, where: Where, by: str) -> Iterator[Shared]:
    """Yield the indexes of Pipenv: the first is asked for all, the others for what names them."""
    # <https://pipenv.pypa.io/en/latest/indexes.html>: since 2022.3.23 no other index is asked for what names none.
    for number, source in enumerate(mappings(sources)):
        role = "primary" if number == 0 else "named"
        stand = Stand(where=where, by=by)
        yield from index(text(source.get("url")), role, stand, text(source.get("name")))
        if source.get("verify_ssl") is False:
            yield from index(text(source.get("url")), "trusted-host", stand, text(source.get("name")))


def _indexed(
    stand: Stand, index_: str, urls: Iterable[str], hashes: tuple[str, ...], known: Mapping[str, Any]
) -> Dependency:
    """Return a package from an index: of its files, the first that does not lie where that index keeps them."""
    urls = [url for url in urls if url]
    expected = _home(index_) if index_ else _most(urls)
    strange = next((url for url in urls if "://" in url and _host(url) not in expected), "")
    strange = strange or next((url for url in urls if is_of_another(url, text(known.get("name")))), "")
    kept = hashes if len(hashes) <= _HASHES else hashes[:_HASHES]
    target = strange or (urls[0] if urls else "")
    local = "://" not in target and target
    found = made(stand, index=index_, target=target, hashes=kept, **known)
    return replace(found, source="path") if local and not index_ else found


def is_of_another(address: str, name: str) -> bool:
    """Say whether the file at an address is one of a project of another name.

    >>> is_of_another("https://a.b/evil-2.0-py3-none-any.whl", "idna"), is_of_another("a/Py_Yaml-6.tar.gz", "py.yaml")
    (True, False)
    """
    base = unquote(address.partition("#")[0].partition("?")[0]).rpartition("/")[2].lower()
    plain, wanted = (_RUNS.sub("-", one) for one in (base, name.lower()))
    return (
        base.endswith((".whl", ".tar.gz", ".zip"))
        and bool(name)
        and not (plain.startswith(f"{wanted}-") and plain[len(wanted) + 1 :][:1].isdigit())
    )


def _home(address: str) -> set[str]:
    host = _host(address)
    return {host, _HOME.get(host, host)}


def _most(urls: list[str]) -> set[str]:
    hosts = [_host(url) for url in urls if "://" in url]
    return {max(sorted(set(hosts)), key=hosts.count)} if hosts else set()


def _host(address: str) -> str:
    rest = address.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return rest.partition(":")[0].casefold()


def conda_lock(found: Any, where: Where) -> Iterator[Shared]:
    """Yield what a `conda-lock.yml` installs."""
    for package in mappings(mapping(found).get("package")):
        manager = text(package.get("manager"))
        hashes = tuple(f"{kind}:{text(digest)}" for kind, digest in mapping(package, "hash").items() if text(digest))
        stand = Stand(where=where, by="conda-lock", locked=True, group=_category(package))
        yield made(
            stand,
            name=text(package.get("name")),
            version=text(package.get("version")),
            target=text(package.get("url")),
            hashes=hashes,
            ecosystem="pypi" if manager == "pip" else "conda",
        )


def _category(package: dict[str, Any]) -> str:
    category = text(package.get("category"))
    return "" if category == "main" else category


def pixi(found: Any, where: Where) -> Iterator[Shared]:
    """Yield what a `pixi.lock` installs."""
    stand = Stand(where=where, by="pixi.lock", locked=True)
    for package in mappings(mapping(found).get("packages")):
        kind = "conda" if "conda" in package or text(package.get("kind")) == "conda" else "pypi"
        address = text(package.get(kind)) or text(package.get("url"))
        hashes = tuple(f"{name}:{text(package.get(name))}" for name in ("sha256", "md5") if text(package.get(name)))
        name, version = text(package.get("name")), text(package.get("version"))
        if kind == "conda" and not name:
            name, version = conda_file(address)
        fields = {"hashes": hashes, "name": name, "version": version, "ecosystem": kind}
        if kind == "pypi" and address and "://" not in address:
            yield made(stand, source="path", target=address, **fields)
        elif address.startswith("git+"):
            yield made(stand, **source_of(address.partition("?")[0]) | fields | {"revision": address.partition("#")[2]})
        else:
            yield made(stand, target=address, **fields)


def conda_file(address: str) -> tuple[str, str]:
    """Return the name and the version in the name of a package of conda.

    >>> conda_file("https://conda.anaconda.org/conda-forge/linux-64/ca-certificates-2024.2.2-hbcca054_0.conda")
    ('ca-certificates', '2024.2.2')
    """
    base = address.partition("#")[0].rpartition("/")[2]
    for ending in (".conda", ".tar.bz2"):
        base = base.removesuffix(ending)
    name, _, build = base.rpartition("-")
    name, _, version = name.rpartition("-")
    return (name, version) if build else (base, "")


def explicit(written: str, where: Where) -> Iterator[Shared]:
    """Yield what a list of `conda list --explicit` installs."""
    for number, line in enumerate(written.splitlines(), 1):
        address, _, digest = line.strip().partition("#")
        if "://" not in address or line.lstrip().startswith("#"):
            continue
        name, version = conda_file(address)
        kind = "sha256" if len(digest) == 64 else "md5"
        hashes = (f"{kind}:{digest.removeprefix('sha256:')}",) if digest else ()
        stand = Stand(where=where, by="conda", line=number, locked=True)
        yield made(stand, name=name, version=version, target=address, hashes=hashes, ecosystem="conda")
