"""Where a card, a configuration or a file's own words say something else than its bytes.

Numbers in names are round, and leave out what their makers do not count: gemma-7b has 8.5 billion parameters, OLMo-2-1B
1.5, Mixtral-8x7B 46.7. So a claim counts as contradicted only where the bytes hold less than half of it, or more than
twice; of small models, of which embeddings that are not counted are the larger part (TinyStories-1M has 3.7 million),
more than four times. Weights that pack several numbers into one integer cannot be counted, and contradict nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from weighmaster.knowledge.cards import size
from weighmaster.knowledge.repository import path_of, split, tree_of
from weighmaster.model.fact import Artifact, Shared, Statement, Weights
from weighmaster.model.finding import Confidence, Finding
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

if TYPE_CHECKING:
    from weighmaster.knowledge.repository import Tree
    from weighmaster.model.finding import Rule
    from weighmaster.model.repository import Repository

_FACTOR: Final = 2
_SMALL: Final = 50_000_000
"""Parameters below which a model is small."""
_FACTOR_OF_SMALL: Final = 4
_EXACT: Final = 0.05
"""Share by which the number that a file states of itself may be off."""
_PACKED: Final = 0.05
"""Share of integers among the elements, from which on they may be packed weights."""
_MOSTLY: Final = 0.9
"""Share of the numbers of which nearly all begins."""
_SHARD: Final = pattern(r"-(\d{5,6})-of-(\d{5,6})\Z")
_ENDINGS: Final = frozenset({"safetensors", "bin", "gguf"})
"""How files of weights end that hold no state of a training."""
_PARTS: Final = pattern(
    r"(?i)adapter|lora|optimizer|scheduler|training_args|mmproj|projector|control|imatrix|vae|encoder|embedding|"
    r"draft|eagle|medusa|head|scaler|rng_state|model\.ckpt-|global_step|consolidated\.\d"
)
"""Names of files that hold a part of a model, or what belongs to its training."""
_INTEGERS: Final = pattern(r"(?i)[<>|=]?(?:[iu]\d+|u?int\d+)\Z")
_NO_NUMBERS: Final = frozenset({"BOOL", "bool", "string"})
_FLOATS: Final = MappingProxyType(
    {"float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64", "half": "F16", "float": "F32"}
)
_TASKS: Final = MappingProxyType({
    "ForTokenClassification": frozenset({"token-classification", "feature-extraction", "text-classification"}),
    "ForQuestionAnswering": frozenset({
        "question-answering", "document-question-answering", "visual-question-answering", "table-question-answering",
    }),
    "ForImageClassification": frozenset({
        "image-classification", "image-feature-extraction", "zero-shot-image-classification", "feature-extraction",
        "video-classification",
    }),
    "ForSemanticSegmentation": frozenset({"image-segmentation", "mask-generation", "depth-estimation"}),
    "ForObjectDetection": frozenset({"object-detection", "zero-shot-object-detection"}),
    "ForAudioClassification": frozenset({"audio-classification", "zero-shot-audio-classification", "audio-to-audio"}),
    "ForCTC": frozenset({"automatic-speech-recognition", "audio-to-audio", "audio-classification"}),
})  # fmt: skip
"""What models of a class do; classes that do many things are not listed."""


class Claim(Value):
    """A claim that the bytes contradict: what says it, what it says, what is there, and the facts that show it.

    `exact` says that a number, not a name, was claimed.
    """

    of: str
    said: str
    found: str
    evidence: tuple[Shared | Artifact, ...]
    exact: bool = False


class Model(Value):
    """One set of weights: the files of it, in one folder, and the numbers in them by dtype."""

    paths: tuple[str, ...]
    facts: tuple[Weights, ...]
    counts: tuple[tuple[str, int], ...]

    @property
    def parameters(self) -> int | None:
        """How many parameters there are; None where integers may stand for several each."""
        numbers = {dtype: count for dtype, count in self.counts if dtype not in _NO_NUMBERS}
        integers = sum(count for dtype, count in numbers.items() if _INTEGERS.match(dtype))
        total = sum(numbers.values())
        return None if not total or integers > _PACKED * total else total - integers

    @property
    def dtype(self) -> str | None:
        """The dtype of nearly all of the numbers, if there is one."""
        total = sum(count for _, count in self.counts)
        return next((dtype for dtype, count in self.counts if count > _MOSTLY * total), None)


def models(tree: Tree) -> dict[str, list[Model]]:
    """Return the sets of weights in each folder that are there from the first to the last part."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for path in tree.files:
        folder, name = split(path)
        stem, dot, ending = name.rpartition(".")
        if dot and ending in _ENDINGS and not _PARTS.search(stem):
            groups.setdefault((folder, _SHARD.sub("", stem), ending), []).append(path)
    found: dict[str, list[Model]] = {}
    for (folder, _, _), paths in groups.items():
        facts = {path: [fact for fact in tree.facts(Weights, path) if not fact.where.steps] for path in paths}
        if all(facts.values()) and _is_whole(paths):
            found.setdefault(folder, []).append(_model(paths, [fact for those in facts.values() for fact in those]))
    return found


