"""The hostile corpus: every sample of every technique, by its id."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Final, NamedTuple

from tests.samples import techniques
from tests.samples.sample import After, Event, Sample, Unproven

_PATIENCE: Final = 240
"""Seconds that all samples together may take."""


def _gather() -> dict[str, Sample]:
    found: dict[str, Sample] = {}
    for module in pkgutil.iter_modules(techniques.__path__):
        for sample in importlib.import_module(f"{techniques.__name__}.{module.name}").SAMPLES:
            if sample.id in found:
                raise ValueError(f"two samples are called {sample.id}")
            found[sample.id] = sample
    return found


SAMPLES: Final = _gather()


class Firing(NamedTuple):
    """What a sample did when it was loaded."""

    fired: bool
    saw: str


def lacks(sample: Sample) -> str | None:
    """Return why the sample cannot be loaded here, if it cannot."""
    if isinstance(sample.fires, Unproven):
        return sample.fires.reason
    missing = [library for library in sample.needs if not _installed(library)]
    return f"not installed: {', '.join(missing)}" if missing else None


def _installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except ModuleNotFoundError:
        return False


def fire(samples: Iterable[Sample]) -> dict[str, Firing]:
    """Load samples in a process that is thrown away, and say of each whether it was about to do its harm."""
    with tempfile.TemporaryDirectory(prefix="weighmaster-") as folder:
        jobs = [_job(sample, folder) for sample in samples if lacks(sample) is None]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "BROWSER": "true"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.samples.firing"],
            input=json.dumps(jobs),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
            env=environment,
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["id"]: Firing(line["fired"], line["saw"]) for line in lines}


def _job(sample: Sample, folder: str) -> dict[str, str]:
    place = os.path.join(folder, sample.id)
    os.mkdir(place)
    path = os.path.join(place, sample.file)
    with open(path, "wb") as file:
        file.write(sample.build())
    proof = sample.fires
    if isinstance(proof, Unproven):
        raise TypeError(f"{sample.id} has no proof")
    event, token = (proof.name, proof.token) if isinstance(proof, Event) else ("", "")
    after = proof.expression if isinstance(proof, After) else ""
    return {
        "id": sample.id, "folder": place, "path": path, "loader": sample.loader,
        "event": event, "token": token, "after": after,
    }  # fmt: skip
