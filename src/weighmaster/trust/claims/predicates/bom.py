"""A bill of materials as CycloneDX writes it: the document is the predicate.

Specification: <https://cyclonedx.org/docs/1.6/json/>, and
<https://github.com/in-toto/attestation/blob/main/spec/predicates/cyclonedx.md> on the type.
"""

from __future__ import annotations

import re
from typing import Final

from weighmaster.extend.showing import count
from weighmaster.model.errors import UnreadableError
from weighmaster.reading.record import Record
from weighmaster.trust.claims import predicate as read
from weighmaster.trust.claims.predicate import Meaning, Predicate

_TYPES: Final = ("https://cyclonedx.org/bom", *(f"https://cyclonedx.org/bom/v1.{minor}" for minor in range(4, 8)))
_VERSION: Final = re.compile(r"1\.\d{1,2}\Z", re.ASCII)


def _read(record: Record) -> Meaning:
    if record.get("bomFormat", str) != "CycloneDX":
        raise UnreadableError("predicate.bomFormat: CycloneDX wanted")
    version = record.get("specVersion", str)
    if not _VERSION.match(version):
        raise UnreadableError("predicate.specVersion: 1.x wanted")
    metadata = Record.of(record.values.get("metadata") or {}, "predicate.metadata")
    main = Record.of(metadata.values.get("component") or {}, "predicate.metadata.component")
    components = list(read.each(record, "components"))
    for one in components:
        read.text(one, "name")
    name = read.text(main, "name", "")
    of = f" of {name}" if name else ""
    return Meaning(
        line=f"CycloneDX {version}{of}: {count(len(components), 'component')}",
        slot="",
        issued=read.moment(metadata, "timestamp"),
    )


PREDICATE: Final = Predicate(id="bom", types=_TYPES, title="bill of materials", read=_read)
