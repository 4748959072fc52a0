"""A Trusted Publisher of our own: attestations of files (PEP 740), as an index would take them."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from cryptography import x509
from tests.trust.authority import NOW, tlv
from tests.trust.keyless import PrivateSigstore

GITHUB = "https://token.actions.githubusercontent.com"
REPOSITORY = "acme/acme"
WORKFLOW = "release.yml"
PUBLISH = "https://docs.pypi.org/attestations/publish/v1"


def _extension(number: str, text: str) -> x509.UnrecognizedExtension:
    identifier = x509.ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}")
    return x509.UnrecognizedExtension(identifier, tlv(0x0C, text.encode()))


class PublishingSigstore(PrivateSigstore):
    """Vouches for the workflow of a repository, at the tag that is given."""

    def __init__(self, repository: str = REPOSITORY, workflow: str = WORKFLOW, issuer: str = GITHUB) -> None:
        super().__init__()
        self.repository, self.workflow, self.issuer = repository, workflow, issuer

    @property
    def name(self) -> str:
        """What stands in the certificate."""
        return f"https://github.com/{self.repository}/.github/workflows/{self.workflow}@refs/tags/v1.0"

    def certificate(self, name: str, issuer: str, private: Any, when: datetime) -> x509.Certificate:
        """See `PrivateSigstore`; with what Fulcio says of a workflow (oid-info.md)."""
        said = {
            "8": self.issuer,
            "12": f"https://github.com/{self.repository}",
            "13": "0" * 40,
            "14": "refs/tags/v1.0",
            "18": self.name,
        }
        plain = self.authority.issue

        def issue(*names: str, more: Any = (), **how: Any) -> x509.Certificate:
            extensions = [(_extension(number, text), False) for number, text in said.items()]
            return plain(*names, more=[*extensions, *more], **how)

        self.authority.issue = issue  # type: ignore[method-assign]
        try:
            return super().certificate(name, issuer, private, when)
        finally:
            self.authority.issue = plain  # type: ignore[method-assign]

    def attestation(self, file: str, data: bytes, *, kind: str = PUBLISH, **changes: Any) -> dict[str, Any]:
        """An attestation of a file."""
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": file, "digest": {"sha256": hashlib.sha256(data).hexdigest()}}],
            "predicateType": kind,
            "predicate": None,
            **changes,
        }
        bundle = self.sign(json.dumps(statement).encode(), self.name, self.issuer, NOW)
        return {
            "version": 1,
            "verification_material": {
                "certificate": bundle["verificationMaterial"]["certificate"]["rawBytes"],
                "transparency_entries": bundle["verificationMaterial"]["tlogEntries"],
            },
            "envelope": {
                "statement": bundle["dsseEnvelope"]["payload"],
                "signature": bundle["dsseEnvelope"]["signatures"][0]["sig"],
            },
        }

    def provenance(self, *attestations: dict[str, Any], **publisher: Any) -> dict[str, Any]:
        """What an index keeps of a file."""
        said = {"kind": "GitHub", "repository": self.repository, "workflow": self.workflow, **publisher}
        return {"version": 1, "attestation_bundles": [{"publisher": said, "attestations": list(attestations)}]}