def _is_whole(paths: Sequence[str]) -> bool:
    named = [_SHARD.search(path.rpartition(".")[0]) for path in paths]
    return all(hit is None or int(hit[2]) == len(paths) for hit in named)


def _model(paths: Sequence[str], facts: Sequence[Weights]) -> Model:
    counts: dict[str, int] = {}
    for fact in facts:
        for dtype, count in zip(fact.dtypes, fact.counts, strict=True):
            counts[dtype] = counts.get(dtype, 0) + count
    return Model(paths=tuple(paths), facts=tuple(facts), counts=tuple(sorted(counts.items())))


def found_of(whole: Repository, rule: Rule, *, exact: bool) -> Iterator[Finding]:
    """Yield a finding by `rule` for each claim of a target that its bytes contradict: of numbers, or of all else."""
    for claim in contradicted(tree_of(whole)):
        if claim.exact is exact:
            yield Finding(
                rule=rule,
                where=claim.evidence[0].where,
                message=f"{claim.of} says {claim.said}, and {claim.found}",
                confidence=Confidence.MEDIUM,
                evidence=claim.evidence,
            )


def contradicted(tree: Tree) -> Iterator[Claim]:
    """Yield the claims of a target that its bytes contradict; those of numbers first."""
    found = models(tree)
    adapters = {split(path_of(fact.where))[0] for fact in tree.facts(Statement) if fact.key == "adapter"}
    whole = {folder: those for folder, those in found.items() if folder not in adapters}
    said: dict[str, list[Statement]] = {}
    for fact in tree.facts(Statement):
        if fact.by in {"card", "transformers", "licence-text", "gguf"}:
            said.setdefault(split(path_of(fact.where))[0], []).append(fact)
    yield from _own_words(tree, found)
    for folder, facts in said.items():
        yield from _numbers(facts, whole.get(folder, ()))
        yield from _dtype(facts, whole.get(folder, ()))
        yield from _task(facts)
        yield from _licence(facts)


def _own_words(tree: Tree, found: Mapping[str, Sequence[Model]]) -> Iterator[Claim]:
    """Yield what GGUF files say of their own size, and is not so."""
    for model in (model for those in found.values() for model in those):
        parameters = model.parameters
        said = [fact for path in model.paths for fact in tree.facts(Statement, path) if fact.by == "gguf"]
        if parameters is None or any(fact.key == "kind" and fact.value != "model" for fact in said):
            continue
        for fact in said:
            if fact.key == "parameters" and fact.value.isdigit() and len(fact.value) < 20:
                claimed = int(fact.value)
                if abs(claimed - parameters) > _EXACT * max(claimed, parameters):
                    yield _claim(fact, model, f"{claimed} parameters", exact=True)
            elif fact.key == "size" and _is_off(size(fact.value), parameters):
                yield _claim(fact, model, f"a size of {fact.value!r}", exact=True)


