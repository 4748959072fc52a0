"""Whether the name of a package looks like that of another: what somebody types by mistake, or is made to believe.

The ways are those of `lookalike.py`, and what people call a package beside its name. What keeps honest neighbours quiet
is not the distance but the list of known names: what many people use is not taken for another. Nothing but the name is
looked at: a look-alike is a question, never an answer.

Tables beside this file:

* `protected.tsv`: packages of machine learning that somebody may pose as: `name`; `kind`, `sdk` where it is the client
  of a service, `word` where the name is a word that others may use, else `library`; `makers`, whose names are put
  before it; `others`, what people call it
* `pypi.tsv`: one name a line, the most downloaded first: known; and the first of them protected, too
* `known.tsv`: `name`, `reason`, `source`: further honest names, former ones among them
* `owners.tsv`: owners of repositories that packages and code are taken from
* `reported.tsv`: `name`, `meant`, `source`: names under which hostile code was published; `meant` is what they pose as
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import permutations
from typing import Final

from weighmaster.knowledge.names.likeness import (
    DIGITS,
    Near,
    distance,
    folded,
    is_doubled,
    is_hand,
    is_neighbour,
    is_other_number,
    is_sound,
    is_swapped,
    skeleton,
    skeletons,
)
from weighmaster.knowledge.names.normal import normal
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

_HERE: Final = os.path.dirname(__file__)
_LONGEST: Final = 96
_FIRST: Final = 2000
"""How many of the most downloaded packages are protected. More of them are neighbours of each other."""

_LONG: Final = 12
"""In names that are so long, two slips are seen as slips."""
_NUMBER: Final = pattern(r"-?v?[0-9]+(?:-[0-9]+)*\Z")
_WORDS: Final = pattern(
    r"py|torch|tensor|flow|vision|audio|lightning|lang|chain|graph|open|ai|hugging|face|hub|deep|speed|light|xg|boost|"
    r"gbm|cat|safe|sentence|transformers|num|scikit|learn|llama|index|cpp|python|bits|and|bytes|flash|attn|faiss|cpu|"
    r"gpu|smol|agents|onnx|runtime|stream|lit|chroma|db|mat|plot|lib"
)

STRONG: Final = frozenset(
    "official officials original real genuine authentic legit legitimate verified trusted certified true "  # noqa: SIM905
    "fixed patched unofficial cracked unlocked mirror".split()
)
"""Words that claim to be the real one, or as good as it."""
WEAK: Final = frozenset(
    "python python2 python3 py py3 pip pip3 pypi lib libs library libraries package packages pkg module modules "  # noqa: SIM905
    "install installer setup latest new newest updated update release stable cuda gpu cpu dev "
    "version project repo free premium the main".split()
)
"""Words that say no more of a package than that it is one, or where it runs."""
_SERVICE: Final = frozenset({"sdk", "api", "client", "apis", "ai", "chat", "llm", "wrapper"})
"""Words that say no more of the client of a service than that it is one."""
_LIBRARY: Final = frozenset({"sdk"})
_BEHIND: Final = frozenset("cuda gpu cpu dev new main version update ai llm chat".split())  # noqa: SIM905 - words
"""Words that stand behind a name, and before it are those of a family: `llm-anthropic`."""


_NUMBERS: Final = frozenset({*"123456789", *(digit * 2 for digit in "23456789")})


class Likeness(Value):
    """The package that a name looks like, and how."""

    name: str
    how: str


class Protected(Value):
    """A package that somebody may pose as; see the module's docstring."""

    name: str
    service: bool = False
    word: bool = False
    makers: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()


@lru_cache(maxsize=8192)
def imitates(name: str) -> Likeness | None:
    """Return the package that a name looks like, unless it is a known one itself.

    >>> imitates("torch-cuda")
    Likeness(name='torch', how='added words')
    >>> imitates("torchvision"), imitates("transformers-stream-generator"), imitates("acme")
    (None, None, None)
    """
    if not 2 < len(name) <= _LONGEST or is_known(name):
        return None
    return _index().likeness(name)


