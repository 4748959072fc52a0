"""`weighmaster inventory` as a user runs it: on source, on an environment, on the folder of an image."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from weighmaster.fronts.cli.main import main

Run = Callable[..., tuple[int, str, str]]
EMPTY = b"\x02\0\0\0\0\0\0\0{}"
COMMIT = "6f3d9a7c" * 5


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `weighmaster inventory` in a folder of its own, at a fixed time; return its status and what it wrote."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)

    def done(*arguments: str) -> tuple[int, str, str]:
        status = main(["inventory", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return done


def write(place: Path, **files: str | bytes) -> None:
    """Write files; in their names `__` stands for a slash and `_dot_` for a dot."""
    for name, data in files.items():
        path = place / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else textwrap.dedent(data).encode())


APP = """\
import torch
from transformers import AutoModel, AutoTokenizer
NAME = "org/pinned-by-name"
AutoTokenizer.from_pretrained(
    "org/model",  # (the base)
)
AutoModel.from_pretrained(NAME, revision="main")
AutoModel.from_pretrained(("org/model"), trust_remote_code=True)
é = "é"; w = torch.load("w.pt", map_location="cpu")
def load(name="org/model"):
    return AutoModel.from_pretrained(name)
AutoModel.from_pretrained("org/unknown-commit")
"""


def test_what_source_loads_is_listed_with_what_is_wrong(run: Run, tmp_path: Path) -> None:
    write(tmp_path, app__a_dot_py=APP, app__tests__test_a_dot_py="import torch\ntorch.hub.load('a/b', 'm')\n")
    status, out, err = run("app")
    assert (status, err) == (0, "")
    assert "from a hub (3)" in out
    assert "org/model" in out
    assert "a.py:4 and 2 more" in out
    assert "medium remote-code-unpinned" in out
    assert "1 more that only tests load (--all lists them)" in out
    assert "a/b" not in out
    assert "a/b" in run("app", "--all")[1]


def test_an_entry_that_is_wrong_enough_is_an_exit_status(run: Run, tmp_path: Path) -> None:
    write(tmp_path, app__a_dot_py=APP)
    assert run("app", "--fail-on", "high")[0] == 0
    assert run("app", "--fail-on", "medium")[0] == 1


def test_nothing_to_say_is_said(run: Run, tmp_path: Path) -> None:
    write(tmp_path, app__a_dot_py="print(1)\n")
    status, out, _ = run("app")
    assert status == 0
    assert "0 things are loaded by 0 calls" in out
    assert run("nowhere")[0] == 2


def test_calls_are_mended_as_a_diff_first(run: Run, tmp_path: Path) -> None:
    write(tmp_path, app__a_dot_py=APP, commits=f"org/model {COMMIT}\norg/pinned-by-name {COMMIT}  # checked\n")
    status, out, err = run("app", "--fix", "--revisions", "commits")
    assert status == 0
    assert "4 calls in 1 files to change" in err
    assert (tmp_path / "app" / "a.py").read_text() == APP
    assert f'+    "org/model", revision="{COMMIT}",  # (the base)' in out
    run("app", "--write", "--revisions", "commits")
    after = (tmp_path / "app" / "a.py").read_text()
    assert f'AutoModel.from_pretrained(NAME, revision="{COMMIT}")' in after
    assert f'AutoModel.from_pretrained(("org/model"), trust_remote_code=True, revision="{COMMIT}")' in after
    assert 'torch.load("w.pt", map_location="cpu", weights_only=True)' in after
    assert "    return AutoModel.from_pretrained(name)\n" in after
    ast.parse(after)
    assert "0 calls in 0 files" in run("app", "--fix", "--revisions", "commits")[2]


def test_the_cache_of_the_hub_says_which_commit_has_run(run: Run, tmp_path: Path) -> None:
    write(tmp_path, app__a_dot_py=APP)
    refs = tmp_path / "home" / "hub" / "models--org--model" / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text(COMMIT)
    assert f'revision="{COMMIT}"' in run("app", "--fix")[1]


@pytest.mark.parametrize("text", ["org/model main\n", "org/model\n", '{"org/model": "abc"}', '{"org'])
def test_a_list_of_commits_that_names_none_is_refused(run: Run, tmp_path: Path, text: str) -> None:
    write(tmp_path, app__a_dot_py=APP, commits=text)
    assert run("app", "--fix", "--revisions", "commits")[0] == 2


def test_models_in_an_image_are_named_by_the_caches_that_hold_them(run: Run, tmp_path: Path) -> None:
    blob = hashlib.sha256(b"x").hexdigest()
    manifest = {"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{blob}"}]}
    ollama = "root/.ollama/models"
    hub = "root/.cache/huggingface/hub/models--org--name"
    files: dict[str, bytes] = {
        f"{ollama}/manifests/registry.ollama.ai/library/llama3/8b": json.dumps(manifest).encode(),
        f"{ollama}/blobs/sha256-{blob}": b"GGUF\x03\0\0\0" + bytes(16),
        f"{hub}/blobs/{blob}": EMPTY,
        f"{hub}/refs/main": COMMIT.encode(),
        "usr/lib/python3.11/site-packages/pkg/model.safetensors": EMPTY,
        "models/a.safetensors": EMPTY,
    }
    for name, data in files.items():
        path = tmp_path / "image" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    snapshot = tmp_path / "image" / hub / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    os.symlink(f"../../blobs/{blob}", snapshot / "model.safetensors")
    out = run("image", "-o", "json")[1]
    models = {one["path"]: (one["origin"], one["version"], one["package"]) for one in json.loads(out)["models"]}
    assert models == {
        f"{ollama}/blobs/sha256-{blob}": ("llama3", "8b", ""),
        f"{hub}/blobs/{blob}": ("org/name", COMMIT, ""),
        "usr/lib/python3.11/site-packages/pkg/model.safetensors": ("", "", "pkg"),
        "models/a.safetensors": ("", "", ""),
    }


@pytest.mark.parametrize("version", ["1.6", "1.7"])
def test_the_bill_of_materials_is_valid(run: Run, tmp_path: Path, version: str) -> None:
    from weighmaster.bom.check import Bill

    write(tmp_path, app__a_dot_py=APP, app__m_dot_safetensors=EMPTY, app__requirements_dot_txt="torch==2.1.0\nnumpy\n")
    status, out, err = run("app", "-o", "cyclonedx", "--spec-version", version)
    assert (status, err) == (0, "")
    assert not Bill(out.encode(), "bill.json").invalid()
    document = json.loads(out)
    by_name = {component["name"]: component for component in document["components"]}
    assert by_name["org/model"]["purl"] == "pkg:huggingface/org/model"
    assert by_name["org/model"]["evidence"]["occurrences"][0] == {
        "location": "a.py", "line": 4, "symbol": "transformers.AutoTokenizer.from_pretrained",
    }  # fmt: skip
    assert by_name["torch"]["purl"] == "pkg:pypi/torch@2.1.0"
    assert by_name["m.safetensors"]["hashes"]
    assert out == run("app", "-o", "cyclonedx", "--spec-version", version)[1]


def test_a_name_cannot_act_on_the_terminal(run: Run, tmp_path: Path) -> None:
    write(tmp_path, app__a_dot_py="import torch\ntorch.load('a\\x1b[2J.pt')\n")
    assert "\x1b" not in run("app")[1]


def test_a_name_is_looked_up_in_the_configuration_that_the_source_names(run: Run, tmp_path: Path) -> None:
    source = """\
        import yaml
        from transformers import AutoModel
        cfg = yaml.safe_load(open("conf/train.yaml"))
        AutoModel.from_pretrained(cfg["model"]["name"])
        AutoModel.from_pretrained(cfg.get("teacher"))
        AutoModel.from_pretrained(cfg["nothing"])
        """
    write(
        tmp_path,
        app__a_dot_py=source,
        app__b_dot_py="from transformers import AutoModel\nAutoModel.from_pretrained(cfg.teacher)\n",
        app__conf__train_dot_yaml="model:\n  name: org/from-yaml\nteacher: org/teacher\n",
    )
    found = json.loads(run("app", "-o", "json")[1])
    assert [(one["name"], one["loads"][0]["line"], one["loads"][0]["resolved"]) for one in found["used"]] == [
        ("org/from-yaml", 4, "configuration"),
        ("org/teacher", 5, "configuration"),
    ]
    assert [(load["place"], load["line"]) for load in found["unresolved"]] == [("a.py", 6), ("b.py", 2)]
