"""What a reader saw. A fact carries no judgement: severity is not a word used here."""

from __future__ import annotations

from weighmaster.model.term import Table, Term
from weighmaster.model.value import Value
from weighmaster.model.where import Where


class Fact(Value):
    """Something that stands at a place."""

    where: Where


class Artifact(Fact):
    """Bytes that were looked at. `sha256` is their digest in lower-case hexadecimal.

    `digest` says where that comes from: `computed` from all the bytes, `declared` by whoever serves them, or `none`,
    with an empty `sha256`, where neither could be had.
    """

    size: int
    sha256: str
    formats: tuple[str, ...]
    digest: str = "computed"


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
    """Loading the artifact changes `target` in place: its state, its items (`keys`), or what it holds.

    `words`: all of a state is numbers and plain words, and stays so; asked only for classes for which that decides.
    """

    target: Term
    keys: tuple[Term, ...]
    value: Term
    opcode: str
    words: bool = False


class Extension(Fact):
    """Loading the artifact looks up a code in the `copyreg` extension registry of the process that loads it."""

    code: int


class Shared(Fact):
    """A fact that counts for the whole target: rules on a `Repository` read it beside those of other files."""


class Script(Shared):
    """Source text in a programming language that a loader or a constant of the artifact carries."""

    language: str
    excerpt: str


class Deferred(Fact):
    """Code of the artifact that runs without being called: `trigger` is what makes it run.

    `use`: whoever looks at the value; `argument`: the same, where the value is an argument that a function was given;
    `read`: whoever asks a binding; `start`, `end`: a session that loads the artifact; `call`: nothing but a call.
    `calls` are the functions it calls by name, `names` and `texts` what else stands in it.
    """

    language: str
    trigger: str
    calls: tuple[str, ...]
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


class CodeObject(Fact):
    """Compiled code that the artifact carries; `form` says in which encoding."""

    form: str


class Executable(Shared):
    """A native program or library; `kind` says of which sort.

    `machines` are those that it runs on (`x86_64`, `aarch64`, ...), and `form` whether it is a `program`, a `library`
    or an `object`; both are empty where it does not say so.
    """

    kind: str
    machines: tuple[str, ...] = ()
    form: str = ""


class Engine(Fact):
    """A model that is compiled to the machine code of an accelerator; `kind` says for which."""

    kind: str


class Operation(Fact):
    """Running the artifact's graph or script uses the operator `name` of `dialect` (`torchscript`, `onnx`, ...).

    `detail` is what the operator is given, where that says what it does: a file's name, a nested graph.
    """

    dialect: str
    name: str
    detail: str = ""


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


class Template(Fact):
    """Text that whoever uses the model fills in and evaluates, written in the language `engine` (`jinja`)."""

    engine: str
    name: str
    text: str


class Instantiation(Shared):
    """A configuration names `module`.`name`; what reads it (`by`: `keras`, `hydra`, ...) imports that and calls it.

    `arguments` is what it is called with, as the configuration spells it, cut where it gets long.
    """

    by: str
    module: str
    name: str
    arguments: str = ""

    @property
    def dotted(self) -> str:
        """The full name, as written in source code."""
        return f"{self.module}.{self.name}" if self.module else self.name


class Reference(Shared):
    """The artifact names something outside its own bytes: `target`, a path, an address or an identifier.

    `kind` says what for: see `weighmaster.knowledge.references`. `by` is what follows it (`onnx`, `transformers`, ...).
    `needs` is how many bytes of it are read, where that is known.
    """

    kind: str
    target: str
    by: str
    needs: int = 0


class Use(Shared):
    """Source code uses `module`.`name`. `when` says when it runs: `import`, `call` (in a function), `main`, `install`.

    `detail` is the first argument or the line, cut where it gets long; `computed` says that the name or what it is
    given was put together by the code. `line` is where it stands, from 1; 0 where that is not known.
    """

    language: str
    module: str
    name: str
    when: str
    detail: str = ""
    computed: bool = False
    line: int = 0

    @property
    def dotted(self) -> str:
        """The full name, as written in source code."""
        return f"{self.module}.{self.name}" if self.module else self.name


class Statement(Shared):
    """What the artifact says of itself or of others: `key` is `licence`, `base-model`, `pipeline`, `author`, ..."""

    key: str
    value: str
    by: str


class Weights(Shared):
    """The tensors that a format found in the artifact, counted: `counts` are the elements of each of `dtypes`.

    Numbers that several tensors share count once, where the format says what is shared.
    """

    tensors: int
    dtypes: tuple[str, ...]
    counts: tuple[int, ...]
    by: str

    @property
    def elements(self) -> int:
        """Elements of all dtypes."""
        return sum(self.counts)


class Listed(Shared):
    """A signature beside files lists what it is over: the SHA-256 of each of `paths`, in the same order.

    `left_out` are paths that whoever signed did not cover. Nothing here says who that was, or whether it is true.
    """

    paths: tuple[str, ...]
    digests: tuple[str, ...]
    left_out: tuple[str, ...] = ()


class Trust(Fact):
    """What a policy of trust makes of the evidence beside the target.

    `rule` is the one of the policy that is for it, `mode` what that wants done about what is lacking: `enforce`,
    `warn`, `audit`. `lack` says what is lacking (`weighmaster.trust.policy.assess.Kind`) and is empty where a role is
    filled, by `signer`; `detail` tells it.
    """

    rule: str
    mode: str
    lack: str
    detail: str
    role: str = ""
    signer: str = ""


class Recalled(Fact):
    """A list of recalls names this: `entry` is the id of what it says, `action` what is to be done about it."""

    entry: str
    action: str
    detail: str


class Secret(Shared):
    """A key or password that was left in the artifact, at `line`; `kind` says what it opens.

    It is not shown. `digest` tells it from others: the beginning of its SHA-256, empty where it could be guessed.
    """

    kind: str
    line: int
    digest: str = ""


class Comparison(Fact):
    """The tensors of this file and of `other`, which say that they are the same model, were compared byte by byte.

    `equal` of them are the same, `unlike` have the dtype and shape of tensors there and other numbers, and `alone` have
    no tensor of their dtype and shape there.
    """

    other: str
    equal: int
    unlike: int
    alone: int


class Disagreement(Fact):
    """Two readers of these bytes see different things. `kind` names the difference, `detail` tells it."""

    kind: str
    detail: str