@lru_cache(maxsize=8192)
def imitates_owner(name: str) -> Likeness | None:
    """Return the owner of repositories that the name of another looks like.

    >>> imitates_owner("hugginface"), imitates_owner("huggingface"), imitates_owner("pytorch-labs")
    (Likeness(name='huggingface', how='a slip of the hand'), None, None)
    """
    if not 3 < len(name) <= _LONGEST:
        return None
    return _owners().likeness(name)


def is_known(name: str) -> bool:
    """Say whether many people use a package of that name, or somebody looked at it.

    >>> is_known("Typing.Extensions"), is_known("typing-extension")
    (True, False)
    """
    plain = normal(name)
    return plain in _known() and plain not in reported()


class Names:
    """Names that others are compared with, by what they come to. The first of several counts."""

    def __init__(self, strict: Iterable[Protected], loose: Iterable[str] = ()) -> None:
        self.strict = {normal(one.name): one for one in strict}
        both = dict.fromkeys((*normal("\n".join(loose)).split("\n"), *self.strict))
        both.pop("", None)
        self._names = both
        self._bare = {name.replace("-", ""): name for name in both if len(name) > 4}
        self._drawn = dict(zip(skeletons(tuple(self._bare)), self._bare.values(), strict=True))
        self._letters: dict[int, list[str]] = {}
        for name in both:
            self._letters.setdefault(_letters(name), []).append(name)
        self._stems = dict(self._pairs())
        spelled = {
            other.replace("-", ""): other for one in self.strict.values() for other in one.others if len(other) > 5
        }
        short = {name.replace("-", ""): name for name in self.strict if len(name) == 4}
        self._spelled = {**spelled, **short, **self._bare}
        self._near = Near(self._spelled, long=_LONG)

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for name, one in self.strict.items():
            for other in one.others:
                yield other.replace("-", ""), name
        for name in self.strict:
            yield name.replace("-", ""), name

    def likeness(self, name: str) -> Likeness | None:
        """Return which of the names this one looks like, and how; None where it is one of them."""
        plain = normal(folded(name))
        if plain in self._names:
            return None if name.isascii() else Likeness(name=plain, how="characters that look alike")
        for how, found in self._exact(plain, plain.replace("-", "")):
            if found is not None and found != plain:
                return Likeness(name=found, how=how)
        return self._slip(plain, plain.replace("-", ""))

    def _exact(self, plain: str, bare: str) -> Iterator[tuple[str, str | None]]:
        yield "separators", self._bare.get(bare)
        yield "what people call it", self._other(plain, bare)
        drawn = self._drawn.get(skeleton(bare))
        # `utlis` is `utils` with two letters swapped, and drawn alike.
        yield "characters that look alike", None if drawn is None or is_swapped(bare, drawn.replace("-", "")) else drawn
        digits = bare.translate(DIGITS)
        letters = digits != bare and not bare[-1:].isdigit() and (digits in self._stems or len(bare) > 5)
        yield "digits for letters", self._bare.get(digits) if letters else None
        yield "the order of words", self._ordered(plain) or self._ordered(bare)
        yield "added words", self._added(plain)
        yield "a version", self._version(plain)

    def _ordered(self, typed: str) -> str | None:
        """Return whose words these are in another order: its letters come to the same."""
        found = [name for name in self._letters.get(_letters(typed), ()) if typed in _orders(name)]
        return found[-1] if found else None

    def _other(self, plain: str, bare: str) -> str | None:
        found = self._stems.get(bare)
        return None if found is None or plain == found else found

    def _added(self, plain: str) -> str | None:
        """Return whose name is left when words that say nothing are taken off."""
        words = plain.split("-")
        for cut in range(1, len(words)):
            for rest, taken, behind in ((words[:cut], words[cut:], True), (words[cut:], words[:cut], False)):
                found = self._claimed("".join(rest), "-".join(rest), taken, behind=behind)
                if found is not None:
                    return found
        if len(words) > 2 and (found := self._claimed("".join(words[1:-1]), "", [words[0], words[-1]], behind=True)):
            return found
        return self._glued(words[0]) if len(words) == 1 else None

    def _glued(self, word: str) -> str | None:
        for cut in range(2, len(word) - 1):
            for rest, taken, behind in ((word[:cut], word[cut:], True), (word[cut:], word[:cut], False)):
                if len(rest) > 4 and rest in self._stems and taken not in {"ai", "lib", "the", "new", "dev", "chat"}:
                    found = self._claimed(rest, rest, [taken], behind=behind)
                    if found is not None:
                        return found
        return None

    def _claimed(self, bare: str, rest: str, taken: list[str], *, behind: bool) -> str | None:
        name = self._stems.get(bare)
        if name is None:
            # Of packages that are everybody's, only what claims to be the real one.
            return self._bare.get(bare) if len(bare) > 4 and STRONG.issuperset(taken) else None
        one = self.strict[name]
        if "-".join(taken) in one.makers and len(rest) > 3:
            return name
        if one.word and rest in {name, name.replace("-", "")}:
            return name if STRONG.issuperset(taken) else None
        says = STRONG | WEAK | (_SERVICE if one.service else _LIBRARY if len(bare) > 4 else frozenset())
        allowed = says if behind else says - _BEHIND
        return name if all(word in allowed for word in taken) else None

    def _version(self, plain: str) -> str | None:
        hit = _NUMBER.search(plain)
        if hit:
            rest = plain[: hit.start()]
            found = self._stems.get(rest.replace("-", "")) if len(rest) > 3 else None
            if found is not None and not found[-1].isdigit():
                return found
            # `urllib4`, `boto4`: another number where one stands.
            number = hit[0].lstrip("-v")
            if number in _NUMBERS and "-" not in rest:
                return next((name for digit in "23456789" if (name := rest + digit) in self._names), None)
        if "python3-" in plain or "python2-" in plain:
            asked = plain.replace("python3-", "python-").replace("python2-", "python-")
            return asked if asked in self._names else None
        return None

    def _slip(self, plain: str, bare: str) -> Likeness | None:
        best: tuple[bool, int, str] | None = None
        for own in self._near(bare):
            spelled = self._spelled[own]
            name = spelled if spelled in self._names else self._stems[own]
            strict = name in self.strict and not self.strict[name].word
            if _is_slip(plain, bare, spelled, strict=strict):
                found = (not strict, distance(bare, own, 2), name)
                best = found if best is None else min(best, found)
        return None if best is None else Likeness(name=best[2], how="a slip of the hand")


