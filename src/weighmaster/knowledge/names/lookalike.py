"""Whether the name of an account looks like that of another: how somebody poses as a publisher.

The ways: characters that look alike (Unicode Technical Standard 39, "confusables", the part that names can have),
separators, the order of words, words that claim to be the real one, digits for letters, slips of the hand. Nothing but
the name is looked at: a look-alike is a question, never an answer.

What was measured on names of packages holds here: single edits are found by any distance; what is lost are added words;
and false alarms come from short names, from versions, and from words that are everybody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import permutations
from typing import Final

from weighmaster.knowledge.names.likeness import (
    DIGITS,
    Near,
    distance,
    folded,
    is_hand,
    is_other_number,
    parted,
    skeleton,
    squeezed,
)
from weighmaster.knowledge.names.publishers import Publisher, is_account, publishers
from weighmaster.model.value import Value
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 96
"""Longer names are not of the hub."""

_PARTS: Final = pattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^\W\d_]+")

CLAIMS: Final = frozenset(
    "official officials original real true verified genuine authentic legit the "  # noqa: SIM905 - words
    "ai hf hub team teams inc corp ltd llc co company org orgs group foundation "
    "lab labs research hq model models llm llms weights release releases updates update mirror backup "
    "huggingface dev devs account page global english china us eu v new".split()
)
"""Words that, added to a publisher's name, say no more than that name: `qwen-official`, `real-openai`."""
_STRONG: Final = frozenset({"official", "officials", "original", "real", "verified", "genuine", "authentic", "legit"})
"""Words that claim to be the real one, even beside a name that is a word of its own."""


class LookAlike(Value):
    """The account that a name looks like, and how."""

    publisher: Publisher
    how: str


def look_alike(name: str) -> LookAlike | None:
    """Return the famous publisher that the name of an account looks like, unless it is a known one itself.

    >>> found = look_alike("deepseek-ai-official")
    >>> found.publisher.name, found.how
    ('deepseek-ai', 'added words')
    >>> look_alike("openai-community"), look_alike("acme")
    (None, None)
    """
    if not name or len(name) > _LONGEST or is_account(name):
        return None
    index = _index()
    for how, found in _exact(name, index):
        if found is not None:
            return LookAlike(publisher=found, how=how)
    return _slip(name, index)


class _Index(Value):
    """Names to be compared with, by what they come to."""

    bare: dict[str, Publisher]
    stems: dict[str, Publisher]
    skeletons: dict[str, Publisher]
    orders: dict[str, Publisher]
    words: dict[str, Publisher]
    slips: dict[str, tuple[int, Publisher]]
    near: Near


@cache
def _index() -> _Index:
    famous = [known for known in publishers().values() if known.famous]
    bare = {squeezed(known.name.casefold()): known for known in reversed(famous)}
    named = bare | {squeezed(stem): known for known in reversed(famous) for stem in known.stems}
    own = {name: known for name, known in named.items() if not known.word}
    slips = [name for name in own if len(name) > 3 and not name.isdigit()]
    return _Index(
        bare=bare,
        stems=own,
        skeletons={skeleton(name): known for name, known in named.items() if len(name) > 3},
        orders={"".join(order): known for known in famous for order in _orders(known.name)},
        words={name: known for name, known in named.items() if known.word},
        slips={name: (number, own[name]) for number, name in enumerate(slips)},
        near=Near(slips, long=8),
    )


def _orders(name: str) -> Iterator[tuple[str, ...]]:
    parts = _words(name)
    if 2 <= len(parts) <= 3:
        yield from (order for order in permutations(parts) if list(order) != parts)


