"""What an attacker lays beside a model, or makes of it: nothing of it may let in what was to be refused.

Who can write to a folder can take evidence away. What is added there by others, though, must not take away what the
evidence says, unless it says no.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import tempfile
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.trust import authority
from tests.trust.claims_made import DAY, FREE, NOW, claim, expects, heard, model, released, signer
from tests.trust.policed import FILES, assessed, evidence, manifest, oms, policy, role, rule, scanned
from tests.trust.test_logged import ORIGIN, log_of

import weighmaster
from weighmaster.fronts.cli.main import main
from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import replace
from weighmaster.trust import strict
from weighmaster.trust.claims import attest
from weighmaster.trust.claims.claims import Standing, Wanted, judge, missing
from weighmaster.trust.claims.logged import held_to, proven
from weighmaster.trust.evidence import bundle, claimsfile
from weighmaster.trust.evidence import statement as statements
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.identities import verify as verification
from weighmaster.trust.identities.generate import generate
from weighmaster.trust.identities.keys import load_signer
from weighmaster.trust.identities.revocation import Revocation
from weighmaster.trust.identities.verify import CertificateIdentity, Expected, Signed, SigstoreIdentity
from weighmaster.trust.log.note import VerifierKey
from weighmaster.trust.log.proof import prove
from weighmaster.trust.manifests.manifest import Entry, Manifest
from weighmaster.trust.policy.assess import Kind, assess
from weighmaster.trust.policy.bundles import MOST
from weighmaster.trust.policy.document import read as read_policy
from weighmaster.trust.recall.matching import SignedBy
from weighmaster.trust.recall.named import named_by
from weighmaster.trust.signing import covering, door
from weighmaster.trust.signing.oms import Contents, Part

ALL = manifest()
PUBLISHER = role("publisher", ["alice"], predicates=["signature"])


def spelled_otherwise(made: Bundle) -> bytes:
    """The same bundle with a blank more: another line, which anyone can write, with the same signature."""
    return bundle.write(made).replace(b"{", b"{ ", 1)


# A policy of trust.


def test_a_denied_key_of_several_parts_is_denied_by_its_id(tmp_path: Path) -> None:
    private, public = generate("hybrid")
    by = load_signer(private)
    (tmp_path / "both.pem").write_bytes(public.pem)
    deny = f'[[deny]]\nkey = "{public.keyid}"\nreason = "lost"\n'
    text = 'version = 1\n[keys.both]\npublic_key = "both.pem"\n' + rule(
        role("publisher", ["both"], predicates=["signature"])
    )
    (tmp_path / "trust.toml").write_text(text)
    (tmp_path / "deny.toml").write_text(text + deny)
    signed = attest.signed(oms(ALL).content.payload, by)  # type: ignore[union-attr]
    assert assessed(read_policy(str(tmp_path / "trust.toml")), signature=signed).holds
    found = assessed(read_policy(str(tmp_path / "deny.toml")), signature=signed)
    assert [lack.kind for lack in found.lacks] == [Kind.DENIED]


@pytest.mark.parametrize("mode", ["warn", "audit"])
def test_a_denied_tree_is_refused_in_every_mode_signed_or_not(tmp_path: Path, mode: str) -> None:
    deny = f'[[deny]]\nsha256 = "{ALL.tree}"\nreason = "recalled"\n'
    held = policy(tmp_path, deny + rule(PUBLISHER, mode=mode))
    assert not assessed(held).allows
    assert not assessed(held, signature=oms(ALL)).allows


@pytest.mark.parametrize("digest", [ALL.tree, ALL.entries[0].sha256])
def test_denied_bytes_are_refused_even_where_no_rule_is_for_them(tmp_path: Path, digest: str) -> None:
    held = policy(tmp_path, f'default = "audit"\n[[deny]]\nsha256 = "{digest}"\nreason = "recalled"\n', ())
    found = assessed(held)
    assert {lack.kind for lack in found.lacks} == {Kind.NO_RULE, Kind.DENIED}
    assert not found.allows


def _logged_policy(folder: Path) -> Any:
    key = VerifierKey.of(ORIGIN, signer("log").key)
    logs = f'[logs.main]\npublic_key = "{key}"\n'
    return policy(folder, logs + rule(role("gate", ["alice"], predicates=["scan"]), require='log = "main"'))


def test_a_copy_of_a_logged_claim_in_another_spelling_does_not_take_its_place(tmp_path: Path) -> None:
    held, made = _logged_policy(tmp_path), scanned(ALL)
    proofs = prove(log_of(tmp_path / "log", made), 0).json()
    lines = [bundle.write(made), spelled_otherwise(made)]
    files = {name: (len(data), ALL.by_path[name].sha256) for name, data in FILES.items()}
    for order in (lines, lines[::-1]):
        there = {"claims.jsonl": b"\n".join(order)}
        assert assess(files, there, held, NOW, proofs=proofs).holds


def test_a_copy_whose_timestamp_was_taken_away_does_not_take_its_place(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clock = authority.Clock(tmp_path_factory.mktemp("clock"))
    (tmp_path / "tsa.pem").write_bytes(authority.pem(clock.root.certificate))
    gate = rule(role("gate", ["alice"], predicates=["scan"]), require="timestamp = true")
    held, bare = policy(tmp_path, f'[timestamps.tsa]\nroots = "tsa.pem"\n{gate}'), scanned(ALL)
    stamped = replace(bare, timestamps=(clock.say(bare.content.signatures[0].sig, NOW - DAY / 2),))  # type: ignore[union-attr]
    assert assessed(held, stamped).holds
    assert assessed(held, stamped, bare).holds
    assert assessed(held, bare, stamped).holds


def test_a_no_of_the_same_moment_is_a_no(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("gate", ["alice"], predicates=["scan"])))
    for pair in ((scanned(ALL), scanned(ALL, "block")), (scanned(ALL, "block"), scanned(ALL))):
        assert {lack.kind for lack in assessed(held, *pair).lacks} == {Kind.SAYS_NO}


def test_many_claims_of_others_hide_no_signature(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(PUBLISHER))
    line = bundle.write(claim(ALL, by="mallory"))
    there = evidence(signature=oms(ALL)) | {
        "claims.jsonl": b"\n".join(line.replace(b"{", b"{" + b" " * count, 1) for count in range(MOST + 1))
    }
    files = {name: (len(data), ALL.by_path[name].sha256) for name, data in FILES.items()}
    assert assess(files, there, held, NOW).holds


def test_a_later_release_by_a_denied_signer_takes_nothing_back(tmp_path: Path) -> None:
    deny = '[[deny]]\nidentity = "bob"\nreason = "stolen"\n'
    both = role("publisher", ["alice", "bob"], predicates=["release"])
    later = released(manifest({"other": b"1"}), 9, by="bob")
    found = assessed(policy(tmp_path / "trusts", rule(both)), released(ALL, 1), later)
    assert {lack.kind for lack in found.lacks} == {Kind.OTHER_RELEASE}
    assert assessed(policy(tmp_path / "denies", deny + rule(both)), released(ALL, 1), later).holds


def test_two_certificates_of_two_authorities_for_one_name_are_one_signer(tmp_path: Path) -> None:
    roots = [authority.Authority("First Root"), authority.Authority("Second Root")]
    text = "version = 1\n"
    for number, root in enumerate(roots):
        (tmp_path / f"{number}.pem").write_bytes(authority.pem(root.certificate))
        text += f'[authorities.a{number}]\nroots = "{number}.pem"\n'
        text += f'[identities.i{number}]\nauthority = "a{number}"\nname = "{authority.MAIL}"\n'
    signed = [
        attest.signed(oms(ALL).content.payload, root.signer(private=authority.key(f"of {root.name}")))  # type: ignore[union-attr]
        for root in roots
    ]
    for threshold in (1, 2):
        (tmp_path / "trust.toml").write_text(
            text + rule(role("publisher", ["i0", "i1"], threshold, predicates=["signature"]))
        )
        assert assessed(read_policy(str(tmp_path / "trust.toml")), *signed).holds is (threshold == 1)


def test_what_is_ignored_may_change_after_a_claim_was_made(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("gate", ["alice"], predicates=["scan"]), more='ignore = [".git", "*.md"]'))
    made = scanned(manifest({**FILES, ".git/HEAD": b"main", "README.md": b"old"}))
    assert assessed(held, made, files={**FILES, ".git/HEAD": b"other", ".git/more": b"1"}).holds
    for files in ({**FILES, "evil.py": b""}, {**FILES, "config.json": b"[]"}, {"config.json": FILES["config.json"]}):
        assert not assessed(held, made, files=files).holds
        assert not assessed(held, made, files={**files, ".git/HEAD": b"main", "README.md": b"old"}).holds


# Signers.


def test_one_name_that_two_authorities_vouch_for_is_one_signer() -> None:
    made = oms(ALL)
    first, second = (
        Signed(
            by=CertificateIdentity(name=authority.MAIL, issuer=issuer, serial="1"),
            at=None,
            bundle=made,
            keys=(issuer,),
        )
        for issuer in ("a", "b")
    )
    third = replace(first, by=SigstoreIdentity(name=authority.MAIL, issuer="https://accounts.example"), keys=("c",))
    assert len(verification.distinct([first, second, third])) == 1


def test_a_revoked_certificate_is_met_beside_its_key() -> None:
    root = authority.Authority("Example Root")
    by = root.signer()
    made = attest.signed(oms(ALL).content.payload, by)  # type: ignore[union-attr]
    expected = Expected(authorities=(authority.der(root.certificate),), names=(authority.MAIL,))
    assert verification.verify(made, expected, authority.NOW).at is None
    for id in (hashlib.sha256(by.certificates[0]).hexdigest().upper(), by.key.keyid):
        with pytest.raises(TrustError, match="was revoked"):
            verification.verify(made, replace(expected, revoked=(Revocation(id=id),)), authority.NOW)


def _of_an_odd_version(der: bytes) -> bytes:
    return der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x12")


def test_certificates_of_no_version_break_nothing(tmp_path: Path) -> None:
    root, clock = authority.Authority("Example Root"), authority.Clock(tmp_path)
    made = attest.signed(oms(ALL).content.payload, root.signer())  # type: ignore[union-attr]
    stamp = clock.say(made.content.signatures[0].sig, authority.NOW - DAY)  # type: ignore[union-attr]
    expected = Expected(
        authorities=(authority.der(root.certificate),),
        names=(authority.MAIL,),
        timestamp_authorities=(authority.der(clock.root.certificate),),
        needs_timestamp=True,
    )
    assert verification.verify(replace(made, timestamps=(stamp,)), expected, authority.NOW).at
    with pytest.raises(TrustError, match="no trusted time"):
        verification.verify(replace(made, timestamps=(_of_an_odd_version(stamp),)), expected, authority.NOW)
    odd = replace(made, certificates=tuple(map(_of_an_odd_version, made.certificates)))
    with pytest.raises(TrustError, match="cannot be read"):
        verification.verify(odd, expected, authority.NOW)
    assert SignedBy.claimed(odd).names == ()


def test_a_recalled_key_of_several_parts_is_met_by_what_it_signed(tmp_path: Path) -> None:
    private, public = generate("hybrid")
    for name, data in (("private.pem", private), ("public.pem", public.pem)):
        (tmp_path / name).write_bytes(data)
    model(tmp_path / "model")
    door.sign(tmp_path / "model", key=tmp_path / "private.pem")
    recalls = str(tmp_path / "recall.json")
    key = str(tmp_path / "public.pem")
    assert main(["recall", "add", recalls, "--public-key", key, "--reason", "lost"]) == 0
    assert main(["recall", "check", str(tmp_path / "model"), "--list", recalls]) == 1
    text = f'version = 1\n[keys.it]\npublic_key = "{key}"\n' + rule(role("publisher", ["it"], predicates=["signature"]))
    (tmp_path / "trust.toml").write_text(text)
    verify = ["verify", str(tmp_path / "model"), "--policy", str(tmp_path / "trust.toml"), "-q"]
    assert (main(verify), main([*verify, "--recall", recalls])) == (0, 1)


# Claims, and the log.


def test_a_copy_of_a_claim_in_another_spelling_is_the_same_claim_to_a_log(tmp_path: Path) -> None:
    here = model(tmp_path / "model")
    made = claim(here), released(here, 1)
    copies = [spelled_otherwise(one) for one in made]
    log = log_of(tmp_path / "log", *made)
    found, cut = held_to(heard(tmp_path / "c", here, *made, *copies), here.tree, log)
    assert not missing(found, ["urn:weighmaster:release:v1", FREE])
    assert (found[0].standing, found[1].standing, cut) == (Standing.HOLDS, Standing.HOLDS, ())


def test_what_is_added_to_the_proofs_takes_none_away(tmp_path: Path) -> None:
    here = model(tmp_path / "model")
    made = released(here, 1)
    key = VerifierKey.of(ORIGIN, signer("log").key)
    good = prove(log_of(tmp_path / "log", made), 0)
    bad = replace(good, index=1).json()
    said = heard(tmp_path / "c", here, made)
    for lines in ([good.json(), bad], [bad, good.json()], [b"{}", good.json()], [good.json(), b"\xff"]):
        assert [one.standing for one in proven(said, b"\n".join(lines), [key])] == ["holds"]
    assert [one.standing for one in proven(said, bad, [key])] == [Standing.NOT_LOGGED]


def test_a_test_that_failed_is_no_warning(tmp_path: Path) -> None:
    here = model(tmp_path / "model")
    predicate = {"result": "WARNED", "configuration": [], "failedTests": ["safety"]}
    type = "https://in-toto.io/attestation/test-result/v0.1"
    with pytest.raises(TrustError, match="some failed"):
        claim(here, type, predicate)


# Files.


def snapshot(folder: Path) -> Path:
    """A signed model as the cache of a hub has it: every file is a link to a blob."""
    private, public = generate("ed25519")
    (folder / "private.pem").write_bytes(private)
    (folder / "public.pem").write_bytes(public.pem)
    model(folder / "real")
    door.sign(folder / "real", key=folder / "private.pem")
    weighmaster.attest(folder / "real", type=FREE, key=folder / "private.pem", predicate={})
    cache = folder / "cache"
    (cache / "blobs").mkdir(parents=True)
    (cache / "snapshots" / "main").mkdir(parents=True)
    for number, file in enumerate(sorted((folder / "real").iterdir())):
        shutil.move(file, cache / "blobs" / str(number))
        (cache / "snapshots" / "main" / file.name).symlink_to(f"../../blobs/{number}")
    return cache / "snapshots" / "main"


def test_a_signed_snapshot_of_a_hub_is_verified_through_its_links(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where, key = snapshot(tmp_path), str(tmp_path / "public.pem")
    assert main(["verify", str(where), "--public-key", key]) == 1
    assert main(["verify", str(where), "--public-key", key, "--follow-links"]) == 0
    assert main(["claims", str(where), "--public-key", key, "--follow-links"]) == 0
    text = f'version = 1\n[keys.it]\npublic_key = "{key}"\n' + rule(role("publisher", ["it"], predicates=["signature"]))
    (tmp_path / "trust.toml").write_text(text)
    assert main(["verify", str(where), "--policy", str(tmp_path / "trust.toml"), "--follow-links"]) == 0
    with weighmaster.open_verified(where / "config.json", public_key=key) as file:
        assert file.read() == b"{}"
    capsys.readouterr()


@pytest.mark.parametrize("name", ["claims.jsonl", "claims.proofs.jsonl"])
def test_a_folder_that_is_called_like_evidence_is_a_part_of_the_artifact(tmp_path: Path, name: str) -> None:
    private, public = generate("ed25519")
    (tmp_path / "private.pem").write_bytes(private)
    model(tmp_path / "model")
    (tmp_path / "model" / name).mkdir()
    (tmp_path / "model" / name / "inner").write_bytes(b"1")
    door.sign(tmp_path / "model", key=tmp_path / "private.pem")
    assert f"{name}/inner" in door.verify(tmp_path / "model", public_key=public).manifest.by_path
    key = tmp_path / "public.pem"
    key.write_bytes(public.pem)
    text = f'version = 1\n[keys.it]\npublic_key = "{key}"\n' + rule(role("publisher", ["it"], predicates=["signature"]))
    (tmp_path / "trust.toml").write_text(text)
    assert main(["verify", str(tmp_path / "model"), "--policy", str(tmp_path / "trust.toml"), "-q"]) == 0
    (tmp_path / "model" / name / "inner").write_bytes(b"2")
    with pytest.raises(TrustError, match=f"'{name}/inner' was changed"):
        door.verify(tmp_path / "model", public_key=public)


def test_the_signature_of_a_folder_opens_no_file_by_itself(tmp_path: Path) -> None:
    private, public = generate("ed25519")
    (tmp_path / "private.pem").write_bytes(private)
    (tmp_path / "public.pem").write_bytes(public.pem)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"1")
    written = door.sign(tmp_path / "model", key=tmp_path / "private.pem")
    alone = tmp_path / "weights.bin"
    alone.write_bytes(b"1")
    shutil.copy(written.path, f"{alone}.sig")
    with pytest.raises(TrustError, match="a folder"):
        weighmaster.open_verified(alone, public_key=tmp_path / "public.pem")


def test_leaving_many_files_out_costs_no_more_than_looking_at_them() -> None:
    count = 20_000
    digest = "0" * 64
    names = [f"{'docs' if number % 2 else 'data'}/{number}" for number in range(count)]
    contents = Contents(algorithm="sha256", files={name: (Part(digest=digest),) for name in names})
    here = Manifest.of(Entry(path=name, size=1, sha256=digest) for name in names)
    begun = time.process_time()
    found = covering.covered(contents, os.fspath(Path(__file__).parent), here, ignore=["docs"])
    assert len(found.ignored) == count // 2
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("item", [b"0", b'""', b"0.5", b"[]", b"{}"])
def test_evidence_of_many_small_values_takes_little_memory(item: bytes) -> None:
    raw = b'{"a":[' + b",".join([item] * 50_000) + b"]}"
    tracemalloc.start()
    try:
        strict.parsed(raw, "it")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * len(raw)


def test_a_document_of_too_many_values_is_refused() -> None:
    with pytest.raises(TrustError, match="more than"):
        strict.parsed(b'{"a":[' + b"0," * 30_000_000 + b"0]}", "it")


def test_recalled_and_denied_bytes_are_met_inside_an_archive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "weights.txt"
    bad.write_bytes(b"poisoned weights")
    (tmp_path / "model").mkdir()
    with zipfile.ZipFile(tmp_path / "model" / "model.zip", "w") as archive:
        archive.write(bad, "inner.txt")
    recalls = str(tmp_path / "recall.json")
    assert main(["recall", "add", recalls, "--path", str(bad), "--reason", "a backdoor"]) == 0
    vet = ["vet", str(tmp_path / "model")]
    assert main(vet) == 0
    assert main([*vet, "--recall", recalls]) == 1
    digest = hashlib.sha256(bad.read_bytes()).hexdigest()
    deny = f'version = 1\ndefault = "audit"\n[[deny]]\nsha256 = "{digest}"\nreason = "a backdoor"\n'
    (tmp_path / "trust.toml").write_text(deny)
    assert main([*vet, "--trust", str(tmp_path / "trust.toml")]) == 1
    said = capsys.readouterr().out
    assert "model.zip!inner.txt is recalled (R-0001): a backdoor" in said
    assert "the policy denies model.zip!inner.txt: a backdoor" in said


OTHER = manifest({"config.json": b"{}", "weights.safetensors": b"others"})
GENUINE = (oms(ALL), scanned(ALL), released(ALL, 7, name="acme/model"), claim(ALL, FREE))
ADDED = [
    b"",
    b"{}",
    b"\xff\x00",
    b"[" * 1000,
    *(bundle.write(one)[:-9] for one in GENUINE),
    *map(spelled_otherwise, GENUINE),
    *(bundle.write(replace(one, hint="0" * 64)) for one in GENUINE),
    *map(bundle.write, (oms(ALL, by="mallory"), oms(OTHER, by="mallory"), oms(OTHER))),
    *map(bundle.write, (scanned(ALL, "block", by="mallory"), scanned(ALL, "block", at=NOW - 2 * DAY))),
    *map(bundle.write, (scanned(OTHER, "block"), scanned(OTHER, "block", at=NOW))),
    *map(bundle.write, (released(ALL, 9, by="mallory"), released(OTHER, 9, by="mallory", name="acme/model"))),
    *map(bundle.write, (released(OTHER, 6, name="acme/model"), released(OTHER, 9, name="acme/other"))),
]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(ADDED), max_size=8), st.sets(st.integers(0, 3)), st.randoms(use_true_random=False))
def test_what_others_add_changes_no_answer(added: list[bytes], kept: set[int], random: Any) -> None:
    held = _publisher_and_gate()
    genuine = [bundle.write(GENUINE[number]) for number in sorted(kept)]
    files = {name: (len(data), ALL.by_path[name].sha256) for name, data in FILES.items()}
    mixed = [*genuine, *added]
    random.shuffle(mixed)
    # A copy in another spelling is the claim itself, so it counts where that is not there.
    copies = {spelled_otherwise(one): one for one in GENUINE} | {
        bundle.write(replace(one, hint="0" * 64)): one for one in GENUINE
    }
    there = kept | {GENUINE.index(copies[line]) for line in added if line in copies}
    wanted = {0, 1, 2} <= there
    found = assess(files, {"claims.jsonl": b"\n".join(mixed)}, held, NOW, name="acme/model")
    assert found.holds is wanted, found.lacks
    judged = judge(
        (claimsfile.parsed(line, number) for number, line in enumerate(mixed, 1)), ALL, Wanted(expected=expects()), NOW
    )
    types = ["urn:weighmaster:scan:v1", "urn:weighmaster:release:v1", FREE]
    lacking = missing(judged, types)
    assert set(lacking) == {type for number, type in enumerate(types, 1) if number not in there}


@functools.cache
def _publisher_and_gate() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        roles = role("publisher", ["alice"], predicates=["signature", "scan", "release"])
        return policy(Path(folder), rule(roles, match="acme/*", require="name = true"))


def test_a_time_without_a_zone_is_refused(tmp_path: Path) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ConfigError, match="without a zone"):
        verification.verify(oms(ALL), expects(), naive)
    with pytest.raises(ConfigError, match="without a zone"):
        assessed(policy(tmp_path, rule(PUBLISHER)), signature=oms(ALL), now=naive)
    with pytest.raises(ConfigError, match="without a zone"):
        judge((), ALL, Wanted(expected=expects()), naive)


def test_many_lines_that_cannot_be_read_take_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claimsfile, "MOST", 3 * MOST)
    held = policy(tmp_path, rule(PUBLISHER))
    there = {"claims.jsonl": b"x\n" * 1_000_000, "model.sig": bundle.write(oms(ALL))}
    files = {name: (len(data), ALL.by_path[name].sha256) for name, data in FILES.items()}
    tracemalloc.start()
    try:
        found = assess(files, there, held, NOW, proofs=b"x\n" * 2_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.holds
    assert (len(found.unread), peak < 16 << 20) == (MOST + 1, True)


def test_a_folder_that_is_ignored_is_ignored_with_all_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model(tmp_path / "model")
    listed = str(tmp_path / "model.json")
    assert main(["digest", str(tmp_path / "model"), "--output-file", listed, "-q"]) == 0
    (tmp_path / "model" / ".git" / "refs").mkdir(parents=True)
    (tmp_path / "model" / ".git" / "refs" / "main").write_bytes(b"1")
    check = ["digest", str(tmp_path / "model"), "--check", listed, "-q"]
    assert (main(check), main([*check, "--ignore", ".git"]), main([*check, "--ignore", "refs"])) == (1, 0, 0)
    (tmp_path / "model" / "evil.py").write_bytes(b"1")
    assert main([*check, "--ignore", ".git"]) == 1
    capsys.readouterr()


def test_a_rule_that_ignores_every_file_accepts_none(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(PUBLISHER, more='ignore = ["*.safetensors"]'))
    other = manifest({"old.safetensors": b"1"})
    found = assessed(held, signature=oms(other), files={"evil.safetensors": b"2"})
    assert {lack.kind for lack in found.lacks} == {Kind.UNSURE}
    assert not found.allows


def test_a_long_key_above_many_items_takes_little_memory() -> None:
    digest = "ab" * 32
    predicate = {"k" * 100_000: [""] * 5_000 + [digest, {"digest": {"sha256": digest}}]}
    statement = statements.read(claim(ALL, FREE, predicate).content, "it")  # type: ignore[arg-type]
    tracemalloc.start()
    try:
        found = list(named_by(statement, "line 1"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [one.digest for one in found] == [digest, digest]
    assert found[1].place.endswith("[5001].digest.sha256")
    assert (len(found[0].place) < 300, peak < 1 << 20) == (True, True)
