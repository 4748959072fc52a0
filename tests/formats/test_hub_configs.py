"""The JSON of a hub repository, its cards and its pointers: what is read of each."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.vetting import reads, report_on, rules_on, verdict_on
from tests.samples.whole.hub import WHOLE

from weighmaster import shipped
from weighmaster.engine.scan import gather, scan_bytes
from weighmaster.extend.format import Format, Glance
from weighmaster.formats.diffusers import FORMAT as DIFFUSERS
from weighmaster.formats.hf_config import FORMAT as CONFIG
from weighmaster.formats.lfs_pointer import FORMAT as POINTER
from weighmaster.formats.model_card import FORMAT as CARD
from weighmaster.formats.peft_adapter import FORMAT as ADAPTER
from weighmaster.formats.sentence_transformers import FORMAT as SENTENCES
from weighmaster.formats.shard_index import FORMAT as INDEX
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Instantiation, Reference, Statement
from weighmaster.model.report import Gap, GapReason
from weighmaster.reading.budget import Limits
from weighmaster.reading.source import BytesSource

_FORMATS = (CONFIG, INDEX, ADAPTER, DIFFUSERS, SENTENCES, CARD, POINTER)


def _dumped(document: object) -> bytes:
    return json.dumps(document).encode()


def _references(format_: Format, document: object) -> set[tuple[str, str]]:
    found, _ = reads(format_, document if isinstance(document, bytes) else _dumped(document))
    return {(read.kind, read.target) for read in found if isinstance(read, Reference)}


def _calls(format_: Format, document: object) -> set[str]:
    found, _ = reads(format_, _dumped(document))
    return {read.dotted for read in found if isinstance(read, Instantiation)}


def _said(format_: Format, document: object) -> dict[str, str]:
    found, _ = reads(format_, document if isinstance(document, bytes) else _dumped(document))
    return {read.key: read.value for read in found if isinstance(read, Statement)}


def _claims(format_: Format, data: bytes) -> bool:
    return format_.matches(Glance(BytesSource(data)))


@pytest.mark.parametrize(
    ("format_", "documents"),
    [
        (CONFIG, [{"auto_map": {}}, {"model_type": "bert"}, {"a": {"_attn_implementation": "x/y"}}]),
        (INDEX, [{"weight_map": {}}, {"metadata": {"k": "v" * 5000}, "weight_map": {"a": "b"}, "z": "v" * 5000}]),
        (ADAPTER, [{"peft_type": "LORA"}]),
        (DIFFUSERS, [{"_class_name": "P", "_diffusers_version": "0"}, {"_class_name": ["a", "B"]}]),
        (SENTENCES, [[{"idx": 0, "name": "0", "path": "", "type": "a.B"}]]),
    ],
    ids=lambda value: value.id if isinstance(value, Format) else "",
)
def test_claims_documents_by_their_keys(format_: Format, documents: list[object]) -> None:
    for document in documents:
        assert _claims(format_, _dumped(document))
        assert _claims(format_, b"\xef\xbb\xbf\n " + _dumped(document))
    for other in ({}, [], {"name": "x"}, [{"type": 1}], {"path": "x"}):
        assert not _claims(format_, _dumped(other))


def test_blanks_hide_no_document() -> None:
    document = _dumped({"auto_map": {"AutoConfig": "owner/name--evil.C"}})
    for padded in (
        b" " * 9000 + document,
        document + b"\n" * 9000,
        b"\xef\xbb\xbf" + b"\t" * 5000 + document + b" " * 70_000,
    ):
        assert "code-from-elsewhere" in rules_on(padded, "config.json")


def test_a_key_that_is_spelt_with_escapes_is_that_key() -> None:
    document = _dumped({"auto_map": {"AutoConfig": "evil.C"}}).replace(b"auto_map", b"a\\u0075to_m\\u0061p")
    assert _claims(CONFIG, document)
    assert _references(CONFIG, document) == {("code", "evil.py")}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("modeling_x.X", ("code", "modeling_x.py")),
        (["tok.Slow", None], ("code", "tok.py")),
        ({"torchvision": "fast.P", "pil": "fast.Q"}, ("code", "fast.py")),
        ("sub/file.py::X", ("code", "sub/file.py")),
        ("package.module.X", ("code", "package/module.py")),
        ("owner/name--m.X", ("remote-code", "owner/name--m.py")),
        ("/tmp/m.X", ("code", "/tmp/m.py")),
        ("../up--m.X", ("code", "../up/m.py")),
    ],
    ids=str,
)
def test_auto_map_names_code_in_many_ways(value: object, expected: tuple[str, str]) -> None:
    for document in ({"auto_map": {"AutoModel": value}}, {"a": [{"b": {"auto_map": {"AutoModel": value}}}]}):
        assert _references(CONFIG, document) == {expected}


def test_an_auto_map_that_is_a_list_or_a_text_is_read_all_the_same() -> None:
    assert _references(CONFIG, {"auto_map": ["a.A", "b.B"]}) == {("code", "a.py"), ("code", "b.py")}
    assert _references(CONFIG, {"auto_map": "a.A"}) == {("code", "a.py")}


@pytest.mark.parametrize("key", ["_attn_implementation", "_attn_implementation_internal", "attn_implementation"])
def test_a_kernel_of_a_hub_is_told_from_the_name_of_an_implementation(key: str) -> None:
    for name in ("owner/kernel", "owner/kernel@v1:function", "paged|owner/kernel"):
        assert _references(CONFIG, {"model_type": "x", key: name}) == {("kernel", name)}
        assert _references(CONFIG, {"text_config": {key: {"text": name}}}) == {("kernel", name)}
        assert verdict_on(_dumped({"model_type": "x", key: name}), "config.json") == "block"
    for plain in ("eager", "sdpa", "flash_attention_2", "flex_attention", None):
        assert not _references(CONFIG, {"model_type": "x", key: plain})
    vetted = _dumped({"model_type": "x", key: "kernels-community/flash-attn3"})
    assert verdict_on(vetted, "config.json") == "review"


def test_consent_is_told_wherever_it_stands() -> None:
    for document in (
        {"trust_remote_code": True},
        {"a": {"trust_remote_code": "true"}},
        {"b": [{"trust_remote_code": 1}]},
    ):
        assert "consents-by-itself" in rules_on(_dumped({"model_type": "x", **document}), "config.json")
    for value in (False, None, "false", 0):
        assert "consents-by-itself" not in rules_on(_dumped({"model_type": "x", "trust_remote_code": value}), "c.json")


def test_the_report_of_a_measurement_is_no_configuration() -> None:
    document = {
        "results": {"task": {"accuracy": 0.5}},
        "configs": {"task": {"dataset_kwargs": {"trust_remote_code": True}}},
        "config": {"model_args": {"attn_implementation": "kernels-community/flash-attn3", "trust_remote_code": True}},
        "transformers_version": "4.56.0",
    }
    assert verdict_on(_dumped(document), "results.json") == "allow"


def test_weights_and_classes_that_a_configuration_names_are_read() -> None:
    assert _references(CONFIG, {"transformers_weights": "../x.safetensors"}) == {("weights", "../x.safetensors")}
    assert _calls(CONFIG, {"tokenizer_class": "os.system"}) == {"os.system"}
    assert not _calls(CONFIG, {"tokenizer_class": "BertTokenizer"})
    assert _calls(CONFIG, {"sbert_ce_default_activation_function": "os.abort", "model_type": "x"}) == {"os.abort"}
    torchao = {"quant_method": "torchao", "quant_type": {"default": {"_type": "os.system", "_data": {}}}}
    assert _calls(CONFIG, {"quantization_config": torchao}) == {"os.system"}


def test_a_configuration_says_what_it_is() -> None:
    document = {"model_type": "bert", "_name_or_path": "a/b", "_commit_hash": "0f", "architectures": ["BertModel"]}
    assert _said(CONFIG, document) == {
        "model-type": "bert",
        "name": "a/b",
        "commit": "0f",
        "architecture": "BertModel",
    }


def test_a_configuration_without_code_comes_in() -> None:
    assert verdict_on(_dumped({"model_type": "bert", "architectures": ["BertModel"]}), "config.json") == "allow"


def test_each_shard_of_an_index_is_a_reference() -> None:
    document = {
        "metadata": {"total_size": 8},
        "weight_map": {"a": "m-1.bin", "b": "m-1.bin", "c": "../x", "d": "http://h/x"},
    }
    assert _references(INDEX, document) == {("shard", "m-1.bin"), ("shard", "../x"), ("shard", "http://h/x")}
    assert verdict_on(_dumped(document), "model.safetensors.index.json") == "block"
    assert _said(INDEX, document) == {"total-size": "8"}


def test_an_index_that_names_no_files_is_broken() -> None:
    for weights in (["a"], {"a": 1}):
        _, error = reads(INDEX, _dumped({"weight_map": weights}))
        assert isinstance(error, UnreadableError)
    _, error = reads(INDEX, _dumped({"weight_map": {str(n): f"m-{n}.bin" for n in range(5000)}}))
    assert isinstance(error, OverBudgetError)


def test_an_adapter_names_its_model_and_what_is_imported_for_it() -> None:
    mapping = {"parent_library": "transformers.models.gpt2.modeling_gpt2", "base_model_class": "GPT2Model"}
    document = {"peft_type": "LORA", "base_model_name_or_path": "a/b", "auto_mapping": mapping, "task_type": None}
    assert _references(ADAPTER, document) == {("base-model", "a/b")}
    assert _calls(ADAPTER, document) == {"transformers.models.gpt2.modeling_gpt2.GPT2Model"}
    assert verdict_on(_dumped(document), "adapter_config.json") == "allow"
    for library, name in (("os", "system"), ("subprocess", "Popen"), ("builtins", "exec")):
        hostile = {**document, "auto_mapping": {"parent_library": library, "base_model_class": name}}
        assert verdict_on(_dumped(hostile), "adapter_config.json") == "block"
    unknown = {**document, "auto_mapping": {"parent_library": "my_own_package", "base_model_class": "X"}}
    assert verdict_on(_dumped(unknown), "adapter_config.json") == "review"
    assert (
        verdict_on(_dumped({"peft_type": "LORA", "megatron_core": "evil_package"}), "adapter_config.json") == "review"
    )
    assert (
        verdict_on(_dumped({"peft_type": "LORA", "megatron_core": "megatron.core"}), "adapter_config.json") == "allow"
    )


def test_the_components_of_a_pipeline_are_told_from_code_of_its_own() -> None:
    document = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.35",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "safety_checker": [None, None],
        "requires_safety_checker": True,
    }
    assert verdict_on(_dumped(document), "model_index.json") == "allow"
    assert ("code", "unet/my_unet.py") in _references(DIFFUSERS, {**document, "unet": ["my_unet", "U"]})
    assert ("component", "unet/diffusers.py") in _references(DIFFUSERS, document)
    assert ("code", "pipe.py") in _references(DIFFUSERS, {**document, "_class_name": ["pipe", "P"]})
    assert verdict_on(_dumped({**document, "unet": ["os", "system"]}), "model_index.json") == "block"
    modular = ["diffusers", "AutoModel", {"repo": "owner/other", "subfolder": "unet"}]
    assert ("base-model", "owner/other") in _references(DIFFUSERS, {**document, "unet": modular})


def test_the_blocks_of_a_model_are_no_components() -> None:
    document = {
        "_class_name": "UNet2DConditionModel",
        "_diffusers_version": "0.35",
        "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "only_cross_attention": False,
        "kinds": ["UpBlock2D", "DownBlock2D"],
        "activations": ["silu", "gelu"],
    }
    assert verdict_on(_dumped(document), "config.json") == "allow"
    assert verdict_on(_dumped({**document, "unet": ["my_unet", "Net"]}), "config.json") == "review"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("sentence_transformers.models.Transformer", "allow"),
        ("sentence_transformers.sentence_transformer.modules.Pooling", "allow"),
        ("sentence_transformers.util.http_get", "block"),
        ("my_module.Custom", "review"),
        ("owner.package.module.Custom", "review"),
        ("os.system", "block"),
        ("subprocess.Popen", "block"),
    ],
)
def test_the_modules_of_a_sentence_transformer_are_judged_by_their_names(kind: str, expected: str) -> None:
    document = [{"idx": 0, "name": "0", "path": "", "type": kind}]
    assert verdict_on(_dumped(document), "modules.json") == expected


def test_lists_of_files_are_no_modules() -> None:
    files = [
        {"name": "a", "path": "a/b.txt", "type": "file", "size": 1},
        {"type": "tree", "path": "x", "mode": "040000"},
    ]
    assert not _claims(SENTENCES, _dumped(files))
    assert not _claims(SENTENCES, _dumped([{"name": "a", "path": "b", "type": "application.pdf", "sha": "0"}]))


def test_the_activation_of_a_dense_layer_is_judged_by_its_name() -> None:
    for name, expected in (("torch.nn.modules.activation.Tanh", "allow"), ("evil.X", "review"), ("os.system", "block")):
        document = {"in_features": 2, "out_features": 2, "bias": True, "activation_function": name}
        assert verdict_on(_dumped(document), "config.json") == expected


def test_a_router_names_classes_too() -> None:
    document = {"types": {"query_0_X": "os.system"}, "structure": {"query": ["query_0_X"]}, "parameters": {}}
    assert verdict_on(_dumped(document), "router_config.json") == "block"


def test_a_module_in_a_folder_outside_is_told() -> None:
    document = [{"idx": 0, "name": "0", "path": "../../x", "type": "sentence_transformers.models.Pooling"}]
    assert "reaches-outside" in rules_on(_dumped(document), "modules.json")


def test_a_card_says_what_stands_in_its_head() -> None:
    head = ["license: mit", "base_model:", "- a/b", "- c/d", "datasets: e/f", "pipeline_tag: fill-mask"]
    card = "\r\n".join(["---", *head, "---", "# Card", ""]).encode()
    assert _claims(CARD, card)
    assert _references(CARD, card) == {("base-model", "a/b"), ("base-model", "c/d"), ("dataset", "e/f")}
    assert _said(CARD, card) == {
        "licence": "mit",
        "base-model": "c/d",
        "task": "fill-mask",
        "title": "Card",
    }
    assert verdict_on(card, "README.md") == "allow"


def test_text_that_only_begins_like_a_card_is_none() -> None:
    for text in (
        b"---\nlicense: mit\n",
        b"---\n- a\n---\n",
        b"--- a/x\n+++ b/x\n",
        b"---\nlicense: [\n---\n",
        b"---\n---\n",
    ):
        assert not _claims(CARD, text)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ("data/train-*", "allow"),
        ("[data/a.csv, data/b.csv]", "allow"),
        ("[{split: train, path: data/x.csv}, {split: test, path: [data/y.csv]}]", "allow"),
        ("https://owner.org/x.csv", "allow"),
        ("[{split: train, path: ../../etc/passwd}]", "block"),
        ("[/etc/passwd]", "block"),
        ("{train: /etc/passwd}", "block"),
    ],
)
def test_the_files_of_a_dataset_lie_in_its_folder(files: str, expected: str) -> None:
    card = f"---\nlicense: mit\nconfigs:\n- config_name: x\n  data_files: {files}\n---\n# Data\n".encode()
    assert verdict_on(card, "README.md") == expected


def test_a_pointer_stands_for_bytes_that_are_not_here() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a1" * 32 + b"\nsize 4096\n"
    report = report_on(pointer, "model.bin")
    assert [gap.reason for gap in report.gaps] == [GapReason.UNREACHABLE]
    assert "4096 bytes" in report.gaps[0].detail
    assert verdict_on(pointer, "model.bin") == "review"
    assert _said(POINTER, pointer) == {"stands-for": f"sha256:{'a1' * 32} 4096"}


def test_a_broken_pointer_is_unreadable() -> None:
    for rest in (b"oid sha256:zz\nsize 1\n", b"oid sha256:" + b"a1" * 32 + b"\n", b""):
        _, error = reads(POINTER, b"version https://git-lfs.github.com/spec/v1\n" + rest)
        assert isinstance(error, UnreadableError)


_KEYS = (
    "auto_map", "custom_pipelines", "impl", "trust_remote_code", "_attn_implementation", "quantization_config", "type",
    "quant_method", "quant_type", "_type", "weight_map", "metadata", "total_size", "peft_type", "auto_mapping", "path",
    "parent_library", "base_model_class", "_class_name", "_diffusers_version", "unet", "idx", "types", "structure",
    "activation_function", "in_features", "out_features", "model_type", "architectures", "base_model_name_or_path",
)  # fmt: skip
_TEXTS = ("torchao", "a.B", "owner/name--a.B", "../x", "o/k", "", ".", "--", "::", "\0", "a" * 300, "\ud800")
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(_TEXTS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=8) | st.lists(_VALUES, max_size=4))
def test_any_document_gives_facts_or_a_typed_error(document: Mapping[str, object] | list[object]) -> None:
    items = list(scan_bytes(_dumped(document), "config.json", shipped.registry(), Limits()))
    items += gather("m", items, shipped.registry(), folder=True)
    assert not [item for item in items if isinstance(item, Gap) and item.reason is GapReason.DEFECT]


def test_each_whole_file_is_claimed() -> None:
    for data in WHOLE[:-1]:
        assert any(_claims(format_, data) for format_ in _FORMATS)


def test_a_pointer_under_the_name_of_weights_tells_no_lie() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a1" * 32 + b"\nsize 4096\n"
    assert not rules_on(pointer, "model.safetensors")
