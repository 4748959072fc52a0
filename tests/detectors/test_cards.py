"""Cards that the bytes contradict, cards that leave things out, and those of honest models, which come in quietly."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.samples.ggufs import TEXT, U32, gguf_of
from tests.samples.vetting import report_on, report_on_folder, verdict_on_folder

from weighmaster.model.finding import Finding

MIT = (
    "MIT License\n\nCopyright (c) 2024 A\n\n"
    "Permission is hereby granted, free of charge, to any person obtaining a copy\n"
    'of this software and associated documentation files (the "Software"), to deal\n'
)
APACHE = "                                 Apache License\n                           Version 2.0, January 2004\n"


def weights(*shapes: tuple[int, ...], dtype: str = "F32") -> bytes:
    """Return a safetensors file whose tensors have these shapes."""
    size = {"F32": 4, "F16": 2, "I32": 4, "BF16": 2, "BOOL": 1}[dtype]
    entries, at = {}, 0
    for number, shape in enumerate(shapes):
        count = size
        for dimension in shape:
            count *= dimension
        entries[f"t{number}"] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + count]}
        at += count
    header = json.dumps(entries).encode()
    return struct.pack("<Q", len(header)) + header + bytes(at)


def card(*lines: str, **front: object) -> str:
    """Return a card with this front matter (JSON is YAML) and these lines."""
    said = "\n".join(f"{key}: {json.dumps(value)}" for key, value in {"license": "mit", **front}.items())
    return f"---\n{said}\n---\n" + "\n".join(lines) + "\n"


WHOLE = card(
    "# tiny",
    "## Intended uses",
    "For tests.",
    "## Limitations",
    "It knows nothing.",
    "## Training data",
    "Noise.",
    "## Evaluation",
    "None was needed.",
)


def _found(rule: str, files: Mapping[str, object]) -> list[Finding]:
    return [finding for finding in report_on_folder(_bytes(files)).findings if finding.rule.id == rule]


def _bytes(files: Mapping[str, object]) -> dict[str, bytes]:
    return {
        name: data if isinstance(data, bytes) else (data if isinstance(data, str) else json.dumps(data)).encode()
        for name, data in files.items()
    }


def test_a_card_that_states_another_number_of_parameters_needs_a_look() -> None:
    files = {"README.md": card("- **Parameters:** 7B"), "model.safetensors": weights((100, 50))}
    (found,) = _found("card-contradicts-bytes", files)
    assert found.message == "the card says 7000000000 parameters, and model.safetensors holds 5000"
    assert verdict_on_folder(_bytes(files)) == "review"


@pytest.mark.parametrize(
    "line",
    [
        "- Parameters: 5K",
        "| Parameters | 0.004M |",
        "Model size: 7,500 params",
        "Parameters: 6 thousand",
        "Parameters: 2048",
        "It is smaller than models of 7B parameters.",
        "| Parameters | 7B | 13B |",
    ],
)
def test_a_number_that_is_rounded_or_of_other_models_is_no_contradiction(line: str) -> None:
    files = {"README.md": card(line), "model.safetensors": weights((100, 50))}
    assert not _found("card-contradicts-bytes", files)


def test_two_stated_numbers_contradict_nothing() -> None:
    files = {"README.md": card("Parameters: 7B", "Parameters: 13B"), "model.safetensors": weights((100, 50))}
    assert not _found("card-contradicts-bytes", files)


def test_shards_are_counted_together_and_parts_of_a_model_not_at_all() -> None:
    shards = {f"model-0000{n}-of-00002.safetensors": weights((100, 30)) for n in (1, 2)}
    assert not _found("card-contradicts-bytes", {"README.md": card("Parameters: 10K"), **shards})
    assert _found("card-contradicts-bytes", {"README.md": card("Parameters: 100K"), **shards})
    del shards["model-00002-of-00002.safetensors"]
    assert not _found("card-contradicts-bytes", {"README.md": card("Parameters: 100K"), **shards})


def test_parts_whose_names_do_not_say_so_are_counted_together() -> None:
    parts = {f"part{n}.safetensors": weights((100, 50)) for n in range(9)}
    assert not _found("card-contradicts-bytes", {"README.md": card("Parameters: 45K"), **parts})
    shards = {f"model-00000{n}-of-000003.safetensors": weights((100, 50)) for n in (1, 2, 3)}
    assert not _found("card-contradicts-bytes", {"README.md": card("Parameters: 15K"), **shards})


def test_packed_weights_and_masks_are_no_parameters() -> None:
    claims = card("Parameters: 1M")
    assert not _found("card-contradicts-bytes", {"README.md": claims, "model.safetensors": weights((50,), dtype="I32")})
    masks = {"README.md": card("Parameters: 5K"), "model.safetensors": weights((100000,), dtype="BOOL")}
    assert not _found("card-contradicts-bytes", masks)


def test_the_card_of_an_adapter_may_speak_of_its_base() -> None:
    adapter = {"peft_type": "LORA", "base_model_name_or_path": "a/b", "task_type": "CAUSAL_LM"}
    files = {
        "README.md": card("# b-7B-lora", "Parameters: 7B"),
        "adapter_config.json": adapter,
        "adapter_model.safetensors": weights((8, 8)),
    }
    assert not _found("card-contradicts-bytes", files)
    assert not _found("card-inexact", files)


def _gguf(**said: str | int) -> bytes:
    keys = [(f"general.{key}", TEXT if isinstance(value, str) else U32, value) for key, value in said.items()]
    return gguf_of(keys, [("a", (32, 4), 0, 0)], bytes(512))


def test_a_gguf_file_that_lies_about_its_size_needs_a_look() -> None:
    assert _found("card-contradicts-bytes", {"m.gguf": _gguf(size_label="7B")})
    assert _found("card-contradicts-bytes", {"m.gguf": _gguf(parameter_count=1000)})
    assert not _found("card-contradicts-bytes", {"m.gguf": _gguf(parameter_count=128, size_label="128")})
    assert not _found("card-contradicts-bytes", {"m.gguf": _gguf(type="mmproj", size_label="7B")})
    report = report_on(_gguf(size_label="7B"), "m.gguf")
    assert "card-contradicts-bytes" in {finding.rule.id for finding in report.findings}


def test_a_name_that_claims_another_size_is_told_and_no_more() -> None:
    files = {"README.md": card("# tiny-llama-7B"), "model.safetensors": weights((100, 50))}
    (found,) = _found("card-inexact", files)
    assert "the title 'tiny-llama-7B'" in found.message
    assert verdict_on_folder(_bytes(files)) == "allow"


def test_one_of_several_sets_of_weights_that_fits_is_enough() -> None:
    files = {
        "README.md": card("# x-1M"),
        "model.safetensors": weights((1000, 1000), dtype="F16"),
        "draft2.safetensors": weights((10, 10)),
    }
    assert not _found("card-inexact", files)


def test_a_configuration_that_names_another_dtype_is_told() -> None:
    config = {"model_type": "bert", "torch_dtype": "float16"}
    assert _found("card-inexact", {"config.json": config, "model.safetensors": weights((100, 50))})
    assert not _found("card-inexact", {"config.json": config, "model.safetensors": weights((100, 50), dtype="F16")})
    quantized = {**config, "quantization_config": {"quant_method": "gptq"}}
    assert not _found("card-inexact", {"config.json": quantized, "model.safetensors": weights((100, 50))})


def test_a_task_that_the_class_does_not_do_is_told() -> None:
    config = {"model_type": "vit", "architectures": ["ViTForImageClassification"]}
    assert _found("card-inexact", {"config.json": config, "README.md": card(pipeline_tag="token-classification")})
    assert not _found("card-inexact", {"config.json": config, "README.md": card(pipeline_tag="image-classification")})


def test_the_text_of_another_licence_is_told() -> None:
    assert _found("card-inexact", {"README.md": card(), "LICENSE": APACHE})
    assert not _found("card-inexact", {"README.md": card(), "LICENSE": MIT})
    assert not _found("card-inexact", {"README.md": card(license="other"), "LICENSE": APACHE})
    assert not _found("card-inexact", {"README.md": card(), "NOTICE": APACHE})


def test_a_card_that_says_nothing_is_told_what_it_leaves_out_and_the_page_says_who_asks_for_it() -> None:
    files = {"README.md": card("# x", license=[]), "model.safetensors": weights((1,))}
    (found,) = _found("card-incomplete", files)
    assert found.message == "says nothing of licence, intended use, known limits, training data, testing method"
    page = Path("docs/rules/card-incomplete.md").read_text()
    assert "Mitchell" in page
    assert "G7" in page
    assert verdict_on_folder(_bytes(files)) == "allow"


def test_what_a_template_put_there_says_nothing() -> None:
    empty = WHOLE.replace("It knows nothing.", "[More Information Needed]\n<!-- Limits go here. -->")
    (found,) = _found("card-incomplete", {"README.md": empty, "model.safetensors": weights((1,))})
    assert "known limits" in found.message
    assert "training data" not in found.message


def test_a_whole_card_and_the_card_of_a_dataset_are_quiet() -> None:
    assert not _found("card-incomplete", {"README.md": WHOLE, "model.safetensors": weights((1,))})
    assert not _found("card-incomplete", {"README.md": card("# x"), "data.csv": "a,b\n1,2\n"})
