"""A package has data files that no reader here knows.

Test data, recordings, tables of a format of its own: small files, not named as models are. What hides in unknown bytes
was looked for in all of them (pickles, archives, compressed streams, programs, wherever they begin; how random they
are), and nothing was found. What they say to the code that reads them is not known.

## What to do

Nothing, as a rule. Where the package is to be trusted with much, look at what reads them.

## What this rule cannot see

What is hidden so that only the code of the package finds it, such as a payload in the lowest bits of a sound. Larger
files, those that are named as models are, and those that may be encrypted are not among these: they are not let in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.extend.showing import count, listed
from weighmaster.knowledge.packages.packages import evidence
from weighmaster.knowledge.repository import tree_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Blob, Package

_RULE: Final = Rule(id="data-unread", title="Data files that no reader knows", severity=Severity.NOTE, cwe=1059)
_LARGEST: Final = 1 << 20
"""Bytes of a data file that needs no reader."""
_MODELS: Final = (
    *(".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib", ".h5", ".hdf5", ".keras", ".onnx", ".safetensors"),
    *(".tflite", ".gguf", ".ggml", ".model", ".weights", ".params", ".mlmodel", ".engine", ".dill"),
)
"""How files of models are called."""


def _detect(package: Package) -> Iterator[Finding]:
    tree = tree_of(package.whole)
    blobs = ((file.path, blob) for file in package.files for blob in tree.facts(Blob, file.path))
    unknown = {
        path: blob
        for path, blob in blobs
        if blob.form == "unknown" and blob.size <= _LARGEST and not path.lower().endswith(_MODELS)
    }
    if unknown:
        names = listed([path[len(package.root) :] for path in unknown])
        message = f"no reader knows {count(len(unknown), 'data file')} of {package.distribution.name}: {names}"
        yield Finding(
            rule=_RULE,
            where=package.where,
            message=message,
            confidence=Confidence.LOW,
            evidence=evidence(package, *unknown.values()),
        )


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
