"""HTTP for reading from afar: ranges that are checked, redirects that leave credentials behind, patience with bounds.

Specifications: RFC 9110 (ranges §14, redirects §15.4, Retry-After §10.2.3), RFC 9530 (Repr-Digest). What a server
says of a range is compared with what was asked; one that contradicts itself is found out (`LieError`).
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from weighmaster.model.errors import UnreachableError, UnreadableError
from weighmaster.model.value import Value
from weighmaster.reading.far import Far, LieError
from weighmaster.reading.pattern import pattern
from weighmaster.version import VERSION

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HOPS: Final = 5
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
"""Answers that another try may better."""
_LONGEST_ANSWER: Final = 64 << 20
_WHOLE: Final = 8 << 20
"""What is taken whole from a server that serves no ranges."""
_CHUNK: Final = 1 << 18
_RANGE: Final = pattern(r"bytes (\d+)-(\d+)/(\d+|\*)")
_SHA256: Final = pattern(r"[0-9a-f]{64}")
_BLOB: Final = pattern(r"[0-9a-f]{40}")


class Access(Value):
    """How services are reached. Front ends fill this in: nothing here reads the environment.

    `hub` is the base address of the hub, `credentials` the value of the header `Authorization` for each host, `proxies`
    the proxy for each scheme, `direct` the hosts that are reached without one.
    """

    hub: str = "https://huggingface.co"
    tracking: str = ""
    """The base address of an MLflow server."""
    indexes: tuple[str, ...] = ("https://pypi.org/simple",)
    """Package indexes, the first one first."""
    tags: tuple[str, ...] = ()
    """The platforms that wheels are wanted for, the best first; without them, that of this interpreter."""
    cooldown: int = 1
    """Days before a release of a package is old enough."""
    credentials: Mapping[str, str] = MappingProxyType({})
    proxies: Mapping[str, str] = MappingProxyType({})
    direct: tuple[str, ...] = ()
    attempts: int = 5
    timeout: float = 20.0
    """Seconds without a byte."""
    patience: float = 120.0
    """Seconds that one question may take, waits that the server asks for included."""


class Answer(Value):
    """What a server said: status, headers with names in lower case, and the address that it came from."""

    status: int
    headers: Mapping[str, str]
    url: str
    body: bytes = b""
    reason: str = ""


class Client:
    """Asks servers. It keeps its connections, and may be used by several threads at once."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._pools: dict[str, Any] = {}
        self._final: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._whole: dict[str, bytes] = {}

    def ask(self, method: str, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return a whole answer of at most 64 MiB, after redirects. Passing trouble is tried again.

        Raises:
            UnreachableError: there is no answer, or one that says no.
        """
        answer = self.answered(method, url, headers)
        if answer.status >= 400:
            raise UnreachableError(_refusal(answer, url))
        return answer

    def answered(self, method: str, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return a whole answer, also one that says no.

        Raises:
            UnreachableError: there is none.
        """
        for attempt in range(self._access.attempts):
            response, final = self._sent(method, url, dict(headers or {}))
            try:
                body = b"" if method == "HEAD" else _bounded(response, _LONGEST_ANSWER)
            except OSError as error:
                if attempt == self._access.attempts - 1:
                    raise UnreachableError(f"{_shown(url)}: the answer breaks off: {error}") from error
                continue
            finally:
                _leave(response)
            return _answer(response, final, body)
        raise UnreachableError(f"{_shown(url)}: no answer")

    def json(self, url: str, headers: Mapping[str, str] | None = None) -> tuple[Any, Answer]:
        """Return the JSON document at an address, and the answer that it came in."""
        answer = self.ask("GET", url, headers)
        try:
            return json.loads(answer.body), answer
        except (ValueError, RecursionError) as error:
            raise UnreadableError(f"{_shown(url)}: the answer is not JSON") from error

    def describe(self, url: str, name: str) -> Far:
        """Return what a server says of the file at an address."""
        try:
            answer = self.ask("HEAD", url, {"Accept-Encoding": "identity"})
        except UnreachableError:
            # Some refuse HEAD, and signed addresses are often good for one method only.
            answer = self.ask("GET", url, {"Accept-Encoding": "identity", "Range": "bytes=0-0"})
        headers = answer.headers
        held = _RANGE.match(headers.get("content-range", ""))
        size = held[3] if held and held[3] != "*" else headers.get("x-linked-size") or headers.get("content-length", "")
        if not size.isdigit():
            raise UnreadableError(f"{_shown(url)}: the server does not say how long the file is")
        return Far(
            name=name, size=int(size), locator=url, version=headers.get("etag", ""), sha256=_declared(headers),
            blob=_blob(headers),
        )  # fmt: skip

    def range(self, file: Far, offset: int, count: int) -> bytes:
        """Return `count` bytes of a file from `offset` on, whatever it takes: a cut connection is taken up again.

        Raises:
            LieError: the server contradicts itself.
            UnreachableError, UnreadableError: the bytes cannot be had.
        """
        data = bytearray()
        for attempt in range(self._access.attempts):
            before = len(data)
            try:
                self._part(file, offset, count, data)
            except OSError as error:  # urllib3's errors of transport are made into these below.
                if attempt == self._access.attempts - 1:
                    raise UnreachableError(f"{_shown(file.locator)}: {error}") from error
                if len(data) == before:
                    time.sleep(min(0.2 * 2**attempt, 5.0))
            if len(data) == count:
                return bytes(data)
        raise LieError(
            f"the server sent {len(data)} of the {count} bytes that it promised, time and again", offset=offset
        )

    def _part(self, file: Far, offset: int, count: int, data: bytearray) -> None:
        """Append to `data` what comes of the span that is not there yet."""
        if (whole := self._whole.get(file.locator)) is not None:
            data[:] = whole[offset : offset + count]
            return
        start, end = offset + len(data), offset + count
        url = self._final.get(file.locator, file.locator)
        headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        response, final = self._sent("GET", url, headers, origin=file.locator)
        try:
            if response.status in {401, 403, 404, 410} and url != file.locator:
                # The address that we were sent to is good for a while only.
                self._final.pop(file.locator, None)
                return
            if response.status >= 400 and response.status != 416:
                raise UnreachableError(_refusal(_answer(response, url), file.locator))
            self._check(response, file, start, end, final)
            self._final[file.locator] = final
            if response.status == 200:
                self._take_whole(response, file, offset, count, data)
            else:
                _append(response, data, end - start)
        finally:
            response.close()

    def _check(self, response: BaseHTTPResponse, file: Far, start: int, end: int, url: str) -> None:
        """Compare what the server says of a range with what it was asked and what it said before."""
        headers = _lower(response)
        tag, before = headers.get("etag", ""), self._tags.get(url, file.version if url == file.locator else "")
        if before and tag and _strong(tag) != _strong(before):
            raise LieError(f"the entity tag changed from {before} to {tag}: not one version", offset=start)
        self._tags[url] = tag or before
        if response.status == 416:
            raise LieError(f"the server has no bytes {start}-{end - 1} of a file of {file.size} bytes", offset=start)
        if response.status == 206:
            said = _RANGE.fullmatch(headers.get("content-range", ""))
            if said is None:
                raise LieError("a part was sent without saying which", offset=start)
            if int(said[1]) != start or int(said[2]) != end - 1:
                detail = f"bytes {start}-{end - 1} were asked for, {said[1]}-{said[2]} were sent"
                raise LieError(detail, offset=start)
            if said[3] not in {"*", str(file.size)}:
                raise LieError(f"the file has {file.size} bytes, and then {said[3]}", offset=start)
        wanted = file.size if response.status == 200 else end - start
        if headers.get("content-length", str(wanted)) != str(wanted):
            detail = f"{headers['content-length']} bytes were sent for {wanted}"
            raise LieError(detail, offset=start)

    def _take_whole(self, response: BaseHTTPResponse, file: Far, offset: int, count: int, data: bytearray) -> None:
        """Make the best of a server that sends all where a part was asked for."""
        if file.size > _WHOLE:
            raise UnreadableError("the server serves no ranges, and the file is large (--full reads all)")
        whole = bytearray()
        _append(response, whole, file.size)
        if len(whole) < file.size:
            raise ConnectionError("the answer ends early")
        self._whole[file.locator] = bytes(whole)
        data[:] = whole[offset : offset + count]

    def _sent(
        self, method: str, url: str, headers: dict[str, str], origin: str | None = None
    ) -> tuple[BaseHTTPResponse, str]:
        """Send a question, follow redirects, wait where the server asks for it; return the answer's head."""
        deadline = time.monotonic() + self._access.patience
        for attempt in range(self._access.attempts):
            last = attempt == self._access.attempts - 1
            try:
                response, final = self._hops(method, url, headers, origin or url)
            except OSError as error:
                if last or time.monotonic() > deadline:
                    raise UnreachableError(f"{_shown(url)}: {error}") from error
                time.sleep(min(0.2 * 2**attempt, 5.0))
                continue
            if response.status not in _PASSING or last:
                return response, final
            wait = _wait(_lower(response).get("retry-after", ""), attempt)
            if time.monotonic() + wait > deadline:
                return response, final
            _leave(response)
            time.sleep(wait)
        raise UnreachableError(f"{_shown(url)}: no answer")

    def _hops(self, method: str, url: str, headers: dict[str, str], origin: str) -> tuple[BaseHTTPResponse, str]:
        for _ in range(_HOPS):
            response = self._once(method, url, headers, origin)
            target = response.headers.get("location")
            if response.status not in _REDIRECTS or not target:
                return response, url
            # A hub says on the first answer what the storage behind it does not know.
            if method == "HEAD" and "x-linked-size" in _lower(response):
                return response, url
            _leave(response)
            target = urljoin(url, target)
            parts = urlsplit(target)
            if parts.scheme not in {"http", "https"} or (url.startswith("https:") and parts.scheme != "https"):
                raise UnreachableError(f"{_shown(url)}: sent to {_shown(target)}, which is not followed")
            url = target
        raise UnreachableError(f"{_shown(url)}: sent on more than {_HOPS} times")

    def _once(self, method: str, url: str, headers: dict[str, str], origin: str) -> BaseHTTPResponse:
        import urllib3

        sent = {"User-Agent": f"weighmaster/{VERSION}", **headers}
        host = urlsplit(url).netloc
        # Credentials are for the host that they were given for, and for no other that it sends us to.
        if host == urlsplit(origin).netloc and (credential := self._access.credentials.get(host)):
            sent["Authorization"] = credential
        try:
            response: BaseHTTPResponse = self._pool(url).request(
                method, url, headers=sent, redirect=False, retries=False, preload_content=False,
                timeout=urllib3.Timeout(connect=self._access.timeout, read=self._access.timeout),
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as error:
            raise ConnectionError(_told(error)) from error
        return response

    def _pool(self, url: str) -> Any:
        import urllib3

        parts = urlsplit(url)
        host = parts.hostname or ""
        direct = any(host == name or host.endswith(f".{name.lstrip('.')}") for name in self._access.direct)
        proxy = "" if direct else self._access.proxies.get(parts.scheme, "")
        if proxy not in self._pools:
            # More than one connection a host: spans are fetched side by side.
            self._pools[proxy] = (
                urllib3.ProxyManager(proxy, maxsize=32) if proxy else urllib3.PoolManager(maxsize=32, num_pools=8)
            )
        return self._pools[proxy]


def _append(response: BaseHTTPResponse, data: bytearray, count: int) -> None:
    """Read at most `count` bytes of a body. What came before a cut stays."""
    import urllib3

    wanted = len(data) + count
    try:
        while len(data) < wanted and (chunk := response.read(min(_CHUNK, wanted - len(data)))):
            data += chunk
    except urllib3.exceptions.HTTPError as error:
        raise ConnectionError(_told(error)) from error


def _leave(response: BaseHTTPResponse) -> None:
    """Be done with an answer: its connection is of use again if little of it is unread."""
    import urllib3

    try:
        response.read(_CHUNK)
    except urllib3.exceptions.HTTPError:
        pass
    finally:
        response.close()


def _bounded(response: BaseHTTPResponse, most: int) -> bytes:
    data = bytearray()
    _append(response, data, most + 1)
    if len(data) > most:
        raise UnreadableError(f"an answer of more than {most} bytes")
    return bytes(data)


def _lower(response: BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _strong(tag: str) -> str:
    return tag.removeprefix("W/").strip('"')


def _declared(headers: Mapping[str, str]) -> str:
    """Return the SHA-256 that a server declares of a file, in one of the ways that servers do."""
    for name in ("x-linked-etag", "x-checksum-sha256", "etag"):
        value = _strong(headers.get(name, "")).lower()
        if _SHA256.fullmatch(value):
            return value
    for part in headers.get("repr-digest", "").split(","):
        key, _, value = part.strip().partition("=")
        if key.lower() == "sha-256":
            try:
                return base64.b64decode(value.strip(":"), validate=True).hex()
            except (binascii.Error, ValueError):
                return ""
    return ""


def _blob(headers: Mapping[str, str]) -> str:
    """Return git's name of a file's content, which hubs give as the entity tag of small files."""
    value = _strong(headers.get("etag", "")).lower()
    return value if _BLOB.fullmatch(value) and "x-repo-commit" in headers else ""


def _wait(asked: str, attempt: int) -> float:
    return min(float(asked), 60.0) if asked.isdigit() else min(0.5 * 2**attempt, 8.0)


def _answer(response: BaseHTTPResponse, url: str, body: bytes = b"") -> Answer:
    return Answer(
        status=response.status, headers=_lower(response), url=url, body=body, reason=str(response.reason or "")
    )


def _refusal(answer: Answer, url: str) -> str:
    reason = answer.headers.get("x-error-message") or answer.headers.get("x-error-code") or answer.reason
    return f"{_shown(url)}: {answer.status} {reason}".strip()[:300]


def _told(error: Exception) -> str:
    """Return what went wrong, without the objects that urllib3 names first."""
    said = str(error.args[0]) if error.args else type(error).__name__
    return said.rpartition(": ")[2].strip("'\"") or type(error).__name__


def _shown(url: str) -> str:
    """Return an address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
