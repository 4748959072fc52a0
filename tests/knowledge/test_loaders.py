"""What libraries open of a folder, held to what they do themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.knowledge.loaders import Load, chosen, loads

_NAMES = (
    "config.json", "model.safetensors", "model.safetensors.index.json", "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors", "pytorch_model.bin", "pytorch_model.bin.index.json",
    "pytorch_model-00001-of-00001.bin", "tf_model.h5", "flax_model.msgpack", "model.fp16.safetensors",
)  # fmt: skip


def _of(loader: str, names: Iterable[str]) -> Load:
    (found,) = [load for load in loads(names) if load.loader == loader]
    return found


def test_safetensors_come_before_bin_and_whole_files_before_parts() -> None:
    assert chosen(["pytorch_model.bin", "model.safetensors", "config.json"]) == ("config.json", "model.safetensors")
    parts = ["config.json", "model.safetensors.index.json", "model-00002-of-00002.safetensors", "pytorch_model.bin"]
    assert chosen(parts) == ("config.json", "model.safetensors.index.json", "model-00002-of-00002.safetensors")
    assert chosen(["config.json", "pytorch_model.bin"]) == ("config.json", "pytorch_model.bin")


def test_what_is_left_is_told() -> None:
    names = [
        "config.json",
        "model.safetensors",
        "pytorch_model.bin",
        "tf_model.h5",
        "model.fp16.safetensors",
        "notes.txt",
    ]
    assert _of("transformers", names).leaves == ("model.fp16.safetensors", "pytorch_model.bin", "tf_model.h5")


def test_an_adapter_a_pipeline_and_a_sentence_transformer_are_known_by_their_files() -> None:
    assert chosen(["adapter_config.json", "adapter_model.bin", "adapter_model.safetensors"]) == (
        "adapter_config.json",
        "adapter_model.safetensors",
    )
    names = ["model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.bin", "vae/model.safetensors"]
    assert set(_of("diffusers", names).opens) == set(names)
    names = ["modules.json", "1_Pooling/config.json", "2_Dense/model.safetensors", "2_Dense/pytorch_model.bin"]
    assert _of("sentence-transformers", names).opens == tuple(names[:3])


def test_folders_are_apart_and_an_archive_is_a_folder() -> None:
    names = ["a/config.json", "b/model.safetensors", "c.zip!m/config.json", "c.zip!m/pytorch_model.bin"]
    assert [(load.folder, load.opens) for load in loads(names)] == [
        ("a/", ("a/config.json",)),
        ("c.zip!m/", ("c.zip!m/config.json", "c.zip!m/pytorch_model.bin")),
    ]


def test_the_first_part_of_a_gguf_model_decides() -> None:
    names = ["m-00002-of-00002.gguf", "m-00001-of-00002.gguf"]
    assert chosen(names) == ("m-00001-of-00002.gguf", "m-00002-of-00002.gguf")


@given(st.sets(st.sampled_from(_NAMES)))
def test_what_is_opened_is_there_and_not_left(names: set[str]) -> None:
    for load in loads(names):
        assert set(load.opens) <= names
        assert set(load.leaves) <= names
        assert not set(load.opens) & set(load.leaves)


@pytest.mark.parametrize("count", range(6))
def test_transformers_takes_the_weights_that_we_say(count: int, tmp_path: Path) -> None:
    """Take the files away that it opens, one after the other, and ask again."""
    from transformers.modeling_utils import _get_resolved_checkpoint_files

    weights = [name for name in _NAMES if name.startswith(("model.saf", "pytorch_model.bin"))]
    here = {*weights[count:], "config.json"}
    for name in here:
        (tmp_path / name).write_text('{"weight_map": {}, "metadata": {}}')
    opened = [name for name in chosen(here) if name in weights]
    if not opened:
        with pytest.raises(OSError, match="no file named"):
            _resolved(_get_resolved_checkpoint_files, tmp_path)
        return
    files, _ = _resolved(_get_resolved_checkpoint_files, tmp_path)
    if files:
        assert [Path(file).name for file in files] == opened
    else:
        assert opened[0].endswith(".index.json")


def _resolved(function: object, folder: Path) -> tuple[list[str] | None, object]:
    found = function(  # type: ignore[operator]
        pretrained_model_name_or_path=str(folder),
        variant=None,
        gguf_file=None,
        use_safetensors=None,
        user_agent=None,
        is_remote_code=False,
    )
    assert isinstance(found, tuple)
    return found
