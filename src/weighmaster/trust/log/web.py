"""A log as a web server shows it (<https://c2sp.org/tlog-tiles>): read, never written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final, NoReturn

from weighmaster.model.errors import ConfigError, UnreachableError, UnreadableError
from weighmaster.reading.http import Access, Client
from weighmaster.trust.log.store import Held


class Web:
    """A log below an address; see `Store`."""

    exclusive: Final = False

    def __init__(self, address: str, access: Access) -> None:
        self.address = address.rstrip("/")
        self._client = Client(access)

    def read(self, path: str, most: int) -> bytes | None:
        """See `Store`."""
        url = f"{self.address}/{path}"
        answer = self._client.answered("GET", url, {"Accept-Encoding": "identity"})
        if answer.status in {404, 410}:
            return None
        if answer.status != 200:
            raise UnreachableError(f"{url}: {answer.status} {answer.reason}".strip()[:300])
        if len(answer.body) > most:
            raise UnreadableError(f"{url} is longer than {most} bytes")
        return answer.body

    def held(self, path: str, most: int) -> Held | None:
        """See `Store`."""
        data = self.read(path, most)
        return None if data is None else Held(data=data)

    def write(self, path: str, data: bytes) -> None:
        """See `Store`: it cannot."""
        del path, data
        self._refuse()

    def exchange(self, path: str, data: bytes, before: Held | None) -> None:
        """See `Store`: it cannot."""
        del path, data, before
        self._refuse()

    def discard(self, path: str) -> None:
        """See `Store`: it cannot."""
        del path
        self._refuse()

    def paths(self) -> Iterator[str] | None:
        """See `Store`: a web server does not say."""
        return None

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """See `Store`: it cannot."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ConfigError(f"{self.address} is read over the web: a log is written where it lies")
