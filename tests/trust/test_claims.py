from __future__ import annotations

import base64
import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples.damage import damaged
from tests.trust import authority
from tests.trust.claims_made import DAY, FREE, NOW, TYPE, claim, expects, heard, lines, model, released, signer

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.model.value import replace
from weighmaster.trust import strict
from weighmaster.trust.claims import attest, releases
from weighmaster.trust.claims.claims import Standing, Wanted, judge, missing, told_apart, unverified
from weighmaster.trust.claims.releases import Seen, check_release, held
from weighmaster.trust.claims.releases import read as read_seen
from weighmaster.trust.evidence import bundle, claimsfile, keeping
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.evidence.claimsfile import Claim, Unread
from weighmaster.trust.evidence.envelope import IN_TOTO, Envelope, pae
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.identities.revocation import Revocation
from weighmaster.trust.identities.verify import CertificateIdentity, Expected, KeyIdentity
from weighmaster.trust.manifests.hashing import hash_artifact
from weighmaster.trust.manifests.manifest import TREE_ALGORITHM, Entry, Manifest
from weighmaster.trust.signing import signing


@pytest.fixture
def here(tmp_path: Path) -> Manifest:
    return model(tmp_path / "model")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model" / "claims.jsonl"


def standings(found: Any) -> list[Standing]:
    return [one.standing for one in found]


def stated(document: Any, by: str = "alice") -> Bundle:
    """Sign a statement that nothing of ours would write."""
    payload = document if isinstance(document, bytes) else strict.written(document)
    signatures = signer(by).sign(pae(IN_TOTO, payload))
    return Bundle(content=Envelope(payload=payload, payload_type=IN_TOTO, signatures=signatures))


def statement(subjects: list[dict[str, Any]], type: str = FREE, predicate: Any = None) -> dict[str, Any]:
    kind = "https://in-toto.io/Statement/v1"
    return {"_type": kind, "subject": subjects, "predicateType": type, "predicate": predicate or {}}


# What holds


def test_a_claim_by_whom_one_expects_about_these_bytes_holds(here: Manifest, file: Path) -> None:
    (one,) = heard(file, here, claim(here))
    assert one.standing is Standing.HOLDS
    assert one.why == ""
    assert one.signed is not None
    assert one.signed.by == KeyIdentity(keyid=signer("alice").key.keyid)
    assert one.issued == NOW - DAY
    assert one.expires is None


def test_nobody_expected_is_an_error_and_no_success(here: Manifest, file: Path) -> None:
    with pytest.raises(ConfigError, match="nobody is expected"):
        heard(file, here, claim(here), expected=Expected())


def test_a_file_alone_has_claims_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"numbers")
    manifest = hash_artifact(path)
    assert standings(heard(tmp_path / "model.safetensors.claims.jsonl", manifest, claim(manifest))) == ["holds"]


def test_the_file_of_claims_is_no_part_of_what_is_claimed(here: Manifest, file: Path) -> None:
    attest.append(file.parent, claim(here))
    assert hash_artifact(file.parent).tree == here.tree


def test_a_claim_of_an_unknown_type_holds_and_says_so(here: Manifest, file: Path) -> None:
    (one,) = heard(file, here, claim(here))
    assert one.meaning is not None
    assert (one.title, one.meaning.line) == (FREE, "of a type that is not known here")


def test_what_nobody_was_asked_about_is_listed_and_never_holds(here: Manifest, file: Path) -> None:
    file.write_bytes(lines(claim(here), b"nonsense"))
    assert standings(unverified(claimsfile.read(str(file)), here)) == [Standing.NOT_VERIFIED, Standing.MALFORMED]


# Attacks


def test_a_claim_moved_to_other_bytes_does_not_hold(here: Manifest, file: Path, tmp_path: Path) -> None:
    other = model(tmp_path / "other", **{"weights.safetensors": b"evil"})
    (one,) = heard(file, other, claim(here))
    assert one.standing is Standing.OTHER_BYTES
    assert "weights.safetensors has the SHA-256" in one.why


