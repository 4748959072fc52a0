"""What a project says of itself in `pyproject.toml` or `setup.cfg`: its name, version and homes, how it is installed.

Specifications: <https://packaging.python.org/en/latest/specifications/pyproject-toml/>,
<https://python-poetry.org/docs/pyproject/>,
<https://setuptools.pypa.io/en/latest/userguide/declarative_config.html>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.knowledge.repository import path_of, split
from weighmaster.model.package import Distribution, EntryPoint
from weighmaster.model.where import Where
from weighmaster.reading.dependencies.manifests import sections

COMMAND: Final = "cmdclass"
"""The group under which a class is told that setuptools takes for one of its commands."""
_TOLD: Final = 500
_COMMANDS: Final = 100


def project_of(found: dict[str, Any], where: Where) -> Iterator[Distribution]:
    """Yield what a `pyproject.toml` says of its project, if it says how it is called."""
    if split(path_of(where))[1] != "pyproject.toml":
        return
    tool = found.get("tool")
    for table in (found.get("project"), tool.get("poetry") if isinstance(tool, dict) else None):
        if isinstance(table, dict) and _text(table, "name"):
            yield Distribution(
                where=where,
                name=_text(table, "name"),
                version=_text(table, "version"),
                summary=_text(table, "description"),
                addresses=tuple(_addresses(table)),
                requires=tuple(each[:_TOLD] for each in _list(table, "dependencies")),
                by="pyproject",
            )
            return


def project_of_setup_cfg(written: str, where: Where) -> Iterator[Distribution]:
    """Yield what a `setup.cfg` says of its project, if it says how it is called."""
    if split(path_of(where))[1] != "setup.cfg":
        return
    said = {key.replace("-", "_"): value.strip() for key, value in sections(written).get("metadata", {}).items()}
    # What is taken from a file or a module is not known here.
    known = {key: value for key, value in said.items() if not value.startswith(("attr:", "file:", "find:"))}
    if not known.get("name"):
        return
    homes = [
        ("Homepage", known.get("url") or known.get("home_page") or ""),
        ("Download", known.get("download_url", "")),
    ]
    for line in known.get("project_urls", "").splitlines():
        label, _, address = line.partition("=")
        homes.append((label.strip(), address.strip()))
    yield Distribution(
        where=where,
        name=known["name"][:_TOLD],
        version=known.get("version", "")[:_TOLD],
        summary=known.get("description", known.get("summary", ""))[:_TOLD],
        author=(known.get("author") or known.get("author_email") or "")[:_TOLD],
        addresses=tuple(f"{label}={address}"[:_TOLD] for label, address in homes[:100] if address),
        by="setup.cfg",
    )


def commands_of(found: dict[str, Any], where: Where) -> Iterator[EntryPoint]:
    """Yield the classes that a `pyproject.toml` gives setuptools for its commands."""
    if split(path_of(where))[1] != "pyproject.toml":
        return
    table: Any = found
    for key in ("tool", "setuptools", "cmdclass"):
        table = table.get(key) if isinstance(table, dict) else None
    for command, target in list(table.items())[:_COMMANDS] if isinstance(table, dict) else ():
        if isinstance(target, str):
            module, _, name = target[:_TOLD].rpartition(".")
            yield EntryPoint(where=where, group=COMMAND, name=command[:_TOLD], target=f"{module}:{name}")


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    return value[:_TOLD] if isinstance(value, str) else ""


def _list(table: dict[str, Any], key: str) -> list[str]:
    value = table.get(key)
    return [each for each in value[:2000] if isinstance(each, str)] if isinstance(value, list) else []


def _addresses(table: dict[str, Any]) -> Iterator[str]:
    urls = table.get("urls")
    for label, address in list(urls.items())[:100] if isinstance(urls, dict) else ():
        if isinstance(address, str):
            yield f"{label}={address}"[:_TOLD]
    for label in ("homepage", "repository"):
        if _text(table, label):
            yield f"{label}={_text(table, label)}"
