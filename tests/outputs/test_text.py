from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from weighmaster.extend.output import Style
from weighmaster.extend.showing import identity
from weighmaster.model.fact import Nested
from weighmaster.model.finding import Finding, Rule, Severity
from weighmaster.model.report import Gap, GapReason, Report
from weighmaster.model.verdict import Judged, Outcome, Verdict, Vetted
from weighmaster.model.where import Where
from weighmaster.outputs import text
from weighmaster.outputs.text import OUTPUT


def test_a_poisoned_folder(poisoned: Vetted) -> None:
    assert OUTPUT.render([poisoned], Style()) == snapshot("""\
BLOCK  models  must not come in
  1 critical finding: unsafe-call.
  8 medium findings: unknown-import.
  2 places not read: encrypted, unknown-format.
  3 files excluded by the user and not examined.
  1 finding waived by me until 2030-06-15: known.

  model.pt
    critical  unsafe-call  71dee234
      Loading this file calls os.system('id').
      at !archive/data.pkl@17-60
    medium  unknown-import  703c8663
      Loading this file imports mine.Layer100, which is not known to be safe.
      at !archive/data.pkl@100-109
    medium  unknown-import  fe8a4d4e
      Loading this file imports mine.Layer110, which is not known to be safe.
      at !archive/data.pkl@110-119
    medium  unknown-import  d2c27c64
      Loading this file imports mine.Layer120, which is not known to be safe.
      at !archive/data.pkl@120-129
    … and 5 more of unknown-import (--verbose lists all)

  x%1B[2J%E2%80%AE<b>&%ED%B3%BF%0A.bin
    high  readers-disagree  28adc38d
      Two readers disagree about x\\x1b[2J\\u202e<b>&\\udcff\\n.bin.
      waived: known (me, until 2030-06-15)

  Not read
    encrypted  model.pt!k.bin: a key is needed for x\\x1b[2J\\u202e<b>&\\udcff\\n.bin
    unknown-format  x%1B[2J%E2%80%AE<b>&%ED%B3%BF%0A.bin: no reader knows these bytes

  1 of 2 files examined, 2 places unread, 3 excluded · policy default
""")


def test_nothing_is_left_out_of_a_verbose_page(poisoned: Vetted) -> None:
    page = OUTPUT.render([poisoned], Style(verbose=True))
    assert all(identity(judged.finding) in page for judged in poisoned.verdict.findings)
    assert page == snapshot("""\
BLOCK  models  must not come in
  1 critical finding: unsafe-call.
  8 medium findings: unknown-import.
  2 places not read: encrypted, unknown-format.
  3 files excluded by the user and not examined.
  1 finding waived by me until 2030-06-15: known.

  model.pt
    critical  unsafe-call  71dee234
      Loading this file calls os.system('id').
      at !archive/data.pkl@17-60
      Call: callee=os.system, arguments=['id'], keywords=None, opcode=REDUCE
    medium  unknown-import  703c8663
      Loading this file imports mine.Layer100, which is not known to be safe.
      at !archive/data.pkl@100-109
      Import: module=mine, name=Layer100, opcode=GLOBAL
    medium  unknown-import  fe8a4d4e
      Loading this file imports mine.Layer110, which is not known to be safe.
      at !archive/data.pkl@110-119
      Import: module=mine, name=Layer110, opcode=GLOBAL
    medium  unknown-import  d2c27c64
      Loading this file imports mine.Layer120, which is not known to be safe.
      at !archive/data.pkl@120-129
      Import: module=mine, name=Layer120, opcode=GLOBAL
    medium  unknown-import  d42d39fd
      Loading this file imports mine.Layer130, which is not known to be safe.
      at !archive/data.pkl@130-139
      Import: module=mine, name=Layer130, opcode=GLOBAL
    medium  unknown-import  027e0cc1
      Loading this file imports mine.Layer140, which is not known to be safe.
      at !archive/data.pkl@140-149
      Import: module=mine, name=Layer140, opcode=GLOBAL
    medium  unknown-import  0d3e2234
      Loading this file imports mine.Layer150, which is not known to be safe.
      at !archive/data.pkl@150-159
      Import: module=mine, name=Layer150, opcode=GLOBAL
    medium  unknown-import  5c40d0e6
      Loading this file imports mine.Layer160, which is not known to be safe.
      at !archive/data.pkl@160-169
      Import: module=mine, name=Layer160, opcode=GLOBAL
    medium  unknown-import  ff195c1f
      Loading this file imports mine.Layer170, which is not known to be safe.
      at !archive/data.pkl@170-179
      Import: module=mine, name=Layer170, opcode=GLOBAL

  x%1B[2J%E2%80%AE<b>&%ED%B3%BF%0A.bin
    high  readers-disagree  28adc38d
      Two readers disagree about x\\x1b[2J\\u202e<b>&\\udcff\\n.bin.
      waived: known (me, until 2030-06-15)
      Disagreement: kind=name, detail=x\\x1b[2J\\u202e<b>&\\udcff\\n.bin

  Not read
    encrypted  model.pt!k.bin: a key is needed for x\\x1b[2J\\u202e<b>&\\udcff\\n.bin
    unknown-format  x%1B[2J%E2%80%AE<b>&%ED%B3%BF%0A.bin: no reader knows these bytes

  Looked at
    model.pt  torch-zip, zip, 1234 bytes
      sha256 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    model.pt!archive/data.pkl  pickle, 88 bytes
      sha256 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    x%1B[2J%E2%80%AE<b>&%ED%B3%BF%0A.bin  unknown, 0 bytes
      sha256 cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc

  1 of 2 files examined, 2 places unread, 3 excluded · policy default
""")


