"""A recorded run, run again: the same command, on the same inputs, in a folder of its own; then outputs are compared.

1. Inputs must have the digests that the statement gives; what has others is refused before anything runs.
2. The code is that of the commit, checked out into the new folder, where the statement names one.
3. Inputs that were named by relative paths are linked into the folder, so that the command finds them where it did.
4. The environment is compared with the recorded one, and what differs is told; it is not changed.
5. The command runs; what it makes is compared by digest, and where bits differ, tensor by tensor.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from weighmaster.model.errors import ConfigError, TrustError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.provenance.code import check_out
from weighmaster.provenance.command import run_observed
from weighmaster.provenance.differences import Difference, differences
from weighmaster.provenance.observer import VARIABLES
from weighmaster.provenance.run import BUILD_TYPE, PREDICATE_TYPE
from weighmaster.reading.pattern import pattern
from weighmaster.reading.record import Record
from weighmaster.trust.evidence.statement import Statement
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM

_COMMIT: Final = pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LINKED: Final = Hashing(follow_links=True)


class Input(Value):
    """A recorded input: its name, the path it was read from, and its tree digest. `named` ones were declared."""

    name: str
    path: str
    tree: str
    named: bool


class Recipe(Value):
    """What a statement says of a run: how to repeat it."""

    command: tuple[str, ...]
    inputs: tuple[Input, ...]
    outputs: tuple[Input, ...]
    commit: str
    is_dirty: bool
    variables: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]
    python: str


class Compared(Value):
    """An output beside the recorded one: `same` bits, or the tensors that differ, or why that cannot be told."""

    name: str
    path: str
    same: bool
    tensors: tuple[Difference, ...] = ()
    note: str = ""


def recipe(statement: Statement) -> Recipe:
    """Read what a statement about a run says.

    Raises:
        TrustError: it is about no run that was recorded here.
    """
    if statement.predicate_type != PREDICATE_TYPE:
        raise TrustError(f"this statement is no {PREDICATE_TYPE}, but {statement.predicate_type}")
    try:
        return _recipe(Record.of(statement.predicate, "predicate"))
    except UnreadableError as error:
        raise TrustError(f"this statement tells of no run that can be repeated: {error}") from error


def _recipe(predicate: Record) -> Recipe:
    definition = _inner(predicate, "buildDefinition")
    if definition.get("buildType", str) != BUILD_TYPE:
        raise UnreadableError(f"buildType: {definition.get('buildType', str)!r} is not {BUILD_TYPE}")
    told = _inner(definition, "externalParameters")
    environment = _inner(_inner(definition, "internalParameters"), "environment")
    materials = [Record.of(each, "resolvedDependencies") for each in definition.each("resolvedDependencies", dict)]
    code = [each for each in materials if _note(each, "role") == "code"]
    variables = environment.values.get("variables") or {}
    packages = environment.values.get("packages") or []
    if not isinstance(variables, dict) or not isinstance(packages, list):
        raise UnreadableError("the environment makes no sense")
    return Recipe(
        command=told.each("command", str),
        inputs=tuple(_input(each) for each in materials if _note(each, "role") in {"input", "observed"}),
        outputs=tuple(
            _input(Record.of(e, "byproducts")) for e in _inner(predicate, "runDetails").each("byproducts", dict)
        ),
        commit=_commit(code[0]) if code else "",
        is_dirty=bool(code and _note(code[0], "dirty")),
        variables=tuple((k, v) for k, v in variables.items() if k in VARIABLES and isinstance(v, str)),
        packages=tuple(
            (str(each.get("name")), str(each.get("version"))) for each in packages if isinstance(each, dict)
        ),
        python=str(environment.values.get("python") or ""),
    )


def environment_differences(wanted: Recipe, packages: Sequence[Mapping[str, str]], python: str) -> Iterator[str]:
    """Yield how this environment differs from the recorded one, in sentences."""
    here = {each["name"]: each["version"] for each in packages}
    there = dict(wanted.packages)
    if wanted.python and wanted.python != python:
        yield f"Python is {python}, and was {wanted.python}"
    for name in sorted({*here, *there}, key=str.lower):
        if here.get(name) != there.get(name):
            now, before = here.get(name, "not installed"), there.get(name, "not installed")
            yield f"{name} is {now}, and was {before}"


class Repetition:
    """A run that is to be repeated in `folder`, which must not exist yet or be empty."""

    def __init__(self, wanted: Recipe, folder: str, *, original: str, moved: Mapping[str, str] | None = None) -> None:
        self.wanted = wanted
        self.folder = folder
        self._original = original
        self._moved = moved or {}

    def prepare(self, code: str | None = None) -> list[str]:
        """Do steps 1 to 3; return what is not as it was. `code` is a repository to take the commit from.

        Raises:
            TrustError: an input is not what it was.
            ConfigError: the folder is in use, or something is not there.
        """
        if not self.wanted.command:
            raise ConfigError("the statement names no command: what ran was a part of a program")
        if os.path.isdir(self.folder) and os.listdir(self.folder):
            raise ConfigError(f"{self.folder} is not empty")
        for output in self.wanted.outputs:
            if _is_outside(output.path):
                raise ConfigError(f"it would write {output.path}, which lies outside of the folder")
        found = [(each, self._found(each)) for each in self.wanted.inputs]
        said = [f"the input {each.path} is not there" for each, at in found if at is None]
        os.makedirs(self.folder, exist_ok=True)
        said += self._with_code(code)
        said += [note for each, at in found if at is not None for note in self._link(each, at)]
        return said

    def run(self) -> int:
        """Run the command in the folder; return its exit status."""
        status, _ = run_observed(self.wanted.command, folder=self.folder, variables=dict(self.wanted.variables))
        return status

    def compared(self) -> Iterator[Compared]:
        """Yield each output beside the recorded one."""
        for output in self.wanted.outputs:
            yield self._compared(output, os.path.join(self.folder, output.path))

    def _found(self, wanted: Input) -> str | None:
        path = self._moved.get(wanted.name, os.path.normpath(os.path.join(self._original, wanted.path)))
        if not os.path.lexists(path):
            if wanted.named:
                raise ConfigError(f"the input {wanted.name} ({path}) is not there: say where it is now")
            return None
        tree = hash_artifact(path, _LINKED).tree
        # A file that was moved has another name, and with it another tree digest: it is hashed under the old one.
        if tree != wanted.tree and _renamed(path, wanted) != wanted.tree:
            raise TrustError(f"the input {wanted.name} ({path}) is not what it was: its tree digest was {wanted.tree}")
        return path

    def _with_code(self, code: str | None) -> list[str]:
        if not self.wanted.commit:
            return ["the statement names no commit: the code is what lies in the folders the command names"]
        if not check_out(code or self._original, self.wanted.commit, self.folder):
            raise ConfigError(f"the commit {self.wanted.commit} cannot be had from {code or self._original}")
        said = ["the code had been changed since its commit, which is what runs now"] if self.wanted.is_dirty else []
        if os.path.lexists(os.path.join(self.folder, ".gitmodules")):
            said.append("the code has submodules, which are not fetched")
        return said

    def _link(self, wanted: Input, at: str) -> Iterator[str]:
        """Link an input to where the command looks for it, if that is in the folder; yield why it cannot be."""
        place = os.path.join(self.folder, os.path.normpath(wanted.path))
        if _is_outside(wanted.path) or os.path.lexists(place):
            return  # The command finds it where it was, or the commit has it.
        whole = os.path.realpath(self.folder)
        if os.path.commonpath([whole, os.path.realpath(os.path.dirname(place))]) != whole:
            yield f"the input {wanted.path} cannot lie there: the commit has a link in its way"
            return
        try:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.symlink(os.path.realpath(at), place)
        except OSError as error:
            yield f"the input {wanted.path} cannot lie there: {error.strerror}"

    def _compared(self, output: Input, path: str) -> Compared:
        if not os.path.exists(path):
            return Compared(name=output.name, path=path, same=False, note="was not made")
        if hash_artifact(path).tree == output.tree:
            return Compared(name=output.name, path=path, same=True)
        before = os.path.join(self._original, output.path)
        try:
            is_there = os.path.exists(before) and hash_artifact(before).tree == output.tree
        except TrustError:
            is_there = False
        if not is_there:
            note = "the recorded output is not there any more: tensors cannot be compared"
            return Compared(name=output.name, path=path, same=False, note=note)
        tensors: list[Difference] = []
        notes: list[str] = []
        for name, one, other in _pairs(before, path):
            try:
                tensors += differences(one, other)
            except TrustError as error:
                notes.append(f"{name}: {error}")
        return Compared(name=output.name, path=path, same=False, tensors=tuple(tensors), note="; ".join(notes))


def _pairs(before: str, now: str) -> Iterator[tuple[str, str, str]]:
    """Yield the files that differ between two outputs: their name, and the two paths."""
    if not os.path.isdir(before):
        yield os.path.basename(now), before, now
        return
    there = hash_artifact(before).by_path
    for entry in hash_artifact(now).entries:
        if entry.path in there and there[entry.path].sha256 != entry.sha256:
            yield entry.path, os.path.join(before, entry.path), os.path.join(now, entry.path)


def _renamed(path: str, wanted: Input) -> str:
    from weighmaster.model.value import replace
    from weighmaster.trust.manifests.manifest import Manifest

    if os.path.isdir(path):
        return ""
    (entry,) = hash_artifact(path, _LINKED).entries
    return Manifest.of([replace(entry, path=os.path.basename(wanted.path))]).tree


def _input(record: Record) -> Input:
    path = _note(record, "path")
    if not isinstance(path, str) or not path or "\0" in path:
        raise UnreadableError(f"{record.path}: {path!r} is no path")
    return Input(
        name=record.get("name", str),
        path=path,
        tree=str(record.get("digest", dict).get(TREE_ALGORITHM, "")),
        named=_note(record, "role") != "observed",
    )


def _inner(record: Record, key: str) -> Record:
    return Record.of(record.values.get(key), f"{record.path}.{key}")


def _commit(record: Record) -> str:
    commit = record.get("digest", dict).get("gitCommit", "")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise UnreadableError(f"{record.path}: {commit!r} is no commit")
    return commit


def _note(record: Record, key: str) -> object:
    notes = record.values.get("annotations") or {}
    if not isinstance(notes, dict):
        raise UnreadableError(f"{record.path}.annotations: no mapping")
    return notes.get(key)


def _is_outside(path: str) -> bool:
    """Say whether a path leads out of the folder that it begins in."""
    return os.path.isabs(path) or os.path.normpath(path).split(os.sep)[0] == os.pardir
