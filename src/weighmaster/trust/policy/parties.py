"""The identities of a policy, and the keys, certificates and lists that it names.

Files are named relative to the policy. A key may also stand in the policy itself, as PEM.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import Value, replace
from weighmaster.reading.toml import Table
from weighmaster.trust.evidence.attestations import Publisher
from weighmaster.trust.identities.sigstore import public_root
from weighmaster.trust.identities.verify import Expected
from weighmaster.trust.policy.terms import Party

_LARGEST: Final = 16 << 20
_PEM: Final = b"-----BEGIN "
_PUBLIC: Final = "public"
"""Stands for the trusted root of the public instance of Sigstore, which comes with its library."""
_ISSUERS: Final = {"github": "https://token.actions.githubusercontent.com", "gitlab": "https://gitlab.com"}
"""Who authenticates Trusted Publishers of a kind."""


class Authority(Value):
    """Who vouches for others: DER certificates, and lists of those that are revoked."""

    roots: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    lists: tuple[bytes, ...]


Fetch: TypeAlias = Callable[[str], bytes]
"""Returns the bytes of a file that a policy names; raises an error of ours where there is none."""


def beside(policy: str) -> Fetch:
    """Return what reads files from the folder that a policy lies in."""
    folder = os.path.dirname(os.path.abspath(policy))

    def fetch(name: str) -> bytes:
        try:
            with open(os.path.join(folder, name), "rb") as file:
                raw = file.read(_LARGEST + 1)
        except OSError as error:
            raise ConfigError(f"{name}: {error.strerror}") from error
        except ValueError as error:
            raise ConfigError(f"{name}: {error}") from error
        if len(raw) > _LARGEST:
            raise ConfigError(f"{name} is larger than {_LARGEST} bytes")
        return raw

    return fetch


class Files:
    """Reads what a policy names, or holds as PEM."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    def content(self, table: Table, key: str) -> bytes:
        """Return the bytes that a key names, or holds as PEM."""
        return self._content(table, key, table.need(key, str))

    def contents(self, table: Table, key: str) -> tuple[bytes, ...]:
        """Return the bytes of each file of a list."""
        return tuple(self._content(table, key, name) for name in table.texts(key))

    def _content(self, table: Table, key: str, name: str) -> bytes:
        if name.encode(errors="replace").lstrip().startswith(_PEM):
            return name.encode()
        try:
            return self._fetch(name)
        except (ConfigError, TrustError) as error:
            raise table.error(key, f"{key}: {error}") from error


def parties(top: Table, files: Files) -> dict[str, Party]:
    """Return the identities of a policy by their names.

    Raises:
        ConfigError: one cannot be told from another: two that are one would count twice.
    """
    stamps = tuple(der for one in top.tables("timestamps", lambda table: _roots(table, files)).values() for der in one)
    authorities = top.tables("authorities", lambda table: _authority(table, files))
    found: dict[str, Party] = {}
    holders: dict[str, str] = {}
    for section in ("keys", "identities"):
        tables = top.inner(section)
        for name in tables.names:
            table = tables.inner(name)
            key = section == "keys"
            party = _key(table, files, stamps) if key else _identity(table, files, authorities, stamps)
            if name in found:
                raise table.error("", f"{name} is the name of a key and of an identity")
            for part in sorted(party.parts):
                if part in holders:
                    raise table.error("", f"{name} and {holders[part]} are one: they would count twice")
                holders[part] = name
            found[name] = replace(party, name=name)
    return found


def _key(table: Table, files: Files, stamps: tuple[bytes, ...]) -> Party:
    from weighmaster.trust.identities.keys import load_public_key

    raw = files.content(table, "public_key")
    try:
        key = load_public_key(raw, "the public key")
    except ConfigError as error:
        raise table.error("public_key", str(error)) from error
    since, until = table.moment("since"), table.moment("until")
    table.end()
    if since and until and until < since:
        raise table.error("until", "until is before since")
    parts = frozenset(hashlib.sha256(part).hexdigest() for part in key.parts)
    expected = Expected(keys=(key,), timestamp_authorities=stamps)
    return Party(name="", expected=expected, parts=parts, since=since, until=until)


def _identity(table: Table, files: Files, authorities: Mapping[str, Authority], stamps: tuple[bytes, ...]) -> Party:
    if "publisher" in table.names:
        return _published(table, files)
    name = table.need("name", str)
    authority, root = table.get("authority", str), table.get("sigstore", str)
    if (authority is None) == (root is None):
        raise table.error("", "an identity needs an authority, or sigstore (a trusted root) and an issuer")
    if authority is None:
        issuer = table.need("issuer", str)
        # The time of its signatures is that of Sigstore's log.
        expected = Expected(sigstore=files.content(table, "sigstore"), names=(name,), issuer=issuer)
        part = f"sigstore {issuer} {name}"
    else:
        table.one_of("authority", authority, authorities, "authority")
        by = authorities[authority]
        expected = Expected(
            authorities=by.roots,
            intermediates=by.intermediates,
            lists=by.lists,
            names=(name,),
            timestamp_authorities=stamps,
        )
        part = f"certificate {_roots_digest(by)} {name}"
    table.end()
    return Party(name="", expected=expected, parts=frozenset({part}))


def _published(table: Table, files: Files) -> Party:
    """Return a Trusted Publisher of packages (PEP 740)."""
    kind = table.need("publisher", str)
    table.one_of("publisher", kind, tuple(_ISSUERS), "publisher")
    repository, workflow = table.need("repository", str), table.need("workflow", str)
    root = public_root() if table.need("sigstore", str) == _PUBLIC else files.content(table, "sigstore")
    table.end()
    publisher = Publisher(kind=kind, repository=repository, workflow=workflow)
    expected = Expected(sigstore=root, publisher=publisher, issuer=_ISSUERS[kind])
    return Party(name="", expected=expected, parts=frozenset({f"publisher {kind} {repository} {workflow}"}))


def _roots_digest(authority: Authority) -> str:
    return hashlib.sha256(b"".join(sorted(hashlib.sha256(der).digest() for der in authority.roots))).hexdigest()


def _authority(table: Table, files: Files) -> Authority:
    roots = _chain(table, files, "roots")
    intermediates = _chain(table, files, "intermediates") if "intermediates" in table.names else ()
    lists = tuple(der for raw in files.contents(table, "crls") for der in _lists(table, raw))
    if "crls" in table.names and not lists:
        raise table.error("crls", "crls is empty")
    table.end()
    return Authority(roots=roots, intermediates=intermediates, lists=lists)


def _roots(table: Table, files: Files) -> tuple[bytes, ...]:
    roots = _chain(table, files, "roots")
    table.end()
    return roots


def _chain(table: Table, files: Files, key: str) -> tuple[bytes, ...]:
    from weighmaster.trust.identities.keys import chain_of

    raw = files.content(table, key)
    try:
        return chain_of(raw, key)
    except ConfigError as error:
        raise table.error(key, str(error)) from error


def _lists(table: Table, raw: bytes) -> tuple[bytes, ...]:
    from weighmaster.trust.identities.revocation import crls_of

    try:
        return crls_of(raw, "crls")
    except ConfigError as error:
        raise table.error("crls", str(error)) from error
