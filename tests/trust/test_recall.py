"""Recalls: the list, what it means for an artifact, what was built on what was recalled, and other words for it."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples.damage import damaged
from tests.trust import authority
from tests.trust.authority import Clock

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import replace
from weighmaster.trust.claims.predicates import closure, release
from weighmaster.trust.evidence import bundle as bundles
from weighmaster.trust.evidence import claimsfile
from weighmaster.trust.evidence import statement as statements
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.evidence.envelope import IN_TOTO, Envelope, pae
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.identities.verify import (
    CertificateIdentity,
    Expected,
    KeyIdentity,
    Signed,
    SigstoreIdentity,
    verify,
)
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.recall import entries, exports
from weighmaster.trust.recall.derived import Derived, derived
from weighmaster.trust.recall.entries import Action, Kind, Recall, RecallList, add, read, withdraw, write
from weighmaster.trust.recall.looking import Whom, look
from weighmaster.trust.recall.matching import Hit, Said, SignedBy, recalled, revocations
from weighmaster.trust.recall.named import Named, named_by
from weighmaster.trust.recall.versions import in_range
from weighmaster.trust.signing import signing

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ONE, TWO, THREE = (hashlib.sha256(text).hexdigest() for text in (b"1", b"2", b"3"))


def _key() -> KeySigner:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return KeySigner([Ed25519PrivateKey.generate()])


SIGNER = _key()


def entry(kind: Kind = Kind.FILE, value: str = ONE, **fields: Any) -> Recall:
    defaults: dict[str, Any] = {"id": "", "action": Action.BLOCK, "reason": "a backdoor", "added": NOW}
    return Recall(kind=kind, value=value, **(defaults | fields))


def listed(*given_: Recall) -> RecallList:
    recalls = RecallList()
    for one in given_:
        recalls = add(recalls, one)
    return recalls


def hits(recalls: RecallList, **known: Any) -> tuple[Hit, ...]:
    defaults: dict[str, Any] = {"files": {}, "tree": "", "signers": ()}
    return recalled(recalls=recalls, **(defaults | known))


# The list.


def test_what_is_written_is_read_again() -> None:
    recalls = listed(
        entry(advisory="ADV-1", url="https://example.org/1", replacement=f"sha256:{TWO}"),
        entry(Kind.KEY, TWO, since=NOW - DAY, action=Action.QUARANTINE),
        entry(Kind.IDENTITY, "a@example.org", issuer="https://login.example.org", reason="left — with the key"),
        entry(Kind.NAME, "acme/model", versions=">=1.0,<1.4", action=Action.WARN),
    )
    recalls = withdraw(recalls, "R-0002", NOW + DAY, "it was another key")
    assert read(write(recalls)) == recalls
    assert (recalls.sequence, recalls.updated) == (5, NOW + DAY)
    assert [one.id for one in recalls.active] == ["R-0001", "R-0003", "R-0004"]


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.strip)
DIGEST = st.binary(min_size=32, max_size=32).map(bytes.hex)
MOMENT = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
ENTRIES = st.builds(
    Recall,
    id=st.just(""),
    kind=st.sampled_from(sorted(entries.DIGESTS)),
    value=DIGEST,
    action=st.sampled_from(Action),
    reason=TEXT,
    added=MOMENT,
    advisory=st.just("") | TEXT,
    replacement=st.just("") | DIGEST.map(lambda digest: f"tree:{digest}"),
)


@given(st.lists(ENTRIES, max_size=5, unique_by=lambda one: one.value))
def test_every_list_is_read_as_it_was_written(given_: list[Recall]) -> None:
    recalls = listed(*given_)
    assert read(write(recalls)) == recalls


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schema": "urn:weighmaster:recall:v2"}, "schema: 'urn:weighmaster:recall:v2' is not urn"),
        ({"more": 1}, "'more' is not known here; a newer version may know what it means"),
        ({"sequence": True}, "sequence: int wanted, bool found"),
        ({"sequence": -1}, "sequence: a number from 0 wanted"),
        ({"entries": {}}, "entries: list wanted, dict found"),
        ({"entries": [3]}, r"entries\[0\]: dict wanted, int found"),
        ({"updated": "yesterday"}, "updated: a time such as"),
    ],
)
def test_a_list_that_is_none_is_refused(change: dict[str, Any], why: str) -> None:
    document = json.loads(write(listed(entry()))) | change
    with pytest.raises(TrustError, match=f"recall.json is no list of recalls: {why}"):
        read(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "sha512"}, "kind: 'sha512' is none of sha256, tree"),
        ({"action": "ignore"}, "action: 'ignore' is none of block, quarantine, warn"),
        ({"value": ONE.upper()}, "64 lower-case hexadecimal digits wanted"),
        ({"value": ONE[:63]}, "64 lower-case hexadecimal digits wanted"),
        ({"value": None}, "value: str wanted, NoneType found"),
        ({"reason": " "}, "a recall without a reason helps nobody"),
        ({"reason": "x" * 4001}, "reason: longer than 4000 characters"),
        ({"reason": "\ud800"}, "surrogates not allowed"),
        ({"id": "../x"}, "letters, digits and"),
        ({"since": "2026-01-01T00:00:00Z"}, "since: bytes are recalled whenever they were made"),
        ({"issuer": "x"}, "issuer: only an identity has one"),
        ({"versions": "<1"}, "versions: only a name has them"),
        ({"kind": "name", "versions": "=>1"}, "versions: '=>1' is no clause such as"),
        ({"replacement": TWO}, "replacement: sha256:HEX or tree:HEX wanted"),
        ({"advisory": {"url": "javascript:x"}}, "advisory.url: an http address wanted"),
        ({"advisory": {"cve": "x"}}, "'cve' is not known here"),
        ({"withdrawn": {"at": "2026-01-01T00:00:00Z"}}, "reason: str wanted"),
        ({"withdrawn": {"at": "2026-01-01T00:00:00Z", "reason": ""}}, "withdrawn: say why"),
        ({"withdrawn": True}, "withdrawn: mapping wanted, bool found"),
        ({"ignore": True}, "'ignore' is not known here"),
    ],
)
def test_an_entry_that_cannot_mean_what_it_says_is_refused(change: dict[str, Any], why: str) -> None:
    document = json.loads(write(listed(entry())))
    document["entries"][0] |= change
    with pytest.raises(TrustError, match=why):
        read(json.dumps(document).encode())


def test_what_is_no_text_is_not_recalled() -> None:
    with pytest.raises(ConfigError, match="R-0001: no Unicode text"):
        listed(entry(reason="\udcff"))


def test_an_id_stands_for_one_entry() -> None:
    document = json.loads(write(listed(entry())))
    document["entries"] *= 2
    with pytest.raises(TrustError, match="R-0001 is there twice"):
        read(json.dumps(document).encode())
    with pytest.raises(TrustError, match="the key 'entries' stands there twice"):
        read(write(listed(entry())).replace(b'"entries"', b'"entries": [], "entries"'))


def test_mutated_lists_are_read_or_refused_in_words() -> None:
    random = Random(11)
    good = write(
        listed(
            entry(advisory="A", url="https://a.example"),
            entry(Kind.NAME, "m", versions="<2"),
            entry(Kind.KEY, TWO, since=NOW),
        )
    )
    pieces = (b"{", b"}", b"[", b'"', b"null", b"true", b"1e9", b"NaN", b"\\ud800", b"9" * 50, b"\xff", b",,")
    for _ in range(4000):
        try:
            found = read(damaged(good, random, pieces))
        except TrustError:
            continue
        assert read(write(found)) == found


def test_the_same_is_not_recalled_twice() -> None:
    recalls = listed(entry())
    with pytest.raises(ConfigError, match=r"R-0001 recalls sha256 .* already: withdraw it first"):
        add(recalls, entry(reason="another"))
    with pytest.raises(ConfigError, match="an entry R-0001 is there already"):
        add(recalls, entry(value=TWO, id="R-0001"))
    again = add(withdraw(recalls, "R-0001", NOW, "a mistake"), entry())
    assert [one.id for one in again.active] == ["R-0003"]


def test_an_entry_is_withdrawn_once_and_with_a_reason() -> None:
    recalls = listed(entry())
    with pytest.raises(ConfigError, match="there is no entry R-9"):
        withdraw(recalls, "R-9", NOW, "x")
    with pytest.raises(ConfigError, match="withdrawn: say why"):
        withdraw(recalls, "R-0001", NOW, "")
    with pytest.raises(ConfigError, match="was withdrawn on 2026-11-01T12:00:00Z"):
        withdraw(withdraw(recalls, "R-0001", NOW, "x"), "R-0001", NOW, "x")


# What it means for an artifact.


def test_bytes_are_recalled_under_any_name_and_only_they() -> None:
    recalls = listed(entry(replacement=f"sha256:{TWO}", advisory="ADV-7", url="https://example.org/7"))
    (hit,) = hits(recalls, files={"a/weights.bin": ONE, "b": TWO})
    assert hit.where == "a/weights.bin"
    assert hit.sentence == (
        f"a/weights.bin is recalled (R-0001): a backdoor (ADV-7 https://example.org/7); use sha256:{TWO} in its place"
    )
    assert hits(recalls, files={"weights.bin": TWO}) == ()


def test_the_whole_is_recalled_by_its_tree_digest() -> None:
    (hit,) = hits(listed(entry(Kind.TREE)), tree=ONE)
    assert (hit.where, hit.how) == ("./", "the whole is recalled (R-0001)")
    assert hits(listed(entry(Kind.TREE)), tree="") == ()


def test_what_was_withdrawn_is_no_longer_recalled() -> None:
    assert hits(withdraw(listed(entry()), "R-0001", NOW, "a mistake"), files={"a": ONE}) == ()


@pytest.mark.parametrize("kind", sorted(entries.DIGESTS))
def test_what_is_built_on_it_is_recalled_too(kind: Kind) -> None:
    (hit,) = hits(
        listed(entry(kind)), said=Said(named=(Named(digest=ONE, place="claims.jsonl line 1", label="llama"),))
    )
    assert hit.where == "claims.jsonl line 1"
    assert "llama, which is recalled (R-0001)" in hit.how


def test_the_gravest_comes_first() -> None:
    recalls = listed(entry(action=Action.WARN), entry(value=TWO), entry(value=THREE, action=Action.QUARANTINE))
    found = hits(recalls, files={"a": ONE, "b": TWO, "c": THREE})
    assert [hit.recall.action for hit in found] == [Action.BLOCK, Action.QUARANTINE, Action.WARN]


@pytest.mark.parametrize(
    ("since", "at", "counts"),
    [
        (None, None, False),
        (None, NOW - 100 * DAY, False),
        (NOW, None, False),
        (NOW, NOW - DAY, True),
        (NOW, NOW, False),
        (NOW, NOW + DAY, False),
    ],
)
def test_a_recalled_signer_counts_only_before_and_by_a_trusted_clock(
    since: datetime | None, at: datetime | None, *, counts: bool
) -> None:
    recalls = listed(entry(Kind.KEY, since=since, reason="stolen"))
    assert bool(hits(recalls, signers=[SignedBy(ids=(ONE,), at=at)])) is not counts
    assert not hits(recalls, signers=[SignedBy(ids=(TWO,))])


def test_revocations_are_what_verification_strikes_out(tmp_path: Path) -> None:
    del tmp_path
    envelope = Envelope(payload=b"{}", payload_type=IN_TOTO, signatures=SIGNER.sign(pae(IN_TOTO, b"{}")))
    bundle = Bundle(content=envelope, hint=SIGNER.key.keyid)
    recalls = listed(entry(Kind.KEY, SIGNER.key.keyid), entry(Kind.CERTIFICATE, TWO, since=NOW))
    assert [(one.id, one.since) for one in revocations(recalls)] == [(SIGNER.key.keyid, None), (TWO, NOW)]
    verify(bundle, Expected(keys=(SIGNER.key,)), NOW)
    with pytest.raises(TrustError, match="was revoked, whenever it signed"):
        verify(bundle, Expected(keys=(SIGNER.key,), revoked=revocations(recalls)), NOW)
    assert revocations(listed(entry(Kind.KEY, action=Action.WARN))) == ()


def test_an_identity_is_recalled_whichever_key_it_signs_with() -> None:
    recalls = listed(entry(Kind.IDENTITY, "Ana@Example.org", issuer="https://login.example.org"))

    def signed(by: Any) -> SignedBy:
        return SignedBy.of(Signed(by=by, at=None, bundle=Bundle(content=ENVELOPE)))

    who = SigstoreIdentity(name="ana@example.org", issuer="https://login.example.org")
    assert hits(recalls, signers=[signed(who)])
    assert not hits(recalls, signers=[signed(replace(who, issuer="https://other.example.org"))])
    assert not hits(recalls, signers=[signed(KeyIdentity(keyid=ONE))])
    assert hits(recalls, signers=[SignedBy(names=(("ana@example.org", ""),))]), "of an unknown issuer: to be safe"
    authority = listed(entry(Kind.CERTIFICATE, ONE))
    assert hits(authority, signers=[signed(CertificateIdentity(name="x", issuer=ONE, serial="1"))])


ENVELOPE = Envelope(payload=b"", payload_type=IN_TOTO, signatures=())


@pytest.mark.parametrize(
    ("version", "text", "inside"),
    [
        ("1.0", ">=1.0,<1.4", True),
        ("1.4.0", ">=1.0,<1.4", False),
        ("1.4.0-rc.1", "<1.4", True),
        ("1.4.post1", "<=1.4", False),
        ("1.10", ">1.9", True),
        ("v2", "==2.0", True),
        ("2", "!=2.0", False),
        ("2024-06-01", "==2024-06-01", True),
        ("2024-06-02", "<2024-06-02", False),
        ("1.2+gpu", "==1.2", True),
        ("main", ">=1.0", True),
        ("main", "==1.0", False),
        ("1.5", "1.*", True),
        ("9" * 200, ">1", True),
    ],
)
def test_versions_are_compared_as_people_sort_them(version: str, text: str, *, inside: bool) -> None:
    assert in_range(version, text) is inside


VERSION = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(VERSION, VERSION)
def test_a_version_is_below_above_or_equal(one: str, other: str) -> None:
    assert sum(in_range(one, f"{operator}{other}") for operator in ("<", "==", ">")) == 1
    assert in_range(one, f"<={other}") is not in_range(one, f">{other}")


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_a_range_or_refused(version: str, text: str) -> None:
    try:
        in_range(version, text)
    except ConfigError:
        return


def test_names_are_recalled_in_some_versions_or_all() -> None:
    recalls = listed(entry(Kind.NAME, "acme/model", versions="<1.4"))
    assert hits(recalls, said=Said(releases=(("Acme/Model", "1.3"),)))[0].how == "Acme/Model 1.3 is recalled (R-0001)"
    assert hits(recalls, said=Said(releases=(("acme/model", "1.4"),))) == ()
    assert hits(recalls, said=Said(releases=(("acme/model", ""),))), "of an unknown version: to be safe"
    assert hits(listed(entry(Kind.NAME, "acme/model")), said=Said(releases=(("acme/model", "9"),)))


# Digests that claims name.


def test_digests_are_found_in_any_predicate() -> None:
    predicate = {
        "buildDefinition": {"resolvedDependencies": [{"name": "base", "digest": {"sha256": ONE}}]},
        "components": [{"name": "data", "hashes": [{"alg": "SHA-256", "content": TWO.upper()}]}],
        "image": f"registry.example.org/x@sha256:{THREE}",
        "purl": f"pkg:generic/x?checksum=sha256:{'ab' * 32}",
        "commit": "0" * 40,
        "signature": "ab" * 64,
    }
    raw = statements.statement([{"name": "x", "digest": {"sha256": "cd" * 32}}], "urn:x", predicate)
    statement = statements.read(Envelope(payload=raw, payload_type=IN_TOTO, signatures=()))
    found = {(one.digest, one.label) for one in named_by(statement, "line 1")}
    assert found == {(ONE, "base"), (TWO, "data"), (THREE, predicate["purl"]), ("ab" * 32, predicate["purl"])}
    assert next(iter(named_by(statement, "line 1"))).place.startswith("line 1: predicate.")


def claim(path: Path, predicate_type: str, predicate: dict[str, Any], subjects: list[Any] | None = None) -> None:
    """Add a claim about what lies at `path`."""
    lies = hash_artifact(str(path)).subjects() if subjects is None else subjects
    raw = statements.statement(lies, predicate_type, predicate)
    envelope = Envelope(payload=raw, payload_type=IN_TOTO, signatures=SIGNER.sign(pae(IN_TOTO, raw)))
    place = path / "claims.jsonl" if path.is_dir() else path.with_name(f"{path.name}.claims.jsonl")
    claimsfile.append(str(place), bundles.write(Bundle(content=envelope, hint=SIGNER.key.keyid)))


def closed(path: Path, *needs: tuple[str, str]) -> None:
    found = [closure.Dependency(role="base-model", name=name, digests=(("sha256", sha256),)) for name, sha256 in needs]
    claim(path, "urn:weighmaster:closure:v1", closure.build(found, issued=NOW))


def model(folder: Path, weights: bytes) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "LICENSE").write_bytes(b"the same everywhere")
    (folder / "config.json").write_bytes(b"{}")
    return folder


def test_an_artifact_is_looked_at_with_its_evidence(tmp_path: Path) -> None:
    here = model(tmp_path / "m", b"1")
    closed(here, ("llama", TWO))
    claim(here, "urn:weighmaster:release:v1", release.build("acme/m", "1.3", 4, issued=NOW))
    looked = look(str(here))
    assert looked.unread == ()
    for recall, how in [
        (entry(), "model.safetensors is recalled"),
        (entry(Kind.TREE, hash_artifact(str(here)).tree), "the whole is recalled"),
        (entry(Kind.BASE, TWO), "its claims name the base model llama"),
        (entry(Kind.NAME, "acme/m", versions="<2"), "acme/m 1.3 is recalled"),
        (entry(Kind.KEY, SIGNER.key.keyid), f"signed by key {SIGNER.key.keyid[:16]}, which is recalled"),
    ]:
        assert how in looked.meets(listed(recall))[0].how
    assert looked.meets(listed(entry(value=THREE))) == ()


def test_a_single_file_has_its_evidence_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(b"1")
    closed(file, ("llama", TWO))
    assert look(str(file)).meets(listed(entry(Kind.BASE, TWO)))[0].where.startswith("a.gguf.claims.jsonl line 1: ")


def test_evidence_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    here = model(tmp_path / "m", b"1")
    (here / "claims.jsonl").write_bytes(b"{}\n")
    (here / "model.sig").write_bytes(b"?")
    assert len(look(str(here)).unread) == 2


# What was built on it.


def _found(folder: Path, *digests: str, **options: Any) -> dict[str, Derived]:
    found = derived(digests, [str(folder)], **options)
    return {os.path.relpath(one.path, folder): one for one in found.derived}


def test_what_was_built_on_it_is_found_to_the_end(tmp_path: Path) -> None:
    base = model(tmp_path / "base", b"base")
    tuned = model(tmp_path / "deep" / "tuned", b"tuned")
    closed(tuned, ("base", hash_artifact(str(base)).by_path["model.safetensors"].sha256))
    merged = tmp_path / "merged.gguf"
    merged.write_bytes(b"merged")
    claim(
        merged,
        "https://slsa.dev/provenance/v1",
        {"from": [{"digest": {"weighmasterTreeV1": hash_artifact(str(tuned)).tree}}]},
    )
    other = model(tmp_path / "other", b"other")
    closed(other, ("something", THREE))
    start = hashlib.sha256(b"base").hexdigest()
    found = _found(tmp_path, start)
    assert set(found) == {"base/model.safetensors", "deep/tuned", "merged.gguf"}
    assert found["base/model.safetensors"].how == "is it"
    assert found["deep/tuned"].how == "names base in line 1 (closure): predicate.dependencies[0].digest.sha256"
    assert (found["merged.gguf"].via, found["merged.gguf"].origin) == (str(tuned), start)
    assert set(_found(tmp_path, start, hashed=False)) == {"deep/tuned", "merged.gguf"}


def test_a_shared_licence_does_not_spread_a_recall(tmp_path: Path) -> None:
    tuned = model(tmp_path / "tuned", b"tuned")
    closed(tuned, ("base", ONE))
    neighbour = model(tmp_path / "neighbour", b"neighbour")
    closed(neighbour, ("the licence", hashlib.sha256(b"the same everywhere").hexdigest()))
    assert set(_found(tmp_path, ONE)) == {"tuned"}


def test_a_copy_inside_another_artifact_is_found(tmp_path: Path) -> None:
    bundle = model(tmp_path / "bundle", b"outer")
    (bundle / "draft").mkdir()
    (bundle / "draft" / "pytorch_model.bin").write_bytes(b"1")
    claim(bundle, "urn:weighmaster:release:v1", release.build("b", "1", 1, issued=NOW))
    assert _found(tmp_path, ONE)["bundle"].how == "holds it as draft/pytorch_model.bin"


def test_a_circle_of_claims_ends(tmp_path: Path) -> None:
    one, two = model(tmp_path / "one", b"a"), model(tmp_path / "two", b"b")
    closed(one, ("two", hashlib.sha256(b"b").hexdigest()), ("base", ONE))
    closed(two, ("one", hashlib.sha256(b"a").hexdigest()))
    assert set(_found(tmp_path, ONE)) == {"one", "two"}


def test_claims_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    here = model(tmp_path / "m", b"1")
    (here / "claims.jsonl").write_bytes(b"nonsense\n")
    looked = derived([TWO], [str(tmp_path)])
    assert (looked.derived, len(looked.unread), looked.artifacts) == ((), 1, 1)
    with pytest.raises(ConfigError, match="no such folder"):
        derived([TWO], [str(tmp_path / "nowhere")])


# Other words.


def _all_kinds() -> RecallList:
    recalls = listed(
        entry(advisory="ADV-1", url="https://example.org/1", replacement=f"tree:{TWO}"),
        entry(Kind.TREE, TWO, action=Action.QUARANTINE),
        entry(Kind.BASE, TWO, action=Action.WARN),
        entry(Kind.DATASET, TWO),
        entry(Kind.KEY, TWO, since=NOW),
        entry(Kind.CERTIFICATE, TWO),
        entry(Kind.IDENTITY, "a@example.org", issuer="https://login.example.org"),
        entry(Kind.NAME, "pkg:huggingface/acme/model", versions=">=1.0, <1.4"),
        entry(Kind.NAME, "acme/other", versions="==2.0", reason="x" * 500),
    )
    return withdraw(recalls, "R-0003", NOW + DAY, "it was another")


def test_the_vex_is_what_its_schema_wants() -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    document = exports.vex(_all_kinds())
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(exports.vex(RecallList()))) is None
    states = [one["analysis"]["state"] for one in document["vulnerabilities"][:3]]
    assert states == ["exploitable", "in_triage", "false_positive"]
    assert document == exports.vex(_all_kinds()), "the same list gives the same document"


def test_the_osv_records_say_the_same() -> None:
    records = exports.osv(_all_kinds())
    first, third, last = records[0], records[2], records[-1]
    assert first == {
        "schema_version": "1.7.0",
        "id": "R-0001",
        "modified": "2026-11-01T12:00:00Z",
        "published": "2026-11-01T12:00:00Z",
        "aliases": ["ADV-1"],
        "summary": "a backdoor",
        "details": f"a backdoor\n\nRecalled: sha256 {ONE}. Action: block.\n\nUse tree:{TWO} in its place.",
        "affected": [
            {"database_specific": {"kind": "sha256", "value": ONE, "action": "block", "replacement": f"tree:{TWO}"}}
        ],
        "references": [{"type": "ADVISORY", "url": "https://example.org/1"}],
    }
    assert (third["withdrawn"], third["modified"]) == ("2026-11-02T12:00:00Z", "2026-11-02T12:00:00Z")
    assert last["affected"][0]["versions"] == ["2.0"]
    assert len(last["summary"]) == 120


def test_what_was_signed_before_counts_where_a_trusted_clock_says_so(tmp_path: Path) -> None:
    (tmp_path / "clock").mkdir()
    clock = Clock(tmp_path / "clock")
    here = model(tmp_path / "m", b"1")
    expected = Expected(keys=(SIGNER.key,), timestamp_authorities=(authority.der(clock.root.certificate),))
    now = datetime.now(UTC)
    recalls = listed(entry(Kind.KEY, SIGNER.key.keyid, since=now - 10 * DAY, reason="stolen"))
    whom = Whom(expected=expected, now=now)
    for when, met in ((now - 20 * DAY, False), (now - 5 * DAY, True)):
        bundle = signing.make(str(here), SIGNER)[1]
        stamped = signing.stamped(bundle, lambda signature, when=when: clock.say(signature, when))  # type: ignore[misc]
        (here / "model.sig").write_bytes(bundles.write(stamped))
        assert bool(look(str(here), whom=whom).meets(recalls)) is met
        assert look(str(here)).meets(recalls), "unverified, it has no time"


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def refusing(path: str) -> Any:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    looked = derived(["ab" * 32], [str(tmp_path)], hashed=False)
    assert looked.unread == (f"{tmp_path / 'locked'} cannot be listed: Permission denied",)
