"""A proof goes with a claim, and is verified without the log."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.damage import damaged
from tests.trust.log.setting import ORIGIN, Setting, signer_of

from weighmaster.model.errors import ConfigError, TrustError, WeighmasterError
from weighmaster.model.value import replace
from weighmaster.trust.evidence import bundle, statement
from weighmaster.trust.evidence.envelope import IN_TOTO, Envelope, pae
from weighmaster.trust.log import checkpoint as checkpoints
from weighmaster.trust.log import find, proof, record
from weighmaster.trust.log.note import VerifierKey
from weighmaster.trust.log.proof import Growth, Proof, prove, read_growth, read_proof, verify_proof

TREE = "ab" * 32


def _claim(name: str = "model") -> bytes:
    subjects = [{"name": name, "digest": {"sha256": "cd" * 32, "weighmasterTreeV1": TREE}}]
    said = statement.statement(subjects, "https://slsa.dev/provenance/v1", {"of": name})
    signatures = signer_of(5).sign(pae(IN_TOTO, said))
    return bundle.write(bundle.Bundle(content=Envelope(payload=said, payload_type=IN_TOTO, signatures=signatures)))


def _logged(setting: Setting, *claims: bytes) -> None:
    setting.grown(300)
    setting.log().append([record.of_claim(claim, 1700000000) for claim in claims], setting.signer)


def test_a_record_says_what_was_logged_of_a_claim() -> None:
    entry = record.of_claim(_claim() + b"\n", 1700000000)
    said = record.read(entry)
    assert said is not None
    assert (said.kind, said.tree, said.type, said.time) == ("claim", TREE, "https://slsa.dev/provenance/v1", 1700000000)
    assert said.names(_claim())
    assert not said.names(_claim("other"))
    assert record.read(entry + b" ") is None
    assert record.read(entry.replace(b'"kind":"claim"', b'"kind":"verdict"')) is None
    assert record.read(b'{"kind":' * 600) is None
    with pytest.raises(TrustError):
        record.of_claim(b"{}", 0)


def test_a_claim_is_proven_to_be_in_the_log_by_text_and_by_json(setting: Setting) -> None:
    claims = [_claim("one"), _claim("two")]
    _logged(setting, *claims)
    log = setting.log()
    where = find.numbers(log, [said.sha256 for claim in claims if (said := record.read(record.of_claim(claim, 0)))])
    assert sorted(where.values()) == [300, 301]
    for claim, index in zip(claims, (300, 301), strict=True):
        it = prove(log, index)
        assert read_proof(it.text()) == read_proof(it.json()) == it
        for raw in (it, it.text(), it.json()):
            assert verify_proof(raw, claim, [setting.key]).size == 302


def test_a_proof_is_laid_out_as_the_specification_says(setting: Setting) -> None:
    setting.grown(3)
    text = prove(setting.log(), 1).text().decode()
    head, _, checkpoint = text.partition("\n\n")
    assert head.split("\n")[:2] == ["c2sp.org/tlog-proof@v1", "index 1"]
    assert len(head.split("\n")) == 4
    assert checkpoint.encode() == (setting.folder / "checkpoint").read_bytes()


def test_a_proof_for_one_claim_proves_no_other(setting: Setting) -> None:
    _logged(setting, _claim("one"), _claim("two"))
    it = prove(setting.log(), 300)
    with pytest.raises(TrustError, match="the proof is for something else"):
        verify_proof(it, _claim("two"), [setting.key])
    # The record of the other claim, with the place of this one.
    with pytest.raises(TrustError, match="it is not entry 300"):
        verify_proof(replace(it, extra=record.of_claim(_claim("two"), 1700000000)), _claim("two"), [setting.key])
    with pytest.raises(TrustError):
        verify_proof(replace(it, index=301), _claim("one"), [setting.key])
    with pytest.raises(TrustError):
        verify_proof(replace(it, extra=b""), _claim("one"), [setting.key])


def test_a_record_made_up_to_name_a_claim_is_not_in_the_log(setting: Setting) -> None:
    _logged(setting, _claim("one"))
    it = prove(setting.log(), 300)
    forged = record.of_claim(_claim("evil"), 1700000000)
    with pytest.raises(TrustError, match="does not lead from the entry to the root"):
        verify_proof(replace(it, extra=forged), _claim("evil"), [setting.key])


def test_bytes_that_were_logged_themselves_are_proven_without_a_record(setting: Setting) -> None:
    setting.grown(5)
    it = prove(setting.log(), 3)
    assert it.extra == b""
    assert verify_proof(it, b"entry 3", [setting.key]).size == 5
    assert find.raw(setting.log(), b"entry 3") == 3
    assert find.raw(setting.log(), b"entry 9") is None
    with pytest.raises(TrustError):
        verify_proof(it, b"entry 4", [setting.key])
    # What goes along and is no record of ours means nothing (tlog-proof: it is not authenticated).
    assert verify_proof(replace(it, extra=b"something"), b"entry 3", [setting.key]).size == 5


def test_a_proof_needs_a_trusted_log_and_enough_witnesses(setting: Setting) -> None:
    setting.grown(5)
    log = setting.log()
    log.replace_checkpoint(checkpoints.cosigned_by(setting.seers[0], setting.witnesses[0].name, log.checkpoint, 77))
    it = prove(log, 3)
    found = verify_proof(it, b"entry 3", [setting.key], setting.witnesses, 1)
    assert [(one.witness, one.at) for one in found.cosigned] == [(setting.witnesses[0].name, 77)]
    with pytest.raises(TrustError, match="1 of the 2 witnesses"):
        verify_proof(it, b"entry 3", [setting.key], setting.witnesses)
    with pytest.raises(ConfigError, match="no key of a log is trusted"):
        verify_proof(it, b"entry 3", [])
    with pytest.raises(TrustError, match="not signed by a key that is trusted"):
        verify_proof(it, b"entry 3", [VerifierKey.of(ORIGIN, signer_of(9).key)])
    # A key that is rotated: either of the two will do.
    verify_proof(it, b"entry 3", [VerifierKey.of(ORIGIN, signer_of(9).key), setting.key])


def test_growth_is_proven_offline(setting: Setting) -> None:
    old = setting.grown(5).checkpoint
    new = setting.grown(300, 5)
    raw = Growth(old=5, path=new.consistency(old), checkpoint=new.checkpoint.note).text()
    read = read_growth(raw)
    assert raw.startswith(b"old 5\n")
    read.verify(old, new.checkpoint)
    with pytest.raises(TrustError, match="begins with 5 entries"):
        read.verify(setting.grown(1, 400).checkpoint, new.checkpoint)
    with pytest.raises(TrustError):
        replace(read, path=read.path[1:]).verify(old, new.checkpoint)
    with pytest.raises(TrustError, match="forked"):
        read.verify(replace(old, root=b"\1" * 32), new.checkpoint)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{}", b"{", b"c2sp.org/tlog-proof@v1\n", b"c2sp.org/tlog-proof@v1\nindex 01\n\nx",
        b"x" * (proof.LONGEST + 1),
        b"c2sp.org/tlog-proof@v2\nindex 1\n\nx", b"c2sp.org/tlog-proof@v1\nindex -1\n\nx", b"\xff\n\nx", b"old 1\n\nx",
        b"c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx", b"c2sp.org/tlog-proof@v1\nextra *\nindex 1\n\nx",
        b"c2sp.org/tlog-proof@v1\nindex 1\n" + b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" * 65 + b"\nx",
        b"c2sp.org/tlog-proof@v1\nindex 99999999999999999999999\n\nx", b"c2sp.org/tlog-proof@v1\nmore\nindex 1\n\nx",
        b"c2sp.org/tlog-proof@v1\nindex 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\nx",
        json.dumps({"kind": "weighmaster-log-proof-v1", "index": True, "path": [], "checkpoint": "x"}).encode(),
        json.dumps({"kind": "weighmaster-log-proof-v1", "index": 1, "path": ["A"], "checkpoint": "x"}).encode(),
        json.dumps({"kind": "weighmaster-log-proof-v1", "index": 1, "path": [], "checkpoint": "x", "y": 1}).encode(),
        json.dumps({"kind": "weighmaster-log-proof-v1", "index": 1, "path": [1], "checkpoint": "x"}).encode(),
        json.dumps({"kind": "weighmaster-log-proof-v1", "index": 10**30, "path": [], "checkpoint": "x"}).encode(),
        b'{"kind":"weighmaster-log-proof-v1","index":1,"index":2,"path":[],"checkpoint":"x"}', b"{" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_proof_is_refused(raw: bytes) -> None:
    with pytest.raises(TrustError):
        read_proof(raw)


@pytest.mark.parametrize(
    "raw",
    [b"", b"old\n\nx", b"old -1\n\nx", b"old 1\nA\n\nx", b"old 1", b"x\nold 1\n\nx", b"old 1\n" * 70, b"\xff" * 9],
)
def test_what_is_no_proof_of_growth_is_refused(raw: bytes) -> None:
    with pytest.raises(TrustError):
        read_growth(raw)


def test_mutations_of_proofs_prove_nothing_else(setting: Setting) -> None:
    _logged(setting, _claim("one"))
    it = prove(setting.log(), 300)
    rng = random.Random(4)
    proven = 0
    for raw in (it.text(), it.json()):
        for _ in range(1000):
            data = damaged(raw, rng)
            try:
                verify_proof(data, _claim("one"), [setting.key])
                proven += 1
            except WeighmasterError:
                pass
            with pytest.raises(WeighmasterError):
                verify_proof(data, _claim("other"), [setting.key])
    assert proven < 100


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for read in (read_proof, read_growth, record.read):
        try:
            found = read(raw)
        except TrustError:
            continue
        assert found is None or isinstance(found, (Proof, Growth, record.Logged))
