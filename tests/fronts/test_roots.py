"""`weighmaster roots` and `weighmaster recall`, as typed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from weighmaster.fronts.cli import recall_actions, roots_actions
from weighmaster.fronts.cli.main import main
from weighmaster.trust.identities.generate import generate

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
NAMES = ("a", "b", "c", "d", "online", "new", "team")
KEYS = {name: generate("ed25519") for name in NAMES}


class Shell:
    """A folder with keys in it, a clock, and what was printed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.now = NOW
        self._capsys = capsys
        for actions in (roots_actions, recall_actions):
            monkeypatch.setattr(actions, "_now", lambda: self.now)

    def __call__(self, line: str, *more: str, status: int = 0) -> str:
        words: Sequence[str] = [*line.split(), *more]
        assert main(list(words)) == status
        said = self._capsys.readouterr()
        return said.out + said.err


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: it is others' as well."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEIGHMASTER_KEY_PASSWORD", raising=False)
    for name, (private, public) in KEYS.items():
        Path(f"{name}.pem").write_bytes(private)
        Path(f"{name}.pub").write_bytes(public.pem)
    Path("policy.toml").write_text("policy = 1\n")
    Path("weights.bin").write_bytes(b"weights")
    return Shell(monkeypatch, capsys)


def published(shell: Shell) -> str:
    shell("roots init pub --root-key a.pem --root-key b.pem --root-key c.pub --threshold 2 --key online.pub")
    shell("recall add recall.json --path weights.bin", "--reason", "a backdoor", "--replacement", f"sha256:{'ab' * 32}")
    shell("roots add pub policy.toml policy.toml")
    shell("roots add pub recall.json recall.json")
    shell("roots publish pub --key online.pem")
    return hashlib.sha256(Path("pub/metadata/1.root.json").read_bytes()).hexdigest()


def test_a_recall_travels_from_who_publishes_to_who_checks(shell: Shell) -> None:
    said = shell("roots pull pub --into trusted --fingerprint", published(shell))
    assert said == (
        "pulled     pub\nroot       version 1\nadded      policy.toml\nadded      recall.json\n"
        "good until 2026-11-08 12:00 UTC, in 7 days\n"
    )
    assert shell("recall check weights.bin --roots trusted", status=1) == (
        "weights.bin: RECALLED (1 file, 1 recall)\n"
        f"    block: weights.bin is recalled (R-0001): a backdoor; use sha256:{'ab' * 32} in its place\n"
    )
    assert shell("recall check policy.toml --roots trusted") == "policy.toml: not recalled (1 file, 1 recall)\n"


def test_a_root_is_signed_by_several_people_one_after_the_other(shell: Shell) -> None:
    said = shell("roots init pub --root-key a.pem --root-key b.pub --threshold 2 --key online.pub")
    assert "lacks      1 more of the keys of this root" in said
    assert "version 1 waits for signatures" in shell("roots show pub")
    said = shell("roots sign pub --root-key b.pem")
    assert "signed     and published" in said
    assert hashlib.sha256(Path("pub/metadata/1.root.json").read_bytes()).hexdigest() in said


def test_keys_are_changed_and_followed(shell: Shell) -> None:
    root = published(shell)
    shell("roots pull pub --into trusted --fingerprint", root)
    said = shell("roots rotate pub --add-key d.pub --remove-key c.pub --root-key a.pem --root-key b.pem")
    assert "root       version 2\nsigned     and published" in said
    said = shell(
        "roots rotate pub --role online --add-key new.pub --remove-key online.pub --root-key a.pem --root-key d.pem"
    )
    assert "goes out with the next weighmaster roots publish, by the new keys" in said
    assert "draft      of root" in shell("roots show pub")
    assert "root       version 3" in shell("roots publish pub --key new.pem")
    assert "root       version 3 (was 1)" in shell("roots pull pub --into trusted")
    said = shell("roots show trusted")
    assert f"2 of {', '.join(KEYS[name][1].keyid[:16] for name in 'abd')}" in said
    assert f"1 of {KEYS['new'][1].keyid[:16]}" in said


