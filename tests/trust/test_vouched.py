"""A signature beside a file, or in a folder above, vouches for the file that is opened."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.trust import policed

import weighmaster
from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.evidence import bundle
from weighmaster.trust.identities.generate import generate
from weighmaster.trust.identities.keys import load_public_key
from weighmaster.trust.identities.verify import Expected
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.signing import door, verifying

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two keys, a signed folder and a signed file."""
    root = tmp_path_factory.mktemp("signed")
    for who in ("ours", "theirs"):
        private, public = generate("ed25519")
        (root / f"{who}.key").write_bytes(private)
        (root / f"{who}.pub").write_bytes(public.pem)
    for name in ("unet", "vae"):
        (root / "model" / name).mkdir(parents=True)
        (root / "model" / name / "w.bin").write_bytes(name.encode())
    (root / "alone.bin").write_bytes(b"alone")
    door.sign(root / "model", key=root / "ours.key")
    door.sign(root / "alone.bin", key=root / "ours.key")
    return root


@pytest.fixture
def place(signed: Path, tmp_path: Path) -> Path:
    shutil.copytree(signed, tmp_path / "here")
    return tmp_path / "here"


def _read(place: Path, name: str, who: str = "ours") -> bytes:
    with weighmaster.open_verified(place / name, public_key=place / f"{who}.pub", now=NOW) as found:
        return found.read()


def test_a_file_is_vouched_for_by_the_signature_beside_it(place: Path) -> None:
    assert _read(place, "alone.bin") == b"alone"


def test_a_file_in_a_folder_is_vouched_for_by_the_signature_of_the_folder(place: Path) -> None:
    assert _read(place, "model/vae/w.bin") == b"vae"


def test_any_expectation_may_be_named(place: Path) -> None:
    expected = Expected(keys=(load_public_key((place / "ours.pub").read_bytes()),))
    with weighmaster.open_verified(place / "alone.bin", expected=expected) as found:
        assert found.read() == b"alone"
    with pytest.raises(ConfigError, match=r"nobody is expected"):
        weighmaster.open_verified(place / "alone.bin", expected=Expected())


@pytest.mark.parametrize("name", ["alone.bin", "model/vae/w.bin"])
def test_changed_bytes_are_refused(place: Path, name: str) -> None:
    (place / name).write_bytes(b"evil")
    with pytest.raises(TrustError, match=r"has the SHA-256 .* was vouched for"):
        _read(place, name)


@pytest.mark.parametrize("name", ["alone.bin", "model/vae/w.bin"])
def test_a_key_that_is_not_expected_is_refused(place: Path, name: str) -> None:
    with pytest.raises(TrustError):
        _read(place, name, "theirs")


def test_swapped_names_are_refused(place: Path) -> None:
    os.replace(place / "model" / "unet" / "w.bin", place / "model" / "vae" / "w.bin")
    with pytest.raises(TrustError, match=r"'vae/w.bin' has the SHA-256"):
        _read(place, "model/vae/w.bin")


def test_a_file_that_was_added_later_is_not_covered(place: Path) -> None:
    (place / "model" / "sitecustomize.py").write_bytes(b"")
    with pytest.raises(TrustError, match=r"does not cover 'sitecustomize.py'"):
        _read(place, "model/sitecustomize.py")


def test_a_signature_under_another_name_is_refused(place: Path) -> None:
    os.replace(place / "alone.bin", place / "other.bin")
    os.replace(place / "alone.bin.sig", place / "other.bin.sig")
    with pytest.raises(TrustError, match=r"does not cover 'other.bin'"):
        _read(place, "other.bin")


def test_without_a_signature_nothing_opens(place: Path) -> None:
    (place / "alone.bin.sig").unlink()
    with pytest.raises(TrustError, match=r"no signature of "):
        _read(place, "alone.bin")


def test_a_signature_over_bytes_alone_says_so(place: Path) -> None:
    from weighmaster.trust.signing import signing

    signer = door.signer_at(place / "ours.key")
    signing.sign_blob(str(place / "alone.bin"), signer, signing.Writing(force=True))
    with pytest.raises(TrustError, match=r"signs bytes without a name"):
        _read(place, "alone.bin")


def test_what_was_verified_as_a_whole_vouches_for_each_file_by_chunks(place: Path) -> None:
    """The digests of the chunks are of the very bytes whose SHA-256 was signed: one pass took both."""

    expected = Expected(keys=(load_public_key((place / "ours.pub").read_bytes()),))
    checking = verifying.Checking(hashing=Hashing(full=True))
    manifest = verifying.verify(str(place / "model"), expected, NOW, checking).manifest
    assert manifest == hash_artifact(place / "model", Hashing(full=True))
    (place / "model" / "vae" / "w.bin").write_bytes(b"eva")
    with pytest.raises(TrustError, match=r"the bytes from 0 on differ"):
        weighmaster.open_verified(place / "model" / "vae" / "w.bin", manifest=manifest)


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """A folder that alice signed, and policies: of alice, of bob, of alice who need not cover JSON."""
    root = tmp_path / "held"
    (root / "model").mkdir(parents=True)
    for name, data in policed.FILES.items():
        (root / "model" / name).write_bytes(data)
    (root / "model" / "model.sig").write_bytes(bundle.write(policed.oms(policed.manifest())))
    for who in ("alice", "bob"):
        publisher = policed.role("publisher", [who], predicates=["signature"])
        policed.written(root / who, policed.rule(publisher, match="acme/*"))
        policed.written(root / f"{who}-lax", policed.rule(publisher, more='ignore = ["*.json"]\n', mode="audit"))
    return root


def _admitted(held: Path, name: str, policy: str = "alice", called: str = "acme/model") -> bytes:
    opened = weighmaster.open_verified(
        held / "model" / name, policy=held / policy / "trust.toml", called=called, now=policed.NOW
    )
    with opened as found:
        return found.read()


def test_a_policy_vouches_for_what_it_trusts(held: Path) -> None:
    assert _admitted(held, "config.json") == policed.FILES["config.json"]


def test_a_policy_refuses_what_it_does_not_trust_whatever_its_mode(held: Path) -> None:
    for policy in ("bob", "bob-lax"):
        with pytest.raises(TrustError, match=r"weights.safetensors is not trusted by "):
            _admitted(held, "weights.safetensors", policy)
    with pytest.raises(TrustError, match=r"no rule of .* is for what is called 'other/model'"):
        _admitted(held, "weights.safetensors", called="other/model")


def test_a_policy_covers_the_whole_artifact(held: Path) -> None:
    (held / "model" / "sitecustomize.py").write_bytes(b"")
    with pytest.raises(TrustError, match=r"is not trusted by "):
        _admitted(held, "weights.safetensors")


def test_a_file_that_a_rule_leaves_uncovered_is_not_opened_by_it(held: Path) -> None:
    assert _admitted(held, "weights.safetensors", "alice-lax") == policed.FILES["weights.safetensors"]
    with pytest.raises(TrustError, match=r"its rule lets it go uncovered"):
        _admitted(held, "config.json", "alice-lax")


def test_a_policy_without_evidence_refuses(held: Path) -> None:
    (held / "model" / "model.sig").unlink()
    with pytest.raises(TrustError, match=r"nothing vouches for "):
        _admitted(held, "config.json")


@pytest.mark.parametrize("name", ["model.sig", "missing.json", "."])
def test_a_policy_vouches_for_no_evidence_and_for_nothing_that_is_not_there(held: Path, name: str) -> None:
    with pytest.raises(TrustError, match="no file that evidence could speak of"):
        _admitted(held, name)
