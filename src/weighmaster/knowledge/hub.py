"""What the words in a hub's answers mean, and what a file's name promises of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from weighmaster.model.errors import WeighmasterError
from weighmaster.reading.pattern import pattern

if TYPE_CHECKING:
    from datetime import datetime

_CODE: Final = frozenset(
    {".py", ".pyc", ".pyd", ".so", ".dll", ".dylib", ".exe", ".sh", ".bat", ".ps1", ".jar", ".cu", ".whl"}
)
_LOADED: Final = frozenset(
    {
        ".bin", ".pt", ".pth", ".pkl", ".pickle", ".joblib", ".ckpt", ".dill", ".cloudpickle", ".pt2", ".ptl", ".t7",
        ".nemo", ".mar", ".h5", ".hdf5", ".keras", ".pb", ".npy", ".npz",
    }
)  # fmt: skip
"""Kinds of files in which a loader may find code."""
_NUMBERS: Final = frozenset({".safetensors", ".gguf", ".onnx", ".tflite", ".mlmodel", ".ot", ".ggml"})
"""Kinds of files that hold numbers."""
_PLAIN_BIN: Final = pattern(r"(?:.*/)?(?:openvino_|ggml-|weight\.bin|tf_model)[^/]*|.*/Data/com\.apple\.CoreML/.*")
"""Files whose ending says that they may hold code, and whose name says that they hold numbers."""

BOTS: Final = frozenset({"SFconvertbot", "system", "hysts-bot", "parquet-converter", "librarian-bot"})
"""Accounts of the hub itself, which convert files and mend cards everywhere."""

MOVED: Final = frozenset({"unsafe", "suspicious"})
"""What the hub's scanners say of a file that a person should look at; milder words are not taken up."""

SCANNERS: Final = MappingProxyType(
    {
        "avScan": "virus scanner",
        "protectAiScan": "Protect AI",
        "jFrogScan": "JFrog",
        "virusTotalScan": "VirusTotal",
        "pickleImportScan": "pickle imports",
    }
)
"""The hub's scanners, by the key that their answer has."""

PERCENT: Final = frozenset(
    {
        "accuracy", "acc", "acc_norm", "balanced_accuracy", "f1", "precision", "recall", "exact_match", "em", "rouge",
        "rouge1", "rouge2", "rougel", "rougelsum", "bleu", "sacrebleu", "map", "ndcg", "ndcg_at_10", "map_at_10", "mrr",
        "roc_auc", "auc", "auroc", "pass@1", "pass_at_1", "iou", "mean_iou", "pearson", "spearman", "cosine_spearman",
        "cosine_pearson", "ap", "v_measure",
    }
)  # fmt: skip
"""Measures that end at 1, or at 100 as a percentage."""


def suffix(path: str) -> str:
    """Return the last ending of a path, in lower case.

    >>> suffix("sub.dir/Model.BIN"), suffix("LICENSE")
    ('.bin', '')
    """
    name = path.rpartition("/")[2].lower()
    return name[name.rfind(".") :] if "." in name else ""


def may_run(path: str) -> bool:
    """Whether a file of that name is code, or of a kind in which a loader may find code.

    >>> may_run("pytorch_model.bin"), may_run("openvino_model.bin"), may_run("model.safetensors")
    (True, False, False)
    """
    return suffix(path) in _CODE or (suffix(path) in _LOADED and not _PLAIN_BIN.fullmatch(path))


def is_weights(path: str) -> bool:
    """Whether a file of that name holds what a model has learned.

    >>> is_weights("model.safetensors"), is_weights("modeling.py"), is_weights("training_args.bin")
    (True, False, False)
    """
    return suffix(path) in _NUMBERS or (suffix(path) in _LOADED and not path.endswith("training_args.bin"))


def holds_only_numbers(path: str) -> bool:
    """Whether a file of that name is of a kind that cannot hold code."""
    return suffix(path) == ".safetensors"


def optional(ask: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a function that asks, and answers None where there is no answer: mirrors do not say all that hubs say."""

    def asked(path: str) -> Any:
        try:
            return ask(path)
        except WeighmasterError:
            return None

    return asked


def moment(value: object) -> datetime | None:
    """Return a date as the hub writes it.

    >>> moment("2024-05-01T10:00:00.000Z").isoformat()
    '2024-05-01T10:00:00+00:00'
    """
    from datetime import datetime

    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None


def made(id: object) -> datetime | None:
    """Return when an id of the hub's database was made: its first eight digits are the second.

    >>> made("621ffdc036468d709f17434d").isoformat()
    '2022-03-02T23:29:04+00:00'
    """
    from datetime import UTC, datetime

    if not isinstance(id, str) or not _ID.fullmatch(id):
        return None
    return datetime.fromtimestamp(int(id[:8], 16), UTC)


_ID: Final = pattern(r"[0-9a-f]{24}")


def mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping, which is empty where the answer holds something else."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """Return a list, which is empty where the answer holds something else."""
    return value if isinstance(value, list) else []


def text(value: object, most: int = 300) -> str:
    """Return a text, cut where it gets long; empty where the answer holds something else."""
    return value[:most] if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e18:  # noqa: PLR0124
        return None
    return float(value)


def amount(value: object) -> float | None:
    """Return a finite number, which may be written as text: YAML is read without types.

    >>> amount("12.5"), amount(3), amount("nan"), amount("many")
    (12.5, 3.0, None, None)
    """
    if isinstance(value, str) and len(value) < 40:
        try:
            return number(float(value))
        except ValueError:
            return None
    return number(value)


def metrics(card: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Yield the scores that a model card claims: dataset, measure, value.

    Specification: <https://github.com/huggingface/hub-docs/blob/main/modelcard.md>, `model-index`.
    """
    for model in items(card.get("model-index"))[:50]:
        for result in items(mapping(model).get("results"))[:200]:
            dataset = mapping(mapping(result).get("dataset"))
            name = " ".join(text(dataset.get(key), 80) for key in ("type", "config", "split") if dataset.get(key))
            for metric in items(mapping(result).get("metrics"))[:50]:
                value = amount(mapping(metric).get("value"))
                if value is not None:
                    yield name, text(mapping(metric).get("type"), 40).lower(), value
