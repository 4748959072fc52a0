from __future__ import annotations

import json
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from weighmaster import api
from weighmaster.fronts.cli.main import main


@pytest.mark.parametrize("rule", [rule.id for rule in api.rules()])
def test_every_rule_has_a_page(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", rule]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{rule}: ")
    assert "\nWhat to do\n" in said
    assert "\nWhat this rule cannot see\n" in said


def _first(target: str, capsys: pytest.CaptureFixture[str]) -> str:
    main(["vet", target, "--output", "json"])
    id_ = json.loads(capsys.readouterr().out)["findings"][0]["id"]
    assert isinstance(id_, str)
    return id_


@pytest.mark.usefixtures("place", "one_rule")
def test_a_finding_is_explained_down_to_its_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    finding = _first("folder", capsys)
    assert main(["explain", finding, "--in", "folder"]) == 0
    assert capsys.readouterr().out == snapshot("""\
46591fc9: Loading imports something
Loading this file imports posix.system.

rule        some-import (high, confidence high, CWE-502)
where       model.zip!archive/data.pkl@0-1

Evidence
Import
  where     model.zip!archive/data.pkl@0-1
  module    posix
  name      system
  opcode    GLOBAL

Bytes
of model.zip!archive/data.pkl, from 0 to 1
  00000000 >63 70 6f 73 69 78 0a 73 79 73 74 65 6d 0a 28 53  cposix.system.(S
  00000010  27 69 64 27 0a 74 52 2e                          'id'.tR.

Opcodes
  00000000 >GLOBAL 'posix' 'system'
  0000000e  MARK
  0000000f  STRING "'id'"
  00000015  TUPLE
  00000016  REDUCE
  00000017  STOP

What would make it go away
This text doubles as the page of the rule below.

If you know better, an exception that says why, whose it is, and until when (in pyproject.toml):

  [[tool.weighmaster.waivers]]
  rule = "some-import"
  sha256 = "0c62d8e991891f680506010f91d17ef79cd4651d1d4ce76f2301faff1cccdec2"
  reason = ""  # to be filled in, as the next one: an empty text is an error
  owner = ""
  until = 2030-12-31

""")


@pytest.mark.usefixtures("place")
def test_every_finding_of_a_rule_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "dangerous-import", "--in", "hostile.pkl"]) == 0
    assert "of hostile.pkl, from 0 to" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["dangerous-imprt"], "'dangerous-imprt' is neither a rule nor the id of a finding; did you mean"),
        (["0123abcd"], "say where it was found: weighmaster explain 0123abcd --in TARGET"),
        (["0123abcd", "--in", "hostile.pkl"], "no such finding in hostile.pkl (1 findings in all)"),
        (["0123abcd", "--in", "missing"], "no such file or folder: missing"),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_cannot_be_explained_is_refused(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"weighmaster: {error}")


@pytest.mark.usefixtures("place")
def test_the_suggested_waiver_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", "dangerous-import", "--in", "hostile.pkl"])
    said = capsys.readouterr().out.splitlines()
    start = said.index("  [[tool.weighmaster.waivers]]")
    waiver = "\n".join(line.strip() for line in said[start : start + 6])
    Path("pyproject.toml").write_text(waiver, encoding="utf-8")
    assert main(["vet", "hostile.pkl"]) == 2
    assert "pyproject.toml:4: reason is empty" in capsys.readouterr().err
    Path("pyproject.toml").write_text(waiver.replace('""', '"known"'), encoding="utf-8")
    assert main(["vet", "hostile.pkl"]) == 0
