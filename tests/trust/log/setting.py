"""A log, its key, and its witnesses, for tests to begin with."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.log.book import Log
from weighmaster.trust.log.note import COSIGNATURE, VerifierKey

ORIGIN = "example.org/models"


def signer_of(seed: int) -> KeySigner:
    return KeySigner([Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)])


class Setting:
    """A log in a folder, its key, and two witnesses."""

    def __init__(self, folder: Path) -> None:
        self.at = str(folder)
        self.folder = folder
        self.signer = signer_of(1)
        self.key = VerifierKey.of(ORIGIN, self.signer.key)
        self.seers = [signer_of(2), signer_of(3)]
        self.witnesses = [
            VerifierKey.of(f"witness.example.org/{number}", seer.key, COSIGNATURE)
            for number, seer in enumerate(self.seers)
        ]
        Log.create(self.at, self.signer, ORIGIN)

    def log(self) -> Log:
        return Log.open(self.at, [self.key])

    def grown(self, count: int, start: int = 0) -> Log:
        log = self.log()
        log.append([b"entry %d" % number for number in range(start, start + count)], self.signer)
        return log
