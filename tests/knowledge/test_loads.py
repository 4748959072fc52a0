"""What source and commands load: which names are found, how, and what is not taken for a load."""

from __future__ import annotations

import ast
import csv
import json
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.vetting import report_on

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes
from weighmaster.knowledge.loads.command_loads import command_loads
from weighmaster.knowledge.loads.load_targets import place_of
from weighmaster.knowledge.loads.loads import loader
from weighmaster.model.package import Load
from weighmaster.model.where import Where
from weighmaster.reading.budget import Limits

_TABLE = Path(__file__).parents[2] / "src" / "weighmaster" / "knowledge" / "loads" / "loads.tsv"
_KINDS = {
    "model", "dataset", "file", "hub-code", "checkpoint", "pickle", "array", "keras", "yaml", "graph", "tensors",
    "native", "address", "package", "registry", "service",
}  # fmt: skip


def loads(source: str, name: str = "x.py") -> list[Load]:
    """Return what a source loads."""
    data = textwrap.dedent(source).encode()
    return [item for item in scan_bytes(data, name, shipped.registry(), Limits()) if isinstance(item, Load)]


def told(source: str) -> list[tuple[str, str]]:
    """Return what a source loads, and how that was found."""
    return [(load.target, load.resolved) for load in loads(source)]


def test_every_row_of_the_table_is_one_callable_with_a_kind_and_a_source() -> None:
    with _TABLE.open(encoding="utf-8", newline="\n") as file:
        rows = [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if not row[0].startswith("#")]
    assert len({row[0] for row in rows}) == len(rows) > 300
    for row in rows:
        assert len(row) == 6, row
        assert row[1] in _KINDS, row
        assert row[5].startswith("https://"), row
        assert loader(row[0].replace("*()", "any").replace("*", "Any")) is not None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("transformers.models.bert.modeling_bert.BertModel.from_pretrained", "model"),
        ("diffusers.StableDiffusionPipeline.from_pretrained", "model"),
        ("somebody.Thing.from_pretrained", "model"),
        ("openai.chat.completions.create", "service"),
        ("torch.load", "checkpoint"),
        ("torch.loads", None),
        ("transformers.set_seed", None),
        ("numpy.loadtxt", None),
        ("json.load", None),
        ("somebody.create", None),
    ],
)
def test_a_name_is_a_loader_or_is_none(name: str, kind: str | None) -> None:
    found = loader(name)
    assert (found.kind if found else None) == kind


def test_a_name_is_followed_through_constants_defaults_and_calls() -> None:
    assert told(
        """
        import argparse, os
        from dataclasses import dataclass, field
        from transformers import AutoModel as A
        OWNER = "org"
        A.from_pretrained(OWNER + "/constant-name")
        A.from_pretrained(os.environ.get("MODEL", "org/environment"))
        p = argparse.ArgumentParser()
        p.add_argument("--model-name", "-m", default="org/option")
        args = p.parse_args()
        A.from_pretrained(args.model_name)
        @dataclass
        class Config:
            model_id: str = field(default="org/field")
        def one(config: Config):
            return A.from_pretrained(config.model_id)
        def two(name="org/parameter"):
            return A.from_pretrained(name)
        for name in ("org/first-of-two", "org/second-of-two"):
            A.from_pretrained(name)
        A.from_pretrained("org/literal")
        A.from_pretrained(input())
        """
    ) == [
        ("org/constant-name", "constant"),
        ("org/environment", "default"),
        ("org/option", "default"),
        ("org/first-of-two", "several"),
        ("org/second-of-two", "several"),
        ("org/literal", "literal"),
        ("", "unknown"),
        ("org/field", "default"),
        ("org/parameter", "default"),
    ]


def test_a_method_gets_the_object_that_it_is_called_on() -> None:
    assert told(
        """
        from transformers import AutoModel
        class A:
            def load(self, name, task, backend):
                return AutoModel.from_pretrained(name)
        A().load("org/first-name", "second-thing", "third-thing")
        """
    ) == [("org/first-name", "constant")]


