"""What one format told of one artifact, summed up: of a hundred thousand tensors, one fact counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from weighmaster.model.fact import Fact, Shared, Tensor, Weights
from weighmaster.model.where import Where

MOST: Final = 1 << 63
"""Elements that are counted; a shape may claim any number."""
_OPTIMIZER: Final = ("optimizer/", "optimizer_weights/")
"""What Keras calls the state of an optimizer, which it keeps in the same file and which is no part of the model."""
_DTYPES: Final = 64
_SHOWN: Final = 40


class Tally:
    """Takes the facts of `kinds` as they come, and tells at the end what they come to.

    A format that knows more than its tensors say, such as what they share, tells `Weights` itself.
    """

    kinds: ClassVar[frozenset[type[Fact]]] = frozenset({Tensor, Weights})

    def __init__(self, where: Where, by: str) -> None:
        self.where = where
        self.by = by
        self._tensors = 0
        self._counts: dict[str, int] = {}
        self._told = False

    def take(self, fact: Fact) -> None:
        """Take a fact, which is of one of `kinds`."""
        if type(fact) is Weights:
            self._told = True
        elif isinstance(fact, Tensor) and not fact.name.lstrip("/").startswith(_OPTIMIZER):
            self._tensors += 1
            dtype = fact.dtype if len(self._counts) < _DTYPES or fact.dtype in self._counts else "other"
            self._counts[dtype] = min(MOST, self._counts.get(dtype, 0) + elements(fact.shape))

    def told(self) -> Iterator[Shared]:
        """Yield what the facts come to."""
        if self._tensors and not self._told:
            yield weights(self.where, self._counts, self._tensors, self.by)


def counted(elements: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return how many elements there are of each dtype, from dtypes and counts."""
    counts: dict[str, int] = {}
    for dtype, count in elements:
        counts[dtype] = counts.get(dtype, 0) + count
    return counts


def weights(where: Where, counts: dict[str, int], tensors: int, by: str) -> Weights:
    """Return counts by dtype as a fact, in the order of the names."""
    ordered = sorted(counts.items())
    return Weights(
        where=where,
        tensors=tensors,
        dtypes=tuple(dtype[:_SHOWN] for dtype, _ in ordered),
        counts=tuple(min(MOST, count) for _, count in ordered),
        by=by,
    )


def elements(shape: tuple[int, ...]) -> int:
    """Return how many elements a shape has, or `MOST` where it claims more; a dimension that is not known counts none.

    >>> elements((2, 3)), elements(()), elements((1 << 40, 1 << 40)) == MOST
    (6, 1, True)
    """
    if not all(dimension > 0 for dimension in shape):
        return 0
    found = 1
    for dimension in shape:
        found *= dimension
        if found >= MOST:
            return MOST
    return found
