"""Python source says what it uses, and when; what is ordinary stays quiet."""

from __future__ import annotations

import glob
import os
import random
import sysconfig
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.vetting import inner_bytes, reads, report_on, rules_on, verdict_on

from weighmaster.formats.python import FORMAT
from weighmaster.model.fact import Reference, Use
from weighmaster.model.finding import Severity
from weighmaster.model.report import Gap
from weighmaster.model.verdict import Outcome


def uses(source: str) -> set[tuple[str, str]]:
    found, error = reads(FORMAT, source.encode())
    assert error is None
    return {(read.when, read.dotted) for read in found if isinstance(read, Use)}


@pytest.mark.parametrize(
    ("source", "when"),
    [
        ("import os\nos.system('x')", "import"),
        ("import os\ndef f():\n    os.system('x')", "call"),
        ("import os\ndef f():\n    os.system('x')\nf()", "import"),
        ("import os\ndef f():\n    os.system('x')\nif __name__ == '__main__':\n    f()", "main"),
        ("import os\nif '__main__' == __name__:\n    os.system('x')", "main"),
        ("import os\nif os.name != 'nt' and __name__ == '__main__':\n    os.system('x')", "main"),
        ("import os\nif os.system('x') and __name__ == '__main__':\n    pass", "import"),
        ("import os\n__name__ = '__main__'\nif __name__ == '__main__':\n    os.system('x')", "import"),
        (
            "import os\ndef f(__name__='__main__'):\n    if __name__ == '__main__':\n        os.system('x')\nf()",
            "import",
        ),
        ("import os\nif (__name__ := '__main__') and __name__ == '__main__':\n    os.system('x')", "import"),
        ("import os\nglobals()['__name__'] = '__main__'\nif __name__ == '__main__':\n    os.system('x')", "import"),
        ("import os\nglobals().update(__name__='__main__')\nif __name__ == '__main__':\n    os.system('x')", "import"),
        ("import os\nexec('__name__ = \"__main__\"')\nif __name__ == '__main__':\n    os.system('x')", "import"),
        ("import os\nif __name__ == '__main__' or True:\n    os.system('x')", "import"),
        (
            "import os\nfrom x import PreTrainedModel\nclass M(PreTrainedModel):\n    def __init__(s): os.system('x')",
            "load",
        ),
        (
            "import os\nfrom x import PreTrainedModel\nclass M(PreTrainedModel):\n    def forward(s): os.system('x')",
            "call",
        ),
        ("import os, setuptools\nos.system('x')\nsetuptools.setup()", "install"),
        (
            (
                "import os\nfrom setuptools import setup\nfrom setuptools.command.install import install\n"
                "class I(install):\n    def run(self):\n        os.system('x')\nsetup(cmdclass={'install': I})"
            ),
            "install",
        ),
    ],
)
def test_a_use_says_when_it_runs(source: str, when: str) -> None:
    assert (when, "os.system") in uses(source)


@pytest.mark.parametrize(
    ("source", "hidden"),
    [
        ("import os\ngetattr(os, 'sys' + 'tem')('x')", True),
        ("import os\nos.system('x' + 'y')", False),
        ("import os\nos.system(f'{1}')", False),
    ],
)
def test_a_name_put_together_is_hidden_and_a_command_put_together_is_not(source: str, hidden: bool) -> None:  # noqa: FBT001
    found, _ = reads(FORMAT, source.encode())
    assert [read.computed for read in found if isinstance(read, Use) and read.name == "system"] == [hidden]


def test_relative_imports_lead_on_and_others_do_not() -> None:
    found, _ = reads(FORMAT, b"import torch\nfrom .utils import a\nfrom . import b\nfrom ..c.d import e\n")
    assert [(read.kind, read.target, read.by) for read in found if isinstance(read, Reference)] == [
        ("code", "./utils.py", "python"),
        ("code", "./b.py", "python"),
        ("code", "../c/d.py", "python"),
    ]


