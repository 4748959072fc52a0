"""What vouches for a file that is to be opened: a digest, an entry, a manifest, a signature beside it, or a policy."""

from __future__ import annotations

import os
import re
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypedDict

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.loading.private import Wanted
from weighmaster.trust.manifests.files import nearest, text_of
from weighmaster.trust.manifests.manifest import SIGNATURE, Entry, Manifest

if TYPE_CHECKING:
    from weighmaster.trust.identities.verify import Expected
    from weighmaster.trust.signing.oms import Contents

_HEX: Final = re.compile("[0-9a-f]{64}")
_WAYS: Final = ("sha256", "entry", "manifest", "public_key", "expected", "policy")


class Vouched(TypedDict, total=False):
    """What vouches for a file: exactly one of the first six.

    `sha256` is its digest in hexadecimal. `entry` and `manifest` are trusted as they are, with the digests of chunks in
    them (which a tree digest does not bind). `public_key` is a PEM file, `expected` any expectation of signers: the
    signature is looked for beside the file (`F.sig`), then as `model.sig` in the folders above, the nearest first.

    `policy` is a policy of trust (a file, or a folder of roots with one): the whole artifact that the file belongs to
    is hashed and held to it, under the name `called`. Who opens many files verifies once, and hands on the manifest.

    `name` is the path of the file in the manifest, where that cannot be told from where the file lies. `now` is the
    time at which a signature is verified; without it, that of the system's clock.
    """

    sha256: str
    entry: Entry
    manifest: Manifest
    public_key: str | os.PathLike[str]
    expected: Expected
    policy: str | os.PathLike[str]
    called: str
    name: str
    now: datetime


def wanted(path: str, vouched: Vouched) -> Wanted:
    """Return what a file has to be.

    Raises:
        ConfigError: nothing vouches for it, or too much does, or the manifest has no such file.
        TrustError: the signature is missing or does not hold.
    """
    ways = [way for way in _WAYS if vouched.get(way) is not None]
    if len(ways) != 1:
        said = " and ".join(ways) or "nothing"
        raise ConfigError(f"one of {', '.join(_WAYS)} has to vouch for {path}; {said} was given")
    match ways[0]:
        case "sha256":
            digest = vouched["sha256"].lower().removeprefix("sha256:")
            if not _HEX.fullmatch(digest):
                raise ConfigError(f"{vouched['sha256']!r} is no SHA-256")
            return Wanted(name=_base(path), sha256=digest)
        case "entry":
            return of_entry(vouched["entry"])
        case "manifest":
            return of_entry(_listed(path, vouched["manifest"], vouched.get("name")))
        case "policy":
            from weighmaster.trust.loading.admitted import admitted

            policy = os.fspath(vouched["policy"])
            return of_entry(admitted(path, policy, _now(vouched), called=vouched.get("called", "")))
        case _:
            return _signed(path, vouched)


def of_entry(entry: Entry) -> Wanted:
    """Return what the file of an entry has to be."""
    return Wanted(name=entry.path, sha256=entry.sha256, size=entry.size, chunks=entry.chunks)


def _base(path: str) -> str:
    return text_of(os.path.basename(os.path.abspath(path)))


def _listed(path: str, manifest: Manifest, name: str | None) -> Entry:
    """Return the entry of a file: that of its name, or the one whose path ends the file's path."""
    if name is not None:
        entry = manifest.by_path.get(name)
        if entry is None:
            raise ConfigError(f"the manifest has no file {name!r}")
        return entry
    whole = "/" + text_of(os.path.abspath(path)).replace(os.sep, "/").lstrip("/")
    found = [entry for entry in manifest.entries if whole.endswith(f"/{entry.path}")]
    if not found:
        raise ConfigError(f"the manifest has no file that could be {path}")
    if len(found) > 1:
        # The bytes of one must not pass for the other.
        names = " or ".join(repr(entry.path) for entry in found)
        raise ConfigError(f"{path} could be {names} of the manifest: say which with name=")
    return found[0]


def _signed(path: str, vouched: Vouched) -> Wanted:
    """Return what the signature beside a file, or in a folder above, says that it has to be."""
    from weighmaster.trust.evidence import bundle, statement
    from weighmaster.trust.evidence.envelope import Envelope
    from weighmaster.trust.evidence.keeping import read_evidence
    from weighmaster.trust.identities.verify import verify
    from weighmaster.trust.signing import oms

    signature, name = _signature(path)
    # As the file itself may be reached through a link: it is bytes that count, and who signed them.
    signed = bundle.read(read_evidence(signature, follow_links=True), signature)
    if not isinstance(signed.content, Envelope):
        # The same bytes under any name would pass.
        raise TrustError(f"{signature} signs bytes without a name, so it vouches for no file of a certain name")
    verify(signed, _expected(vouched), _now(vouched))
    contents = oms.contents(statement.read(signed.content, signature))
    if contents.alone is not (signature == f"{path}.sig"):
        raise TrustError(f"{signature} is over {'a file' if contents.alone else 'a folder'}, and lies beside the other")
    return Wanted(name=name, sha256=_digest(contents, name, signature))


def _signature(path: str) -> tuple[str, str]:
    """Return the signature that counts for a file, and what it calls the file."""
    if os.path.lexists(f"{path}.sig"):
        return f"{path}.sig", _base(path)
    found = nearest(path, (SIGNATURE,))
    if found is None:
        raise TrustError(f"no signature of {path}: there is neither {path}.sig, nor {SIGNATURE} in a folder above")
    folder, name = found
    return os.path.join(folder, SIGNATURE), name


def _digest(contents: Contents, name: str, signature: str) -> str:
    parts = contents.files.get(name, ())
    if not parts:
        raise TrustError(f"{signature} does not cover {name!r}")
    if contents.algorithm != "sha256" or len(parts) != 1 or (parts[0].start, parts[0].end) != (0, -1):
        raise TrustError(f"{signature} has no SHA-256 of {name!r} as a whole")
    return parts[0].digest


def _expected(vouched: Vouched) -> Expected:
    from weighmaster.trust.evidence.keeping import read_config
    from weighmaster.trust.identities.keys import load_public_key
    from weighmaster.trust.identities.verify import Expected

    if vouched.get("expected") is not None:
        return vouched["expected"]
    key = os.fspath(vouched["public_key"])
    return Expected(keys=(load_public_key(read_config(key), key),))


def _now(vouched: Vouched) -> datetime:
    from datetime import UTC

    # The one clock that is read here: a program that opens a file is itself the front.
    return vouched.get("now") or datetime.now(UTC)
