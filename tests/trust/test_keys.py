"""Keys: what signs, what verifies, and that others understand it (DSSE through securesystemslib)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey
from tests.trust.authority import NOW, Authority, der, key, pem, private_pem

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import replace
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.evidence.envelope import IN_TOTO, Envelope, Signature
from weighmaster.trust.identities.generate import KINDS, generate
from weighmaster.trust.identities.keys import KeySigner, PublicKey, chain_of, load_public_key, load_signer
from weighmaster.trust.identities.verify import Expected, distinct, every, verify
from weighmaster.trust.signing import signing

ALONE = ["ec", "p384", "p521", "ed25519", "rsa", "mldsa"]
PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_key_signs_and_its_public_half_verifies(kind: str) -> None:
    private, public = generate(kind)
    signer = load_signer(private)
    assert signer.key == public == load_public_key(public.pem)
    held = public.verify(b"data", signer.sign(b"data"))
    assert len(held) == len(public.parts)
    with pytest.raises(TrustError, match="no signature by"):
        public.verify(b"other data", signer.sign(b"data"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_password_is_wanted_and_nothing_else_opens_a_key(kind: str) -> None:
    private, public = generate(kind, b"secret")
    assert b"ENCRYPTED" in private
    assert load_signer(private, password=b"secret").key == public
    with pytest.raises(ConfigError, match="is encrypted: give its password"):
        load_signer(private)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_signer(private, password=b"guess")
    with pytest.raises(ConfigError, match="is not encrypted: give no password"):
        load_signer(generate("ed25519")[0], password=b"secret")


def test_older_forms_of_private_keys_are_read() -> None:
    for kind in ("ec", "rsa"):
        private = key("older", kind)
        for lock in (NoEncryption(), BestAvailableEncryption(b"secret")):
            text = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, lock)
            password = None if isinstance(lock, NoEncryption) else b"secret"
            assert load_signer(text, password=password).key == KeySigner([private]).key


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "holds no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "cannot be read"),
        (generate("ed25519")[1].pem, "holds no private key"),
        (generate("ed25519")[0] * 5, "more than 4"),
    ],
)
def test_what_is_no_private_key_is_an_error(text: bytes, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        load_signer(text, what="it")


def test_a_private_key_is_no_public_one() -> None:
    with pytest.raises(ConfigError, match="stays with whoever signs"):
        load_public_key(generate("ed25519")[0])
    with pytest.raises(ConfigError, match="holds no public key"):
        load_public_key(b"junk")


@pytest.mark.parametrize(
    "private",
    [
        ed448.Ed448PrivateKey.generate(),
        x25519.X25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256K1()),
        dsa.generate_private_key(2048),
        key("weak", "rsa1024"),
    ],
)
def test_kinds_that_are_not_used_and_weak_keys_are_refused(private: Any) -> None:
    text = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ConfigError, match=r"of a kind that is not used|1024 bits"):
        load_public_key(text)
    with pytest.raises(ConfigError, match=r"of a kind that is not used|1024 bits"):
        load_signer(private_pem(private))


def test_a_certificate_is_for_the_key_that_signs() -> None:
    root = Authority("Keys Root")
    certificate = pem(root.issue("ml@example.com"))
    assert load_signer(private_pem(key("signer")), certificates=certificate).certificates == chain_of(certificate)
    with pytest.raises(ConfigError, match="for another key"):
        load_signer(private_pem(key("other")), certificates=certificate)
    with pytest.raises(ConfigError, match="for another key"):
        load_signer(private_pem(key("signer")) + private_pem(key("m", "mldsa")), certificates=certificate)


def test_all_parts_of_a_key_must_sign() -> None:
    both = KeySigner([key("one", "ed25519"), key("two", "mldsa")])
    first, second = both.sign(b"data")
    assert both.key.verify(b"data", [second, first])
    for some in ([first], [second], [first, first], [], [replace(second, sig=b"\0" * 3309), first]):
        with pytest.raises(TrustError, match="no signature by"):
            both.key.verify(b"data", some)
    with pytest.raises(TrustError, match="without parts"):
        PublicKey(parts=()).verify(b"data", [first])


def test_rsa_signs_either_way_and_both_are_verified() -> None:
    for pss in (True, False):
        signer = KeySigner([key("rsa", "rsa")], pss=pss)
        assert signer.key.verify(b"data", signer.sign(b"data"))


def test_a_digest_is_enough_for_some_keys() -> None:
    import hashlib

    sha256 = hashlib.sha256(b"data").hexdigest()
    for kind in ALONE:
        signer = KeySigner([key("digest", kind)])
        made = signer.sign(b"data")
        assert signer.key.takes_digest == (kind in {"ec", "rsa"})
        if signer.key.takes_digest:
            assert signer.key.verify_digest(sha256, made)
            with pytest.raises(TrustError, match="no signature"):
                signer.key.verify_digest(hashlib.sha256(b"other").hexdigest(), made)
        else:
            with pytest.raises(TrustError, match="signs bytes"):
                signer.key.verify_digest(sha256, made)


def _theirs(kind: str) -> tuple[CryptoSigner, SSlibKey, KeySigner]:
    private = key("dsse", kind)
    public = SSlibKey.from_crypto(private.public_key())
    return CryptoSigner(private, public), public, KeySigner([private])


@pytest.mark.parametrize(
    "kind", ["ec", "p384", "p521", "ed25519", "rsa"]
)  # Theirs signs with ML-DSA in a form of its own.
def test_securesystemslib_verifies_our_envelopes(kind: str) -> None:
    _, public, ours = _theirs(kind)
    bundle = signing.envelop(PAYLOAD, ours)
    document = json.loads(bundles.write(bundle))["dsseEnvelope"]
    for one in document["signatures"]:
        one["keyid"] = public.keyid  # Their library finds keys by their name for them.
    envelope = TheirEnvelope.from_dict(document)
    assert envelope.payload == PAYLOAD
    assert list(envelope.verify([public], 1)) == [public.keyid]
    envelope.payload = PAYLOAD + b" "
    with pytest.raises(VerificationError):
        envelope.verify([public], 1)


@pytest.mark.parametrize("kind", ["ec", "p384", "p521", "ed25519", "rsa"])
def test_we_verify_envelopes_of_securesystemslib(kind: str) -> None:
    signer, _, ours = _theirs(kind)
    theirs = TheirEnvelope(PAYLOAD, IN_TOTO, {})
    theirs.sign(signer)
    document = theirs.to_dict()
    signatures = [{"sig": one["sig"], "keyid": one["keyid"]} for one in document["signatures"]]
    whole = {
        "mediaType": bundles.MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": ""}, "tlogEntries": []},
        "dsseEnvelope": {**document, "signatures": signatures},
    }
    signed = verify(bundles.read(json.dumps(whole).encode()), Expected(keys=(ours.key,)), NOW)
    assert isinstance(signed.bundle.content, Envelope)
    assert signed.bundle.content.payload == PAYLOAD


def test_an_envelope_that_several_signed_names_each_once() -> None:
    one, two = KeySigner([key("a", "ed25519")]), KeySigner([key("b", "ec")])
    made = [signing.envelop(PAYLOAD, each).content for each in (one, two, two)]
    signatures = tuple(each for content in made if isinstance(content, Envelope) for each in content.signatures)
    bundle = Bundle(content=Envelope(payload=PAYLOAD, payload_type=IN_TOTO, signatures=signatures))
    found = every(bundle, Expected(keys=(one.key, two.key, two.key)), NOW)
    assert len(distinct(found)) == 2
    hybrid = KeySigner([key("a", "ed25519"), key("b", "ec")])
    found = every(bundle, Expected(keys=(hybrid.key, one.key, two.key)), NOW)
    assert len(distinct(found)) == 1


def test_a_name_for_a_key_proves_nothing() -> None:
    mine, other = KeySigner([key("mine")]), KeySigner([key("other")])
    content = signing.envelop(PAYLOAD, other).content
    assert isinstance(content, Envelope)
    renamed = tuple(Signature(sig=one.sig, keyid=mine.key.keyid) for one in content.signatures)
    bundle = Bundle(content=replace(content, signatures=renamed), hint=signing.hint_of(mine.key))
    with pytest.raises(TrustError, match="does not hold"):
        verify(bundle, Expected(keys=(mine.key,)), NOW)


def test_what_is_signed_says_of_which_type_it_is() -> None:
    signer = KeySigner([key("typed")])
    content = signing.envelop(PAYLOAD, signer).content
    assert isinstance(content, Envelope)
    bundle = Bundle(content=replace(content, payload_type="text/plain"))
    with pytest.raises(TrustError):
        verify(bundle, Expected(keys=(signer.key,)), NOW)


def test_keys_are_written_for_their_owner_alone(tmp_path: Path) -> None:
    from weighmaster.trust.evidence.keeping import write_whole

    write_whole(str(tmp_path / "key.pem"), b"x", mode=0o600)
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    write_whole(str(tmp_path / "key.pem"), b"x")
    with pytest.raises(ConfigError, match="--force"):
        write_whole(str(tmp_path / "key.pem"), b"y")
    with pytest.raises(ConfigError, match="cannot write"):
        write_whole(str(tmp_path / "missing/key.pem"), b"y")
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


def test_evidence_and_what_is_named_are_read_within_bounds(tmp_path: Path) -> None:
    from weighmaster.trust.evidence.keeping import read_config, read_evidence

    (tmp_path / "long").write_bytes(b"x" * 11)
    assert read_evidence(str(tmp_path / "long"), most=11) == read_config(str(tmp_path / "long"), most=11)
    with pytest.raises(TrustError, match="longer than 10 bytes"):
        read_evidence(str(tmp_path / "long"), most=10)
    with pytest.raises(ConfigError, match="longer than 10 bytes"):
        read_config(str(tmp_path / "long"), most=10)
    with pytest.raises(ConfigError, match="cannot read"):
        read_config(str(tmp_path))
    with pytest.raises(TrustError, match="there is no"):
        read_evidence(str(tmp_path / "missing"))
    with pytest.raises(ConfigError, match="null byte"):
        read_config("a\0b")


def test_certificates_that_will_be_refused_one_day_are_refused_when_they_are_named() -> None:
    from base64 import encodebytes

    whole = der(Authority("Named").certificate)
    for odd in (b"\xa0\x03\x02\x01\x07", b"\xa0\x03\x02\x01\x09"):  # Versions that there are none of.
        other = whole.replace(b"\xa0\x03\x02\x01\x02", odd)
        text = b"-----BEGIN CERTIFICATE-----\n" + encodebytes(other) + b"-----END CERTIFICATE-----\n"
        with pytest.raises(ConfigError, match=r"chain\.pem"):
            chain_of(text, "chain.pem")


def test_a_file_of_beginnings_without_ends_costs_no_time() -> None:
    with pytest.raises(ConfigError, match="more than 64 blocks"):
        load_public_key(b"-----BEGIN PUBLIC KEY-----\n" * 30_000)


def test_what_cannot_be_written_whole_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from weighmaster.trust.evidence.keeping import write_whole

    (tmp_path / "model.sig").write_bytes(b"before")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        write_whole(str(tmp_path / "model.sig"), b"after", force=True)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    from weighmaster.trust.evidence.keeping import write_whole

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is no file"):
        write_whole(str(tmp_path / "pipe"), b"x", force=True)
