"""What an origin is: a kind of address, how to list what lies there, and how to fetch parts of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from weighmaster.extend.record import Subject
from weighmaster.model.fact import Shared
from weighmaster.model.report import Gap
from weighmaster.model.value import Value
from weighmaster.reading.far import Far
from weighmaster.reading.http import Access

FetchPart: TypeAlias = Callable[[Far, int, int], bytes]
"""Returns so many bytes of a file from an offset on; may be called by several threads at once."""


class Listing(Value):
    """What lies at an address. `target` is the address with the version that is judged in it, where there is one.

    `subject` is what records are asked about, with `ask`, which asks the service itself; `facts` is what the service
    says anyway. `evidence` returns what the service keeps beside a file to vouch for it, by its name, or None.
    """

    target: str
    files: tuple[Far, ...]
    folder: bool
    subject: Subject | None = None
    ask: Callable[[str], Any] | None = None
    facts: tuple[Shared, ...] = ()
    gaps: tuple[Gap, ...] = ()
    evidence: Callable[[str], bytes | None] | None = None


class Origin(Value):
    """A name, what it is in a line, the schemes of its addresses, and what can be done there.

    `list` raises `UnreachableError` where there is nothing, or no way to it; `open` is called in the process that
    fetches. Neither reads what the files hold.
    """

    id: str
    title: str
    schemes: tuple[str, ...]
    list: Callable[[str, Access], Listing]
    open: Callable[[Access], FetchPart]
