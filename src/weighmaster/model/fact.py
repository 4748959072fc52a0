"""What a reader saw. A fact carries no judgement: severity is not a word used here."""

from __future__ import annotations

from weighmaster.model.term import Table, Term
from weighmaster.model.value import Value
from weighmaster.model.where import Where


class Fact(Value):
    """Something that stands at a place."""

    where: Where


class Artifact(Fact):
    """Bytes that were looked at. `sha256` is the digest of the bytes that were read, in lower-case hexadecimal."""

    size: int
    sha256: str
    formats: tuple[str, ...]


class Import(Fact):
    """Loading the artifact imports `name` from `module`."""

    module: str
    name: str
    opcode: str

    @property
    def dotted(self) -> str:
        """The full name, as written in source code."""
        return f"{self.module}.{self.name}"


class Call(Fact):
    """Loading the artifact calls `callee`."""

    callee: Term
    arguments: tuple[Term, ...]
    keywords: Table | None = None
    opcode: str


class Update(Fact):
    """Loading the artifact changes `target` in place: its state, its items (`keys`), or what it holds."""

    target: Term
    keys: tuple[Term, ...]
    value: Term
    opcode: str


class Extension(Fact):
    """Loading the artifact looks up a code in the `copyreg` extension registry of the process that loads it."""

    code: int


class Script(Fact):
    """Source text in a programming language that a loader or a constant of the artifact carries."""

    language: str
    excerpt: str


class CodeObject(Fact):
    """Compiled code that the artifact carries; `form` says in which encoding."""

    form: str


class Executable(Fact):
    """A native program or library; `kind` says of which sort."""

    kind: str


class Operation(Fact):
    """Running the artifact's graph or script uses the operator `name`."""

    name: str


class Tensor(Fact):
    """A named block of numbers: `shape` in elements."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class Storage(Fact):
    """`size` bytes of raw numbers that a loader copies and does not interpret: nothing else to read here."""

    size: int


class Metadata(Fact):
    """A key and the text that a file keeps under it, beside its data."""

    key: str
    text: str


class Nested(Fact):
    """An artifact inside this one."""


class Link(Fact):
    """An entry that stands for another: `kind` is `symbolic` or `hard`."""

    kind: str
    target: str


class Stray(Fact):
    """`size` bytes that nothing in the file refers to; `position` says where (before, between, after)."""

    size: int
    position: str


class Expansion(Fact):
    """`packed` bytes that unpack to at least `unpacked`."""

    packed: int
    unpacked: int


class Disagreement(Fact):
    """Two readers of these bytes see different things. `kind` names the difference, `detail` tells it."""

    kind: str
    detail: str
