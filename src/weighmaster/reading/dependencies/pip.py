"""Requirements and constraints of pip: lines that are joined, options, and what each asks for.

Variables of the environment stay as they are written: nobody here knows their values.
Format: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from weighmaster.model.errors import OverBudgetError
from weighmaster.model.fact import Reference, Shared
from weighmaster.model.package import Index
from weighmaster.model.value import replace
from weighmaster.reading.dependencies.wanted import LONGEST, Stand, dependency, shown
from weighmaster.reading.pattern import pattern

_MOST: Final = 20_000
_COMMENT: Final = pattern(r"(?:^|\s)#")
_WORDS: Final = pattern(r"\S+")
TAKES: Final = frozenset({
    "--index-url", "--pypi-url", "--extra-index-url", "--find-links", "--constraint", "--requirement", "--editable",
    "--no-binary", "--only-binary", "--trusted-host", "--use-feature", "--hash", "--config-settings",
    "--config-setting", "--global-option", "--install-option", "--all-releases", "--only-final", "--build-constraint",
    "--target", "--python", "--root", "--prefix", "--src", "--upgrade-strategy", "--platform", "--python-version",
    "--implementation", "--abi", "--progress-bar", "--report", "--cache-dir", "--log", "--proxy", "--retries",
    "--timeout", "--exists-action", "--cert", "--client-cert", "--keyring-provider", "--dest", "--wheel-dir",
    "--group", "--use-deprecated", "--uploaded-prior-to", "--index", "--default-index", "--index-strategy",
    "--allow-insecure-host", "--resolution", "--prerelease", "--exclude-newer", "--link-mode", "--override", "--with",
    "--with-requirements", "--extra", "--torch-backend", "--channel", "--name", "--file", "--refresh-package",
    "--reinstall-package", "--upgrade-package", "--source", "--rev", "--tag", "--branch", "--with-editable", "--from",
    "--build-constraints", "--constraints", "--overrides", "--requirements", "--repodata-fn", "--subdir",
    "--output-file", "--directory", "--project", "--config-file", "--color", "--optional",
})  # fmt: skip
"""Options of pip, uv and conda that the next word belongs to."""
_FLAGS: Final = frozenset({"--no-index", "--prefer-binary", "--require-hashes", "--no-require-hashes", "--pre"})
SHORT: Final = {"-i": "--index-url", "-f": "--find-links", "-c": "--constraint", "-r": "--requirement",
                 "-e": "--editable", "-C": "--config-settings", "-t": "--target", "-d": "--dest", "-w": "--wheel-dir",
                 "-b": "--build-constraint", "-p": "--python", "-P": "--upgrade-package"}  # fmt: skip
_ROLES: Final = {
    "--index-url": "primary",
    "--pypi-url": "primary",
    "--default-index": "primary",
    "--extra-index-url": "extra",
    "--index": "extra",
    "--find-links": "find-links",
    "--trusted-host": "trusted-host",
    "--allow-insecure-host": "trusted-host",
    "--index-strategy": "strategy",
    "--no-index": "strategy",
}
_FILES: Final = {"--requirement": "requirements", "--constraint": "constraints", "--requirements": "requirements",
                 "--constraints": "constraints", "--with-requirements": "requirements"}  # fmt: skip


class Option(NamedTuple):
    """An option by its long name, and its value."""

    name: str
    value: str


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that pip sees, joined and without comments, each with the number of its first."""
    held: list[str] = []
    first = 0
    for number, line in enumerate(text.splitlines(), 1):
        if number > _MOST:
            raise OverBudgetError(f"more than {_MOST} lines of requirements")
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            first = first if held else number
            held.append(line.strip("\\"))
            continue
        plain = f" {line}" if comment else line
        yield (first, _bare("".join((*held, plain)))) if held else (number, _bare(plain))
        held = []
    if held:
        yield first, _bare("".join(held))


def _bare(line: str) -> str:
    hit = _COMMENT.search(line)
    return (line[: hit.start()] if hit else line).strip()