def test_a_key_is_removed_by_the_beginning_of_its_identity(shell: Shell) -> None:
    published(shell)
    keyid = KEYS["c"][1].keyid
    assert "name it by 8 digits or more" in shell("roots rotate pub --remove-key", keyid[:7], status=2)
    assert "root has no such key as 00000000" in shell("roots rotate pub --remove-key 00000000", status=2)
    shell("roots rotate pub --root-key a.pem --root-key b.pem --remove-key", keyid[:16])


def test_a_team_signs_for_its_files(shell: Shell) -> None:
    root = published(shell)
    shell("roots delegate pub team --key team.pub --paths team/*")
    assert "weighmaster roots sign --role team" in shell("roots add pub team/x policy.toml --role team")
    assert "team must be signed by the key" in shell("roots publish pub --key online.pem", status=2)
    shell("roots sign pub --role team --key team.pem")
    shell("roots publish pub --key online.pem")
    shell("roots pull pub --into trusted --fingerprint", root)
    assert "file       team/x (by team)" in shell("roots show trusted")
    shell.now += timedelta(days=91)
    shell("roots publish pub --key online.pem")
    assert "failed     team: " in shell("roots pull pub --into trusted", status=3)
    document = json.loads(shell("roots pull pub --into trusted -o json", status=3))
    assert list(document["failed"]) == ["team"]


def test_what_is_too_old_is_not_relied_on(shell: Shell) -> None:
    shell("roots pull pub --into trusted --fingerprint", published(shell))
    shell.now += timedelta(days=8)
    said = shell("recall check weights.bin --roots trusted", status=3)
    assert "not checked: trusted/metadata/timestamp.json: timestamp version 1 expired 2026-11-08 12:00 UTC" in said
    said = shell("recall check weights.bin --roots trusted --accept-stale", status=1)
    assert "STALE: timestamp version 1 expired 2026-11-08 12:00 UTC, 1 day ago; what was recalled since" in said
    assert "EXPIRED 2026-11-08" in shell("roots show trusted")
    assert "refused: pub/metadata/timestamp.json: timestamp version 1 expired" in shell(
        "roots pull pub --into trusted", status=1
    )
    shell("roots refresh pub --key online.pem --expires 12h")
    assert "in 12 hours" in shell("roots pull pub --into trusted")


def test_what_was_published_can_go(shell: Shell) -> None:
    published(shell)
    shell("roots remove pub policy.toml")
    assert "- policy.toml" in shell("roots publish pub --key online.pem")
    assert "publishes no policy.toml" in shell("roots remove pub policy.toml", status=2)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("roots show nowhere", "no such folder"),
        ("roots show .", "publishes no roots, and holds none"),
        ("roots pull nowhere --into trusted", "no such folder"),
        ("roots pull . --into trusted", "name one to trust"),
        ("roots publish . --key a.pem", "publishes no roots yet"),
        ("roots publish . --key a.pub", "a.pub"),
        ("roots add . x policy.toml", "publishes no roots yet"),
        ("roots sign .", "name what signs"),
        ("roots sign . --root-key a.pem", "no root of . waits"),
        ("recall add recall.json --reason x", "named was nothing"),
        ("recall add recall.json --reason x --name a --key b", "named was --key, --name"),
        ("recall add recall.json --reason x --sha256 12", "64 lower-case hexadecimal digits wanted"),
        ("recall add recall.json --reason x --key 12 --since now", "a time such as"),
        ("recall list --list nowhere", "cannot read nowhere"),
        ("recall list --list x --accept-stale", "are for --roots"),
        ("recall check policy.toml --roots .", "holds no roots"),
        ("recall derived --claims-in .", "nothing is recalled by digest"),
        ("recall derived 12 --claims-in .", "is no SHA-256"),
    ],
)
def test_a_wrong_use_says_what_is_wrong(shell: Shell, line: str, why: str) -> None:
    assert why in shell(line, status=2)


