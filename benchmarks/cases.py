"""The files that are measured: made here, the same for every tool."""

from __future__ import annotations

import itertools
import pickle
import random
import shutil
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path


def small(folder: Path) -> Path:
    """A pickle of a few dozen bytes: what is measured is the start of the program."""
    path = folder / "small.pkl"
    path.write_bytes(pickle.dumps({"weights": [1.0, 2.0, 3.0], "names": ("a", "b")}))
    return path


def dense(folder: Path, opcodes: int) -> Path:
    """A harmless pickle of many opcodes: lists of tuples and lists of small integers."""
    path = folder / f"dense-{opcodes}.pkl"
    rows = [[(i % 200, [i % 7, i % 100]) for i in range(1000)] for _ in range(opcodes // 8000)]
    path.write_bytes(pickle.dumps(rows, protocol=4))
    return path


def checkpoint(folder: Path, megabytes: int) -> Path:
    """A PyTorch checkpoint of that size, in tensors of 64 MiB."""
    path = folder / f"checkpoint-{megabytes}.pt"
    tensors = "{f'layer.{i}': torch.rand(16 << 20) for i in range(int(sys.argv[2]))}"
    code = f"import sys, torch; torch.save({tensors}, sys.argv[1])"
    # In a process of its own: what is forked from a large process counts as large.
    subprocess.run([sys.executable, "-c", code, str(path), str(megabytes // 64)], check=True)
    return path


def many(folder: Path, count: int) -> Path:
    """A folder of small pickles of about a hundred opcodes."""
    root = folder / f"many-{count}"
    root.mkdir()
    chance = random.Random(0)
    for number in range(count):
        value = OrderedDict((f"layer.{i}.bias", (chance.random(), i, [i, number])) for i in range(9))
        (root / f"{number:05}.pkl").write_bytes(pickle.dumps(value, protocol=4))
    return root


def mixed(folder: Path, count: int) -> Path:
    """A folder of small model files of every kind that the libraries of the tests write, spread over the endings."""
    written, root = folder / "written", folder / f"mixed-{count}"
    # The corpus of harmless files has all of them.
    subprocess.run([sys.executable, "-W", "ignore", "-m", "tests.benign.build", str(written)], check=True)
    by_ending: dict[str, list[Path]] = {}
    for path in sorted(written.rglob("*")):
        if path.is_file() and path.stat().st_size <= 64 << 10:
            by_ending.setdefault(path.suffix, []).append(path)
    root.mkdir()
    chosen = [path for turn in itertools.zip_longest(*by_ending.values()) for path in turn if path is not None]
    for number, path in enumerate(chosen[:count]):
        shutil.copy(path, root / f"{number:03}-{path.name}")
    return root
