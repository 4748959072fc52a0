"""What is said about the way source loads models, data sets and files, and what is left alone."""

from __future__ import annotations

import textwrap

import pytest
from tests.samples.vetting import report_on, report_on_folder

_COMMIT = "6f3d9a7c" * 5
_HF = "from transformers import AutoModel, pipeline\n"


def rules(source: str, name: str = "app.py") -> set[str]:
    """Return the rules about loads that hold of a source."""
    found = report_on(textwrap.dedent(source).encode(), name).findings
    return {finding.rule.id for finding in found} & _RULES


_RULES = {
    "hub-unpinned", "hub-moving-revision", "remote-code-unpinned", "remote-code-trusted", "code-revision-unpinned",
    "torch-hub-unpinned", "torch-load-unsafe", "loads-pickle", "yaml-unsafe", "keras-safe-mode-off",
    "loads-native-operators", "address-without-digest", "certificate-unchecked", "model-of-the-library",
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (_HF + "AutoModel.from_pretrained('org/a')", {"hub-unpinned"}),
        (_HF + "AutoModel.from_pretrained('gpt2')", {"hub-unpinned"}),
        (_HF + "AutoModel.from_pretrained('org/a', revision='main')", {"hub-moving-revision"}),
        (_HF + "AutoModel.from_pretrained('org/a', revision='6f3d9a7')", {"hub-moving-revision"}),
        (_HF + f"AutoModel.from_pretrained('org/a', revision='{_COMMIT}')", set()),
        (_HF + "AutoModel.from_pretrained('org/a', **more)", set()),
        (_HF + "AutoModel.from_pretrained('org/a', revision=given)", set()),
        (_HF + "AutoModel.from_pretrained('./folder')", set()),
        (_HF + "AutoModel.from_pretrained('output')", set()),
        (_HF + "AutoModel.from_pretrained(name)", set()),
        (_HF + "AutoModel.from_pretrained('org/a', trust_remote_code=True)", {"hub-unpinned", "remote-code-unpinned"}),
        (
            _HF + f"AutoModel.from_pretrained('org/a', trust_remote_code=True, revision='{_COMMIT}')",
            {"remote-code-trusted", "code-revision-unpinned"},
        ),
        (
            _HF + f"c = '{_COMMIT}'\n"
            "AutoModel.from_pretrained('a/b', trust_remote_code=True, revision=c, code_revision=c)",
            {"remote-code-trusted"},
        ),
        (_HF + "AutoModel.from_pretrained(name, trust_remote_code=True)", {"remote-code-trusted"}),
        (_HF + "AutoModel.from_pretrained(name, trust_remote_code=False)", set()),
        (_HF + "pipeline('text-generation')", {"model-of-the-library"}),
        (_HF + f"pipeline('text-generation', model='org/a', revision='{_COMMIT}')", set()),
        (_HF + "pipeline('text-generation', model=name)", set()),
        ("from datasets import load_dataset\nload_dataset('json', data_files='x.json')", set()),
        ("from datasets import load_dataset\nload_dataset('imdb')", {"hub-unpinned"}),
        ("import torch\ntorch.hub.load('pytorch/vision', 'm')", {"torch-hub-unpinned"}),
        (f"import torch\ntorch.hub.load('pytorch/vision:{_COMMIT}', 'm')", set()),
        ("import torch\ntorch.hub.load('./here', 'm', source='local')", set()),
        ("import torch\ntorch.load('a.pt', weights_only=False)", {"torch-load-unsafe"}),
        ("import torch, dill\ntorch.load('a.pt', pickle_module=dill)", {"torch-load-unsafe"}),
        ("import torch\ntorch.load('a.pt')\ntorch.load('b.pt', weights_only=True)", set()),
        ("import joblib\njoblib.load('a.joblib')", {"loads-pickle"}),
        ("import numpy as np\nnp.load('a.npy', allow_pickle=True)", {"loads-pickle"}),
        ("import numpy as np\nnp.load('a.npy')", set()),
        ("import yaml\nyaml.load(s, Loader=yaml.UnsafeLoader)", {"yaml-unsafe"}),
        ("import yaml\nyaml.unsafe_load(s)", {"yaml-unsafe"}),
        ("import yaml\nyaml.safe_load(s)\nyaml.load(s, yaml.CSafeLoader)", set()),
        ("import keras\nkeras.models.load_model('a.keras', safe_mode=False)", {"keras-safe-mode-off"}),
        ("import keras\nkeras.models.load_model('a.keras')", set()),
        ("import torch\ntorch.ops.load_library('a.so')", {"loads-native-operators"}),
        ("import torch\ntorch.hub.load_state_dict_from_url('https://x.org/a.pth')", {"address-without-digest"}),
        ("import torch\ntorch.hub.load_state_dict_from_url('https://x.org/a-0123456789.pth', check_hash=True)", set()),
        (
            "import requests\nrequests.get('https://x.org/a.bin', verify=False)",
            {"address-without-digest", "certificate-unchecked"},
        ),
        ("import requests\nrequests.get('https://x.org/')", set()),
    ],
)  # fmt: skip
def test_a_load_is_judged_by_what_it_says(line: str, said: set[str]) -> None:
    assert rules(line) == said


def test_tests_are_left_alone() -> None:
    source = _HF + "AutoModel.from_pretrained('org/a', trust_remote_code=True)\n"
    assert rules(source, "tests/test_a.py") == set()
    assert rules(source, "src/a.py") == {"hub-unpinned", "remote-code-unpinned"}


def test_what_a_library_does_where_it_is_called_is_told_mildly() -> None:
    source = _HF + "def f():\n    AutoModel.from_pretrained('org/a', trust_remote_code=True)\n"
    place = "venv/lib/python3.11/site-packages/lib/a.py"
    assert rules(source, place) == {"hub-unpinned", "remote-code-trusted"}
    on_import = source.replace("def f():\n    ", "")
    assert rules(on_import, place) == {"hub-unpinned", "remote-code-unpinned"}


@pytest.mark.parametrize(("version", "said"), [("2.5.1", True), ("2.6.0", False)])
def test_an_old_torch_takes_any_pickle(version: str, said: bool) -> None:  # noqa: FBT001 - what is expected
    files = {"requirements.txt": f"torch=={version}\n".encode(), "a.py": b"import torch\ntorch.load('a.pt')\n"}
    found = {finding.rule.id for finding in report_on_folder(files).findings}
    assert ("old-torch-loads-pickles" in found) is said
