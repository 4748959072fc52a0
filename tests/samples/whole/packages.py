"""Small whole files of packages: what stands in a `dist-info` folder, and a wheel."""

from __future__ import annotations

from tests.samples.dists import metadata_of, wheel


def whole() -> list[bytes]:
    """Return them."""
    record = (
        'x/a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"a,b.py",sha256=AA,1\nx-1.dist-info/RECORD,,\n'
    )
    lines = ["Summary: a\n  b", "Home-page: https://example.org/", "Project-URL: Source, https://example.org/x"]
    return [
        metadata_of("x", "1.0", [*lines, "Requires-Dist: y>=1; extra == 'z'", "", "Text: no header"]),
        b"Wheel-Version: 1.0\nGenerator: sample 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        record.encode(),
        b"[console_scripts]\nx = x.a:main\n\n[pytest11]\nx = x.plugin\n",
        b'{"url": "https://u:p@example.org/x", "vcs_info": {"vcs": "git", "commit_id": "0123456789abcdef"}}',
        b"[metadata]\nname = x\nversion = 1.0\n",
        b'{"ServerApp": {"jpserver_extensions": {"x": true, "y": false}}}',
        b'{"name": "x", "version": "1.0", "build": "0", "channel": "https://example.org/c", "files": ["lib/x.py"]}',
        b'[project]\nname = "x"\nversion = "1.0"\ndependencies = ["y>=1"]\n',
        wheel("x", "1.0", {"x/__init__.py": "import os\n"}, entry_points="[console_scripts]\nx = x:main\n"),
    ]
