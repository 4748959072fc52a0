"""What a hostile package is: the files of a target, what makes it fire, and what must be said of it.

All shapes are inert, as all samples are (see `tests.samples.sample`): a payload is `HARM`, a command that does nothing
and that the audit hook stops before it is run. `SHAPES` is gathered from the modules of `tests.samples.packages`:

    SHAPES = [
        Shape(
            id="names-after-area",
            what="one sentence: what it does, when",
            build=lambda: {"x-1.0-py3-none-any.whl": wheel("x", "1.0", {"x/__init__.py": HARM})},
            fire="import x",
            said=("rule-that-must-hold",),
        ),
    ]
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from typing import Final, NamedTuple

from tests.samples import packages
from tests.samples.sample import SYSTEM, TOKEN, After, Event, Expected, Proof, Unproven

HARM: Final = f"import os\nos.system('true {TOKEN}')\n"
"""Source of a payload: a command that does nothing, and that the hook knows."""

START: Final = "start()"
"""An interpreter starts: path files are read, `sitecustomize` and `usercustomize` imported."""
SETUP: Final = "setup()"
"""`setup.py` is run, as building an sdist without a build system does."""
_PATIENCE: Final = 240


class Shape(NamedTuple):
    """A hostile target.

    `build` gives its files: one is vetted as a file, several as a folder. To fire it, wheels are installed, sdists
    unpacked and other files laid as they are; then the statement `fire` is run, in the folder of the sdist or of the
    target, with `site-packages` on the path. It may use `start()`, `setup()`, `SITE`, `FOLDER`, and `run(path)`, which
    runs a script; `result` is for proofs of the kind `After`. At least the rules in `said` must hold.
    """

    id: str
    what: str
    build: Callable[[], Mapping[str, bytes]]
    fire: str
    said: tuple[str, ...]
    proof: Proof = SYSTEM
    expected: Expected = "block"
    needs: tuple[str, ...] = ()
    """Libraries without which it cannot be fired."""
    environment: tuple[tuple[str, str], ...] = ()


class Firing(NamedTuple):
    """What a shape did."""

    fired: bool
    saw: str


def _gather() -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    for module in pkgutil.iter_modules(packages.__path__):
        for shape in importlib.import_module(f"{packages.__name__}.{module.name}").SHAPES:
            if shape.id in found:
                raise ValueError(f"two shapes are called {shape.id}")
            found[shape.id] = shape
    return found


def shapes() -> dict[str, Shape]:
    """Return every shape by its id."""
    return _gather()


def lacks(shape: Shape) -> str | None:
    """Return why a shape cannot be fired here, if it cannot."""
    if isinstance(shape.proof, Unproven):
        return shape.proof.reason
    missing = [library for library in shape.needs if find_spec(library) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


def fire(those: Iterable[Shape]) -> dict[str, Firing]:
    """Fire shapes in a process that is thrown away, and say of each whether it was about to do its harm."""
    with tempfile.TemporaryDirectory(prefix="weighmaster-") as folder:
        jobs = [_job(shape, folder) for shape in those if lacks(shape) is None]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.samples.shape_firing"],
            input=json.dumps(jobs),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
            env=environment,
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["id"]: Firing(line["fired"], line["saw"]) for line in lines}


def _job(shape: Shape, folder: str) -> dict[str, object]:
    place = os.path.join(folder, shape.id)
    for name, data in shape.build().items():
        path = os.path.join(place, "target", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
    event, token = (shape.proof.name, shape.proof.token) if isinstance(shape.proof, Event) else ("", "")
    after = shape.proof.expression if isinstance(shape.proof, After) else ""
    return {
        "id": shape.id, "folder": place, "fire": shape.fire, "event": event, "token": token, "after": after,
        "needs": list(shape.needs), "environment": dict(shape.environment),
    }  # fmt: skip
