"""Attestations of files of packages (PEP 740): who published a file, and policies that say who may."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.samples.dists import wheel
from tests.sims.index import Index
from tests.trust.authority import NOW, key
from tests.trust.publishing import PublishingSigstore

import weighmaster
from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.package import Attested
from weighmaster.model.verdict import Outcome
from weighmaster.reading.http import Access
from weighmaster.trust.evidence import attestations
from weighmaster.trust.identities import sigstore
from weighmaster.trust.policy import document
from weighmaster.trust.policy.attested import attested
from weighmaster.trust.policy.vetting import Asked

FILE = "acme-1.0-py3-none-any.whl"
DATA = wheel("acme", "1.0", {"acme/__init__.py": ""})
SHA256 = hashlib.sha256(DATA).hexdigest()
SIGSTORE = PublishingSigstore()


@pytest.fixture(autouse=True)
def _library() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of libraries that Sigstore's uses.
        pytest.importorskip("pypi_attestations")
        yield


def told(beside: dict[str, Any], root: bytes = SIGSTORE.root, file: str = FILE, sha256: str = SHA256) -> list[Attested]:
    evidence = {
        name: json.dumps(said).encode() if not isinstance(said, bytes) else said for name, said in beside.items()
    }
    return list(attested([(file, sha256)], evidence.get, lambda: root))


def one(beside: dict[str, Any], **how: Any) -> tuple[str, str]:
    (fact,) = told(beside, **how)
    return fact.state, fact.detail


def test_what_a_publisher_signed_is_said_to_be_theirs() -> None:
    signed = SIGSTORE.attestation(FILE, DATA)
    for beside in ({f"{FILE}.publish.attestation": signed}, {f"{FILE}.provenance": SIGSTORE.provenance(signed)}):
        (fact,) = told(beside)
        assert fact.state == "holds", fact
        assert fact.publisher in {"https://github.com/acme/acme", "github:acme/acme"}
        assert fact.detail == f"signed as {SIGSTORE.name}"


def test_a_file_without_any_is_not_spoken_of() -> None:
    assert told({}) == []
    assert told({"model.bin.provenance": b"x"}, file="model.bin") == []
    # Another archive, with a provenance of another kind.
    assert told({"model.tar.gz.provenance": {"_type": "https://in-toto.io/Statement/v1"}}, file="model.tar.gz") == []


def of_nobody() -> PublishingSigstore:
    """A Sigstore that nobody trusts."""
    other = PublishingSigstore()
    other.authority.key = key("another authority")
    return other


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: SIGSTORE.attestation("other-1.0-py3-none-any.whl", DATA), "it is about other-1.0"),
        (lambda: SIGSTORE.attestation(FILE, b"other bytes"), "it is about other bytes"),
        (lambda: SIGSTORE.attestation(FILE, DATA, kind="https://example.org/x"), "which no index knows"),
        (lambda: SIGSTORE.attestation(FILE, DATA, subject=[]), "it is about nothing"),
        (
            lambda: SIGSTORE.attestation(
                FILE,
                DATA,
                subject=[{"name": FILE, "digest": {"sha256": SHA256}}, {"name": "b", "digest": {"sha256": SHA256}}],
            ),
            "it is about 2 files",
        ),
        (lambda: of_nobody().attestation(FILE, DATA), "Sigstore does not vouch"),
        (lambda: b"{", "cannot be read"),
        (lambda: {"version": 2}, "version: 1 wanted"),
        (lambda: {"version": 1}, "holds no attestation"),
    ],
)
def test_what_does_not_hold_is_said_to_be_broken(made: Any, said: str) -> None:
    state, detail = one({f"{FILE}.publish.attestation": made()})
    assert state == "broken"
    assert said in detail


def test_an_index_that_names_another_publisher_than_the_one_that_signed_is_found_out() -> None:
    signed = SIGSTORE.attestation(FILE, DATA)
    for publisher in ({"repository": "acme/other"}, {"workflow": "other.yml"}, {"repository": "evil/acme"}):
        state, detail = one({f"{FILE}.provenance": SIGSTORE.provenance(signed, **publisher)})
        assert state == "broken", detail
    state, _ = one({f"{FILE}.provenance": SIGSTORE.provenance(signed, kind="GitLab", workflow_filepath="x.yml")})
    assert state == "broken"
    state, detail = one({f"{FILE}.provenance": SIGSTORE.provenance(signed, kind="Other")})
    assert (state, detail) == ("unverified", "publishers of the kind 'other' are not known here")


def test_without_the_library_it_is_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    signed = SIGSTORE.attestation(FILE, DATA)
    monkeypatch.setitem(sys.modules, "pypi_attestations", None)
    state, detail = one({f"{FILE}.provenance": SIGSTORE.provenance(signed)})
    assert state == "unverified"
    assert "weighmaster[sigstore]" in detail


def test_no_byte_of_an_attestation_can_be_changed() -> None:
    signed = json.dumps(SIGSTORE.attestation(FILE, DATA)).encode()
    chance = random.Random(5)
    for _ in range(40):
        at = chance.randrange(len(signed))
        changed = signed[:at] + bytes([signed[at] ^ 1 << chance.randrange(7)]) + signed[at + 1 :]
        (fact,) = told({f"{FILE}.publish.attestation": changed})
        # What nobody signs, such as the order of the log, may be another; then it is still over this file.
        assert fact.state in {"broken", "holds"}, fact


def test_the_library_of_the_index_says_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import pypi_attestations as library
    from sigstore.models import TrustedRoot
    from sigstore.verify import Verifier

    (tmp_path / "root.json").write_bytes(SIGSTORE.root)
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(tmp_path / "root.json")))
    monkeypatch.setattr(Verifier, "production", classmethod(lambda *_, **__: verifier))
    publisher = library.GitHubPublisher(repository="acme/acme", workflow="release.yml")
    dist = library.Distribution(name=FILE, digest=SHA256)
    made = [
        SIGSTORE.attestation(FILE, DATA),
        SIGSTORE.attestation(FILE, b"x"),
        SIGSTORE.attestation("other-1.0-py3-none-any.whl", DATA),
        SIGSTORE.attestation(FILE, DATA, kind="https://example.org/x"),
        PublishingSigstore("evil/acme").attestation(FILE, DATA),
        PublishingSigstore(workflow="other.yml").attestation(FILE, DATA),
        PublishingSigstore(issuer="https://gitlab.com").attestation(FILE, DATA),
    ]
    for said in [*made, *(_swapped(made[0], other) for other in made[1:])]:
        try:
            library.Attestation.model_validate(said).verify(publisher, dist, offline=True)
            wanted = "holds"
        except library.AttestationError:
            wanted = "broken"
        assert one({f"{FILE}.provenance": SIGSTORE.provenance(said)})[0] == wanted


def _swapped(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(first)
    changed["envelope"]["signature"] = second["envelope"]["signature"]
    return changed


def policy(tmp_path: Path, *, workflow: str = "release.yml", more: str = "") -> Asked:
    (tmp_path / "root.json").write_bytes(SIGSTORE.root)
    (tmp_path / "trust.toml").write_text(
        f"""
