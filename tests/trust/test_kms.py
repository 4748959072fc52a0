"""Keys that stay where they are."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.exceptions import UnsupportedLibraryError
from securesystemslib.signer import SIGNER_FOR_URI_SCHEME, CryptoSigner, Signature, Signer, SSlibKey
from tests.trust.authority import MAIL, NOW, Authority, der, key, private_pem

from weighmaster.model.errors import ConfigError, MissingExtraError, UnreachableError
from weighmaster.trust.identities import kms
from weighmaster.trust.identities.generate import generate
from weighmaster.trust.identities.keys import KeySigner, load_public_key
from weighmaster.trust.identities.verify import Expected
from weighmaster.trust.signing import signing, verifying
from weighmaster.trust.signing.door import signer_at


class Safe(Signer):  # type: ignore[misc]
    """A key in a place of its own, as securesystemslib has them: it asks for a PIN."""

    answer: Any = None

    def __init__(self, public_key: SSlibKey) -> None:
        self._public = public_key

    @property
    def public_key(self) -> SSlibKey:
        return self._public

    @classmethod
    def from_priv_key_uri(cls, priv_key_uri: str, public_key: SSlibKey, secrets_handler: Any = None) -> Safe:
        if secrets_handler is not None:
            assert secrets_handler("PIN") == "1234"
        if priv_key_uri == "safe:missing":
            raise UnsupportedLibraryError("library needed")
        if priv_key_uri == "safe:closed":
            raise OSError("the safe is closed")
        return cls(public_key)

    def sign(self, payload: bytes) -> Signature:
        signature: Signature = CryptoSigner(key("in a safe", type(self).answer), None).sign(payload)
        return signature


@pytest.fixture(autouse=True)
def _safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SIGNER_FOR_URI_SCHEME, "safe", Safe)
    monkeypatch.setattr(Safe, "answer", "ec")


@pytest.fixture
def artifact(tmp_path: Path) -> str:
    (tmp_path / "weights.bin").write_bytes(b"w")
    return str(tmp_path / "weights.bin")


@pytest.mark.parametrize("kind", ["ec", "p384", "ed25519", "rsa"])
def test_what_a_key_elsewhere_signs_is_plain(artifact: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Safe, "answer", kind)
    public = KeySigner([key("in a safe", kind)]).key
    signing.sign(artifact, kms.load_far_signer("safe:1", public))
    assert verifying.verify(artifact, Expected(keys=(public,)), NOW).signers[0].kind == public.kind


def test_a_key_elsewhere_may_have_a_certificate(artifact: str) -> None:
    root = Authority("Safe Root")
    certificate = root.issue(MAIL, private=key("in a safe"))
    public = KeySigner([key("in a safe")]).key
    signer = kms.load_far_signer("safe:1", public, certificates=[der(certificate)], secret=lambda _: "1234")
    signing.sign(artifact, signer)
    verifying.verify(artifact, Expected(authorities=(der(root.certificate),), names=(MAIL,)), NOW)
    with pytest.raises(ConfigError, match="for another key"):
        kms.load_far_signer("safe:1", KeySigner([key("other")]).key, certificates=[der(certificate)])


def test_a_key_that_is_not_the_one_given_is_told_before_anything_is_written(artifact: str) -> None:
    signer = kms.load_far_signer("safe:1", KeySigner([key("other")]).key)
    with pytest.raises(ConfigError, match="does not hold for the public half"):
        signing.sign(artifact, signer)
    assert not Path(f"{artifact}.sig").exists()


def test_what_goes_wrong_there_is_said() -> None:
    public = KeySigner([key("in a safe")]).key
    with pytest.raises(MissingExtraError, match=r'pip install "securesystemslib\['):
        kms.load_far_signer("safe:missing", public)
    with pytest.raises(UnreachableError, match="the safe is closed"):
        kms.load_far_signer("safe:closed", public)
    with pytest.raises(ConfigError, match="of no use"):
        kms.load_far_signer("nowhere:1", public)
    with pytest.raises(ConfigError, match="several parts"):
        kms.load_far_signer("safe:1", generate("hybrid")[1])
    with pytest.raises(ConfigError, match="in a form of its own"):
        kms.load_far_signer("safe:1", generate("ml-dsa")[1])


@pytest.mark.parametrize("scheme", ["awskms", "gcpkms", "azurekms", "hsm", "hv"])
def test_a_library_that_is_missing_is_named(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[SIGNER_FOR_URI_SCHEME[scheme].__module__]
    flags = [name for name in vars(module) if name.endswith("IMPORT_ERROR")]
    assert flags
    for name in flags:
        monkeypatch.setattr(module, name, "is not installed")
    known = {"hsm": "hsm:2?label=x", "azurekms": "azurekms://vault/keys/name/1", "hv": "hv:name/1"}
    address = known.get(scheme, f"{scheme}:name")
    with pytest.raises(MissingExtraError, match=rf'pip install "securesystemslib\[{kms.EXTRAS[scheme]}\]"'):
        kms.load_far_signer(address, KeySigner([key("in a safe")]).key, secret=lambda _: "1234")


def test_the_form_of_a_file_that_securesystemslib_knows_is_known(artifact: str, tmp_path: Path) -> None:
    (tmp_path / "private.pem").write_bytes(private_pem(key("in a safe")))
    public = KeySigner([key("in a safe")]).key
    (tmp_path / "public.pem").write_bytes(public.pem)
    address = f"file2:{tmp_path / 'private.pem'}"
    signing.sign(artifact, signer_at(address, public_key=tmp_path / "public.pem"))
    verifying.verify(artifact, Expected(keys=(public,)), NOW)
    with pytest.raises(ConfigError, match="--public-key"):
        signer_at(address)


def test_a_pin_that_is_wanted_is_asked_for_by_name(artifact: str, tmp_path: Path) -> None:
    public = KeySigner([key("in a safe")]).key
    (tmp_path / "public.pem").write_bytes(public.pem)
    with pytest.raises(ConfigError, match="wants its PIN"):
        signer_at("safe:1", public_key=tmp_path / "public.pem")
    signing.sign(artifact, signer_at("safe:1", public_key=tmp_path / "public.pem", password=b"1234"))


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("awskms:1234", True),
        ("gcpkms:projects/a", True),
        ("azurekms://vault/keys/a/1", True),
        ("hsm:", True),
        ("hv:name", True),
        ("private.pem", False),
        ("./safe:1", False),
        ("C:key.pem", False),
        ("other:key", False),
    ],
)
def test_an_address_is_told_from_a_file(text: str, *, known: bool) -> None:
    assert kms.is_address(text) == known


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "RSA_2048"])
def test_a_key_of_aws_signs(artifact: str, tmp_path: Path, spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moto = pytest.importorskip("moto")
    boto3 = pytest.importorskip("boto3")
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
    from moto.kms import utils as simulated

    def signed(self: Any, message: bytes, _: str) -> bytes:
        # The simulation hashes what is a digest already; the service does not.
        known = utils.Prehashed(SHA256())
        if spec.startswith("ECC"):
            return bytes(self.private_key.sign(message, ec.ECDSA(known)))
        return bytes(self.private_key.sign(message, padding.PSS(padding.MGF1(SHA256()), 32), known))

    for kind in (simulated.ECDSAPrivateKey, simulated.RSAPrivateKey):
        monkeypatch.setattr(kind, "sign", signed)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with warnings.catch_warnings(), moto.mock_aws():
        warnings.simplefilter("ignore")  # Of boto3 itself.
        client = boto3.client("kms")
        name = client.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        public = load_der_public_key(client.get_public_key(KeyId=name)["PublicKey"])
        text = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / "public.pem").write_bytes(text)
        signing.sign(artifact, signer_at(f"awskms:{name}", public_key=tmp_path / "public.pem"))
        with pytest.raises(UnreachableError, match="does not sign"):
            signing.make(artifact, signer_at("awskms:missing", public_key=tmp_path / "public.pem"))
    verifying.verify(artifact, Expected(keys=(load_public_key(text),)), NOW)
