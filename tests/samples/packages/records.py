"""Packages and environments whose list of files does not fit them."""

from __future__ import annotations

import io
import zipfile
from typing import Final

from tests.samples.dists import wheel
from tests.samples.packages.places import WHEEL, whl
from tests.samples.sample import After
from tests.samples.shape import HARM, Shape

_OTHER: Final = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0"
_HERE: Final = "import sys; sys.path.insert(0, str(FOLDER)); "


def installed(changes: dict[str, bytes | str], files: dict[str, bytes | str]) -> dict[str, bytes]:
    """Return a folder in which a wheel of these files was installed, and then changed."""
    with zipfile.ZipFile(io.BytesIO(wheel("helper-kit", "1.0", files))) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    return found | {name: data.encode() if isinstance(data, str) else data for name, data in changes.items()}


def without(built: bytes, ending: str) -> bytes:
    """Return a wheel without its files of this ending."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(built)) as archive, zipfile.ZipFile(out, "w") as copy:
        for name in archive.namelist():
            if not name.endswith(ending):
                copy.writestr(name, archive.read(name))
    return out.getvalue()


SHAPES: Final = [
    Shape(
        id="record-another-digest",
        what="a module was changed after the wheel was built",
        build=lambda: whl({"helper_kit/core.py": HARM}, record={"helper_kit/core.py": _OTHER}),
        fire="import helper_kit.core",
        said=("record-differs",),
    ),
    Shape(
        id="record-left-out",
        what="a module was put into the wheel after it was built",
        build=lambda: whl({"helper_kit/_extra.py": HARM}, unlisted=["helper_kit/_extra.py"]),
        fire="import helper_kit._extra",
        said=("record-leaves-out",),
        expected="review",
    ),
    Shape(
        id="record-none",
        what="the wheel has no list of its files",
        build=lambda: {WHEEL: without(whl({"helper_kit/core.py": HARM})[WHEEL], "/RECORD")},
        fire="import helper_kit.core",
        said=("record-missing",),
        expected="review",
    ),
    Shape(
        id="record-leads-out",
        what="the list names a file of somebody else, which uninstalling would remove",
        build=lambda: whl({"helper_kit/a.py": ""}, record={"helper_kit/a.py": "x,\n../../../bin/activate,"}),
        fire="result = (SITE / 'helper_kit-1.0.dist-info/RECORD').read_text()",
        proof=After("'../../../bin/activate' in result"),
        said=("record-missing",),
        expected="review",
    ),
    Shape(
        id="record-environment-changed",
        what="a module of an installed package was changed",
        build=lambda: installed({"helper_kit/__init__.py": HARM}, {"helper_kit/__init__.py": "X = 1\n"}),
        fire=f"{_HERE}import helper_kit",
        said=("record-differs",),
    ),
    Shape(
        id="record-environment-stray",
        what="a module lies in site-packages that no package lists",
        build=lambda: installed({"_helper_hook.py": HARM}, {"helper_kit/__init__.py": "X = 1\n"}),
        fire=f"{_HERE}import _helper_hook",
        said=("code-of-no-package",),
        expected="review",
    ),
]
