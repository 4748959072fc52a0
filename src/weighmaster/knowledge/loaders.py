"""What libraries open of a folder, in the order in which they look: a function of the names alone.

Most folders hold the same model several times, for older programs or other runtimes, and each library takes one.
Sources, read in the libraries' own code: `transformers/modeling_utils.py` (`_get_resolved_checkpoint_files`),
`peft/utils/save_and_load.py` (`load_peft_weights`), `diffusers/models/model_loading_utils.py`, `timm/models/_hub.py`
(`load_state_dict_from_hf`), `open_clip/factory.py`, `torch/hub.py`, `tensorflow/python/saved_model/loader_impl.py`, and
<https://huggingface.co/docs/inference-endpoints/guides/custom_handler>.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

_SHARD: Final = pattern(r"(?P<stem>.+)-\d{5}-of-\d{5}\.(?P<ending>safetensors|bin)\Z")
_PART: Final = pattern(r".+-(?P<at>\d{5})-of-\d{5}\.gguf\Z")
_VARIANT: Final = pattern(
    r"(?P<stem>model|diffusion_pytorch_model|pytorch_model)\.(?P<variant>\w+)\.(?P<ending>safetensors|bin)\Z"
)

SAFE: Final = (".safetensors", ".gguf", ".onnx", ".tflite", ".json", ".msgpack", ".h5")
"""Endings of weights that run nothing by themselves, if they are what they are named."""
UNSAFE: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".h5", ".keras", ".ot")
"""Endings of weights that may run code when they are loaded."""

_CARRIED: Final = {
    "transformers": ("generation_config.json", "tokenizer_config.json", "tokenizer.json", "special_tokens_map.json",
                     "added_tokens.json", "vocab.json", "merges.txt", "vocab.txt", "spiece.model", "tokenizer.model",
                     "sentencepiece.bpe.model", "chat_template.jinja", "chat_template.json", "processor_config.json",
                     "preprocessor_config.json", "video_preprocessor_config.json"),
    "peft": ("adapter_config.json",),
}  # fmt: skip
"""Files that a library opens besides weights, where they are."""

_WEIGHTS: Final = {
    "transformers": (
        "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    ),
    "peft": ("adapter_model.safetensors", "adapter_model.bin"),
    "diffusers": (
        "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.safetensors.index.json",
        "diffusion_pytorch_model.bin", "diffusion_pytorch_model.bin.index.json", "model.safetensors",
        "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    ),
    "timm": ("model.safetensors", "pytorch_model.bin"),
    "open_clip": ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin"),
    "sentence-transformers": ("model.safetensors", "pytorch_model.bin"),
}  # fmt: skip
"""What each library takes as a folder's weights: the first that is there."""

_ELSE: Final = ("tf_model.h5", "flax_model.msgpack", "rust_model.ot", "model.ckpt.index", "model.onnx")
"""Weights of a folder for transformers that releases of today leave alone."""

_ENTRY: Final = (
    ("transformers", "config.json"),
    ("peft", "adapter_config.json"),
    ("diffusers", "model_index.json"),
    ("sentence-transformers", "modules.json"),
    ("open_clip", "open_clip_config.json"),
    ("torch.hub", "hubconf.py"),
    ("endpoint", "handler.py"),
    ("tensorflow", "saved_model.pb"),
    ("mlflow", "MLmodel"),
    ("spacy", "config.cfg"),
)
"""The file by which each library knows a folder for its own."""


_WHOLES: Final = frozenset({"model_index.json", "modules.json"})


class Load(Value):
    """What one library opens of one folder, in order, and which weights beside them it leaves alone."""

    loader: str
    folder: str
    opens: tuple[str, ...]
    leaves: tuple[str, ...] = ()


def chosen(names: Iterable[str]) -> tuple[str, ...]:
    """Return what some library would open of a target, those that decide first.

    >>> chosen(["pytorch_model.bin", "model.safetensors", "config.json"])
    ('config.json', 'model.safetensors')
    """
    return tuple(dict.fromkeys(name for load in loads(names) for name in load.opens))


