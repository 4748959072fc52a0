"""Compiles what reads code with mypyc where there is a C compiler; without one it runs as Python (docs/adr/0005)."""

import os
from pathlib import Path

from setuptools import Extension, setup

COMPILED = ("src/weighmaster/machine", "src/weighmaster/reading/python")
"""The pickle machine, and what follows Python source."""


def extensions() -> list[Extension]:
    """Return the modules of those folders as extensions, each of which may fail to build."""
    if os.environ.get("WEIGHMASTER_PURE"):
        return []
    from mypyc.build import mypycify

    modules = sorted(str(path) for folder in COMPILED for path in Path(folder).glob("*.py"))
    # What else is installed must change nothing: neither what is compiled nor whether it can be.
    told = ["--config-file=", "--ignore-missing-imports", "--no-site-packages", "--follow-imports=silent"]
    built = mypycify([*told, *modules], opt_level="3", debug_level="0")
    for extension in built:
        extension.optional = True
    return built


setup(ext_modules=extensions())