def test_a_claim_moved_to_the_same_bytes_under_another_name_does_not_hold(tmp_path: Path) -> None:
    for name in ("notes.txt", "modeling_x.py"):
        (tmp_path / name).write_bytes(b"import os")
    claims = claim(hash_artifact(tmp_path / "notes.txt"))
    (one,) = heard(tmp_path / "c", hash_artifact(tmp_path / "modeling_x.py"), claims)
    assert one.standing is Standing.OTHER_BYTES
    assert one.why == "it is about notes.txt, which is not here; its bytes lie here as modeling_x.py"


def test_a_claim_about_a_file_is_none_about_a_folder_with_that_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"numbers")
    alone, whole = hash_artifact(folder / "model.bin"), hash_artifact(folder)
    assert alone.tree == whole.tree  # A file alone is a tree of one: nothing else lies there, so nothing is hidden.
    (folder / "extra.py").write_bytes(b"")
    assert standings(heard(tmp_path / "c", hash_artifact(folder), claim(alone))) == [Standing.OTHER_BYTES]


def test_swapped_names_are_seen(here: Manifest, file: Path, tmp_path: Path) -> None:
    other = model(tmp_path / "other", **{"config.json": b"numbers", "weights.safetensors": b"{}"})
    assert standings(heard(file, other, claim(here))) == [Standing.OTHER_BYTES]


@pytest.mark.parametrize("name", ["extra.py", ".gitattributes", "__init__.py"])
def test_an_extra_file_is_seen_even_if_it_is_empty_or_hidden(
    name: str, here: Manifest, file: Path, tmp_path: Path
) -> None:
    other = model(tmp_path / "other", **{name: b""})
    (one,) = heard(file, other, claim(here))
    assert one.why == f"it does not name {name}, which lies here"


def test_a_missing_file_is_seen(here: Manifest, file: Path) -> None:
    less = Manifest.of(here.entries[:1])
    (one,) = heard(file, less, claim(here))
    assert one.why == "it is about weights.safetensors, which is not here"


def test_a_claim_by_someone_else_is_not_believed(here: Manifest, file: Path) -> None:
    assert standings(heard(file, here, claim(here, by="mallory"))) == [Standing.SIGNER_UNKNOWN]


def test_an_edited_claim_is_seen_as_edited(here: Manifest, file: Path) -> None:
    line = json.loads(bundle.write(released(here, 1)))
    payload = base64.b64decode(line["dsseEnvelope"]["payload"])
    line["dsseEnvelope"]["payload"] = base64.b64encode(payload.replace(b'"sequence":1', b'"sequence":9')).decode()
    assert standings(heard(file, here, json.dumps(line).encode())) == [Standing.CHANGED]


def test_a_signature_moved_to_another_statement_does_not_hold(here: Manifest, file: Path) -> None:
    one, other = claim(here), released(here, 2)
    assert isinstance(one.content, Envelope)
    assert isinstance(other.content, Envelope)
    mixed = replace(one, content=replace(other.content, signatures=one.content.signatures))
    assert standings(heard(file, here, mixed)) == [Standing.CHANGED]


def test_an_expired_claim_does_not_hold(here: Manifest, file: Path) -> None:
    ends = claim(here, expires=NOW + DAY)
    assert standings(heard(file, here, ends)) == ["holds"]
    (one,) = heard(file, here, ends, now=NOW + DAY)
    assert (one.standing, one.why) == (Standing.STALE, "it expired 2026-06-02T12:00:00Z")


def test_a_claim_out_of_the_future_does_not_hold(here: Manifest, file: Path) -> None:
    (one,) = heard(file, here, claim(here, issued=NOW + DAY))
    assert one.standing is Standing.STALE
    assert standings(heard(file, here, claim(here, issued=NOW + timedelta(minutes=4)))) == ["holds"]


def test_a_claim_older_than_asked_for_does_not_hold(here: Manifest, file: Path) -> None:
    old = claim(here, issued=NOW - 9 * DAY)
    assert standings(heard(file, here, old, oldest=10 * DAY)) == ["holds"]
    assert standings(heard(file, here, old, oldest=8 * DAY)) == [Standing.STALE]


