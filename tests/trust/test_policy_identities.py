"""Whom a policy of trust takes someone for: certificates of one's own authorities, timestamps, what was revoked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.trust.authority import DAY, NOW, Authority, Clock, der, key, pem
from tests.trust.policed import described, evidence, manifest, policy, role, rule

from weighmaster.model.errors import ConfigError
from weighmaster.trust.evidence.bundle import Bundle
from weighmaster.trust.identities.keys import KeySigner
from weighmaster.trust.identities.revocation import Revocation
from weighmaster.trust.policy.assess import Assessment, Kind, assess
from weighmaster.trust.policy.terms import Policy
from weighmaster.trust.signing import signing
from weighmaster.trust.signing.oms import statement_of

CORP = Authority("Corp Root")
TEAM = "ml-team@corp.example"


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock"))


def signed(by: KeySigner, clock: Clock | None = None, when: datetime = NOW) -> Bundle:
    made = signing.envelop(statement_of(manifest(), "model", alone=False), by)
    return signing.stamped(made, lambda signature: clock.say(signature, when)) if clock else made


def corp(folder: Path, *, crl: bytes = b"", clock: Clock | None = None, more: str = "", require: str = "") -> Policy:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "roots.pem").write_bytes(pem(CORP.certificate))
    text = f'[authorities.corp]\nroots = "roots.pem"\n[identities.team]\nauthority = "corp"\nname = "{TEAM}"\n'
    if crl:
        (folder / "revoked.crl").write_bytes(crl)
        text = text.replace('"roots.pem"', '"roots.pem"\ncrls = ["revoked.crl"]')
    if clock:
        (folder / "clock.pem").write_bytes(pem(clock.root.certificate))
        text += '[timestamps.corp]\nroots = "clock.pem"\n'
    made = rule(role("publisher", ["team"], predicates=["signature"]), require=require)
    return policy(folder, text + more + made, names=())


def asked(held: Policy, by: Bundle, now: datetime = NOW, **options: Any) -> Assessment:
    return assess(described(), evidence(signature=by), held, now, **options)


def kinds(found: Assessment) -> set[Kind]:
    return {lack.kind for lack in found.lacks}


def test_someone_for_whom_the_authority_vouches_under_that_name_may_sign(tmp_path: Path) -> None:
    found = asked(corp(tmp_path), signed(CORP.signer(TEAM)))
    assert found.holds
    assert found.vouched[0].signer == f"team ({TEAM})"


@pytest.mark.parametrize(
    ("signer", "said"),
    [
        (lambda: CORP.signer("printer-7.corp.example", purposes=[ExtendedKeyUsageOID.SERVER_AUTH]), ""),
        (lambda: CORP.signer("other-team@corp.example"), ""),
        (lambda: CORP.signer("ml-team@corp.example.evil"), ""),
        (lambda: Authority("Other Root").signer(TEAM), ""),
        (lambda: CORP.signer(TEAM, days=(-900, -600)), ""),
        (lambda: CORP.signer(TEAM, days=(1, 30)), ""),
        (lambda: CORP.signer(TEAM, purposes=[ExtendedKeyUsageOID.SERVER_AUTH]), ""),
        (lambda: KeySigner([key("signer")]), "signed with a bare key, and a certificate is expected"),
    ],
    ids=["printer", "colleague", "look-alike", "other authority", "expired", "not yet", "server", "no certificate"],
)
def test_nobody_else_may_whoever_vouches_for_them(tmp_path: Path, signer: Any, said: str) -> None:
    found = asked(corp(tmp_path), signed(signer()))
    assert kinds(found) == {Kind.UNTRUSTED}
    assert found.lacks[0].detail.startswith("the role publisher needs a signature of team; model.sig: ")
    assert said in found.lacks[0].detail


def test_a_certificate_that_ran_out_counts_for_what_a_timestamp_shows_to_be_older(tmp_path: Path, clock: Clock) -> None:
    by = CORP.signer(TEAM)
    later = NOW + 100 * DAY
    assert not asked(corp(tmp_path / "a"), signed(by), later).holds
    found = asked(corp(tmp_path / "b", clock=clock), signed(by, clock), later)
    assert found.holds
    assert found.vouched[0].at is not None
    assert found.vouched[0].at.date() == NOW.date()


def test_a_timestamp_that_is_wanted_must_be_by_an_authority_of_the_policy(tmp_path: Path, clock: Clock) -> None:
    held = corp(tmp_path, clock=clock, require="timestamp = true")
    assert asked(held, signed(CORP.signer(TEAM), clock)).holds
    assert kinds(asked(held, signed(CORP.signer(TEAM)))) == {Kind.MISSING}


def test_the_age_of_a_signature_is_what_a_timestamp_shows(tmp_path: Path, clock: Clock) -> None:
    held = corp(tmp_path, clock=clock, require='freshness = "90d"')
    made = signed(CORP.signer(TEAM), clock)
    assert asked(held, made, NOW + 89 * DAY).holds
    assert kinds(asked(held, made, NOW + 91 * DAY)) == {Kind.STALE}


def test_a_certificate_that_the_authority_revoked_counts_no_more(tmp_path: Path) -> None:
    by = CORP.signer(TEAM)
    certificate = CORP.issue(TEAM)
    by = KeySigner([key("signer")], [der(certificate)])
    assert asked(corp(tmp_path / "a", crl=CORP.list()), signed(by)).holds
    revoked = asked(corp(tmp_path / "b", crl=CORP.list((certificate, NOW - DAY))), signed(by))
    assert kinds(revoked) == {Kind.UNTRUSTED}
    assert "revoked" in revoked.lacks[0].detail


def test_a_denied_identity_still_counts_for_what_a_timestamp_shows_to_be_older(tmp_path: Path, clock: Clock) -> None:
    deny = '[[deny]]\nidentity = "team"\nreason = "left"\nsince = 2026-05-01\n'
    held = corp(tmp_path, clock=clock, more=deny)
    by = CORP.signer(TEAM, days=(-100, 100))
    assert asked(held, signed(by, clock, NOW - 60 * DAY)).holds
    assert kinds(asked(held, signed(by, clock))) == {Kind.DENIED}
    assert kinds(asked(held, signed(by))) == {Kind.DENIED}


def test_a_key_that_was_recalled_counts_no_more(tmp_path: Path) -> None:
    by = CORP.signer(TEAM)
    found = asked(corp(tmp_path), signed(by), revoked=(Revocation(id=by.key.keyid),))
    assert kinds(found) == {Kind.UNTRUSTED}
    assert "was revoked, whenever it signed" in found.lacks[0].detail


def test_one_key_behind_two_names_is_one_signer(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    (tmp_path / "same.pem").write_bytes(
        key("signer").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "roots.pem").write_bytes(pem(CORP.certificate))
    text = f"""