def test_what_is_decoded_is_an_artifact_of_its_own() -> None:
    import base64

    from tests.samples.pickles import call, name, pickle_of

    payload = pickle_of(call(name("posix", "system"), "true"))
    found, _ = reads(
        FORMAT, f"import pickle, base64\npickle.loads(base64.b64decode({base64.b64encode(payload)!r}))".encode()
    )
    assert inner_bytes(found) == [payload]


@pytest.mark.parametrize(
    "source", ["def f(:\n    import os\n    os.system('x')\n", "import os\nos.system('x')\nx = = 1\n"]
)
def test_source_that_does_not_parse_is_a_gap_and_still_looked_at(source: str) -> None:
    report = report_on(source.encode(), "modeling.py")
    assert [gap.reason for gap in report.gaps] == ["unreadable"]
    assert "source-has-powers" in {finding.rule.id for finding in report.findings}


def test_source_that_no_python_3_reads_is_no_gap() -> None:
    assert not report_on(b"import os\nprint 'old'\nprint os.name\n", "old.py").gaps


@pytest.mark.parametrize(
    "source",
    [
        "import a\n" + "a+" * 5000 + "a",
        "import a\nx = " + "a." * 3000 + "b",
        "import a\n" + "f(" * 90 + ")" * 90,
        "import a\nl = []\nfor x in [1, 2, 3]:\n    l.append(x)\nfor y in l:\n    l.append(y)\n",
        "import a\nl = []\nl.append(l)\nprint(l)\na.b(l)\n",
        "import a\nx = 'a'\n" + "x += x\n" * 60,
        "import a\nx = [1]\n" + "x = x + x\n" * 60 + "x.extend(x)\n" * 60,
        "import a\nx = 'a' * 10**9\n",
        "import a\nx = '%s' * 500000 % ('b' * 500000,)\n",
        "import a\nx = 2\n" + "x = x * x\n" * 60,
        "import a\nx = 1 << 10**9\n",
        "import a\nx = 'ab'.replace('', 'c' * 900000)\n" * 3,
        "import a\nx = ('a' * 1000).join(['b'] * 1000000)\n",
        "import a\n"
        + "".join(f"def f{i}(): f{i + 1}('aaaaaaaaa'); f{i + 1}('bbbbbbbbb')\n" for i in range(300))
        + "f0('ccccccccc')\n",
        "import a\ndef f(x): return f(f(x))\nf('aaaaaaaaaa')\n",
        "import a\nexec(" + repr("exec(" + repr("exec('1')" * 9) + ")") + ")\n",
        "import a\nx = [[[c for c in range(9)] for b in range(9)] for a in range(9)]\n",
        "import a\nclass A(A): pass\nclass B(A): pass\nA = B\nclass A(B): pass\nA()\n",
    ],
    ids=range(18),
)
def test_source_that_would_exhaust_a_reader_is_survived(source: str) -> None:
    start = time.process_time()
    report = report_on(source.encode(), "a.py")
    assert time.process_time() - start < 20
    assert not [gap for gap in report.gaps if gap.reason == "defect"]


_PIECES = st.sampled_from(
    ["os", "f", "x", "'sys'", "'tem'", "1", "[]", "{}", "lambda: f", "getattr(os, 'sys' + 'tem')", "exec", "x[0]",
     "x.y", "f(x)", "[c for c in x]", "x + x", "x[::-1]", "{**x}", "f'{x}'", "(x := f)", "x if f else os", "*x"]
)  # fmt: skip
_STATEMENTS = st.builds(
    lambda shape, a, b: shape.format(a=a, b=b),
    st.sampled_from(
        ["x = {a}", "f({a}, {b})", "def f(x={a}):\n    return {b}", "@f\ndef g(): {a}", "class x(f):\n    y = {a}",
         "for x in [{a}]:\n    f({b})", "x += {a}", "x.y = {a}", "x[{b}] = {a}", "with f as x: {a}", "del x",
         "try:\n    {a}\nexcept f as x: {b}", "match x:\n    case f(): {a}", "global x", "import x.y as os",
         "from . import x", "@property\n@f\ndef x(self): return {a}", "async def f(): await {a}"]
    ),
    _PIECES,
    _PIECES,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_STATEMENTS, min_size=1, max_size=12))