def test_a_claim_without_a_time_is_old_where_only_new_ones_count(here: Manifest, file: Path) -> None:
    timeless = stated(statement(here.subjects()))
    assert standings(heard(file, here, timeless)) == ["holds"]
    assert standings(heard(file, here, timeless, oldest=DAY)) == [Standing.STALE]


def test_an_earlier_claim_cannot_be_kept_in_place_of_a_later_one(here: Manifest, file: Path) -> None:
    earlier, later = (_results(here, result, NOW - days * DAY) for result, days in (("PASSED", 3), ("FAILED", 2)))
    for order in ((earlier, later), (later, earlier)):
        found = heard(file, here, *order)
        assert {one.meaning.line: one.standing for one in found if one.meaning} == {
            "passed": Standing.SUPERSEDED,
            "failed": Standing.HOLDS,
        }


def test_an_expired_claim_gives_no_way_back_to_the_one_before(here: Manifest, file: Path) -> None:
    earlier = _results(here, "PASSED", NOW - 3 * DAY)
    later = _results(here, "FAILED", NOW - 2 * DAY, expires=NOW - DAY)
    assert standings(heard(file, here, earlier, later)) == [Standing.SUPERSEDED, Standing.STALE]


def test_nobody_unexpected_takes_the_place_of_a_claim(here: Manifest, file: Path) -> None:
    mine = _results(here, "FAILED", NOW - 3 * DAY)
    forged = _results(here, "PASSED", NOW - 2 * DAY, by="mallory")
    assert standings(heard(file, here, mine, forged)) == ["holds", Standing.SIGNER_UNKNOWN]


def test_each_signer_speaks_for_itself(here: Manifest, file: Path) -> None:
    both = [_results(here, "PASSED", NOW - days * DAY, by=by) for by, days in (("alice", 3), ("bob", 2))]
    assert standings(heard(file, here, *both, expected=expects("alice", "bob"))) == ["holds", "holds"]


def test_a_newer_claim_about_other_bytes_does_not_take_the_place_of_one_about_these(
    here: Manifest, file: Path, tmp_path: Path
) -> None:
    other = model(tmp_path / "other", more=b"1")
    found = heard(file, here, _results(here, "FAILED", NOW - 3 * DAY), _results(other, "PASSED", NOW - 2 * DAY))
    assert standings(found) == ["holds", Standing.OTHER_BYTES]


def test_an_older_claim_about_earlier_bytes_is_superseded_and_no_fault(
    here: Manifest, file: Path, tmp_path: Path
) -> None:
    earlier = model(tmp_path / "earlier", more=b"1")
    assert standings(heard(file, here, released(earlier, 1), released(here, 2))) == [Standing.SUPERSEDED, "holds"]


def test_bytes_of_an_earlier_release_beside_a_later_claim_were_rolled_back(
    here: Manifest, file: Path, tmp_path: Path
) -> None:
    later = model(tmp_path / "later", more=b"1")
    found = heard(file, here, released(here, 1), released(later, 2, by="bob"), expected=expects("alice", "bob"))
    assert standings(found) == [Standing.ROLLED_BACK, Standing.OTHER_BYTES]
    assert found[0].why == "line 2 is release 2 (1.2) of it, of other bytes"


def test_one_number_for_two_releases_is_refused(here: Manifest, file: Path, tmp_path: Path) -> None:
    other = model(tmp_path / "other", more=b"1")
    for order in ((released(here, 1), released(other, 1)), (released(other, 1), released(here, 1))):
        assert set(standings(heard(file, here, *order))) == {Standing.ROLLED_BACK, Standing.OTHER_BYTES}


def test_releases_of_other_channels_and_names_are_numbered_for_themselves(here: Manifest, file: Path) -> None:
    made = [released(here, 9), released(here, 1, channel="nightly"), released(here, 2, name="small")]
    assert standings(heard(file, here, *made)) == ["holds"] * 3


