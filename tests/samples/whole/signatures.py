"""Small whole signatures, for damaging. Nobody made them: the signature itself is not looked at."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

_FILES: Final = {"config.json": "ab" * 32, "code/a.py": "cd" * 32, "weights.safetensors": "ef" * 32}
_TYPE: Final = "https://model_signing/signature/v1.0"


def _payload(**more: Any) -> dict[str, Any]:
    resources = [{"name": name, "algorithm": "sha256", "digest": digest} for name, digest in _FILES.items()]
    serialization = {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": [".git"]}
    predicate = {"serialization": serialization, "resources": resources, **more}
    subject = [{"name": "model", "digest": {"sha256": "01" * 32}}]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": _TYPE,
        "predicate": predicate,
    }


def _bundle(payload: object) -> bytes:
    raw = json.dumps(payload).encode()
    return json.dumps(
        {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {"hint": "x"}, "tlogEntries": []},
            "dsseEnvelope": {
                "payload": base64.b64encode(raw).decode(),
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [{"sig": "AAAA", "keyid": ""}],
            },
        }
    ).encode()


def whole() -> list[bytes]:
    """Return the files."""
    alone = _payload()
    alone["predicate"]["resources"] = [{"name": ".", "algorithm": "sha256", "digest": "ab" * 32}]
    ours = {"tree": "ab" * 32, "resources": [{"name": ".git/HEAD", "algorithm": "sha256", "digest": "ab" * 32}]}
    return [_bundle(_payload()), _bundle(_payload(weighmaster=ours)), _bundle(alone), _bundle({"predicateType": _TYPE})]
