"""What a model card says under which heading, and what it owes its readers.

What a card should say: M. Mitchell and others, "Model Cards for Model Reporting" (2019), <https://arxiv.org/abs/1810.03993>,
section 4; the template of the hub, <https://huggingface.co/docs/hub/model-card-annotated>. The clusters are those of
"Software Bill of Materials for AI - Minimum Elements" of the G7 Cybersecurity Working Group (12 May 2026), which is
voluntary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

_KINDS: Final = (
    ("intended-use", r"\buses?\b|use[- ]cases?|intended|applications?\b"),
    ("out-of-scope", r"out[- ]of[- ]scope|misuse"),
    ("limitations", r"limit|\bbias|\brisks?\b|caveat"),
    ("training-data", r"(?:pre-?)?training (?:and \w+ )?data|\btraining corpus|\bdata ?sets?\b|^data$"),
    ("training-procedure", r"training (?:procedure|details|process|hyper|setup|recipe)|^training$|fine-?tuning"),
    ("evaluation", r"evaluat|benchmark|^results?$|\btest(?:ing|s)?\b|performance|metrics|accuracy"),
    ("ethics", r"ethic|fairness"),
    ("contact", r"contact|card authors|maintainers?|^authors?$"),
    ("carbon", r"environmental|carbon|emissions"),
    ("description", r"model (?:description|details|summary|overview)|^overview$|^introduction$|^summary$"),
)
"""Kinds of sections, and what their headings have in them; one heading may promise several."""
_NO_USE: Final = pattern(r"(?i)how to use|out[- ]of[- ]scope|usage")
_HEADING: Final = pattern(r"(#{1,6})[ \t]+(.+?)[ \t#]*\Z")
_FENCE: Final = pattern(r"[ \t]{0,3}(```|~~~)")
_EMPTY: Final = pattern(
    r"(?i)\[?more information(?: is)? needed\]?|\[needs more information\]|\b(?:tbd|todo|n/?a)\b|^[ \t]*#{1,6}[^\n]*$",
    re.MULTILINE,
)
_WORD: Final = pattern(r"\w")
_LINES: Final = 20_000
"""Lines of a card that are read."""
_SECTIONS: Final = 100
"""Headings whose sections are read."""
_TEXT: Final = 1000
"""Characters of a section that are kept."""
_COUNT: Final = pattern(
    r"(?i)[\s>*|+_-]*(?:number of |total |model )?(?:param(?:eter)?s(?: count)?|parameter count|model size)[\s*_]*[:|]"
    r"[\s*_~≈]*(\d+(?:[.,]\d+)*)[ \t]*(k|m|b|t|thousand|million|billion|trillion)?\b"
    r"[ \t]*(?:param(?:eter)?s?)?[\s*_|.]*\Z"
)
_FACTORS: Final = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
_UNITS: Final = {"thousand": "k", "million": "m", "billion": "b", "trillion": "t"}
_SIZE: Final = pattern(
    r"(?i)(?<![a-z0-9.])(?<!\d_)(?:(\d{1,3})x)?(\d+(?:\.\d+)?)(k|m|b|t)(?![a-z0-9])(?:-(\d{1,3})e(?![a-z0-9]))?"
)
"""Where a point is written as `_` (`1_8B`), nothing is claimed."""
_OF_DATA: Final = pattern(
    r"(?i)(?:laion|metaclip|coyo|yfcc|jft|webli|treeoflife|chemberta|babylm|datacomp)[\w -]{0,20}\Z"
)
"""Before a number that counts what the model was trained on."""
_PART: Final = pattern(
    r"(?i)(?<![a-z])(?:eagle\d?|medusa|draft|speculator|q?lora|dora|adapter|control(?:net)?|sae|probe|projector|vae|peft|"
    r"tiny-random|dummy)(?![a-z])"
)
"""What a name has in it that is of a part for a model, and names the size of that one."""
_OTHERWISE: Final = pattern(
    r"(?i)[\s_-]*(?:\w+[\s_-]+)?(?:tokens?|sentences?|pairs?|samples?|examples?|steps?|images?|hours?|words?|rows?|bytes?|"
    r"lines|documents|context|ctx|molecules|sequences|cells|reads|proteins|reactions|users|games|positions|seq(?:uence)?_?len(?:gth)?)\b"
)


class Section(Value):
    """A part of a card: its kind, what its heading says, and the beginning of its text, empty where nothing is said."""

    kind: str
    heading: str
    text: str


class Duty(Value):
    """What a card should disclose, and by which of `keys` of a statement; who asks is on the page of the rule."""

    id: str
    name: str
    keys: tuple[str, ...]


DUTIES: Final = (
    Duty(id="licence", name="licence", keys=("licence",)),
    Duty(id="intended-use", name="intended use", keys=("section:intended-use", "section:out-of-scope")),
    Duty(id="limitations", name="known limits", keys=("section:limitations",)),
    Duty(id="training-data", name="training data", keys=("section:training-data", "datasets")),
    Duty(id="evaluation", name="testing method", keys=("section:evaluation", "metric")),
)
"""What every card of a model should say."""


def missing(stated: AbstractSet[str]) -> list[Duty]:
    """Return what a card leaves out that says something under these keys.

    >>> [duty.id for duty in missing({"licence", "metric", "section:limitations"})]
    ['intended-use', 'training-data']
    """
    return [duty for duty in DUTIES if stated.isdisjoint(duty.keys)]


def title(text: str) -> str:
    r"""Return the first heading of a card that is one of the highest level, without what every card has there.

    >>> title("\n# Model Card for tiny-7B\n## Uses")
    'tiny-7B'
    """
    for level, heading, _ in _headings(text):
        if level == 1:
            return re.sub(r"(?i)^model card(?: for|:)?\s*", "", heading).strip("*_` ")
    return ""


def sections(text: str) -> Iterator[Section]:
    r"""Yield the parts of a card, each until the next heading that is not below its own.

    >>> [(s.kind, s.text) for s in sections("# X\n## Limitations\n[More Information Needed]\n## Uses\nFor fun.\n")]
    [('limitations', ''), ('intended-use', 'For fun.')]
    """
    found = list(_headings(text))
    lines = text.splitlines()[:_LINES]
    for index, (level, heading, at) in enumerate(found[:_SECTIONS]):
        kinds = [kind for kind, words in _KINDS if re.search(words, heading, re.IGNORECASE)]
        if "intended-use" in kinds and _NO_USE.search(heading) and "intended" not in heading.lower():
            kinds.remove("intended-use")
        if not kinds:
            continue
        end = next((line for next_, _, line in found[index + 1 :] if next_ <= level), len(lines))
        said = _EMPTY.sub("", _without_comments("\n".join(lines[at + 1 : end])[: 20 * _TEXT])).strip()
        for kind in kinds:
            yield Section(kind=kind, heading=heading[:80], text=said[:_TEXT] if _WORD.search(said) else "")


def _without_comments(text: str) -> str:
    parts = text.split("<!--")
    return parts[0] + "".join(part.partition("-->")[2] for part in parts[1:])


def _headings(text: str) -> Iterator[tuple[int, str, int]]:
    """Yield the level of each heading, its words, and its line; not those in blocks of code."""
    fence = ""
    for number, line in enumerate(text.splitlines()[:_LINES]):
        if mark := _FENCE.match(line):
            fence = "" if fence == mark[1] else fence or mark[1]
        elif not fence and line.startswith("#") and (hit := _HEADING.match(line[:300])):
            yield len(hit[1]), hit[2].strip(), number


def counts(text: str) -> Iterator[int]:
    r"""Yield the numbers of parameters that lines of a card state, and nothing that prose says in passing.

    >>> list(counts("- **Parameters:** 1.5B\n| Model size | 124M |\nIt has fewer than 7B parameters.\n"))
    [1500000000, 124000000]
    """
    for line in text.splitlines()[:_LINES]:
        if len(line) < 200 and (hit := _COUNT.match(line)):
            unit = (hit[2] or "").lower()
            number = _number(hit[1], _UNITS.get(unit, unit))
            # A small number without a unit or separators counts something else.
            if number >= (1000 if unit or "," in hit[1] or hit[1].count(".") > 1 else 10**6):
                yield number


def _number(text: str, unit: str) -> int:
    plain = (
        text.replace(",", "")
        if text.count(",") > 1 or re.fullmatch(r"\d{1,3}(,\d{3})+", text)
        else text.replace(",", ".")
    )
    if plain.count(".") > 1:
        plain = plain.replace(".", "")
    return round(float(plain[:30]) * _FACTORS[unit])


def size(name: str) -> tuple[int, int] | None:
    """Return the least and the most parameters that the name of a model claims; None where it claims no one number.

    `8x7B` claims between 7 and 56 billion: experts share parts. `17B-16E` claims 17 billion that are used at once, and
    16 experts.

    >>> size("Mistral-7B-v0.1"), size("Mixtral-8x7B"), size("llama"), size("distilled-70B-into-1B"), size("30B-A3B")
    ((7000000000, 7000000000), (7000000000, 56000000000), None, None, (30000000000, 30000000000))
    >>> size("Llama-4-Scout-17B-16E"), size("llama-7b-lora"), size("CLIP - LAION-2B")
    ((17000000000, 272000000000), None, None)
    """
    found = set()
    for hit in () if _PART.search(name[:300]) else _SIZE.finditer(name[:300]):
        if hit[3] in "kKtT" or _OTHERWISE.match(name, hit.end()) or _OF_DATA.search(name[: hit.start()]):
            continue
        least = _number(hit[2], hit[3].lower())
        found.add((least, least * int(hit[1] or hit[4] or 1)))
    return found.pop() if len(found) == 1 else None
