"""What a hostile sample is: bytes made by readable code, the loader they are for, and what proves that they fire.

All samples are inert. The proof is an audit hook in a throw-away process (`tests.samples.firing`) that stops the
process the moment the interpreter is about to do the harm, so the harm itself is never done; what the sample is about
to touch bears the word `TOKEN`, by which the hook knows it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple

from tests.samples.pickles import pickle_of

TOKEN: Final = "weighmaster_fired"
COMMAND: Final = f"true {TOKEN}"
SOURCE: Final = f"raise SystemExit('{TOKEN}')"
HOST: Final = "127.0.0.1"
PORT: Final = 9
URL: Final = f"http://{HOST}:{PORT}/{TOKEN}"
MODULE: Final = "antigravity"
"""A module of the standard library whose import opens a browser."""

Expected = Literal["block", "review"]


class Event(NamedTuple):
    """The audit event `name` is raised with arguments that hold `token`."""

    name: str
    token: str = TOKEN


class After(NamedTuple):
    """Once the loader is through, `expression` is true; `result` is what it gave, or the exception it raised."""

    expression: str


class Unproven(NamedTuple):
    """The sample cannot fire here, for this reason; it is vetted all the same."""

    reason: str


Proof = Event | After | Unproven

SYSTEM: Final = Event("os.system")
SPAWN: Final = Event("subprocess.Popen")
RUN: Final = Event("exec")
OPEN: Final = Event("open")
BROWSER: Final = Event("webbrowser.open", "xkcd")
CONNECT: Final = Event("socket.connect", HOST)
LOOKUP: Final = Event("socket.getaddrinfo", HOST)


class Sample(NamedTuple):
    """A hostile file. `expected` is `review` where a stricter verdict is as good."""

    id: str
    technique: str
    build: Callable[[], bytes]
    fires: Proof
    expected: Expected = "block"
    loader: str = "pickle"
    file: str = "model.pkl"
    needs: tuple[str, ...] = ()
    """Libraries without which the loader cannot be run or the file cannot be built."""


def slug(sentence: str) -> str:
    """Return a sentence as an identifier."""
    return re.sub(r"[^a-z0-9]+", "-", sentence.lower()).strip("-")


class Table:
    """The samples of one class of techniques."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self.samples: list[Sample] = []

    def program(self, technique: str, parts: Iterable[bytes], fires: Proof, **more: object) -> None:
        """Add a protocol-4 pickle that pushes `parts`."""
        data = pickle_of(*parts)
        self.raw(technique, lambda: data, fires, **more)

    def raw(self, technique: str, build: Callable[[], bytes] | bytes, fires: Proof, **more: object) -> None:
        """Add a file."""
        make = build if callable(build) else lambda: build
        id = f"{self._kind}-{slug(technique)}"
        same = sum(slug(sample.technique) == slug(technique) for sample in self.samples)
        id = f"{id}-{same + 1}" if same else id
        self.samples.append(Sample(id, technique, make, fires, **more))  # type: ignore[arg-type]
