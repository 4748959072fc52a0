"""What commands about signatures share: whom one expects, passwords, and how signers are shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from weighmaster.fronts.cli.parsing import Parser
    from weighmaster.trust.identities.keys import Signer
    from weighmaster.trust.identities.verify import Expected, Identity, Signed
    from weighmaster.trust.manifests.manifest import Manifest

_PASSWORD: Final = "WEIGHMASTER_KEY_PASSWORD"  # noqa: S105 - the name of a variable
_SHOWN: Final = 6


def add_signer(parser: Any, *, required: bool = False) -> None:
    """Let a command, or a group of its options, be told who signs."""
    parser.add_argument(
        "--key",
        required=required,
        metavar="PEM",
        help="the private key: a file, or an address (awskms:, gcpkms:, hsm:, …)",
    )
    parser.add_argument("--public-key", metavar="PEM", help="the public half of a key at an address")
    parser.add_argument("--certificate", metavar="PEM", help="the certificate of the key and those that vouch for it")
    add_password(parser)


def signs(options: Any, *, pss: bool = True) -> Signer:
    """Return who signs, as told; `pss` says how an RSA key does."""
    from weighmaster.trust.signing.door import signer_at

    return signer_at(
        options.key,
        password=password(options),
        certificate=options.certificate,
        public_key=options.public_key,
        pss=pss,
    )


def add_timestamp_url(parser: Any) -> None:
    """Let a command be told an authority for timestamps."""
    parser.add_argument(
        "--timestamp-url", default="", metavar="URL", help="ask this authority for a timestamp (RFC 3161)"
    )


def add_password(parser: Any) -> None:
    """Let a command be told the password of a private key."""
    parser.add_argument(
        "--password-file", metavar="FILE", help=f"holds what the key is encrypted with (or the variable {_PASSWORD})"
    )


def password(options: Any) -> bytes | None:
    """Return the password of the private key, if one was given."""
    from weighmaster.trust.evidence.keeping import read_config

    if options.password_file:
        return read_config(options.password_file).rstrip(b"\r\n") or None
    text = os.environ.get(_PASSWORD)
    return text.encode() if text else None


def add_expected(parser: Parser) -> None:
    """Let a command be told whose signatures count."""
    group = parser.add_argument_group("whose signature counts (one is needed)")
    group.add_argument(
        "--public-key", action="append", default=[], metavar="PEM", help="this key; may be repeated: one of them"
    )
    group.add_argument(
        "--certificate-chain",
        action="append",
        default=[],
        metavar="PEM",
        help="someone for whom this authority vouches; with --identity",
    )
    group.add_argument(
        "--identity",
        action="append",
        default=[],
        metavar="NAME",
        help="the e-mail address, URI or DNS name in the certificate; may be repeated: one of them",
    )
    group.add_argument("--issuer", default="", metavar="URL", help="who authenticated the identity, for Sigstore")
    group.add_argument("--trusted-root", default="", metavar="JSON", help="the trusted root of Sigstore")
    more = parser.add_argument_group("what else must hold")
    more.add_argument(
        "--crl", action="append", default=[], metavar="FILE", help="a list of revoked certificates; may be repeated"
    )
    more.add_argument(
        "--timestamp-authority",
        action="append",
        default=[],
        metavar="PEM",
        help="whose word on the time of signing counts",
    )
    more.add_argument("--require-timestamp", action="store_true", help="refuse what no such word speaks of")


def expected(options: Any) -> Expected:
    """Return whom one expects, as told."""
    from weighmaster.trust.signing.door import Named, trusting

    return trusting(
        Named(
            public_keys=tuple(options.public_key),
            authorities=tuple(options.certificate_chain),
            names=tuple(options.identity),
            issuer=options.issuer,
            trusted_root=options.trusted_root,
            lists=tuple(options.crl),
            timestamp_authorities=tuple(options.timestamp_authority),
            needs_timestamp=options.require_timestamp,
        )
    )


def show(rows: Iterable[Sequence[str]]) -> None:
    """Print what was asked for: a word, and what it stands for."""
    from weighmaster.extend.showing import plain

    for word, text in rows:
        sys.stdout.write(f"{word:<11}{plain(text)}\n")


def signer(signed: Signed) -> str:
    """Return who signed, for people."""
    return f"{who(signed.by)} ({signed.kind})"


def who(identity: Identity) -> str:
    """Return someone, for people."""
    from weighmaster.trust.identities.verify import CertificateIdentity, KeyIdentity

    match identity:
        case KeyIdentity():
            return f"key {identity.keyid[:16]}"
        case CertificateIdentity():
            return f"{identity.name}, for whom the authority {identity.issuer[:16]} vouches"
        case _:
            return f"{identity.name}, whom {identity.issuer} authenticated"


def record(signed: Signed) -> dict[str, Any]:
    """Return who signed, for machines."""
    from weighmaster.model.value import fields

    kinds = {"KeyIdentity": "key", "CertificateIdentity": "certificate", "SigstoreIdentity": "sigstore"}
    return {
        "kind": kinds[type(signed.by).__name__],
        **dict(fields(signed.by)),
        "key": signed.kind,
        "at": signed.at.isoformat() if signed.at else None,
    }


def amount(manifest: Manifest) -> str:
    """Return how much a manifest covers."""
    from weighmaster.extend.showing import count

    return f"{count(len(manifest.entries), 'file')}, {sum(entry.size for entry in manifest.entries):,} bytes"


def some(names: Sequence[str]) -> str:
    """Return names, cut where there are many."""
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest
