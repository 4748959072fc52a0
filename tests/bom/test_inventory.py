"""What a bill of materials says of models that real libraries wrote: counted from the bytes, and who says the rest."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import gguf
import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import save_file

from weighmaster.bom.inventory import Inventory, Said
from weighmaster.bom.look import look
from weighmaster.bom.reading import Options, inventory
from weighmaster.model.errors import ConfigError

CARD = """---
license: apache-2.0
base_model: owner/base-model
datasets: [owner/texts]
language: [en, de]
pipeline_tag: text-generation
model-index:
- name: tiny
  results:
  - task: {type: text-generation}
    dataset: {name: W, type: wikitext, split: test}
    metrics: [{type: perplexity, value: 12.5}]
co2_eq_emissions: {emissions: 12, source: measured, hardware_used: one core}
---
# Tiny, a model for tests

## Intended uses

For tests.

## Limitations

It knows nothing.

## How it was made

### Training data

[More Information Needed]
"""


def taken(path: Path, options: Options | None = None) -> Inventory:
    """Return the inventory of what lies at a path."""
    return inventory(look(str(path)), options)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A folder as transformers writes it, in shards, with a card; and how many parameters the model has."""
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "tiny"
    config = LlamaConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        vocab_size=128,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config).to(torch.bfloat16)
    model.save_pretrained(folder, max_shard_size="20KB")
    (folder / "README.md").write_text(CARD)
    (folder / "requirements.txt").write_text("torch==2.1.0\ntransformers>=4.40\n")
    (folder / "LICENSE").write_text("   Apache License\n   Version 2.0, January 2004\n")
    return folder, sum(parameter.numel() for parameter in model.parameters())


def test_parameters_are_those_that_torch_counts_in_all_shards_together(llama: tuple[Path, int]) -> None:
    folder, parameters = llama
    it = taken(folder)
    assert len([file for file in it.files if file.role == "weights"]) > 2
    assert it.parameters == parameters
    assert len(it.weights) == 1
    assert it.weights[0].counts == (("BF16", parameters),)


def test_every_word_says_where_it_comes_from(llama: tuple[Path, int]) -> None:
    it = taken(llama[0])
    assert it.name == Said(value="tiny", source="card", file="README.md")
    assert it.first("architecture") == Said(value="LlamaForCausalLM", source="configuration", file="config.json")
    assert it.first("licence") == Said(value="apache-2.0", source="card", file="README.md")
    assert it.first("licence-text") == Said(value="Apache-2.0", source="bytes", file="LICENSE")
    assert it.first("section:limitations") == Said(value="It knows nothing.", source="card", file="README.md")
    assert it.first("section:training-data") is None
    dtypes = [(said.value, said.source) for said in it.fields["dtype"]]
    assert dtypes == [("BF16", "bytes"), ("bfloat16", "configuration")]
    assert [(one.name, one.said.source) for one in it.origins] == [("owner/base-model", "card")]
    assert [(one.name, one.said.source) for one in it.datasets] == [("owner/texts", "card")]
    assert [(one.measure, one.value, one.on) for one in it.scores] == [("perplexity", "12.5", "wikitext test")]
    assert it.value("carbon") == "12"
    packages = {one.name: one.version for one in it.packages}
    assert packages["torch"] == "2.1.0"
    assert packages["transformers"]
    assert not it.contradictions


def test_digests_are_those_of_the_files_and_the_tree_is_that_of_the_manifest(llama: tuple[Path, int]) -> None:
    from weighmaster.trust.manifests.hashing import hash_artifact

    it = taken(llama[0])
    manifest = hash_artifact(llama[0])
    assert {file.path: file.sha256 for file in it.files} == {entry.path: entry.sha256 for entry in manifest.entries}
    assert it.tree == manifest.tree


def test_evidence_beside_a_model_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    before = taken(tmp_path).tree
    (tmp_path / "claims.jsonl").write_text("{}\n")
    (tmp_path / "model.sig").write_text("{}")
    assert taken(tmp_path).tree == before


def test_storages_that_tensors_share_count_once(tmp_path: Path) -> None:
    tied = torch.zeros(10, 10)
    for name, new in (("new.pt", True), ("old.pt", False)):
        torch.save(
            {"a": tied, "b": tied, "c": tied.t(), "d": torch.zeros(5, dtype=torch.float16)},
            tmp_path / name,
            _use_new_zipfile_serialization=new,
        )
        (one,) = taken(tmp_path / name).weights
        assert one.counts == (("F16", 5), ("F32", 100))


