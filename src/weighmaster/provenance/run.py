"""A run, recorded: what went in, what ran, where, and what came out, each by digest, as a SLSA provenance statement.

Inputs are hashed when they are named, before they are used, and looked at again at the end: one that changed meanwhile
ends the recording. Files that the run opened without anyone having named them are hashed at the end and listed apart.
"""

from __future__ import annotations

import operator
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value
from weighmaster.provenance.code import Code, code_in
from weighmaster.provenance.observer import packages
from weighmaster.trust import strict
from weighmaster.trust.claims.attest import statement
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.files import files
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM, Manifest

BUILD_TYPE: Final = "urn:weighmaster:run:v1"
"""What the parameters of the statement mean: see docs/provenance.md."""
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
_APART: Final = ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/lib64", "/run", "/var/lib")
_NOT_DATA: Final = (".pyc", ".so", ".pth", ".egg-link")
_MOST: Final = 5_000
"""Files listed that nobody named."""

Stamp = tuple[int, int, int, int]


class Material(Value):
    """Something that went in or came out: what it is called, where it lies, and its files."""

    name: str
    path: str
    manifest: Manifest

    def descriptor(self, **annotations: object) -> dict[str, object]:
        """Return it as a resource descriptor (in-toto attestation, v1)."""
        entries = self.manifest.entries
        digest = {TREE_ALGORITHM: self.manifest.tree}
        if len(entries) == 1 and not os.path.isdir(self.path):
            digest["sha256"] = entries[0].sha256
        size = sum(entry.size for entry in entries)
        annotations = {"path": self.path, "files": len(entries), "bytes": size, **annotations}
        return {"name": self.name, "digest": digest, "annotations": annotations}