def _is_slip(plain: str, bare: str, name: str, *, strict: bool) -> bool:
    own = name.replace("-", "")
    if (
        is_other_number(bare, own)
        or not (strict or plain.count("-") == name.count("-"))
        or not _same_build(plain, name)
    ):
        return False
    if _is_plural(bare, own):
        return len(own) > 5
    if len(own) < 6:
        # Of short names: a letter hit twice, two swapped, one left out between others.
        return strict and (is_doubled(bare, own) or (len(own) == 5 and _is_short_slip(bare, own)))
    if len(own) < 7 and not strict:
        return is_doubled(bare, own) or is_swapped(bare, own) or is_sound(bare, own)
    return is_hand(bare, own) or _is_edit(bare, own, strict=strict, long=plain.count("-") == name.count("-"))


def _is_short_slip(typed: str, name: str) -> bool:
    left_out = any(name[:at] + name[at + 1 :] == typed for at in range(2, len(name) - 1))
    return left_out or is_hand(typed, name) or (typed[1:] == name[1:] and is_neighbour(typed[0], name[0]))


def _is_plural(typed: str, name: str) -> bool:
    return typed + "s" == name or name + "s" == typed


def _is_edit(typed: str, name: str, *, strict: bool, long: bool) -> bool:
    """Whether one letter is another, or two of a long name. Another beginning or end makes another word: `torchx`."""
    if typed[0] != name[0]:
        return strict and typed[1:] == name[1:] and is_neighbour(typed[0], name[0])
    if typed[-1] != name[-1]:
        return strict and len(name) > 8 and typed == name[:-1]
    if len(name) < 8:
        ends = (typed[:2], typed[-2:]) == (name[:2], name[-2:])
        return strict and len(name) > 5 and ends and len(typed) == len(name) and distance(typed, name, 1) <= 1
    if distance(typed, name, 1) <= 1:
        return True
    return strict and long and len(name) >= _LONG and typed[-2:] == name[-2:] and distance(typed, name, 2) <= 2


