"""A signature over all files, as OpenSSF Model Signing has it, beside other claims.

Specification: <https://github.com/ossf/model-signing-spec>. The predicate lists the files; `oms.py` reads and makes it.
"""

from __future__ import annotations

from typing import Final

from weighmaster.extend.showing import count
from weighmaster.reading.record import Record
from weighmaster.trust.claims import predicate as read
from weighmaster.trust.claims.predicate import Meaning, Predicate

_TYPE: Final = "https://model_signing/signature/v1.0"


def _read(record: Record) -> Meaning:
    read.inner(record, "serialization").get("hash_type", str)
    resources = list(read.each(record, "resources", needed=True))
    for one in resources:
        read.text(one, "name")
        one.get("digest", str)
    return Meaning(line=f"a signature over {count(len(resources), 'file')}")


PREDICATE: Final = Predicate(id="signature", types=(_TYPE,), title="list of files", read=_read)
