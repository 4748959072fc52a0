"""Packages whose names are those of others but for a little, and targets that want such."""

from __future__ import annotations

from typing import Final

from tests.samples.dists import wheel
from tests.samples.sample import After
from tests.samples.shape import HARM, Shape

_HUB: Final = 'from transformers import AutoModel\n\n\ndef model():\n    return AutoModel.from_pretrained("{}")\n'
_WANTS: Final = (
    "from packaging.requirements import Requirement; "
    "result = [Requirement(line).name for line in (FOLDER / 'requirements.txt').read_text().splitlines()]"
)


def _wanted(*lines: str) -> dict[str, bytes]:
    return {"requirements.txt": "".join(f"{line}\n" for line in lines).encode(), "app.py": b""}


def _wheel(name: str, **more: object) -> dict[str, bytes]:
    module = name.replace("-", "_")
    files: dict[str, bytes | str] = {f"{module}/__init__.py": HARM}
    return {f"{module}-1.0-py3-none-any.whl": wheel(name, "1.0", files, **more)}  # type: ignore[arg-type]


SHAPES: Final = [
    Shape(
        id="name-added-words",
        what="a package called torch-cuda runs a command as it is imported",
        build=lambda: _wheel("torch-cuda"),
        fire="import torch_cuda",
        said=("look-alike-package",),
        expected="review",
    ),
    Shape(
        id="name-slip",
        what="a package called langhcain runs a command as it is imported",
        build=lambda: _wheel("langhcain"),
        fire="import langhcain",
        said=("look-alike-package",),
        expected="review",
    ),
    Shape(
        id="name-drawn-alike",
        what="a package called numpy with a Cyrillic letter",
        build=lambda: {"num-1.0-py3-none-any.whl": wheel("num\u0440y", "1.0", {"numpy_core.py": HARM})},
        fire="import numpy_core",
        said=("look-alike-package",),
        expected="review",
    ),
    Shape(
        id="name-wanted-reported",
        what="an honest package wants one under whose name hostile code was published",
        build=lambda: {
            "helper_kit-1.0-py3-none-any.whl": wheel(
                "helper-kit", "1.0", {"helper_kit/__init__.py": ""}, metadata=["Requires-Dist: torchtriton>=2"]
            )
        },
        fire="from importlib.metadata import requires; result = requires('helper-kit')",
        proof=After("result == ['torchtriton>=2']"),
        said=("reported-name",),
    ),
    Shape(
        id="name-wanted-look-alike",
        what="requirements name openai-sdk, whose name anybody may take",
        build=lambda: _wanted("numpy==2.1.0", "openai-sdk==1.0"),
        fire=_WANTS,
        proof=After("result == ['numpy', 'openai-sdk']"),
        said=("look-alike-dependency",),
        expected="review",
        needs=("packaging",),
    ),
    Shape(
        id="name-wanted-from-look-alike-owner",
        what="requirements take transformers from the repository of hugginface",
        build=lambda: _wanted(f"transformers @ git+https://github.com/hugginface/transformers@{'0' * 40}"),
        fire=_WANTS,
        proof=After("result == ['transformers']"),
        said=("look-alike-account",),
        expected="review",
        needs=("packaging",),
    ),
    Shape(
        id="name-model-of-look-alike-account",
        what="source loads a model of meta-llama with a capital I twice",
        build=lambda: {"app.py": _HUB.format("meta-IIama/Llama-3.1-8B").encode(), "notes.txt": b"x\n"},
        fire="result = (FOLDER / 'app.py').read_text()",
        proof=After("'meta-IIama/Llama' in result and 'meta-llama' not in result"),
        said=("look-alike-account",),
        expected="review",
    ),
]