def test_the_version_and_the_options_are_told() -> None:
    (load,) = loads(
        """
        from transformers import AutoModel
        AutoModel.from_pretrained("org/a", revision="abc", trust_remote_code=True, code_revision="def", torch_dtype=x)
        """
    )
    assert (load.revision, load.code_revision, load.options) == ("abc", "def", ("trust_remote_code=True",))
    assert load.span[:2] == (3, 0)
    (load,) = loads("import torch\ntorch.hub.load('a/b:v1', 'm', trust_repo=True)\n")
    assert (load.target, load.revision, load.options) == ("a/b", "v1", ("model=m", "trust_repo=True"))
    (load,) = loads("from datasets import load_dataset as l\nl('a/b', revision=None, **more)\n")
    assert (load.revision, load.options) == ("", ("**=?",))


def test_what_is_read_back_or_read_as_data_is_no_load() -> None:
    assert not loads("import pickle, yaml\nx = pickle.loads(pickle.dumps(y))\nyaml.load(s, Loader=yaml.SafeLoader)\n")
    assert not loads("import json, requests\njson.load(f)\nrequests.get('https://x.org/index.html')\n")
    assert not loads('"""Use `AutoModel.from_pretrained("org/doc")`."""\n# torch.load("x")\nimport os\nprint(1)\n')
    assert not loads("def from_pretrained(x): return x\nimport os\nfrom_pretrained('a/b')\n")


def test_a_file_that_is_opened_is_the_target() -> None:
    source = "import pickle\nwith open('a.pkl', 'rb') as f:\n    pickle.load(f)\npickle.load(open('b.pkl', 'rb'))\n"
    assert told(source) == [("a.pkl", "constant"), ("b.pkl", "literal")]


def test_a_cell_of_a_notebook_is_a_place() -> None:
    cells = [
        "%pip install x\nname = 'org/named-model'",
        "%%time\nfrom transformers import AutoModel\nAutoModel.from_pretrained(name)",
        "!hf download org/fetched --revision main",
    ]
    book = {
        "nbformat": 4, "metadata": {},
        "cells": [{"cell_type": "code", "source": cell, "outputs": []} for cell in cells],
    }  # fmt: skip
    found = {load.target: (str(load.where), load.span[0]) for load in loads(json.dumps(book), "a.ipynb")}
    assert found["org/named-model"] == ("a.ipynb!cell 2", 3)
    assert "org/fetched" in found


_SCRIPT = r"""#!/bin/bash
MODEL=org/variable
hf download org/a --revision main   # hf download org/comment
huggingface-cli download org/data --repo-type dataset
vllm serve $MODEL --trust-remote-code && echo done
python -m vllm.entrypoints.openai.api_server \
  --model org/continued
ollama pull llama3:8b
git clone https://huggingface.co/org/cloned
curl -kLO https://x.org/m.safetensors
wget https://huggingface.co/org/f/resolve/main/model.gguf
pip install vllm
llama-server -hf org/gguf:Q4_K_M
"""


def test_commands_say_what_they_load() -> None:
    found = [(load.loader, load.kind, load.target, load.revision, load.options) for load in loads(_SCRIPT, "run.sh")]
    assert found == [
        ("hf download", "model", "org/a", "main", ()),
        ("huggingface-cli download", "dataset", "org/data", "", ()),
        ("vllm serve", "model", "org/variable", "", ("trust_remote_code=True",)),
        ("--model", "model", "org/continued", "", ()),
        ("ollama pull", "registry", "llama3:8b", "", ()),
        ("git clone", "model", "org/cloned", "", ()),
        ("curl", "address", "https://x.org/m.safetensors", "", ("verify=False",)),
        ("wget", "file", "org/f", "main", ("filename=model.gguf",)),
        ("llama.cpp -hf", "model", "org/gguf", "", ()),
    ]


