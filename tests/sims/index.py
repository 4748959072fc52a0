"""A package index on this machine: the simple API in JSON and in HTML, files in ranges, attestations, passwords.

with Index() as index:
    index.add("acme-1.0-py3-none-any.whl", wheel("acme", "1.0", {}))
    index.url("/simple")
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from typing import Any

from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from tests.sims.files import Asked, Files, Reply, ranged

NOW = "Sun, 01 Feb 2026 00:00:00 GMT"
LONG_AGO = "2025-01-01T00:00:00.000000Z"


class Index(Files):
    """See above. `form` is what it answers in; `password` is what it wants to hear, `user:password`."""

    def __init__(self, *, form: str = "json", password: str = "", **how: Any) -> None:
        super().__init__({}, **how)
        self.form = form
        self.password = password
        self.now = NOW
        self.projects: dict[str, list[dict[str, Any]]] = {}
        self.said: dict[str, dict[str, Any]] = {}

    @property
    def simple(self) -> str:
        """The address of the index."""
        return self.url("/simple")

    def add(self, filename: str, data: bytes, *, provenance: bytes | None = None, **fields: Any) -> None:
        """Offer a file; `fields` are further ones of the simple API, with `_` for `-`."""
        name = str(
            parse_wheel_filename(filename)[0] if filename.endswith(".whl") else parse_sdist_filename(filename)[0]
        )
        self.files[f"/files/{filename}"] = data
        entry: dict[str, Any] = {
            "filename": filename,
            "url": f"../../files/{filename}",
            "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
            "size": len(data),
            "upload-time": LONG_AGO,
            "yanked": False,
        }
        if provenance is not None:
            self.files[f"/provenance/{filename}"] = provenance
            entry["provenance"] = self.url(f"/provenance/{filename}")
        entry |= {key.replace("_", "-"): value for key, value in fields.items()}
        self.projects.setdefault(canonicalize_name(name), []).append(entry)

    def reply(self, asked: Asked) -> Reply:
        """See `Files`."""
        wanted = f"Basic {base64.b64encode(self.password.encode()).decode()}"
        if self.password and asked.headers.get("authorization") != wanted:
            return Reply(401, {"WWW-Authenticate": "Basic"}, b"", (0, 0))
        _, simple, name = asked.path.rstrip("/").rpartition("/simple/")
        if not simple:
            return super().reply(asked)
        if name not in self.projects:
            return Reply(404, {}, b"", (0, 0))
        page = self._json(name) if self.form == "json" else self._html(name)
        kind = "application/vnd.pypi.simple.v1+json" if self.form == "json" else "text/html; charset=utf-8"
        return ranged(asked, {"Content-Type": kind, "Date": self.now}, page)

    def _json(self, name: str) -> bytes:
        said = dict(self.said.get(name, {}))
        meta = {"api-version": "1.4", **said.pop("meta", {})}
        return json.dumps({"meta": meta, "name": name, "files": self.projects[name], **said}).encode()

    def _html(self, name: str) -> bytes:
        lines = ['<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1"></head><body>']
        for entry in self.projects[name]:
            fields = [f'href="{entry["url"]}#sha256={entry["hashes"]["sha256"]}"']
            if entry["yanked"]:
                fields.append(f'data-yanked="{html.escape("" if entry["yanked"] is True else entry["yanked"])}"')
            if "requires-python" in entry:
                fields.append(f'data-requires-python="{html.escape(entry["requires-python"])}"')
            if "provenance" in entry:
                fields.append(f'data-provenance="{entry["provenance"]}"')
            lines.append(f"<a {' '.join(fields)}>{entry['filename']}</a><br>")
        return "\n".join([*lines, "</body></html>"]).encode()
