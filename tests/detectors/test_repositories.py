"""Repositories as a whole: hostile ones, which real libraries run, and what is said of a folder and of its files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from io import BytesIO

import pytest
from tests.samples.repositories import REPOSITORIES, Hostile
from tests.samples.sample import Unproven
from tests.samples.vetting import report_on, report_on_folder, verdict_on_folder

from weighmaster.model.finding import Finding

_PATIENCE = 120
_EMPTY = b"\x02\0\0\0\0\0\0\0{}"
"""A safetensors file without tensors."""


@pytest.fixture(scope="module")
def fired(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Load every sample in a throw-away process; return what was seen of each."""
    folder = str(tmp_path_factory.mktemp("repositories"))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.samples.repositories", folder],
        check=True,
        capture_output=True,
        timeout=_PATIENCE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["id"]: "fired" if line["fired"] else line["saw"] for line in said}


@pytest.mark.xdist_group("repositories")
@pytest.mark.parametrize("sample", [s for s in REPOSITORIES if not isinstance(s.fires, Unproven)], ids=lambda s: s.id)
def test_a_library_runs_what_the_sample_brings(sample: Hostile, fired: dict[str, str]) -> None:
    assert fired[sample.id] == "fired"


def _vetted(sample: Hostile) -> dict[str, bytes]:
    return {name: data.replace(b"@FOLDER@", b"/srv/models") for name, data in sample.files.items()}


@pytest.mark.parametrize("sample", REPOSITORIES, ids=lambda s: s.id)
def test_a_hostile_repository_does_not_come_in(sample: Hostile) -> None:
    outcome = verdict_on_folder(_vetted(sample))
    assert outcome == "block" if sample.expected == "block" else outcome in {"review", "block"}
    assert sample.rules & {finding.rule.id for finding in report_on_folder(_vetted(sample)).findings}


def _found(rule: str, files: Mapping[str, object]) -> list[Finding]:
    return [finding for finding in report_on_folder(_bytes(files)).findings if finding.rule.id == rule]


def _bytes(files: Mapping[str, object]) -> dict[str, bytes]:
    return {
        name: data if isinstance(data, bytes) else (data if isinstance(data, str) else json.dumps(data)).encode()
        for name, data in files.items()
    }


ACT = "import os\nos.system('true weighmaster_fired')\n"
CONFIG: dict[str, object] = {"model_type": "x", "auto_map": {"AutoModel": "modeling_x.XModel"}}


def test_the_message_names_the_chain_of_files() -> None:
    files = {"m/config.json": CONFIG, "m/modeling_x.py": "from .utils import a\n", "m/utils.py": f"{ACT}a = 0\n"}
    (found,) = _found("remote-code-acts", files)
    assert "m/config.json -> m/modeling_x.py -> m/utils.py" in found.message
    assert found.where.root == "m/utils.py"


def test_a_package_is_followed_into_its_init_file() -> None:
    files = {"config.json": CONFIG, "modeling_x.py": "from .utils import a\n", "utils/__init__.py": f"{ACT}a = 0\n"}
    assert _found("remote-code-acts", files)


def test_imports_in_a_circle_end() -> None:
    files = {"config.json": CONFIG, "modeling_x.py": "from .b import x\n", "b.py": f"from .modeling_x import y\n{ACT}"}
    assert len(_found("remote-code-acts", files)) == 1


def test_code_that_nothing_leads_to_is_not_said_to_be_loaded() -> None:
    files = {"config.json": {"model_type": "bert"}, "train.py": ACT}
    assert not _found("remote-code-acts", files)


def test_code_of_one_model_is_not_that_of_its_neighbour() -> None:
    files = {"a/config.json": CONFIG, "a/modeling_x.py": "import torch\n", "b/modeling_x.py": ACT}
    assert not _found("remote-code-acts", files)


def test_code_in_an_archive_is_found_beside_its_configuration() -> None:
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("m/config.json", json.dumps(CONFIG))
        archive.writestr("m/modeling_x.py", ACT)
    report = report_on(held.getvalue(), "model.zip")
    (found,) = [finding for finding in report.findings if finding.rule.id == "remote-code-acts"]
    assert "model.zip!m/config.json -> model.zip!m/modeling_x.py" in found.message


