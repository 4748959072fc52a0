"""What stands beside models in real repositories is allowed; what hides in it is not."""

import pytest
from tests.samples.harmless import harmless
from tests.samples.pickles import REDUCE, STOP, TUPLE1, name, program, proto, text
from tests.samples.vetting import report_on, verdict_on

from weighmaster.model.finding import Severity
from weighmaster.model.verdict import Outcome

FILES = dict(harmless())
PAYLOAD = program(proto(4), name("posix", "system"), text("true"), TUPLE1, REDUCE, STOP)


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 60


@pytest.mark.parametrize("name", [name for name in FILES if name != "pointer.bin"])
def test_a_harmless_file_is_allowed(name: str) -> None:
    report = report_on(FILES[name], name)
    # Of requirements it is said that they are open, and no more.
    wanted = {"requirements.txt": ["requirements-open", "requirements-unhashed"]}.get(name, [])
    assert [finding.rule.id for finding in report.findings] == wanted
    assert report.gaps == ()
    assert verdict_on(FILES[name], name) is Outcome.ALLOW


def test_a_pointer_says_that_the_weights_are_elsewhere() -> None:
    assert verdict_on(FILES["pointer.bin"], "pointer.bin") is Outcome.REVIEW


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("notes.")])
def test_a_pickle_behind_a_harmless_file_is_found(name: str) -> None:
    assert verdict_on(FILES[name] + PAYLOAD, name) is Outcome.BLOCK


BEGINNINGS = [
    "c",
    "cat\ndog\n",
    "class\nmodel\nvalue\n",
    "cos\nin\nthe\n",
    "(",
    "(a) first\n(b) second\n",
    "I",
    "I am\n",
    "I1\n",
    "]",
    "][",
    "}",
    "} // end\n",
    "S'",
    "S'a'\n",
    "N.",
    "0\n1\n2\n",
    "F1.5\n",
    "L1L\n",
    "V\n",
    "g0\n",
    "p0\n",
    "t.",
    "R.",
    "i\nj\nk\n",
    "idea\nimage\nindex\n",
    "P\n",
    "Paris\n",
    ".",
    "a.",
    "d.",
    "l.",
    "(l.",
    "(t.",
    "2.",
    "import numpy\nimport pandas\n",
    "collections\nordereddict\nvalues\n",
    "city\ncountry\n(none)\n",
    "id\nname\n",
    "code\nmodel\n",
    "import os\nos.getcwd()\n",
    "import subprocess\nsubprocess.list2cmdline([1])\n",
    "G",
    "K",
    "X",
    "U",
    "T",
    "B",
    "\n",
    "1.",
]


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize(
    "rest", ["", "and so on, to the end of the line.\n", "\n\n", "one\ntwo\n(three)\nfour\n" * 200]
)
def test_text_that_begins_like_an_opcode_is_not_blocked(beginning: str, rest: str) -> None:
    assert verdict_on((beginning + rest).encode(), "words.txt") is Outcome.ALLOW


@pytest.mark.parametrize("text", ["import os\nos.system(1)\n", "import subprocess\nsubprocess.run([1])\n"])
@pytest.mark.parametrize("rest", ["", "\n\n"])
def test_text_that_is_source_and_starts_a_process_is_judged_as_source(text: str, rest: str) -> None:
    findings = report_on((text + rest).encode(), "words.txt").findings
    assert {finding.rule.id for finding in findings if finding.rule.severity >= Severity.HIGH} == {
        "source-acts-on-import"
    }
