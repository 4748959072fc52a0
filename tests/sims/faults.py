"""What can go wrong between a server and whoever asks it: faults for `Files`, `Hub` and `Storage`.

Each acts on requests whose path holds `on`, and of these on the first `times`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tests.sims.files import Asked, Fault, Reply


def _some(change: Callable[[Asked, Reply], None], on: str, times: float) -> Fault:
    left = [times]

    def fault(asked: Asked, reply: Reply, _number: int) -> None:
        if on in asked.path and left[0] > 0:
            left[0] -= 1
            change(asked, reply)

    return fault


def both(*faults: Fault) -> Fault:
    """Let several things go wrong."""

    def fault(asked: Asked, reply: Reply, number: int) -> None:
        for one in faults:
            one(asked, reply, number)

    return fault


def busy(times: float = 1, *, status: int = 429, after: str = "0", on: str = "") -> Fault:
    """Answer that there is too much to do, and when to come again."""

    def change(_asked: Asked, reply: Reply) -> None:
        reply.status, reply.headers, reply.body, reply.span = status, {"Retry-After": after}, b"", (0, 0)

    return _some(change, on, times)


def cut(after: int, *, on: str = "", times: float = 1) -> Fault:
    """Break the connection after so many bytes of a body."""

    def change(asked: Asked, reply: Reply) -> None:
        if asked.method == "GET":
            reply.cut = after

    return _some(change, on, times)


def other_range(*, on: str = "", times: float = math.inf) -> Fault:
    """Send another part than was asked for, and say so."""

    def change(_asked: Asked, reply: Reply) -> None:
        if reply.status == 206:
            start, end = reply.span
            size = reply.headers["Content-Range"].rpartition("/")[2]
            reply.headers["Content-Range"] = f"bytes {start + 1}-{end}/{size}"

    return _some(change, on, times)


def other_size(size: int, *, on: str = "", times: float = math.inf) -> Fault:
    """Say that the whole is of another size than before."""

    def change(_asked: Asked, reply: Reply) -> None:
        if reply.status == 206:
            reply.headers["Content-Range"] = f"{reply.headers['Content-Range'].partition('/')[0]}/{size}"
        elif "X-Linked-Size" in reply.headers:
            reply.headers["X-Linked-Size"] = str(size)

    return _some(change, on, times)


def other_tag(*, on: str = "", times: float = math.inf) -> Fault:
    """Give another entity tag with each answer."""
    count = [0]

    def change(_asked: Asked, reply: Reply) -> None:
        count[0] += 1
        reply.headers["ETag"] = f'"v{count[0]}"'

    return _some(change, on, times)


def no_ranges(*, on: str = "", times: float = math.inf) -> Fault:
    """Send the whole, whatever part was asked for."""

    def change(_asked: Asked, reply: Reply) -> None:
        if reply.status == 206:
            size = len(reply.body) if isinstance(reply.body, bytes) else reply.body.size
            reply.status, reply.span = 200, (0, size)
            del reply.headers["Content-Range"]
            reply.headers["Content-Length"] = str(size)

    return _some(change, on, times)


def short(count: int, *, on: str = "", times: float = math.inf) -> Fault:
    """Send fewer bytes than were asked for, and call that all there is."""

    def change(asked: Asked, reply: Reply) -> None:
        if asked.method == "GET" and reply.status in {200, 206}:
            start, end = reply.span
            reply.span = (start, min(end, start + count))
            reply.headers["Content-Length"] = str(reply.span[1] - start)

    return _some(change, on, times)


def other_digest(sha256: str = "0" * 64, *, on: str = "", times: float = math.inf) -> Fault:
    """Declare another SHA-256 than the file list does."""

    def change(_asked: Asked, reply: Reply) -> None:
        if "X-Linked-Etag" in reply.headers:
            reply.headers["X-Linked-Etag"] = reply.headers["ETag"] = f'"{sha256}"'

    return _some(change, on, times)
