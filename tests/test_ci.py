"""What is offered to other people's pipelines is valid where it is read, and calls a command line that exists."""

from __future__ import annotations

import json
import re
import shlex
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from weighmaster.fronts.cli import vet

ROOT = Path(__file__).parent.parent
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
SPEC, JOBS = yaml.safe_load_all((ROOT / "templates" / "vet.yml").read_text("utf-8"))


def schema(name: str) -> Any:
    """Return a schema that check-jsonschema brings, as its vendors publish it."""
    if find_spec("check_jsonschema") is None:
        pytest.skip("check-jsonschema is not installed")
    folder = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


def test_the_action_holds_to_its_schema() -> None:
    jsonschema.validate(ACTION, schema("github-actions"))


def test_the_component_holds_to_its_schema() -> None:
    jsonschema.Draft7Validator(schema("gitlab-ci")).validate(JOBS)


def test_the_hooks_are_what_pre_commit_reads() -> None:
    manifest = pytest.importorskip("pre_commit.clientlib")
    manifest.load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_calls_what_exists_and_says_when(hook: dict[str, Any]) -> None:
    program, command, *options = shlex.split(hook["entry"])
    assert (program, command) == ("weighmaster", "vet")
    vet.parser().parse_args([*options, "file"])
    assert hook["language"] == "python"
    re.compile(hook.get("files", ""))
    assert hook.get("files") or hook.get("types_or")


@pytest.mark.parametrize(
    ("hook", "name"),
    [
        ("weighmaster-models", "models/a.safetensors"),
        ("weighmaster-models", "B.PKL"),
        ("weighmaster-requirements", "requirements-dev.txt"),
        ("weighmaster-requirements", "app/uv.lock"),
    ],
)
def test_a_hook_is_asked_about_files(hook: str, name: str) -> None:
    (found,) = [one for one in HOOKS if one["id"] == hook]
    assert re.search(found["files"], name)


def test_no_input_is_text_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
    assert not any("$[[" in line for line in JOBS["weighmaster"]["script"])


def test_the_options_of_the_action_exist() -> None:
    script = ACTION["runs"]["steps"][-1]["run"]
    known = {option for action in vet.parser()._actions for option in action.option_strings}
    assert set(re.findall(r"--[a-z-]+", script)) - {"--"} <= known


def test_inputs_of_the_component_are_all_used() -> None:
    text = (ROOT / "templates" / "vet.yml").read_text("utf-8")
    for name in SPEC["spec"]["inputs"]:
        assert f"inputs.{name}" in text