def test_a_gguf_file_tells_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Tiny")
    writer.add_license("mit")
    writer.add_context_length(4096)
    writer.add_file_type(7)
    writer.add_token_list(["a", "b", "c"])
    writer.add_chat_template("{{ messages[0].content }}")
    writer.add_base_model_count(1)
    writer.add_base_model_name(0, "Base")
    writer.add_base_model_repo_url(0, "https://huggingface.co/owner/Base")
    writer.add_tensor("blk.0.w", np.zeros((4, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    it = taken(path)
    assert it.parameters == 128
    said = {field: it.first(field) for field in ("architecture", "context-length", "vocabulary", "licence")}
    assert {field: one.value for field, one in said.items() if one} == {
        "architecture": "llama",
        "context-length": "4096",
        "vocabulary": "3",
        "licence": "mit",
    }
    assert {one.source for one in said.values() if one} == {"metadata"}
    template = it.first("template")
    assert template is not None
    assert (template.source, template.value[:7]) == ("bytes", "sha256:")
    assert [(one.name, one.relation) for one in it.origins] == [("owner/Base", "quantized")]
    assert it.name.value == "Tiny"


def test_an_onnx_model_names_its_producer_and_its_numbers(tmp_path: Path) -> None:
    weight = helper.make_tensor("w", TensorProto.FLOAT, [3, 4], [0.0] * 12)
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name, size in (("x", 3), ("y", 4))]
    graph = helper.make_graph([node], "g", values[:1], values[1:], [weight])
    onnx.save(helper.make_model(graph, producer_name="a-tool", producer_version="1.2"), tmp_path / "m.onnx")
    it = taken(tmp_path / "m.onnx")
    assert (it.parameters, it.value("producer"), it.value("producer-version")) == (12, "a-tool", "1.2")
    assert it.first("operators") == Said(value="MatMul", source="bytes", file="m.onnx")


def test_a_keras_model_says_what_it_is_and_which_release_wrote_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        config = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": []}}
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("model.weights.json", "{}")
    it = taken(tmp_path / "m.keras")
    assert it.first("architecture") == Said(value="Sequential", source="configuration", file="m.keras")
    assert [(one.name, one.version) for one in it.packages] == [("keras", "3.15.1")]


@pytest.mark.parametrize("state", ["optimizer/vars/0", "optimizer_weights/adam/w_velocity"])
def test_the_state_of_an_optimizer_is_no_part_of_a_model(tmp_path: Path, state: str) -> None:
    import h5py

    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = np.ones((4, 3), "f4")
        file[state] = np.ones((4, 3), "f4")
    assert taken(tmp_path / "m.weights.h5").parameters == 12


def test_an_adapter_is_counted_apart_and_names_what_it_is_for(tmp_path: Path) -> None:
    save_file({"lora_A": torch.zeros(4, 8)}, tmp_path / "adapter_model.safetensors")
    adapter = {"peft_type": "LORA", "base_model_name_or_path": "owner/base", "task_type": "CAUSAL_LM"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(adapter))
    it = taken(tmp_path)
    assert it.parameters is None
    assert [(one.adapter, one.elements) for one in it.weights] == [(True, 32)]
    assert [(one.name, one.relation, one.said.source) for one in it.origins] == [
        ("owner/base", "adapter", "configuration")
    ]
    assert [file.role for file in it.files] == ["configuration", "adapter"]
    (tmp_path / "README.md").write_text("---\nbase_model: other/base\n---\n")
    ((who, what),) = taken(tmp_path).contradictions
    assert f"{who} {what}" == "the card says the base model other/base, and the adapter is for owner/base"


def test_a_pickled_estimator_says_which_release_wrote_it(tmp_path: Path) -> None:
    import sklearn
    from sklearn.linear_model import LogisticRegression

    (tmp_path / "model.pkl").write_bytes(pickle.dumps(LogisticRegression().fit([[0], [1]], [0, 1])))
    packages = {one.name: (one.version, one.said.source) for one in taken(tmp_path / "model.pkl").packages}
    assert packages["scikit-learn"] == (sklearn.__version__, "bytes")


def test_code_that_loading_would_run_is_listed(tmp_path: Path) -> None:
    config = {"model_type": "x", "auto_map": {"AutoModel": "owner/code--modeling_x.X", "AutoConfig": "c.C"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert [said.value for said in taken(tmp_path).code] == ["c.py", "owner/code--modeling_x.py"]


def test_what_the_user_says_comes_first(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(CARD)
    it = taken(tmp_path, Options(name="mine", version="2", purl="pkg:huggingface/me/mine@abc"))
    assert [one.source if one else "" for one in (it.name, it.version, it.purl)] == ["option"] * 3


def test_a_snapshot_in_a_cache_says_which_it_is(tmp_path: Path) -> None:
    revision = "0123456789" * 4
    folder = tmp_path / "models--owner--some-name" / "snapshots" / revision
    folder.mkdir(parents=True)
    save_file({"w": torch.zeros(2)}, folder / "model.safetensors")
    it = taken(folder)
    assert it.purl == Said(value=f"pkg:huggingface/owner/some-name@{revision}", source="path")


def test_several_formats_of_one_model_are_not_added_up(tmp_path: Path) -> None:
    save_file({"w": torch.zeros(10)}, tmp_path / "model.safetensors")
    torch.save({"w": torch.zeros(10)}, tmp_path / "pytorch_model.bin")
    it = taken(tmp_path)
    assert it.parameters == 10
    assert len(it.weights) == 2


def test_an_index_says_which_files_are_parts_of_one_model(tmp_path: Path) -> None:
    parts = {f"t{n}": f"part-{n}.safetensors" for n in range(3)}
    for name, file in parts.items():
        save_file({name: torch.zeros(10)}, tmp_path / file)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    assert taken(tmp_path).parameters == 30


def test_the_parts_of_a_pipeline_are_added_up(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "P", "unet": ["diffusers", "U"]}))
    for part in ("unet", "vae"):
        (tmp_path / part).mkdir()
        save_file({"w": torch.zeros(10)}, tmp_path / part / "diffusion_pytorch_model.safetensors")
    assert taken(tmp_path).parameters == 20


def test_a_card_that_contradicts_the_bytes_is_told(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(CARD + "\nParameters: 7B\n")
    save_file({"w": torch.zeros(10)}, tmp_path / "model.safetensors")
    assert taken(tmp_path).contradictions == (
        ("the card", "says 7000000000 parameters, and model.safetensors holds 10"),
    )


def test_what_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        look(str(tmp_path / "nothing"))
