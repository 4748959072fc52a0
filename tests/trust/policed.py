"""Artifacts with evidence beside them, and policies over it, for the tests of what a policy makes of both."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from tests.trust.claims_made import DAY, NOW, claim, released, signer

from weighmaster.trust.claims import attest
from weighmaster.trust.evidence import bundle
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.manifests.manifest import Entry, Manifest
from weighmaster.trust.policy.assess import Assessment, assess
from weighmaster.trust.policy.document import read
from weighmaster.trust.policy.terms import Policy
from weighmaster.trust.signing.oms import statement_of

FILES = {"config.json": b"{}", "weights.safetensors": b"numbers"}
NAMES = ("alice", "bob", "carol", "dave")


def pem(name: str) -> str:
    key = load_der_public_key(signer(name).key.parts[0])
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def described(files: Mapping[str, bytes] | None = None) -> dict[str, tuple[int, str]]:
    found = FILES if files is None else files
    return {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in found.items()}


def manifest(files: Mapping[str, bytes] | None = None) -> Manifest:
    return Manifest.of(Entry(path=name, size=size, sha256=digest) for name, (size, digest) in described(files).items())


def oms(over: Manifest, by: str = "alice", name: str = "model", *, alone: bool = False) -> Bundle:
    """A signature over all files as OpenSSF Model Signing has it."""
    payload = statement_of(over, name, alone=alone)
    return attest.signed(payload, signer(by))


def scanned(over: Manifest, outcome: str = "allow", by: str = "alice", at: Any = NOW - DAY) -> Bundle:
    """A scan by this program, as short as it can be."""
    made = {
        "tool": {"name": "weighmaster", "version": "1"},
        "policy": {"id": "default", "because": ["nothing was found"]},
        "outcome": outcome,
        "summary": {"files": 2, "examined": 2, "findings": 0, "unread": 0, "excluded": 0, "partial": False},
        "findings": [],
        "gaps": [],
        "scannedOn": f"{at:%Y-%m-%dT%H:%M:%SZ}",
    }
    return claim(over, "urn:weighmaster:scan:v1", made, by=by, issued=at)


def evidence(*claims: Bundle, signature: Bundle | None = None) -> dict[str, bytes]:
    found = {"claims.jsonl": b"".join(bundle.write(one) + b"\n" for one in claims)} if claims else {}
    return found | ({"model.sig": bundle.write(signature)} if signature else {})


def policy(folder: Path, text: str, names: Sequence[str] = NAMES) -> Policy:
    """Write a policy with a key for each name, and read it."""
    return read(str(written(folder, text, names)))


def written(folder: Path, text: str, names: Sequence[str] = NAMES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.pem").write_text(pem(name))
    keys = "".join(f'[keys.{name}]\npublic_key = "{name}.pem"\n' for name in names)
    path = folder / "trust.toml"
    path.write_text(f"version = 1\n{keys}{text}")
    return path


def rule(*roles: str, match: str = "**", mode: str = "enforce", require: str = "", more: str = "") -> str:
    inside = "".join(f"[rule.roles.{one}\n" for one in roles)
    needs = f"[rule.require]\n{require}\n" if require else ""
    return f'[[rule]]\nmatch = "{match}"\nmode = "{mode}"\n{more}\n{inside}{needs}'


def role(name: str, identities: Sequence[str], threshold: int = 1, *, predicates: Sequence[str], more: str = "") -> str:
    return (
        f"{name}]\nidentities = {list(identities)}\nthreshold = {threshold}\npredicates = {list(predicates)}\n{more}\n"
    )


def assessed(held: Policy, *claims: Bundle, signature: Bundle | None = None, **options: Any) -> Assessment:
    files = described(options.pop("files", None))
    options.setdefault("now", NOW)
    return assess(files, evidence(*claims, signature=signature), held, **options)


__all__ = [
    "DAY", "FILES", "NAMES", "NOW", "assessed", "claim", "described", "evidence", "manifest", "oms", "pem", "policy",
    "released", "role", "rule", "scanned", "signer", "written",
]  # fmt: skip
