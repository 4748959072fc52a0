"""What a use of source code comes to in a package that somebody installs: libraries do what no model needs.

They start programs, run text that they wrote as code, load the machine code that they bring, change what others call.
What they have no use for stays as bad as it is elsewhere: hidden code, and what `shapes.ATTACKS` names.
"""

from __future__ import annotations

from typing import Final

from weighmaster.knowledge.source import shapes
from weighmaster.knowledge.source.commands import is_query, is_unheard_of
from weighmaster.knowledge.source.conduct import SOON, Conduct, Level, conduct
from weighmaster.knowledge.source.uses import known
from weighmaster.model.fact import Use
from weighmaster.model.value import replace
from weighmaster.reading.pattern import pattern

_TESTS: Final = pattern(
    r"(?:^|[/!])(?:tests?|testing|_testing|_tests?|examples?|_examples?|example_dags|samples?|docs?|benchmarks?|tools|scripts?)[/!]"
    r"|(?:^|[/!])(?:test_[^/!]*|[^/!]*_test|conftest|setup)\.py\Z"
)
"""Where sources lie that nobody imports with the package; they are judged, but less may be made of what they start."""
_UNKNOWN: Final = pattern(r"^\W*(?:\?|\Z)")
"""A command or an address of which not even the beginning is known."""
_VARIABLE: Final = "what a variable of the environment holds"
"""A command that only whoever starts the program knows: for an installation, that is a compiler."""
_NOTHING: Final = pattern(r"(?:\?|-\S*|\s)*\Z")
"""A command of which nothing is known but options."""
_BESIDE: Final = "what another source holds"
"""What details say of text that comes from another source of the same package."""
_FILE: Final = "what stands in "
"""How details begin of text that comes from a file."""
_QUERIES: Final = pattern(
    r"^\S*(?:gcc|g\+\+|cc|clang|gfortran|ld|nvcc|hipcc|uname|ldconfig)(?!\w)[^|;&`$]*\s-{1,2}(?:print|dump|v|version)\S*\s*$"
)
_GUESSED: Final = frozenset({"builtins.compile", "builtins.open", "subprocess.call", "subprocess.run"})
"""What a common word is taken for where it is reached through a frame."""
_PATCHED: Final = pattern(r"(?:torch|transformers|safetensors|huggingface_hub|pickle|subprocess)\b")
"""Libraries whose loaders another package has no business with."""
_OWN: Final = frozenset({"start", "install", "import"})
_SHAPES_LATER: Final = frozenset({
    "deletes-broadly", "installs-packages", "plants-itself", "reads-secrets", "trusts-remote-code", "writes-files",
    "writes-outside",
})  # fmt: skip
"""Shapes that libraries have in functions: a shell's completion is written to where the shell reads it."""


def packaged(use: Use, reach: str, path: str, begin: str) -> Conduct:
    """Return what a use comes to in a package.

    `reach` is what runs its file without being asked, and `begin` the file with which that begins.
    """
    if path.endswith("__main__.py") and not reach and use.when == "import":
        use = replace(use, when="main")  # Nobody imports it: it is run.
    if use.when == "install" and not reach:
        use = replace(use, when="main")  # What is installed from a wheel is not installed by what lies in it.
    found = conduct(use)
    soon = use.when in SOON and use.when != "load"
    if not use.module and use.name in shapes.SHAPES:
        return _with(found, _of_shape(use, found, reach, soon=soon))
    if found.level in {"hides", "can-harm"}:
        # Frames lead debuggers and compilers to objects whose `run` need not be that of `subprocess`.
        return found if use.detail or use.dotted not in _GUESSED else _with(found, "")
    if not soon:
        return _with(found, "")
    entry = known(use.dotted)
    return _with(found, _of_kind(entry.kind if entry else "", use, reach, (path, begin)))


def _with(found: Conduct, level: Level) -> Conduct:
    return Conduct(level=level, does=found.does)


def _of_shape(use: Use, found: Conduct, reach: str, *, soon: bool) -> Level:
    if use.name in {"tells-who-runs-it", "downloads-and-loads"} and soon and reach in _OWN:
        return "acts"
    if use.name == "runs-on-every-start":
        return ""  # Which lines those are is for the rules on path files.
    if soon or use.name not in _SHAPES_LATER:
        # Libraries keep settings in the home folder.
        quiet = use.name in {"writes-files", "writes-outside", "installs-packages"} and (
            reach not in _OWN or use.when == "install" or (use.name == "writes-outside" and reach == "import")
        )
        return "" if quiet or found.level in {"writes", "has-powers"} else found.level
    return ""


def _of_kind(kind: str, use: Use, reach: str, places: tuple[str, str]) -> Level:
    """Return the level of a use that is made when its file is imported or run by an installation."""
    if kind == "process":
        return _of_process(use, reach, places[1] if reach == "import" else places[0])
    if kind == "network":
        return _of_network(use, reach)
    if kind == "load":
        return "touches" if reach in {"start", "import"} else ""
    if kind == "code" and use.detail.startswith((_BESIDE, _FILE)) and reach in {"start", "import"}:
        # Source lies in files of source.
        return "touches" if use.detail.endswith((".py", _BESIDE, _FILE + "a file")) else "hides"
    if kind == "patch" and reach in _OWN and _PATCHED.match(use.module):
        return "touches" if use.module.partition(".")[0] != _top(places[0]) else ""
    quiet = use.module == "types" or (kind == "native" and shapes.is_system_library(use.detail))
    return "touches" if reach == "start" and kind in {"code", "native"} and not quiet else ""


def _of_process(use: Use, reach: str, path: str) -> Level:
    if is_query(use.detail) or _QUERIES.match(use.detail):
        return ""
    unknown = _UNKNOWN.match(use.detail) is not None
    if reach == "install" and use.detail == _VARIABLE:
        return "touches"
    if reach in {"start", "install"}:
        return "touches" if unknown else conduct(use).level
    if _TESTS.search(path) or (unknown and (reach != "import" or _NOTHING.match(use.detail))):
        return ""
    return "acts" if reach == "import" and not (unknown or is_unheard_of(use.detail)) else "touches"


def _of_network(use: Use, reach: str) -> Level:
    if shapes.is_drop(use.detail):
        return "acts"
    if _UNKNOWN.match(use.detail):
        return "touches" if reach in {"start", "install"} else ""
    return "touches" if "://" in use.detail and not shapes.gives_data(use.detail) and reach in _OWN else ""


def _top(path: str) -> str:
    """Return the name under which the file of a wheel or an installed package is imported."""
    return path.rpartition("!")[2].partition("/")[0]
