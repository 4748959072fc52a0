"""Identities that Sigstore vouches for: a short-lived certificate for an e-mail address or a workflow, in a log.

Specification: <https://docs.sigstore.dev/about/bundle/>. Verified by the library `sigstore` (the extra of that name),
without a network, against a trusted root (`trusted_root.json`) that the verifier names.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from weighmaster.model.errors import ConfigError, MissingExtraError, TrustError, UnreachableError
from weighmaster.trust import strict
from weighmaster.trust.identities.certificates import odd, strictly

if TYPE_CHECKING:
    from weighmaster.trust.evidence.attestations import Publisher
    from weighmaster.trust.evidence.bundle import Bundle

_PUBLIC: Final = "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
_SOURCE: Final = "1.3.6.1.4.1.57264.1.12"
"""The extension of a certificate that names the repository (<https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>)."""
_DIGITS: Final = 11
"""Of a time in seconds."""


def check(bundle: Bundle, root: bytes, names: tuple[str, ...], issuer: str, *, sha256: str = "") -> str:
    """Return whose signature it is: one of `names`, that `issuer` authenticated.

    Args:
        bundle: as it was read.
        root: the trusted root, JSON.
        names: the identities of which one is expected.
        issuer: who is expected to have authenticated it.
        sha256: that of the file that was signed, where what was signed is not in the bundle.

    Raises:
        MissingExtraError: the library is not installed.
        ConfigError: the trusted root cannot be read.
        TrustError: it does not hold.
    """
    library = _library()
    verifier = _verifier(library, root)
    try:
        with strictly("a certificate"):
            read = library.models.Bundle.from_json(bundle.raw)
    except (library.errors.Error, *odd()) as error:
        raise TrustError(f"Sigstore cannot read the bundle: {error}") from error
    said = []
    for name in names:
        policy = library.policy.Identity(identity=name, issuer=issuer)
        try:
            with strictly("a certificate"):
                _verify(verifier, read, policy, bundle, sha256)
        except (library.errors.Error, *odd()) as error:
            said.append(f"{name}: {error}")
        else:
            return name
    raise TrustError(f"not vouched for by Sigstore: {'; '.join(said)}")


def _verify(verifier: Any, read: Any, policy: Any, bundle: Bundle, sha256: str) -> None:
    from weighmaster.trust.evidence.envelope import Envelope

    match bundle.content:
        case Envelope() as envelope:
            kind, payload = verifier.verify_dsse(read, policy)
            if (kind, payload) != (envelope.payload_type, envelope.payload):
                raise TrustError("Sigstore verified another payload than the one that was read")
        case _:
            from sigstore.hashes import HashAlgorithm, Hashed

            digest = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(sha256))
            verifier.verify_artifact(digest, read, policy)


def check_publisher(bundle: Bundle, root: bytes, publisher: Publisher) -> str:
    """Return the name in the certificate of a Trusted Publisher, whose signature it is (PEP 740).

    Raises:
        MissingExtraError: a library is not installed.
        ConfigError: the trusted root cannot be read.
        TrustError: it is somebody else's, or does not hold.
    """
    return published(bundle, root, publisher)[0]


def published(bundle: Bundle, root: bytes, publisher: Publisher | None) -> tuple[str, str]:
    """Return the name in the certificate of whoever signed, and the repository that it names.

    Whoever signed must be `publisher`; without one, anybody may be for whom Sigstore vouches.

    Raises:
        MissingExtraError: a library is not installed.
        ConfigError: the trusted root cannot be read.
        TrustError: it is somebody else's, or does not hold.
    """
    library = _library()
    wanted = library.policy.UnsafeNoOp() if publisher is None else _policy_of(publisher)
    verifier = _verifier(library, root)
    try:
        with strictly("a certificate"), _quietly():
            read = library.models.Bundle.from_json(bundle.raw)
            _verify(verifier, read, wanted, bundle, "")
        return _named(read.signing_certificate)
    except (library.errors.Error, *odd()) as error:
        who = "anybody" if publisher is None else str(publisher)
        raise TrustError(f"Sigstore does not vouch for it as one of {who}: {error}") from error


def _policy_of(publisher: Publisher) -> Any:
    """Return what a certificate of a publisher must say, as the indexes have it."""
    try:
        import pypi_attestations as library
    except ImportError as error:
        raise MissingExtraError('Trusted Publishers need more: pip install "weighmaster[sigstore]"') from error
    repository, workflow = publisher.repository, publisher.workflow
    match publisher.kind:
        case "github":
            found: Any = library.GitHubPublisher(repository=repository, workflow=workflow)
        case "gitlab":
            found = library.GitLabPublisher(repository=repository, workflow_filepath=workflow)
        case "google":
            found = library.GooglePublisher(email=repository)
        case kind:
            raise ConfigError(f"publishers of the kind {kind!r} are not known here")
    return found._as_policy()  # noqa: SLF001 - there is no public way to what it means


def _named(certificate: Any) -> tuple[str, str]:
    """Return the subject alternative name of a certificate that was verified, and the repository it is for."""
    from cryptography import x509
    from cryptography.x509.oid import ExtensionOID

    names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    name = next((str(one.value) for one in names), "")
    try:
        source = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(_SOURCE)).value.value
    except x509.ExtensionNotFound:
        return name, ""
    # A short UTF8String in DER: its tag and its length come first.
    return name, bytes(source)[2:].decode("utf-8", "replace")


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the library from telling people what is meant: that anybody may have signed."""
    import logging

    logger = logging.getLogger("sigstore.verify.policy")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def public_root() -> bytes:
    """Return the trusted root of the public instance of Sigstore that comes with its library.

    Raises:
        MissingExtraError: the library is not installed.
    """
    from importlib import resources

    _library()
    return (resources.files("sigstore._store") / _PUBLIC / "trusted_root.json").read_bytes()