def _numbers(facts: Sequence[Statement], models: Sequence[Model]) -> Iterator[Claim]:
    counted = [model.parameters for model in models]
    known = [number for number in counted if number is not None]
    if not models or len(known) < len(counted):
        return
    # Parts of one model may have names that do not say so.
    by_ending: dict[str, int] = {}
    for model, number in zip(models, known, strict=True):
        ending = model.paths[0].rpartition(".")[2]
        by_ending[ending] = by_ending.get(ending, 0) + number
    known += by_ending.values()
    card = [fact for fact in facts if fact.by == "card"]
    stated = [fact for fact in card if fact.key == "parameters"]
    if len({fact.value for fact in stated}) == 1:
        claimed = int(stated[0].value)
        if all(_is_off((claimed, claimed), number) for number in known):
            yield _claim(stated[0], models[0], f"{claimed} parameters", exact=True)
    for fact in card:
        if fact.key in {"title", "name"}:
            claims = size(fact.value)
            if claims and all(_is_off(claims, number) for number in known):
                yield _claim(fact, models[0], f"the {fact.key} {fact.value[:80]!r}")


def _is_off(claimed: tuple[int, int] | None, number: int) -> bool:
    if claimed is None:
        return False
    more = _FACTOR_OF_SMALL if claimed[1] < _SMALL else _FACTOR
    return not claimed[0] / _FACTOR <= number <= claimed[1] * more


def _claim(fact: Statement, model: Model, said: str, *, exact: bool = False) -> Claim:
    files = f"{len(model.paths)} files" if len(model.paths) > 1 else model.paths[0]
    found = f"{files} {'hold' if len(model.paths) > 1 else 'holds'} {model.parameters}"
    return Claim(of=_speaker(fact), said=said, found=found, evidence=(fact, *model.facts[:5]), exact=exact)


def _speaker(fact: Statement) -> str:
    return {"card": "the card", "transformers": "the configuration", "gguf": "the file"}.get(fact.by, fact.by)


def _dtype(facts: Sequence[Statement], models: Sequence[Model]) -> Iterator[Claim]:
    said = [fact for fact in facts if fact.key == "dtype" and fact.by == "transformers"]
    wanted = {_FLOATS.get(fact.value.removeprefix("torch.")) for fact in said}
    held = {model.dtype for model in models if not model.paths[0].endswith(".gguf")}
    if any(fact.key == "quantization" for fact in facts) or len(wanted) != 1 or None in wanted or not held:
        return
    if held.isdisjoint(wanted) and None not in held and held <= set(_FLOATS.values()):
        found = f"{models[0].paths[0]} holds {', '.join(sorted(d for d in held if d))}"
        yield Claim(of="the configuration", said=f"the dtype {said[0].value}", found=found, evidence=(said[0],))


def _task(facts: Sequence[Statement]) -> Iterator[Claim]:
    tasks = [fact for fact in facts if fact.key == "task" and fact.by == "card"]
    for fact in facts:
        if fact.key == "architecture" and fact.by == "transformers" and tasks:
            fits = next((those for name, those in _TASKS.items() if fact.value.endswith(name)), None)
            if fits is not None and fits.isdisjoint(task.value for task in tasks):
                said, found = f"the task {tasks[0].value}", f"the configuration builds {fact.value}"
                yield Claim(of="the card", said=said, found=found, evidence=(tasks[0], fact))


def _licence(facts: Sequence[Statement]) -> Iterator[Claim]:
    from weighmaster.knowledge.licences import contradict

    said = [fact for fact in facts if fact.key == "licence" and fact.by == "card"]
    texts = [fact for fact in facts if fact.by == "licence-text" and _is_licence(path_of(fact.where))]
    for text in texts:
        if said and all(contradict(fact.value, text.value) for fact in said):
            found = f"{path_of(text.where)} is the text of {text.value}"
            yield Claim(of="the card", said=f"the licence {said[0].value}", found=found, evidence=(said[0], text))


def _is_licence(path: str) -> bool:
    return split(path)[1].lower().startswith(("licence", "license", "copying"))
