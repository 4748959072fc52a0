"""What transformers and safetensors write for tiny random models, and what stands beside the weights."""

from __future__ import annotations

import os
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

_TINY: dict[str, Any] = {
    "vocab_size": 32,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}


def _tiny() -> dict[str, Any]:
    return {
        "bert": transformers.BertForSequenceClassification(transformers.BertConfig(**_TINY)),
        "roberta": transformers.RobertaForMaskedLM(transformers.RobertaConfig(**_TINY)),
        "gpt2": transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=32, n_embd=8, n_layer=1, n_head=2)),
        "llama": transformers.LlamaForCausalLM(transformers.LlamaConfig(**_TINY)),
        "t5": transformers.T5ForConditionalGeneration(
            transformers.T5Config(vocab_size=32, d_model=8, d_kv=4, d_ff=16, num_layers=1, num_heads=2)
        ),
        "vit": transformers.ViTForImageClassification(
            transformers.ViTConfig(
                hidden_size=8,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=16,
                image_size=16,
                patch_size=8,
            )
        ),
    }


def write(folder: str) -> None:
    """Save each model as its library does, then what a trainer leaves behind."""
    torch.manual_seed(0)
    for name, model in _tiny().items():
        place = os.path.join(folder, name)
        model.save_pretrained(place)
        torch.save(model.state_dict(), os.path.join(place, "pytorch_model.bin"))
        torch.save(model.half().state_dict(), os.path.join(place, "half.bin"), _use_new_zipfile_serialization=False)
    _write_tokenizer(os.path.join(folder, "bert"))
    _write_training(os.path.join(folder, "gpt2"))
    for dtype in (
        "bool",
        "uint8",
        "int8",
        "int16",
        "int32",
        "int64",
        "float16",
        "bfloat16",
        "float32",
        "float64",
        "float8_e4m3fn",
        "float8_e5m2",
    ):
        tensors = {"a": torch.ones(3, 2).to(getattr(torch, dtype)), "b": torch.zeros(0).to(getattr(torch, dtype))}
        save_file(
            tensors, os.path.join(folder, f"{dtype}.safetensors"), metadata={"format": "pt", "note": "weights: 模型"}
        )
    save_file({}, os.path.join(folder, "empty.safetensors"))


def _write_tokenizer(folder: str) -> None:
    words = {
        word: number
        for number, word in enumerate(["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]", "a", "model", "weighs", "##s"])
    }
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")
    fast.save_pretrained(folder)


def _write_training(folder: str) -> None:
    arguments = transformers.TrainingArguments(output_dir="out", use_cpu=True, report_to=[])
    torch.save(arguments, os.path.join(folder, "training_args.bin"))
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    torch.save(optimizer.state_dict(), os.path.join(folder, "optimizer.pt"))
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, 1, 10)
    torch.save(schedule.state_dict(), os.path.join(folder, "scheduler.pt"))
    import random

    import numpy as np

    states = {
        "python": random.getstate(),
        "numpy": np.random.get_state(),  # noqa: NPY002 - what a trainer writes
        "cpu": torch.random.get_rng_state(),
    }
    torch.save(states, os.path.join(folder, "rng_state.pth"))
