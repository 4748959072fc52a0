"""Builds a folder of real models with the libraries that people use, and a package; some poisoned (harmlessly)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pickle
import sys
import zipfile
from pathlib import Path

import joblib
import numpy as np
from safetensors.numpy import save_file
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Poison:
    """Pickles to a call of `os.system`: what a poisoned model does, with a command that harms nobody."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Say how to rebuild this object: by running a command."""
        return os.system, ("echo this could have been any command",)


def build(folder: Path) -> None:
    """Write the models into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    samples, kinds = load_iris(return_X_y=True)
    forest = RandomForestClassifier(10, random_state=0).fit(samples, kinds)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)).fit(samples, kinds)
    joblib.dump(forest, folder / "forest.joblib", compress=3)
    (folder / "pipeline.pkl").write_bytes(pickle.dumps(pipeline))
    random = np.random.default_rng(0)
    weights = {f"layer.{i}.weight": random.normal(size=(64, 64)).astype(np.float32) for i in range(4)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "np"})
    np.savez_compressed(folder / "weights.npz", **weights)
    (folder / "README.md").write_text("# Iris models\n\nA forest, a pipeline and a small network.\n", "utf-8")
    (folder / "checkpoint.pkl").write_bytes(pickle.dumps({"weights": weights, "epoch": 3, "callback": Poison()}))
    (folder / "pipeline-v2.pkl").write_bytes(pickle.dumps({"model": pipeline, "version": Poison()}))
    assistant(folder / "assistant")
    package(folder)


PACKAGE = """import os
import pickle

with open(os.path.join(os.path.dirname(__file__), "ranker.bin"), "rb") as file:
    MODEL = pickle.load(file)
"""
SOURCE = """import torch
from transformers import AutoModel

model = AutoModel.from_pretrained("openai-community/gpt2", trust_remote_code=True)
state = torch.load("ranker.pt")
"""


def package(folder: Path) -> None:
    """Write a wheel that unpickles a poisoned model when it is imported, and a project that wants it."""
    info = "transfomers-4.57.1.dist-info"
    files = {
        "transfomers/__init__.py": PACKAGE.encode(),
        "transfomers/ranker.bin": pickle.dumps({"version": Poison()}),
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: transfomers\nVersion: 4.57.1\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: demo\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')},{len(data)}"
        for name, data in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(folder / "transfomers-4.57.1-py3-none-any.whl", "w") as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)
    project = folder / "project"
    project.mkdir(exist_ok=True)
    (project / "requirements.txt").write_text("transfomers==4.57.1\ntorch\n", "utf-8")
    (project / "rank.py").write_text(SOURCE, "utf-8")


CODE = """import os

from .helpers import banner

os.system(banner)


class Assistant:
    pass
"""
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{{ cycler.__init__.__globals__.os.popen('echo this could have been any command').read() }}"
)


def assistant(folder: Path) -> None:
    """Write a repository as hubs have them: sound weights, and beside them code and a template that run commands."""
    folder.mkdir(exist_ok=True)
    config = {"model_type": "assistant", "auto_map": {"AutoModel": "modeling_assistant.Assistant"}}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    (folder / "modeling_assistant.py").write_text(CODE, "utf-8")
    (folder / "helpers.py").write_text('banner = "echo this could have been any command"\n', "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE}), "utf-8")
    save_file({"weight": np.zeros((4, 4), np.float32)}, folder / "model.safetensors", metadata={"format": "np"})


if __name__ == "__main__":
    build(Path(sys.argv[1]))