def sign(statement: bytes, token: str) -> bytes:
    """Return a bundle (JSON) over a statement, signed for the identity in an OpenID Connect token.

    This asks the public instance of Sigstore, over the network: who signed, and what digest, is published there.

    Raises:
        MissingExtraError: the library is not installed.
        ConfigError: the token is none.
        UnreachableError: Sigstore cannot be reached, or refuses.
    """
    library = _library()
    from sigstore import dsse, oidc, sign

    try:
        identity = oidc.IdentityToken(token)
    except oidc.IdentityError as error:
        raise ConfigError(f"no identity token: {error}") from error
    try:
        context = sign.SigningContext.from_trust_config(library.models.ClientTrustConfig.production())
        with context.signer(identity) as signer:
            text: str = signer.sign_dsse(dsse.Statement(statement)).to_json()
    except (library.errors.Error, OSError, ValueError) as error:
        raise UnreachableError(f"Sigstore did not sign: {error}") from error
    return text.encode()


class _Library:
    """The parts of the library that are used here."""

    def __init__(self) -> None:
        from sigstore import errors, models
        from sigstore.verify import Verifier, policy

        self.errors: Any = errors
        self.models: Any = models
        self.policy: Any = policy
        self.verifier: Any = Verifier


def _library() -> _Library:
    try:
        return _Library()
    except ImportError as error:
        raise MissingExtraError('identities of Sigstore need more: pip install "weighmaster[sigstore]"') from error


def _verifier(library: _Library, root: bytes) -> Any:
    # The library reads a trusted root from a file alone.
    descriptor, path = tempfile.mkstemp(prefix="weighmaster-", suffix=".json")
    try:
        with open(descriptor, "wb") as file:
            file.write(root)
        return library.verifier(trusted_root=library.models.TrustedRoot.from_file(path))
    except (library.errors.Error, ValueError, KeyError, IndexError) as error:
        raise ConfigError(f"the trusted root of Sigstore cannot be read: {error}") from error
    finally:
        os.unlink(path)


def logged_at(bundle: Bundle) -> datetime | None:
    """Return when a log took a bundle that was verified; none where the log gave no promise that holds that time."""
    entries = strict.parsed(bundle.raw, "the bundle").values["verificationMaterial"].get("tlogEntries") or [{}]
    entry = entries[0]
    seconds = str(entry.get("integratedTime") or "")
    if not entry.get("inclusionPromise") or not seconds.isdecimal() or len(seconds) > _DIGITS:
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