def test_a_release_of_another_name_or_channel_is_refused_where_one_is_expected(here: Manifest, file: Path) -> None:
    assert standings(heard(file, here, released(here, 1), name="model")) == ["holds"]
    (one,) = heard(file, here, released(here, 1), name="other")
    assert (one.standing, one.why) == (Standing.OTHER_NAME, "it is model, and other is expected")
    nightly = released(here, 1, channel="nightly")
    assert standings(heard(file, here, nightly, name="model")) == [Standing.OTHER_NAME]
    assert standings(heard(file, here, nightly, name="model", channel="nightly")) == ["holds"]


def test_a_cut_file_of_claims_shows_where_a_later_release_was_seen(here: Manifest, file: Path) -> None:
    seen = {"model": Seen(sequence=2, version="1.2", tree="0" * 64)}
    (one,) = heard(file, here, released(here, 1), seen=seen)
    assert one.standing is Standing.ROLLED_BACK
    assert one.why == "model 1.1 is release 1, and release 2 (1.2) was seen before: it was rolled back"


def test_a_cut_file_of_claims_shows_where_one_of_that_type_must_be_there(here: Manifest, file: Path) -> None:
    found = heard(file, here, claim(here))
    assert missing(found, [FREE]) == {}
    assert missing(found, [FREE, TYPE]) == {TYPE: "there is none that holds"}


def test_a_claim_that_speaks_against_the_artifact_holds_and_is_none_that_is_wanted(here: Manifest, file: Path) -> None:
    type = "https://in-toto.io/attestation/test-result/v0.1"
    (one,) = found = heard(file, here, _results(here, "FAILED", NOW - DAY))
    assert one.standing is Standing.HOLDS
    assert missing(found, [type]) == {type: "it failed tests"}
    assert told_apart(found) == ([one], [])
    assert missing(heard(file, here, _results(here, "PASSED", NOW - DAY)), [type]) == {}


def test_lines_that_stand_there_twice_count_once(here: Manifest, file: Path) -> None:
    one, bad = released(here, 1), released(here, 1, by="mallory")
    found = heard(file, here, one, one, bad, bad)
    assert standings(found) == ["holds", Standing.SUPERSEDED, Standing.SIGNER_UNKNOWN, Standing.SIGNER_UNKNOWN]
    assert found[1].why == "it is line 1 once more"


def test_a_payload_with_a_key_that_stands_there_twice_is_refused(here: Manifest, file: Path) -> None:
    raw = strict.written(statement(here.subjects(), TYPE, {"name": "model", "version": "1", "sequence": 1}))
    (one,) = heard(file, here, stated(raw.replace(b'"sequence":1', b'"sequence":1,"sequence":9')))
    assert (one.standing, one.why) == (
        Standing.MALFORMED,
        "line 1 cannot be read: the key 'sequence' stands there twice",
    )


def test_a_tree_of_one_and_files_of_another_artifact_are_refused_for_both(
    here: Manifest, file: Path, tmp_path: Path
) -> None:
    other = model(tmp_path / "other", more=b"1", **{"config.json": b"[]"})
    mixed = stated(statement([here.subjects()[0], *other.subjects()[1:]]))
    for manifest in (here, other):
        (one,) = heard(file, manifest, mixed)
        assert one.standing is Standing.OTHER_BYTES
    (one,) = heard(file, here, mixed)
    assert one.why.startswith("its subjects contradict each other: the tree is this one, but config.json has")


def test_two_trees_in_one_statement_are_refused(here: Manifest, file: Path, tmp_path: Path) -> None:
    other = model(tmp_path / "other", more=b"1")
    both = stated(statement([here.subjects()[0], other.subjects()[0]]))
    assert standings(heard(file, here, both)) == [Standing.OTHER_BYTES]


def test_the_files_of_a_tree_of_other_sizes_are_refused(here: Manifest, file: Path) -> None:
    whole = {"name": "./", "digest": {TREE_ALGORITHM: "0" * 64}}
    assert standings(heard(file, here, stated(statement([whole, *here.subjects()[1:]])))) == [Standing.OTHER_BYTES]


def test_a_root_digest_of_model_signing_alone_says_nothing_of_names(here: Manifest, file: Path) -> None:
    import hashlib

    root = hashlib.sha256(b"".join(bytes.fromhex(entry.sha256) for entry in here.entries)).hexdigest()
    (one,) = heard(file, here, stated(statement([{"name": "model", "digest": {"sha256": root}}])))
    assert one.standing is Standing.OTHER_BYTES