def test_containers_say_what_they_load_and_documentation_does_not() -> None:
    compose = "services:\n  a:\n    image: vllm/vllm-openai\n    command: ['--model', 'org/a']\n"
    compose += "    environment:\n      MODEL_ID: org/b\n"
    assert [load.target for load in loads(compose, "compose.yaml")] == ["org/a", "org/b"]
    docker = "FROM x\nARG N=org/c\nRUN hf download ${N}\nCMD ['vllm', 'serve', 'org/d']\n"
    assert [load.target for load in loads(docker, "Dockerfile")] == ["org/c", "org/d"]
    assert not loads("# Use\nType `vllm serve org/e` or `hf download org/f`.\n", "README.md")


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("hf download vllm serve --model=org/x$M{}|;&#\\\n'\"[]- :"), max_size=200))
def test_any_text_is_read_as_commands(text: str) -> None:
    for load in command_loads(text, Where.file("x.sh")):
        assert load.span[0] >= 1
        assert place_of(load)


def test_a_call_is_told_where_the_parser_has_it() -> None:
    source = textwrap.dedent(
        """
        import torch
        é = "é"; m = torch.load(
            "x.pt",
        )
        """
    )
    (load,) = loads(source)
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    assert [(c.lineno, c.col_offset, c.end_lineno, c.end_col_offset) for c in calls] == [load.span]


def test_a_long_source_of_loads_is_told_up_to_a_bound() -> None:
    source = "import torch\n" + "".join(f"torch.load('{n}.pt', weights_only=False)\n" for n in range(2_500))
    report = report_on(source.encode(), "x.py")
    assert len([f for f in report.findings if f.rule.id == "torch-load-unsafe"]) <= 1_000


def test_models_of_torchvision_are_told_where_weights_come_with_them() -> None:
    source = """\
        import torchvision
        from torchvision import models
        from torchvision.models import resnet18, ResNet18_Weights
        models.resnet50(weights="IMAGENET1K_V2")
        resnet18(weights=ResNet18_Weights.DEFAULT)
        models.vgg16(True)
        models.segmentation.fcn_resnet50(weights=None, weights_backbone="DEFAULT")
        torchvision.models.detection.fasterrcnn_resnet50_fpn(pretrained=True)
        models.alexnet()
        models.densenet121(weights=None)
        models.list_models()
        models.ResNet(block, [2, 2, 2, 2])
    """
    names = {"resnet50", "resnet18", "vgg16", "fcn_resnet50", "fasterrcnn_resnet50_fpn"}
    assert {load.target for load in loads(source)} == names
    assert {place_of(load) for load in loads(source)} == {"registry"}


def test_models_of_openvino_are_told_where_it_is_imported() -> None:
    source = """\
        from openvino import Core
        import openvino as ov
        core = ov.Core()
        model = core.read_model("a.xml")
        Core().read_model(model="b.xml", weights="b.bin")
        core.compile_model("c.xml", "CPU")
        core.compile_model(model, "CPU")
        ov.compile_model("d.xml")
    """
    assert {load.target for load in loads(source)} == {"a.xml", "b.xml", "c.xml", "d.xml"}
    assert loads("import tables\ntables.Store().read_model('a.xml')\nself.compile_model('b.xml')\n") == []


def test_a_model_of_timm_that_is_made_of_random_numbers_is_not_loaded() -> None:
    source = """\
        import timm
        timm.create_model("resnet50", pretrained=True)
        timm.create_model("hf-hub:org/model")
        timm.create_model("vit", checkpoint_path="v.pth")
        timm.create_model("resnet18", num_classes=10)
        timm.create_model("resnet34", pretrained=False)
    """
    assert {load.target for load in loads(source)} == {"resnet50", "org/model", "vit"}


def test_how_a_file_is_opened_is_no_path_and_a_message_by_telephone_no_model() -> None:
    source = """\
        import io, pickle, numpy
        numpy.load(path.open("rb"))
        with (folder / "a.pkl").open("rb") as file:
            pickle.load(file)
        with io.open("b.pkl", "rb") as other:
            pickle.load(other)
        class Sender:
            def send(self):
                self.client.messages.create(to, from_=self.number, body=body)
                self.client.messages.create(model="claude-sonnet-4", messages=[])
    """
    found = loads(source)
    assert {load.target for load in found} == {"", "b.pkl", "claude-sonnet-4"}
    assert sum(load.kind == "service" for load in found) == 1
