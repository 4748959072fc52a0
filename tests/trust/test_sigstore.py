"""Identities that Sigstore vouches for, against a Sigstore of our own: the library verifies, without a network."""

from __future__ import annotations

import copy
import json
import random
import sys
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.trust.authority import NOW, key, usage
from tests.trust.keyless import ISSUER, PrivateSigstore

from weighmaster.model.errors import ConfigError, MissingExtraError, TrustError, UnreachableError
from weighmaster.model.value import replace
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence.envelope import Envelope
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.identities.revocation import Revocation
from weighmaster.trust.identities.verify import Expected, SigstoreIdentity, verify
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.signing import oms, signing, verifying
from weighmaster.trust.signing.signing import Writing

NAME = "ml@example.com"
SIGSTORE = PrivateSigstore()
EXPECTED = Expected(sigstore=SIGSTORE.root, names=(NAME,), issuer=ISSUER)
LATER = NOW + timedelta(days=400)
PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'


@pytest.fixture(autouse=True)
def _library() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of libraries that Sigstore's uses.
        pytest.importorskip("sigstore")
        yield


def _read(document: Any) -> bundles.Bundle:
    return bundles.read(json.dumps(document).encode())


def test_who_signed_and_when_is_found_long_after_the_certificate_expired() -> None:
    signed = verify(_read(SIGSTORE.sign(PAYLOAD)), EXPECTED, LATER)
    assert signed.by == SigstoreIdentity(name=NAME, issuer=ISSUER)
    assert signed.at == NOW
    assert isinstance(signed.bundle.content, Envelope)
    assert signed.bundle.content.payload == PAYLOAD


def test_a_workflow_is_an_identity_as_well() -> None:
    name = "https://github.com/example/models/.github/workflows/release.yml@refs/heads/main"
    expected = replace(EXPECTED, names=("someone", name))
    assert verify(_read(SIGSTORE.sign(PAYLOAD, name)), expected, NOW).by == SigstoreIdentity(name=name, issuer=ISSUER)


@pytest.mark.parametrize(
    "changes", [{"names": ("other@example.com",)}, {"issuer": "https://evil.example"}, {"names": ("ml@EXAMPLE.com",)}]
)
def test_another_identity_or_issuer_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TrustError, match="not vouched for by Sigstore"):
        verify(_read(SIGSTORE.sign(PAYLOAD)), replace(EXPECTED, **changes), NOW)


def test_an_issuer_and_an_identity_are_both_needed() -> None:
    with pytest.raises(ConfigError, match="name the issuer"):
        verify(_read(SIGSTORE.sign(PAYLOAD)), replace(EXPECTED, issuer=""), NOW)
    with pytest.raises(ConfigError, match="name the identity"):
        verify(_read(SIGSTORE.sign(PAYLOAD)), replace(EXPECTED, names=()), NOW)


def test_another_root_vouches_for_nobody() -> None:
    other = PrivateSigstore()
    other.authority.key = key("another authority")
    for part in ("certificates", "log"):
        bundle = SIGSTORE.sign(PAYLOAD)
        changed = PrivateSigstore()
        setattr(changed, part, key("another log"))
        with pytest.raises(TrustError, match="not vouched for by Sigstore"):
            verify(_read(bundle), replace(EXPECTED, sigstore=changed.root), NOW)
    with pytest.raises(TrustError, match="not vouched for by Sigstore"):
        verify(_read(other.sign(PAYLOAD)), EXPECTED, NOW)


def test_what_is_in_no_log_is_refused() -> None:
    document = SIGSTORE.sign(PAYLOAD)
    document["verificationMaterial"]["tlogEntries"] = []
    with pytest.raises(TrustError, match="no entry of a log"):
        verify(_read(document), EXPECTED, NOW)
    with pytest.raises(TrustError, match="no certificate"):
        verify(signing.envelop(PAYLOAD, KeySigner([key("bare")])), EXPECTED, NOW)


def test_an_altered_payload_and_the_entry_of_another_are_refused() -> None:
    one, two = SIGSTORE.sign(PAYLOAD), SIGSTORE.sign(b'{"_type":"another"}')
    altered = copy.deepcopy(one)
    altered["dsseEnvelope"]["payload"] = two["dsseEnvelope"]["payload"]
    moved = copy.deepcopy(one)
    moved["verificationMaterial"]["tlogEntries"] = two["verificationMaterial"]["tlogEntries"]
    late = copy.deepcopy(one)
    late["verificationMaterial"]["tlogEntries"][0]["integratedTime"] = str(int(NOW.timestamp()) + 60)
    for document in (altered, moved, late):
        with pytest.raises(TrustError, match="not vouched for by Sigstore"):
            verify(_read(document), EXPECTED, NOW)


def test_a_signature_made_when_the_certificate_had_expired_is_refused() -> None:
    document = SIGSTORE.sign(PAYLOAD)
    body = document["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"]
    import base64

    late = SIGSTORE._entry(base64.b64decode(body), NOW + timedelta(hours=2))
    document["verificationMaterial"]["tlogEntries"] = [late]
    with pytest.raises(TrustError, match="not vouched for by Sigstore"):
        verify(_read(document), EXPECTED, NOW)


def test_a_key_can_be_struck_out_from_a_time_on() -> None:
    bundle = _read(SIGSTORE.sign(PAYLOAD))
    keyid = verify(bundle, EXPECTED, NOW).keys[0]
    before = (Revocation(id=keyid, since=NOW - timedelta(days=1)),)
    with pytest.raises(TrustError, match="was revoked"):
        verify(bundle, replace(EXPECTED, revoked=before), NOW)
    after = (Revocation(id=keyid, since=NOW + timedelta(days=1)),)
    assert verify(bundle, replace(EXPECTED, revoked=after), NOW).at == NOW


