"""What ordinary packages hold, in small: nothing of it keeps one out."""

# ruff: noqa: E501 - source inside source reads best as it is written

from __future__ import annotations

import pytest
from tests.samples.dists import wheel
from tests.samples.vetting import report_on

from weighmaster.model.finding import Severity

_WHEEL = "kit-1.0-py3-none-any.whl"
_HANDLER = "import os\nclass Handler:\n    def run(self):\n        os.system('true')\n"


def _serious(files: dict[str, bytes | str]) -> set[str]:
    report = report_on(wheel("kit", "1.0", {"kit/__init__.py": ""} | files), _WHEEL)
    said = {finding.rule.id for finding in report.findings if finding.rule.severity >= Severity.MEDIUM}
    return said | {f"{gap.where}: {gap.detail}" for gap in report.gaps}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"kit/__init__.py": f"{_HANDLER}run = Handler().run\n"}, id="a method is given a name"),
        pytest.param(
            {
                "kit/templates/base.html": "{% include 'menu.html' %}{{ url_for('x') }}{% for x in namespace %}{% endfor %}"
            },
            id="a page of Flask takes in another",
        ),
        pytest.param(
            {
                "kit/templates/base.html.j2": "{% from 'celltags.j2' import celltags %}{{ self.title() }}{% if loop.first %}{% endif %}"
            },
            id="a page of nbconvert",
        ),
        pytest.param(
            {
                "kit/admin/base.html": "{% load i18n %}<!DOCTYPE html>{% for message in messages %}{{ message.tags }}{% endfor %}"
            },
            id="a page of Django",
        ),
        pytest.param(
            {"kit/static/graph.js": "var a={{b:1}};{% if messages %}\u200b{% endif %}"},
            id="a script with unseen letters",
        ),
        pytest.param({"kit/static/core.wasm": b"\0asm\1\0\0\0" + bytes(64)}, id="WebAssembly in a page"),
    ],
)
def test_nothing_serious_is_said_of_it(files: dict[str, bytes | str]) -> None:
    assert not _serious(files)


@pytest.mark.parametrize(
    "last",
    [
        "run = Handler().run\nrun()\n",
        "import threading\nthreading.Thread(target=Handler().run).start()\n",
        "import atexit\natexit.register(Handler().run)\n",
        "[one() for one in [Handler().run]]\n",
        "class Other(Handler):\n    @property\n    def now(self):\n        self.run()\nOther().now\n",
    ],
)
def test_methods_that_run_when_a_package_is_imported_are_told(last: str) -> None:
    assert "acts-on-import" in _serious({"kit/__init__.py": _HANDLER + last})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("chat_template.jinja", "{% include 'menu.html' %}{% for message in messages %}{% endfor %}"),
        ("page.html", "{% include 'menu.html' %}{{ messages[0]['content'] }}"),
        ("page.html", "{% include 'menu.html' %}{{ bos_token }}{% for message in messages %}{% endfor %}"),
    ],
)
def test_templates_of_conversations_are_held_to_more_than_pages(name: str, text: str) -> None:
    assert "template-may-escape" in _serious({f"kit/{name}": text})


def test_what_reaches_for_python_is_told_of_a_page_too() -> None:
    page = "<p>{% for x in ().__class__.__base__.__subclasses__() %}{{ x.__init__.__globals__ }}{% endfor %}"
    assert "template-escapes" in _serious({"kit/page.html.jinja": page})


@pytest.mark.parametrize("command", ["awk '{(}'", "{0.__class__}", "{", "}{", "{}"])
def test_braces_in_a_command_are_words_like_others(command: str) -> None:
    files: dict[str, bytes | str] = {
        "kit/__init__.py": f"import os\nos.system({command!r})\n",
        "kit/later.py": f"import subprocess\ndef f():\n    subprocess.run({command!r} + __import__('base64').b64decode(x))\n",
    }
    said = _serious(files)
    assert "source-can-harm" in said
    assert said & {"acts-on-import", "source-reaches-out-on-import"}
    assert len(said) == 2