def test_a_narrow_terminal_is_kept_to(poisoned: Vetted) -> None:
    lines = OUTPUT.render([poisoned], Style(width=60)).splitlines()
    assert [line for line in lines if len(line) > 60 and " " in line.strip()] == []


def test_several_targets_are_summed_up(poisoned: Vetted, clean: Vetted, unread: Vetted) -> None:
    assert OUTPUT.render([clean, unread, poisoned], Style(quiet=True)) == snapshot("""\
ALLOW  models/a.pkl
REVIEW  /abs/b.bin
BLOCK  models
""")
    assert OUTPUT.render([clean, unread, poisoned], Style()).splitlines()[-1] == snapshot(
        "3 targets: 1 block, 1 review, 1 allow"
    )
    assert OUTPUT.render([clean, unread], Style()) == snapshot("""\
ALLOW  models/a.pkl  may come in
  1 file examined: nothing was found.

  1 of 1 files examined, 0 places unread · policy default

REVIEW  /abs/b.bin  a person must look first
  1 place not read: defect.
  No file was examined.

  Not read
    defect  b.bin: KeyError

  0 of 1 files examined, 1 places unread · policy default

2 targets: 1 review, 1 allow
""")


def test_colours_change_nothing_but_colours(poisoned: Vetted) -> None:
    colored = OUTPUT.render([poisoned], Style(color=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == OUTPUT.render([poisoned], Style())


def test_no_name_of_an_artifact_reaches_the_terminal_raw(poisoned: Vetted) -> None:
    for style in (Style(), Style(verbose=True), Style(quiet=True)):
        assert OUTPUT.render([poisoned], style).replace("\n", "").isprintable()


words = st.lists(st.text(alphabet="ab\x1b", min_size=1, max_size=12).map(lambda w: w.replace("\x1b", "\x1b[1m")))


@given(words, st.integers(10, 60), st.integers(0, 6))
def test_wrapping_keeps_every_word_and_the_width(words: list[str], width: int, indent: int) -> None:
    lines = list(text._wrap(" ".join(words), width, indent))
    assert " ".join(lines).split() == words
    assert all(text._size(line) <= width or " " not in line.strip() for line in lines)


def _crowd(files: int) -> Vetted:
    rule = Rule(id="some-rule", title="…", severity=Severity.HIGH)
    items = [
        Finding(rule=rule, where=where, message="…", evidence=(Nested(where=where),))
        for where in (Where.file(f"{number:03}.pkl") for number in range(files))
    ]
    gaps = [Gap(where=finding.where, reason=GapReason.UNREADABLE, detail="…") for finding in items]
    report = Report.of("crowd", [*items, *gaps], files=files)
    judged = tuple(Judged(finding=finding, severity=rule.severity) for finding in report.findings)
    verdict = Verdict(outcome=Outcome.BLOCK, policy="default", because=("…",), findings=judged)
    return Vetted(report=report, verdict=verdict)


def test_findings_of_one_sentence_stand_together() -> None:
    rule = Rule(id="some-rule", title="…", severity=Severity.HIGH)
    places = [Where.file("a.pkl").span(at, at + 1) for at in range(50)]
    found = [Finding(rule=rule, where=where, message="Again.", evidence=(Nested(where=where),)) for where in places]
    report = Report.of("a.pkl", found, files=1)
    judged = tuple(Judged(finding=finding, severity=rule.severity) for finding in report.findings)
    verdict = Verdict(outcome=Outcome.BLOCK, policy="default", because=("…",), findings=judged)
    vetted = Vetted(report=report, verdict=verdict)
    assert OUTPUT.render([vetted], Style()) == snapshot("""\
BLOCK  a.pkl  must not come in
  …

  a.pkl
    high  some-rule  4c7e7264
      Again.
      at @0-1 and at 49 more places (--verbose lists all)

  0 of 1 files examined, 0 places unread · policy default
""")
    assert OUTPUT.render([vetted], Style(verbose=True)).count("Again.") == 50


def test_a_crowd_of_files_is_counted_after_the_first_and_listed_on_demand() -> None:
    lines = OUTPUT.render([_crowd(100)], Style()).splitlines()
    assert "  … 80 findings in 80 more files (--verbose lists all)" in lines
    assert "    … and 95 more unreadable (--verbose lists all)" in lines
    assert len(lines) < 150
    page = OUTPUT.render([_crowd(100)], Style(verbose=True))
    assert all(f"  {number:03}.pkl\n" in page and f"{number:03}.pkl: …" in page for number in range(100))
