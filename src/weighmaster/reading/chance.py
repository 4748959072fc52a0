"""How random bytes are: Shannon's entropy, and whether chance would have made them (Pearson's chi-square).

Encrypted bytes cannot be told from chance. Compressed ones nearly cannot; numbers, text and machine code can.
<https://csrc.nist.gov/pubs/sp/800/22/r1/upd1/final> on what is asked of random bytes.
"""

from __future__ import annotations

import math
from typing import Final

from weighmaster.reading.source import Source

LEAST: Final = 1024
"""Of fewer bytes nothing can be said."""
_SAMPLE: Final = 64 << 10
_FAR_OFF: Final = 391.0
"""Of chance, with 255 degrees of freedom, one in ten million samples is so far off: 255 and six times its deviation."""
_TOO_EVEN: Final = 119.0


def entropy(data: bytes) -> float:
    """Return bits for each byte.

    >>> entropy(b"aaaa"), entropy(bytes(range(256)))
    (0.0, 8.0)
    """
    whole = len(data)
    if not whole:
        return 0.0
    return sum(count / whole * math.log2(whole / count) for count in _counts(data) if count)


def by_chance(data: bytes) -> bool:
    """Say whether the bytes are spread as those of a good cipher are."""
    if len(data) < LEAST:
        return False
    expected = len(data) / 256
    square = sum((count - expected) ** 2 for count in _counts(data)) / expected
    return _TOO_EVEN < square < _FAR_OFF


def sampled(source: Source) -> tuple[float, bool]:
    """Return the entropy of a source, and whether chance would have made all of it: its beginning, middle and end."""
    size = source.size
    starts = sorted({0, max(0, size // 2 - _SAMPLE // 2), max(0, size - _SAMPLE)})
    parts = [source.read_at(start, _SAMPLE) for start in starts]
    bits = max(map(entropy, parts), default=0.0)
    # A header of its own may stand in front of what is encrypted.
    return bits, size >= LEAST and all(by_chance(part[64:] if not at else part) for at, part in enumerate(parts))


def _counts(data: bytes) -> list[int]:
    return [data.count(byte) for byte in range(256)]
