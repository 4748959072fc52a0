"""How two names are alike: characters that are drawn alike, slips of the hand, and how many letters lie between.

Characters are those of Unicode Technical Standard 39 ("confusables"), the part that names can have. Nothing but letters
is looked at here; whose names these are, and which of them matter, is said by `lookalike.py` and `names.py`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from weighmaster.reading.pattern import pattern

_LIKE: Final = MappingProxyType(
    {
        # Cyrillic, Greek, Armenian, Cherokee and Latin letters that are drawn as ASCII ones (UTS 39, confusables.txt).
        **dict(zip("аеорсухіјѕԁԛԝһӏвкмнтԍ", "aeopcyxijsdqwhlbkmhtg", strict=True)),
        **dict(zip("αοριυνκτχγεηω", "aopiuvktxyenw", strict=True)),
        **dict(zip("օսոցհյզ", "ounghjq", strict=True)),
        **dict(zip("ıɩɡɑʟɴʀᴏᴜᴠᴡᴢᴀᴄᴅᴇᴋᴍᴘᴛ", "iigalnrouvwzacdekmpt", strict=True)),
        "ł": "l", "đ": "d", "ø": "o", "ħ": "h", "ß": "b", "æ": "ae", "œ": "oe",
    }
)  # fmt: skip
_DRAWN: Final = (("1", "l"), ("|", "l"), ("i", "l"), ("0", "o"), ("rn", "m"), ("vv", "w"), ("cl", "d"))
"""Drawn alike in most typefaces. A capital I is an l; so i, l and 1 are one."""
DIGITS: Final = str.maketrans("0134578", "oleastb")
_SPLIT: Final = pattern(r"[^\w]|_")
_KEYS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEXT: Final = frozenset(
    pair
    for row, below in zip(_KEYS, (*_KEYS[1:], ""), strict=True)
    for one, other in (*pairwise(row), *zip(row, below, strict=False), *zip(row[1:], below, strict=False))
    for pair in (one + other, other + one)
)
"""Letters whose keys are neighbours."""

_HEARD: Final = frozenset({"ij", "ji", "ck", "kc", "sz", "zs", "cs", "sc", "fv", "vf", "bp", "pb", "dt", "td"})
"""Letters that are heard or drawn alike."""


def skeleton(name: str) -> str:
    r"""Return what a name is drawn as: two names with one skeleton are hard to tell apart.

    >>> skeleton("rneta-IIama") == skeleton("meta-llama"), skeleton("\u043epenai") == skeleton("openai")
    (True, True)
    """
    drawn = squeezed(folded(name))
    for old, new in _DRAWN:
        drawn = drawn.replace(old, new)
    return drawn


def skeletons(words: Sequence[str]) -> list[str]:
    """Return what words are drawn as, each as `skeleton` does; to ask for many at once takes a fifth of the time."""
    text = "\n".join(words)
    if not text.isascii() or not text.replace("\n", "").isalnum():
        return [skeleton(word) for word in words]
    text = text.lower()
    for old, new in _DRAWN:
        text = text.replace(old, new)
    return text.split("\n") if words else []


class Near:
    """Texts, kept so that those near another text are found without comparing it with all of them.

    Near is one change, or two in texts of `long` letters and more. Of three parts of a text, two changes leave one
    whole, and a swap of neighbours is one change. What is found is a candidate: it has that part at about that place.
    """

    def __init__(self, texts: Iterable[str], *, long: int) -> None:
        self._long = long
        self._by_length: dict[int, list[str]] = {}
        self._parts: dict[int, dict[tuple[int, str], list[str]]] = {}
        for text in dict.fromkeys(texts):
            self._by_length.setdefault(len(text), []).append(text)

    def _of_length(self, length: int) -> dict[tuple[int, str], list[str]]:
        """Return the texts of a length by their parts, taken apart when they are first asked for."""
        found = self._parts.get(length)
        if found is None:
            found = self._parts[length] = {}
            for part, (start, end) in enumerate(_thirds(length)):
                for text in self._by_length.get(length, ()):
                    found.setdefault((part, text[start:end]), []).append(text)
        return found

    def __call__(self, typed: str) -> Iterable[str]:
        """Return what may be meant."""
        found: dict[str, None] = {}
        size = len(typed)
        for length in range(max(3, size - 2), size + 3):
            most = 2 if length >= self._long else 1
            more = size - length
            if not -most <= more <= most:
                continue
            (_, one), (_, two), _ = _thirds(length)
            parts = self._of_length(length)
            for text in parts.get((0, typed[:one]), ()):
                found[text] = None
            for text in parts.get((2, typed[two + more :]), ()):
                found[text] = None
            for shift in range(-most, most + 1):
                for text in parts.get((1, typed[one + shift : two + shift]), ()) if one + shift >= 0 else ():
                    found[text] = None
        return found


def _thirds(length: int) -> tuple[tuple[int, int], ...]:
    one, two = length // 3, length - length // 3
    return (0, one), (one, two), (two, length)


def is_other_number(left: str, right: str) -> bool:
    """Whether two names differ in digits alone."""
    return left != right and left.translate(_NO_DIGITS) == right.translate(_NO_DIGITS)


_NO_DIGITS: Final = str.maketrans("", "", "0123456789")


def is_hand(typed: str, name: str) -> bool:
    """Whether a name was meant: a key was hit twice or not at all, two were swapped, or one was missed by a little."""
    if len(typed) == len(name):
        at = [place for place, (a, b) in enumerate(zip(typed, name, strict=True)) if a != b]
        if len(at) == 2:
            return len(name) > 4 and is_swapped(typed, name)
        return len(at) == 1 and at[0] > 0 and len(name) > 5 and _is_near(typed[at[0]], name[at[0]])
    if len(typed) > len(name):
        return is_doubled(typed, name)
    # The first and the last letter are not left out by mistake.
    return (
        len(typed) == len(name) - 1
        and len(name) > 5
        and any(name[:at] + name[at + 1 :] == typed for at in range(1, len(name) - 1))
    )


def is_doubled(typed: str, name: str) -> bool:
    """Whether a key was hit twice."""
    return len(typed) == len(name) + 1 and any(
        typed[at] == typed[at + 1] and typed[:at] + typed[at + 1 :] == name for at in range(len(name))
    )


def is_swapped(typed: str, name: str) -> bool:
    """Whether two letters beside each other changed places."""
    at = [place for place, (a, b) in enumerate(zip(typed, name, strict=False)) if a != b]
    if len(typed) != len(name) or len(at) != 2 or at[1] != at[0] + 1:
        return False
    return typed[at[0]] == name[at[1]] and typed[at[1]] == name[at[0]]


def is_sound(typed: str, name: str) -> bool:
    """Whether one vowel stands for another, or i for j."""
    unlike = [{a, b} for a, b in zip(typed, name, strict=False) if a != b]
    return len(typed) == len(name) and len(unlike) == 1 and (unlike[0] <= set("aeiou") or unlike[0] == {"i", "j"})


def is_neighbour(typed: str, meant: str) -> bool:
    """Whether the keys of two letters are neighbours."""
    return typed + meant in _NEXT


def _is_near(typed: str, meant: str) -> bool:
    """Whether one letter is hit or heard for the other."""
    pair = typed + meant
    return pair in _NEXT or pair in _HEARD or {typed, meant} <= set("aeiouy")


def distance(left: str, right: str, most: int) -> int:
    """Return how many insertions, deletions, substitutions and swaps of neighbours lie between two texts.

    What is more than `most` is given as `most + 1`.

    >>> distance("openai", "opneai", 2), distance("qwen", "llama", 2)
    (1, 3)
    """
    if abs(len(left) - len(right)) > most:
        return most + 1
    left, right = _unlike(left, right)
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        above, row, older = row, [i], before
        for j, b in enumerate(right, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before = above
    return min(row[-1], most + 1)


def _unlike(left: str, right: str) -> tuple[str, str]:
    """Return two texts without what both begin and end with, which costs no change."""
    start, least = 0, min(len(left), len(right))
    while start < least and left[start] == right[start]:
        start += 1
    end = 0
    while end < least - start and left[-1 - end] == right[-1 - end]:
        end += 1
    return left[start : len(left) - end], right[start : len(right) - end]


def folded(name: str) -> str:
    """Return a name in lower case, with the letters that its own are drawn as."""
    if name.isascii():
        return name.lower()
    wide = unicodedata.normalize("NFKD", name)
    narrow = "".join(c for c in wide if not unicodedata.combining(c) and unicodedata.category(c) != "Cf").casefold()
    return "".join(_LIKE.get(c, c) for c in narrow)


def squeezed(name: str) -> str:
    """Return a name without its separators."""
    return "".join(parted(name))


def parted(name: str) -> list[str]:
    """Return the words of a name that separators tell apart."""
    return [part for part in _SPLIT.split(name) if part]
