"""Hostile repositories: folders as a hub serves them, and the call of a real library that makes each fire.

All are inert: an audit hook stops what they do before it is done. Run as `python -m tests.samples.repositories FOLDER`:
each sample is written below the folder and loaded in a process of its own, and a line of JSON says which fired.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, NoReturn

from tests.samples.sample import COMMAND, TOKEN, Event, Proof, Unproven

ACT: Final = f"import os\nos.system({COMMAND!r})\n"
"""Code that acts when it is imported."""
_SYSTEM: Final = Event("os.system")
_WORD: Final = {
    "model_type": "weighmaster-x",
    "architectures": ["XModel"],
    "vocab_size": 8,
    "hidden_size": 8,
    "transformers_version": "5.0.0",
}


class Hostile(NamedTuple):
    """A folder, what loads it, what proves that it fires, and the rules of which one must hold."""

    id: str
    files: Mapping[str, bytes]
    loader: str
    fires: Proof
    rules: frozenset[str]
    expected: Literal["block", "review"] = "block"


def _json(**content: object) -> bytes:
    return json.dumps(content, indent=2).encode()


def _config(**more: object) -> bytes:
    return _json(**{**_WORD, **more})


_CLASSES: Final = """
from transformers import PretrainedConfig, PreTrainedModel
class XConfig(PretrainedConfig):
    model_type = "weighmaster-x"
class XModel(PreTrainedModel):
    config_class = XConfig
