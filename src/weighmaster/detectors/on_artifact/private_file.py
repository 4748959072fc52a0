"""The file is named like one that holds keys or passwords.

`.env`, `.netrc`, `id_rsa`, `.git-credentials`: programs keep there what opens accounts and machines. Such a file comes
into a model's folder when somebody uploads a whole folder of theirs.

## What to do

Look whether it holds a secret. If it is yours, revoke that; if not, tell the publisher.

## What this rule cannot see

Keys in files of other names: those that have a shape are `secret-inside`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.detector import Detector
from weighmaster.model.fact import Artifact
from weighmaster.model.finding import Confidence, Finding, Rule, Severity
from weighmaster.model.where import Member

_RULE: Final = Rule(
    id="private-file", title="The file is named like one that holds secrets", severity=Severity.MEDIUM, cwe=538
)
_NAMES: Final = frozenset({
    ".env", ".env.local", ".env.production", ".netrc", "_netrc", ".git-credentials", ".pypirc", ".htpasswd", ".pgpass",
    "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "stored_tokens", "kaggle.json", ".bash_history", ".zsh_history",
})  # fmt: skip
_PATHS: Final = (".aws/credentials", ".docker/config.json", ".kube/config", ".config/gcloud/credentials.db")


def _detect(fact: Artifact) -> Iterator[Finding]:
    last = fact.where.steps[-1] if fact.where.steps else None
    name = last.name if isinstance(last, Member) else fact.where.root if last is None else ""
    path = name.replace("\\", "/")
    if fact.size and (path.rpartition("/")[2].lower() in _NAMES or path.endswith(_PATHS)):
        message = f"{path.rpartition('/')[2]!r} is where programs keep keys and passwords"
        yield Finding(rule=_RULE, where=fact.where, message=message, confidence=Confidence.MEDIUM, evidence=(fact,))


DETECTOR: Final = Detector(rule=_RULE, on=Artifact, detect=_detect)