version = 1
[identities.acme]
sigstore = "root.json"
publisher = "github"
repository = "acme/acme"
workflow = "{workflow}"
{more}
[[rule]]
match = "pkg:pypi/acme"
[rule.roles.publisher]
identities = ["acme"]
predicates = ["publish"]
"""
    )
    return Asked(policy=document.read(str(tmp_path / "trust.toml")), name="pkg:pypi/acme@1.0", now=NOW)


def vet(tmp_path: Path, asked: Asked, beside: dict[str, Any]) -> tuple[Outcome, set[str]]:
    folder = tmp_path / "dist"
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_bytes(DATA)
    for name, said in beside.items():
        (folder / name).write_text(json.dumps(said))
    vetted = weighmaster.vet(folder / FILE, trust=asked)
    return vetted.verdict.outcome, {finding.rule.id for finding in vetted.report.findings}


@pytest.fixture
def _root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigstore, "public_root", lambda: SIGSTORE.root)


@pytest.mark.usefixtures("_root")
def test_a_policy_names_who_may_publish_a_package(tmp_path: Path) -> None:
    signed = SIGSTORE.attestation(FILE, DATA)
    assert vet(tmp_path, policy(tmp_path), {}) == (Outcome.BLOCK, {"unsigned"})
    for beside in ({f"{FILE}.provenance": SIGSTORE.provenance(signed)}, {f"{FILE}.publish.attestation": signed}):
        outcome, found = vet(tmp_path, policy(tmp_path), beside)
        assert (outcome, found) == (Outcome.ALLOW, {"attested", "trusted"})
    outcome, found = vet(tmp_path, policy(tmp_path, workflow="other.yml"), {})
    assert (outcome, found) == (Outcome.BLOCK, {"attested", "signer-not-trusted"})


@pytest.mark.usefixtures("_root")
def test_another_repository_is_not_trusted_though_its_attestation_holds(tmp_path: Path) -> None:
    other = PublishingSigstore("evil/acme")
    signed = other.attestation(FILE, DATA)
    outcome, found = vet(tmp_path, policy(tmp_path), {f"{FILE}.provenance": other.provenance(signed)})
    assert (outcome, found) == (Outcome.BLOCK, {"attested", "signer-not-trusted"})


@pytest.mark.usefixtures("_root")
def test_an_attestation_of_other_bytes_blocks_without_any_policy(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_bytes(DATA)
    (tmp_path / f"{FILE}.publish.attestation").write_text(json.dumps(SIGSTORE.attestation(FILE, b"x")))
    vetted = weighmaster.vet(path)
    assert vetted.verdict.outcome is Outcome.BLOCK
    assert {finding.rule.id for finding in vetted.report.findings} == {"attestation-broken"}
    whole = weighmaster.vet(tmp_path)
    assert "attestation-broken" in {finding.rule.id for finding in whole.report.findings}


@pytest.mark.usefixtures("_root")
def test_an_index_offers_the_attestations_of_what_it_lists(tmp_path: Path) -> None:
    with Index() as index:
        said = json.dumps(SIGSTORE.provenance(SIGSTORE.attestation(FILE, DATA))).encode()
        index.add(FILE, DATA, provenance=said)
        access = Access(indexes=(index.simple,), attempts=1)
        vetted = weighmaster.vet("pypi://acme", access=access)
        assert {f.rule.id for f in vetted.report.findings} == {"attested"}
        asked = policy(tmp_path)
        by_address = Asked(policy=asked.policy, now=NOW)
        vetted = weighmaster.vet("pypi://acme", access=access, trust=by_address, full=True)
        assert {f.rule.id for f in vetted.report.findings} == {"attested", "trusted"}
        index.files[f"/provenance/{FILE}"] = b"{}"
        vetted = weighmaster.vet("pypi://acme", access=access)
        assert {f.rule.id for f in vetted.report.findings} == {"attestation-broken"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('sigstore = "root.json"\npublisher = "gitea"\nrepository = "a/b"\nworkflow = "c"', "publisher"),
        ('sigstore = "root.json"\npublisher = "github"\nrepository = "a/b"', "workflow"),
        ('publisher = "github"\nrepository = "a/b"\nworkflow = "c"', "sigstore"),
        ('sigstore="root.json"\npublisher = "github"\nrepository = "acme/acme"\nworkflow = "release.yml"', "are one"),
        ('sigstore="root.json"\npublisher = "github"\nrepository = "a/b"\nworkflow = "c"\nname = "x"', "name"),
    ],
)
def test_a_publisher_that_a_policy_cannot_mean_is_an_error(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        policy(tmp_path, more=f"[identities.b]\n{more}")


def test_the_public_root_comes_with_the_library(tmp_path: Path) -> None:
    assert b"trustedroot" in sigstore.public_root()
    text = '[identities.b]\nsigstore = "public"\npublisher = "github"\nrepository = "a/b"\nworkflow = "c"'
    asked = policy(tmp_path, more=text)
    assert asked.policy is not None
    assert asked.policy.parties["b"].expected.sigstore == sigstore.public_root()


def test_whatever_is_broken_is_refused() -> None:
    whole = SIGSTORE.provenance(SIGSTORE.attestation(FILE, DATA))
    for broken in _broken(whole):
        raw = json.dumps(broken).encode()
        try:
            list(attestations.read(raw, f"{FILE}.provenance"))
        except TrustError:
            continue


def _broken(value: Any) -> Iterator[Any]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for at, inner in items:
        for other in (None, True, -1, "", [], {}, [1], [{}], {"a": 1}, *_broken(inner)):
            changed = copy.copy(value)
            changed[at] = other
            yield changed
