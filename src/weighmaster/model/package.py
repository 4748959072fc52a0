"""What packages, dependencies and the source around a model say: facts of the other half of the supply chain.

Names and versions stand as they are written. To compare names, see `weighmaster.knowledge.names.normal.normal`.
"""

from __future__ import annotations

from weighmaster.model.fact import Fact, Shared
from weighmaster.model.repository import Repository
from weighmaster.model.value import Value


class Distribution(Shared):
    """A package says what it is: the metadata of a wheel, an sdist, an installed package or a project.

    `addresses` are its links, each `label=address`; `requires` its requirements as written (PEP 508).
    `by` is the file that says so: `metadata`, `pyproject`, `setup.cfg`, `conda-meta`.
    Specification: <https://packaging.python.org/en/latest/specifications/core-metadata/>.
    """

    name: str
    version: str
    summary: str = ""
    author: str = ""
    addresses: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    by: str = "metadata"


class Build(Shared):
    """How a wheel was built: the `tags` it is for, and whether it says that it holds no machine code (`pure`)."""

    tags: tuple[str, ...]
    pure: bool
    generator: str = ""


class Installed(Shared):
    """The `RECORD` of a wheel or an installed package: `sha256` (hexadecimal, or empty) and `sizes` (or -1) of `paths`.

    `others` are paths whose digest is given in another algorithm. Paths are as written: beside the folder of the
    `RECORD`, so they may lead out of it.
    """

    paths: tuple[str, ...]
    sha256: tuple[str, ...]
    sizes: tuple[int, ...]
    others: tuple[str, ...] = ()


class EntryPoint(Shared):
    """A package offers `name` in `group` (`console_scripts`, `pytest11`): whoever asks for it imports `target`."""

    group: str
    name: str
    target: str


class Compiled(Shared):
    """A module of compiled Python: `form` says how the interpreter tells whether the source beside it is its own.

    `timestamp`: by the time and the `size` of the source; `hash`: by its digest; `unchecked`: not at all; `old`: before
    Python 3.7. `version` is the number of the bytecode. `acts` are the words in it that only code that acts on a
    machine has use for (see `weighmaster.knowledge.packages.compiled`).
    Specification: PEP 552 (<https://peps.python.org/pep-0552/>).
    """

    form: str
    version: int
    size: int = -1
    acts: tuple[str, ...] = ()


class Acting(Shared):
    """The words in source that only code that acts has use for: see `weighmaster.knowledge.packages.compiled`."""

    words: tuple[str, ...]


class Direct(Shared):
    """An installed package came from `target` and from no index: `source` is `archive`, `vcs`, `path`, `editable`.

    `revision` is the commit that was installed.
    Specification: <https://packaging.python.org/en/latest/specifications/direct-url/>.
    """

    target: str
    source: str
    revision: str = ""


class Dependency(Shared):
    """Something wants a package.

    `specifier` is what versions may be, as written; `version` the one that it must be, empty where several may.
    `source` says from where: `index`, `url`, `vcs`, `path`; `target` is the address or path for the others, `revision`
    what a VCS reference names after `@`. `hashes` are `algorithm:digest`. `line` counts from 1, 0 where there is none.
    `by` is what reads it (`pip`, `uv.lock`, `poetry.lock`, `conda`, ...), `locked` whether it stands in a lock.
    `group` is the extra or group that asks for it, `build` for what builds a package. `ecosystem` is `pypi`, `conda`,
    ... A lock that takes a package from an index may say where its files lie: `target` is then the first of them that
    does not lie where the index says that they do, else the first.
    """

    name: str
    by: str
    specifier: str = ""
    version: str = ""
    source: str = "index"
    target: str = ""
    revision: str = ""
    hashes: tuple[str, ...] = ()
    marker: str = ""
    extras: tuple[str, ...] = ()
    index: str = ""
    line: int = 0
    locked: bool = False
    ecosystem: str = "pypi"
    group: str = ""


class Index(Shared):
    """Where packages may come from: `role` is `primary`, `extra`, `named`, `find-links`, `trusted-host`, `strategy`.

    A named index is asked only for the packages that name it. `name` is how they do.
    """

    target: str
    role: str
    by: str
    name: str = ""
    line: int = 0


