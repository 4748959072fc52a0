"""A folder of weights: each file that a program would have to run, and the index that says which tensor is in which."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

from weighmaster.conversion.convert import Conversion, Wanted, convert
from weighmaster.model.errors import ConfigError, OverBudgetError, TrustError, UnreadableError
from weighmaster.model.value import Value

ENDINGS: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz", ".npy")
"""How files are called that are tried. What is none of them is left where it is."""
_INDEX: Final = ".index.json"
_LARGEST: Final = 64 << 20
_FILES: Final = 10_000
_MODEL: Final = re.compile(r"pytorch_(model.*)")


class Folder(Value):
    """What became of a folder: the files converted, those that were not and why, the indexes written."""

    files: tuple[Conversion, ...]
    skipped: tuple[tuple[str, str], ...]
    indexes: tuple[str, ...]


def convert_folder(
    source: str, target: str, wanted: Wanted, told: Callable[[Conversion], None] = lambda _: None
) -> Folder:
    """Convert the weights of a folder into another one.

    Shards and their index keep to each other: what the index says of a tensor must hold of what is in the shard.
    `told` hears of each file that is done.

    Raises:
        ConfigError: the target is there already, or two files would have the same name in it.
        TrustError: an index says what does not hold.
    """
    names = _names(source)
    weights = {name: converted_name(name) for name in names if name.endswith(ENDINGS)}
    taken = sorted(weights.values())
    double = next((one for one, other in pairwise(taken) if one == other), None)
    if double is not None:
        raise ConfigError(f"{', '.join(n for n, new in weights.items() if new == double)} would both become {double}")
    if os.path.lexists(target) and not wanted.force and os.listdir(target):
        raise ConfigError(f"{target} is there already: --force writes into it")
    indexes = {name: _index(os.path.join(source, name)) for name in names if name.endswith(_INDEX)}
    os.makedirs(target, exist_ok=True)
    done: dict[str, Conversion] = {}
    skipped: list[tuple[str, str]] = []
    for name, new in weights.items():
        try:
            done[name] = convert(os.path.join(source, name), os.path.join(target, new), wanted)
            told(done[name])
        except (UnreadableError, OverBudgetError) as error:
            skipped.append((name, str(error)))
    written = [_rewritten(name, index, done, target, wanted) for name, index in indexes.items()]
    return Folder(files=tuple(done.values()), skipped=tuple(skipped), indexes=tuple(new for new in written if new))


def converted_name(name: str) -> str:
    """Return what a file is called once it is converted: as the libraries look for it.

    >>> converted_name("pytorch_model-00001-of-00002.bin"), converted_name("unet.pt"), converted_name("x.npz")
    ('model-00001-of-00002.safetensors', 'unet.safetensors', 'x.safetensors')
    """
    stem = name.rpartition(".")[0]
    found = _MODEL.fullmatch(stem)
    return f"{found[1] if found else stem or 'model'}.safetensors"


def _names(source: str) -> list[str]:
    try:
        names = sorted(entry.name for entry in os.scandir(source) if entry.is_file())
    except OSError as error:
        raise ConfigError(f"{source} cannot be listed: {error.strerror}") from error
    if len(names) > _FILES:
        raise ConfigError(f"{source} has {len(names)} files: {_FILES} are converted at once")
    return names


def _index(path: str) -> Mapping[str, Any]:
    from weighmaster.trust.strict import parsed

    with open(path, "rb") as file:
        raw = file.read(_LARGEST + 1)
    return parsed(raw, path).values


def _rewritten(
    name: str, index: Mapping[str, Any], done: Mapping[str, Conversion], target: str, wanted: Wanted
) -> str | None:
    """Write the index of converted shards, and return its name; None where it is of other files."""
    shards = index.get("weight_map")
    if not isinstance(shards, dict) or not all(isinstance(shard, str) for shard in shards.values()):
        return None
    if not set(shards.values()) & done.keys():
        return None
    held = {shard: {*one.written, *(alias for alias, _ in one.aliases)} for shard, one in done.items()}
    for tensor, shard in shards.items():
        if tensor not in held.get(shard, ()):
            raise TrustError(f"{name} says that {tensor!r} is in {shard}, and it is not")
    size = sum(one.numbers for shard, one in done.items() if shard in set(shards.values()))
    document = {
        "metadata": {"total_size": size},
        "weight_map": {tensor: converted_name(shard) for tensor, shard in sorted(shards.items())},
    }
    new = f"{converted_name(name.removesuffix(_INDEX))}{_INDEX}"
    _write(os.path.join(target, new), json.dumps(document, indent=2, ensure_ascii=False) + "\n", force=wanted.force)
    return new


def _write(path: str, text: str, *, force: bool) -> None:
    if os.path.lexists(path) and not force:
        raise ConfigError(f"{path} is there already: --force replaces it")
    descriptor, scratch = tempfile.mkstemp(dir=os.path.dirname(path))
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(scratch, path)