def requirements(text: str, stand: Stand) -> Iterator[Shared]:
    """Yield what a file of requirements or constraints asks for."""
    for number, line in lines(text):
        if line:
            yield from of_line(line, replace(stand, line=number))


def of_line(line: str, stand: Stand) -> Iterator[Shared]:
    """Yield what one line asks for, as pip reads it: options count only where nothing is required in the line."""
    wanted, rest = _broken(line[: LONGEST * 8])
    _, given = options(lexed(rest))
    hashes = tuple(option.value.lower() for option in given if option.name == "--hash")
    if wanted:
        found = dependency(wanted, stand)
        if found is not None:
            yield replace(found, hashes=(*found.hashes, *hashes)) if hashes else found
    else:
        yield from of_options(given, stand)


def _broken(line: str) -> tuple[str, str]:
    """Part a line where its options begin, as pip does: at the first word that begins with a dash."""
    for word in _WORDS.finditer(line):
        if word[0].startswith("-"):
            return line[: word.start()].strip(), line[word.start() :]
    return line, ""


def lexed(text: str) -> list[str]:
    """Return words as a shell parts them."""
    if not text:
        return []
    try:
        return shlex.split(text)
    except ValueError:  # A quotation that does not end; pip refuses the file.
        return text.split()


def options(words: Sequence[str], short: Mapping[str, str] = SHORT) -> tuple[list[str], list[Option]]:
    """Part words into arguments and options; `short` are options of one letter that the next word belongs to.

    >>> options(["a", "-i", "https://x", "--extra-index=https://y"])
    (['a'], [Option(name='--index-url', value='https://x'), Option(name='--extra-index-url', value='https://y')])
    """
    rest: list[str] = []
    found: list[Option] = []
    waiting = iter(words)
    for word in waiting:
        if word == "--":
            rest += waiting
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            name = _whole(name)
            if not equals and name in TAKES:
                value = next(waiting, "")
            found.append(Option(name, value))
        elif word.startswith("-") and len(word) > 1:
            long = short.get(word[:2])
            if long is None:
                found.append(Option(word, ""))
            else:
                found.append(Option(long, word[2:].removeprefix("=") or next(waiting, "")))
        else:
            rest.append(word)
    return rest, found


def _whole(name: str) -> str:
    """Return the option that a beginning of it means: optparse takes one that is the beginning of no other."""
    if name in TAKES or name in _FLAGS or len(name) < 3:
        return name
    meant = [known for known in (*sorted(_PIP), *sorted(_FLAGS)) if known.startswith(name)]
    return meant[0] if len(meant) == 1 else name


_PIP: Final = frozenset({
    "--index-url", "--extra-index-url", "--find-links", "--constraint", "--requirement", "--editable", "--trusted-host",
    "--no-binary", "--only-binary", "--hash", "--pypi-url", "--config-settings",
})  # fmt: skip


def of_options(given: Iterable[Option], stand: Stand) -> Iterator[Shared]:
    """Yield what options of pip or uv ask for: files of requirements, editable packages, indexes."""
    for option in given:
        name, value = option
        if name == "--editable" and value:
            found = dependency(value, stand)
            if found is not None:
                yield found
        elif name in _FILES and value:
            yield Reference(where=stand.where, kind=_FILES[name], target=shown(value), by=stand.by)
        elif name in _ROLES:
            yield from index(value or name.lstrip("-"), _ROLES[name], stand)


def index(target: str, role: str, stand: Stand, name: str = "") -> Iterator[Index]:
    """Yield an index; uv writes `name=address`."""
    for one in target.split() or ():
        label, equals, address = one.partition("=")
        if role != "strategy" and equals and "://" in address and "://" not in label and "/" not in label:
            yield Index(where=stand.where, target=shown(address), role=role, by=stand.by, name=label, line=stand.line)
        else:
            yield Index(where=stand.where, target=shown(one), role=role, by=stand.by, name=name, line=stand.line)