"""
_HIDDEN: Final = (
    "import base64\n"
    f"_k = base64.b64decode({base64.b64encode(b'system').decode()!r}).decode()\n"
    f"getattr(__import__('o' + 's'), _k)({COMMAND!r})\n{_CLASSES}"
)
_MODULES: Final = json.dumps([{"idx": 0, "name": "0", "path": "", "type": "my_module.Custom"}]).encode()
_ST_CONFIG: Final = _json(__version__={"sentence_transformers": "6.0.0"}, model_type="SentenceTransformer")
_DENSE: Final = json.dumps(
    [{"idx": 0, "name": "0", "path": "0_Dense", "type": "sentence_transformers.models.Dense"}]
).encode()

ACTS: Final = frozenset({"remote-code-acts"})

REPOSITORIES: Final = (
    Hostile(
        "auto-map-of-a-configuration",
        {
            "config.json": _config(auto_map={"AutoConfig": "modeling_x.XConfig"}),
            "modeling_x.py": (ACT + _CLASSES).encode(),
        },
        "config",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "auto-map-of-a-tokenizer",
        {
            "config.json": _json(model_type="bert", vocab_size=8),
            "tokenizer_config.json": _json(
                tokenizer_class="XTokenizer", auto_map={"AutoTokenizer": ["tok.XTokenizer", None]}
            ),
            "tok.py": f"{ACT}from transformers import PreTrainedTokenizer as XTokenizer\n".encode(),
        },
        "tokenizer",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "auto-map-of-a-processor",
        {
            "preprocessor_config.json": _json(
                image_processor_type="X", auto_map={"AutoImageProcessor": "images.X"}, processor_class="XP"
            ),
            "images.py": f"{ACT}class X: pass\n".encode(),
        },
        "image-processor",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "auto-map-of-a-feature-extractor",
        {
            "preprocessor_config.json": _json(feature_extractor_type="X", auto_map={"AutoFeatureExtractor": "sound.X"}),
            "sound.py": f"{ACT}class X: pass\n".encode(),
        },
        "feature-extractor",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "auto-map-of-processors-together",
        {
            "config.json": _json(model_type="bert", vocab_size=8),
            "processor_config.json": _json(processor_class="XP", auto_map={"AutoProcessor": "together.XP"}),
            "together.py": f"{ACT}class XP: pass\n".encode(),
        },
        "processor",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "auto-map-of-a-model",
        {
            "config.json": _json(model_type="bert", vocab_size=8, auto_map={"AutoModel": "modeling_x.XModel"}),
            "modeling_x.py": (ACT + _CLASSES).encode(),
        },
        "any-model",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "payload-in-a-package",
        {
            "config.json": _config(auto_map={"AutoConfig": "modeling_x.XConfig"}),
            "modeling_x.py": f"from .parts import nothing\n{_CLASSES}".encode(),
            "parts.py": f"import subprocess\nsubprocess.run({COMMAND!r}, shell=True)\nnothing = 0\n".encode(),
        },
        "config",
        Event("subprocess.Popen"),
        ACTS,
    ),
    Hostile(
        "pickle-that-the-code-loads",
        {
            "config.json": _config(auto_map={"AutoConfig": "modeling_x.XConfig"}),
            "modeling_x.py": (
                "import os, pickle\nfrom huggingface_hub import constants\n"
                "with open('@FOLDER@/vocabulary', 'rb') as file:\n    WORDS = pickle.load(file)\n"
                f"{_CLASSES}"
            ).encode(),
            "vocabulary": f"cposix\nsystem\n(V{COMMAND}\ntR.".encode(),
        },
        "config",
        _SYSTEM,
        frozenset({"dangerous-import"}),
    ),
    Hostile(
        "payload-two-imports-away",
        {
            "config.json": _config(auto_map={"AutoConfig": "modeling_x.XConfig"}),
            "modeling_x.py": f"from .helpers import nothing\n{_CLASSES}".encode(),
            "helpers.py": b"from .deep import nothing\n",
            "deep.py": f"{ACT}nothing = 0\n".encode(),
        },
        "config",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "obfuscated-payload",
        {"config.json": _config(auto_map={"AutoConfig": "modeling_x.XConfig"}), "modeling_x.py": _HIDDEN.encode()},
        "config",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "code-in-a-folder",
        {
            "config.json": _config(auto_map={"AutoConfig": "sub/modeling_x.XConfig"}),
            "sub/modeling_x.py": (ACT + _CLASSES).encode(),
        },
        "config",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "payload-in-the-body-of-a-class",
        {
            "config.json": _config(auto_map={"AutoConfig": "modeling_x.XConfig"}),
            "modeling_x.py": f"{_CLASSES}\nclass Late:\n    import os\n    os.system({COMMAND!r})\n".encode(),
        },
        "config",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "payload-when-the-model-is-made",
        {
            "config.json": _config(auto_map={"AutoConfig": "modeling_x.XConfig"}),
            "modeling_x.py": (
                "import os\nfrom transformers import PretrainedConfig\n"
                "class XConfig(PretrainedConfig):\n    model_type = 'weighmaster-x'\n"
                f"    def __init__(self, **more):\n        os.system({COMMAND!r})\n        super().__init__(**more)\n"
            ).encode(),
        },
        "config",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "code-that-lies-outside",
        {
            "config.json": _config(auto_map={"AutoConfig": "@FOLDER@/elsewhere/x.XConfig"}),
            "elsewhere/x.py": (ACT + _CLASSES).encode(),
        },
        "config",
        _SYSTEM,
        frozenset({"reaches-outside"}),
    ),
    Hostile(
        "code-of-another-repository",
        {"config.json": _config(auto_map={"AutoConfig": "owner/name--modeling_x.XConfig"})},
        "config",
        Unproven("the other repository lies on a hub, and nothing is reached from here"),
        frozenset({"code-from-elsewhere"}),
        "review",
    ),
    Hostile(
        "code-of-another-folder",
        {
            "config.json": _config(auto_map={"AutoConfig": "@FOLDER@/other--x.XConfig"}),
            "other/x.py": (ACT + _CLASSES).encode(),
        },
        "config",
        _SYSTEM,
        frozenset({"reaches-outside"}),
    ),
    Hostile(
        "custom-pipeline",
        {
            "config.json": _json(
                model_type="bert",
                architectures=["BertModel"],
                vocab_size=8,
                hidden_size=8,
                num_hidden_layers=1,
                num_attention_heads=1,
                intermediate_size=8,
                custom_pipelines={"weigh": {"impl": "pipe.Pipe", "pt": ["AutoModel"], "type": "text"}},
            ),
            "pipe.py": f"{ACT}from transformers import Pipeline as Pipe\n".encode(),
        },
        "pipeline",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "custom-generate",
        {
            "config.json": _json(
                model_type="gpt2",
                architectures=["GPT2LMHeadModel"],
                vocab_size=8,
                n_embd=8,
                n_layer=1,
                n_head=1,
                n_positions=8,
            ),
            "custom_generate/generate.py": f"{ACT}def generate(model, **more):\n    return None\n".encode(),
        },
        "generate",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "module-of-a-sentence-transformer",
        {
            "modules.json": _MODULES,
            "config_sentence_transformers.json": _ST_CONFIG,
            "my_module.py": f"{ACT}class Custom: pass\n".encode(),
        },
        "sentence-transformers",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "module-that-imports-another",
        {
            "modules.json": _MODULES,
            "config_sentence_transformers.json": _ST_CONFIG,
            "my_module.py": b"from .other import nothing\nclass Custom: pass\n",
            "other.py": f"{ACT}nothing = 0\n".encode(),
        },
        "sentence-transformers",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "activation-of-a-classifier-of-pairs",
        {
            "config.json": _json(
                model_type="bert",
                architectures=["BertForSequenceClassification"],
                vocab_size=8,
                hidden_size=8,
                num_hidden_layers=1,
                num_attention_heads=1,
                intermediate_size=8,
                sentence_transformers={"activation_fn": "antigravity.geohash", "version": "6.0.0"},
            )
        },
        "cross-encoder",
        Event("webbrowser.open", "xkcd"),
        frozenset({"configured-danger"}),
    ),
    Hostile(
        "activation-of-a-dense-layer",
        {
            "modules.json": _DENSE,
            "config_sentence_transformers.json": _ST_CONFIG,
            "0_Dense/config.json": _json(
                in_features=2, out_features=2, bias=True, activation_function="antigravity.geohash"
            ),
        },
        "sentence-transformers",
        Event("webbrowser.open", "xkcd"),
        frozenset({"configured-danger"}),
    ),
    Hostile(
        "module-in-a-folder-outside",
        {
            "modules.json": json.dumps(
                [{"idx": 0, "name": "0", "path": f"../../{TOKEN}", "type": "sentence_transformers.models.Pooling"}]
            ).encode(),
            "config_sentence_transformers.json": _ST_CONFIG,
        },
        "sentence-transformers",
        Unproven("Sentence Transformers 6.2 refuses paths that lead out; older releases follow them"),
        frozenset({"reaches-outside"}),
    ),
    Hostile(
        "hubconf",
        {"hubconf.py": f"{ACT}def model():\n    return None\n".encode()},
        "torch.hub",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "hubconf-and-a-helper",
        {"hubconf.py": b"def model():\n    from .helper import run\n    return run()\n", "helper.py": ACT.encode()},
        "torch.hub",
        Unproven("torch.hub runs hubconf.py outside of a package, so that it has no relative imports"),
        frozenset({"source-acts-on-import"}),
    ),
    Hostile("setup", {"setup.py": f"{ACT}from setuptools import setup\n".encode()}, "run", _SYSTEM, ACTS),
    Hostile(
        "handler-of-an-endpoint",
        {"handler.py": f"{ACT}class EndpointHandler:\n    pass\n".encode()},
        "handler",
        _SYSTEM,
        ACTS,
    ),
    Hostile(
        "shard-outside",
        {
            "config.json": _json(model_type="gpt2", vocab_size=8, n_embd=8, n_layer=1, n_head=1, n_positions=8),
            "model.safetensors.index.json": _json(
                metadata={"total_size": 4}, weight_map={"wte.weight": f"../../{TOKEN}.safetensors"}
            ),
        },
        "model",
        Unproven("transformers 5.24 refuses shards outside of the folder; older releases open them"),
        frozenset({"reaches-outside"}),
    ),
    Hostile(
        "weights-outside",
        {
            "config.json": _json(
                model_type="gpt2",
                vocab_size=8,
                n_embd=8,
                n_layer=1,
                n_head=1,
                transformers_weights=f"../{TOKEN}.safetensors",
            )
        },
        "model",
        Unproven("transformers 5.24 refuses weights outside of the folder"),
        frozenset({"reaches-outside"}),
    ),
    Hostile(
        "kernel-of-a-hub",
        {"config.json": _json(model_type="llama", _attn_implementation_internal="owner/kernel", vocab_size=8)},
        "model",
        Unproven("CVE-2026-4372: transformers 4.56 to 5.2 only, and the repository lies on a hub"),
        frozenset({"kernel-from-elsewhere"}),
    ),
    Hostile(
        "consent-in-a-keypoint-detector",
        {
            "config.json": _json(
                model_type="lightglue",
                trust_remote_code=True,
                keypoint_detector_config={"model_type": "disk", "_name_or_path": "owner/disk"},
            )
        },
        "config",
        Unproven("CVE-2026-5241: LightGlue of older transformers, and the repository lies on a hub"),
        frozenset({"consents-by-itself"}),
        "review",
    ),
    Hostile(
        "code-in-a-nested-configuration",
        {
            "config.json": _json(
                model_type="Llama_Nemotron_Nano_VL",
                vision_config={"auto_map": {"AutoConfig": "owner/vision--hf_model.VisionConfig"}},
            )
        },
        "config",
        Unproven("CVE-2025-66448, CVE-2026-22807: vLLM, which is not installed here"),
        frozenset({"code-from-elsewhere"}),
        "review",
    ),
    Hostile(
        "library-of-an-adapter",
        {
            "adapter_config.json": _json(
                peft_type="LORA",
                base_model_name_or_path="a/b",
                task_type=None,
                auto_mapping={"parent_library": "antigravity", "base_model_class": "geohash"},
            )
        },
        "peft",
        Unproven("PEFT 0.21 takes libraries from a list alone; older releases import any"),
        frozenset({"configured-danger"}),
    ),
    Hostile(
        "component-of-a-pipeline",
        {
            "model_index.json": _json(_class_name="P", _diffusers_version="0.35.0", unet=["my_unet", "Net"]),
            "unet/my_unet.py": ACT.encode(),
        },
        "none",
        Unproven("diffusers is not installed here"),
        ACTS,
    ),
    Hostile(
        "component-that-shadows-a-library",
        {
            "model_index.json": _json(_class_name="P", _diffusers_version="0.35.0", vae=["diffusers", "AutoencoderKL"]),
            "vae/diffusers.py": ACT.encode(),
        },
        "none",
        Unproven("diffusers is not installed here"),
        ACTS,
    ),
    Hostile(
        "pipeline-of-its-own",
        {
            "model_index.json": _json(_class_name=["pipe", "P"], _diffusers_version="0.35.0"),
            "pipe.py": ACT.encode(),
        },
        "none",
        Unproven("diffusers is not installed here"),
        ACTS,
    ),
)
"""Every hostile repository."""


def write(sample: Hostile, folder: str) -> str:
    """Write the files of a sample below a folder; return its own."""
    own = os.path.join(folder, sample.id)
    for name, data in sample.files.items():
        path = os.path.join(own, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data.replace(b"@FOLDER@", own.encode()))
    return own


def _auto(name: str) -> Callable[[str], object]:
    return lambda folder: getattr(importlib.import_module("transformers"), name).from_pretrained(
        folder, trust_remote_code=True
    )


def _weighted(auto: str) -> Callable[[str], object]:
    """Load a model whose weights are made here, of its own configuration."""

    def load(folder: str) -> object:
        transformers: Any = importlib.import_module("transformers")
        made = getattr(transformers, auto).from_config(transformers.AutoConfig.from_pretrained(folder))
        made.save_pretrained(os.path.join(folder, "made"))
        os.replace(os.path.join(folder, "made", "model.safetensors"), os.path.join(folder, "model.safetensors"))
        if auto == "AutoModel":
            return transformers.pipeline(model=folder, trust_remote_code=True)
        return getattr(transformers, auto).from_pretrained(folder, trust_remote_code=True)

    return load


def _cross_encoder(folder: str) -> object:
    transformers: Any = importlib.import_module("transformers")
    kind = transformers.AutoModelForSequenceClassification
    made = kind.from_config(transformers.AutoConfig.from_pretrained(folder))
    made.save_pretrained(os.path.join(folder, "made"))
    os.replace(os.path.join(folder, "made", "model.safetensors"), os.path.join(folder, "model.safetensors"))
    tokenizers: Any = importlib.import_module("tokenizers")
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]").save_pretrained(folder)
    return importlib.import_module("sentence_transformers").CrossEncoder(folder, trust_remote_code=True)


def _sentences(folder: str) -> object:
    return importlib.import_module("sentence_transformers").SentenceTransformer(folder, trust_remote_code=True)


def _hub(folder: str) -> object:
    return importlib.import_module("torch.hub").load(folder, "model", source="local")


def _run(folder: str) -> object:
    import runpy

    return runpy.run_path(os.path.join(folder, "setup.py"), run_name="__main__")


def _handler(folder: str) -> object:
    import importlib.util

    spec = importlib.util.spec_from_file_location("handler", os.path.join(folder, "handler.py"))
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return None


LOADERS: Final[dict[str, Callable[[str], object]]] = {
    "config": _auto("AutoConfig"),
    "tokenizer": _auto("AutoTokenizer"),
    "image-processor": _auto("AutoImageProcessor"),
    "feature-extractor": _auto("AutoFeatureExtractor"),
    "processor": _auto("AutoProcessor"),
    "any-model": _auto("AutoModel"),
    "cross-encoder": _cross_encoder,
    "pipeline": _weighted("AutoModel"),
    "generate": _weighted("AutoModelForCausalLM"),
    "sentence-transformers": _sentences,
    "torch.hub": _hub,
    "run": _run,
    "handler": _handler,
}


_DENIED: Final = frozenset({
    "os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "socket.connect", "socket.getaddrinfo",
    "webbrowser.open",
})  # fmt: skip
"""Events that are stopped whether a sample is built for them or not. Files are the libraries' own, in the folder."""


