"""Packages whose compiled Python is not what their source says."""

from __future__ import annotations

import importlib.util
import marshal
import sys
from typing import Final

from tests.samples.packages.places import whl
from tests.samples.packages.records import installed
from tests.samples.shape import HARM, Shape

_CACHED: Final = f"helper_kit/__pycache__/core.{sys.implementation.cache_tag}.pyc"
_TIME: Final = 1_700_000_000
_INNOCENT: Final = "def area(width, height):\n    return width * height\n"
_OWN_TIME: Final = f"import os, sys; os.utime('helper_kit/core.py', ({_TIME}, {_TIME}))"


def module(source: str, flags: int = 0, size: int = 0) -> bytes:
    """Return a compiled module, with the head that PEP 552 has for these flags."""
    code = compile(source, "helper_kit/core.py", "exec")
    check = bytes(8) if flags else _TIME.to_bytes(4, "little") + size.to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags.to_bytes(4, "little") + check + marshal.dumps(code)


SHAPES: Final = [
    Shape(
        id="compiled-only",
        what="the module that acts comes compiled, without its source",
        build=lambda: whl({"helper_kit/core.pyc": module(HARM)}),
        fire="import helper_kit.core",
        said=("compiled-without-source",),
        expected="review",
    ),
    Shape(
        id="compiled-unchecked",
        what="a compiled module that Python holds against nothing lies beside an innocent source",
        build=lambda: whl({"helper_kit/core.py": _INNOCENT, _CACHED: module(HARM, flags=1)}),
        fire="import helper_kit.core",
        said=("compiled-unchecked", "compiled-differs"),
    ),
    Shape(
        id="compiled-in-an-environment",
        what="the compiled module of an installed package was written anew; the source was left as it is",
        build=lambda: installed(
            {_CACHED: module(HARM, size=len(_INNOCENT))},
            {"helper_kit/__init__.py": "", "helper_kit/core.py": _INNOCENT},
        ),
        fire=f"{_OWN_TIME}; sys.path.insert(0, str(FOLDER)); import helper_kit.core",
        said=("compiled-differs",),
    ),
]