def test_a_signature_over_all_files_holds_by_the_files_that_it_lists(
    here: Manifest, file: Path, tmp_path: Path
) -> None:
    added = signing.add(str(file.parent), signer("alice")).bundle
    assert standings(heard(file, here, added)) == ["holds"]
    other = model(tmp_path / "other", more=b"1")
    (one,) = heard(tmp_path / "other" / "claims.jsonl", other, added)
    assert (one.standing, "'more' was not signed" in one.why) == (Standing.OTHER_BYTES, True)


@pytest.mark.parametrize("digest", [{"sha512": "0" * 128}, {"sha1": "0" * 40}, {"gitCommit": "0" * 40}])
def test_digests_that_pin_no_file_are_no_claim_about_it(digest: dict[str, str], here: Manifest, file: Path) -> None:
    subjects = [{"name": entry.path, "digest": digest} for entry in here.entries]
    assert standings(heard(file, here, stated(statement(subjects)))) == [Standing.OTHER_BYTES]


def test_claims_of_others_hold_without_a_tree_if_they_name_every_file(here: Manifest, file: Path) -> None:
    assert standings(heard(file, here, stated(statement(here.subjects()[1:])))) == ["holds"]
    assert standings(heard(file, here, stated(statement(here.subjects()[2:])))) == [Standing.OTHER_BYTES]


@pytest.mark.parametrize("note", ["yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z"])
def test_a_time_that_is_none_is_refused(note: str, here: Manifest, file: Path) -> None:
    whole, *files = here.subjects()
    notes = {"annotations": {"urn:weighmaster:expires": note}}
    (one,) = heard(file, here, stated(statement([whole | notes, *files])))
    assert one.standing is Standing.MALFORMED


# The file


def test_one_bad_line_hides_no_other(here: Manifest, file: Path) -> None:
    found = heard(file, here, claim(here), b"{", b"", b"\xff", b"[]", b'{"mediaType": 1}', released(here, 1))
    assert standings(found) == ["holds", *[Standing.MALFORMED] * 4, "holds"]
    assert [one.line for one in found] == [1, 2, 4, 5, 6, 7]
    assert all(one.why.startswith(f"line {one.line} ") for one in found[1:-1])


def test_a_signature_over_a_file_is_no_claim(here: Manifest, file: Path) -> None:
    message = bundle.write(Bundle(content=bundle.MessageSignature(sha256="0" * 64, sig=b"1")))
    assert standings(heard(file, here, message)) == [Standing.MALFORMED]


def test_lines_are_added_and_none_is_changed(here: Manifest, file: Path) -> None:
    assert attest.append(file.parent, claim(here)) == str(file)
    before = file.read_bytes()
    attest.append(file.parent, released(here, 1))
    assert file.read_bytes().startswith(before)
    assert file.read_bytes().count(b"\n") == 2


def test_a_line_after_one_that_was_cut_begins_anew(here: Manifest, file: Path) -> None:
    file.write_bytes(lines(claim(here))[:-9])
    attest.append(file.parent, released(here, 1))
    assert standings(heard(file, here, *file.read_bytes().splitlines())) == [Standing.MALFORMED, "holds"]


@pytest.mark.parametrize("line", [b"", b"{}\n{}"])
def test_what_is_no_line_is_not_added(line: bytes, file: Path, here: Manifest) -> None:
    del here
    with pytest.raises(ConfigError):
        claimsfile.append(str(file), line)
    assert not file.exists()


def test_nothing_is_written_through_a_link(here: Manifest, file: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"")
    file.symlink_to(tmp_path / "victim")
    with pytest.raises(ConfigError, match="cannot be written"):
        attest.append(file.parent, claim(here))
    assert (tmp_path / "victim").read_bytes() == b""


def test_a_pipe_is_no_file_of_claims(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "c")
    with pytest.raises(TrustError, match="is no file"):
        list(claimsfile.read(str(tmp_path / "c")))
    with pytest.raises(ConfigError):
        claimsfile.append(str(tmp_path / "c"), b"{}")


