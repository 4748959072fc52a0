"""MLflow folders: what loading one runs is proven in a process of its own, and judged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.samples.sample import TOKEN
from tests.samples.vetting import verdict_on_folder

_LOADER = f"open({TOKEN!r}, 'w').close()\ndef _load_pyfunc(path):\n    return None\n"
_MODEL = """flavors:
  python_function:
    loader_module: weighmaster_own_loader
    code: code
    data: data
mlflow_version: 3.0.0
"""


def test_a_loader_of_its_own_runs_and_wants_a_look(tmp_path: Path) -> None:
    files = {"MLmodel": _MODEL, "code/weighmaster_own_loader.py": _LOADER, "data/x": "x"}
    for name, text in files.items():
        (tmp_path / "m" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "m" / name).write_text(text)
    script = "import mlflow.pyfunc; mlflow.pyfunc.load_model('m', suppress_warnings=True)"
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={**os.environ, "MLFLOW_TRACKING_URI": f"file:{tmp_path}/runs"},
    )
    assert (tmp_path / TOKEN).exists()
    assert verdict_on_folder({name: text.encode() for name, text in files.items()}) == "review"


def test_what_any_flavour_opens_outside_of_its_folder_is_blocked() -> None:
    for flavour in (
        "sklearn:\n    pickled_model: ../../model.pkl",
        "langchain:\n    model_code_path: /tmp/code.py",
        "pytorch:\n    model_data: ../data\n    code: null",
    ):
        assert verdict_on_folder({"MLmodel": f"flavors:\n  {flavour}\n".encode()}) == "block"
    inside = b"flavors:\n  sklearn:\n    pickled_model: model.pkl\n    sklearn_version: 1.5.0\n"
    assert verdict_on_folder({"MLmodel": inside, "model.pkl": b"\x80\x04N."}) == "allow"
