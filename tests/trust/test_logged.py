from __future__ import annotations

from pathlib import Path

import pytest
from tests.trust.claims_made import claim, expects, heard, model, released, signer

from weighmaster.model.errors import TrustError
from weighmaster.model.value import replace
from weighmaster.trust.claims.claims import Standing
from weighmaster.trust.claims.logged import held_to, proven
from weighmaster.trust.evidence import bundle
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.log import record
from weighmaster.trust.log.book import Log
from weighmaster.trust.log.note import VerifierKey
from weighmaster.trust.log.proof import prove

ORIGIN = "example.org/models"


def log_of(folder: Path, *claims: Bundle, more: int = 0) -> Log:
    Log.create(str(folder), signer("log"), ORIGIN)
    log = Log.open(str(folder), [VerifierKey.of(ORIGIN, signer("log").key)])
    log.append([b"entry %d" % number for number in range(more)], signer("log"))
    log.append([record.of_claim(bundle.write(one), 0) for one in claims], signer("log"))
    return Log.open(str(folder), [VerifierKey.of(ORIGIN, signer("log").key)])


def test_what_is_in_the_log_holds(tmp_path: Path) -> None:
    here = model(tmp_path / "model")
    made = claim(here), released(here, 1)
    found, cut = held_to(heard(tmp_path / "c", here, *made), here.tree, log_of(tmp_path / "log", *made, more=600))
    assert ([one.standing for one in found], cut) == (["holds", "holds"], ())


def test_what_is_not_in_the_log_does_not_hold(tmp_path: Path) -> None:
    here = model(tmp_path / "model")
    made = claim(here), released(here, 1)
    found, cut = held_to(heard(tmp_path / "c", here, *made), here.tree, log_of(tmp_path / "log", made[0]))
    assert ([one.standing for one in found], cut) == (["holds", Standing.NOT_LOGGED], ())
    assert found[1].why == "it is not in the log example.org/models"


def test_lines_that_were_cut_out_of_the_claims_show_in_the_log(tmp_path: Path) -> None:
    here, other = model(tmp_path / "model"), model(tmp_path / "other", more=b"1")
    made = claim(here), released(here, 1)
    log = log_of(tmp_path / "log", *made, claim(other))
    _, (cut,) = held_to(heard(tmp_path / "c", here, made[0]), here.tree, log)
    assert cut.type == "urn:weighmaster:release:v1"


def test_a_claim_by_someone_unknown_is_still_one_that_is_here(tmp_path: Path) -> None:
    here = model(tmp_path / "model")
    made = claim(here, by="mallory")
    found, cut = held_to(heard(tmp_path / "c", here, made), here.tree, log_of(tmp_path / "log", made))
    assert ([one.standing for one in found], cut) == ([Standing.SIGNER_UNKNOWN], ())


def test_proofs_beside_show_that_claims_were_logged(tmp_path: Path) -> None:
    here = model(tmp_path / "model")
    made = claim(here), released(here, 1)
    log = log_of(tmp_path / "log", *made, more=9)
    keys = [VerifierKey.of(ORIGIN, signer("log").key)]
    one, other = (prove(log, number).json() for number in (9, 10))
    said = heard(tmp_path / "c", here, *made)
    assert [found.standing for found in proven(said, one + b"\n" + other, keys)] == ["holds", "holds"]
    assert [found.standing for found in proven(said, one, keys)] == ["holds", Standing.NOT_LOGGED]
    strangers = [VerifierKey.of(ORIGIN, signer("mallory").key)]
    assert {found.standing for found in proven(said, one + b"\n" + other, strangers)} == {Standing.NOT_LOGGED}
    with pytest.raises(TrustError, match="line 2 of the proofs"):
        proven(said, one + b"\n{}", keys)


def test_a_proof_of_one_claim_is_none_of_another(tmp_path: Path) -> None:
    here = model(tmp_path / "model")
    made = claim(here), released(here, 1)
    log = log_of(tmp_path / "log", made[0])
    proof = prove(log, 0)
    moved = replace(proof, extra=record.of_claim(bundle.write(made[1]), 0))
    (found,) = proven(heard(tmp_path / "c", here, made[1]), moved.json(), [VerifierKey.of(ORIGIN, signer("log").key)])
    assert found.standing is Standing.NOT_LOGGED


def test_a_damaged_log_says_nothing(tmp_path: Path) -> None:
    here = model(tmp_path / "model")
    made = claim(here), released(here, 1)
    log = log_of(tmp_path / "log", *made)
    (entries,) = (path for path in (tmp_path / "log").rglob("*") if path.is_file() and "entries" in str(path))
    text = entries.read_bytes()
    entries.write_bytes(text.replace(here.tree.encode(), b"0" * 64))
    with pytest.raises(TrustError, match="is damaged"):
        held_to(heard(tmp_path / "c", here, made[0], expected=expects()), here.tree, log)