class Load(Shared):
    """Source code loads something: `loader` is what it calls, `kind` what comes (see `knowledge.loads.loads`).

    `target` is the name, path or address, empty where it cannot be told; `resolved` says how it was found: `literal`,
    `constant`, `default`, `configuration`, `several`, `unknown`. `revision` and `code_revision` are as given, empty
    where none is. `options` are the other arguments that matter, each `name=value`, with `?` for a value not known.
    `span` is line, column, end line, end column of the call, as `ast` counts them. `when` is as in `Use`.
    """

    loader: str
    kind: str
    target: str = ""
    resolved: str = "unknown"
    revision: str = ""
    code_revision: str = ""
    options: tuple[str, ...] = ()
    span: tuple[int, ...] = ()
    when: str = "call"


class Advisory(Shared):
    """Somebody reports that a version of a package is vulnerable, or malicious: `id` such as `PYSEC-2024-1`, `MAL-...`.

    `kind` is `vulnerable`, `malicious`, or `skipped` where the reporter could not tell. `fixed` are versions that are
    not affected. `by` is who says so: `pip-audit`, `uv audit`, `osv`.
    """

    id: str
    name: str
    version: str
    by: str
    kind: str = "vulnerable"
    aliases: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    summary: str = ""


class Release(Shared):
    """What a package index says of one version: when it was uploaded (ISO 8601, empty if not said), whether yanked.

    `index` is which one was asked. `provenance` says whether it offers an attestation of each file (PEP 740), and
    `publisher` who is named there; `previous` is the release before, with the same of it. `age` is in days by the
    index's own clock, -1 where that is not known, and `cooldown` how many are wanted. `status` is that of the project
    (PEP 792), with the `reason`. `rivals` are other indexes that have the name, each as `relation address version`:
    `higher` (where this release comes from has a higher version than that one), `differs` (it has a file of the same
    name with other bytes).
    Specification: <https://packaging.python.org/en/latest/specifications/simple-repository-api/>.
    """

    name: str
    version: str
    index: str
    uploaded: str = ""
    yanked: str = ""
    latest: str = ""
    sdist_only: bool = False
    provenance: bool = False
    publisher: str = ""
    previous: str = ""
    previous_provenance: bool = False
    previous_publisher: str = ""
    age: int = -1
    cooldown: int = 0
    status: str = "active"
    reason: str = ""
    rivals: tuple[str, ...] = ()


class Change(Fact):
    """The package `name` has something that `other`, releases or builds of it, do not. Made of two `Repository`s.

    `kind` is `hook` (something runs without being asked for), `model` (it brings one, and they none), `native` (the
    same of machine code), `library` (one more), `home`, `author`, `requirement`, or `nothing`, where no package of a
    name was there to compare with.
    """

    kind: str
    detail: str
    name: str
    other: str


class Attested(Shared):
    """A file of a package has an attestation (PEP 740): `publisher` is who is named there, as `kind:repository`.

    `state` is `holds` (it is over these bytes under this name, and Sigstore vouches for the publisher), `broken`, or
    `unverified` where that cannot be told here; `detail` says what was found. `by` is the file it stands in.
    """

    publisher: str
    state: str
    detail: str
    by: str


class Blob(Shared):
    """Bytes that stand for something else, or that nobody knows.

    In a text, `form` is the code that they stand in (`base64`, `hex`, `escapes`, ...) where a loader could take what
    comes out, and `opaque` where that is of no known kind and may be encrypted. A file is `encrypted` where it says so
    itself, `random` where only a cipher or chance spreads bytes like that, else `unknown`: it was looked through, and
    nothing known hides in it. `size` is in bytes as they stand, `entropy` in bits a byte. `detail` is how they are
    encoded, or what encrypted them.
    """

    form: str
    size: int
    entropy: str
    detail: str = ""


class File(Value):
    """A file of a package: its `path` in the target (see `knowledge.repository.path_of`), and where it is installed.

    `installed` is relative to `site-packages`; scripts are `../bin/name`, data `../NAME`.
    """

    path: str
    installed: str


class Package(Fact):
    """One package of a target, with all that the target says of it. Made of a `Repository`, never read.

    `form` is `wheel`, `sdist`, `installed` or `project`; `root` the path that its files begin with, `""` or ending in
    `/` or `!`.
    """

    form: str
    root: str
    distribution: Distribution
    files: tuple[File, ...]
    whole: Repository
