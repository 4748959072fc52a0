"""Keys that never leave their place: in hardware, in a cloud, in a vault.

They sign through securesystemslib (<https://python-securesystemslib.readthedocs.io>), which knows them by an address:
`awskms:ID`, `gcpkms:NAME`, `azurekms://VAULT/keys/NAME/VERSION`, `hsm:…` (PKCS #11), `hv:NAME/VERSION` (HashiCorp
Vault), `file2:PATH`. Each needs a library of its own. The public half is given beside the address: what comes back is
verified with it before it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from weighmaster.model.errors import ConfigError, MissingExtraError, TrustError, UnreachableError, WeighmasterError
from weighmaster.trust.evidence.envelope import Signature
from weighmaster.trust.identities.keys import PublicKey, check_certified

EXTRAS: Final[Mapping[str, str]] = MappingProxyType(
    {"awskms": "awskms", "gcpkms": "gcpkms", "azurekms": "azurekms", "hsm": "hsm", "hv": "vault"}
)
"""The extra of securesystemslib that each scheme needs."""


def is_address(key: str) -> bool:
    """Say whether a key is named by an address and not by a file."""
    scheme, colon, _ = key.partition(":")
    if not colon or "/" in scheme or "." in scheme or len(scheme) < 2:
        return False
    from securesystemslib.signer import SIGNER_FOR_URI_SCHEME

    return scheme in SIGNER_FOR_URI_SCHEME


class FarSigner:
    """A signer whose private key lies elsewhere; see `Signer`."""

    def __init__(self, address: str, inner: Any, key: PublicKey, certificates: Sequence[bytes] = ()) -> None:
        self._address = address
        self._inner = inner
        self.key = key
        self.certificates = tuple(certificates)
        check_certified(key, self.certificates)

    def sign(self, data: bytes) -> tuple[Signature, ...]:
        """See `Signer`."""
        made: bytes = _asked(self._address, lambda: bytes.fromhex(self._inner.sign(data).signature))
        signature = Signature(sig=made, keyid=self.key.keyid)
        try:
            return self.key.verify(data, [signature])
        except TrustError as error:
            said = f"what the key at {self._address} signed does not hold for the public half that was given"
            raise ConfigError(said) from error


def load_far_signer(
    address: str,
    public_key: PublicKey,
    *,
    certificates: Sequence[bytes] = (),
    secret: Callable[[str], str] | None = None,
) -> FarSigner:
    """Return the signer at an address.

    Args:
        address: what securesystemslib knows it by.
        public_key: its public half.
        certificates: the certificate of the key and those that vouch for it, DER, the key's first.
        secret: is asked for a PIN or a passphrase by its name.

    Raises:
        ConfigError: the address or the key is of no use.
        MissingExtraError: a library is not installed.
        UnreachableError: what holds the key does not answer, or refuses.
    """
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from securesystemslib.signer import Signer, SSlibKey

    if len(public_key.parts) != 1:
        raise ConfigError("a key with several parts cannot lie elsewhere")
    if public_key.kind.startswith("ML-DSA"):
        # TAP 21: over a prefix and a SHA-512, not over the bytes.
        raise ConfigError("securesystemslib signs with ML-DSA in a form of its own, which is not plain")
    try:
        known = SSlibKey.from_crypto(load_der_public_key(public_key.parts[0]))
    except ValueError as error:
        raise ConfigError(f"the public key is of no use for {address}: {error}") from error
    inner = _asked(address, lambda: Signer.from_priv_key_uri(address, known, secret))
    return FarSigner(address, inner, public_key, certificates)


def _asked(address: str, ask: Callable[[], Any]) -> Any:
    """Return what `ask` returns; what goes wrong in the library of some cloud is its own kind of error."""
    from securesystemslib.exceptions import UnsupportedLibraryError

    try:
        return ask()
    except (UnsupportedLibraryError, ImportError) as error:
        scheme = address.partition(":")[0]
        extra = EXTRAS.get(scheme, "crypto")
        raise MissingExtraError(f'keys at {scheme}: need more: pip install "securesystemslib[{extra}]"') from error
    except WeighmasterError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"the key at {address} is of no use: {error}") from error
    except Exception as error:
        raise UnreachableError(f"the key at {address} does not sign: {error}") from error
