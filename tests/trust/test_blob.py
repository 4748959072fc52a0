"""Single files as `cosign sign-blob` signs them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.trust.authority import MAIL, NOW, Authority, der, key

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence.envelope import IN_TOTO, Envelope, pae
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.identities.verify import Expected, verify
from weighmaster.trust.signing import signing, verifying
from weighmaster.trust.signing.signing import Writing
from weighmaster.trust.signing.verifying import Checking

ALONE = ["ec", "p384", "p521", "ed25519", "rsa", "mldsa"]


@pytest.fixture
def blob(tmp_path: Path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(bytes(range(256)) * 5000)
    return path


def _signer(kind: str) -> KeySigner:
    return KeySigner([key("blob", kind)], pss=False)


def _expected(kind: str) -> Expected:
    return Expected(keys=(_signer(kind).key,))


@pytest.mark.parametrize("kind", ALONE)
def test_what_is_signed_is_the_bytes_and_no_name(blob: Path, kind: str) -> None:
    written = signing.sign_blob(str(blob), _signer(kind))
    verified = verifying.verify(str(blob), _expected(kind), NOW)
    assert not verified.named
    assert verified.manifest == written.manifest
    os.rename(blob, blob.with_name("other.bin"))
    os.rename(written.path, f"{blob.with_name('other.bin')}.sig")
    verifying.verify(str(blob.with_name("other.bin")), _expected(kind), NOW)
    blob.with_name("other.bin").write_bytes(b"changed")
    with pytest.raises(TrustError):
        verifying.verify(str(blob.with_name("other.bin")), _expected(kind), NOW)


def test_the_bundle_is_of_the_form_that_cosign_reads(blob: Path) -> None:
    """`cosign verify-blob --key public.pem --bundle weights.bin.sig --insecure-ignore-tlog weights.bin`."""
    signer = _signer("ec")
    signing.sign_blob(str(blob), signer)
    document = json.loads(Path(f"{blob}.sig").read_bytes())
    digest = hashlib.sha256(blob.read_bytes()).digest()
    assert document["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert document["messageSignature"]["messageDigest"] == {
        "algorithm": "SHA2_256",
        "digest": base64.b64encode(digest).decode(),
    }
    hint = base64.b64encode(hashlib.sha256(signer.key.parts[0]).digest()).decode()
    assert document["verificationMaterial"] == {"publicKey": {"hint": hint}, "tlogEntries": []}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which verifies here, is not installed")
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_others_verify_the_signature_with_nothing_but_the_key(blob: Path, tmp_path: Path, kind: str) -> None:
    signer = _signer(kind)
    signing.sign_blob(str(blob), signer)
    document = json.loads(Path(f"{blob}.sig").read_bytes())
    (tmp_path / "sig").write_bytes(base64.b64decode(document["messageSignature"]["signature"]))
    (tmp_path / "public.pem").write_bytes(signer.key.pem)
    command = f"openssl dgst -sha256 -verify public.pem -signature sig {blob.name}"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "Verified OK"


@pytest.mark.parametrize("kind", ALONE)
def test_a_signature_alone_in_base64_is_read(blob: Path, kind: str) -> None:
    (signature,) = _signer(kind).sign(blob.read_bytes())
    for text in (base64.b64encode(signature.sig), base64.encodebytes(signature.sig)):
        Path(f"{blob}.sig").write_bytes(text)
        verifying.verify(str(blob), _expected(kind), NOW)
    Path(f"{blob}.sig").write_bytes(base64.b64encode(b"\0" * 64))
    with pytest.raises(TrustError, match="no signature by"):
        verifying.verify(str(blob), _expected(kind), NOW)


@pytest.mark.parametrize("junk", [b"", b"\n", b"not base64!", b"\xff\xfe", b"A" * 20_000])
def test_what_is_neither_is_refused(blob: Path, junk: bytes) -> None:
    Path(f"{blob}.sig").write_bytes(junk)
    with pytest.raises(TrustError):
        verifying.verify(str(blob), _expected("ec"), NOW)


def test_a_hint_of_another_file_is_refused(blob: Path) -> None:
    signing.sign_blob(str(blob), _signer("ec"))
    document = json.loads(Path(f"{blob}.sig").read_bytes())
    document["messageSignature"]["messageDigest"]["digest"] = base64.b64encode(b"\0" * 32).decode()
    Path(f"{blob}.sig").write_text(json.dumps(document))
    with pytest.raises(TrustError, match="another SHA-256"):
        verifying.verify(str(blob), _expected("ec"), NOW)


def test_a_certificate_vouches_for_a_blob_as_well(blob: Path) -> None:
    root = Authority("Blob Root")
    signing.sign_blob(str(blob), root.signer())
    expected = Expected(authorities=(der(root.certificate),), names=(MAIL,))
    assert verifying.verify(str(blob), expected, NOW).signers[0].kind == "ECDSA secp256r1"


def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    for kind in ALONE:
        signing.sign_blob(str(tmp_path / "empty"), _signer(kind), Writing(force=True))
        verifying.verify(str(tmp_path / "empty"), _expected(kind), NOW)


def test_a_folder_is_no_blob_and_the_signature_of_one_is_none_over_a_folder(blob: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        signing.sign_blob(str(tmp_path), _signer("ec"))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(blob.read_bytes())
    signing.sign_blob(str(blob), _signer("ec"))
    with pytest.raises(TrustError, match="bytes of one file"):
        verifying.verify(str(folder), _expected("ec"), NOW, Checking(signature=f"{blob}.sig"))


def test_a_key_of_several_parts_has_no_room_in_a_blob(blob: Path) -> None:
    with pytest.raises(ConfigError, match="several"):
        signing.sign_blob(str(blob), KeySigner([key("blob", "ed25519"), key("blob", "mldsa")]))


def test_a_file_that_is_a_statement_in_disguise_is_not_signed(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(pae(IN_TOTO, b"{}"))
    with pytest.raises(ConfigError, match="a signature over it would be one over a statement"):
        signing.sign_blob(str(tmp_path / "blob"), _signer("ec"))


def test_a_signature_over_a_statement_is_none_over_a_file_of_the_same_bytes(tmp_path: Path) -> None:
    content = signing.envelop(b"{}", _signer("ec")).content
    assert isinstance(content, Envelope)
    (tmp_path / "blob").write_bytes(content.signed())
    (tmp_path / "blob.sig").write_bytes(base64.b64encode(content.signatures[0].sig))
    with pytest.raises(TrustError, match="was signed as one and not as a file"):
        verifying.verify(str(tmp_path / "blob"), _expected("ec"), NOW)


def test_a_signature_over_a_file_is_no_claim(blob: Path) -> None:
    signing.sign_blob(str(blob), _signer("ec"))
    bundle = bundles.read(Path(f"{blob}.sig").read_bytes())
    with pytest.raises(TrustError, match="where an envelope is wanted"):
        verify(bundle, _expected("ec"), NOW)
    sha256 = hashlib.sha256(blob.read_bytes()).hexdigest()
    verify(bundle, _expected("ec"), NOW, sha256=sha256)
    ed25519 = signing.sign_blob(str(blob), _signer("ed25519"), Writing(force=True)).bundle
    with pytest.raises(TrustError, match="signs bytes"):
        verify(ed25519, _expected("ed25519"), NOW, sha256=sha256)