def test_no_file_of_claims_is_no_claim(tmp_path: Path) -> None:
    assert list(claimsfile.read(str(tmp_path / "c"))) == []


def test_many_writers_lose_no_line(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    path = str(tmp_path / "c")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: claimsfile.append(path, b"%d" % number * 50), range(10, 90)))
    assert sorted((tmp_path / "c").read_bytes().split()) == sorted(b"%d" % number * 50 for number in range(10, 90))


def test_a_line_without_an_end_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claimsfile, "LONGEST", 100)
    (tmp_path / "c").write_bytes(b"x" * 1000 + b"\n" + b"y\n")
    first, second = claimsfile.read(str(tmp_path / "c"))
    assert isinstance(first, Unread)
    assert (first.line, first.why) == (1, "line 1 is longer than 100 bytes")
    assert second.line == 2


def test_what_goes_beyond_the_lines_that_are_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claimsfile, "MOST", 3)
    (tmp_path / "c").write_bytes(b"x\n" * 10)
    *_, last = claimsfile.read(str(tmp_path / "c"))
    assert last == Unread(line=4, why=f"from line 4 on not read: more than 3 lines or {128 << 20} bytes")


def test_a_file_that_is_too_long_counts_for_nothing_and_is_never_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert claimsfile.LARGEST == keeping.LONGEST
    monkeypatch.setattr(claimsfile, "LARGEST", 6)
    (tmp_path / "c").write_bytes(b"xxx\n")
    with pytest.raises(ConfigError, match="c would be longer than 6 bytes, of which nothing is read"):
        claimsfile.append(str(tmp_path / "c"), b"xx")
    assert (tmp_path / "c").read_bytes() == b"xxx\n"
    (tmp_path / "c").write_bytes(b"xxxxxx\n")
    with pytest.raises(TrustError, match="c is longer than 6 bytes: so many claims are not read"):
        list(claimsfile.read(str(tmp_path / "c")))


def test_a_hundred_thousand_lines_are_read(here: Manifest, file: Path) -> None:
    once = lines(claim(here))
    file.write_bytes(once + b"{}\n" * 99_998 + lines(released(here, 1)))
    found = judge(claimsfile.read(str(file)), here, Wanted(expected=expects()), NOW)
    assert len(found) == 100_000
    assert {found[0].standing, found[-1].standing} == {Standing.HOLDS}


def test_releases_seen_that_are_too_long_to_read_do_not_count_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "_LARGEST", 20)
    (tmp_path / "seen.json").write_bytes(b" " * 21)
    with pytest.raises(ConfigError, match=r"seen\.json is longer than 20 bytes"):
        read_seen(str(tmp_path / "seen.json"))


@given(st.binary(max_size=200))
def test_any_line_is_a_claim_or_said_to_be_none(raw: bytes) -> None:
    assert isinstance(claimsfile.parsed(raw, 1), Claim | Unread)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_SUBJECT = st.fixed_dictionaries(
    {"name": st.text(max_size=5) | _JSON},
    optional={"digest": st.dictionaries(st.sampled_from(["sha256", TREE_ALGORITHM]), _JSON | st.just("0" * 64)) | _JSON,
              "annotations": _JSON},
)  # fmt: skip


@given(st.lists(_SUBJECT, max_size=3) | _JSON, st.sampled_from([FREE, TYPE]) | _JSON, _JSON)
def test_any_signed_statement_is_judged(subjects: Any, type: Any, predicate: Any) -> None:
    document = {"_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicateType": type}
    line = claimsfile.parsed(bundle.write(stated(document | {"predicate": predicate})), 1)
    manifest = Manifest.of([])
    (one,) = judge([line], manifest, Wanted(expected=expects()), NOW)
    assert one.standing is not Standing.HOLDS
    assert one.why


# Releases that were seen


def test_what_was_seen_is_kept_and_grows(tmp_path: Path) -> None:
    path = str(tmp_path / "seen.json")
    assert read_seen(path) == {}
    with held(path) as seen:
        seen["model"] = Seen(sequence=3, version="1.3", tree="a" * 64)
    assert read_seen(path) == {"model": Seen(sequence=3, version="1.3", tree="a" * 64)}


