"""How much it matters when two readers of a container see different things, by the kind of difference.

A kind that is not here matters most: an archive in which two readers find different members or different bytes is made,
not grown.
"""

from __future__ import annotations

from typing import Final

SERVED: Final = frozenset({"server"})
"""Whoever serves the bytes contradicts itself: not about the bytes, but about how they came."""

REFUSED: Final = frozenset(
    {
        "base-address",
        "directory-gap",
        "directory-length",
        "end-records",
        "member-checksum",
        "member-refused",
        "padded-header",
        "tensor-refused",
        "tree-sizes",
    }
)
"""Some readers refuse what others load: damage does this as well as intent."""

UNTIDY: Final = frozenset({"names-differ-in-case"})
"""Real archives show this; it matters only where the file system does not tell the names apart."""
