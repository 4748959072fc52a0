"""What an interpreter runs as it starts: hooks at the top of `site-packages`, and lines of path files.

Format: <https://docs.python.org/3/library/site.html>. Lines that tools write are known by their whole text:
setuptools (`setuptools/namespaces.py`, `setuptools/command/editable_wheel.py`, `_distutils_hack`), coverage
(<https://coverage.readthedocs.io/en/latest/subprocess.html>), virtualenv, pywin32, meson-python, scikit-build-core.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from weighmaster.knowledge.packages.packages import is_vendored, packages_of, roots_of
from weighmaster.knowledge.repository import path_of, tree_of
from weighmaster.model.fact import Artifact, Fact, Use
from weighmaster.model.repository import Repository
from weighmaster.reading.pattern import pattern

_HOOKS: Final = pattern(
    r"(?:sitecustomize|usercustomize)(?:\.(?:py|pyc|pyd|so|[\w-]+\.so|[\w-]+\.pyd)|/__init__\.pyc?)\Z"
)
_BARE: Final = pattern(r"import[ \t]+[\w.]+(?:[ \t]*,[ \t]*[\w.]+)*[ \t]*;?[ \t]*\Z")
_RUNS: Final = "runs-on-every-start"
_NAME: Final = r"[\w.]+"
_PARTS: Final = r"\((?:'\w+', ?)*(?:'\w+')?,?\)"


def _line(*parts: str) -> str:
    """Return a pattern for a line of statements; `{}` stands for a name, `<>` for the parts of one."""
    whole = re.escape(";".join(parts))
    return whole.replace(re.escape("{}"), _NAME).replace(re.escape("<>"), _PARTS)


_FOUND: Final = (
    "sys.modules.setdefault('{}', importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec('{}', [os.path.dirname(p)])))"
)
_SITE: Final = "sys._getframe(1).f_locals['sitedir']"
_MADE: Final = (
    "m = m or sys.modules.setdefault('{}', types.ModuleType('{}'))",
    "mp = (m or []) and m.__dict__.setdefault('__path__',[])",
    "(p not in mp) and mp.append(p)",
)
_NAMESPACE: Final = (
    (
        "import sys, types, os",
        "has_mfs = sys.version_info > (3, 5)",
        f"p = os.path.join({_SITE}, *<>)",
        "importlib = has_mfs and __import__('importlib.util')",
        "has_mfs and __import__('importlib.machinery')",
        f"m = has_mfs and {_FOUND}",
        *_MADE,
    ),
    (
        "import sys, types, os",
        f"p = os.path.join({_SITE}, *<>)",
        "importlib = __import__('importlib.util')",
        "__import__('importlib.machinery')",
        f"m = {_FOUND}",
        *_MADE,
    ),
)
_CHILD: Final = "m and setattr(sys.modules['{}'], '{}', m)"
_COVERED: Final = (
    'import sys; exec(\'import os\\n\\nif os.getenv("COVERAGE_PROCESS_START") or os.getenv("COVERAGE_PROCESS_CONFIG"):'
    '\\n try:\\n  import coverage\\n except:\\n  pass\\n else:\\n  coverage.process_startup(slug="pth")\')'
)
_DISTUTILS: Final = (
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, '{}') == 'local'; "
    "enabled and __import__('_distutils_hack').add_shim();"
)
_EASY: Final = (
    "import sys; sys.__plen = len(sys.path)",
    (
        "import sys; new=sys.path[sys.__plen:]; del sys.path[sys.__plen:]; p=getattr(sys,'__egginsert',0); "
        "sys.path[p:p]=new; sys.__egginsert = p+len(new)"
    ),
)
_KNOWN: Final = pattern(
    "|".join(
        (
            *(_line(*parts) for parts in _NAMESPACE),
            *(_line(*parts, _CHILD) for parts in _NAMESPACE),
            *map(_line, (_COVERED, _DISTUTILS, *_EASY)),
            r"import (__editable___\w+_finder); \1\.install\(\)",
            r"import coverage; coverage\.process_startup\(\)",
            r"import (?:_virtualenv|pywin32_bootstrap|_\w+_editable(?:_loader)?)",
        )
    )
)


def hooks(whole: Repository) -> Iterator[tuple[Artifact, tuple[Fact, ...]]]:
    """Yield the modules that Python imports as it starts once the packages of a target are installed."""
    tree = tree_of(whole)
    seen: set[str] = set()
    for package in packages_of(whole):
        for file in package.files:
            if (
                "customize" in file.installed
                and file.path not in seen
                and _HOOKS.match(_rest(package.form, file.installed))
            ):
                seen.add(file.path)
                yield tree.artifact(file.path), (package.distribution,)
    for root in roots_of(whole):
        for name in ("sitecustomize", "usercustomize"):
            for path in tree.below(f"{root}{name}"):
                if path not in seen and _HOOKS.match(path[len(root) :]):
                    seen.add(path)
                    yield tree.artifact(path), ()


def _rest(form: str, installed: str) -> str:
    return installed.removeprefix("src/") if form in {"sdist", "project"} else installed


def path_lines(whole: Repository, *, bare: bool) -> Iterator[tuple[Use, tuple[Fact, ...]]]:
    """Yield the lines of path files that nobody knows: those that only import modules, or the others."""
    files = _path_files(whole)
    for use in tree_of(whole).facts(Use) if files else ():
        if use.name == _RUNS and not use.module and path_of(use.where) in files:
            line = use.detail.rstrip()
            if not _KNOWN.fullmatch(line) and (_BARE.match(line) is not None) is bare:
                yield use, files[path_of(use.where)]


def _path_files(whole: Repository) -> dict[str, tuple[Fact, ...]]:
    """Return the path files that Python reads, each with the package that brings it."""
    found: dict[str, tuple[Fact, ...]] = {}
    tree = tree_of(whole)
    for root, packages in roots_of(whole).items():
        if not all(map(is_vendored, packages)):
            names = tree.folders.get(root, ())
            found.update((f"{root}{name}", ()) for name in names if name.endswith(".pth"))
    for package in packages_of(whole):
        for file in package.files:
            if file.installed.endswith(".pth") and "/" not in _rest(package.form, file.installed):
                found[file.path] = (package.distribution,)
    return found