def _watch(event: Event, tell: Callable[[str], NoReturn]) -> None:
    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        if name == event.name and any(event.token in str(argument) for argument in arguments):
            tell(name)
        if name in _DENIED:
            raise RuntimeError(f"stopped: {name}")

    sys.addaudithook(hook)


def _fire(sample: Hostile, own: str, pipe: int) -> NoReturn:
    def tell(what: str) -> NoReturn:
        os.write(pipe, what.encode("utf-8", "replace")[:2000])
        os._exit(0)

    event = sample.fires
    assert isinstance(event, Event)
    os.chdir(own)
    devnull = os.open(os.devnull, os.O_RDWR)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    _watch(event, tell)
    try:
        result: object = LOADERS[sample.loader](own)
    except BaseException as error:  # noqa: BLE001 - what a sample raises is part of what it does
        result = f"{type(error).__name__}: {error}"
    tell(f"nothing fired; {result!s:.500}")


def main(folder: str) -> None:
    """Load each sample in a process of its own."""
    os.environ |= {"HF_HOME": os.path.join(folder, "cache"), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    os.environ |= {"HF_MODULES_CACHE": os.path.join(folder, "modules"), "OMP_NUM_THREADS": "1", "BROWSER": "true"}
    for library in ("torch.hub", "transformers.pipelines", "sentence_transformers"):
        importlib.import_module(library)
    for sample in REPOSITORIES:
        if isinstance(sample.fires, Unproven):
            continue
        own = write(sample, folder)
        read, wrote = os.pipe()
        if os.fork() == 0:
            os.close(read)
            _fire(sample, own, wrote)
        os.close(wrote)
        with open(read, "rb") as pipe:
            said = pipe.read().decode("utf-8", "replace")
        os.wait()
        fired = isinstance(sample.fires, Event) and said == sample.fires.name
        sys.stdout.write(json.dumps({"id": sample.id, "fired": fired, "saw": said}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
