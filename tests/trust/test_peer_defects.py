"""What was found wrong in the field must hold here; each test says what holds (`docs/signing.md` tells the attacks)."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.trust.authority import MAIL, NOW, Authority, der, key

import weighmaster
from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence import statement
from weighmaster.trust.identities.generate import KINDS, generate
from weighmaster.trust.identities.keys import KeySigner, load_signer
from weighmaster.trust.identities.verify import Expected
from weighmaster.trust.manifests.digests import Hashing
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.signing import oms, signing, verifying
from weighmaster.trust.signing.signing import Writing
from weighmaster.trust.signing.verifying import Checking

SIGNER = KeySigner([key("defects", "ed25519")])
EXPECTED = Expected(keys=(SIGNER.key,))
ROOT = Authority("Defects Root")
VOUCHED = Expected(authorities=(der(ROOT.certificate),), names=(MAIL,))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    for name, data in {
        "README.md": b"read me",
        "weights.safetensors": b"\x00" * 64,
        "shards/1.bin": b"one",
        "shards/2.bin": b"two",
        ".git/config": b"[core]",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    signing.sign(str(folder), SIGNER)
    return folder


def _holds(model: Path, expected: Expected = EXPECTED, **how: Any) -> verifying.Verified:
    return verifying.verify(str(model), expected, NOW, Checking(**how))


def test_1_it_can_be_imported_with_what_it_says_it_needs() -> None:
    """Nothing that only the reference implementations need is imported, and nothing heavy to vet a file."""
    code = """
import sys
for name in ("OpenSSL", "sigstore", "model_signing", "in_toto_attestation", "pymerkle", "certifi", "google"):
    sys.modules[name] = None
import weighmaster, tempfile, pathlib
from weighmaster.trust.identities.generate import generate
folder = pathlib.Path(tempfile.mkdtemp())
private, public = generate("ed25519")
(folder / "k").write_bytes(private); (folder / "p").write_bytes(public.pem); (folder / "m").write_bytes(b"m")
weighmaster.sign(folder / "m", key=folder / "k")
weighmaster.verify(folder / "m", public_key=folder / "p")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_2_the_certificate_of_a_tls_server_signs_no_model(model: Path) -> None:
    printer = ROOT.signer("printer-7.example.com", purposes=[ExtendedKeyUsageOID.SERVER_AUTH])
    signing.sign(str(model), printer, Writing(force=True))
    with pytest.raises(TrustError, match="not for signing code"):
        _holds(model, VOUCHED)


def test_2_another_signer_of_the_same_authority_is_not_the_one_expected(model: Path) -> None:
    signing.sign(str(model), ROOT.signer("intern@example.com"), Writing(force=True))
    with pytest.raises(TrustError, match=r"names intern@example\.com, and ml@example\.com is expected"):
        _holds(model, VOUCHED)


@pytest.mark.parametrize("expected", [Expected(), Expected(names=(MAIL,)), Expected(issuer="https://x.example")])
def test_2_whoever_expects_nobody_gets_an_error_and_no_authority_of_the_system_counts(
    model: Path, expected: Expected
) -> None:
    with pytest.raises(ConfigError, match="nobody is expected"):
        _holds(model, expected)


def test_2_an_authority_without_an_identity_is_an_error(model: Path) -> None:
    with pytest.raises(ConfigError, match="name the identity"):
        _holds(model, Expected(authorities=VOUCHED.authorities))


def test_3_an_expired_certificate_signs_nothing(model: Path) -> None:
    signing.sign(str(model), ROOT.signer(days=(-965, -600)), Writing(force=True))
    with pytest.raises(TrustError, match="expired on"):
        _holds(model, VOUCHED)


@pytest.mark.parametrize(
    "name", [".git/hooks/post-checkout", ".github/x.py", ".gitattributes", ".gitignore", ".cache/x"]
)
def test_4_files_of_git_and_hidden_files_are_covered(model: Path, name: str) -> None:
    (model / name).parent.mkdir(parents=True, exist_ok=True)
    (model / name).write_bytes(b"added later")
    with pytest.raises(TrustError, match=f"'{name}' was not signed"):
        _holds(model)


