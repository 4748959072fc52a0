"""Small whole files that say which packages are wanted: requirements, manifests, locks, recipes."""

from __future__ import annotations

import json
from typing import Final

_HASH: Final = "sha256:" + "ab" * 32
FILES: Final[dict[str, str]] = {
    "pylock.toml": f"""lock-version = "1.0"
created-by = "pip"

[[packages]]
name = "idna"
version = "3.10"
wheels = [{{ url = "https://pypi.org/idna-3.10-py3-none-any.whl", hashes = {{ sha256 = "{"ab" * 32}" }} }}]

[[packages]]
name = "a"
vcs = {{ type = "git", url = "https://github.com/a/a", commit-id = "{"12" * 20}" }}
""",
    "uv.lock": f"""version = 1
requires-python = ">=3.11"

[[package]]
name = "demo"
version = "0.1.0"
source = {{ editable = "." }}

[[package]]
name = "idna"
version = "3.10"
source = {{ registry = "https://pypi.org/simple" }}
sdist = {{ url = "https://files.pythonhosted.org/packages/idna-3.10.tar.gz", hash = "{_HASH}" }}

[[package]]
name = "b"
version = "1"
source = {{ git = "https://github.com/b/b?rev=main#{"12" * 20}" }}
""",
    "poetry.lock": f"""[[package]]
name = "idna"
version = "3.10"
groups = ["main"]
files = [{{file = "idna-3.10.tar.gz", hash = "{_HASH}"}}]

[[package]]
name = "b"
version = "1"
[package.source]
type = "git"
url = "https://github.com/b/b"
resolved_reference = "{"12" * 20}"

[metadata]
lock-version = "2.1"
content-hash = "00"
""",
    "pdm.lock": f"""[metadata]
groups = ["default"]
lock_version = "4.5.0"
content_hash = "sha256:00"

[[package]]
name = "idna"
version = "3.10"
groups = ["default"]
files = [{{file = "idna-3.10.tar.gz", hash = "{_HASH}"}}]
""",
    "Pipfile": """[[source]]
url = "https://pypi.org/simple"
verify_ssl = true
name = "pypi"

[packages]
idna = ">=3"
b = {git = "https://github.com/b/b.git", ref = "main"}
""",
    "pyproject.toml": """[project]
name = "demo"
dependencies = ["idna>=3", "b"]

[dependency-groups]
dev = ["pytest>=8", {include-group = "lint"}]

[tool.uv.sources]
b = { git = "https://github.com/b/b", rev = "main" }

[[tool.uv.index]]
name = "own"
url = "https://packages.example/simple"
explicit = true

[tool.poetry.dependencies]
c = "^1.2"
""",
    "uv.toml": 'index-url = "https://pypi.org/simple"\nindex-strategy = "first-index"\n',
    "setup.cfg": "[metadata]\n\n[options]\ninstall_requires =\n    idna>=3\n    b; python_version < '3.12'\n",
    "pip.conf": "[global]\nindex-url = https://pypi.org/simple\n",
    "environment.yml": "channels:\n  - conda-forge\ndependencies:\n  - numpy=1.26\n  - pip:\n      - idna==3.10\n",
    "conda-lock.yml": """version: 1
metadata:
  content_hash: {linux-64: "00"}
package:
- {name: numpy, version: 1.26.4, manager: conda, url: "https://conda.anaconda.org/x", hash: {md5: "00"}, category: main}
""",
    "pixi.lock": """version: 6
environments: {default: {channels: []}}
packages:
- conda: https://conda.anaconda.org/conda-forge/noarch/idna-3.10-pyhd8ed1ab_1.conda
  sha256: abab
- {pypi: "https://files.pythonhosted.org/idna-3.10-py3-none-any.whl", name: idna, version: "3.10", sha256: abab}
""",
    "explicit.txt": f"@EXPLICIT\nhttps://conda.anaconda.org/conda-forge/noarch/idna-3.10-py_1.conda#{'ab' * 16}\n",
    "Dockerfile": "FROM a:1\nENV PIP_INDEX_URL=https://pypi.org/simple\nRUN pip install -q \\\n    idna==3.10\n",
    "install.sh": "#!/bin/sh\nset -e\npython3 -m pip install -U 'idna==3.10' -r requirements.txt\n",
    "workflow.yml": "jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          pip install idna==3.10\n",
    "setup.py": 'from setuptools import setup\n\nw = ["idna>=3"]\nsetup(name="x", install_requires=["b"] + w)\n',
    "script.py": '# /// script\n# dependencies = ["idna>=3"]\n# ///\nimport idna\n',
    "requirements.txt": f"-r base.txt\nidna==3.10 --hash={_HASH}\nb @ git+https://github.com/b/b@main ; os_name<'3'\n",
    "names.txt": "idna\nb[extra]\n",
    "Pipfile.lock": json.dumps({
        "_meta": {"pipfile-spec": 6, "sources": [{"name": "pypi", "url": "https://pypi.org/simple"}]},
        "default": {"idna": {"version": "==3.10", "hashes": [_HASH]}, "b": {"git": "https://a.example/b", "ref": "1"}},
        "develop": {},
    }),
    "a.ipynb": json.dumps({
        "nbformat": 4,
        "metadata": {},
        "cells": [{"cell_type": "code", "source": ["%pip install idna==3.10\n", "!pip install -q b\n"]}],
    }),
}  # fmt: skip
"""One file of each kind, by its name."""


def whole() -> list[bytes]:
    """Return them."""
    return [text.encode() for text in FILES.values()]