def test_code_in_a_function_needs_a_look_and_no_more() -> None:
    source = "import subprocess\nclass XModel:\n    def build(self):\n        subprocess.run(['make', 'kernels'])\n"
    files: Mapping[str, object] = {"config.json": CONFIG, "modeling_x.py": source}
    assert _found("remote-code-can-act", files)
    assert not _found("remote-code-acts", files)
    assert verdict_on_folder(_bytes(files)) == "review"


def test_harmless_code_of_a_repository_needs_a_look() -> None:
    files: Mapping[str, object] = {
        "config.json": CONFIG,
        "modeling_x.py": "import torch\nclass XModel(torch.nn.Module):\n    pass\n",
    }
    assert _found("loads-remote-code", files)
    assert verdict_on_folder(_bytes(files)) == "review"


def test_code_that_is_not_there_is_missing_only_where_the_folder_was_seen() -> None:
    assert _found("missing-code", {"config.json": CONFIG})
    report = report_on(json.dumps(CONFIG).encode(), "config.json")
    assert "missing-code" not in {finding.rule.id for finding in report.findings}


def _index(*files: str) -> dict[str, object]:
    return {"metadata": {"total_size": 8}, "weight_map": {f"t{at}": file for at, file in enumerate(files)}}


def test_shards_that_match_the_index_are_quiet() -> None:
    files = {
        "model.safetensors.index.json": _index("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
        "model-00001-of-00002.safetensors": _EMPTY,
        "model-00002-of-00002.safetensors": _EMPTY,
    }
    assert not _found("shards-do-not-match", files)


def test_missing_and_surplus_shards_are_told() -> None:
    files = {
        "m/model.safetensors.index.json": _index("model-00001-of-00002.safetensors"),
        "m/model-00003-of-00003.safetensors": _EMPTY,
        "other/model-00001-of-00002.safetensors": _EMPTY,
    }
    assert sorted(finding.message for finding in _found("shards-do-not-match", files)) == [
        "1 part is not there: 'model-00001-of-00002.safetensors'",
        "1 part is there and not in the index: 'model-00003-of-00003.safetensors'",
    ]


def test_each_loader_says_what_it_takes() -> None:
    files = {"config.json": CONFIG, "modeling_x.py": "x = 1\n", "model.safetensors": _EMPTY, "pytorch_model.bin": b"x"}
    (found,) = _found("loader-takes", files)
    assert found.message == (
        "transformers takes config.json, model.safetensors, and imports modeling_x.py if it is told to trust the "
        "repository; it leaves pytorch_model.bin"
    )


def test_a_pickle_that_is_left_beside_safetensors_is_told() -> None:
    files: dict[str, object] = {
        "config.json": {"model_type": "bert"},
        "model.safetensors": _EMPTY,
        "pytorch_model.bin": b"x",
    }
    assert _found("pickle-beside-safetensors", files)
    del files["model.safetensors"]
    assert not _found("pickle-beside-safetensors", files)


def test_a_card_and_an_adapter_that_name_different_models_disagree() -> None:
    adapter: dict[str, object] = {"peft_type": "LORA", "base_model_name_or_path": "a/b", "task_type": "CAUSAL_LM"}
    assert _found("card-disagrees", {"adapter_config.json": adapter, "README.md": "---\nbase_model: c/d\n---\n"})
    assert not _found("card-disagrees", {"adapter_config.json": adapter, "README.md": "---\nbase_model: A/B\n---\n"})
    apart = {"x/adapter_config.json": adapter, "y/README.md": "---\nbase_model: c/d\n---\n"}
    assert not _found("card-disagrees", apart)


def test_a_card_without_a_licence_is_noted() -> None:
    assert _found("no-licence", {"README.md": "---\ntags: [x]\n---\n"})
    assert not _found("no-licence", {"README.md": "---\nlicense: mit\n---\n"})
    assert not _found("no-licence", {"README.md": "---\ntags: [x]\n---\n", "LICENSE.txt": "free"})


def test_a_file_that_is_called_like_the_library_is_told() -> None:
    index: dict[str, object] = {"_class_name": "P", "_diffusers_version": "0.3", "vae": ["diffusers", "AutoencoderKL"]}
    assert _found("shadows-library", {"model_index.json": index, "vae/diffusers.py": "x = 1\n"})
    assert not _found("shadows-library", {"model_index.json": index, "vae/config.json": "{}"})
