"""OpenSSF Model Signing: what we write the reference implementation verifies, and what it writes we do."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.trust.authority import MAIL, NOW, Authority, der, key, pem, private_pem

from weighmaster.model.errors import TrustError
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence import statement
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.evidence.envelope import Envelope
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.identities.verify import Expected
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.signing import oms, signing, verifying
from weighmaster.trust.signing.verifying import Checking

KEYS = ["ec", "p384", "p521"]


@pytest.fixture(scope="module")
def theirs() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of libraries that the reference implementation uses.
        yield pytest.importorskip("model_signing")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    for name, data in {
        "a.b": b"1" * 10,
        "a/b": b"22",
        "a/c/d": b"333",
        "config.json": b"{}",
        "empty": b"",
        "name with ümlaut": b"4",
        ".git/config": b"5",
        ".gitattributes": b"6",
        ".github/workflows/x.yml": b"7",
        ".gitignore": b"8",
        ".hidden": b"9",
        "sub/.git/config": b"10",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[str], tuple[Path, Path, KeySigner, Expected]]:
    def made(kind: str) -> tuple[Path, Path, KeySigner, Expected]:
        signer = KeySigner([key("interop", kind)])
        (tmp_path / "private.pem").write_bytes(private_pem(key("interop", kind)))
        (tmp_path / "public.pem").write_bytes(signer.key.pem)
        return tmp_path / "private.pem", tmp_path / "public.pem", signer, Expected(keys=(signer.key,))

    return made


@pytest.mark.parametrize("kind", KEYS)
def test_they_verify_a_folder_that_we_signed_git_included(theirs: Any, model: Path, keys: Any, kind: str) -> None:
    _, public, signer, expected = keys(kind)
    signing.sign(str(model), signer)
    assert len(verifying.verify(str(model), expected, NOW).manifest.entries) == 12
    config = theirs.verifying.Config().use_elliptic_key_verifier(public_key=public)
    config.verify(model, model / "model.sig")
    (model / "config.json").write_bytes(b"[]")
    with pytest.raises(ValueError, match=r"Hash mismatch for 'config\.json'"):
        theirs.verifying.Config().use_elliptic_key_verifier(public_key=public).verify(model, model / "model.sig")


def test_they_verify_beside_claims(theirs: Any, model: Path, keys: Any) -> None:
    _, public, signer, expected = keys("ec")
    signing.sign(str(model), signer)
    signing.add(str(model), KeySigner([key("second", "ed25519")]))
    verifying.verify(str(model), expected, NOW)
    theirs.verifying.Config().use_elliptic_key_verifier(public_key=public).verify(model, model / "model.sig")


def test_they_verify_on_their_command_line(theirs: Any, model: Path, keys: Any) -> None:
    del theirs
    from click.testing import CliRunner
    from model_signing._cli import main

    _, public, signer, _ = keys("ec")
    signing.sign(str(model), signer)
    words = ["verify", "key", str(model), "--signature", str(model / "model.sig"), "--public_key", str(public)]
    for more in ([], ["--no-ignore-git-paths"]):
        result = CliRunner().invoke(main, [*words, *more])
        assert result.exit_code == 0, result.output


def test_they_verify_one_file_that_we_signed(theirs: Any, tmp_path: Path, keys: Any) -> None:
    _, public, signer, expected = keys("ec")
    wheel = tmp_path / "package-1.0-py3-none-any.whl"
    wheel.write_bytes(b"PK")
    written = signing.sign(str(wheel), signer)
    assert written.path == f"{wheel}.sig"
    verifying.verify(str(wheel), expected, NOW)
    theirs.verifying.Config().use_elliptic_key_verifier(public_key=public).verify(wheel, Path(written.path))


def test_they_verify_what_we_signed_with_a_certificate(theirs: Any, tmp_path: Path, model: Path) -> None:
    # Theirs looks at the system's clock.
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    far = (-3000, 3000)
    root = Authority("Interop Root", days=far)
    signer = root.signer(days=far)
    (tmp_path / "root.pem").write_bytes(pem(root.certificate))
    signing.sign(str(model), signer)
    config = theirs.verifying.Config().use_certificate_verifier(certificate_chain=[tmp_path / "root.pem"])
    config.verify(model, model / "model.sig")
    verifying.verify(str(model), Expected(authorities=(der(root.certificate),), names=(MAIL,)), now)


def test_the_first_part_of_a_hybrid_key_is_what_they_verify(theirs: Any, model: Path, keys: Any) -> None:
    _, public, first, _ = keys("ec")
    both = KeySigner([key("interop", "ec"), key("interop", "mldsa")])
    signing.sign(str(model), both)
    theirs.verifying.Config().use_elliptic_key_verifier(public_key=public).verify(model, model / "model.sig")
    verifying.verify(str(model), Expected(keys=(both.key,)), NOW)
    verifying.verify(str(model), Expected(keys=(first.key,)), NOW)


METHODS: list[Callable[[Any], Any]] = [
    lambda theirs: theirs.hashing.Config(),
    lambda theirs: theirs.hashing.Config().use_file_serialization(hashing_algorithm="blake2"),
    lambda theirs: theirs.hashing.Config().use_file_serialization(hashing_algorithm="blake3"),
]


@pytest.mark.parametrize("method", METHODS)
def test_we_verify_what_they_signed(theirs: Any, model: Path, keys: Any, method: Callable[[Any], Any]) -> None:
    private, _, _, expected = keys("ec")
    hashing = method(theirs).set_ignored_paths(paths=[model / "model.sig"], ignore_git_paths=False)
    config = theirs.signing.Config().use_elliptic_key_signer(private_key=private).set_hashing_config(hashing)
    config.sign(model, model / "model.sig")
    assert len(verifying.verify(str(model), expected, NOW).manifest.entries) == 12
    (model / "a/b").write_bytes(b"23")
    (model / "added").write_bytes(b"")
    (model / "a/c/d").unlink()
    with pytest.raises(TrustError, match="'a/b' was changed, 'a/c/d' is missing, 'added' was not signed"):
        verifying.verify(str(model), expected, NOW)


@pytest.mark.parametrize("algorithm", ["sha256", "blake2"])
def test_we_verify_what_they_signed_in_shards(theirs: Any, model: Path, keys: Any, algorithm: str) -> None:
    private, _, _, expected = keys("ec")
    hashing = theirs.hashing.Config().use_shard_serialization(hashing_algorithm=algorithm, shard_size=3)
    hashing.set_ignored_paths(paths=[model / "model.sig"], ignore_git_paths=False)
    config = theirs.signing.Config().use_elliptic_key_signer(private_key=private).set_hashing_config(hashing)
    config.sign(model, model / "model.sig")
    with pytest.raises(TrustError, match="'empty' was not signed"):
        verifying.verify(str(model), expected, NOW)
    (model / "empty").unlink()
    assert len(verifying.verify(str(model), expected, NOW).manifest.entries) == 11
    (model / "a.b").write_bytes(b"1" * 9)  # Cut at the end of a shard.
    with pytest.raises(TrustError, match=r"'a\.b' was changed"):
        verifying.verify(str(model), expected, NOW)
    (model / "a.b").write_bytes(b"1" * 11)
    with pytest.raises(TrustError, match=r"'a\.b' was changed"):
        verifying.verify(str(model), expected, NOW)


def test_what_they_leave_out_is_refused_unless_the_verifier_leaves_it_out(theirs: Any, model: Path, keys: Any) -> None:
    private, _, _, expected = keys("ec")
    hashing = theirs.hashing.Config().set_ignored_paths(paths=["model.sig", "a"])
    config = theirs.signing.Config().use_elliptic_key_signer(private_key=private).set_hashing_config(hashing)
    config.sign(model, model / "model.sig")
    with pytest.raises(TrustError, match=r"'a/b' was not signed.*left out \.git, .*, a: --ignore"):
        verifying.verify(str(model), expected, NOW)
    globs = ("/.git", "/.github", "/.gitignore", "/.gitattributes", "a")
    verified = verifying.verify(str(model), expected, NOW, Checking(ignore=globs))
    assert len(verified.manifest.entries) == 6
    assert verified.ignored == (
        ".git/config",
        ".gitattributes",
        ".github/workflows/x.yml",
        ".gitignore",
        "a/b",
        "a/c/d",
    )


def test_we_verify_one_file_that_they_signed(theirs: Any, tmp_path: Path, keys: Any) -> None:
    private, _, _, expected = keys("ec")
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"\x00" * 100)
    config = theirs.signing.Config().use_elliptic_key_signer(private_key=private)
    config.sign(weights, tmp_path / "weights.bin.sig")
    verifying.verify(str(weights), expected, NOW)


def test_we_verify_what_they_signed_with_a_certificate(theirs: Any, tmp_path: Path, model: Path) -> None:
    root = Authority("Interop Root")
    middle = Authority("Interop Teams", root)
    certificate = middle.issue(MAIL, private=key("interop"))
    (tmp_path / "private.pem").write_bytes(private_pem(key("interop")))
    (tmp_path / "signer.pem").write_bytes(pem(certificate))
    (tmp_path / "chain.pem").write_bytes(pem(middle.certificate) + pem(root.certificate))
    config = theirs.signing.Config().use_certificate_signer(
        private_key=tmp_path / "private.pem",
        signing_certificate=tmp_path / "signer.pem",
        certificate_chain=[tmp_path / "chain.pem"],
    )
    hashing = theirs.hashing.Config().set_ignored_paths(paths=["model.sig"], ignore_git_paths=False)
    config.set_hashing_config(hashing).sign(model, model / "model.sig")
    expected = Expected(authorities=(der(root.certificate),), names=(MAIL,))
    verifying.verify(str(model), expected, NOW)
    with pytest.raises(TrustError, match="is expected"):
        verifying.verify(str(model), Expected(authorities=(der(root.certificate),), names=("x@y.z",)), NOW)


def test_our_statement_is_theirs_but_for_what_they_leave_out(theirs: Any, model: Path) -> None:
    manifest = hash_artifact(model)
    ours = json.loads(oms.statement_of(manifest, "model", alone=False))
    made = theirs.hashing.Config().hash(model)
    from model_signing._signing.signing import Payload

    from google.protobuf import json_format  # isort: skip

    their = json.loads(json_format.MessageToJson(Payload(made).statement.pb))
    assert ours["subject"] == their["subject"]
    assert ours["predicate"]["resources"] == their["predicate"]["resources"]
    assert ours["predicateType"] == their["predicateType"]


def _statement(**predicate: Any) -> Callable[[list[tuple[str, str]]], statement.Statement]:
    import hashlib

    def made(resources: list[tuple[str, str]]) -> statement.Statement:
        listed = [{"name": name, "algorithm": "sha256", "digest": digest} for name, digest in resources]
        root = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in resources)).hexdigest()
        said = {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
            "resources": listed,
            **predicate,
        }
        subject = {"name": "model", "digest": {"sha256": root}}
        payload = statement.statement([subject], oms.PREDICATE_TYPE, said)
        envelope = Envelope(payload=payload, payload_type="application/vnd.in-toto+json", signatures=())
        return statement.read(envelope)

    return made


A, B = "aa" * 32, "bb" * 32


def test_what_is_listed_is_read() -> None:
    read = oms.contents(_statement()([("a", A), ("b/c", B)]))
    assert {name: parts[0].digest for name, parts in read.files.items()} == {"a": A, "b/c": B}


@pytest.mark.parametrize(
    ("resources", "why"),
    [
        ([], "lists no file"),
        ([("a", A), ("a", B)], "listed twice"),
        ([("a", A), ("A", B)], "take for one"),
        ([("../a", A)], "no path inside"),
        ([("/etc/passwd", A)], "no path inside"),
        ([("a//b", A)], "no path inside"),
        ([("", A)], "no path inside"),
        ([(".", A), ("b", B)], "no path inside"),
        ([("a\x00b", A)], "no path inside"),
        ([("a", A), ("a/b", B)], "the f"),
        ([("model.sig", A)], "lists evidence"),
        ([("claims.jsonl", A)], "lists evidence"),
        ([("a", "AA" * 32)], "lower|is none"),
        ([("a", "aa" * 20)], "is none"),
    ],
)
def test_a_list_that_could_be_read_in_two_ways_is_refused(resources: list[tuple[str, str]], why: str) -> None:
    with pytest.raises(TrustError, match=why):
        oms.contents(_statement()(resources))


@pytest.mark.parametrize(
    ("serialization", "why"),
    [
        ({"method": "files", "hash_type": "md5"}, "'md5' is not known"),
        ({"method": "tensors", "hash_type": "sha256"}, "'tensors' is not known"),
        ({"method": "files", "hash_type": "blake3"}, "by blake3 wanted"),
        ({"method": "shards", "hash_type": "sha256"}, "shard_size"),
        ({"method": "shards", "hash_type": "sha256", "shard_size": True}, "shard_size"),
        ({"method": "shards", "hash_type": "sha256", "shard_size": 0}, "shard_size"),
        ({"method": "shards", "hash_type": "sha256", "shard_size": 5.5}, "shard_size"),
        ({"method": "shards", "hash_type": "sha256", "shard_size": 5.0}, "part of a file"),
        ({"method": "files", "hash_type": "sha256", "ignore_paths": [3]}, "ignore_paths"),
        ({}, "hash_type"),
    ],
)
def test_a_way_of_hashing_that_is_not_known_is_refused(serialization: dict[str, Any], why: str) -> None:
    with pytest.raises(TrustError, match=why):
        oms.contents(_statement(serialization=serialization)([("a", A)]))


def test_shards_that_make_no_file_are_refused() -> None:
    import hashlib

    def read(*names: str) -> None:
        listed = [{"name": name, "algorithm": "sha256-sharded-4", "digest": A} for name in names]
        root = hashlib.sha256(bytes.fromhex(A) * len(names)).hexdigest()
        predicate = {
            "serialization": {"method": "shards", "hash_type": "sha256", "shard_size": 4},
            "resources": listed,
        }
        subject = {"name": "model", "digest": {"sha256": root}}
        payload = statement.statement([subject], oms.PREDICATE_TYPE, predicate)
        envelope = Envelope(payload=payload, payload_type="application/vnd.in-toto+json", signatures=())
        oms.contents(statement.read(envelope))

    read("a:0:4", "a:4:8", "a:8:9", "b:0:1", "c:d:0:4")
    for names in (["a:0:4", "a:8:12"], ["a:4:8"], ["a:0:0"], ["a:0:5"], ["a:0:3", "a:4:8"], ["a:0:4", "a:0:4"]):
        with pytest.raises(TrustError, match=r"parts?\b"):
            read(*names)


def test_the_root_digest_is_checked_and_never_enough() -> None:
    made = _statement()([("a", A), ("b", B)])
    wrong = json.loads(made.raw)
    wrong["subject"][0]["digest"]["sha256"] = A
    envelope = Envelope(payload=json.dumps(wrong).encode(), payload_type="application/vnd.in-toto+json", signatures=())
    with pytest.raises(TrustError, match="not that of the resources"):
        oms.contents(statement.read(envelope))
    swapped = _statement()([("b", A), ("a", B)])
    assert swapped.subjects[0].digest("sha256") == made.subjects[0].digest("sha256")
    assert oms.contents(swapped).files != oms.contents(made).files


def test_a_signature_of_version_0_2_is_read(model: Path, keys: Any) -> None:
    _, _, signer, expected = keys("ec")
    subjects = [{"name": entry.path, "digest": {"sha256": entry.sha256}} for entry in hash_artifact(model).entries]
    bundle = signing.envelop(statement.statement(subjects, oms.OLD_PREDICATE_TYPE, {}), signer)
    (model / "model.sig").write_bytes(bundles.write(bundle))
    verifying.verify(str(model), expected, NOW)
    (model / "new").write_bytes(b"")
    with pytest.raises(TrustError, match="'new' was not signed"):
        verifying.verify(str(model), expected, NOW)


def test_a_statement_of_something_else_is_no_signature(model: Path, keys: Any) -> None:
    _, _, signer, expected = keys("ec")
    payload = statement.statement(hash_artifact(model).subjects(), "urn:weighmaster:scan:v1", {})
    bundle: Bundle = signing.envelop(payload, signer)
    (model / "model.sig").write_bytes(bundles.write(bundle))
    with pytest.raises(TrustError, match="a signature states"):
        verifying.verify(str(model), expected, NOW)
