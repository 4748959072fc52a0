"""What `weighmaster roots` does: one function an action. See `roots` for what each understands."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from weighmaster.fronts.cli import terminal
from weighmaster.fronts.cli.status import ALLOWED, REVIEW
from weighmaster.fronts.cli.trusting import password
from weighmaster.fronts.cli.trusting import show as rows
from weighmaster.model.errors import ConfigError
from weighmaster.trust.evidence.keeping import read_config
from weighmaster.trust.identities import kms
from weighmaster.trust.identities.keys import PublicKey, Signer, load_public_key
from weighmaster.trust.roots import cache, ceremony, publishing, shelf
from weighmaster.trust.roots.cache import Roots
from weighmaster.trust.roots.ceremony import Change, Waiting
from weighmaster.trust.roots.following import LARGEST, longest
from weighmaster.trust.roots.publishing import Delegation, Published, Terms
from weighmaster.trust.roots.sources import Source, WebSource
from weighmaster.trust.roots.telling import since
from weighmaster.trust.signing.door import signer_at


def init(options: Namespace) -> int:
    """Begin a folder of roots."""
    keys, signers = _halves(options, options.root_key)
    online, _ = _halves(options, options.key)
    targets = _halves(options, options.targets_key)[0] if options.targets_key else online
    roles = {"targets": targets, "snapshot": online, "timestamp": online}
    ceremony.begin(options.folder, keys, options.threshold, roles, _now() + options.root_expires)
    return _signed_root(options.folder, ceremony.sign(options.folder, signers))


def add(options: Namespace) -> int:
    """Draft a file."""
    sha256 = publishing.add(options.folder, options.name, read_config(options.file, most=LARGEST), options.role)
    rows([("drafted", f"{options.name} (SHA-256 {sha256[:16]}…)"), ("next", _next(options.role))])
    return ALLOWED


def remove(options: Namespace) -> int:
    """Draft that a file goes."""
    publishing.remove(options.folder, options.name, options.role)
    rows([("drafted", f"that {options.name} goes"), ("next", _next(options.role))])
    return ALLOWED


def publish(options: Namespace) -> int:
    """Sign what was drafted, and put it out."""
    terms = Terms(timestamp=options.expires, targets=options.targets_expires)
    return _published(publishing.publish(options.folder, _signers(options, options.key), _now(), terms))


def refresh(options: Namespace) -> int:
    """Sign the timestamp anew."""
    terms = Terms(timestamp=options.expires)
    return _published(publishing.refresh(options.folder, _signers(options, options.key), _now(), terms))


def rotate(options: Namespace) -> int:
    """Draft the next root, and sign it with the keys at hand."""
    change = Change(
        roles=shelf.ONLINE if options.role == "online" else (options.role,),
        add=tuple(_halves(options, options.add_key)[0]),
        remove=tuple(_id(key) for key in options.remove_key),
        threshold=options.threshold,
    )
    signers = _signers(options, options.root_key)
    ceremony.rotate(options.folder, change, _now() + options.root_expires)
    return _signed_root(options.folder, ceremony.sign(options.folder, signers))


def sign(options: Namespace) -> int:
    """Add signatures to the root that waits, or sign the draft of a delegated role."""
    if bool(options.role) == bool(options.root_key):
        raise ConfigError("name what signs: --root-key for the root, or --role and --key for a delegated role")
    if not options.role:
        return _signed_root(options.folder, ceremony.sign(options.folder, _signers(options, options.root_key)))
    expires = _now() + options.targets_expires
    version = publishing.sign_role(options.folder, options.role, _signers(options, options.key), expires)
    rows([("signed", f"{options.role} version {version}"), ("next", "weighmaster roots publish, by whoever publishes")])
    return ALLOWED


def delegate(options: Namespace) -> int:
    """Draft a delegation."""
    keys = tuple(_halves(options, options.key)[0])
    delegation = Delegation(role=options.role, keys=keys, paths=tuple(options.paths), threshold=options.threshold)
    publishing.delegate(options.folder, delegation)
    rows([("drafted", f"{', '.join(options.paths)} left to {options.role}"), ("next", _next("targets"))])
    return ALLOWED


def pull(options: Namespace) -> int:
    """Follow what others publish."""
    root = read_config(options.root, most=longest("root")) if options.root else b""
    now = _now()
    pulled = cache.pull(_source(options.source), options.into, now, root=root, fingerprint=options.fingerprint)
    if options.output == "json":
        _json(
            {
                "root": {"before": pulled.roots[0], "now": pulled.roots[1]},
                **{key: list(getattr(pulled, key)) for key in ("added", "changed", "removed")},
                "failed": dict(pulled.failed),
                "expires": pulled.expires.isoformat(),
            }
        )
        return REVIEW if pulled.failed else ALLOWED
    before, after = pulled.roots
    told = f"version {after}" + (f" (was {before})" if 0 < before < after else "")
    lines = [("pulled", options.source), ("root", told)]
    for word in ("added", "changed", "removed"):
        lines += [(word, name) for name in getattr(pulled, word)]
    lines += [("failed", f"{role}: {why}") for role, why in pulled.failed]
    rows([*lines, ("good until", since(pulled.expires, now))])
    return REVIEW if pulled.failed else ALLOWED


def show(options: Namespace) -> int:
    """Show what is published, or what was pulled."""
    now, folder = _now(), options.folder
    held = cache.is_cache(folder)
    drafts = () if held else shelf.drafts(folder)
    if drafts and not shelf.versions(folder, "root"):
        waiting, _ = ceremony.waiting(folder)
        lacking = list(ceremony.lacks(waiting, None))
        rows([("root", "version 1 waits for signatures"), *(("lacks", text) for text in lacking)])
        return ALLOWED
    source = cache.folder_source(folder)
    roots = cache.opened(folder, now, accept_stale=True) if held else cache.inspected(source, now)
    if options.output == "json":
        _json(_record(roots, drafts))
    else:
        _table(roots, drafts, now)
    return ALLOWED


def _table(roots: Roots, drafts: Iterable[str], now: datetime) -> None:
    root = os.path.join(roots.folder, "metadata", "1.root.json")
    if os.path.exists(root):
        sys.stdout.write(f"root version 1 has the SHA-256 {cache.fingerprint_of(read_config(root))}\n\n")
    lines = [("role", "version", "holds until", "keys")]
    for role in roots.roles:
        old = "EXPIRED " if role.expires <= now else ""
        ids = ", ".join(keyid[:16] for keyid in role.keys)
        lines.append((role.name, str(role.version), old + since(role.expires, now), f"{role.threshold} of {ids}"))
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    if sum(widths) + 6 <= terminal.width() or not sys.stdout.isatty():
        terminal.table(lines)
    else:
        for name, version, until, keys in lines[1:]:
            rows([(name, f"version {version}, until {until}"), ("", f"signed by {keys}")])
    sys.stdout.write("\n")
    rows([("file", name if (by := roots.role_of(name)) == "targets" else f"{name} (by {by})") for name in roots.names])
    rows([("failed", f"{role}: {why}") for role, why in roots.failed.items()])
    rows([("draft", f"of {role}") for role in drafts])


def _record(roots: Roots, drafts: Iterable[str]) -> dict[str, Any]:
    return {
        "roles": [
            {
                "name": role.name,
                "version": role.version,
                "expires": role.expires.isoformat(),
                "threshold": role.threshold,
                "keys": list(role.keys),
            }
            for role in roots.roles
        ],
        "files": {name: roots.role_of(name) for name in roots.names},
        "failed": dict(roots.failed),
        "expired": list(roots.expired),
        "drafts": list(drafts),
    }


def _signed_root(folder: str, waiting: Waiting) -> int:
    lines = [("root", f"version {waiting.version}")]
    if waiting.missing:
        lines += [("lacks", text) for text in waiting.missing]
        lines.append(("next", f"weighmaster roots sign {folder} --root-key KEY"))
    elif waiting.held:
        lines.append(("signed", waiting.held))
    else:
        lines += [("signed", "and published"), ("SHA-256", waiting.fingerprint)]
        if waiting.version == 1:
            lines.append(("", "whoever follows begins with this root or its SHA-256: tell them by another way"))
    rows(lines)
    return ALLOWED


def _published(published: Published) -> int:
    lines = [("root", f"version {published.root}")] if published.root else []
    lines += [("published", ", ".join(f"{role} version {version}" for role, version in published.versions))]
    lines += [("", change) for change in published.changes]
    rows([*lines, ("good until", since(published.expires, _now()))])
    return ALLOWED


def _next(role: str) -> str:
    return "weighmaster roots publish" if role == "targets" else f"weighmaster roots sign --role {role}, then publish"


def _source(text: str) -> Source:
    if not text.startswith(("http://", "https://")):
        return cache.folder_source(text)
    from weighmaster.fronts.cli.access import from_environment
    from weighmaster.reading.http import Client

    return WebSource(text, Client(from_environment(os.environ)))


def _signers(options: Namespace, keys: Sequence[str]) -> list[Signer]:
    return [_signer(options, key) for key in keys]


def _signer(options: Namespace, key: str) -> Signer:
    address, equals, public = key.rpartition("=")
    if equals and kms.is_address(address) and not os.path.exists(key):
        return signer_at(address, password=password(options), public_key=public)
    return signer_at(key, password=password(options))


def _halves(options: Namespace, keys: Sequence[str]) -> tuple[list[PublicKey], list[Signer]]:
    """Return the public half of each key, and those that can sign."""
    public: list[PublicKey] = []
    signers: list[Signer] = []
    for key in keys:
        if os.path.exists(key) and b"PRIVATE KEY-----" not in (pem := read_config(key)):
            public.append(load_public_key(pem, key))
            continue
        signers.append(_signer(options, key))
        public.append(signers[-1].key)
    return public, signers


def _id(key: str) -> str:
    """Return the identity of a key, or the beginning of one, as it was given."""
    if not os.path.exists(key):
        return key.lower().rstrip("…")
    pem = read_config(key)
    return load_public_key(pem, key).keyid if b"PRIVATE KEY-----" not in pem else signer_at(key).key.keyid


def _now() -> datetime:
    return datetime.now(UTC)


def _json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
