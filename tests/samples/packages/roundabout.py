"""Packages that are run by what few know of: settings beside `site-packages`, plugins, hooks of builds, odd texts."""

from __future__ import annotations

import importlib.util
import json
import marshal
from collections.abc import Mapping
from typing import Final

from tests.samples.dists import sdist, wheel
from tests.samples.natives import elf
from tests.samples.sample import COMMAND, SYSTEM, TOKEN, After, Event, Proof, Unproven
from tests.samples.shape import HARM, SETUP, Shape

_CALL: Final = HARM.splitlines()[1]
_HERE: Final = "import os\nhere = os.path.dirname(__file__)\n"
_SITE: Final = "kit-1.0.data/data/lib/python3.11/site-packages/"
_TIME: Final = 1_700_000_000
_INNOCENT: Final = "def area(width, height):\n    return width * height\n"
_PLUGINS: Final = (
    "from importlib.metadata import distributions\n"
    "for found in distributions(path=[str(SITE)]):\n"
    "    [point.load() for point in found.entry_points if point.group == 'pytest11']\n"
)
_COMMANDS: Final = (
    "from setuptools.command.egg_info import egg_info\nimport os\n"
    f"class Tell(egg_info):\n    def run(self):\n        {_CALL}\n"
)


def _whl(  # noqa: PLR0913 - what the shapes here differ in
    id: str,
    what: str,
    files: Mapping[str, bytes | str],
    said: str = "acts-on-import",
    *,
    fire: str = "import kit",
    entry_points: str = "",
    metadata: tuple[str, ...] = (),
    proof: Proof = SYSTEM,
    environment: tuple[tuple[str, str], ...] = (),
) -> Shape:
    inside = {"kit/__init__.py": ""} | dict(files)
    return Shape(
        id=f"roundabout-{id}",
        what=what,
        build=lambda: {
            "kit-1.0-py3-none-any.whl": wheel("kit", "1.0", inside, entry_points=entry_points, metadata=metadata)
        },
        fire=fire,
        said=(said,),
        proof=proof,
        expected="review" if said == "source-reaches-out-on-import" else "block",
        environment=environment,
    )


def _source(id: str, what: str, files: Mapping[str, str], fire: str) -> Shape:
    return Shape(
        id=f"roundabout-{id}",
        what=what,
        build=lambda: {"kit-1.0.tar.gz": sdist("kit", "1.0", files)},
        fire=fire,
        said=("acts-on-install",),
    )


def _plugin(id: str, what: str, entry: str, fire: str) -> Shape:
    source = f"import os\ndef pytest_configure(config=None):\n    {_CALL}\n"
    return _whl(id, what, {"kit/plugin.py": source}, "acts-on-start", fire=fire, entry_points=entry)


def _at(path: str) -> str:
    return f"run(str(SITE / {path!r}))"


def _compiled() -> bytes:
    code = compile(f"import os\nos.posix_spawn('/bin/true', ['true', '{TOKEN}'], {{}})\n", "kit/core.py", "exec")
    head = importlib.util.MAGIC_NUMBER + bytes(4) + _TIME.to_bytes(4, "little")
    return head + len(_INNOCENT).to_bytes(4, "little") + marshal.dumps(code)


_HOOK: Final = "import kit.plugin; kit.plugin.pytest_configure()"