def test_any_source_is_followed_without_a_defect(statements: list[str]) -> None:
    report = report_on(("import os\n" + "\n".join(statements)).encode(), "a.py")
    assert not [gap for gap in report.gaps if gap.reason == "defect"]


def _installed() -> list[str]:
    place = sysconfig.get_path("purelib")
    patterns = (
        "accelerate/*.py",
        "huggingface_hub/*.py",
        "peft/tuners/*/*.py",
        "sentence_transformers/*.py",
        "sklearn/*/*.py",
        "torch/nn/**/*.py",
        "transformers/models/*/modeling_*.py",
        "transformers/models/*/tokenization_*.py",
    )
    found = sorted(path for shape in patterns for path in glob.glob(os.path.join(place, shape), recursive=True))
    return random.Random(20).sample(found, min(150, len(found)))


_NATIVE = {os.path.join("boft", "layer.py")}
"""It builds a kernel when its layer is made, and a person should know."""


def test_real_libraries_are_left_alone() -> None:
    alarms = []
    for path in _installed():
        with open(path, "rb") as file:
            report = report_on(file.read(), os.path.basename(path))
        if not path.endswith(tuple(_NATIVE)):
            alarms += [(path, f.message) for f in report.findings if f.rule.severity >= Severity.MEDIUM]
            alarms += [(path, gap.detail) for gap in report.gaps]
    assert not alarms


@pytest.mark.parametrize("data", [b"hello", b"a, b\n", b"key = 1\n"])
def test_text_that_is_no_source_is_not_claimed(data: bytes) -> None:
    assert "python" not in report_on(data, "a.txt").artifacts[0].formats


def test_a_path_file_that_imports_is_run_on_every_start() -> None:
    assert "source-reaches-out-on-import" in rules_on(b"import os; os.getcwd()\n", "x.pth")
    assert verdict_on(b"/usr/lib/extra\n", "x.pth") is Outcome.ALLOW


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def func((x, y=1)):\n    return True", False),
        ("def f[T: int\n](a):\n    assert a", False),
        ("lazy import os\nos.name", True),
        ("lazy x\nos.system('x')", True),
        ("def f((x)):\n    return run[0](x)", True),
        ("@run\ndef f((x)):\n    return 1", True),
    ],
)
def test_text_that_no_python_parses_and_that_calls_nothing_is_no_gap(text: str, told: bool) -> None:  # noqa: FBT001
    source = f"import os\ntry:\n    exec({text!r})\nexcept SyntaxError:\n    pass\n"
    assert bool(report_on(source.encode(), "m.py").gaps) is told


def test_a_gap_is_told_for_text_that_is_run_and_cannot_be_parsed() -> None:
    found, _ = reads(FORMAT, b"import a\nexec('this is no source, run(at all)')\n")
    assert any(isinstance(read, Gap) for read in found)


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        ("gcc --version", Outcome.ALLOW),
        ("./payload --version", Outcome.BLOCK),
        ("bin/payload --version", Outcome.BLOCK),
        ("git rev-parse HEAD; ./payload", Outcome.BLOCK),
        ("git clone https://a.b/c", Outcome.BLOCK),
    ],
)
def test_only_a_question_to_the_system_may_be_asked_on_import(command: str, outcome: Outcome) -> None:
    assert verdict_on(f"import os\nos.system({command!r})\n".encode(), "a.py") is outcome


def test_source_that_begins_as_data_and_only_takes_attributes_is_source() -> None:
    source = b'["".__class__.__mro__[1].__subclasses__()[0].__init__.__globals__["os"].system("true")]\n'
    assert verdict_on(source, "x.py") is Outcome.BLOCK