def test_a_folder_that_was_signed_this_way_is_verified(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"w")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_bytes(b"c")
    payload = oms.statement_of(hash_artifact(tmp_path), "model", alone=False)
    (tmp_path / "model.sig").write_text(json.dumps(SIGSTORE.sign(payload)))
    assert verifying.verify(str(tmp_path), EXPECTED, LATER).signers[0].at == NOW
    (tmp_path / "weights.bin").write_bytes(b"x")
    with pytest.raises(TrustError, match=r"'weights\.bin' was changed"):
        verifying.verify(str(tmp_path), EXPECTED, LATER)


@pytest.mark.parametrize("more", [{"purposes": ()}, {"usages": usage()}])
def test_a_certificate_that_is_not_for_signing_code_is_refused(more: dict[str, Any]) -> None:
    odd = PrivateSigstore()
    odd.more = more
    with pytest.raises(TrustError, match="not vouched for by Sigstore"):
        verify(_read(odd.sign(PAYLOAD)), EXPECTED, NOW)


def test_a_file_that_cosign_signed_without_a_key_is_verified(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    document = SIGSTORE.sign_blob(b"a")
    (tmp_path / "a.sig").write_text(json.dumps(document))
    verified = verifying.verify(str(tmp_path / "a"), EXPECTED, LATER)
    assert verified.signers[0].at == NOW
    assert not verified.named
    signed = verify(_read(document), EXPECTED, NOW, message=b"a")
    assert signed.by == SigstoreIdentity(name=NAME, issuer=ISSUER)
    with pytest.raises(TrustError, match="not vouched for by Sigstore"):
        verify(_read(document), EXPECTED, NOW, message=b"b")
    (tmp_path / "a").write_bytes(b"b")
    with pytest.raises(TrustError, match="another SHA-256"):
        verifying.verify(str(tmp_path / "a"), EXPECTED, LATER)
    del document["messageSignature"]["messageDigest"]
    (tmp_path / "a.sig").write_text(json.dumps(document))
    with pytest.raises(TrustError, match=r"not vouched for by Sigstore|cannot read the bundle"):
        verifying.verify(str(tmp_path / "a"), EXPECTED, LATER)


def test_no_timestamp_is_added_to_what_is_in_a_log(tmp_path: Path) -> None:
    (tmp_path / "a.sig").write_text(json.dumps(SIGSTORE.sign(PAYLOAD)))
    before = (tmp_path / "a.sig").read_bytes()
    with pytest.raises(ConfigError, match="it is in a log"):
        signing.stamp_file(str(tmp_path / "a.sig"), lambda signature: signature)
    assert (tmp_path / "a.sig").read_bytes() == before


def test_a_root_that_is_none_is_an_error() -> None:
    bundle = _read(SIGSTORE.sign(PAYLOAD))
    for root in (b"{}", b"junk", b'{"mediaType":"x"}', SIGSTORE.root.replace(b"version=0.1", b"version=9")):
        with pytest.raises(ConfigError, match="trusted root of Sigstore cannot be read"):
            verify(bundle, replace(EXPECTED, sigstore=root), NOW)


def test_no_bundle_however_damaged_is_a_defect() -> None:
    good = SIGSTORE.sign(PAYLOAD)
    chance = random.Random(4)
    places: list[tuple[Any, ...]] = []

    def gather(value: Any, path: tuple[Any, ...]) -> None:
        places.append(path)
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name, inner in items:
            gather(inner, (*path, name))

    gather(good, ())
    odd: tuple[Any, ...] = (None, "", "AAAA", 7, [], {}, -1, "x" * 50, chance.random())
    for path in places[1:]:
        for put in odd:
            document = copy.deepcopy(good)
            inner = document
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = put
            try:
                verify(_read(document), EXPECTED, NOW)
            except TrustError:
                continue
            assert path[-1] in {"keyid", "envelopeHash", "logIndex", "treeSize", "hashes"} or put is None, (path, put)


def test_without_the_library_its_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = _read(SIGSTORE.sign(PAYLOAD))
    for name in [name for name in sys.modules if name.partition(".")[0] == "sigstore"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r'pip install "weighmaster\[sigstore\]"'):
        verify(bundle, EXPECTED, NOW)


class TestSigning:
    """Signing asks the servers of Sigstore, so here it stops before that."""

    def test_a_token_that_is_none_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"a")
        with pytest.raises(ConfigError, match="no identity token"):
            signing.sign_by_sigstore(str(tmp_path / "a"), "junk")
        assert not (tmp_path / "a.sig").exists()

    def test_what_the_servers_give_back_is_written(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a").write_bytes(b"a")
        from weighmaster.trust.identities import sigstore

        monkeypatch.setattr(sigstore, "sign", lambda payload, _: json.dumps(SIGSTORE.sign(payload)).encode())
        signing.sign_by_sigstore(str(tmp_path / "a"), "token", Writing())
        assert verifying.verify(str(tmp_path / "a"), EXPECTED, NOW).signers[0].by == SigstoreIdentity(
            name=NAME, issuer=ISSUER
        )

    def test_servers_that_are_out_of_reach_are_said(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a").write_bytes(b"a")
        from sigstore import errors, models, oidc

        def refused(*_: object, **__: object) -> None:
            raise errors.NetworkError

        monkeypatch.setattr(oidc, "IdentityToken", lambda token: token)
        monkeypatch.setattr(models.ClientTrustConfig, "production", refused)
        with pytest.raises(UnreachableError, match="Sigstore did not sign"):
            signing.sign_by_sigstore(str(tmp_path / "a"), "token")
