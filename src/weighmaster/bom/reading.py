"""From what was read of a target to its inventory. No byte is read here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from weighmaster.bom.inventory import (
    SOURCES,
    Counted,
    Dataset,
    File,
    Inventory,
    Origin,
    Package,
    Said,
    Score,
)
from weighmaster.bom.look import Seen
from weighmaster.knowledge.claims import contradicted
from weighmaster.knowledge.hub import is_weights, suffix
from weighmaster.knowledge.repository import beside, tree_of
from weighmaster.model.fact import Instantiation, Reference, Statement, Weights
from weighmaster.model.package import Dependency
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern
from weighmaster.trust.manifests.manifest import EVIDENCE

_CONFIGURED: Final = frozenset(
    {
        "transformers",
        "peft",
        "diffusers",
        "mlflow",
        "spacy",
        "hydra",
        "sentence-transformers",
        "pip",
        "torchao",
        "keras",
    }
)
"""Who reads configurations; what else speaks of itself is a file of weights."""
_FIELDS: Final = frozenset({
    "architecture", "model-type", "task", "licence", "licence-name", "language", "dtype", "quantization", "description",
    "context-length", "vocabulary", "layers", "width", "experts", "tokenizer", "file-type", "library", "adapter", "tag",
    "producer", "producer-version", "author", "framework", "size", "carbon", "title", "pipeline", "source", "newer",
    "doi", "kind", "section:intended-use", "section:out-of-scope", "section:limitations", "section:training-data",
    "section:training-procedure", "section:evaluation", "section:ethics", "section:contact", "section:carbon",
    "section:description", "carbon:source", "carbon:training_type", "carbon:geographical_location",
    "carbon:hardware_used", "template", "left-out",
})  # fmt: skip
_KERAS: Final = frozenset({"Sequential", "Functional", "Model"})
_MOST: Final = 200
_LONGEST: Final = 1000
_SHARD: Final = pattern(r"-\d{5,6}-of-\d{5,6}\Z")
_ADAPTER: Final = pattern(r"(?i)adapter|lora")
_BESIDE: Final = pattern(r"(?i)optimizer|scheduler|training_args|rng_state|scaler")
_CACHED: Final = pattern(r"models--([\w.-]+?)--([\w.-]+)/snapshots/([0-9a-f]{40})\Z")
_ADDRESS: Final = pattern(r"https?://huggingface\.co/(datasets/)?([\w.-]+/[\w.-]+)/?\Z")
_BASE: Final = pattern(
    r"metadata:general\.(base_model|dataset)\.(\d{1,4})\.(name|organization|version|repo_url|url|doi)\Z"
)
_REQUIRED: Final = pattern(r"(\S+?)(?: ==([\w.+!-]+)|(?: .*)?)\Z")
_DISTRIBUTIONS: Final = MappingProxyType(
    {"sklearn": "scikit-learn", "PIL": "pillow", "cv2": "opencv-python", "yaml": "pyyaml"}
)
_STANDARD: Final = frozenset(
    {"collections", "builtins", "__builtin__", "copyreg", "copy_reg", "_codecs", "codecs", "datetime"}
)
"""Modules that come with Python, of those that pickles name for no more than holding data."""
_ROLES: Final = MappingProxyType({
    ".py": "code", ".so": "code", ".cu": "code", ".md": "documentation", ".txt": "documentation",
    ".json": "configuration", ".yaml": "configuration", ".yml": "configuration", ".toml": "configuration",
    ".jinja": "template", ".csv": "data", ".parquet": "data", ".arrow": "data", ".jsonl": "data",
})  # fmt: skip


class Options(Value):
    """What the user says of a model. `training` are manifests of data by their names."""

    name: str = ""
    version: str = ""
    purl: str = ""
    training: tuple[Dataset, ...] = ()


def inventory(seen: Seen, options: Options | None = None) -> Inventory:
    """Return what a target is made of."""
    options = options or Options()
    statements = [fact for fact in seen.whole.facts if isinstance(fact, Statement)]
    references = [fact for fact in seen.whole.facts if isinstance(fact, Reference)]
    files = tuple(_files(seen))
    weights = _weights(seen)
    fields = {**_fields(statements)}
    for field, said in (("operators", _operators(statements)), ("architecture", _classes(seen))):
        if said:
            fields[field] = (*fields.get(field, ()), *said)
    if dtype := _dtype(weights):
        fields["dtype"] = (dtype, *fields.get("dtype", ()))
    return Inventory(
        name=_name(seen, statements, options),
        version=_version(seen, statements, options),
        purl=_purl(seen, options),
        fields=fields,
        files=files,
        weights=weights,
        parameters=_parameters(weights, {file.path for file in files}),
        origins=tuple(_origins(statements, references)),
        datasets=(*options.training, *_datasets(statements, references)),
        packages=tuple(_packages(statements, [fact for fact in seen.whole.facts if isinstance(fact, Dependency)])),
        code=tuple(_code(references)),
        scores=tuple(_scores(statements)),
        contradictions=(
            *((claim.of, f"says {claim.said}, and {claim.found}") for claim in contradicted(tree_of(seen.whole))),
            *_other_bases(references),
        ),
        gaps=seen.gaps,
        folder=seen.whole.folder,
        excluded=seen.excluded,
    )


def source_of(fact: Statement | Reference | Dependency) -> str:
    """Return which of `SOURCES` a fact comes from."""
    if isinstance(fact, Dependency):
        return "configuration"
    if fact.by in {"card", "datasets"}:
        return "card"
    return "configuration" if fact.by in _CONFIGURED else "metadata"


def _said(fact: Statement | Reference | Dependency, value: str) -> Said:
    return Said(value=value, source=source_of(fact), file=fact.where.root)


def _fields(statements: Iterable[Statement]) -> Mapping[str, tuple[Said, ...]]:
    found: dict[str, dict[Said, None]] = {}
    for fact in statements:
        is_text = fact.by == "licence-text"
        kept = found.setdefault("licence-text" if is_text else fact.key, {})
        if fact.key in _FIELDS and fact.value and len(kept) < _MOST:
            is_read = is_text or fact.by == "pickle" or fact.key in {"template", "left-out"}
            source = "bytes" if is_read else source_of(fact)
            kept[Said(value=fact.value, source=source, file=fact.where.root)] = None
    return {key: tuple(sorted(kept, key=_rank)) for key, kept in sorted(found.items()) if kept}


def _operators(statements: Iterable[Statement]) -> tuple[Said, ...]:
    """Return the operators of each graph or script, as one word."""
    found: dict[str, list[str]] = {}
    for fact in statements:
        if fact.key.startswith("operator:"):
            found.setdefault(fact.where.root, []).append(fact.value)
    return tuple(
        Said(value=", ".join(sorted(set(names)))[:_LONGEST], source="bytes", file=file) for file, names in found.items()
    )


def _classes(seen: Seen) -> tuple[Said, ...]:
    """Return what class of model each configuration of Keras builds: the outermost that it names."""
    found: dict[str, Said] = {}
    for fact in seen.whole.facts:
        if isinstance(fact, Instantiation) and fact.by == "keras" and fact.name in _KERAS:
            found.setdefault(fact.where.root, Said(value=fact.name, source="configuration", file=fact.where.root))
    return tuple(found.values())


def _rank(said: Said) -> tuple[int, int, str, str]:
    return SOURCES.index(said.source), said.file.count("/"), said.file, said.value


def _files(seen: Seen) -> Iterator[File]:
    adapters = any(isinstance(fact, Statement) and fact.key == "adapter" for fact in seen.whole.facts)
    for artifact in seen.whole.artifacts:
        path = artifact.where.root
        if artifact.where.steps or (seen.whole.folder and path in EVIDENCE):
            continue
        role = _role(path, artifact.formats)
        if role == "weights" and adapters and _ADAPTER.search(path):
            role = "adapter"
        yield File(path=path, size=artifact.size, sha256=artifact.sha256, role=role, formats=artifact.formats)


def _role(path: str, formats: Sequence[str]) -> str:
    name = path.rpartition("/")[2].lower()
    for role, fits in (
        ("card", "model-card" in formats),
        ("licence", name.startswith(("licence", "license", "copying", "notice"))),
        ("tokenizer", "token" in name or name in {"vocab.json", "vocab.txt", "merges.txt", "spiece.model"}),
        ("template", "chat_template" in name),
        ("weights", is_weights(path)),
    ):
        if fits:
            return role
    return _ROLES.get(suffix(path), "other")


def _weights(seen: Seen) -> tuple[Counted, ...]:
    by_place: dict[tuple[str, str], Weights] = {}
    for fact in seen.whole.facts:
        # Two formats may count the same bytes.
        if isinstance(fact, Weights):
            key = fact.where.root, str(fact.where)
            known = by_place.get(key)
            by_place[key] = fact if known is None or fact.elements > known.elements else known
    indexed = _indexed(seen)
    groups: dict[tuple[str, str], list[Weights]] = {}
    for (root, _), fact in by_place.items():
        stem, _, ending = root.rpartition(".")
        groups.setdefault((indexed.get(root) or _SHARD.sub("", stem), ending), []).append(fact)
    return tuple(_counted(stem, groups[stem, ending]) for stem, ending in sorted(groups))


def _indexed(seen: Seen) -> dict[str, str]:
    """Return the index of each file that is a part of a model by the word of an index, whatever its name."""
    return {
        beside(fact.where.root, fact.target) or "": fact.where.root.removesuffix(".index.json")
        for fact in seen.whole.facts
        if isinstance(fact, Reference) and fact.kind == "shard" and not fact.where.steps
    }


def _counted(stem: str, facts: Sequence[Weights]) -> Counted:
    counts: dict[str, int] = {}
    for fact in facts:
        for dtype, count in zip(fact.dtypes, fact.counts, strict=True):
            counts[dtype] = counts.get(dtype, 0) + count
    return Counted(
        files=tuple(sorted({fact.where.root for fact in facts})),
        tensors=sum(fact.tensors for fact in facts),
        counts=tuple(sorted(counts.items())),
        adapter=_ADAPTER.search(stem.rpartition("/")[2]) is not None,
    )


def _parameters(weights: Sequence[Counted], paths: set[str]) -> int | None:
    """Return how many numbers the model has: those of the largest set in its folder, or in each of a pipeline."""
    largest: dict[str, int] = {}
    for one in weights:
        folder = one.files[0].rpartition("/")[0]
        if not one.adapter and not _BESIDE.search(one.files[0].rpartition("/")[2]):
            largest[folder] = max(largest.get(folder, 0), one.elements)
    if not largest:
        return None
    if "model_index.json" in paths:
        return sum(largest.values())
    return largest.get("", max(largest.values()))


def _dtype(weights: Sequence[Counted]) -> Said | None:
    """Return the dtype of most of the numbers of the largest set."""
    largest = max(weights, key=lambda one: (one.elements, one.files), default=None)
    if largest is None or not largest.counts:
        return None
    dtype, _ = max(largest.counts, key=lambda pair: pair[1])
    return Said(value=dtype, source="bytes", file=largest.files[0])


def _name(seen: Seen, statements: Sequence[Statement], options: Options) -> Said:
    if options.name:
        return Said(value=options.name, source="option")
    # What transformers and diffusers call a name is where the model was loaded from: that of another, as often as not.
    known = [
        (fact.where.root.count("/"), fact.key, _said(fact, fact.value))
        for fact in statements
        if fact.key in {"name", "title"} and fact.value and fact.by in {"card", "gguf", "safetensors"}
    ]
    if known:
        return min(known, key=lambda each: (*each[:2], _rank(each[2])))[2]
    return Said(value=os.path.basename(os.path.abspath(seen.target)), source="path")


def _version(seen: Seen, statements: Sequence[Statement], options: Options) -> Said | None:
    if options.version:
        return Said(value=options.version, source="option")
    said = [
        _said(fact, fact.value)
        for fact in statements
        if fact.key == "version" and fact.value and fact.by in {"gguf", "safetensors", "spacy"}
    ]
    if said:
        return min(said, key=_rank)
    cached = _CACHED.search(os.path.abspath(seen.target).replace(os.sep, "/"))
    return Said(value=cached[3], source="path") if cached else None


def _purl(seen: Seen, options: Options) -> Said | None:
    if options.purl:
        return Said(value=options.purl, source="option")
    cached = _CACHED.search(os.path.abspath(seen.target).replace(os.sep, "/"))
    return Said(value=hub_purl(f"{cached[1]}/{cached[2]}", cached[3]), source="path") if cached else None


def hub_purl(name: str, revision: str = "") -> str:
    """Return the package URL of a repository on a hub: <https://github.com/package-url/purl-spec>, type huggingface.

    >>> hub_purl("owner/name", "ABC")
    'pkg:huggingface/owner/name@abc'
    """
    from urllib.parse import quote

    return f"pkg:huggingface/{quote(name, safe='/')}" + (f"@{quote(revision.lower(), safe='')}" if revision else "")


def _named(statements: Iterable[Statement], what: str) -> Iterator[tuple[str, Statement]]:
    """Yield the models or data that a GGUF file names: under numbers, each in several keys."""
    found: dict[tuple[str, str], dict[str, Statement]] = {}
    for fact in statements:
        hit = _BASE.match(fact.key)
        if hit and hit[1] == what and fact.value:
            found.setdefault((fact.where.root, hit[2]), {})[hit[3]] = fact
    for words in found.values():
        for key in ("repo_url", "name", "url", "doi"):
            if key in words:
                address = _ADDRESS.match(words[key].value)
                yield (address[2] if address else words[key].value), words[key]
                break


def _origins(statements: Sequence[Statement], references: Sequence[Reference]) -> Iterator[Origin]:
    relations = {fact.where.root: fact.value for fact in statements if fact.key == "relation"}
    said: list[tuple[str, Said, str]] = [
        (fact.target, _said(fact, fact.target), "adapter" if fact.by == "peft" else relations.get(fact.where.root, ""))
        for fact in references
        if fact.kind == "base-model" and fact.target
    ]
    said += [
        (fact.value, _said(fact, fact.value), "")
        for fact in statements
        if fact.key == "base-model" and fact.by not in {"gguf", "card"}
    ]
    said += [(name, _said(fact, name), "quantized") for name, fact in _named(statements, "base_model")]
    told: set[str] = set()
    for name, one, relation in sorted(said, key=lambda each: _rank(each[1])):
        if name.lower() not in told and len(told) < _MOST:
            told.add(name.lower())
            yield Origin(name=name, relation=relation, said=one)


def _other_bases(references: Sequence[Reference]) -> Iterator[tuple[str, str]]:
    """Yield where a card names another base model than the adapter beside it is for."""
    named: dict[str, dict[str, list[str]]] = {"card": {}, "peft": {}}
    for fact in references:
        if fact.kind == "base-model" and fact.by in named:
            named[fact.by].setdefault(fact.where.root.rpartition("/")[0], []).append(fact.target)
    for folder, adapters in named["peft"].items():
        cards = named["card"].get(folder, [])
        if cards and {name.lower() for name in cards}.isdisjoint(name.lower() for name in adapters):
            yield "the card", f"says the base model {cards[0]}, and the adapter is for {adapters[0]}"


def _datasets(statements: Sequence[Statement], references: Sequence[Reference]) -> Iterator[Dataset]:
    said = [(fact.target, _said(fact, fact.target)) for fact in references if fact.kind == "dataset" and fact.target]
    said += [(name, _said(fact, name)) for name, fact in _named(statements, "dataset")]
    for name, one in list(dict(reversed(said)).items())[:_MOST]:
        yield Dataset(name=name, said=one)


def _packages(statements: Sequence[Statement], dependencies: Sequence[Dependency]) -> Iterator[Package]:
    found: dict[str, Package] = {}
    told = [*(package for fact in statements for package in _package(fact)), *map(_wanted, dependencies)]
    for package in told:
        known = found.get(package.name.lower())
        if package.name and len(found) < 5 * _MOST and (known is None or (package.version and not known.version)):
            found[package.name.lower()] = package
    yield from (found[name] for name in sorted(found))


def _wanted(fact: Dependency) -> Package:
    name = fact.name or fact.target
    written = f"{name} {fact.specifier}".strip() if fact.source == "index" else fact.target
    return Package(name=name, version=fact.version, index=fact.source == "index", said=_said(fact, written))


def _package(fact: Statement) -> Iterator[Package]:
    said = _said(fact, fact.value)
    match fact.key:
        case "requires":
            hit = _REQUIRED.match(fact.value)
            if hit:
                yield Package(name=hit[1], version=hit[2] or "", index=True, said=said)
        case "transformers":
            yield Package(name="transformers", version=fact.value, index=True, said=said)
        case "mlflow_version":
            yield Package(name="mlflow", version=fact.value, index=True, said=said)
        case "library" if fact.by == "pickle":
            name, _, version = fact.value.partition(" ")
            one = Said(value=version, source="bytes", file=said.file)
            yield Package(name=name, version=version, index=True, said=one)
        case "imports" if fact.value not in _STANDARD:
            name = _DISTRIBUTIONS.get(fact.value, fact.value)
            one = Said(value=fact.value, source="bytes", file=said.file)
            yield Package(name=name, version="", index=fact.value in _DISTRIBUTIONS, said=one)
        case _:
            return


def _code(references: Sequence[Reference]) -> Iterator[Said]:
    told: dict[Said, None] = {}
    for fact in references:
        if fact.kind in {"code", "remote-code", "kernel"} and fact.by != "python" and len(told) < _MOST:
            told[_said(fact, fact.target)] = None
    return iter(told)


def _scores(statements: Sequence[Statement]) -> Iterator[Score]:
    for fact in statements:
        if fact.key == "metric":
            measure, value, on = (*fact.value.split("\t"), "", "")[:3]
            yield Score(measure=measure, value=value, on=on, said=_said(fact, value))