@pytest.mark.parametrize(
    "line",
    [
        "roots publish . --key a.pem --expires soon",
        "roots publish . --key a.pem --targets-expires 0d",
        "roots rotate . --root-expires 1y",
        "roots sign . --role x --key a.pem --targets-expires 7",
    ],
)
def test_what_is_no_length_of_time_is_told_before_any_work(
    line: str, shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        shell(line)
    assert f"a time such as 12h, 90d or 52w wanted, not '{line.rsplit(maxsplit=1)[-1]}'" in capsys.readouterr().err


def test_a_name_that_leads_elsewhere_is_refused(shell: Shell) -> None:
    published(shell)
    assert "refused: '../x' is no name for a published file" in shell("roots add pub ../x policy.toml", status=1)


# recall


def test_a_list_is_kept(shell: Shell) -> None:
    said = shell("recall add recall.json --public-key a.pub --since 2026-10-01T00:00:00Z", "--reason", "key stolen")
    assert said == f"recalled   key {KEYS['a'][1].keyid} (R-0001)\nlist       recall.json, 1 recall\n"
    shell("recall add recall.json --name acme/model --versions <1.4 --action warn --reason old")
    shell("recall add recall.json --path .", "--reason", "all of it", "--id", "ACME-7")
    assert shell("recall list --list recall.json").endswith("3 recalls, 0 withdrawn\n")
    shell("recall withdraw recall.json ACME-7 --reason mistake")
    assert "ACME-7" not in shell("recall list --list recall.json")
    assert "withdrawn: mistake\n2 recalls, 1 withdrawn\n" in shell("recall list --list recall.json --all")
    assert json.loads(shell("recall list --list recall.json -o json"))["sequence"] == 4


def test_a_signer_is_met_unless_its_time_is_verified(shell: Shell) -> None:
    shell("sign weights.bin --key a.pem")
    shell("recall add recall.json --public-key a.pub --reason stolen --since 2026-10-01T00:00:00Z")
    said = shell("recall check weights.bin --list recall.json", status=1)
    assert "weights.bin: RECALLED" in said
    assert "since 2026-10-01T00:00:00Z, and no trusted clock says that it was signed before" in said
    shell("recall check weights.bin --list recall.json --public-key a.pub", status=1)
    shell("recall check policy.toml --list recall.json")


def test_a_quarantine_asks_for_a_person_and_a_warning_does_not(shell: Shell) -> None:
    shell("recall add recall.json --path weights.bin --reason odd --action quarantine")
    shell("recall add recall.json --path policy.toml --reason old --action warn")
    assert "weights.bin: quarantined" in shell("recall check weights.bin --list recall.json", status=3)
    assert "warn: policy.toml is recalled (R-0002): old" in shell("recall check policy.toml --list recall.json")
    document = json.loads(shell("recall check weights.bin policy.toml --list recall.json -o json", status=3))
    assert [one["recalls"][0]["action"] for one in document["artifacts"]] == ["quarantine", "warn"]


def test_evidence_that_cannot_be_read_asks_for_a_person(shell: Shell) -> None:
    shell("recall add recall.json --path policy.toml --reason old")
    Path("weights.bin.claims.jsonl").write_text("nonsense\n")
    assert "not read: weights.bin.claims.jsonl" in shell("recall check weights.bin --list recall.json", status=3)


def test_what_was_built_on_it_is_found(shell: Shell) -> None:
    digest = hashlib.sha256(b"weights").hexdigest()
    Path("models").mkdir()
    Path("models/tuned.bin").write_bytes(b"tuned")
    assert shell("recall derived --claims-in models", digest) == "0 of 1 artifact reached by a recall\n"
    Path("models/copy.bin").write_bytes(b"weights")
    assert "models/copy.bin\n    is it: " in shell("recall derived --claims-in models", f"sha256:{digest}", status=1)
    document = json.loads(shell("recall derived --claims-in models -o json", digest, status=1))
    assert [one["path"] for one in document["derived"]] == ["models/copy.bin"]


def test_a_list_is_written_in_the_words_of_others(shell: Shell) -> None:
    shell("recall add recall.json --path weights.bin --reason odd")
    assert json.loads(shell("recall export --list recall.json --format osv"))[0]["id"] == "R-0001"
    shell("recall export --list recall.json --format vex --output-file vex.json")
    assert json.loads(Path("vex.json").read_text())["bomFormat"] == "CycloneDX"
    shell("recall add recall.json --path policy.toml --reason odd")
    assert "--force replaces it" in shell(
        "recall export --list recall.json --format vex --output-file vex.json", status=2
    )
