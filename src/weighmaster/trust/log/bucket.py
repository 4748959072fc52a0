"""A log in a bucket of objects (`s3://`, `gs://`), by obstore.

There is no lock there: the checkpoint is exchanged for another one only if it is still the one that was read
(`If-Match`, `If-None-Match`: RFC 9110, section 13.1).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from weighmaster.model.errors import ConfigError, UnreachableError, UnreadableError
from weighmaster.reading import objects
from weighmaster.trust.log.store import Held, OvertakenError

_CLASSES: Final = {"s3": "S3Store", "gs": "GCSStore"}


class Bucket:
    """A log below a path of a bucket; see `Store`."""

    exclusive: Final = False

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in _CLASSES or not parts.netloc:
            raise ConfigError(f"{address} is no address of a bucket (s3://bucket/path, gs://bucket/path)")
        objects.present()
        self.address = address
        self._prefix = f"{parts.path.strip('/')}/".lstrip("/")
        with self._told():
            self._store = objects.opener(_CLASSES[parts.scheme])(parts.netloc)

    def read(self, path: str, most: int) -> bytes | None:
        """See `Store`."""
        found = self.held(path, most)
        return None if found is None else found.data

    def held(self, path: str, most: int) -> Held | None:
        """See `Store`."""
        import obstore

        with self._told():
            try:
                got = obstore.get(self._store, self._prefix + path)
            except (FileNotFoundError, obstore.exceptions.NotFoundError):
                return None
            meta = got.meta
            if meta["size"] > most:
                raise UnreadableError(f"{self.address}/{path} is longer than {most} bytes")
            data = bytes(got.bytes())
            return Held(data=data, tag=meta.get("e_tag") or "", version=meta.get("version") or "")

    def write(self, path: str, data: bytes) -> None:
        """See `Store`."""
        import obstore

        with self._told():
            obstore.put(self._store, self._prefix + path, data, use_multipart=False)

    def exchange(self, path: str, data: bytes, before: Held | None) -> None:
        """See `Store`."""
        import obstore

        mode: Any = "create" if before is None else _known(before)
        first = (obstore.exceptions.PreconditionError, obstore.exceptions.AlreadyExistsError)
        with self._told():
            try:
                obstore.put(self._store, self._prefix + path, data, mode=mode)
            except first as error:
                raise OvertakenError(f"{self.address}: another writer was first") from error

    def discard(self, path: str) -> None:
        """See `Store`."""
        import obstore

        with self._told(), contextlib.suppress(FileNotFoundError):
            names = [self._prefix + path]
            if path.endswith("/"):
                names = [meta["path"] for batch in obstore.list(self._store, names[0]) for meta in batch]
            for name in names:
                obstore.delete(self._store, name)

    def paths(self) -> Iterator[str] | None:
        """See `Store`."""
        return self._below()

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """See `Store`."""
        return contextlib.nullcontext()

    def _below(self) -> Iterator[str]:
        import obstore

        with self._told():
            for batch in obstore.list(self._store, self._prefix or None):
                for meta in batch:
                    yield meta["path"][len(self._prefix) :]

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        import obstore

        try:
            yield
        except (obstore.exceptions.BaseError, OSError, ValueError) as error:
            raise UnreachableError(f"{self.address}: {' '.join(str(error).split())[:300]}") from error


def _known(held: Held) -> dict[str, str]:
    """Return what a store knows a version by, as obstore's `UpdateVersion`."""
    return {name: value for name, value in (("e_tag", held.tag), ("version", held.version)) if value}