def test_what_was_seen_is_not_written_after_an_error(tmp_path: Path) -> None:
    path = str(tmp_path / "seen.json")

    def refuse() -> None:
        with held(path) as seen:
            seen["model"] = Seen(sequence=3, version="1.3", tree="a" * 64)
            raise TrustError("refused")

    with pytest.raises(TrustError, match="refused"):
        refuse()
    assert read_seen(path) == {}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "weighmaster.releases/1", "releases": {"m": {}}}'])
def test_a_broken_file_of_what_was_seen_does_not_count_as_nothing_seen(text: str, tmp_path: Path) -> None:
    (tmp_path / "seen.json").write_text(text)
    with pytest.raises(ConfigError):
        read_seen(str(tmp_path / "seen.json"))


def test_a_release_may_be_seen_again_and_not_with_other_bytes(here: Manifest, file: Path) -> None:
    (one,) = heard(file, here, released(here, 3))
    release = one.meaning
    seen = check_release(release, here.tree, {})  # type: ignore[arg-type]
    assert check_release(release, here.tree, {"model": seen}) == seen  # type: ignore[arg-type]
    with pytest.raises(TrustError, match="two things have one number"):
        check_release(release, "0" * 64, {"model": seen})  # type: ignore[arg-type]


def _results(manifest: Manifest, result: str, issued: Any, by: str = "alice", expires: Any = None) -> Bundle:
    found = {"result": result, "configuration": []}
    type = "https://in-toto.io/attestation/test-result/v0.1"
    return claim(manifest, type, found, by=by, issued=issued, expires=expires)


# Who is vouched for


def _vouched(name: str, subject: str, **more: Any) -> KeySigner:
    private = authority.key(f"claims {subject}")
    certificate = ROOT.issue(name, subject=subject, private=private, **more)
    return KeySigner([private], [authority.der(certificate)])


def _by(signer_: KeySigner, manifest: Manifest, **more: Any) -> Bundle:
    issued = more.pop("issued", NOW - DAY)
    return attest.signed(attest.statement(manifest, FREE, {}, issued=issued), signer_, **more)


ROOT = authority.Authority()
VOUCHED = Expected(authorities=(authority.der(ROOT.certificate),), names=(authority.MAIL,))


def test_someone_for_whom_an_authority_vouches_is_known_by_name(here: Manifest, file: Path) -> None:
    (one,) = heard(file, here, _by(_vouched(authority.MAIL, "a"), here), expected=VOUCHED)
    assert one.standing is Standing.HOLDS
    assert one.signed is not None
    assert isinstance(one.signed.by, CertificateIdentity)
    assert one.signed.by.name == authority.MAIL


def test_another_signer_of_the_same_authority_is_not_believed(here: Manifest, file: Path) -> None:
    (one,) = heard(file, here, _by(_vouched("other@example.com", "b"), here), expected=VOUCHED)
    assert one.standing is Standing.SIGNER_UNKNOWN


def test_who_signed_with_an_expired_certificate_is_not_believed(here: Manifest, file: Path) -> None:
    (one,) = heard(file, here, _by(_vouched(authority.MAIL, "c", days=(-30, -2)), here), expected=VOUCHED)
    assert one.standing is Standing.SIGNER_UNKNOWN
    assert one.why


def test_a_revoked_key_is_not_believed(here: Manifest, file: Path) -> None:
    revoked = replace(expects(), revoked=(Revocation(id=signer("alice").key.keyid),))
    (one,) = heard(file, here, claim(here), expected=revoked)
    assert one.standing in {Standing.SIGNER_UNKNOWN, Standing.CHANGED}
    assert "revoked" in one.why


def test_a_new_certificate_of_one_signer_does_not_keep_an_older_claim(here: Manifest, file: Path) -> None:
    one, other = (_vouched(authority.MAIL, subject) for subject in ("d", "e"))
    type = "https://in-toto.io/attestation/test-result/v0.1"
    made = [
        attest.signed(
            attest.statement(here, type, {"result": result, "configuration": []}, issued=NOW - days * DAY), by
        )
        for by, result, days in ((one, "PASSED", 3), (other, "FAILED", 2))
    ]
    assert standings(heard(file, here, *made, expected=VOUCHED)) == [Standing.SUPERSEDED, "holds"]


