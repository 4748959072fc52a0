"""Small whole files of a hub repository, for damaging."""

from __future__ import annotations

import json
from typing import Final

_CONFIG: Final = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "auto_map": {"AutoConfig": "owner/name--configuration_x.XConfig", "AutoTokenizer": ["tok.T", None]},
    "custom_pipelines": {"t": {"impl": "pipe.Pipe"}},
    "vision_config": {"auto_map": {"AutoModel": "sub/m.py::M"}, "_attn_implementation": "owner/kernel"},
    "quantization_config": {"quant_method": "torchao", "quant_type": {"default": {"_type": "Int4WeightOnlyConfig"}}},
    "trust_remote_code": True,
}
_INDEX: Final = {"metadata": {"total_size": 9}, "weight_map": {"a": "m-00001-of-00002.safetensors", "b": "../x"}}
_ADAPTER: Final = {
    "peft_type": "LORA",
    "base_model_name_or_path": "owner/base",
    "auto_mapping": {"parent_library": "transformers", "base_model_class": "GPT2Model"},
}
_PIPELINE: Final = {"_class_name": ["pipe", "P"], "_diffusers_version": "0.35", "unet": ["my_unet", "U"]}
_MODULES: Final = [{"idx": 0, "name": "0", "path": "0_X", "type": "my_module.X"}]
_DENSE: Final = {"in_features": 2, "out_features": 2, "activation_function": "torch.nn.modules.activation.Tanh"}
_CARD: Final = b"---\nlicense: mit\nbase_model: [a/b]\nconfigs:\n- data_files:\n  - path: data/*\n---\n# Card\n"
_POINTER: Final = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0f" * 32 + b"\nsize 123\n"
_SECRET: Final = b"HF_TOKEN=hf_" + b"qWeRtZuIoPaSdFgHjKlYxCvBnMqWeRtZuI" + b"\nhttp://me:hunter22@git.owner.org/\n"

WHOLE: Final[list[bytes]] = [
    *(json.dumps(each).encode() for each in (_CONFIG, _INDEX, _ADAPTER, _PIPELINE, _MODULES, _DENSE)),
    _CARD,
    _POINTER,
    _SECRET,
]


def whole() -> list[bytes]:
    """Return the files."""
    return WHOLE
