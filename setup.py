"""Compiles the pickle machine with mypyc where there is a C compiler; without one it runs as Python (docs/adr/0005)."""

import os
from pathlib import Path

from setuptools import Extension, setup


def extensions() -> list[Extension]:
    """Return the machine's modules as extensions, each of which may fail to build."""
    if os.environ.get("WEIGHMASTER_PURE"):
        return []
    from mypyc.build import mypycify

    modules = sorted(str(path) for path in Path("src/weighmaster/machine").glob("*.py"))
    # What else is installed must change nothing: neither what is compiled nor whether it can be.
    told = ["--config-file=", "--ignore-missing-imports", "--no-site-packages", "--follow-imports=silent"]
    built = mypycify([*told, *modules], opt_level="3", debug_level="0")
    for extension in built:
        extension.optional = True
    return built


setup(ext_modules=extensions())
