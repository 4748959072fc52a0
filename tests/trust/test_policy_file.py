"""A policy of trust as a file: what it may say, and where it says what it cannot mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.trust.policed import NAMES, pem, policy, role, rule, signer, written

from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.identities.generate import generate
from weighmaster.trust.policy.document import read
from weighmaster.trust.policy.terms import Mode

FINE = rule(role("publisher", ["alice"], predicates=["signature"]))
ROLE = '[rule.roles.p]\nidentities = ["alice"]\npredicates = ["signature"]\n'


def test_all_that_it_may_say_is_read(tmp_path: Path) -> None:
    text = """
[[rule]]
match = "acme/*"
mode = "warn"
ignore = [".git/**"]
may_share = true
[rule.roles.publisher]
identities = ["alice", "bob"]
threshold = 2
predicates = ["signature", "release"]
[rule.roles.scanner]
identities = ["carol"]
predicates = ["scan", "https://example.org/x"]
max_age = "2w"
[rule.require]
freshness = "36h"
name = true
sequence = true
[[rule]]
match = "pkg:huggingface/**"
[rule.roles.publisher]
identities = ["dave"]
predicates = ["provenance"]
[[deny]]
identity = "bob"
since = 2026-05-01
reason = "left"
"""
    held = policy(tmp_path, text)
    first, second = held.rules
    assert (first.mode, second.mode, held.default) == (Mode.WARN, Mode.ENFORCE, Mode.ENFORCE)
    assert (first.ignore, first.may_share, first.name, first.sequence) == ((".git/**",), True, True, True)
    assert (first.freshness, first.roles[1].max_age) == (timedelta(hours=36), timedelta(weeks=2))
    assert [(one.name, one.parties, one.threshold) for one in first.roles] == [
        ("publisher", ("alice", "bob"), 2),
        ("scanner", ("carol",), 1),
    ]
    assert second.is_purl
    assert second.roles[0].predicates[0].types == {"https://slsa.dev/provenance/v1"}
    assert held.denied[0].since == datetime(2026, 5, 1, tzinfo=UTC)
    assert set(held.parties) == set(NAMES)


def test_a_key_may_stand_in_the_policy_itself(tmp_path: Path) -> None:
    held = policy(tmp_path, f'[keys.inline]\npublic_key = """{pem("dave")}"""\n' + FINE, names=["alice"])
    assert held.parties["inline"].expected.keys == (signer("dave").key,)


def test_files_are_named_from_where_the_policy_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "trust", FINE)
    monkeypatch.chdir(tmp_path)
    assert read(str(path.relative_to(tmp_path))).parties["alice"].expected.keys == (signer("alice").key,)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "there is no [[rule]]: nothing could ever be accepted"),
        ("[[rule]]\nmatch = 'x'\n", 10, "the rule for x has no role"),
        (f"[[rule]]\nmatch = 'x'\nmod = 'warn'\n{ROLE}", 12, "no setting is called 'mod'; did you mean 'mode'?"),
        (f"[[rule]]\nmatch = 'x'\nmode = 'off'\n{ROLE}", 12, "no mode is called 'off'"),
        (f"[[rule]]\n{ROLE}", 10, "match is missing"),
        (f"[[rule]]\nmatch = ''\n{ROLE}", 11, "match is empty"),
        (f"[[rule]]\nmatch = 7\n{ROLE}", 11, "match must be a text, not a number"),
        (f"[[rule]]\nmatch = 'x'\nignore = []\n{ROLE}", 12, "ignore is empty"),
        (f"[[rule]]\nmatch = 'x'\nmay_share = 1\n{ROLE}", 12, "may_share must be true or false, not a number"),
        (f"[rule]\nmatch = 'x'\n{ROLE}", 10, "rule must be a list, not a table"),
        (f"[[rule]]\nmatch = 'x'\n{ROLE}[rule.require]\nfreshnes = '1d'\n", 16, "no setting is called 'freshnes'"),
        (f"[[rule]]\nmatch = 'x'\n{ROLE}[rule.require]\nfreshness = '1y'\n", 16, "freshness must be a number of hours"),
        (
            f"[[rule]]\nmatch = 'x'\n{ROLE}[rule.require]\nfreshness = 30\n",
            16,
            "freshness must be a text, not a number",
        ),
        (f"[[rule]]\nmatch = 'x'\n{ROLE}[rule.require]\nlog = 'main'\n", 16, "no log is called 'main'"),
        (f"[[rule]]\nmatch = 'x'\n{ROLE}[rule.require]\nname = true\n", 15, "name = true needs a role"),
        (f"[[rule]]\nmatch = 'x'\n{ROLE}[rule.require]\nsequence = true\n", 15, "sequence = true needs a role"),
        (f"[[rule]]\nmatch = 'x'\n{ROLE}[rule.require]\ntimestamp = true\n", 15, "timestamp = true needs the roots"),
        (f"[[rule]]\nmatch = 'x'\n{ROLE}threshold = 0\n", 15, "threshold is 0, of 1 identities"),
        (f"[[rule]]\nmatch = 'x'\n{ROLE}threshold = 2\n", 15, "threshold is 2, of 1 identities"),
        (f"[[rule]]\nmatch = 'x'\n{ROLE}threshold = true\n", 15, "threshold must be a number, not true or false"),
        (f"[[rule]]\nmatch = 'x'\n{ROLE}max_age = '0d'\n", 15, "max_age must be a number"),
        (f"[[rule]]\nmatch = 'x'\n{ROLE.replace('alice', 'alcie')}", 13, "is called 'alcie'; did you mean 'alice'?"),
        (f"[[rule]]\nmatch = 'x'\n{ROLE.replace('signature', 'scam')}", 14, "is called 'scam'; did you mean 'scan'?"),
        ("[[rule]]\nmatch = 'x'\n[rule.roles.p]\nidentities = []\npredicates = ['scan']\n", 13, "names no identities"),
        ("[[rule]]\nmatch = 'x'\n[rule.roles.p]\npredicates = ['scan']\n", 12, "names no identities"),
        ("[[rule]]\nmatch = 'x'\n[rule.roles.p]\nidentities = ['bob']\npredicates = []\n", 14, "names no predicates"),
        (
            "[[rule]]\nmatch = 'x'\n[rule.roles.p]\nidentities = ['bob', 'bob']\npredicates = ['scan']\n",
            13,
            "names an identity twice",
        ),
        (
            "[[rule]]\nmatch = 'x'\n" + ROLE + ROLE.replace("roles.p", "roles.q"),
            12,
            "need 2 identities, and name 1: one fills one role, unless may_share = true",
        ),
        (f"[[rule]]\nmatch = 'x'\n{ROLE}[[rule]]\nmatch = 'y'\nx = 1\n{ROLE}", 17, "no setting is called 'x'"),
        ("[keys.eve]\n", 10, "public_key is missing"),
        ("[keys.eve]\npublic_key = 'gone.pem'\n", 11, "public_key: gone.pem: No such file"),
        ("[keys.eve]\npublic_key = 'trust.toml'\n", 11, "the public key holds no public key"),
        ("[keys.eve]\npublic_key = 'alice.pem'\n", 10, "eve and alice are one: they would count twice"),
        ('[keys.eve]\npublic_key = "a\\u0000b"\n', 11, "public_key: a\0b: embedded null"),
        ("[identities.eve]\nname = 'a@b'\n", 10, "an identity needs an authority, or sigstore"),
        ("[identities.eve]\nauthority = 'corp'\nname = 'a@b'\n", 11, "no authority is called 'corp'"),
        ("[identities.eve]\nauthority = 'corp'\n", 10, "name is missing"),
        ("[identities.eve]\nsigstore = 'root.json'\nname = 'a@b'\n", 10, "issuer is missing"),
        ("[authorities.corp]\nroots = 'alice.pem'\n", 11, "roots cannot be read"),
        ("[authorities.corp]\nroots = 'gone.pem'\n", 11, "roots: gone.pem: No such file"),
        ("[logs.main]\npublic_key = 'nonsense'\n", 11, "is no verifier key"),
        ("[logs.main]\npublic_key = 'x'\nwitnesses = []\n", 12, "witnesses is empty"),
        ("[logs.main]\npublic_key = 'x'\nwitness_threshold = 1\n", 12, "witness_threshold is 1, of 0 witnesses"),
        ("[[deny]]\nreason = 'x'\n", 10, "what is denied is one of sha256"),
        ("[[deny]]\nsha256 = 'ab'\nreason = 'x'\n", 11, "sha256 must be 64 lower-case hexadecimal digits"),
        ("[[deny]]\nidentity = 'eve'\nreason = 'x'\n", 11, "is called 'eve'"),
        ("[[deny]]\nidentity = 'bob'\n", 10, "reason is missing"),
        ("[[deny]]\nidentity = 'bob'\nreason = 'x'\nsince = 2026-01-01T00:00:00\n", 13, "must say its time zone"),
        (f"[[deny]]\nsha256 = '{'a' * 64}'\nreason = 'x'\nsince = 2026-01-01\n", 13, "bytes are what they are"),
        ("[kyes.eve]\n", 10, "no setting is called 'kyes'; did you mean 'keys'?"),
    ],
)
def test_what_it_cannot_mean_is_an_error_with_its_line(tmp_path: Path, text: str, line: int | None, said: str) -> None:
    path = written(tmp_path, text + ("" if "[[rule]]" in text or "[rule]" in text or not text else FINE))
    with pytest.raises(ConfigError) as caught:
        read(str(path))
    place, message = str(caught.value).removeprefix(str(path)).split(": ", 1)
    assert said in message
    assert place == (f":{line}" if line else "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "version = 1 is wanted"),
        ("version = 2\n", "trust.toml:1: version 2 is not known"),
        ("version = true\n", "trust.toml:1: version must be a number, not true or false"),
        ("version = 1\ndefault = 'allow'\n", "trust.toml:2: no default is called 'allow'"),
        ("version = 1\nversion = 1\n", "not TOML"),
        ("\xff", "not TOML"),
    ],
)
def test_it_says_its_version_and_what_is_the_rule_without_a_rule(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "trust.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=said):
        read(str(path))


def test_a_private_key_is_none_that_verifies(tmp_path: Path) -> None:
    (tmp_path / "eve.pem").write_bytes(generate("ed25519")[0])
    with pytest.raises(ConfigError, match="is a private key: it stays with whoever signs"):
        policy(tmp_path, '[keys.eve]\npublic_key = "eve.pem"\n' + FINE)


def test_two_keys_that_share_a_part_are_one(tmp_path: Path) -> None:
    (tmp_path / "both.pem").write_text(pem("alice") + pem("dave"))
    with pytest.raises(ConfigError, match="both and alice are one"):
        policy(tmp_path, '[keys.both]\npublic_key = "both.pem"\n' + FINE, names=["alice"])


def test_a_policy_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"trust\.toml: No such file"):
        read(str(tmp_path / "trust.toml"))


@given(at=st.integers(0, 2000), new=st.text(max_size=3))
def test_whatever_stands_there_nothing_but_an_error_of_ours_comes_out(
    tmp_path_factory: pytest.TempPathFactory, at: int, new: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed.toml"
    for name in NAMES:
        (path.parent / f"{name}.pem").write_text(pem(name))
    text = written(path.parent / "whole", FINE).read_text()
    path.write_bytes((text[: at % len(text)] + new + text[at % len(text) + 1 :]).encode(errors="replace"))
    said = str(path)
    try:
        read(str(path))
    except ConfigError as error:
        said = str(error)
    assert said.startswith(str(path))


def test_a_policy_may_come_from_roots_that_are_signed_and_expire(tmp_path: Path) -> None:
    from tests.trust.test_roots import DAY, World

    from weighmaster.trust.policy.asking import asked

    world = World(tmp_path)
    world.add("policy.toml", b'version = 1\n[keys.alice]\npublic_key = "keys/alice.pem"\n' + FINE.encode())
    world.add("keys/alice.pem", pem("alice").encode())
    world.publish()
    world.pull()
    found = asked(policy=world.cache, now=world.now)
    assert found is not None
    assert found.policy is not None
    assert found.policy.parties["alice"].expected.keys == (signer("alice").key,)
    with pytest.raises(TrustError, match="expired"):
        asked(policy=world.cache, now=world.now + 30 * DAY)
    Path(world.cache, "targets", "policy.toml").write_text("version = 1\ndefault = 'audit'\n")
    with pytest.raises(TrustError, match="is not what was published"):
        asked(policy=world.cache, now=world.now)