# Trusted times


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> authority.Clock:
    return authority.Clock(tmp_path_factory.mktemp("clock"))


def _stamped(clock: authority.Clock, made: Bundle, when: datetime) -> Bundle:
    return signing.stamped(made, lambda signature: clock.say(signature, when))


def _timed(clock: authority.Clock, expected: Expected) -> Expected:
    found: Expected = replace(expected, timestamp_authorities=(authority.der(clock.root.certificate),))
    return found


def test_a_timestamp_outlives_the_certificate_that_signed(here: Manifest, file: Path, clock: authority.Clock) -> None:
    made = _by(_vouched(authority.MAIL, "f", days=(-30, -2)), here, issued=NOW - 5 * DAY)
    stamped = _stamped(clock, made, NOW - 4 * DAY)
    (one,) = heard(file, here, stamped, expected=_timed(clock, VOUCHED))
    assert one.standing is Standing.HOLDS
    assert one.signed is not None
    assert one.signed.at is not None


def test_a_timestamp_of_today_makes_no_old_claim_new(here: Manifest, file: Path, clock: authority.Clock) -> None:
    old = _stamped(clock, claim(here, issued=NOW - 90 * DAY), NOW - DAY)
    (one,) = heard(file, here, old, expected=_timed(clock, expects()), oldest=30 * DAY)
    assert (one.standing, one.why) == (Standing.STALE, "it is of 2026-03-03T12:00:00Z, and older than asked for")


def test_a_claim_that_says_it_is_newer_than_its_timestamp_does_not_hold(
    here: Manifest, file: Path, clock: authority.Clock
) -> None:
    ahead = _stamped(clock, claim(here, issued=NOW - DAY), NOW - 2 * DAY)
    (one,) = heard(file, here, ahead, expected=_timed(clock, expects()))
    assert (one.standing, "after it was signed" in one.why) == (Standing.STALE, True)


# Damage


def test_whatever_becomes_of_claims_is_said(here: Manifest) -> None:
    """Of damaged lines each is read, and what holds of one is what held before."""
    chance = random.Random(4)
    whole = [bundle.write(one) for one in (claim(here), released(here, 1), _results(here, "PASSED", NOW - DAY))]
    good = {_payload(claimsfile.parsed(line, 1)) for line in whole}
    for number in range(1500):
        found = damaged(whole[number % 3], chance).split(b"\n")
        read = [claimsfile.parsed(line, at) for at, line in enumerate(found, 1)]
        for one in judge(read, here, Wanted(expected=expects()), NOW):
            assert one.standing is not Standing.HOLDS or _payload(one.claim) in good


def _payload(found: object) -> bytes:
    assert isinstance(found, Claim)
    assert isinstance(found.bundle.content, Envelope)
    return found.bundle.content.payload


# The law


_NAMES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=6), max_size=3)
_PATHS = _NAMES.map(lambda parts: "/".join(["x", *parts]))
_ENTRIES = st.builds(
    lambda path, size, digit: Entry(path=path, size=size, sha256=digit * 64),
    _PATHS, st.integers(0, 1 << 50), st.sampled_from("0123456789abcdef"),
)  # fmt: skip
_MANIFESTS = st.lists(_ENTRIES, min_size=1, max_size=5, unique_by=lambda entry: entry.path).map(Manifest.of)


@given(_MANIFESTS, _MANIFESTS)
def test_a_claim_holds_of_what_it_was_made_for_and_of_nothing_else(one: Manifest, other: Manifest) -> None:
    made = [claimsfile.parsed(bundle.write(claim(one)), 1)]
    (own,), (foreign,) = (judge(made, it, Wanted(expected=expects()), NOW) for it in (one, other))
    assert own.standing is Standing.HOLDS
    assert (foreign.standing is Standing.HOLDS) is (one == other)
    assert (foreign.standing is Standing.OTHER_BYTES) is (one != other)
