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
from weighmaster.knowledge.repository import path_of, tree_of
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.package import Blob, Package
from weighmaster.model.repository import Repository

_RULE: Final = Rule(id="data-unread", title="Data files that no reader knows", severity=Severity.NOTE, cwe=1059)
_LARGEST: Final = 1 << 20
"""Bytes of a data file that needs no reader."""
_MODELS: Final = (
    *(".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib", ".h5", ".hdf5", ".keras", ".onnx", ".safetensors"),
    *(".tflite", ".gguf", ".ggml", ".model", ".weights", ".params", ".mlmodel", ".engine", ".dill"),
)
"""How files of models are called."""


def _detect(package: Package) -> Iterator[Finding]:
    blobs = _blobs(package.whole)
    unknown = {blob.where: blob for file in package.files for blob in blobs.get(file.path, ())}
    if unknown:
        names = listed(list(dict.fromkeys(path_of(where)[len(package.root) :] for where in unknown)))
        message = f"no reader knows {count(len(unknown), 'data file')} of {package.distribution.name}: {names}"
        yield Finding(
            rule=_RULE,
            where=package.where,
            message=message,
            confidence=Confidence.LOW,
            evidence=evidence(package, *unknown.values()),
        )


_last: list[tuple[Repository, dict[str, list[Blob]]]] = []


def _blobs(whole: Repository) -> dict[str, list[Blob]]:
    """Return the small unknown bytes of a target by the files that they are or lie in, made once for all packages."""
    if not (_last and _last[0][0] is whole):
        found: dict[str, list[Blob]] = {}
        for blob in tree_of(whole).facts(Blob):
            if blob.form == "unknown" and blob.size <= _LARGEST:
                for path in _around(path_of(blob.where)):
                    found.setdefault(path, []).append(blob)
        _last[:] = [(whole, found)]
    return _last[0][1]


def _around(path: str) -> Iterator[str]:
    """Yield a path and those of the files that it lies in, up to one that is called as models are."""
    while path and not path.lower().endswith(_MODELS):
        yield path
        path = path.rpartition("!")[0]


DETECTOR: Final = Detector(rule=_RULE, on=Package, detect=_detect)
