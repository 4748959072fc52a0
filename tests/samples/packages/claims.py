"""Packages that say that they are something else, and files that do."""

from __future__ import annotations

from typing import Final

from tests.samples.dists import metadata_of, sdist, wheel
from tests.samples.packages.places import WHEEL, whl
from tests.samples.pickles import REDUCE, STOP, TUPLE1, name, program, proto, text
from tests.samples.sample import COMMAND, After, Event
from tests.samples.shape import Shape

_PICKLE: Final = program(proto(4), name("posix", "system"), text(COMMAND), TUPLE1, REDUCE, STOP)
_ELF: Final = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0\x3e\0" + bytes(200)
_LOADS: Final = "import os\nimport pickle\n\nwith open(os.path.join(os.path.dirname(__file__), {!r}), 'rb') as f:\n"
_UNPICKLES: Final = _LOADS.format("weights.bin") + "    STATE = pickle.load(f)\n"
_HOME: Final = "Project-URL: Homepage, https://github.com/huggingface/transformers"


def _opens(file: str) -> str:
    return f"import ctypes\nimport os\n\nLIB = ctypes.CDLL(os.path.join(os.path.dirname(__file__), {file!r}))\n"


def _under_another_name() -> dict[str, bytes]:
    return {"torch-2.9.0-py3-none-any.whl": whl({})[WHEEL]}


SHAPES: Final = [
    Shape(
        id="claim-home-of-another",
        what="the metadata say that the home is that of transformers; weights run a command as they are loaded",
        build=lambda: whl({"helper_kit/__init__.py": _UNPICKLES, "helper_kit/weights.bin": _PICKLE}, metadata=[_HOME]),
        fire="import helper_kit",
        said=("homepage-of-another", "imitates-with-weights"),
    ),
    Shape(
        id="claim-look-alike-with-weights",
        what="a package called transfomers carries a model",
        build=lambda: {
            "transfomers-1.0-py3-none-any.whl": wheel(
                "transfomers", "1.0", {"transfomers/__init__.py": _UNPICKLES, "transfomers/weights.bin": _PICKLE}
            )
        },
        fire="import transfomers",
        said=("imitates-with-weights",),
    ),
    Shape(
        id="claim-namespace-with-weights",
        what="a package brings the module torch, which loads weights as it is imported",
        build=lambda: whl({"torch/__init__.py": _UNPICKLES, "torch/weights.bin": _PICKLE}),
        fire="run(str(SITE / 'torch/__init__.py'))",
        said=("foreign-namespace", "imitates-with-weights"),
    ),
    Shape(
        id="claim-highest-version",
        what="a package of a company's name has a version that no index of its own can reach",
        build=lambda: {"acme_tools-99.9.9-py3-none-any.whl": wheel("acme-tools", "99.9.9", {"acme_tools.py": ""})},
        fire="from packaging.version import Version; result = max(('2.14.0', '99.9.9'), key=Version)",
        proof=After("result == '99.9.9'"),
        said=("version-wins-everywhere",),
        expected="review",
        needs=("packaging",),
    ),
    Shape(
        id="claim-another-file-name",
        what="the file is called torch, and installs something else",
        build=_under_another_name,
        fire="result = [found.name for found in SITE.iterdir()]",
        proof=After("'helper_kit-1.0.dist-info' in result and not any('torch' in name for name in result)"),
        said=("wheel-named-otherwise",),
        expected="review",
    ),
    Shape(
        id="claim-two-names",
        what="the wheel holds the metadata of two packages",
        build=lambda: whl({"torch-2.9.0.dist-info/METADATA": metadata_of("torch", "2.9.0").decode()}),
        fire="result = sorted(found.name for found in SITE.glob('*.dist-info'))",
        proof=After("result == ['helper_kit-1.0.dist-info', 'torch-2.9.0.dist-info']"),
        said=("wheel-named-otherwise",),
        expected="review",
    ),
    Shape(
        id="claim-library-as-weights",
        what="a native library is called weights.bin, and is loaded as one",
        build=lambda: whl({"helper_kit/__init__.py": _opens("weights.bin"), "helper_kit/weights.bin": _ELF}),
        fire="import helper_kit",
        proof=Event("ctypes.dlopen", "weights.bin"),
        said=("executable-disguised",),
    ),
    Shape(
        id="claim-library-as-weights-in-an-sdist",
        what="a native library in an sdist is called model.safetensors",
        build=lambda: {
            "helper_kit-1.0.tar.gz": sdist(
                "helper-kit",
                "1.0",
                {"helper_kit/__init__.py": _opens("model.safetensors"), "helper_kit/model.safetensors": _ELF},
            )
        },
        fire="import sys; sys.path.insert(0, '.'); import helper_kit",
        proof=Event("ctypes.dlopen", "model.safetensors"),
        said=("executable-disguised",),
    ),
    Shape(
        id="claim-pure-with-a-library",
        what="a wheel for every machine brings a native library and loads it",
        build=lambda: whl({"helper_kit/__init__.py": _opens("_fast.so"), "helper_kit/_fast.so": _ELF}),
        fire="import helper_kit",
        proof=Event("ctypes.dlopen", "_fast.so"),
        said=("native-code-in-pure-wheel",),
        expected="review",
    ),
]
