"""Attestations of files of packages (PEP 740), as the bundles that they are: another spelling of the same parts.

An attestation is a certificate, an entry of a log and an envelope (`x.whl.publish.attestation`). A provenance is what
an index keeps of a file: bundles of attestations, each with the publisher that the index knows it of
(`x.whl.provenance`). Nothing is verified here. Specification:
<https://packaging.python.org/en/latest/specifications/index-hosted-attestations/>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from weighmaster.model.errors import TrustError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.record import Record
from weighmaster.trust import strict
from weighmaster.trust.evidence.bundle import MEDIA_TYPE
from weighmaster.trust.evidence.envelope import IN_TOTO

ATTESTATION: Final = ".publish.attestation"
PROVENANCE: Final = ".provenance"
PUBLISH: Final = "https://docs.pypi.org/attestations/publish/v1"
FILES: Final = (".whl", ".tar.gz", ".zip")
"""How the files end that may have attestations."""
_MOST: Final = 64
"""Attestations of one file."""
LONGEST: Final = 16 << 20


class Publisher(Value):
    """A Trusted Publisher: `kind` is `github`, `gitlab`, `google`; `workflow` may be empty where none is named."""

    kind: str
    repository: str
    workflow: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.repository}"


class Attestation(Value):
    """A bundle (JSON, as `evidence.bundle` reads it), where it stood, and the publisher that an index names for it."""

    source: str
    bundle: bytes
    publisher: Publisher | None = None


def is_attestation(name: str) -> bool:
    """Say whether a file of this name holds attestations."""
    return name.endswith((ATTESTATION, PROVENANCE))


def names_of(file: str) -> tuple[str, ...]:
    """Return how the files are called that hold attestations of a file; none where it is no file of a package."""
    return (f"{file}{ATTESTATION}", f"{file}{PROVENANCE}") if file.endswith(FILES) else ()


def read(raw: bytes, source: str) -> Iterator[Attestation]:
    """Yield what a file holds; `source` is its name.

    Raises:
        TrustError: it is not what its name promises.
    """
    if len(raw) > LONGEST:
        raise TrustError(f"{source} is longer than {LONGEST} bytes")
    document = strict.parsed(raw, source)
    try:
        _check_version(document)
        if source.endswith(ATTESTATION):
            yield Attestation(source=source, bundle=_bundle(document))
        else:
            yield from _provenance(document, source)
    except UnreadableError as error:
        raise TrustError(f"{source} holds no attestation: {error}") from error


def _check_version(document: Record) -> None:
    if document.get("version", int) != 1:
        raise UnreadableError("version: 1 wanted")


def _provenance(document: Record, source: str) -> Iterator[Attestation]:
    count = 0
    for number, said in enumerate(document.each("attestation_bundles", dict)):
        group = Record.of(said, f"attestation_bundles[{number}]")
        publisher = _publisher(Record.of(group.values.get("publisher"), f"{group.path}.publisher"))
        for each in group.each("attestations", dict):
            count += 1
            if count > _MOST:
                raise UnreadableError(f"more than {_MOST} attestations")
            one = Record.of(each, f"{group.path}.attestations")
            yield Attestation(source=f"{source}, {count}", bundle=_bundle(one), publisher=publisher)


def _publisher(record: Record) -> Publisher:
    kind = record.get("kind", str).lower()
    named = {"github": ("repository", "workflow"), "gitlab": ("repository", "workflow_filepath")}
    if kind in named:
        repository, workflow = named[kind]
        return Publisher(kind=kind, repository=record.get(repository, str), workflow=record.get(workflow, str))
    if kind == "google":
        return Publisher(kind=kind, repository=record.get("email", str))
    return Publisher(kind=kind[:40], repository="")


def _bundle(record: Record) -> bytes:
    material = Record.of(record.values.get("verification_material"), "verification_material")
    envelope = Record.of(record.values.get("envelope"), "envelope")
    entries = material.each("transparency_entries", dict)
    if not entries:
        raise UnreadableError("verification_material.transparency_entries: there is none")
    document: dict[str, Any] = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {
            "certificate": {"rawBytes": material.get("certificate", str)},
            "tlogEntries": [entries[0]],
        },
        "dsseEnvelope": {
            "payload": envelope.get("statement", str),
            "payloadType": IN_TOTO,
            "signatures": [{"sig": envelope.get("signature", str)}],
        },
    }
    return strict.written(document)