[keys.same]
public_key = "same.pem"
[authorities.corp]
roots = "roots.pem"
[identities.team]
authority = "corp"
name = "{TEAM}"
"""
    held = policy(tmp_path, text + rule(role("board", ["same", "team"], 2, predicates=["signature"])), names=())
    found = asked(held, signed(CORP.signer(TEAM)))
    assert kinds(found) == {Kind.MISSING}
    two = evidence(signed(KeySigner([key("another")], [der(CORP.issue(TEAM, private=key("another")))])))
    both = assess(described(), two | evidence(signature=signed(CORP.signer(TEAM))), held, NOW)
    assert both.holds, both.lacks


def test_a_policy_with_a_list_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"trust\.toml:4: crls is no list of revoked certificates"):
        corp(tmp_path, crl=b"nonsense")


@pytest.mark.parametrize("broken", [b"{}", b"nonsense", None])
def test_what_cannot_be_used_of_a_policy_fills_no_role_and_hides_no_other_party(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bytes | None
) -> None:
    import json

    from tests.trust.keyless import ISSUER, PrivateSigstore

    ours = PrivateSigstore()
    if broken is None:
        monkeypatch.setitem(__import__("sys").modules, "sigstore", None)
        monkeypatch.setitem(__import__("sys").modules, "sigstore.models", None)
    (tmp_path / "root.json").write_bytes(ours.root if broken is None else broken)
    text = f'[identities.ci]\nsigstore = "root.json"\nname = "ml@example.com"\nissuer = "{ISSUER}"\n'
    held = policy(tmp_path, text + rule(role("publisher", ["ci", "alice"], predicates=["signature"])), names=["alice"])
    keyless = json.dumps(ours.sign(statement_of(manifest(), "model", alone=False))).encode()
    found = assess(described(), {"model.sig": keyless}, held, NOW)
    assert kinds(found) == {Kind.UNTRUSTED}
    from tests.trust.policed import oms

    both = {"model.sig": keyless} | evidence(oms(manifest()))
    assert assess(described(), both, held, NOW).holds


def test_an_identity_of_sigstore_is_known_by_its_name_and_by_who_authenticated_it(tmp_path: Path) -> None:
    pytest.importorskip("sigstore")
    import json

    from tests.trust.keyless import ISSUER, PrivateSigstore

    ours = PrivateSigstore()
    tmp_path.joinpath("root.json").write_bytes(ours.root)
    text = f'[identities.ci]\nsigstore = "root.json"\nname = "ml@example.com"\nissuer = "{ISSUER}"\n'
    held = policy(tmp_path, text + rule(role("publisher", ["ci"], predicates=["signature"])), names=())
    payload = statement_of(manifest(), "model", alone=False)

    def said(**how: Any) -> Assessment:
        there = {"model.sig": json.dumps(ours.sign(payload, **how)).encode()}
        return assess(described(), there, held, NOW + 100 * DAY)

    assert said().vouched[0].signer == f"ci (ml@example.com, by {ISSUER})"
    assert kinds(said(name="eve@example.com")) == {Kind.UNTRUSTED}
    assert kinds(said(issuer="https://evil.example.com")) == {Kind.UNTRUSTED}
