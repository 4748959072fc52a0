"""What a model is made of, and where each word of that comes from.

Four sources speak of a model, and one is believed before the next: its `bytes`, which were hashed and counted; the
`metadata` in a file of weights; a `configuration` beside it; its `card`. What the user said comes before all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from weighmaster.model.errors import TrustError
from weighmaster.model.report import Gap
from weighmaster.model.value import Value
from weighmaster.trust.manifests.manifest import Entry, Manifest

SOURCES: Final = ("option", "bytes", "metadata", "configuration", "card", "path")
"""Who speaks, in the order in which they are believed; `path` is the name of the file or folder."""


class Said(Value):
    """A word about a model: which of `SOURCES` says it, and in which file, if it is one."""

    value: str
    source: str
    file: str = ""

    @property
    def origin(self) -> str:
        """The source and the file, as a bill of materials writes them."""
        return f"{self.source} {self.file}".strip()


class Counted(Value):
    """The numbers of one set of weights: its files, its tensors, its elements by dtype."""

    files: tuple[str, ...]
    tensors: int
    counts: tuple[tuple[str, int], ...]
    adapter: bool = False

    @property
    def elements(self) -> int:
        """All elements, of whatever dtype."""
        return sum(count for _, count in self.counts)


class File(Value):
    """A file: what it is for, its digest, and the formats that were found in it."""

    path: str
    size: int
    sha256: str
    role: str
    formats: tuple[str, ...]


class Package(Value):
    """Software that the model needs: a distribution on PyPI where `index` says so, else a module of that name."""

    name: str
    version: str
    index: bool
    said: Said


class Origin(Value):
    """Another model that this one was made from. `relation` is `adapter`, `finetune`, `merge`, `quantized` or empty."""

    name: str
    relation: str
    said: Said


class Dataset(Value):
    """Data that the model was trained on; with `manifest`, the bytes of it were given and hashed."""

    name: str
    said: Said
    manifest: Manifest | None = None


class Score(Value):
    """A measurement that a card claims."""

    measure: str
    value: str
    on: str
    said: Said


class Inventory(Value):
    """Everything that is known of a model. `fields` are single words about it, the most believed first."""

    name: Said
    version: Said | None
    purl: Said | None
    fields: Mapping[str, tuple[Said, ...]]
    files: tuple[File, ...]
    weights: tuple[Counted, ...]
    parameters: int | None
    origins: tuple[Origin, ...]
    datasets: tuple[Dataset, ...]
    packages: tuple[Package, ...]
    code: tuple[Said, ...]
    scores: tuple[Score, ...]
    contradictions: tuple[tuple[str, str], ...]
    """What says it, and what it says against what is there."""
    gaps: tuple[Gap, ...]
    folder: bool
    excluded: int = 0

    def first(self, field: str) -> Said | None:
        """Return what is believed of a field, if anything is said."""
        return next(iter(self.fields.get(field, ())), None)

    def value(self, field: str) -> str:
        """Return what is believed of a field as text, which is empty where nothing is said."""
        said = self.first(field)
        return said.value if said else ""

    @property
    def manifest(self) -> Manifest:
        """The manifest of the files that were read.

        Raises:
            TrustError: the names of the files are no names that a manifest can hold.
        """
        return Manifest.of(Entry(path=file.path, size=file.size, sha256=file.sha256) for file in self.files)

    @property
    def tree(self) -> str:
        """The tree digest, empty where names or digests of files allow none."""
        try:
            return self.manifest.tree if self.files and all(file.sha256 for file in self.files) else ""
        except TrustError:
            return ""
