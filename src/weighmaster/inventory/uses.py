"""What a code base, an environment or an image uses: models and data sets that source loads, models that lie in it.

Nothing is asked of a hub, and nothing is run: names stand in source and configuration, files lie there. What a name
leads to where the program runs is not known, and said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from weighmaster.bom.look import Seen
from weighmaster.extend.registry import Registry
from weighmaster.inventory.imported import Imported, imported
from weighmaster.inventory.kept import Kept
from weighmaster.knowledge.hub import is_weights
from weighmaster.knowledge.loads.load_targets import is_test, option, place_of, repository
from weighmaster.knowledge.names.normal import normal
from weighmaster.knowledge.repository import path_of
from weighmaster.model.fact import Artifact, Weights
from weighmaster.model.finding import Finding
from weighmaster.model.package import Dependency, Distribution, Load
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

_FORMATS: Final = frozenset({
    "caffe", "catboost", "cntk", "coreml", "executorch", "fasttext", "ggml", "gguf", "keras", "lightgbm", "llamafile",
    "mxnet", "onnx", "openvino", "paddle", "paddle-pir", "paddle-weights", "pickle", "pmml", "rknn", "safetensors",
    "skops", "tensorflow-checkpoint", "tensorflow-graph", "tensorflow-savedmodel", "tensorrt", "tfjs", "tflite",
    "torch-distributed", "torch-export", "torch-legacy", "torch-mobile", "torch-package", "torch-tar", "torch-zip",
    "torch7", "torchscript", "word2vec", "xgboost", "zfile",
})  # fmt: skip
"""Formats of files that hold what a model has learned, or may hold it."""
_PACKAGE: Final = pattern(r"(?:.*[/!])?(?:site|dist)-packages/([^/!]+)/.*\Z")
_HUB_PLACES: Final = frozenset({"hub", "hub-code", "registry", "service", "package", "address", "name"})


class Used(Value):
    """Something that source names and loads: `place` is where it comes from (`load_targets.place_of`)."""

    name: str
    kind: str
    place: str
    loads: tuple[Load, ...]
    wrong: tuple[Finding, ...] = ()

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that are asked for; empty where none is, `?` where it is not known."""
        return tuple(dict.fromkeys("?" if not load.revision and option(load, "**") else load.revision
                                   for load in self.loads))  # fmt: skip

    @property
    def in_tests(self) -> bool:
        """Whether nothing but tests uses it."""
        return all(is_test(path_of(load.where)) for load in self.loads)


class Held(Value):
    """A file of a model that lies in the target; `origin` and `version` where the folder it is in says them."""

    path: str
    size: int
    sha256: str
    formats: tuple[str, ...]
    parameters: int = 0
    origin: str = ""
    version: str = ""
    package: str = ""


class Wanted(Value):
    """A package that is there (`version`), or asked for (`specifier`); `by` says what says so, `paths` where."""

    name: str
    version: str
    specifier: str
    by: str
    paths: tuple[str, ...]

    @property
    def installed(self) -> bool:
        """Whether the package itself is there."""
        return self.by in {"metadata", "conda-meta"}


class Inventory(Value):
    """All of it. `unresolved` are loads of which the target is not known here, `files` loads of files and bytes."""

    target: str
    used: tuple[Used, ...]
    files: tuple[Used, ...]
    unresolved: tuple[Load, ...]
    held: tuple[Held, ...]
    packages: tuple[Wanted, ...]
    imported: tuple[Imported, ...]
    wrong: Mapping[Load, tuple[Finding, ...]]
    about_all: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    unknown: int
    sources: int
    excluded: int
    notes: tuple[str, ...] = ()


