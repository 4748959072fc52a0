"""Packages that put a file where it does not belong."""

from __future__ import annotations

from typing import Final

from tests.samples.dists import wheel
from tests.samples.sample import After
from tests.samples.shape import HARM, START, Shape

_WHEEL: Final = "helper_kit-1.0-py3-none-any.whl"


def _whl(files: dict[str, bytes | str], **more: object) -> dict[str, bytes]:
    return {_WHEEL: wheel("helper-kit", "1.0", {"helper_kit/__init__.py": ""} | files, **more)}  # type: ignore[arg-type]


SHAPES: Final = [
    Shape(
        id="place-sitecustomize",
        what="`.data/purelib/sitecustomize.py` lies at the root of site-packages: every interpreter runs it",
        build=lambda: _whl({"helper_kit-1.0.data/purelib/sitecustomize.py": HARM}),
        fire=START,
        said=("site-hook",),
    ),
    Shape(
        id="place-foreign-namespace",
        what="a package called helper-kit replaces a module of transformers",
        build=lambda: _whl({"transformers/__init__.py": "", "transformers/modeling_utils.py": "X = 1\n"}),
        fire="import transformers.modeling_utils as result",
        proof=After("result.__file__.startswith(str(SITE))"),
        said=("foreign-namespace",),
    ),
]