@pytest.mark.parametrize(
    ("added", "hint"),
    [
        ([".cache/x"], "; if a program keeps .cache there for itself: --ignore /.cache leaves that out"),
        (
            [".cache/x", ".git/new"],
            "; if a program keeps .cache and .git there for itself: --ignore /.cache --ignore /.git",
        ),
        ([".cache/x", "code.py"], None),
        ([".cached/x"], None),
        (["folder/.git/x"], None),
    ],
)
def test_4_what_to_do_is_told_where_nothing_is_amiss_but_what_programs_keep(
    model: Path, added: list[str], hint: str | None
) -> None:
    for name in added:
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_bytes(b"added later")
    with pytest.raises(TrustError) as refused:
        _holds(model)
    said = str(refused.value)
    assert hint in said if hint else "--ignore" not in said


def test_4_a_changed_file_of_git_is_told(model: Path) -> None:
    (model / ".git/config").write_bytes(b"[core]\n fsmonitor = evil")
    with pytest.raises(TrustError, match=r"'\.git/config' was changed"):
        _holds(model)


def test_4_what_may_be_missing_is_for_the_verifier_to_say(model: Path) -> None:
    (model / ".git/config").write_bytes(b"changed")
    verified = _holds(model, ignore=("/.git",))
    assert verified.ignored == (".git/config",)
    assert len(verified.manifest.entries) == 4


