"""`weighmaster keygen`, `sign` and `verify`, as they are used."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.trust.authority import DAY, MAIL, NOW, Authority, Clock, key, pem, private_pem

from weighmaster.fronts.cli.main import main


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEIGHMASTER_KEY_PASSWORD", raising=False)
    (tmp_path / "model/.git").mkdir(parents=True)
    (tmp_path / "model/weights.bin").write_bytes(b"\x00" * 100)
    (tmp_path / "model/.git/config").write_bytes(b"[core]")
    assert main(["keygen", "private.pem", "public.pem"]) == 0
    return tmp_path


def test_a_folder_is_signed_and_verified(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", "model", "--key", "private.pem"]) == 0
    capsys.readouterr()
    assert main(["verify", "model", "--public-key", "public.pem"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "verified   model"
    assert said[1].startswith("signed by  key ")
    assert said[1].endswith(" (Ed25519)")
    assert said[2] == "when       no trusted time"
    assert said[3] == "covers     2 files, 106 bytes"
    (here / "model/weights.bin").write_bytes(b"\x01" * 100)
    assert main(["verify", "model", "--public-key", "public.pem"]) == 1
    streams = capsys.readouterr()
    assert "'weights.bin' was changed" in streams.err
    assert streams.out == ""


def test_a_private_key_is_its_owners_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stat.S_IMODE(os.stat(here / "private.pem").st_mode) == 0o600
    assert main(["keygen", "another.pem"]) == 0
    assert "not encrypted" in capsys.readouterr().err
    assert main(["keygen", "private.pem"]) == 2
    assert "--force" in capsys.readouterr().err
    before = (here / "private.pem").read_bytes()
    assert main(["keygen", "private.pem", "./private.pem", "--force"]) == 2
    assert "elsewhere" in capsys.readouterr().err
    assert (here / "private.pem").read_bytes() == before


@pytest.mark.parametrize("kind", ["ecdsa", "ml-dsa", "hybrid"])
def test_a_key_with_a_password(
    here: Path, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "secret").write_text("hush\n")
    assert main(["keygen", "k.pem", "--kind", kind, "--password-file", "secret"]) == 0
    assert "not encrypted" not in capsys.readouterr().err
    assert main(["sign", "model", "--key", "k.pem"]) == 2
    assert "give its password" in capsys.readouterr().err
    assert main(["sign", "model", "--key", "k.pem", "--password-file", "secret"]) == 0
    monkeypatch.setenv("WEIGHMASTER_KEY_PASSWORD", "hush")
    assert main(["sign", "model", "--key", "k.pem", "--force"]) == 0
    assert main(["verify", "model", "--public-key", "k.pub.pem"]) == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["verify", "model"], "nobody is expected"),
        (["verify", "model", "--identity", MAIL], "nobody to vouch for it"),
        (["verify", "model", "--public-key", "public.pem", "--identity", MAIL], "nobody to vouch for it"),
        (["verify", "model", "--public-key", "public.pem", "--issuer", "https://x.example"], "its trusted root"),
        (["verify", "model", "--public-key", "public.pem", "--crl", "public.pem"], "of an authority"),
        (["verify", "model", "--public-key", "public.pem", "--require-timestamp"], "name the authority"),
        (["verify", "model", "--public-key", "private.pem"], "stays with whoever signs"),
        (["verify", "model", "--public-key", "missing.pem"], "cannot read missing.pem"),
        (["verify", "missing", "--public-key", "public.pem"], "no such file"),
        (["verify", "model", "--public-key", "public.pem", "--threshold", "0"], "at least one"),
        (["sign", "model"], "nobody to sign"),
        (["sign", "model", "--key", "public.pem"], "holds no private key"),
        (["sign", "model", "--key", "private.pem", "--sigstore"], "contradict"),
        (["sign", "model", "--sigstore"], "--identity-token"),
        (["sign", "model", "--key", "private.pem", "--add", "--format", "blob"], "--add"),
        (["sign", "model", "--key", "private.pem", "--format", "blob"], "one file"),
        (["sign", "model", "--key", "awskms:1"], "--public-key"),
        (["sign", "model", "--key", "private.pem", "--signature", "model/x.sig"], "lies in what is signed"),
        (["sign", "model", "--key", "private.pem", "--timestamp-url", "ftp://x"], "no address"),
    ],
)
def test_wrong_use_is_said_with_its_remedy(
    here: Path, words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del here
    capsys.readouterr()
    assert main(words) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-1", "two", "9" * 5000])
@pytest.mark.parametrize("command", ["sign", "verify", "digest"])
def test_as_many_threads_as_there_can_be(command: str, number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "model", f"--jobs={number}"])
    assert (ended.value.code, "argument -j/--jobs: 1 or more wanted" in capsys.readouterr().err) == (2, True)


def test_a_file_signed_within_a_signed_folder_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", "model", "--key", "private.pem", "--force"]) == 0
    assert main(["sign", str(here / "model" / "new"), "--key", "private.pem"]) == 2
    name = next(path.name for path in (here / "model").iterdir() if path.is_file() and path.suffix != ".sig")
    assert main(["sign", f"model/{name}", "--key", "private.pem", "-q"]) == 0
    assert "is signed, and" not in capsys.readouterr().err
    assert main(["sign", f"model/{name}", "--key", "private.pem", "--force"]) == 0
    assert f"is signed, and model/{name}.sig is new in it" in capsys.readouterr().err


def test_an_artifact_that_nobody_signed_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del here
    assert main(["verify", "model", "--public-key", "public.pem"]) == 1
    assert "model/model.sig: no signature lies there" in capsys.readouterr().err


def test_the_answer_for_machines(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", "model", "--key", "private.pem"]) == 0
    (here / "model/new").write_bytes(b"")
    capsys.readouterr()
    assert main(["verify", "model", "--public-key", "public.pem", "-o", "json", "--ignore", "new"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "weighmaster.verify/1"
    assert answer["verified"] is True
    assert answer["ignored"] == ["new"]
    assert answer["signers"][0]["kind"] == "key"
    assert [one["path"] for one in answer["files"]] == [".git/config", "weights.bin"]
    assert main(["verify", "model", "--public-key", "public.pem", "-o", "json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["verified"] is False
    assert "'new' was not signed" in answer["why"]


def test_two_must_have_signed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del here
    main(["keygen", "second.pem", "--kind", "hybrid"])
    assert main(["sign", "model", "--key", "private.pem"]) == 0
    both = ["verify", "model", "--public-key", "public.pem", "--public-key", "second.pub.pem", "--threshold", "2"]
    assert main(both) == 1
    assert "1 of those expected signed, and 2 are wanted" in capsys.readouterr().err
    assert main(["sign", "model", "--key", "second.pem", "--add"]) == 0
    assert main(both) == 0
    assert capsys.readouterr().out.count("signed by") == 2


def test_one_file_and_a_blob(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "package.whl").write_bytes(b"PK")
    assert main(["sign", "package.whl", "--key", "private.pem", "-q"]) == 0
    assert main(["verify", "package.whl", "--public-key", "public.pem", "-q"]) == 0
    assert (here / "package.whl.sig").exists()
    assert main(["sign", "package.whl", "--key", "private.pem", "--format", "blob", "--force"]) == 0
    capsys.readouterr()
    assert main(["verify", "package.whl", "--public-key", "public.pem"]) == 0
    assert "not signed the name of the file" in capsys.readouterr().out


def test_an_authority_a_list_and_a_timestamp(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    days = (datetime.now(UTC) - NOW) / DAY
    clock = Clock(here)
    root = Authority("Front Root", days=(-3000, 3000))
    team = Authority("Front Team", root, days=(-3000, 3000))
    certificate = team.issue(MAIL, private=key("front"), days=(days - 20, days + 20))
    (here / "signer.pem").write_bytes(private_pem(key("front")))
    (here / "chain.pem").write_bytes(pem(certificate) + pem(team.certificate))
    (here / "root.pem").write_bytes(pem(root.certificate))
    (here / "clock-root.pem").write_bytes(pem(clock.root.certificate))
    assert main(["sign", "model", "--key", "signer.pem", "--certificate", "chain.pem"]) == 0
    expected = ["verify", "model", "--certificate-chain", "root.pem", "--identity", MAIL]
    capsys.readouterr()
    assert main(expected) == 0
    assert f"signed by  {MAIL}, for whom the authority" in capsys.readouterr().out
    assert main([*expected[:-1], "other@example.com"]) == 1
    listed = [f"{name}.crl" for name in ("team", "root")]
    (here / listed[0]).write_bytes(team.list((certificate, datetime.now(UTC)), days=(days - 1, days + 7)))
    (here / listed[1]).write_bytes(root.list(days=(days - 1, days + 7)))
    crls = ["--crl", listed[0], "--crl", listed[1]]
    capsys.readouterr()
    assert main([*expected, *crls]) == 1
    assert "was revoked on" in capsys.readouterr().err
    # The question is carried to an authority without a network, and its answer back.
    assert main(["sign", "model", "--timestamp-request", "ask.tsq"]) == 0
    assert (here / "ask.tsq").stat().st_size < 100
    from weighmaster.trust.evidence import bundle
    from weighmaster.trust.signing.signing import signature_of

    signature = signature_of(bundle.read((here / "model/model.sig").read_bytes()))
    (here / "said.tsr").write_bytes(clock.say(signature, datetime.now(UTC) - DAY))
    assert main(["sign", "model", "--timestamp-response", "said.tsr"]) == 0
    assert main([*expected, *crls, "--timestamp-authority", "clock-root.pem", "--require-timestamp"]) == 0
    assert "UTC (trusted)" in capsys.readouterr().out
    (here / "wrong.tsr").write_bytes(clock.say(b"another", datetime.now(UTC)))
    assert main(["sign", "model", "--timestamp-response", "wrong.tsr"]) == 1
    assert "of another signature" in capsys.readouterr().err


def test_links_are_followed_on_request(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.symlink("weights.bin", here / "model/link")
    assert main(["sign", "model", "--key", "private.pem"]) == 1
    assert "'link' (a link)" in capsys.readouterr().err
    assert main(["sign", "model", "--key", "private.pem", "--follow-links"]) == 0
    assert main(["verify", "model", "--public-key", "public.pem", "--follow-links"]) == 0
