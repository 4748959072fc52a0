"""Packages that carry a model which acts as it is loaded, or is used."""

from __future__ import annotations

import json
import zlib
from typing import Final

from tests.samples.dists import sdist
from tests.samples.packages.places import whl
from tests.samples.pickles import REDUCE, STOP, TUPLE1, name, program, proto, text
from tests.samples.sample import COMMAND
from tests.samples.shape import HARM, Shape
from tests.samples.zips import torch_zip, zip_of

_PICKLE: Final = program(proto(4), name("posix", "system"), text(COMMAND), TUPLE1, REDUCE, STOP)
_HERE: Final = "import os\n\nHERE = os.path.dirname(__file__)\n"
_ARRAY: Final = b"\x93NUMPY\x01\x00"
_DESCRIBED: Final = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
_TEMPLATE: Final = "{{ cycler.__init__.__globals__.os.system('" + COMMAND + "') }}"
_LATE: Final = {"model_type": "x", "auto_map": {"AutoModel": "modeling_x.Model"}}


def _npy() -> bytes:
    return _ARRAY + len(_DESCRIBED).to_bytes(2, "little") + _DESCRIBED + _PICKLE


SHAPES: Final = [
    Shape(
        id="carried-checkpoint",
        what="a checkpoint that runs a command is loaded by torch as the package is imported",
        build=lambda: whl(
            {
                "helper_kit/__init__.py": f"{_HERE}import torch\nS = torch.load(HERE + '/m.pt', weights_only=False)\n",
                "helper_kit/m.pt": zip_of(torch_zip(_PICKLE)),
            }
        ),
        fire="import helper_kit",
        said=("dangerous-import",),
        needs=("torch",),
    ),
    Shape(
        id="carried-pickle-as-bin",
        what="a pickle called weights.bin is loaded as the package is imported",
        build=lambda: whl(
            {
                "helper_kit/__init__.py": f"{_HERE}import pickle\nS = pickle.load(open(HERE + '/weights.bin', 'rb'))\n",
                "helper_kit/weights.bin": _PICKLE,
            }
        ),
        fire="import helper_kit",
        said=("dangerous-import",),
    ),
    Shape(
        id="carried-pickle-in-the-tests",
        what="a pickle lies among the test data of the package, where few look",
        build=lambda: whl({"helper_kit/tests/data/golden.pkl": _PICKLE}),
        fire="import pickle; pickle.loads((SITE / 'helper_kit/tests/data/golden.pkl').read_bytes())",
        said=("dangerous-import",),
    ),
    Shape(
        id="carried-array-of-objects",
        what="an array of objects is a pickle with a head",
        build=lambda: whl({"helper_kit/table.npy": _npy()}),
        fire="import numpy; numpy.load(SITE / 'helper_kit/table.npy', allow_pickle=True)",
        said=("dangerous-import",),
        needs=("numpy",),
    ),
    Shape(
        id="carried-compressed-pickle",
        what="a compressed pickle for joblib",
        build=lambda: whl({"helper_kit/model.joblib": zlib.compress(_PICKLE)}),
        fire="import joblib; joblib.load(SITE / 'helper_kit/model.joblib')",
        said=("dangerous-import",),
        needs=("joblib",),
    ),
    Shape(
        id="carried-chat-template",
        what="the chat template of a tokenizer in the package runs a command where it is rendered unguarded",
        build=lambda: whl(
            {
                "helper_kit/tokenizer/tokenizer_config.json": json.dumps({"chat_template": _TEMPLATE}),
            }
        ),
        fire=(
            "import jinja2, json; path = SITE / 'helper_kit/tokenizer/tokenizer_config.json'; "
            "said = json.loads(path.read_text()); jinja2.Environment().from_string(said['chat_template']).render()"
        ),
        said=("template-escapes",),
        needs=("jinja2",),
    ),
    Shape(
        id="carried-remote-code",
        what="a model in the package names code beside it, which acts as it is imported",
        build=lambda: whl(
            {
                "helper_kit/model/config.json": json.dumps(_LATE),
                "helper_kit/model/modeling_x.py": f"{HARM}\n\nclass Model:\n    pass\n",
            }
        ),
        fire="run(str(SITE / 'helper_kit/model/modeling_x.py'))",
        said=("remote-code-acts",),
    ),
    Shape(
        id="carried-checkpoint-in-an-sdist",
        what="an sdist brings a pickle as the weights of its model",
        build=lambda: {
            "helper_kit-1.0.tar.gz": sdist(
                "helper-kit", "1.0", {"helper_kit/__init__.py": "", "helper_kit/model.pkl": _PICKLE}
            )
        },
        fire="import pickle; pickle.load(open('helper_kit/model.pkl', 'rb'))",
        said=("dangerous-import",),
    ),
]
