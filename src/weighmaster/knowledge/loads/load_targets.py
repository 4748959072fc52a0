"""What the target of a load stands for: a repository of a hub, a path, an address; and whether its version is fixed.

Names of repositories: `huggingface_hub/utils/_validators.py` (`validate_repo_id`). Names without an owner are those of
the hub's first models (<https://huggingface.co/docs/hub/repositories-getting-started>); sentence-transformers looks for
its own under `sentence-transformers/`. Builders of data sets that come with the library `datasets` are no repositories:
<https://huggingface.co/docs/datasets/loading>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.knowledge.loads.loads import HUB
from weighmaster.knowledge.repository import path_of
from weighmaster.model.package import Load
from weighmaster.reading.pattern import pattern

_COMMIT: Final = pattern(r"[0-9a-f]{40}\Z")
_REPOSITORY: Final = pattern(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}\Z")
_ALONE: Final = pattern(r"[A-Za-z0-9][\w.-]{0,95}\Z")
OF_HUB: Final = pattern(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(datasets/)?([\w.-]+/[\w.-]+?)(?:\.git)?"
    r"(?:/(?:resolve|blob|raw)/([^/\s]+)/(\S+))?/?\Z"
)
"""An address of the hub: whether of a data set, the repository, the revision and the file."""
_ADDRESS: Final = pattern(r"[A-Za-z][A-Za-z0-9+.-]*://")
_FILE: Final = pattern(
    r".*\.(?:safetensors|bin|pth?|ckpt|pkl|pickle|joblib|onnx|gguf|ggml|h5|hdf5|keras|tflite|pb|npz|npy|json|jsonl|csv"
    r"|tsv|txt|ya?ml|toml|parquet|arrow|zip|tar|gz|xz|so|dll|dylib|engine|plan|mlmodel|mlpackage|model|msgpack|nemo|dat)\Z"
)
_WEIGHTS: Final = pattern(
    r".*\.(?:safetensors|bin|pth?|ckpt|pkl|pickle|joblib|onnx|gguf|ggml|h5|hdf5|keras|tflite|pb|npz|npy|engine|plan"
    r"|mlmodel|nemo|tar|tgz|pdparams|caffemodel)(?:\.(?:gz|xz|zip))?(?:[?#].*)?\Z"
)
_FIRST: Final = pattern(
    r"(?:albert|bart|bert|camembert|ctrl|deberta|distil(?:bert|gpt2|roberta)|electra|gpt2|longformer|mobilebert|opus"
    r"|openai-gpt|roberta|t5|transfo-xl|xlm|xlnet|flaubert|funnel|layoutlm|pegasus|squeezebert|vit|whisper)"
    r"(?:-[\w.-]+)?\Z"
)
"""Names of models without an owner, as the hub has them from its first years."""
BUILDERS: Final = frozenset({
    "arrow", "audiofolder", "cache", "csv", "folder", "generator", "imagefolder", "json", "lance", "medialoader",
    "niftifolder", "pandas", "parquet", "pdffolder", "polars", "spark", "sql", "text", "videofolder", "webdataset",
    "xml", "eval", "hdf5", "nifti",
})  # fmt: skip
"""Builders of the library `datasets`: they read files, and name no repository."""
_PATHS: Final = ("/", "./", "../", "~", ".\\", "..\\", "$")
_TESTS: Final = pattern(
    r"(?:.*[/!])?(?:tests?|testing|unit_?tests?|conftest\.py|test_[^/!]*\.py|[^/!]*_tests?\.py)(?:[/!].*)?\Z"
)
_PACKAGED: Final = pattern(r".*(?:\.whl!|\.zip!|(?:site|dist)-packages/)")
_UNKNOWN: Final = "?"
_SHOWN: Final = 80


def place_of(load: Load) -> str:
    """Return what a load's target is: `hub`, `name`, `path`, `address`, `registry`, `service`, `package`, `unknown`...

    `name` may be the name of a repository or of a folder; `builder` is a reader of the library `datasets`.

    >>> from weighmaster.model.where import Where
    >>> def load(target, kind="model"):
    ...     return Load(where=Where.file("x.py"), loader=f"datasets.load_{kind}", kind=kind, target=target)
    >>> [place_of(load(target)) for target in ("org/model", "gpt2", "out", "./out", "https://x/y", "")]
    ['hub', 'hub', 'name', 'path', 'address', 'unknown']
    >>> place_of(load("json", "dataset")), place_of(load("imdb", "dataset")), place_of(load("m.pt", "checkpoint"))
    ('builder', 'hub', 'path')
    """
    target, kind = load.target, load.kind
    if not target:
        return "unknown"
    if _ADDRESS.match(target):
        return "registry" if kind == "registry" else "address"
    if kind in {"registry", "service", "package", "address", "hub-code"}:
        return "path" if _is_path(target) or option(load, "source") == "local" else kind
    if kind not in HUB or _is_path(target) or _FILE.match(target.lower()):
        return "path"
    if _REPOSITORY.match(target):
        return "hub"
    return _alone(load) if _ALONE.match(target) else "path"


def _alone(load: Load) -> str:
    if load.kind == "dataset":
        if load.loader.startswith("datasets.load_from_disk"):
            return "path"
        if not load.loader.startswith("datasets."):
            return "registry"
        return "builder" if load.target in BUILDERS else "hub"
    if load.loader.startswith(("sentence_transformers.", "InstructorEmbedding.")) or _FIRST.match(load.target):
        return "hub"
    return "registry" if load.loader.startswith(_OWN_NAMES) else "name"


_OWN_NAMES: Final = (
    "clip.", "easyocr.", "faster_whisper.", "gpt4all.", "keras_hub.", "keras_nlp.", "open_clip.", "timm.",
    "torchvision.", "ultralytics.", "whisper.", "whisperx.",
)  # fmt: skip
"""Libraries that have a list of names of their own."""


def _is_path(target: str) -> bool:
    return target.startswith(_PATHS) or "\\" in target or target[1:3] == ":/"


def repository(load: Load) -> str:
    """Return the repository that a load names, with its owner where it is known."""
    if place_of(load) != "hub":
        return ""
    alone = "/" not in load.target
    own = alone and load.kind == "model" and load.loader.startswith("sentence_transformers.")
    return f"sentence-transformers/{load.target}" if own and not _FIRST.match(load.target) else load.target


def is_commit(revision: str) -> bool:
    """Say whether a revision is a commit, which nobody can move.

    >>> is_commit("6f3d9a7c" * 5), is_commit("main"), is_commit("6f3d9a7")
    (True, False, False)
    """
    return _COMMIT.match(revision) is not None


def pinned(load: Load) -> str:
    """Return how the version of a repository is fixed: `commit`, `moving` (a branch or tag), `none`, `unknown`."""
    if load.revision == _UNKNOWN or (not load.revision and option(load, "**") == _UNKNOWN):
        return "unknown"
    if not load.revision:
        return "none"
    return "commit" if is_commit(load.revision) else "moving"


def option(load: Load, name: str) -> str:
    """Return what an option of a load is, empty where it is not given."""
    return next((held.partition("=")[2] for held in load.options if held.partition("=")[0] == name), "")


def is_test(path: str) -> bool:
    """Say whether a file is a test: what it loads comes into no program.

    >>> is_test("pkg/tests/a.py"), is_test("x.whl!pkg/test_a.py"), is_test("pkg/testimony.py")
    (True, True, False)
    """
    return _TESTS.match(path) is not None


def line_of(load: Load) -> int:
    """Return the line on which a load begins, 0 where it is not known."""
    return load.span[0] if load.span else 0


def told(load: Load) -> str:
    """Return what is loaded, by what and on which line, as messages have it."""
    line = f"line {line_of(load)}: " if line_of(load) else ""
    what = f" of {load.target[:_SHOWN]!r}" if load.target else ""
    return f"{line}{load.loader}{what}"


def trusts_code(load: Load) -> bool:
    """Say whether a library is told that it may run the code of a repository."""
    return option(load, "trust_remote_code") == "True"


def runs_code_of(load: Load) -> str:
    """Return the repository on a hub whose code a load may run; empty where there is none, or it is not known."""
    custom = option(load, "custom_pipeline")
    if custom and _REPOSITORY.match(custom) and not is_commit(option(load, "custom_revision")):
        return custom
    return repository(load) if trusts_code(load) else ""


def has_digest(load: Load) -> bool:
    """Say whether what an address gives is compared with a digest."""
    given = [option(load, name) for name in ("check_hash", "hash_prefix", "file_hash", "md5_hash", "md5", "known_hash")]
    return any(value not in {"", "None", "False"} for value in given) or "sha256" in load.target.lower()


def is_file_of_model(target: str) -> bool:
    """Say whether an address or a path has the name of a file of weights.

    >>> is_file_of_model("https://x.org/a.pth?download=1"), is_file_of_model("https://x.org/index.html")
    (True, False)
    """
    return _WEIGHTS.match(target.lower()) is not None


def is_dormant(load: Load) -> bool:
    """Say whether a package brings this and does not do it until somebody calls it.

    Who installs a library did not write it, and may never call that function.
    """
    return load.when in {"call", "main"} and is_packaged(load)


def is_packaged(load: Load) -> bool:
    """Say whether the source is a package's, and not that of whoever uses it."""
    return is_packaged_path(path_of(load.where))


def is_packaged_path(path: str) -> bool:
    """Say whether a file is a package's, told from where it lies."""
    return _PACKAGED.match(path) is not None
