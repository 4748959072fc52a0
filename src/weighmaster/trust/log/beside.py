"""Proofs that lie beside claims, one a line: which of the claims they show to be in a log."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Sequence

from weighmaster.model.errors import TrustError
from weighmaster.trust.evidence.claimsfile import MOST
from weighmaster.trust.log import record
from weighmaster.trust.log.note import VerifierKey
from weighmaster.trust.log.proof import Proof, read_proof, verify_proof


class Proofs:
    """The proofs in a file, as `weighmaster log prove --claims` writes it; none of them is verified yet.

    `unread` is what is wrong with the first line that is no proof; None where all are.
    """

    def __init__(self, raw: bytes) -> None:
        self.unread: TrustError | None = None
        self._by_claim: dict[str, list[Proof]] = {}
        for number, line in enumerate(itertools.islice(io.BytesIO(raw), MOST), 1):
            try:
                found = read_proof(line.rstrip(b"\r\n"), f"line {number} of the proofs") if line.strip() else None
            except TrustError as error:
                self.unread = self.unread or error
                continue
            said = record.read(found.extra) if found else None
            if found and said:
                self._by_claim.setdefault(said.sha256, []).append(found)

    def lack(
        self,
        line: bytes,
        keys: Sequence[VerifierKey],
        witnesses: Sequence[VerifierKey] = (),
        threshold: int | None = None,
        *,
        log: str = "a log",
    ) -> str:
        """Return why a claim is not proven to be in a log, in a sentence; empty where it is.

        Args:
            line: the claim, without its line end.
            keys: keys of logs that are trusted.
            witnesses: keys of witnesses.
            threshold: how many of them must have cosigned; all, unless it is given.
            log: what the log is called in the sentence.

        Raises:
            ConfigError: no key of a log is trusted, or more witnesses are wanted than there are.
        """
        why = f"there is no proof that it is in {log}"
        for proof in self._by_claim.get(hashlib.sha256(line).hexdigest(), ()):
            try:
                verify_proof(proof, line, keys, witnesses, threshold)
            except TrustError as error:
                why = f"it is not proven to be in {log}: {error}"
            else:
                return ""
        return why
