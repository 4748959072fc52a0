"""A file of a package was published: by the Trusted Publisher whose identity signed, under this name (PEP 740).

The predicate is empty: all that is said is in the subject and in whose signature it is.
Specification: <https://docs.pypi.org/attestations/publish/v1/>.
"""

from __future__ import annotations

from typing import Final

from weighmaster.reading.record import Record
from weighmaster.trust.claims.predicate import Meaning, Predicate

_TYPE: Final = "https://docs.pypi.org/attestations/publish/v1"


def _read(_: Record) -> Meaning:
    return Meaning(line="published to a package index")


PREDICATE: Final = Predicate(id="publish", types=(_TYPE,), title="publication", read=_read)
