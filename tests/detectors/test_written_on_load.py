"""Code that a loader imports writes no files; a script that somebody runs may."""

from __future__ import annotations

import json
from typing import Final

import pytest
from tests.samples.vetting import verdict_on, verdict_on_folder

CONFIG: Final = json.dumps({"model_type": "x", "auto_map": {"AutoModel": "modeling_x.X"}}).encode()
CLASS: Final = "\nfrom transformers import PreTrainedModel\n\n\nclass X(PreTrainedModel):\n    pass\n"
WRITES: Final = [
    "open('/tmp/weighmaster_fired', 'w').write('x')\n",
    "with open('weighmaster_fired', mode='a') as file:\n    file.write('x')\n",
    "import pathlib\npathlib.Path('/tmp/weighmaster_fired').write_text('x')\n",
    "import os\nos.remove('/tmp/weighmaster_fired')\n",
    "import json\njson.dump({}, open('/tmp/weighmaster_fired', 'x'))\n",
    "import pip\npip.main(['install', 'weighmaster_fired'])\n",
]


@pytest.mark.parametrize("source", WRITES)
def test_code_of_a_repository_that_writes_when_it_is_loaded_is_blocked(source: str) -> None:
    assert verdict_on_folder({"config.json": CONFIG, "modeling_x.py": (source + CLASS).encode()}) == "block"


@pytest.mark.parametrize("source", WRITES[:-1])
def test_a_script_that_writes_is_no_finding(source: str) -> None:
    assert verdict_on(source.encode(), "prepare.py") == "allow"


def test_code_that_reads_or_writes_when_it_is_called_is_not_blocked() -> None:
    for source in ("x = open('vocab.txt').read()\n", "def save(path):\n    open(path, 'w').write('x')\n"):
        files = {"config.json": CONFIG, "modeling_x.py": (source + CLASS).encode(), "vocab.txt": b"a\n"}
        assert verdict_on_folder(files) != "block"