def loads(names: Iterable[str]) -> Iterator[Load]:
    """Yield what each library opens of each folder; names are paths with `/`."""
    folders: dict[str, set[str]] = {}
    for name in names:
        at = max(name.rfind("/"), name.rfind("!")) + 1
        folders.setdefault(name[:at], set()).add(name[at:])
    below: dict[str, list[str]] = {}
    for folder in folders:
        if folder:
            below.setdefault(_above(folder), []).append(folder)
    for folder in sorted(folders):
        above = folders.get(_above(folder), set()) if folder else set()
        for loader, entry in _ENTRY:
            # A component is loaded with the whole that it belongs to.
            if entry in folders[folder] and not (loader == "transformers" and above & _WHOLES):
                yield _load(loader, entry, folder, folders, below.get(folder, ()))
        yield from _single(folder, folders[folder])


def _above(folder: str) -> str:
    return folder[: max(folder.rfind("/", 0, -1), folder.rfind("!", 0, -1)) + 1]


def _load(loader: str, entry: str, folder: str, folders: dict[str, set[str]], below: Iterable[str]) -> Load:
    here = folders[folder]
    opens = [entry, *(name for name in _CARRIED.get(loader, ()) if name in here and name != entry)]
    opens += _weights(loader, here)
    found = [folder + name for name in opens]
    if loader in {"diffusers", "sentence-transformers"}:
        for inner in sorted(below):
            those = ["config.json", *(f"{kind}_config.json" for kind in ("scheduler", "preprocessor", "tokenizer"))]
            found += [inner + name for name in those if name in folders[inner]]
            found += [inner + name for name in _weights(loader, folders[inner])]
    elif loader == "tensorflow":
        variables = folders.get(f"{folder}variables/", set())
        found += [f"{folder}variables/{name}" for name in sorted(variables)]
        found += [folder + name for name in ("keras_metadata.pb", "fingerprint.pb") if name in here]
    leaves = tuple(folder + name for name in sorted(_other_weights(loader, here) - set(opens)))
    return Load(loader=loader, folder=folder, opens=tuple(found), leaves=leaves)


def _weights(loader: str, here: set[str]) -> list[str]:
    for name in _WEIGHTS.get(loader, ()):
        if name in here:
            return [name, *_shards(name, here)] if name.endswith(".index.json") else [name]
    return []


def _shards(index: str, here: set[str]) -> list[str]:
    """Return the files that an index of this name has by convention; what it says itself may differ."""
    stem, _, ending = index.removesuffix(".index.json").rpartition(".")
    found = []
    for name in here:
        shard = _SHARD.match(name)
        if shard and (shard["stem"], shard["ending"]) == (stem, ending):
            found.append(name)
    return sorted(found)


def _other_weights(loader: str, here: set[str]) -> set[str]:
    """Return the files of a folder that are the same model for another program, or an older one."""
    known = {*_WEIGHTS.get(loader, ()), *(_ELSE if loader == "transformers" else ())}
    found = known & here
    stems = {name.partition(".")[0] for name in _WEIGHTS.get(loader, ())}
    for name in here:
        shard, variant = _SHARD.match(name), _VARIANT.match(name)
        if (shard and shard["stem"] in stems) or (variant and variant["stem"] in stems):
            found.add(name)
    return found


def _single(folder: str, here: set[str]) -> Iterator[Load]:
    """Yield what is loaded file by file: llama.cpp is given one, and finds its other parts by their numbers."""
    parts = sorted(name for name in here if name.endswith(".gguf"))
    first = [name for name in parts if not (part := _PART.match(name)) or part["at"] == "00001"]
    if parts:
        yield Load(
            loader="llama.cpp",
            folder=folder,
            opens=tuple(folder + name for name in (*first, *sorted({*parts} - {*first}))),
        )
    for loader, ending in (("keras", ".keras"), ("onnxruntime", ".onnx")):
        if found := tuple(folder + name for name in sorted(here) if name.endswith(ending)):
            yield Load(loader=loader, folder=folder, opens=found)
