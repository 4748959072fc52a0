"""The name promises data, and the bytes are something that can run code.

A file called `weights.safetensors` or `vocab.txt` whose bytes are a pickle or an archive is loaded as what it is by
every program that looks at the content, and passed over by every tool that looks at the name.

## What to do

Find out why it is named so. The bytes were read as what they are; what was found in them is reported on its own.

## What this rule cannot see

Names that promise nothing (`.bin`, `.pt`, `.model`, `.dat`, none) and contents that no format knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Artifact
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.where import Member

_RULE: Final = Rule(
    id="name-lies", title="The name promises data, the bytes can run code", severity=Severity.MEDIUM, cwe=646
)

_TEXT: Final = frozenset({"text", "json", "wide-text"})
_PICTURE: Final = frozenset({"image"})
_PROMISES: Final = {
    ".safetensors": frozenset({"safetensors"}),
    ".gguf": frozenset({"gguf"}),
    ".ggml": frozenset({"ggml"}),
    ".onnx": frozenset({"onnx"}),
    ".tflite": frozenset({"tflite"}),
    ".h5": frozenset({"hdf5"}),
    ".hdf5": frozenset({"hdf5"}),
    ".npy": frozenset({"npy"}),
    ".parquet": frozenset({"parquet"}),
    ".arrow": frozenset({"arrow"}),
    ".pdf": frozenset({"pdf"}),
    **dict.fromkeys((".json", ".jsonl", ".txt", ".md", ".csv", ".tsv", ".yaml", ".yml", ".toml", ".xml"), _TEXT),
    **dict.fromkeys((".html", ".svg", ".log", ".cfg", ".ini", ".jinja", ".vocab", ".merges"), _TEXT),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".ico", ".wav"), _PICTURE),
    **dict.fromkeys((".mp4", ".mp3", ".ogg", ".flac"), frozenset({"media"})),
}
_INERT: Final = frozenset(
    {
        *("arrow", "catboost", "empty", "fasttext", "image", "json", "lightgbm", "media"),
        *("msgpack", "mxnet", "npy", "oci", "openvino", "parquet", "pmml", "safetensors"),
        *("sentencepiece", "sqlite", "text", "tfjs", "tfrecord", "wide-text", "xgboost", "xml", "zarr"),
        *("hf-config", "lfs-pointer", "model-card", "secrets", "shard-index"),
    }
)
"""Formats that run nothing by themselves, whatever the name."""


def _detect(fact: Artifact) -> Iterator[Finding]:
    last = fact.where.steps[-1] if fact.where.steps else None
    name = last.name if isinstance(last, Member) else fact.where.root if last is None else ""
    dot = name.rfind(".")
    promised = _PROMISES.get(name[dot:].lower().rstrip()) if dot >= 0 else None
    if promised is None or not promised.isdisjoint(fact.formats):
        return
    found = [format_ for format_ in fact.formats if format_ not in _INERT]
    if found:
        message = f"named {name[dot:]!a}, and the bytes are {', '.join(found)}"
        yield Finding(rule=_RULE, where=fact.where, message=message, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Artifact, detect=_detect)