class Run:
    """A run that is being recorded. `record` makes one."""

    def __init__(self, folder: str, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        self.started = now()
        self.code: Code | None = code_in(folder)
        self.parameters: dict[str, Any] = {}
        self.seeds: dict[str, int] = {}
        self.command: tuple[str, ...] = ()
        self._inputs: dict[str, tuple[Material, list[tuple[str, Stamp]]]] = {}
        self._outputs: dict[str, str] = {}

    def input(self, name: str, path: str | os.PathLike[str]) -> None:
        """Say that the run reads a file or folder, before it does.

        Raises:
            ConfigError: there is no such thing, or another has that name.
            TrustError: it cannot be hashed.
        """
        if name in self._inputs:
            raise ConfigError(f"two inputs are called {name!r}")
        before = self._stamps(path)
        material = Material(name=name, path=os.fspath(path), manifest=hash_artifact(self._at(path), _LINKED))
        self._inputs[name] = material, before
        self._check_apart()

    def output(self, path: str | os.PathLike[str], name: str = "") -> None:
        """Say that the run writes a file or folder.

        Raises:
            ConfigError: it lies in an input, which must not change, or its name is no text.
        """
        check_text(os.fspath(path))
        self._outputs[os.fspath(path)] = name or os.path.basename(os.path.normpath(path))
        self._check_apart()

    def parameter(self, **values: Any) -> None:
        """Say what the run was told: numbers, texts, booleans, and lists and mappings of those.

        Raises:
            ConfigError: it is something else.
        """
        for name, value in values.items():
            try:
                # What is changed afterwards is not what was said.
                self.parameters[name] = strict.parsed(strict.written({"": value}), name).values[""]
            except (TypeError, ValueError, RecursionError, TrustError) as error:
                raise ConfigError(f"the parameter {name!r} cannot be written down: {error}") from error

    def seed(self, **seeds: int) -> None:
        """Say what a source of chance was started with.

        Raises:
            ConfigError: it is no whole number.
        """
        for name, value in seeds.items():
            if isinstance(value, bool) or not hasattr(value, "__index__"):
                raise ConfigError(f"the seed {name!r} is no whole number: {value!r}")
            self.seeds[name] = operator.index(value)

    def _check_apart(self) -> None:
        for name, (material, _) in self._inputs.items():
            place = os.path.realpath(self._at(material.path))
            for path in self._outputs:
                if _lies_in(os.path.realpath(self._at(path)), [place]):
                    raise ConfigError(f"the output {path} lies in the input {name}, which must not change")

    def statements(self, found: Mapping[str, Any], hardware: Mapping[str, Any]) -> list[tuple[str, bytes]]:
        """Return for each output its path and the statement about it; `found` is what an `Observer` found.

        Raises:
            TrustError: an input changed while the run read it, or an output cannot be hashed.
            ConfigError: nothing came out.
        """
        if not self._outputs:
            raise ConfigError("nothing was said of what comes out: name an output")
        for name, (material, before) in self._inputs.items():
            if self._stamps_if_there(material.path) != before:
                raise TrustError(f"the input {name} ({material.path}) changed while it was used")
        outputs = [
            Material(name=name, path=path, manifest=hash_artifact(self._at(path)))
            for path, name in self._outputs.items()
        ]
        finished = self._now()
        predicate = self._predicate(found, hardware, outputs, finished)
        return [
            (self._at(each.path), statement(each.manifest, PREDICATE_TYPE, predicate, issued=finished))
            for each in outputs
        ]

    def _predicate(
        self, found: Mapping[str, Any], hardware: Mapping[str, Any], outputs: Iterable[Material], finished: datetime
    ) -> dict[str, Any]:
        named = [material.descriptor(role="input") for material, _ in self._inputs.values()]
        code = [] if self.code is None else [_code(self.code)]
        seen, left_out = self._observed(found)
        environment = {key: found.get(key) for key in ("python", "implementation", "variables", "libraries")}
        return {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "command": list(self.command),
                    "parameters": self.parameters,
                    "seeds": self.seeds,
                    "outputs": [each.path for each in outputs],
                },
                "internalParameters": {
                    "environment": environment | {"packages": packages(found["path"]) if "path" in found else []},
                    "hardware": dict(hardware),
                    "unlisted": left_out,
                    "observed": bool(found.get("observed", True)),
                },
                "resolvedDependencies": [*named, *code, *seen],
            },
            "runDetails": {
                "builder": {"id": "urn:weighmaster:record:v1"},
                "metadata": {"startedOn": _time(self.started), "finishedOn": _time(finished)},
                "byproducts": [each.descriptor() for each in outputs],
            },
        }

    def _observed(self, found: Mapping[str, Any]) -> tuple[list[dict[str, object]], int]:
        """Return the files that were read and not named, and how many more there are."""
        written = {os.path.realpath(path) for path in found.get("written", ())}
        named = [*self._outputs, *(material.path for material, _ in self._inputs.values())]
        known = [os.path.realpath(self._at(path)) for path in named]
        apart = self._apart(found.get("prefixes", ()))
        paths = dict.fromkeys(os.path.realpath(path) for path in found.get("read", ()))
        kept = [path for path in paths if path not in written and _is_data(path, apart) and not _lies_in(path, known)]
        listed = [one for one in map(self._seen, kept[:_MOST]) if one is not None]
        return listed, len(kept) - len(listed) + int(found.get("more", 0))

    def _apart(self, prefixes: Iterable[str]) -> list[str]:
        """Return the folders in which no data lie, other than those that the run happens in."""
        here = os.path.realpath(self._folder)
        return [path for path in (*_APART, *map(os.path.realpath, prefixes)) if not _lies_in(here, [path])]

    def _seen(self, path: str) -> dict[str, object] | None:
        """Return a file that was read; nothing where it is gone or cannot be hashed, which must not undo the rest."""
        shown = os.path.relpath(path, self._folder) if _lies_in(path, [os.path.realpath(self._folder)]) else path
        try:
            manifest = hash_artifact(path)
            changed = os.stat(path).st_mtime > self.started.timestamp()
        except (OSError, ConfigError, TrustError):
            return None
        note = {"changed": True} if changed else {}
        return Material(name=shown, path=shown, manifest=manifest).descriptor(role="observed", **note)

    def _at(self, path: str | os.PathLike[str]) -> str:
        return os.path.join(self._folder, path)

    def _stamps_if_there(self, path: str) -> list[tuple[str, Stamp]]:
        try:
            return self._stamps(path)
        except (OSError, ConfigError, TrustError):
            return []

    def _stamps(self, path: str | os.PathLike[str]) -> list[tuple[str, Stamp]]:
        """Return what tells whether the files of an input were touched."""
        return [(name, _stamp(os.stat(at))) for name, at in files(self._at(path), follow_links=True)]


_LINKED: Final = Hashing(follow_links=True)
"""Data sets are often made of links; what is hashed is what a reader finds there."""


def check_text(word: str) -> None:
    """Hold a word to be one that a statement can hold.

    Raises:
        ConfigError: it has bytes in it that are no UTF-8.
    """
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(f"{os.fsencode(word)!r} is no text, and cannot be written down") from error


def _code(code: Code) -> dict[str, object]:
    annotations: dict[str, object] = {"role": "code", "dirty": code.is_dirty}
    if code.is_dirty:
        annotations["changes"] = code.changes
    named: dict[str, object] = {"uri": code.origin} if code.origin else {"name": "code"}
    return named | {"digest": {"gitCommit": code.commit}, "annotations": annotations}


def _is_data(path: str, apart: Iterable[str]) -> bool:
    if path.endswith(_NOT_DATA) or _lies_in(path, apart):
        return False
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return True  # It was there when it was read.
    except OSError:
        return False


def _lies_in(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