def test_5_a_linked_folder_of_unsigned_code_is_refused(model: Path, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/evil.py").write_bytes(b"print()")
    os.symlink(tmp_path / "code", model / "code")
    with pytest.raises(TrustError, match=r"'code' \(a link"):
        _holds(model)
    with pytest.raises(TrustError, match=r"'code/evil\.py' was not signed"):
        _holds(model, hashing=Hashing(follow_links=True))


def test_5_a_snapshot_of_links_is_what_its_files_are(model: Path, tmp_path: Path) -> None:
    """The cache of a hub has its files elsewhere, under their digests."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshot"
    blobs.mkdir()
    for entry in hash_artifact(model).entries:
        (blobs / entry.sha256).write_bytes((model / entry.path).read_bytes())
        (snapshot / entry.path).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(blobs / entry.sha256, snapshot / entry.path)
    (snapshot / "model.sig").write_bytes((model / "model.sig").read_bytes())
    assert _holds(snapshot, hashing=Hashing(follow_links=True)).manifest == _holds(model).manifest
    with pytest.raises(TrustError, match="a link"):
        _holds(snapshot)


def test_6_names_are_signed(model: Path) -> None:
    os.rename(model / "weights.safetensors", model / "weights.pkl")
    with pytest.raises(TrustError, match=r"'weights\.safetensors' is called 'weights\.pkl'"):
        _holds(model)


def test_6_swapped_names_are_told(model: Path) -> None:
    os.rename(model / "shards/1.bin", model / "x")
    os.rename(model / "shards/2.bin", model / "shards/1.bin")
    os.rename(model / "x", model / "shards/2.bin")
    with pytest.raises(TrustError, match=r"'shards/1\.bin' was changed, 'shards/2\.bin' was changed"):
        _holds(model)


def test_6_the_name_of_a_single_file_is_signed(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"print()")
    signing.sign(str(tmp_path / "notes.txt"), SIGNER)
    os.rename(tmp_path / "notes.txt", tmp_path / "modeling_x.py")
    os.rename(tmp_path / "notes.txt.sig", tmp_path / "modeling_x.py.sig")
    with pytest.raises(TrustError, match=r"'notes\.txt' is called 'modeling_x\.py'"):
        _holds(tmp_path / "modeling_x.py")


def test_6_a_signature_over_a_folder_is_none_over_its_only_file_and_the_other_way_round(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_bytes(b"a")
    signing.sign(str(folder), SIGNER)
    with pytest.raises(TrustError, match="a folder was signed"):
        _holds(folder / "a", signature=str(folder / "model.sig"))
    signing.sign(str(folder / "a"), SIGNER, Writing(output=str(tmp_path / "a.sig")))
    with pytest.raises(TrustError, match="a file was signed"):
        _holds(folder, signature=str(tmp_path / "a.sig"))


def test_7_empty_files_are_signed(model: Path) -> None:
    (model / "__init__.py").write_bytes(b"")
    signing.sign(str(model), SIGNER, Writing(force=True))
    os.rename(model / "__init__.py", model / "sitecustomize.py")
    with pytest.raises(TrustError, match=r"'__init__\.py' is missing, 'sitecustomize\.py' was not signed"):
        _holds(model)


def test_8_no_network_is_used(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    _holds(model)
    signing.sign(str(model), ROOT.signer(), Writing(force=True))
    _holds(model, VOUCHED)


@pytest.mark.parametrize("kind", KINDS)
def test_9_every_kind_of_key_signs(tmp_path: Path, kind: str) -> None:
    (tmp_path / "weights.bin").write_bytes(b"w")
    private, public = generate(kind, b"secret")
    signing.sign(str(tmp_path / "weights.bin"), load_signer(private, password=b"secret"))
    assert _holds(tmp_path / "weights.bin", Expected(keys=(public,))).signers[0].kind == public.kind


def test_9_several_must_have_signed_where_that_is_wanted(model: Path) -> None:
    second = KeySigner([key("second", "ec")])
    both = Expected(keys=(SIGNER.key, second.key))
    with pytest.raises(TrustError, match="1 of those expected signed, and 2 are wanted"):
        _holds(model, both, threshold=2)
    signing.add(str(model), second)
    assert len(_holds(model, both, threshold=2).signers) == 2
    assert len(_holds(model, Expected(keys=(second.key,))).signers) == 1


def test_9_one_who_signs_twice_is_one(model: Path) -> None:
    signing.add(str(model), SIGNER)
    with pytest.raises(TrustError, match="1 of those expected signed"):
        _holds(model, Expected(keys=(SIGNER.key, SIGNER.key)), threshold=2)
    # The same key in two certificates, for two names; and with another key beside it.
    one, two = ROOT.signer(private=key("twice")), ROOT.signer("other@example.com", private=key("twice"))
    signing.sign(str(model), one, Writing(force=True))
    signing.add(str(model), two)
    signing.add(str(model), KeySigner([key("twice"), key("mldsa", "mldsa")]))
    keys = (KeySigner([key("twice"), key("mldsa", "mldsa")]).key, one.key)
    expected = Expected(authorities=VOUCHED.authorities, names=(MAIL, "other@example.com"), keys=keys)
    with pytest.raises(TrustError, match="1 of those expected signed"):
        _holds(model, expected, threshold=2)


def test_9_one_who_has_two_certificates_is_one(model: Path) -> None:
    signing.sign(str(model), ROOT.signer(private=key("old one")), Writing(force=True))
    signing.add(str(model), ROOT.signer(private=key("new one")))
    with pytest.raises(TrustError, match="1 of those expected signed"):
        _holds(model, VOUCHED, threshold=2)


def test_10_what_a_partial_download_lacks_is_named_and_can_be_left_out(model: Path) -> None:
    (model / "shards/2.bin").unlink()
    with pytest.raises(TrustError, match=r"the files are not those that were signed: 'shards/2\.bin' is missing$"):
        _holds(model)
    verified = _holds(model, ignore=("shards/2.bin",))
    assert verified.ignored == ("shards/2.bin",)
    assert "shards/2.bin" not in verified.manifest.by_path


def test_10_what_a_download_leaves_behind_is_named_and_can_be_left_out(model: Path) -> None:
    (model / ".cache/huggingface").mkdir(parents=True)
    (model / ".cache/huggingface/x.lock").write_bytes(b"")
    with pytest.raises(TrustError, match=r"'\.cache/huggingface/x\.lock' was not signed"):
        _holds(model)
    assert _holds(model, ignore=("/.cache",)).ignored == (".cache/huggingface/x.lock",)


def test_11_what_one_call_ignores_the_next_does_not(model: Path) -> None:
    (model / "new").write_bytes(b"new")
    checking = Checking(ignore=("new",))
    verifying.verify(str(model), EXPECTED, NOW, checking)
    with pytest.raises(TrustError, match="'new' was not signed"):
        _holds(model)


def test_a_signature_that_covers_nothing_which_is_left_is_refused(model: Path) -> None:
    with pytest.raises(TrustError, match="nothing that was signed is left"):
        _holds(model, ignore=("*",))


def test_an_altered_list_of_files_is_refused(model: Path) -> None:
    read = bundles.read((model / "model.sig").read_bytes())
    (model / "evil.py").write_bytes(b"print()")
    assert not isinstance(read.content, bundles.MessageSignature)
    from weighmaster.model.value import replace

    altered = oms.statement_of(hash_artifact(model), "model", alone=False)
    forged = replace(read, content=replace(read.content, payload=altered))
    (model / "model.sig").write_bytes(bundles.write(forged))
    with pytest.raises(TrustError, match="what it is over was altered"):
        _holds(model)


def test_the_signature_of_another_folder_is_refused(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "evil.py").write_bytes(b"print()")
    (other / "model.sig").write_bytes((model / "model.sig").read_bytes())
    with pytest.raises(TrustError, match=r"'evil\.py' was not signed"):
        _holds(other)


def test_another_key_than_the_one_expected_is_refused(model: Path) -> None:
    other = KeySigner([key("somebody", "ed25519")])
    signing.sign(str(model), other, Writing(force=True))
    with pytest.raises(TrustError, match="no signature by the Ed25519 key"):
        _holds(model)


def test_half_of_a_hybrid_signature_is_none(model: Path) -> None:
    both = KeySigner([key("classical", "ed25519"), key("new", "mldsa")])
    expected = Expected(keys=(both.key,))
    signing.sign(str(model), both, Writing(force=True))
    assert _holds(model, expected).signers[0].kind == "Ed25519 with ML-DSA-65"
    for half in (KeySigner([key("classical", "ed25519")]), KeySigner([key("new", "mldsa")])):
        signing.sign(str(model), half, Writing(force=True))
        with pytest.raises(TrustError, match=r"does not hold|no signature by"):
            _holds(model, expected)


def test_no_signature_is_said_so(model: Path) -> None:
    (model / "model.sig").unlink()
    with pytest.raises(TrustError, match=r"model\.sig: no signature lies there"):
        _holds(model)


class TestEvidence:
    """Evidence smuggles nothing in."""

    def test_a_folder_called_like_evidence_is_covered(self, model: Path) -> None:
        (model / "claims.jsonl").mkdir()
        (model / "claims.jsonl/evil.py").write_bytes(b"print()")
        with pytest.raises(TrustError):
            _holds(model)
        with pytest.raises(TrustError, match=r"'claims\.jsonl/evil\.py' was not signed"):
            _holds(model, signature=str(model / "model.sig"))

    def test_evidence_below_the_top_is_covered(self, model: Path) -> None:
        (model / "shards/model.sig").write_bytes(b"import os")
        with pytest.raises(TrustError, match=r"'shards/model\.sig' was not signed"):
            _holds(model)

    @pytest.mark.parametrize("name", ["Model.sig", "CLAIMS.JSONL"])
    def test_evidence_in_other_letters_is_a_file(self, model: Path, name: str) -> None:
        (model / name).write_bytes(b"import os")
        with pytest.raises(TrustError, match=r"was not signed|take for one"):
            _holds(model)

    def test_a_signature_that_is_a_link_is_refused(self, model: Path, tmp_path: Path) -> None:
        os.rename(model / "model.sig", tmp_path / "elsewhere.sig")
        os.symlink(tmp_path / "elsewhere.sig", model / "model.sig")
        with pytest.raises(TrustError, match="link"):
            _holds(model)

    def test_a_signature_that_is_a_pipe_does_not_block(self, model: Path) -> None:
        (model / "model.sig").unlink()
        os.mkfifo(model / "model.sig")
        with pytest.raises(TrustError, match=r"pipe|no file"):
            _holds(model)

    def test_a_signature_that_is_a_folder_is_refused(self, model: Path) -> None:
        (model / "model.sig").unlink()
        (model / "model.sig").mkdir()
        with pytest.raises(TrustError, match="no file"):
            _holds(model)

    def test_claims_of_other_kinds_are_no_signatures(self, model: Path) -> None:
        payload = statement.statement(hash_artifact(model).subjects(), "urn:weighmaster:scan:v1", {})
        (model / "model.sig").unlink()
        claim = bundles.write(signing.envelop(payload, SIGNER))
        (model / "claims.jsonl").write_bytes(b"junk\n" + claim + b"\n")
        with pytest.raises(TrustError, match="no signature lies there"):
            _holds(model)


class TestWriting:
    """Nothing is written over, and nothing where it would be a file that nobody signed."""

    def test_a_signature_that_is_there_stays(self, model: Path) -> None:
        before = (model / "model.sig").read_bytes()
        with pytest.raises(ConfigError, match="--force"):
            signing.sign(str(model), ROOT.signer())
        assert (model / "model.sig").read_bytes() == before

    def test_a_signature_goes_nowhere_inside_but_to_its_place(self, model: Path) -> None:
        with pytest.raises(ConfigError, match="lies in what is signed"):
            signing.sign(str(model), SIGNER, Writing(output=str(model / "shards/other.sig")))
        signing.sign(str(model), SIGNER, Writing(output=str(model / "model.sig"), force=True))

    def test_a_signature_is_not_what_it_is_over(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"a")
        with pytest.raises(ConfigError, match="is what is signed"):
            signing.sign(str(tmp_path / "a"), SIGNER, Writing(output=str(tmp_path / "a"), force=True))

    def test_an_empty_folder_is_not_signed(self, tmp_path: Path) -> None:
        with pytest.raises(TrustError, match="nothing to sign"):
            signing.sign(str(tmp_path), SIGNER)

    def test_a_folder_with_a_link_is_not_signed(self, model: Path) -> None:
        os.symlink("README.md", model / "link")
        with pytest.raises(TrustError, match=r"'link' \(a link"):
            signing.sign(str(model), SIGNER, Writing(force=True))

    def test_what_is_not_there_is_not_signed(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="no such file"):
            signing.sign(str(tmp_path / "missing"), SIGNER)
        with pytest.raises(ConfigError, match="no such file"):
            _holds(tmp_path / "missing")


def test_the_public_way_in_reads_the_clock_and_files(tmp_path: Path) -> None:
    private, public = generate("ed25519")
    (tmp_path / "private.pem").write_bytes(private)
    (tmp_path / "public.pem").write_bytes(public.pem)
    (tmp_path / "weights.bin").write_bytes(b"w")
    written = weighmaster.sign(tmp_path / "weights.bin", key=tmp_path / "private.pem")
    assert written.path == str(tmp_path / "weights.bin.sig")
    for given in (tmp_path / "public.pem", str(tmp_path / "public.pem"), public, [public]):
        verified = weighmaster.verify(tmp_path / "weights.bin", public_key=given)
        assert verified.manifest == written.manifest
    with pytest.raises(ConfigError, match="nobody is expected"):
        weighmaster.verify(tmp_path / "weights.bin")
    with pytest.raises(TrustError):
        weighmaster.verify(tmp_path / "weights.bin", public_key=generate("ed25519")[1], now=datetime.now(UTC))
