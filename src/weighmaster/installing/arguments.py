"""What a user tells pip, taken apart: what is for finding packages, for fetching them, for putting them in place.

Options are those of pip 26 (<https://pip.pypa.io/en/stable/cli/pip_install/>). One that is not known is refused: nobody
here could say whether it has something built or run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Final

from weighmaster.model.errors import ConfigError
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

FIND, FETCH, PLACE = "find", "fetch", "place"

_FLAGS: Final = {
    "--no-index": (FIND, FETCH), "--pre": (FIND,), "--prefer-binary": (FIND,), "--no-cache-dir": (FIND, FETCH),
    "--no-deps": (FIND,), "--only-deps": (FIND,), "--require-hashes": (FIND,),
    "-U": (FIND, PLACE), "--upgrade": (FIND, PLACE), "--force-reinstall": (FIND, PLACE),
    "-I": (FIND, PLACE), "--ignore-installed": (FIND, PLACE), "--ignore-requires-python": (FIND, FETCH, PLACE),
    "--user": (FIND, PLACE), "--break-system-packages": (FIND, PLACE), "--require-virtualenv": (FIND, PLACE),
    "--compile": (PLACE,), "--no-compile": (PLACE,), "--no-warn-script-location": (PLACE,),
    "--no-warn-conflicts": (PLACE,), "--isolated": (FIND, FETCH, PLACE), "--no-proxy-env": (FIND, FETCH),
    "-q": (PLACE,), "--quiet": (PLACE,), "-v": (FIND, FETCH, PLACE), "--verbose": (FIND, FETCH, PLACE),
    "--no-color": (FIND, FETCH, PLACE), "--no-input": (), "--disable-pip-version-check": (),
}  # fmt: skip
_VALUED: Final = {
    "-r": (FIND,), "--requirement": (FIND,), "-c": (FIND,), "--constraint": (FIND,), "--group": (FIND,),
    "-i": (FIND, FETCH), "--index-url": (FIND, FETCH), "--pypi-url": (FIND, FETCH), "--extra-index-url": (FIND, FETCH),
    "-f": (FIND, FETCH), "--find-links": (FIND, FETCH), "--trusted-host": (FIND, FETCH), "--cert": (FIND, FETCH),
    "--client-cert": (FIND, FETCH), "--proxy": (FIND, FETCH), "--timeout": (FIND, FETCH), "--retries": (FIND, FETCH),
    "--cache-dir": (FIND, FETCH), "--keyring-provider": (FIND, FETCH), "--upgrade-strategy": (FIND,),
    "--uploaded-prior-to": (FIND,), "--all-releases": (FIND,), "--only-final": (FIND,), "--only-binary": (FIND,),
    "-t": (FIND, PLACE), "--target": (FIND, PLACE), "--prefix": (FIND, PLACE), "--root": (FIND, PLACE),
    "--platform": (FIND, FETCH, PLACE), "--python-version": (FIND, FETCH, PLACE),
    "--implementation": (FIND, FETCH, PLACE), "--abi": (FIND, FETCH, PLACE), "--root-user-action": (PLACE,),
    "--progress-bar": (), "--exists-action": (), "--log": (FIND,), "--use-feature": (FIND, FETCH, PLACE),
}  # fmt: skip
_EDITABLE: Final = "an editable project is built where it lies: vet it (weighmaster vet FOLDER), and build it yourself"
_REFUSED: Final = MappingProxyType(
    {
        "-e": _EDITABLE,
        "--editable": _EDITABLE,
        "--no-binary": "it asks for builds, and nothing is built before it is vetted: --build NAME builds one",
        "--requirements-from-script": "name the requirements themselves",
    }
)
_ASKING: Final = ("-r", "--requirement")
_HOLDING: Final = ("-c", "--constraint")
_VCS: Final = pattern(r"(?:\S+\s*@\s*)?(git|hg|svn|bzr)\+\S+")
_SDIST: Final = pattern(r"\S+\.(?:tar\.(?:gz|bz2|xz)|tgz|zip)(?:[#?\[]\S*)?")
_FOLDER: Final = pattern(r"\.{1,2}(?:[/\\].*)?|[/\\~].*|\S*[/\\]")


class Arguments(Value):
    """What was asked for: `wanted` are requirements; `find`, `fetch`, `place` are options, by what they are for.

    `files` are those of requirements and of constraints.

    `indexes` is what counts alone, where an index was named; `extra` are those that are asked, too. `offline` says that
    no index may be asked.
    """

    wanted: tuple[str, ...] = ()
    find: tuple[str, ...] = ()
    fetch: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    offline: bool = False


def parsed(words: Sequence[str]) -> Arguments:
    """Take a command line of `pip install` apart.

    Raises:
        ConfigError: it asks for nothing, for what has to be built, or by an option that is not known.
    """
    lists: dict[str, list[str]] = {FIND: [], FETCH: [], PLACE: []}
    values: dict[str, list[str]] = {}
    wanted: list[str] = []
    for option, value in _split(words):
        if not option:
            wanted.append(_requirement(value or ""))
            continue
        values.setdefault(option, []).append(value or "")
        for phase in (_FLAGS.get(option) if value is None else None) or _VALUED.get(option, ()):
            lists[phase] += [option] if value is None else [option, value]
    files, held = ([name for option in pair for name in values.get(option, ())] for pair in (_ASKING, _HOLDING))
    if not (wanted or files or values.get("--group")):
        raise ConfigError("no package is named: name one, or a file of requirements (-r FILE)")
    return Arguments(
        wanted=tuple(wanted),
        find=tuple(lists[FIND]),
        fetch=tuple(lists[FETCH]),
        place=tuple(lists[PLACE]),
        files=(*files, *held),
        indexes=tuple(v for o in ("-i", "--index-url", "--pypi-url") for v in values.get(o, ())[-1:]),
        extra=tuple(values.get("--extra-index-url", ())),
        offline="--no-index" in values,
    )


def _split(words: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Yield each option with its value, or None where it takes none; a requirement has no option."""
    left = iter(words)
    for word in left:
        if word == "--":
            yield from (("", rest) for rest in left)
            return
        if not word.startswith("-") or word == "-":
            yield "", word
            continue
        option, equals, value = word.partition("=") if word.startswith("--") else (word[:2], word[2:], word[2:])
        if option in _REFUSED:
            raise ConfigError(f"{option}: {_REFUSED[option]}")
        if option in _VALUED:
            found = value if equals else next(left, None)
            if found is None:
                raise ConfigError(f"{option} needs a value")
            yield option, found
        elif option in _FLAGS and not equals:
            yield option, None
        elif option in _FLAGS and not word.startswith("--"):
            yield from _split([option, f"-{word[2:]}"])  # -qU
        else:
            raise ConfigError(f"{option} is no option of pip install that is known here")


def _requirement(text: str) -> str:
    """Return a requirement that can be had without building anything."""
    if text.startswith("-") or not text.strip():
        raise ConfigError(f"{text!r} is no requirement")
    bare = text.partition(" @ ")[2].partition(";")[0].strip() or text.strip()
    if _VCS.fullmatch(bare) or _VCS.fullmatch(text.strip()):
        raise ConfigError(f"{text}: a repository has to be built: clone it, vet it, and build a wheel of it")
    if _SDIST.fullmatch(bare):
        raise ConfigError(f"{text}: an sdist has to be built: vet it, and build a wheel of it (--build NAME does both)")
    if not bare.endswith(".whl") and "://" not in bare and _FOLDER.fullmatch(bare):
        raise ConfigError(f"{text}: a project has to be built: vet the folder, and build a wheel of it")
    return text