def _same_build(plain: str, name: str) -> bool:
    """Whether two names differ in no word that is a word by itself: `langchain-core`, `langchain-cohere`."""
    words, others = plain.split("-"), name.split("-")
    if len(words) != len(others):
        parted = len(others) == 1 and len(words) == 2 and len(name) > 9 and len(words[0]) > 2
        return parted and not _vocabulary().issuperset(words)
    if len(words) == 1:
        return True
    unlike = [(word, other) for word, other in zip(words, others, strict=True) if word != other]
    if len(unlike) != 1:
        return len(unlike) == 2 and all(_is_misspelled(word, other) for word, other in unlike)
    return _is_misspelled(*unlike[0])


def _is_misspelled(word: str, other: str) -> bool:
    if is_doubled(word, other) or is_swapped(word, other):
        return True
    if len(other) < 4 or is_other_number(word, other):
        return False
    return _is_plural(word, other) or (distance(word, other, 2) <= 1 + (len(other) > 9) and word not in _vocabulary())


def _letters(name: str) -> int:
    """Return a number that a name has whatever the order of its words."""
    return sum(name.replace("-", "").encode("utf-8", "replace"))


def _orders(name: str) -> Iterator[str]:
    """Yield the other orders of the words of a name."""
    words = name.split("-")
    if len(words) == 1:
        pieces = _WORDS.findall(name)
        if not 2 <= len(pieces) <= 3 or "".join(pieces) != name:
            return
        words = pieces
    if 2 <= len(words) <= 3:
        for order in permutations(words):
            if list(order) != words:
                yield "-".join(order)
                if len(name) > 7:
                    yield "".join(order)


@cache
def _index() -> Names:
    return Names(protected().values(), ranked()[:_FIRST])


@cache
def _owners() -> Names:
    return Names(Protected(name=row[0]) for row in _rows("owners.tsv"))


@cache
def protected() -> Mapping[str, Protected]:
    """Return the packages of machine learning that somebody may pose as."""
    rows = _rows("protected.tsv")
    return {name: _protected(name, kind, makers, others) for name, kind, makers, others in rows}


def _protected(name: str, kind: str, makers: str, others: str) -> Protected:
    return Protected(
        name=name,
        service=kind == "sdk",
        word=kind == "word",
        makers=frozenset(makers.split(",")) - {""},
        others=tuple(other for other in others.split(",") if other),
    )


@cache
def ranked() -> tuple[str, ...]:
    """Return the most downloaded packages, the first the most."""
    with open(os.path.join(_HERE, "pypi.tsv"), encoding="utf-8", newline="\n") as file:
        return tuple(file.read().split("\n")[1:-1])


@cache
def _known() -> frozenset[str]:
    return frozenset((*ranked(), *protected(), *(row[0] for row in _rows("known.tsv"))))


@cache
def reported() -> Mapping[str, tuple[str, str]]:
    """Return the names under which hostile code was published: what they pose as, and who reports it."""
    return {name: (meant, source) for name, meant, source in _rows("reported.tsv")}


@cache
def _vocabulary() -> frozenset[str]:
    """Return the words that names of several known packages have."""
    once: set[str] = set()
    twice: set[str] = set()
    for name in ranked():
        for word in set(name.split("-")):
            (twice if word in once else once).add(word)
    return frozenset(twice)


def _rows(table: str) -> Iterator[list[str]]:
    with open(os.path.join(_HERE, table), encoding="utf-8", newline="\n") as file:
        return iter([line.rstrip("\n").split("\t") for line in file if not line.startswith("#")])
