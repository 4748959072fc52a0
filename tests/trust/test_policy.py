"""What a policy of trust makes of the evidence beside an artifact."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.trust.policed import (
    DAY,
    FILES,
    NAMES,
    NOW,
    assessed,
    claim,
    described,
    manifest,
    oms,
    policy,
    released,
    role,
    rule,
    scanned,
    signer,
)

from weighmaster.trust.claims.releases import Seen
from weighmaster.trust.policy.assess import Assessment, Kind
from weighmaster.trust.policy.terms import Mode, Policy

ALL = manifest()
FREE = "https://example.org/anything/v1"
PUBLISHER = role("publisher", ["alice"], predicates=["signature"])


def kinds(found: Assessment) -> set[Kind]:
    return {lack.kind for lack in found.lacks}


def told(found: Assessment) -> str:
    return "\n".join(lack.detail for lack in found.lacks)


@pytest.fixture
def publisher(tmp_path: Path) -> Policy:
    return policy(tmp_path, rule(PUBLISHER))


# What holds.


def test_a_signature_over_exactly_these_files_by_who_may_sign_holds(publisher: Policy) -> None:
    found = assessed(publisher, signature=oms(ALL))
    assert found.holds
    assert [(one.role, one.party, one.predicates) for one in found.vouched] == [("publisher", "alice", ("signature",))]
    assert found.vouched[0].signer == f"alice (key {signer('alice').key.keyid[:16]})"


def test_a_signature_may_stand_among_the_claims(publisher: Policy) -> None:
    assert assessed(publisher, oms(ALL)).holds


# What does not.


def test_nothing_is_signed_by_nobody(publisher: Policy) -> None:
    found = assessed(publisher)
    assert kinds(found) == {Kind.UNSIGNED}
    assert told(found) == "nobody has signed it"


def test_a_signature_by_someone_else_is_none(publisher: Policy) -> None:
    found = assessed(publisher, signature=oms(ALL, by="bob"))
    assert kinds(found) == {Kind.UNTRUSTED}
    assert told(found).startswith("the role publisher needs a signature of alice; model.sig: ")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (FILES | {"sitecustomize.py": b"import os"}, "sitecustomize.py is not signed"),
        (FILES | {"empty/__init__.py": b""}, "empty/__init__.py is not signed"),
        (FILES | {".git/hooks/post-checkout": b"#!"}, ".git/hooks/post-checkout is not signed"),
        ({"config.json": b"{}"}, "weights.safetensors is missing"),
        (FILES | {"config.json": b"[]"}, "config.json is changed"),
        (
            {"config.json": b"{}", "weights.pkl": b"numbers"},
            "weights.pkl is not signed; weights.safetensors is missing",
        ),
        ({"config.json": b"numbers", "weights.safetensors": b"{}"}, "config.json, weights.safetensors are changed"),
    ],
)
def test_files_that_are_not_exactly_those_that_were_signed_are_refused_by_name(
    publisher: Policy, files: dict[str, bytes], said: str
) -> None:
    found = assessed(publisher, signature=oms(ALL), files=files)
    assert kinds(found) == {Kind.NOT_THESE_FILES}
    assert told(found).endswith(f"model.sig is about other files: {said}")


def test_a_claim_that_was_moved_to_other_files_does_not_count(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("scanner", ["alice"], predicates=["scan"])))
    swapped = {"config.json": FILES["weights.safetensors"], "weights.safetensors": FILES["config.json"]}
    found = assessed(held, scanned(ALL), files=swapped)
    assert kinds(found) == {Kind.NOT_THESE_FILES}
    assert "claims.jsonl, line 1 is about other files: config.json has the SHA-256" in told(found)


def test_the_root_digest_of_a_signature_alone_proves_nothing_of_names(publisher: Policy) -> None:
    renamed = {"config.json": b"{}", "weights.pkl": b"numbers"}
    assert not assessed(publisher, signature=oms(ALL), files=renamed).holds
    assert oms(ALL).content.payload.count(b"subject")  # type: ignore[union-attr]


def test_files_that_the_verifier_ignores_need_no_signature_and_others_do(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(PUBLISHER, more='ignore = [".git", ".cache/**"]'))
    fine = FILES | {".git/config": b"x", ".cache/huggingface/download/a.metadata": b"y"}
    assert assessed(held, signature=oms(ALL), files=fine).holds
    assert assessed(held, signature=oms(manifest(fine)), files=fine).holds
    assert assessed(held, claim(ALL, FREE), signature=oms(ALL), files=fine).holds
    other = assessed(held, signature=oms(ALL), files=fine | {".github/workflow.yml": b"z"})
    assert ".github/workflow.yml is not signed" in told(other)


def test_a_predicate_of_another_type_does_not_stand_for_the_one_that_is_wanted(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("scanner", ["alice"], predicates=["scan"])))
    found = assessed(held, released(ALL, 1), signature=oms(ALL))
    assert kinds(found) == {Kind.MISSING}
    assert told(found) == "the role scanner needs a scan of alice, and there is none"


def test_every_predicate_of_a_role_must_be_signed_by_the_same_identity(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("publisher", ["alice", "bob"], predicates=["signature", "release"])))
    assert not assessed(held, released(ALL, 1, by="bob"), signature=oms(ALL, by="alice")).holds
    assert assessed(held, released(ALL, 1, by="alice"), signature=oms(ALL, by="alice")).holds


def test_types_that_are_not_known_here_are_named_by_their_whole_name(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("any", ["alice"], predicates=[FREE])))
    assert assessed(held, claim(ALL, FREE)).holds
    assert not assessed(held, claim(ALL, FREE + "/other")).holds


# k of n.


@pytest.mark.parametrize("threshold", [1, 2, 3])
@pytest.mark.parametrize("signers", [c for n in range(4) for c in itertools.combinations(("alice", "bob", "carol"), n)])
def test_as_many_different_identities_must_sign_as_the_role_says(
    tmp_path: Path, threshold: int, signers: tuple[str, ...]
) -> None:
    held = policy(tmp_path, rule(role("board", ["alice", "bob", "carol"], threshold, predicates=["verdict", FREE])))
    claims = [made for by in signers for made in (claim(ALL, FREE, by=by), _verdict(by=by))]
    assert assessed(held, *claims).holds is (len(signers) >= threshold)


def test_one_identity_that_signs_twice_is_one(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("board", ["alice", "bob"], 2, predicates=["signature"])))
    found = assessed(held, oms(ALL), oms(ALL, name="again"), signature=oms(ALL))
    assert told(found).startswith("the role board needs a signature of 2 of alice, bob, only of alice; ")


def test_one_identity_fills_one_role_unless_it_may_share(tmp_path: Path) -> None:
    roles = [
        role("publisher", ["alice", "bob"], predicates=["signature"]),
        role("scanner", ["alice", "bob"], predicates=["scan"]),
    ]
    alone, shared = policy(tmp_path / "a", rule(*roles)), policy(tmp_path / "b", rule(*roles, more="may_share = true"))
    both = (oms(ALL), scanned(ALL))
    assert told(assessed(alone, *both)) == "the same identities fill several roles, and one fills one role"
    assert assessed(shared, *both).holds
    assert assessed(alone, *both, oms(ALL, by="bob")).holds
    assert assessed(alone, *both, scanned(ALL, by="bob")).holds


def test_whoever_can_fill_two_roles_makes_room_for_who_can_fill_one(tmp_path: Path) -> None:
    held = policy(
        tmp_path,
        rule(
            role("a", ["alice", "bob", "carol"], predicates=["signature"]),
            role("b", ["alice", "bob"], predicates=["signature"]),
            role("c", ["alice"], predicates=["signature"]),
        ),
    )
    claims = [oms(ALL, by=by) for by in ("alice", "bob", "carol")]
    found = assessed(held, *claims)
    assert {one.role: one.party for one in found.vouched} == {"a": "carol", "b": "bob", "c": "alice"}


# Which rule.


def test_what_no_rule_is_for_is_refused(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(PUBLISHER, match="acme/*"))
    found = assessed(held, signature=oms(ALL), name="evil/model")
    assert (found.mode, kinds(found)) == (Mode.ENFORCE, {Kind.NO_RULE})
    assert told(found).endswith("is for what is called 'evil/model'")
    assert "without a name (--name gives it one)" in told(assessed(held, signature=oms(ALL)))
    assert assessed(held, signature=oms(ALL), name="acme/model").holds


def test_a_policy_may_only_note_what_no_rule_is_for(tmp_path: Path) -> None:
    held = policy(tmp_path, 'default = "audit"\n', names=())
    found = assessed(held)
    assert (found.mode, kinds(found)) == (Mode.AUDIT, {Kind.NO_RULE})


@pytest.mark.parametrize(
    ("name", "match", "fits"),
    [
        ("acme/model", "acme/*", True),
        ("acme/model", "**", True),
        ("acme/model", "*", False),
        ("", "*", True),
        ("", "**", True),
        ("acme/a/b", "acme/*", False),
        ("acme/a/b", "acme/**", True),
        ("acme-evil/model", "acme/*", False),
        ("evil/acme/model", "acme/*", False),
        ("acme/model\n", "acme/model", False),
        ("ACME/model", "acme/*", False),
        ("pkg:huggingface/acme/model@main", "acme/*", True),
        ("pkg:huggingface/acme/model@main", "pkg:huggingface/acme/*", True),
        ("pkg:pypi/acme", "acme", False),
        ("pkg:pypi/acme@1.0?x=y#z", "pkg:pypi/acme", True),
        ("pkg:PyPI/acme", "pkg:pypi/acme", True),
        ("acme/model", "pkg:huggingface/acme/*", False),
        ("pkg:oci/acme/model", "**", False),
    ],
)
def test_patterns_fit_names(tmp_path: Path, name: str, match: str, *, fits: bool) -> None:
    held = policy(tmp_path, rule(PUBLISHER, match=match))
    assert assessed(held, signature=oms(ALL), name=name).holds is fits


def test_the_first_rule_that_fits_decides(tmp_path: Path) -> None:
    held = policy(
        tmp_path,
        rule(role("p", ["bob"], predicates=["signature"]), match="acme/special")
        + rule(PUBLISHER, match="acme/*", mode="warn"),
    )
    assert not assessed(held, signature=oms(ALL), name="acme/special").holds
    found = assessed(held, name="acme/other")
    assert (found.mode, found.rule) == (Mode.WARN, "rule 2 (acme/*)")


# Time.


def test_evidence_that_is_too_old_is_stale(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("s", ["alice"], predicates=["scan"], more='max_age = "30d"')))
    assert assessed(held, scanned(ALL, at=NOW - 30 * DAY)).holds
    found = assessed(held, scanned(ALL, at=NOW - 31 * DAY))
    assert kinds(found) == {Kind.STALE}
    assert told(found).endswith("claims.jsonl, line 1: it is of 2026-05-01, more than 30 days ago")


def test_freshness_holds_for_all_roles_and_the_shorter_of_two_ages_counts(tmp_path: Path) -> None:
    roles = role("s", ["alice"], predicates=["scan"], more='max_age = "12h"')
    held = policy(tmp_path, rule(roles, require='freshness = "90d"'))
    assert assessed(held, scanned(ALL, at=NOW - timedelta(hours=12))).holds
    assert "more than 12 hours ago" in told(assessed(held, scanned(ALL, at=NOW - timedelta(hours=13))))


def test_evidence_of_which_nobody_knows_when_it_was_made_is_not_fresh(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(PUBLISHER, require='freshness = "90d"'))
    assert "nothing says when it was made" in told(assessed(held, signature=oms(ALL)))


def test_evidence_from_the_future_does_not_count(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("s", ["alice"], predicates=["scan"])))
    assert "which is yet to come" in told(assessed(held, scanned(ALL, at=NOW + DAY)))


def test_evidence_that_says_itself_until_when_it_counts_counts_until_then(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("s", ["alice"], predicates=[FREE])))
    short = claim(ALL, FREE, expires=NOW + DAY)
    assert assessed(held, short).holds
    assert kinds(assessed(held, short, now=NOW + DAY)) == {Kind.STALE}


def test_a_key_counts_from_when_until_when_the_policy_says(tmp_path: Path) -> None:
    held = policy(tmp_path, "since = 2026-01-01\nuntil = 2026-12-31T00:00:00Z\n" + rule(PUBLISHER), names=["alice"])
    assert assessed(held, signature=oms(ALL)).holds
    assert "alice counted until 2026-12-31 only" in told(assessed(held, signature=oms(ALL), now=NOW + 365 * DAY))
    assert "before alice counted, on 2026-01-01" in told(assessed(held, signature=oms(ALL), now=NOW - 365 * DAY))


def test_a_timestamp_that_is_wanted_and_missing_is_missing(tmp_path: Path) -> None:
    roots = _root_certificate(tmp_path)
    held = policy(tmp_path, f'[timestamps.tsa]\nroots = "{roots}"\n' + rule(PUBLISHER, require="timestamp = true"))
    found = assessed(held, signature=oms(ALL))
    assert kinds(found) == {Kind.MISSING}
    assert "no timestamp shows when it was signed" in told(found)


# What says no, and what is denied.


def _verdict(*, passed: bool = True, by: str = "alice", at: Any = NOW - DAY) -> Any:
    made = {
        "verifier": {"id": "https://acme.example/gate"},
        "timeVerified": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "resourceUri": "acme/model",
        "policy": {"uri": "https://acme.example/policy"},
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_UNEVALUATED" if passed else "FAILED"],
    }
    return claim(ALL, "https://slsa.dev/verification_summary/v1", made, by=by, issued=at)


def test_a_verdict_that_it_failed_is_no_verdict_that_it_passed(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("gate", ["alice"], predicates=["verdict"])))
    assert assessed(held, _verdict()).holds
    found = assessed(held, _verdict(passed=False))
    assert kinds(found) == {Kind.SAYS_NO}
    assert "alice says that it failed" in told(found)


def _vex(status: str, *, type: str, at: Any) -> Any:
    said = {"status": status} | (
        {"action_statement": "do not use it"} if status == "affected" else {"justification": "component_not_present"}
    )
    made = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://acme.example/vex/1",
        "author": "alice",
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "version": 1,
        "statements": [{"vulnerability": {"name": "CVE-2026-1"}, **said}],
    }
    return claim(ALL, type, made, issued=at)


def test_that_it_is_affected_is_a_no_until_a_newer_document_under_any_spelling_of_its_type(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("security", ["alice"], predicates=["vex"])))
    affected = _vex("affected", type="https://openvex.dev/ns/v0.2.0", at=NOW - 2 * DAY)
    found = assessed(held, affected)
    assert kinds(found) == {Kind.SAYS_NO}
    assert "alice says that it is affected" in told(found)
    assert assessed(held, affected, _vex("not_affected", type="https://openvex.dev/ns", at=NOW - DAY)).holds
    older = _vex("not_affected", type="https://openvex.dev/ns", at=NOW - 3 * DAY)
    assert kinds(assessed(held, affected, older)) == {Kind.SAYS_NO}


def test_whoever_said_yes_and_later_no_has_said_no(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(role("gate", ["alice"], predicates=["scan"])))
    yes, no = scanned(ALL, at=NOW - 3 * DAY), scanned(ALL, "block", at=NOW - 2 * DAY)
    assert kinds(assessed(held, yes, no)) == {Kind.SAYS_NO}
    assert assessed(held, yes, no, scanned(ALL, at=NOW - DAY)).holds
    assert assessed(held, yes, scanned(ALL, "block", at=NOW - 2 * DAY, by="bob")).holds


def test_a_file_that_is_denied_is_refused_whoever_signed(tmp_path: Path) -> None:
    digest = described()["weights.safetensors"][1]
    deny = f'[[deny]]\nsha256 = "{digest}"\nreason = "poisoned, see the report"\n'
    found = assessed(policy(tmp_path, deny + rule(PUBLISHER)), signature=oms(ALL))
    assert kinds(found) == {Kind.DENIED}
    assert told(found) == "the policy denies weights.safetensors: poisoned, see the report"


def test_a_tree_that_is_denied_is_refused(tmp_path: Path) -> None:
    deny = f'[[deny]]\nsha256 = "{ALL.tree}"\nreason = "recalled"\n'
    assert kinds(assessed(policy(tmp_path, deny + rule(PUBLISHER)), signature=oms(ALL))) == {Kind.DENIED}


@pytest.mark.parametrize("who", ['identity = "alice"', "key"])
def test_what_a_denied_signer_signed_does_not_count(tmp_path: Path, who: str) -> None:
    who = f'key = "{signer("alice").key.keyid}"' if who == "key" else who
    deny = f'[[deny]]\n{who}\nreason = "lost"\nsince = 2026-05-01\n'
    held = policy(tmp_path, deny + rule(role("publisher", ["alice", "bob"], predicates=["signature"])))
    found = assessed(held, signature=oms(ALL))
    assert kinds(found) == {Kind.DENIED}
    assert "is denied: lost (since 2026-05-01; no timestamp shows that it was signed before that)" in told(found)
    assert assessed(held, signature=oms(ALL, by="bob")).holds


# Releases.


RELEASE = role("publisher", ["alice", "bob"], predicates=["release"])


def test_the_release_must_be_one_of_the_name_that_was_asked_for(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(RELEASE, require="name = true"))
    assert assessed(held, released(ALL, 1, name="acme/model"), name="acme/model").holds
    found = assessed(held, released(ALL, 1, name="acme/other"), name="acme/model")
    assert kinds(found) == {Kind.OTHER_RELEASE}
    assert told(found) == "it is a release of acme/other, and acme/model was asked for"
    assert "no name was asked for" in told(assessed(held, released(ALL, 1, name="acme/model")))


def test_an_older_release_than_one_that_was_accepted_is_refused(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(RELEASE, require="sequence = true"))
    seen = {"model": Seen(sequence=2, version="1.2", tree="ab")}
    assert assessed(held, released(ALL, 3), seen=seen).holds
    assert kinds(assessed(held, released(ALL, 1), seen=seen)) == {Kind.OTHER_RELEASE}
    assert "two things have one number" in told(assessed(held, released(ALL, 2), seen=seen))


def test_a_rule_that_wants_releases_to_go_forward_needs_somebody_who_remembers_them(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(RELEASE, require="sequence = true"))
    found = assessed(held, released(ALL, 3))
    assert kinds(found) == {Kind.UNSURE}
    assert "--state FILE" in told(found)
    assert assessed(held, released(ALL, 3), seen={}).holds


def test_what_was_accepted_is_told_so_that_it_can_be_remembered(tmp_path: Path) -> None:
    found = assessed(policy(tmp_path, rule(RELEASE)), released(ALL, 3))
    assert [(one.name, one.sequence) for one in found.releases] == [("model", 3)]
    assert found.tree == ALL.tree


def test_a_later_release_of_other_files_beside_these_shows_that_they_were_rolled_back(tmp_path: Path) -> None:
    held = policy(tmp_path, rule(RELEASE))
    later = released(manifest(FILES | {"config.json": b"fixed"}), 4, by="bob")
    found = assessed(held, released(ALL, 3), later)
    assert kinds(found) == {Kind.OTHER_RELEASE}
    assert "claims.jsonl, line 2 is release 4 (1.4) of model, of other files, and this is release 3" in told(found)
    stranger = released(manifest(FILES | {"config.json": b"fixed"}), 4, by="dave")
    assert assessed(held, released(ALL, 3), stranger).holds


# What is not known.


def test_what_was_not_read_is_neither_signed_nor_refused(publisher: Policy) -> None:
    found = assessed(publisher, signature=oms(ALL), unread=["code"])
    assert kinds(found) == {Kind.UNSURE}
    assert "code not read" in told(found)


def test_a_file_alone_is_signed_under_its_name(publisher: Policy) -> None:
    files = {"model.gguf": b"numbers"}
    signed = oms(manifest(files), name="model.gguf", alone=True)
    assert assessed(publisher, signature=signed, files=files, alone=True).holds
    assert not assessed(publisher, signature=signed, files={"model.pkl": b"numbers"}, alone=True).holds


@pytest.mark.parametrize("raw", [b"", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"mediaType": 1}', b"n\x00ll"])
def test_evidence_that_cannot_be_read_counts_for_nothing(publisher: Policy, raw: bytes) -> None:
    from weighmaster.trust.policy.assess import assess

    found = assess(described(), {"model.sig": raw, "claims.jsonl": raw}, publisher, NOW)
    assert kinds(found) == {Kind.UNSIGNED}


# Laws.


def _claims() -> list[Any]:
    made = [make(ALL, by=by) for by in NAMES[:3] for make in (oms, scanned)]
    return [*made, *(claim(ALL, FREE, by=by) for by in NAMES), oms(manifest(FILES | {"more": b""}))]


POOL = _claims()
ROLES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
        st.integers(1, 3),
        st.lists(st.sampled_from(["signature", "scan", FREE]), min_size=1, max_size=2, unique=True),
    ),
    min_size=1,
    max_size=3,
)


def _policy(folder: Path, roles: list[Any], *, share: bool) -> Policy:
    made = [
        role(f"r{at}", names, min(threshold, len(names)), predicates=predicates)
        for at, (names, threshold, predicates) in enumerate(roles)
    ]
    # Rules that nothing can meet are errors, which is tested elsewhere.
    need, have = sum(min(t, len(n)) for n, t, _ in roles), len({one for n, _, _ in roles for one in n})
    return policy(folder, rule(*made, more=f"may_share = {str(share or need > have).lower()}"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laws")


@settings(max_examples=60, deadline=None)
@given(roles=ROLES, share=st.booleans(), chosen=st.permutations(POOL).map(list), data=st.data())
def test_less_evidence_never_helps_and_its_order_does_not_matter(
    folder: Path, *, roles: list[Any], share: bool, chosen: list[Any], data: st.DataObject
) -> None:
    held = _policy(folder, roles, share=share)
    some = chosen[: data.draw(st.integers(0, len(POOL)))]
    found = assessed(held, *some)
    shuffled = assessed(held, *data.draw(st.permutations(some)))
    assert (shuffled.holds, shuffled.vouched) == (found.holds, found.vouched)
    assert kinds(shuffled) == kinds(found)
    if some and not found.holds:
        without = [one for one in some if one is not data.draw(st.sampled_from(some))]
        assert not assessed(held, *without).holds


@settings(max_examples=60, deadline=None)
@given(data=st.data(), at=st.integers(0, 10_000), to=st.integers(0, 255))
def test_a_changed_byte_of_evidence_never_turns_a_refusal_into_an_answer(
    folder: Path, data: st.DataObject, at: int, to: int
) -> None:
    from weighmaster.trust.evidence import bundle
    from weighmaster.trust.policy.assess import assess

    held = policy(folder, rule(PUBLISHER))
    raw = bytearray(bundle.write(oms(ALL, by=data.draw(st.sampled_from(["bob", "carol"])))))
    raw[at % len(raw)] = to
    assert not assess(described(), {"model.sig": bytes(raw)}, held, NOW).holds


def _root_certificate(folder: Path) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "clock")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, NOW - DAY, NOW + DAY).sign(key, hashes.SHA256())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "root.pem").write_bytes(made.public_bytes(Encoding.PEM))
    return "root.pem"


# Many claims, and broken ones.


def test_claims_that_cannot_be_read_hide_no_other_and_are_told(publisher: Policy) -> None:
    from weighmaster.trust.evidence import bundle
    from weighmaster.trust.policy.assess import assess

    lines = [b"nonsense", bundle.write(oms(ALL)), b'{"a": 1, "a": 2}', b"", b"[]"]
    found = assess(described(), {"claims.jsonl": b"\r\n".join(lines)}, publisher, NOW)
    assert found.holds
    assert [one.split(" ")[:3] for one in found.unread] == [["claims.jsonl,", "line", str(n)] for n in (1, 3, 5)]


def test_the_same_line_many_times_is_read_once() -> None:
    from weighmaster.trust.evidence import bundle
    from weighmaster.trust.policy import bundles

    line = bundle.write(oms(ALL)) + b"\n"
    assert len(bundles.read({"claims.jsonl": line * 5000}).claims) == 1


def test_what_is_kept_of_a_claim_does_not_grow_with_the_files_that_it_lists() -> None:
    from weighmaster.trust.evidence import bundle
    from weighmaster.trust.policy import bundles

    many = manifest({f"{n}.bin": b"x" for n in range(500)})
    (claim_,) = bundles.read({"claims.jsonl": bundle.write(claim(many, FREE))}).claims
    assert claim_.statement is not None
    assert len(claim_.statement.subjects) == 1


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_mutated_evidence_never_counts_and_never_breaks_us(folder: Path, data: st.DataObject) -> None:
    from random import Random

    from tools.fuzz import damage

    from weighmaster.trust.evidence import bundle
    from weighmaster.trust.policy.assess import assess

    held = policy(folder, rule(PUBLISHER))
    made = [bundle.write(one) for one in (oms(ALL, by="bob"), scanned(ALL, by="bob"), claim(ALL, FREE, by="carol"))]
    one, other = data.draw(st.sampled_from(made)), data.draw(st.sampled_from(made))
    broken = damage(one, other, Random(data.draw(st.integers())))
    assert not assess(described(), {"model.sig": broken, "claims.jsonl": broken}, held, NOW).holds
