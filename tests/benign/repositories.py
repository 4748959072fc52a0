"""Whole repositories as a hub serves them, tiny and random: models of many architectures by transformers, in one file
and in several, with tokenizers, processors and cards; adapters by PEFT; models of Sentence Transformers; pipelines.

Each folder below the given one is one repository.
"""

from __future__ import annotations

import importlib
import json
import os
from typing import Any, Final

_SMALL: Final[dict[str, object]] = {
    "vocab_size": 24,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "intermediate_size": 8,
    "max_position_embeddings": 16,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_ENCODERS: Final = (
    "bert",
    "roberta",
    "electra",
    "mpnet",
    "camembert",
    "xlm-roberta",
    "albert",
    "deberta-v2",
    "nystromformer",
)
_DECODERS: Final = ("llama", "mistral", "qwen2", "gemma", "phi", "olmo", "stablelm", "starcoder2", "gpt_neox", "qwen3")
_OTHERS: Final[dict[str, dict[str, object]]] = {
    "gpt2": {"vocab_size": 24, "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16},
    "opt": {**_SMALL, "ffn_dim": 8, "word_embed_proj_dim": 8},
    "bloom": {"vocab_size": 24, "hidden_size": 8, "n_layer": 1, "n_head": 2},
    "t5": {"vocab_size": 24, "d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 2},
    "bart": {
        "vocab_size": 24, "d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8, "max_position_embeddings": 16,
    },
    "distilbert": {"vocab_size": 24, "dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 8},
    "vit": {**_SMALL, "image_size": 8, "patch_size": 4},
    "mamba": {"vocab_size": 24, "hidden_size": 8, "num_hidden_layers": 1, "state_size": 4},
    "clip": {
        "text_config": {**_SMALL, "eos_token_id": 2},
        "vision_config": {**_SMALL, "image_size": 8, "patch_size": 4},
        "projection_dim": 4,
    },
    "mixtral": {**_SMALL, "num_local_experts": 2},
}  # fmt: skip
_CARD: Final = """---
license: {licence}
language: [en, de]
library_name: transformers
tags: [weighmaster, tiny]
datasets: [owner/words]
base_model: {base}
pipeline_tag: text-generation
model-index:
- name: tiny
  results:
  - task: {{type: text-generation}}
    dataset: {{name: words, type: owner/words}}
    metrics: [{{type: accuracy, value: 0.5}}]
---
# Tiny

Load it with `AutoModel.from_pretrained("owner/tiny", trust_remote_code=True)`; see <https://huggingface.co/docs>.
"""


def write(folder: str) -> None:
    """Fill a folder."""
    importlib.import_module("torch").manual_seed(0)
    _models(folder)
    _shards(folder)
    _processors(folder)
    _adapters(folder)
    _sentences(folder)
    _pipelines(folder)
    _cards(folder)
    _own_code(folder)


def _at(*names: str) -> str:
    path = os.path.join(*names)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def _text(text: str, *names: str) -> None:
    with open(_at(*names), "w", encoding="utf-8") as file:
        file.write(text)


def _made(kind: str, settings: dict[str, object], auto: str = "AutoModel") -> Any:
    transformers: Any = importlib.import_module("transformers")
    return getattr(transformers, auto).from_config(transformers.AutoConfig.for_model(kind, **settings))


def _tokenizer() -> Any:
    tokenizers: Any = importlib.import_module("tokenizers")
    words = {
        word: at for at, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "hello", "world", "hf_hub", "AKIA"))
    }
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    fast = importlib.import_module("transformers").PreTrainedTokenizerFast
    tokenizer = fast(tokenizer_object=made, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]")
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    return tokenizer


def _models(folder: str) -> None:
    tokenizer = _tokenizer()
    for kind in (*_ENCODERS, *_DECODERS, *_OTHERS):
        place = os.path.join(folder, kind)
        auto = "AutoModelForCausalLM" if kind in _DECODERS else "AutoModel"
        model = _made(kind, _OTHERS.get(kind, _SMALL), auto)
        model.save_pretrained(place)
        if kind not in {"vit", "clip"}:
            tokenizer.save_pretrained(place)
        _text(_CARD.format(licence="apache-2.0", base=f"owner/{kind}"), place, "README.md")


def _shards(folder: str) -> None:
    torch: Any = importlib.import_module("torch")
    model = _made("gpt2", {**_OTHERS["gpt2"], "n_layer": 3})
    model.save_pretrained(os.path.join(folder, "sharded"), max_shard_size="4KB")
    both = os.path.join(folder, "both")
    model.save_pretrained(both)
    torch.save(model.state_dict(), os.path.join(both, "pytorch_model.bin"))
    parts = list(model.state_dict().items())
    old = os.path.join(folder, "sharded-bin")
    model.config.save_pretrained(old)
    names = [f"pytorch_model-0000{at}-of-00002.bin" for at in (1, 2)]
    for name, part in zip(names, (parts[:5], parts[5:]), strict=True):
        torch.save(dict(part), os.path.join(old, name))
    weights = {key: names[at >= 5] for at, (key, _) in enumerate(parts)}
    index = {"metadata": {"total_size": 4096}, "weight_map": weights}
    _text(json.dumps(index, indent=2) + "\n", old, "pytorch_model.bin.index.json")
    _text(
        "*.safetensors filter=lfs diff=lfs merge=lfs -text\n*.bin filter=lfs diff=lfs merge=lfs -text\n",
        old,
        ".gitattributes",
    )


def _processors(folder: str) -> None:
    transformers: Any = importlib.import_module("transformers")
    sound = transformers.WhisperFeatureExtractor(feature_size=8)
    sound.save_pretrained(os.path.join(folder, "feature-extractor"))
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(os.path.join(folder, "wave"))
    settings = transformers.GenerationConfig(max_new_tokens=4, do_sample=True, temperature=0.5, _from_model_config=True)
    settings.save_pretrained(os.path.join(folder, "feature-extractor"))
    processors = {
        "image_processor_type": "CLIPImageProcessor",
        "processor_class": "CLIPProcessor",
        "do_resize": True,
        "size": {"shortest_edge": 224},
        "image_mean": [0.48, 0.45, 0.4],
    }
    _text(json.dumps(processors, indent=2), folder, "image-processor", "preprocessor_config.json")
    quantized = {
        **_SMALL,
        "model_type": "llama",
        "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
    }
    _text(json.dumps(quantized), folder, "quantized", "config.json")
    attention = {
        **_SMALL,
        "model_type": "llama",
        "_attn_implementation": "flash_attention_2",
        "torch_dtype": "bfloat16",
    }
    _text(json.dumps(attention), folder, "attention", "config.json")
    torchao = {
        "quant_method": "torchao",
        "quant_type": {"default": {"_type": "Int4WeightOnlyConfig", "_data": {"group_size": 128}}},
    }
    _text(json.dumps({"model_type": "llama", "quantization_config": torchao}), folder, "torchao", "config.json")


def _adapters(folder: str) -> None:
    peft: Any = importlib.import_module("peft")
    for name, task in (("lora", "CAUSAL_LM"), ("lora-without-task", None)):
        model = _made("gpt2", _OTHERS["gpt2"], "AutoModelForCausalLM")
        config = peft.LoraConfig(r=2, target_modules=["c_attn"], task_type=task, base_model_name_or_path="owner/gpt2")
        peft.get_peft_model(model, config).save_pretrained(os.path.join(folder, name))
    model = _made("gpt2", _OTHERS["gpt2"], "AutoModelForCausalLM")
    tuned = peft.get_peft_model(model, peft.PromptTuningConfig(num_virtual_tokens=2, task_type="CAUSAL_LM"))
    tuned.save_pretrained(os.path.join(folder, "prompt-tuning"))


def _sentences(folder: str) -> None:
    library: Any = importlib.import_module("sentence_transformers")
    models: Any = importlib.import_module("sentence_transformers.models")
    base = os.path.join(folder, "bert")
    words = models.Transformer(base)
    pooled = models.Pooling(8)
    dense = models.Dense(8, 4)
    library.SentenceTransformer(modules=[words, pooled, dense, models.Normalize()]).save_pretrained(
        os.path.join(folder, "sentences")
    )
    static = models.StaticEmbedding(_tokenizer().backend_tokenizer, embedding_dim=4)
    library.SentenceTransformer(modules=[static]).save_pretrained(os.path.join(folder, "static"))
    library.CrossEncoder(base, num_labels=1).save_pretrained(os.path.join(folder, "cross-encoder"))


def _pipelines(folder: str) -> None:
    save: Any = importlib.import_module("safetensors.torch").save_file
    torch: Any = importlib.import_module("torch")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.35.1",
        "_name_or_path": "owner/stable-diffusion",
        "feature_extractor": ["transformers", "CLIPImageProcessor"],
        "image_encoder": [None, None],
        "requires_safety_checker": True,
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "scheduler": ["diffusers", "PNDMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    place = os.path.join(folder, "diffusion")
    _text(json.dumps(index, indent=2) + "\n", place, "model_index.json")
    for part, name in (("unet", "UNet2DConditionModel"), ("vae", "AutoencoderKL")):
        config = {
            "_class_name": name,
            "_diffusers_version": "0.35.1",
            "act_fn": "silu",
            "sample_size": 8,
            "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
        }
        _text(json.dumps(config, indent=2), place, part, "config.json")
        save({"conv.weight": torch.zeros(2, 2)}, _at(place, part, "diffusion_pytorch_model.safetensors"))
    scheduler = {"_class_name": "PNDMScheduler", "_diffusers_version": "0.35.1", "beta_start": 0.00085}
    _text(json.dumps(scheduler), place, "scheduler", "scheduler_config.json")


def _cards(folder: str) -> None:
    hub: Any = importlib.import_module("huggingface_hub")
    data = hub.ModelCardData(
        language="en", license="mit", library_name="timm", tags=["x"], base_model=["owner/a", "owner/b"]
    )
    hub.ModelCard.from_template(data, model_id="tiny", model_description="Tiny.").save(_at(folder, "card", "README.md"))
    dataset = hub.DatasetCardData(
        language=["en"], license="cc-by-4.0", task_categories=["text-classification"], size_categories=["n<1K"],
        configs=[{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*"}]}],
        dataset_info={"features": [{"name": "text", "dtype": "string"}], "splits": [{"name": "train"}]},
    )  # fmt: skip
    hub.DatasetCard.from_template(dataset, pretty_name="Words").save(_at(folder, "dataset", "README.md"))
    _text(
        '{"text": "a token is hf_ and 34 letters, such as hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}\n',
        folder,
        "dataset",
        "data",
        "train-0.jsonl",
    )
    secrets = (
        "export HF_TOKEN=hf_xxx\n"
        "pip install git+https://${TOKEN}@github.com/owner/name\n"
        "proxy: http://user:password@proxy.example.com:8080\n"
        "AKIAIOSFODNN7EXAMPLE is Amazon's own example; sk-... is OpenAI's\n"
        "-----BEGIN PUBLIC KEY-----\n"
        "mail me@owner.org, clone ssh://git@github.com:22/owner/name\n"
    )
    _text(f"---\nlicense: mit\n---\n# Usage\n\n```sh\n{secrets}```\n", folder, "usage", "README.md")


def _own_code(folder: str) -> None:
    """A model with a class of its own, as `register_for_auto_class` saves it: code that a person should read."""
    config = {
        "model_type": "own",
        "architectures": ["OwnModel"],
        "auto_map": {"AutoConfig": "configuration_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"},
        **_SMALL,
    }
    place = os.path.join(folder, "own-code")
    _text(json.dumps(config, indent=2), place, "config.json")
    _text(
        "from transformers import PretrainedConfig\n\n\nclass OwnConfig(PretrainedConfig):\n    model_type = 'own'\n",
        place,
        "configuration_own.py",
    )
    _text(
        "import torch\nfrom torch import nn\nfrom transformers import PreTrainedModel\n\n"
        "from .configuration_own import OwnConfig\n\n\n"
        "class OwnModel(PreTrainedModel):\n    config_class = OwnConfig\n\n"
        "    def __init__(self, config):\n        super().__init__(config)\n"
        "        self.layer = nn.Linear(8, 8)\n\n"
        "    def forward(self, x):\n        return torch.relu(self.layer(x))\n",
        place,
        "modeling_own.py",
    )
    _text(_CARD.format(licence="mit", base="owner/own"), place, "README.md")