SHAPES: Final = [
    _whl(
        "path-file-in-data",
        "`.data/data` puts a path file into `site-packages` by its whole path",
        {f"{_SITE}zz.pth": f"import os; {_CALL}\n"},
        "path-file-runs-code",
        fire=f"import site; site.addpackage(str(SITE / {_SITE!r}), 'zz.pth', None)",
    ),
    _whl(
        "hook-in-data",
        "`.data/data` puts `sitecustomize.py` into `site-packages` by its whole path",
        {f"{_SITE}sitecustomize.py": HARM},
        "site-hook",
        fire=_at(f"{_SITE}sitecustomize.py"),
    ),
    _whl(
        "ipython",
        "IPython runs what lies in `etc/ipython/startup` of its environment",
        {"kit-1.0.data/data/etc/ipython/startup/00-kit.py": HARM},
        "acts-on-start",
        fire=_at("kit-1.0.data/data/etc/ipython/startup/00-kit.py"),
    ),
    _whl(
        "jupyter",
        "Jupyter runs the settings in `etc/jupyter` of its environment",
        {"kit-1.0.data/data/etc/jupyter/jupyter_config.py": HARM},
        "acts-on-start",
        fire=_at("kit-1.0.data/data/etc/jupyter/jupyter_config.py"),
    ),
    _plugin("plugin-hook", "pytest calls a hook of the plugin, which acts", "[pytest11]\nkit = kit.plugin\n", _HOOK),
    _plugin(
        "plugin-function",
        "torch calls the function that an entry point names",
        "[torch.backends]\nkit = kit.plugin:pytest_configure\n",
        _HOOK,
    ),
    _whl(
        "plugin-behind-words",
        "a line before the first group: readers leave it out",
        {"kit/plugin.py": HARM},
        "acts-on-start",
        fire=_PLUGINS,
        entry_points="x = 1\n[pytest11]\nkit = kit.plugin\n",
    ),
    _whl(
        "getattr",
        "whoever takes a name from the package that it does not have runs `__getattr__`",
        {"kit/__init__.py": f"import os\ndef __getattr__(name):\n    {_CALL}\n    return 1\n"},
        fire="from kit import thing",
    ),
    _whl(
        "tools",
        "what acts lies in a folder of tools, and is imported",
        {
            "kit/__init__.py": "from .tools import x\n",
            "kit/tools/__init__.py": "",
            "kit/tools/x.py": HARM,
        },
    ),
    _whl(
        "command-in-file",
        "the command that is run stands in a file of settings",
        {
            "kit/__init__.py": f"{_HERE}import json\nwith open(os.path.join(here, 'c.json')) as file:\n"
            "    os.system(json.load(file)['run'])\n",
            "kit/c.json": json.dumps({"run": COMMAND}),
        },
    ),
    _whl(
        "command-in-resource",
        "the same, by `pkgutil.get_data`",
        {
            "kit/__init__.py": "import os, pkgutil\nos.system(pkgutil.get_data('kit', 'c.txt').decode())\n",
            "kit/c.txt": COMMAND,
        },
    ),
    _whl(
        "command-beside",
        "the command that is run stands in another module",
        {"kit/__init__.py": "import os\nfrom ._c import C\nos.system(C)\n", "kit/_c.py": f"C = {COMMAND!r}\n"},
    ),
    _whl(
        "command-in-environment",
        "a variable of the environment is run as a command",
        {"kit/__init__.py": "import os\nos.system(os.environ['KIT'])\n"},
        environment=(("KIT", COMMAND),),
    ),
    _whl(
        "docstring",
        "the text with which the module begins is run",
        {"kit/__init__.py": f'"""import os\n{_CALL}\n"""\nexec(__doc__)\n'},
    ),
    _whl(
        "docstring-of-function",
        "the text with which a function begins is run",
        {"kit/__init__.py": f'def f():\n    """import os; {_CALL}"""\nexec(f.__doc__)\n'},
    ),
    _whl(
        "text-beside",
        "the text of another module is run",
        {"kit/__init__.py": "from . import _d\nexec(_d.__doc__)\n", "kit/_d.py": f'"""import os; {_CALL}"""\n'},
        "source-reaches-out-on-import",
    ),
    _whl(
        "metadata",
        "the summary of the package is run",
        {"kit/__init__.py": "import importlib.metadata as m\nexec(m.metadata('kit')['Summary'])\n"},
        "source-reaches-out-on-import",
        metadata=(f"Summary: import os; {_CALL}",),
    ),
    _whl(
        "resource",
        "a file of data is run as source, found by `pkgutil.get_data`",
        {"kit/__init__.py": "import pkgutil\nexec(pkgutil.get_data('kit', 'table.txt'))\n", "kit/table.txt": HARM},
    ),
    _whl(
        "reduce",
        "`functools.reduce` calls what acts",
        {"kit/__init__.py": f"import functools, os\nfunctools.reduce(lambda a, b: os.system(b), ['', {COMMAND!r}])\n"},
    ),
    _whl(
        "globals",
        "`globals().update` gives what acts another name",
        {"kit/__init__.py": f"import os\nglobals().update(f=os.system)\nf({COMMAND!r})\n"},
    ),
    _whl(
        "compiled-spawns",
        "a compiled module starts a program by a word that its source does not have",
        {"kit/core.py": _INNOCENT, "kit/__pycache__/core.cpython-311.pyc": _compiled()},
        "compiled-differs",
        fire=f"import os; os.utime(SITE / 'kit/core.py', ({_TIME}, {_TIME})); import kit.core",
        proof=Event("os.posix_spawn", TOKEN),
    ),
    _source(
        "setup-as-program",
        "`setup.py` acts where it is run as a program, as builds run it",
        {"setup.py": f"import os\nif __name__ == '__main__':\n    {_CALL}\n"},
        SETUP,
    ),
    _source(
        "command-of-setup",
        "a command of `setup.py` comes from a module beside it, and acts",
        {
            "setup.py": "from setuptools import setup\nfrom _tell import Tell\n"
            "setup(name='kit', version='1.0', cmdclass={'egg_info': Tell})\n",
            "_tell.py": _COMMANDS,
        },
        "import runpy, sys; sys.argv = ['setup.py', 'egg_info']; sys.path.insert(0, '.')\n"
        "runpy.run_path('setup.py', run_name='__main__')",
    ),
    _source(
        "backend-function",
        "a function of the build backend in the source acts",
        {
            "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['.']\n",
            "own.py": f"import os\ndef build_wheel(folder, settings=None, metadata=None):\n    {_CALL}\n",
        },
        "import sys; sys.path.insert(0, '.'); import own; own.build_wheel('.')",
    ),
    _source(
        "backend-object",
        "a method of an object that is the build backend acts",
        {
            "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'own.sub:it'\nbackend-path = ['_x']\n",
            "_x/own/__init__.py": "",
            "_x/own/sub.py": "import os\nclass Own:\n    def build_wheel(self, folder, settings=None, metadata=None):\n"
            f"        {_CALL}\nit = Own()\n",
        },
        "import sys; sys.path.insert(0, '_x'); import own.sub; own.sub.it.build_wheel('.')",
    ),
    _source(
        "hatch-hook",
        "hatchling runs `hatch_build.py`, which acts",
        {
            "pyproject.toml": "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"
            "[tool.hatch.build.hooks.custom]\n",
            "hatch_build.py": f"import os\nclass Hook:\n    def initialize(self, version, data):\n        {_CALL}\n",
        },
        "import sys; sys.path.insert(0, '.'); import hatch_build; hatch_build.Hook().initialize('1', {})",
    ),
    Shape(
        id="roundabout-metadata-beside-weights",
        what="metadata of a package lie beside weights, so that machine code there seems to belong to a package",
        build=lambda: {
            "kit-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: kit\nVersion: 1.0\n",
            "kit-1.0.dist-info/RECORD": b"kit-1.0.dist-info/METADATA,,\nhelper.so,,\n",
            "helper.so": elf(),
            "model.gguf": b"GGUF\x03\0\0\0" + bytes(16),
        },
        fire="",
        proof=Unproven("what the machine code does is not the point"),
        expected="review",
        said=("executable-inside",),
    ),
    _whl(
        "type-variable",
        "a type variable holds what acts, and gives it back",
        {
            "kit/__init__.py": "import os\nfrom typing import TypeVar\n"
            f"T = TypeVar('T', os.system, int)\n{_CALL.replace('os.system', 'T.__constraints__[0]')}\n"
        },
    ),
    _whl(
        "keys-that-are-code",
        "names that are filled into a text that is run are more than names",
        {
            "kit/data.py": f"objects = {{{_CALL!r} + '; a': 1}}\n",
            "kit/types.py": "from .data import objects\nimport os\n"
            "for name in objects.keys():\n    exec('%s = type(objects.get(%r))' % (name, name))\n",
            "kit/__init__.py": "from . import types\n",
        },
        "source-reaches-out-on-import",
    ),
    _whl(
        "shell-reordered",
        "controls of direction show a command of a shell script as a comment",
        {"kit/setup.sh": "#!/bin/sh\necho done # \u202e\u2066 ; true\u2069\n"},
        "trojan-source",
        fire="import pathlib, kit; result = pathlib.Path(kit.__file__).with_name('setup.sh').read_text()",
        proof=After("'\\u202e' in result"),
    ),
]
