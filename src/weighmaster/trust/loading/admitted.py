"""Files of an artifact that a policy of trust admits: the whole artifact is hashed, and held to the policy.

Whatever the mode of the rule, what is lacking refuses: a program that asks for a policy gets what the policy trusts, or
an error. A file that the rule lets go uncovered (`ignore`) is refused, too: nobody vouches for its bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime

from weighmaster.model.errors import TrustError
from weighmaster.trust.evidence.keeping import is_evidence, read_evidence
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.files import evidence, nearest, text_of
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import EVIDENCE, PROOFS, Entry, Manifest
from weighmaster.trust.policy.asking import policy_at
from weighmaster.trust.policy.assess import assess
from weighmaster.trust.policy.bundles import Files
from weighmaster.trust.policy.matching import names_of, rule_for
from weighmaster.trust.policy.vetting import evidence_of


def admitted(path: str, policy: str, now: datetime, *, called: str = "") -> Entry:
    """Return the entry of a file, with the digests of its chunks, if a policy trusts the artifact that it belongs to.

    Args:
        path: the file. Evidence lies beside it, or in the nearest folder above that has some.
        policy: the file of the policy, or a folder of roots with one.
        now: what time it is.
        called: what the artifact is called, for the rules: `owner/name`, or a package URL.

    Raises:
        ConfigError: the policy cannot be read.
        TrustError: something that it wants is lacking; the message says what.
    """
    root, name = _artifact_of(path)
    held = policy_at(policy, now)
    manifest = hash_artifact(root, Hashing(full=True))
    entry = manifest.by_path.get(name)
    if entry is None:
        raise TrustError(f"{path} is no file that evidence could speak of")
    beside, proofs = _evidence(root, manifest)
    files = {entry.path: (entry.size, entry.sha256) for entry in manifest.entries}
    found = assess(files, beside, held, now, name=called, alone=not os.path.isdir(root), proofs=proofs)
    if not found.holds:
        lacking = "; ".join(lack.detail for lack in found.lacks)
        raise TrustError(f"{path} is not trusted by {found.policy}: {lacking}")
    rule = rule_for(held, names_of(called))
    if rule is None or Files(files, rule.ignore).ignores(name):
        raise TrustError(f"{path} is not trusted by {found.policy}: its rule lets it go uncovered")
    return entry


def _artifact_of(path: str) -> tuple[str, str]:
    """Return the artifact that a file belongs to, and its name there: the file itself, or a folder above with evidence.

    Raises:
        TrustError: there is no evidence, neither beside it nor above.
    """
    if any(map(os.path.lexists, evidence(path))):
        return path, text_of(os.path.basename(os.path.abspath(path)))
    found = nearest(path, EVIDENCE)
    if found is None:
        raise TrustError(f"nothing vouches for {path}: no evidence lies beside it, or in a folder above")
    return found


def _evidence(root: str, manifest: Manifest) -> tuple[dict[str, bytes], bytes]:
    folder = os.path.isdir(root)
    where = root if folder else os.path.dirname(root)
    names = evidence_of((entry.path for entry in manifest.entries), folder=folder)
    proofs = (PROOFS,) if folder else tuple(f"{entry.path}.{PROOFS}" for entry in manifest.entries)
    return dict(_read(where, names)), b"\n".join(raw for _, raw in _read(where, proofs))


def _read(folder: str, names: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        if is_evidence(os.path.join(folder, name)):
            yield name, read_evidence(os.path.join(folder, name))