def inventory(seen: Seen, registry: Registry, kept: Mapping[str, Kept]) -> Inventory:
    """Return what was seen of a target as an inventory; `kept` says where files of caches came from."""
    loads = [fact for fact in seen.whole.facts if isinstance(fact, Load)]
    wrong = {load: tuple(registry.detect(load)) for load in loads}
    used = tuple(_used((load for load in loads if place_of(load) in _HUB_PLACES), wrong))
    files = tuple(_used((load for load in loads if place_of(load) in {"path", "builder"}), wrong))
    rule = registry.detectors.get("old-torch-loads-pickles")
    return Inventory(
        target=seen.target,
        used=used,
        files=files,
        unresolved=tuple(load for load in loads if place_of(load) == "unknown"),
        held=tuple(_held(seen, kept)),
        packages=tuple(_packages(seen)),
        imported=imported(seen),
        wrong=wrong,
        about_all=tuple(rule.detect(seen.whole)) if rule else (),
        gaps=tuple(gap for gap in seen.gaps if gap.reason is not GapReason.UNKNOWN_FORMAT),
        unknown=sum(gap.reason is GapReason.UNKNOWN_FORMAT for gap in seen.gaps),
        sources=sum({"python", "notebook", "shell"} & set(one.formats) != set() for one in seen.whole.artifacts),
        excluded=seen.excluded,
        notes=seen.notes,
    )


def _used(loads: Iterable[Load], wrong: Mapping[Load, tuple[Finding, ...]]) -> Iterator[Used]:
    groups: dict[tuple[str, str, str], list[Load]] = {}
    for load in loads:
        of_hub = {"dataset": "dataset", "space": "space"}.get(option(load, "repo_type"), "model")
        kind = of_hub if load.kind == "file" else load.kind
        groups.setdefault((place_of(load), kind, repository(load) or load.target), []).append(load)
    for (place, kind, name), those in sorted(groups.items(), key=lambda item: item[0]):
        ordered = tuple(sorted(those, key=lambda load: (path_of(load.where), load.span)))
        said = tuple(finding for load in ordered for finding in wrong[load])
        yield Used(name=name, kind=kind, place=place, loads=ordered, wrong=said)


def _held(seen: Seen, kept: Mapping[str, Kept]) -> Iterator[Held]:
    numbers: dict[str, int] = {}
    for fact in seen.whole.facts:
        if isinstance(fact, Weights):
            path = path_of(fact.where)
            numbers[path] = max(numbers.get(path, 0), fact.elements)
    seen_paths: set[str] = set()
    for artifact in seen.whole.artifacts:
        path = path_of(artifact.where)
        if path in seen_paths or not _is_model(artifact, path, kept):
            continue
        if any(f"{above}!" in path for above in seen_paths if path.startswith(f"{above}!")):
            continue  # A part of a model that is told already.
        seen_paths.add(path)
        origin = kept.get(path, Kept())
        package = _PACKAGE.match(path)
        yield Held(
            path=path,
            size=artifact.size,
            sha256=artifact.sha256,
            formats=artifact.formats,
            parameters=numbers.get(path, 0),
            origin=origin.name,
            version=origin.version,
            package=package[1] if package else "",
        )


def _is_model(artifact: Artifact, path: str, kept: Mapping[str, Kept]) -> bool:
    if not artifact.size or (artifact.formats and not _FORMATS & set(artifact.formats)):
        return False
    if "pickle" in artifact.formats:
        # Any data may be a pickle: what is called a model, or came from where models do, is one.
        return is_weights(path) or path in kept
    return bool(artifact.formats) or is_weights(path) or (path in kept and kept[path].is_weights)


def _packages(seen: Seen) -> Iterator[Wanted]:
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for fact in seen.whole.facts:
        if isinstance(fact, Distribution):
            found.setdefault((normal(fact.name), fact.version, "", fact.by), []).append(path_of(fact.where))
        elif isinstance(fact, Dependency):
            key = (normal(fact.name), fact.version, fact.specifier or fact.target, fact.by)
            found.setdefault(key, []).append(path_of(fact.where))
    for (name, version, specifier, by), paths in sorted(found.items()):
        yield Wanted(name=name, version=version, specifier=specifier, by=by, paths=tuple(dict.fromkeys(paths)))
