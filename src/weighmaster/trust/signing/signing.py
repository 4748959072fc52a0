"""Signing what lies on a disk: a file, a folder, a wheel."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value, replace
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence import claimsfile
from weighmaster.trust.evidence.bundle import Bundle, MessageSignature
from weighmaster.trust.evidence.envelope import IN_TOTO, Envelope, pae
from weighmaster.trust.evidence.keeping import read_evidence, write_whole
from weighmaster.trust.identities import sigstore
from weighmaster.trust.identities.keys import PublicKey, Signer
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.files import check_unchanged, evidence
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import Manifest
from weighmaster.trust.signing import blob, oms

Stamp = Callable[[bytes], bytes]
"""Gets someone's word (RFC 3161, DER) that a signature was there."""


class Writing(Value):
    """How a signature is made and written.

    `output` is where it goes, if not where it lies by default. `force` replaces what lies there. `stamp` asks for a
    timestamp.
    """

    output: str = ""
    force: bool = False
    stamp: Stamp | None = None
    hashing: Hashing = Hashing()


class Written(Value):
    """What was signed, and where the signature lies."""

    manifest: Manifest
    path: str
    bundle: Bundle


def make(path: str, signer: Signer, hashing: Hashing | None = None) -> tuple[Manifest, Bundle]:
    """Sign an artifact, and write nothing.

    Raises:
        ConfigError: there is no such file or folder.
        TrustError: something in it cannot be covered, or cannot be signed.
    """
    manifest, payload = stated(path, hashing)
    return manifest, envelop(payload, signer)


def stated(path: str, hashing: Hashing | None = None) -> tuple[Manifest, bytes]:
    """Return what to sign about an artifact.

    Raises:
        ConfigError: there is no such file or folder.
        TrustError: something in it cannot be covered, or there is nothing.
    """
    manifest = hash_artifact(path, hashing)
    if not manifest.entries:
        raise TrustError(f"{path} holds no file: there is nothing to sign")
    name = os.path.basename(os.path.realpath(path) if os.path.isdir(path) else os.path.abspath(path))
    return manifest, oms.statement_of(manifest, name or "root", alone=not os.path.isdir(path))


def envelop(payload: bytes, signer: Signer) -> Bundle:
    """Sign a statement."""
    signatures = signer.sign(pae(IN_TOTO, payload))
    envelope = Envelope(payload=payload, payload_type=IN_TOTO, signatures=tuple(signatures))
    return Bundle(content=envelope, hint=hint_of(signer.key), certificates=signer.certificates)


def hint_of(key: PublicKey) -> str:
    """Return the hint by which OpenSSF Model Signing names a key: the SHA-256 of the PEM form of its first part."""
    return hashlib.sha256(PublicKey(parts=key.parts[:1]).pem).hexdigest()


def sign(path: str, signer: Signer, writing: Writing | None = None) -> Written:
    """Sign an artifact, and write the signature beside it, or where `writing` says.

    Raises:
        ConfigError: the signature is there already, or cannot be written there.
        TrustError: something in the artifact cannot be covered.
    """
    writing = writing or Writing()
    target = _place(path, writing)
    manifest, bundle = make(path, signer, writing.hashing)
    return _write(manifest, bundle, target, writing)


def sign_by_sigstore(path: str, token: str, writing: Writing | None = None) -> Written:
    """Sign an artifact for the identity in a token, over the network; see `sigstore.sign`.

    Raises:
        ConfigError: the token is none, or as `sign` says.
        MissingExtraError: the library is not installed.
        UnreachableError: Sigstore cannot be reached, or refuses.
        TrustError: something in the artifact cannot be covered.
    """
    writing = writing or Writing()
    target = _place(path, writing)
    manifest, payload = stated(path, writing.hashing)
    raw = sigstore.sign(payload, token)
    write_whole(target, raw + b"\n", force=writing.force)
    return Written(manifest=manifest, path=target, bundle=bundles.read(raw))


def sign_blob(path: str, signer: Signer, writing: Writing | None = None) -> Written:
    """Sign the bytes of one file; see `blob`.

    Raises:
        ConfigError: it is no file, or as `sign` says.
        TrustError: the file changed meanwhile.
    """
    if os.path.isdir(path):
        raise ConfigError(f"{path} is a folder, and a blob is one file")
    writing = writing or Writing()
    target = _place(path, writing)
    before = os.stat(path)
    manifest = hash_artifact(path, writing.hashing)
    bundle = blob.sign_blob(path, manifest.entries[0].sha256, signer)
    check_unchanged(path, before, os.stat(path), before.st_size)
    return _write(manifest, bundle, target, writing)


def add(path: str, signer: Signer, writing: Writing | None = None) -> Written:
    """Sign an artifact beside others who did: the signature is a line of its claims.

    Raises:
        ConfigError: it cannot be written.
        TrustError: something in the artifact cannot be covered.
    """
    writing = writing or Writing()
    manifest, bundle = make(path, signer, writing.hashing)
    bundle = stamped(bundle, writing.stamp)
    _, claims = evidence(path)
    claimsfile.append(claims, bundles.write(bundle))
    return Written(manifest=manifest, path=claims, bundle=bundle)


def signature_of(bundle: Bundle) -> bytes:
    """Return the bytes that a timestamp of a bundle is over: its first signature."""
    content = bundle.content
    return content.sig if isinstance(content, MessageSignature) else content.signatures[0].sig


def stamp_file(path: str, stamp: Stamp) -> Bundle:
    """Add a timestamp to a signature that is written already.

    Raises:
        TrustError: there is none, or the timestamp is of another one.
    """
    bundle = stamped(blob.read(read_evidence(path), path), stamp)
    write_whole(path, bundles.write(bundle) + b"\n", force=True)
    return bundle


def stamped(bundle: Bundle, stamp: Stamp | None) -> Bundle:
    """Return a bundle with one more timestamp; as it is, where `stamp` is nothing.

    Raises:
        ConfigError: its time is that of a log already, which could not be written down again.
    """
    if stamp is None:
        return bundle
    if bundle.logged:
        raise ConfigError("it is in a log, which says when it was signed: no timestamp is added")
    more: Bundle = replace(bundle, timestamps=(*bundle.timestamps, stamp(signature_of(bundle))))
    return more


def _place(path: str, writing: Writing) -> str:
    """Return where the signature goes; refuse a place before the work is done."""
    if not os.path.exists(path):
        raise ConfigError(f"no such file or folder: {path}")
    beside, _ = evidence(path)
    target = writing.output or beside
    if os.path.isdir(path) and os.path.realpath(target) != os.path.realpath(beside):
        folder = os.path.realpath(path)
        if os.path.commonpath([folder, os.path.realpath(target)]) == folder:
            raise ConfigError(f"{target} lies in what is signed, and would be a file that nobody signed")
    if os.path.realpath(target) == os.path.realpath(path):
        raise ConfigError(f"{target} is what is signed")
    if os.path.lexists(target) and not writing.force:
        raise ConfigError(f"{target} is there already: --force replaces it, --add signs beside it")
    return target


def _write(manifest: Manifest, bundle: Bundle, target: str, writing: Writing) -> Written:
    bundle = stamped(bundle, writing.stamp)
    write_whole(target, bundles.write(bundle) + b"\n", force=writing.force)
    return Written(manifest=manifest, path=target, bundle=bundle)
