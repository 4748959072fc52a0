"""What gguf writes, of all types and in both orders; folders that transformers saves tokenizers with templates to."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import gguf
import numpy as np

_TEMPLATES = Path(__file__).parent.parent / "templates" / "benign"


def write(folder: str) -> None:
    """Fill `folder`."""
    templates = {path.stem: path.read_text("utf-8") for path in sorted(_TEMPLATES.glob("*.jinja"))}
    for name, template in list(templates.items())[::3]:
        _model(os.path.join(folder, f"{name}.gguf"), template=template)
    _kinds(folder)
    _orders(folder)
    _values(os.path.join(folder, "values.gguf"))
    _vocabulary(os.path.join(folder, "vocabulary.gguf"))
    _split(folder)
    _tokenizers(folder, templates)


def _save(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _model(path: str, *, template: Any = None, endian: Any = gguf.GGUFEndian.LITTLE, alignment: int = 32) -> None:
    writer = gguf.GGUFWriter(path, "llama", endianess=endian)
    if alignment != 32:
        writer.add_custom_alignment(alignment)
    writer.add_name("Tiny Llama")
    writer.add_description("A model of no use, written for a test.")
    writer.add_license("mit")
    writer.add_license_link("https://example.invalid/licence")
    writer.add_url("https://example.invalid/model")
    writer.add_base_model_count(1)
    writer.add_base_model_name(0, "Base")
    writer.add_base_model_repo_url(0, "https://example.invalid/base")
    writer.add_tags(["text-generation", "tiny"])
    writer.add_languages(["en"])
    writer.add_context_length(128)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<s>", "</s>", *(f"w{n}" for n in range(200))])
    writer.add_token_scores([0.0] * 202)
    writer.add_token_types([1] * 202)
    if template is not None:
        writer.add_chat_template(template)
    rng = np.random.default_rng(7)
    writer.add_tensor("token_embd.weight", rng.random((202, 32), np.float32))
    writer.add_tensor("output_norm.weight", np.ones(32, np.float32))
    writer.add_tensor("odd", np.ones((3, 5), np.float16))
    _save(writer)


def _kinds(folder: str) -> None:
    """One file a type of block."""
    for kind, (elements, size) in gguf.GGML_QUANT_SIZES.items():
        writer = gguf.GGUFWriter(os.path.join(folder, f"{kind.name.lower()}.gguf"), "llama")
        raw = np.random.default_rng(int(kind)).integers(0, 256, (4, size * 2), np.uint8)
        plain = {"F32": np.float32, "F16": np.float16, "F64": np.float64, "I8": np.int8, "I16": np.int16}
        plain |= {"I32": np.int32, "I64": np.int64}
        if kind.name in plain:
            writer.add_tensor("w", np.ones((4, elements * 2), plain[kind.name]))
        else:
            writer.add_tensor("w", raw, raw_dtype=kind)
        writer.add_tensor("bias", np.zeros(7, np.float32))
        _save(writer)


def _orders(folder: str) -> None:
    _model(os.path.join(folder, "big_endian.gguf"), endian=gguf.GGUFEndian.BIG, template="{{ messages }}")
    for alignment in (8, 64, 4096):
        _model(os.path.join(folder, f"aligned_{alignment}.gguf"), alignment=alignment)
    named = [{"name": "default", "template": "{{ messages }}"}, {"name": "rag", "template": "{{ documents }}"}]
    _model(os.path.join(folder, "named_templates.gguf"), template=named)


def _values(path: str) -> None:
    writer = gguf.GGUFWriter(path, "test")
    writer.add_uint8("v.u8", 1)
    writer.add_int8("v.i8", -1)
    writer.add_uint16("v.u16", 1)
    writer.add_int16("v.i16", -1)
    writer.add_uint32("v.u32", 1)
    writer.add_int32("v.i32", -1)
    writer.add_float32("v.f32", 0.5)
    writer.add_uint64("v.u64", 1 << 60)
    writer.add_int64("v.i64", -1)
    writer.add_float64("v.f64", 0.5)
    writer.add_bool("v.bool", True)
    writer.add_string("v.text", "grüße 世界")
    writer.add_array("v.numbers", [1, 2, 3])
    writer.add_array("v.words", ["a", "b"])
    writer.add_array("v.nested", [[1, 2], [3]])
    writer.add_array("v.bytes", bytes(range(256)))
    _save(writer)


def _vocabulary(path: str) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    words = [f"word{n}" for n in range(5000)]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(words)
    writer.add_token_merges([f"{a} {b}" for a, b in pairwise(words)])
    _save(writer)


def _split(folder: str) -> None:
    writer = gguf.GGUFWriter(os.path.join(folder, "split.gguf"), "llama", split_max_tensors=2)
    for number in range(5):
        writer.add_tensor(f"t{number}", np.ones((4, 4), np.float32))
    _save(writer)


def _tokenizers(folder: str, templates: dict[str, str]) -> None:
    import tokenizers
    import transformers

    words = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({"<s>": 0, "</s>": 1, "<unk>": 2, "a": 3}, unk_token="<unk>")
    )
    for number, (name, template) in enumerate(list(templates.items())[1::4]):
        fast = transformers.PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", eos_token="</s>")
        fast.chat_template = {"default": template, "tool_use": template} if number % 3 == 0 else template
        fast.save_pretrained(os.path.join(folder, f"tokenizer_{name}"), save_jinja_files=number % 2 == 0)