def _exact(name: str, index: _Index) -> Iterator[tuple[str, Publisher | None]]:
    """Yield what a name comes to, and whose that is."""
    plain = folded(name)
    bare = squeezed(plain)
    drawn = "characters that look alike"
    if plain != name.casefold():
        yield drawn, index.bare.get(bare) or index.stems.get(bare)
    yield "separators", index.bare.get(bare)
    yield "a shorter name", index.stems.get(bare) if len(bare) > 5 else None
    yield drawn, None if bare in index.stems else index.skeletons.get(skeleton(name))
    digits = bare.translate(DIGITS)
    yield "digits for letters", None if digits == bare or bare.isdigit() else index.stems.get(digits)
    yield "the order of words", index.orders.get(bare)
    yield "added words", _claimed(name, plain, index)
    yield "a version", _versioned(bare, index)


def _claimed(name: str, plain: str, index: _Index) -> Publisher | None:
    """Return whose name is left when the words that claim it are taken off."""
    words = _words(name) if plain == name.casefold() else parted(plain)
    for parts in (words, parted(plain), _cut(squeezed(plain), index)):
        rest, taken = _without_claims(parts)
        joined = "".join(rest)
        found = index.stems.get(joined) or index.stems.get(joined.translate(DIGITS))
        if taken and found is not None and len(joined) > 3:
            return found
        if taken & _STRONG and joined in index.words:
            return index.words[joined]
    return None


def _without_claims(words: list[str]) -> tuple[list[str], set[str]]:
    """Take the claiming words off both ends."""
    rest, taken = list(words), set[str]()
    while len(rest) > 1 and (claim := _claim(rest[-1])):
        taken.add(claim)
        rest.pop()
    while len(rest) > 1 and (claim := _claim(rest[0])):
        taken.add(claim)
        rest.pop(0)
    return rest, taken


def _claim(word: str) -> str:
    spelled = word if word in CLAIMS else word.translate(DIGITS)
    return spelled if spelled in CLAIMS else ""


def _cut(bare: str, index: _Index) -> list[str]:
    """Return the words of a name that has no separators, where one of them is a publisher's name."""
    for claim in CLAIMS:
        if len(claim) < 2 or len(bare) - len(claim) < 4:
            continue
        for rest in (bare.removesuffix(claim), bare.removeprefix(claim)):
            if rest != bare and (rest in index.stems or (claim in _STRONG and rest in index.words)):
                return [rest, claim]
    return [bare]


def _versioned(bare: str, index: _Index) -> Publisher | None:
    # `meta-llama-3`, `deepseek-v4`: an account is named after its owner, not after a release.
    rest = bare.rstrip("0123456789")
    found = index.bare.get(rest) or index.bare.get(rest.removesuffix("v")) if rest != bare and len(rest) > 3 else None
    return None if found is None or found.word else found


def _slip(name: str, index: _Index) -> LookAlike | None:
    """Return whose name this is but for a slip of the hand."""
    plain = folded(name)
    bare, parts = squeezed(plain), len(parted(plain))
    # The first of the table counts, whichever is found first.
    for (_, known), own in sorted(((index.slips[own], own) for own in index.near(bare)), key=lambda found: found[0][0]):
        # A slip changes letters; it does not make two words of one.
        same = len(own) > 9 or parts in {1, len(parted(known.name))}
        if same and abs(len(own) - len(bare)) <= 2 and _is_slip(bare, own):
            return LookAlike(publisher=known, how="a slip of the hand")
    return None


def _is_slip(bare: str, name: str) -> bool:
    if len(name) < 4 or is_other_number(bare, name):
        return False
    if len(name) < 10:
        # Of middling names, what stands inside may be any letter: `deepseed` is a word, `deepzeek` is not.
        ends = (bare[:1], bare[-2:]) == (name[0], name[-2:])
        return is_hand(bare, name) or (len(name) >= 8 and ends and distance(bare, name, 1) <= 1)
    # Another first letter makes another word.
    allowed = 2 if len(name) >= 14 else 1
    return bare[:1] == name[0] and distance(bare, name, allowed) <= allowed


def _words(name: str) -> list[str]:
    """Return the words of a name in lower case, told apart by separators, capitals and digits."""
    return _lower(_PARTS.findall(name))


def _lower(words: Iterable[str]) -> list[str]:
    return [word.casefold() for word in words]
