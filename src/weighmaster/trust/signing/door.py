r"""The short way in: sign, and verify, what lies at a path.

>>> import pathlib, tempfile
>>> from weighmaster.trust.identities.generate import generate
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> private, public = generate("ed25519")
>>> _ = (folder / "private.pem").write_bytes(private), (folder / "public.pem").write_bytes(public.pem)
>>> _ = (folder / "weights.bin").write_bytes(b"\x00\x01")
>>> _ = sign(folder / "weights.bin", key=folder / "private.pem")
>>> verify(folder / "weights.bin", public_key=folder / "public.pem").signers[0].kind
'Ed25519'
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

from weighmaster.model.errors import ConfigError
from weighmaster.model.value import Value, replace
from weighmaster.trust.evidence.keeping import read_config
from weighmaster.trust.identities import kms, timestamps
from weighmaster.trust.identities.certificates import load_certificate
from weighmaster.trust.identities.keys import PublicKey, Signer, chain_of, load_public_key, load_signer
from weighmaster.trust.identities.revocation import crls_of
from weighmaster.trust.identities.verify import Expected
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.signing import signing, verifying
from weighmaster.trust.signing.signing import Writing, Written
from weighmaster.trust.signing.verifying import Checking, Verified

Path: TypeAlias = str | os.PathLike[str]
_LONGEST_LIST: Final = 64 << 20
"""Bytes of a list of revoked certificates, or of a trusted root."""


class Named(Value):
    """Files that say whom one expects.

    `public_keys` are PEM. Of `authorities` (PEM) those that issued themselves are trusted; others may be needed on the
    way to one of them. One of `names` is expected in a certificate; for Sigstore, `issuer` authenticated it, and
    `trusted_root` is JSON. `lists` are of revoked certificates, PEM or DER. `timestamp_authorities` are PEM;
    `needs_timestamp` says that a trusted time is needed.
    """

    public_keys: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    issuer: str = ""
    trusted_root: str = ""
    lists: tuple[str, ...] = ()
    timestamp_authorities: tuple[str, ...] = ()
    needs_timestamp: bool = False


def sign(  # noqa: PLR0913 - the keywords are what a caller may want
    path: Path,
    *,
    key: Path | Signer,
    password: bytes | None = None,
    certificate: Path | None = None,
    signature: Path | None = None,
    force: bool = False,
    timestamp_url: str = "",
) -> Written:
    """Sign a file or a folder, in the format of OpenSSF Model Signing.

    Args:
        path: what to sign.
        key: the private key, PEM; or a signer.
        password: what the private key is encrypted with.
        certificate: the certificate of the key and those that vouch for it, PEM, the key's first.
        signature: where the signature goes; without it, `model.sig` in a folder, or `F.sig` beside a file F.
        force: replace a signature that is there.
        timestamp_url: the authority to ask for a timestamp; without it, nobody is asked.

    Raises:
        ConfigError: the key is of no use, or the signature cannot be written.
        TrustError: something in a folder cannot be covered by a signature.
    """
    signer = signer_at(key, password=password, certificate=certificate) if isinstance(key, str | os.PathLike) else key
    stamp = timestamps.asking(timestamp_url)
    return signing.sign(os.fspath(path), signer, Writing(output=_text(signature), force=force, stamp=stamp))


def verify(  # noqa: PLR0913 - the keywords are what a caller may want
    path: Path,
    *,
    public_key: Path | PublicKey | Sequence[Path | PublicKey] = (),
    expected: Expected | None = None,
    signature: Path | None = None,
    ignore: Sequence[str] = (),
    threshold: int = 1,
    follow_links: bool = False,
    now: datetime | None = None,
) -> Verified:
    """Verify who signed a file or a folder, and that it is what they signed.

    Args:
        path: what to verify.
        public_key: the keys of which one is expected, PEM.
        expected: whoever else is expected; see `trusting`.
        signature: where the signature lies, if not where it lies by default.
        ignore: globs of files that need not be covered.
        threshold: how many different ones must have signed.
        follow_links: take what links lead to for files under the names of the links.
        now: what time it is; without it, the clock is asked.

    Raises:
        ConfigError: nobody is expected, or what is expected cannot be read.
        TrustError: it does not hold; the message says why.
    """
    given = (public_key,) if isinstance(public_key, str | os.PathLike | PublicKey) else public_key
    keys = tuple(_key(each) for each in given)
    expected = expected or Expected()
    checking = Checking(
        signature=_text(signature),
        ignore=tuple(ignore),
        threshold=threshold,
        hashing=Hashing(follow_links=follow_links),
    )
    both: Expected = replace(expected, keys=(*expected.keys, *keys))
    return verifying.verify(os.fspath(path), both, now or datetime.now(UTC), checking)


def signer_at(
    key: Path,
    *,
    password: bytes | None = None,
    certificate: Path | None = None,
    public_key: Path | None = None,
    pss: bool = True,
) -> Signer:
    """Return the signer of a private key in a file, or at an address (see `kms`).

    Raises:
        ConfigError: it is of no use.
        MissingExtraError: a library that reaches the address is not installed.
        UnreachableError: the address does not answer.
    """
    where = os.fspath(key)
    certificates = read_config(os.fspath(certificate)) if certificate else b""
    if not os.path.exists(where) and kms.is_address(where):
        if public_key is None:
            raise ConfigError(f"the key at {where} stays there: name its public half as well (--public-key)")
        chain = chain_of(certificates, _text(certificate)) if certificates else ()
        known = load_public_key(read_config(os.fspath(public_key)), os.fspath(public_key))

        def secret(name: str) -> str:
            if password is None:
                raise ConfigError(f"the key at {where} wants its {name} (--password-file)")
            return password.decode(errors="surrogateescape")

        return kms.load_far_signer(where, known, certificates=chain, secret=secret)
    return load_signer(read_config(where), password=password, certificates=certificates, what=where, pss=pss)


def trusting(named: Named) -> Expected:
    """Return whom one expects, from files.

    Raises:
        ConfigError: one of them cannot be read, or nobody is expected.
    """
    _check(named)
    certificates = _chains(named.authorities)
    roots = tuple(der for der in certificates if _issued_itself(der))
    if certificates and not roots:
        raise ConfigError(f"{', '.join(named.authorities)}: no authority that issued itself, so none is trusted")
    expected = Expected(
        keys=tuple(_key(path) for path in named.public_keys),
        authorities=roots,
        intermediates=tuple(der for der in certificates if der not in roots),
        names=named.names,
        issuer=named.issuer,
        lists=tuple(der for path in named.lists for der in crls_of(read_config(path, most=_LONGEST_LIST), path)),
        timestamp_authorities=_chains(named.timestamp_authorities),
        needs_timestamp=named.needs_timestamp,
        sigstore=read_config(named.trusted_root, most=_LONGEST_LIST) if named.trusted_root else b"",
    )
    expected.check()
    return expected


def _check(named: Named) -> None:
    """Refuse what would be said and not looked at.

    Raises:
        ConfigError: something is named that speaks of nobody here.
    """
    if named.names and not (named.authorities or named.trusted_root):
        raise ConfigError("an identity is expected, and nobody to vouch for it: name an authority, or a trusted root")
    if named.issuer and not named.trusted_root:
        raise ConfigError("an issuer is expected, which Sigstore vouches for: name its trusted root")
    if named.lists and not named.authorities:
        raise ConfigError("a list of revoked certificates is of an authority: name that as well")
    if named.needs_timestamp and not (named.timestamp_authorities or named.trusted_root):
        raise ConfigError("a timestamp is wanted: name the authority whose word counts")


def _chains(paths: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(der for path in paths for der in chain_of(read_config(path), path))


def _issued_itself(der: bytes) -> bool:
    certificate = load_certificate(der)
    return certificate.issuer == certificate.subject


def _key(key: Path | PublicKey) -> PublicKey:
    return key if isinstance(key, PublicKey) else load_public_key(read_config(os.fspath(key)), os.fspath(key))


def _text(path: Path | None) -> str:
    return os.fspath(path) if path is not None else ""
