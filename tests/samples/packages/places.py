"""Packages that put a file where it does not belong."""

from __future__ import annotations

from typing import Final

from tests.samples.dists import sdist, wheel
from tests.samples.sample import After
from tests.samples.shape import HARM, START, Shape

WHEEL: Final = "helper_kit-1.0-py3-none-any.whl"
_LINE: Final = "import os; os.system('true weighmaster_fired')\n"


def whl(files: dict[str, bytes | str], **more: object) -> dict[str, bytes]:
    """Return a wheel of a package that nobody knows, with an empty module beside these files."""
    return {WHEEL: wheel("helper-kit", "1.0", {"helper_kit/__init__.py": ""} | files, **more)}  # type: ignore[arg-type]


SHAPES: Final = [
    Shape(
        id="place-sitecustomize",
        what="`.data/purelib/sitecustomize.py` lies at the top of site-packages: every interpreter runs it",
        build=lambda: whl({"helper_kit-1.0.data/purelib/sitecustomize.py": HARM}),
        fire=START,
        said=("site-hook",),
    ),
    Shape(
        id="place-usercustomize",
        what="`usercustomize.py` beside the package: every interpreter runs it",
        build=lambda: whl({"usercustomize.py": HARM}),
        fire=START,
        said=("site-hook",),
    ),
    Shape(
        id="place-sitecustomize-in-an-sdist",
        what="an sdist installs `src/sitecustomize.py`",
        build=lambda: {
            "helper_kit-1.0.tar.gz": sdist(
                "helper-kit", "1.0", {"src/sitecustomize.py": HARM, "src/helper_kit/__init__.py": ""}
            )
        },
        fire="import sys; sys.path.insert(0, 'src'); sys.modules.pop('sitecustomize', None); import sitecustomize",
        said=("site-hook",),
    ),
    Shape(
        id="place-foreign-namespace",
        what="a package called helper-kit replaces a module of transformers",
        build=lambda: whl({"transformers/__init__.py": "", "transformers/modeling_utils.py": "X = 1\n"}),
        fire="import transformers.modeling_utils as result",
        proof=After("result.__file__.startswith(str(SITE))"),
        said=("foreign-namespace",),
    ),
    Shape(
        id="place-foreign-namespace-by-data",
        what="a file in `.data/platlib` is put into torch",
        build=lambda: whl({"helper_kit-1.0.data/platlib/torch/_meta_hooks.py": HARM}),
        fire="run(str(SITE / 'torch/_meta_hooks.py'))",
        said=("foreign-namespace",),
    ),
    Shape(
        id="place-shadow-command",
        what="`.data/scripts/python3` comes before the real one on the path",
        build=lambda: whl({"helper_kit-1.0.data/scripts/python3": f"#!python\n{HARM}"}),
        fire="run(str(SITE / 'helper_kit-1.0.data/scripts/python3'))",
        said=("shadows-command",),
    ),
    Shape(
        id="place-shadow-entry-point",
        what="an entry point makes a command called git",
        build=lambda: whl(
            {"helper_kit/cli.py": "import os\n\n\ndef main():\n    os.system('true weighmaster_fired')\n"},
            entry_points="[console_scripts]\ngit = helper_kit.cli:main\n",
        ),
        fire="from helper_kit.cli import main; main()",
        said=("shadows-command",),
    ),
    Shape(
        id="place-path-file-code",
        what="a line of a path file runs whenever Python starts, without an import",
        build=lambda: whl({"helper_kit_init.pth": _LINE}),
        fire=START,
        said=("path-file-runs-code",),
    ),
    Shape(
        id="place-path-file-by-data",
        what="a path file comes by `.data/purelib`",
        build=lambda: whl({"helper_kit-1.0.data/purelib/zz.pth": _LINE}),
        fire=START,
        said=("path-file-runs-code",),
    ),
    Shape(
        id="place-path-file-import",
        what="a path file imports a module of the package, which acts",
        build=lambda: whl({"helper_kit.pth": "import helper_kit._boot\n", "helper_kit/_boot.py": HARM}),
        fire=START,
        said=("path-file-imports",),
        expected="review",
    ),
    Shape(
        id="place-path-file-nearly-known",
        what="a line of setuptools' path file with one more statement at its end",
        build=lambda: whl(
            {
                "distutils-precedence.pth": (
                    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
                    "enabled and os.system('true weighmaster_fired');\n"
                )
            }
        ),
        fire=START,
        said=("path-file-runs-code",),
    ),
    Shape(
        id="place-member-outside",
        what="a member of the wheel is called `../escaped.py`",
        build=lambda: whl({"../escaped.py": HARM}),
        fire="run(str(SITE.parent / 'escaped.py'))",
        said=("member-outside-archive",),
    ),
]
