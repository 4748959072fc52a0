"""One file is two things at once.

The same bytes are, say, a pickle for one program and an archive for another. Each program sees its own half: the
scanner looks at one, the loader runs the other. No tool writes such a file by accident. Every half was read here.

## What to do

Do not load it. Ask the publisher why the file is two things, or take the half that you need out of it.

## What this rule cannot see

A half in a format that is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Artifact
from weighmaster.model.finding import Finding, Rule, Severity

_RULE: Final = Rule(id="polyglot", title="One file is two things at once", severity=Severity.MEDIUM, cwe=436)

_FAMILIES: Final = {
    "pickle": "pickle",
    "torch-legacy": "pickle",
    "zip": "zip",
    "torch-zip": "zip",
    "torchscript": "zip",
    "torch-tar": "tar",
    "tar": "tar",
    "sevenz": "7z",
    "npy": "npy",
    "hdf5": "hdf5",
    "safetensors": "safetensors",
    "gguf": "gguf",
    "ggml": "ggml",
    "tensorrt": "tensorrt",
    "rknn": "rknn",
    "image": "image",
    "executable": "executable",
    "onnx": "onnx",
    "tensorflow-graph": "tensorflow",
    "tensorflow-savedmodel": "tensorflow",
    "tensorflow-checkpoint": "tensorflow",
    "coreml": "coreml",
    "caffe": "caffe",
    "cntk": "cntk",
    "paddle": "paddle",
    "paddle-weights": "paddle",
    "parquet": "parquet",
    "arrow": "arrow",
    "sqlite": "sqlite",
    "pdf": "pdf",
    "media": "media",
    "r-serialized": "r",
    "catboost": "catboost",
    "torch7": "torch7",
    "fasttext": "fasttext",
    "xml": "xml",
}
"""Formats of one family read one another's files in layers. A format that is not here is a layer of any."""


def _detect(fact: Artifact) -> Iterator[Finding]:
    families = sorted({_FAMILIES[name] for name in fact.formats if name in _FAMILIES})
    if "llamafile" in fact.formats:
        families = [family for family in families if family not in {"executable", "zip"}]
    if families == ["tar", "zip"]:
        # A tar whose last member is a zip ends as one, and every byte of it is a member's or a stray one.
        return
    if len(families) > 1:
        message = f"the same bytes are {' and '.join(families)}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Artifact, detect=_detect)
