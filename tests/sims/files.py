"""A plain web server over files that need not exist: of any size, with latency, ranges, and faults on request.

with Files({"/model.pt": Sparse.of(path)}, latency=0.05) as files:
    vet(files.url("/model.pt"))
    assert files.sent < 1_000_000
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self


class Bytes(Protocol):
    """What is served: bytes, or whatever has a length and can be read in parts."""

    @property
    def size(self) -> int: ...

    def read_at(self, offset: int, count: int) -> bytes: ...


class Asked(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


class Reply:
    """What is about to be sent; a fault changes it."""

    def __init__(self, status: int, headers: dict[str, str], body: Bytes | bytes, span: tuple[int, int]) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.span = span
        self.cut: int | None = None
        """After so many bytes of the body the connection is closed."""


def ranged(asked: Asked, headers: dict[str, str], body: Bytes | bytes) -> Reply:
    """Return the part of a body that is asked for, or all of it (RFC 9110, section 14.2: one range of bytes)."""
    size = len(body) if isinstance(body, bytes) else body.size
    wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", asked.headers.get("range", ""))
    if asked.method != "GET" or wanted is None or wanted[0] == "bytes=-":
        return Reply(200, {**headers, "Content-Length": str(size)}, body, (0, size))
    last = min(int(wanted[2]) + 1, size) if wanted[1] and wanted[2] else size
    start = int(wanted[1]) if wanted[1] else max(0, size - int(wanted[2]))
    if start >= last:
        return Reply(416, {"Content-Range": f"bytes */{size}"}, b"", (0, 0))
    said = {"Content-Range": f"bytes {start}-{last - 1}/{size}", "Content-Length": str(last - start)}
    return Reply(206, headers | said, body, (start, last))


Fault = Callable[[Asked, Reply, int], None]
"""Changes the reply to the request of that number (counted from 0)."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


class Files:
    """The server; `asked` is what was asked of it, `sent` counts bytes of bodies."""

    def __init__(self, files: Mapping[str, Bytes | bytes], *, latency: float = 0.0, fault: Fault | None = None) -> None:
        self.files = dict(files)
        self.headers: dict[str, dict[str, str]] = {}
        self.latency = latency
        self.fault = fault
        self.asked: list[Asked] = []
        self.sent = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def url(self, path: str) -> str:
        """Return the address of a file."""
        return f"http://{self.host}{path}"

    def reply(self, asked: Asked) -> Reply:
        """Say what is sent for a request; simulators of services override this."""
        body = self.files.get(asked.path.partition("?")[0])
        if body is None:
            return Reply(404, {}, b"", (0, 0))
        headers = {"ETag": '"v1"', "Accept-Ranges": "bytes", **self.headers.get(asked.path, {})}
        return ranged(asked, headers, body)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        files = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_HEAD(self) -> None:
                files._answer(self, body=False)

            def do_GET(self) -> None:
                files._answer(self, body=True)

            def do_POST(self) -> None:
                files._answer(self, body=True)

        return Handler

    def _answer(self, handler: BaseHTTPRequestHandler, *, body: bool) -> None:
        time.sleep(self.latency)
        headers = {k.lower(): v for k, v in handler.headers.items()}
        sent = handler.rfile.read(int(headers.get("content-length", "0")))
        asked = Asked(handler.command, handler.path, headers, sent)
        with self._lock:
            number = len(self.asked)
            self.asked.append(asked)
        reply = self.reply(asked)
        if self.fault is not None:
            self.fault(asked, reply, number)
        handler.send_response(reply.status)
        reply.headers.setdefault("Content-Length", str(reply.span[1] - reply.span[0]))
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if body:
            self._send(handler, reply)

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        at, end = reply.span
        stop = end if reply.cut is None else min(end, at + reply.cut)
        while at < stop:
            count = min(1 << 20, stop - at)
            piece = reply.body[at : at + count] if isinstance(reply.body, bytes) else reply.body.read_at(at, count)
            with self._lock:
                self.sent += len(piece)
            try:
                handler.wfile.write(piece)
            except OSError:
                return
            at += count
        if reply.cut is not None:
            handler.close_connection = True
