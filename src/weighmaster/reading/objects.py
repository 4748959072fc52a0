"""Objects in a bucket, by obstore: what lies under an address, and parts of it, each held to one version.

obstore finds credentials and endpoints where the stores' own clients do (the environment, instance roles).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from weighmaster.model.errors import MissingExtraError, UnreachableError
from weighmaster.reading.apart import apart
from weighmaster.reading.far import Far, LieError

_MOST: Final = 100_000
_SEPARATOR: Final = "\n"
"""Stands between bucket and key in a locator; a bucket's name holds none."""


def objects(address: str, store: Callable[[str], Any]) -> tuple[tuple[Far, ...], bool]:
    """Return the objects at an address, and whether it is a folder of objects; `store` opens a bucket.

    Raises:
        UnreachableError: there is none, or the store says no.
    """
    parts = urlsplit(address)
    bucket, key = parts.netloc, parts.path.strip("/")
    present()
    folder, found = apart(lambda: _list(address, bucket, key, store))
    if not found:
        raise UnreachableError(f"{address}: there is no such object")
    return tuple(Far(**{**file, "size": int(file["size"])}) for file in found), bool(folder)


def _list(address: str, bucket: str, key: str, store: Callable[[str], Any]) -> tuple[bool, list[dict[str, str]]]:
    try:
        opened = store(bucket)
        if key and (found := _head(opened, key)) is not None:
            return False, [_file(found, bucket, key.rpartition("/")[2])]
        return True, [_file(meta, bucket, meta["path"][len(key) :].lstrip("/")) for meta in _under(opened, key)]
    except _errors() as error:
        raise UnreachableError(f"{address}: {_told(error)}") from error


def fetch(store: Callable[[str], Any]) -> Callable[[Far, int, int], bytes]:
    """Return what fetches parts of objects; it keeps each bucket open."""
    opened: dict[str, Any] = {}

    def part(file: Far, offset: int, count: int) -> bytes:
        import obstore

        bucket, _, key = file.locator.partition(_SEPARATOR)
        if bucket not in opened:
            opened[bucket] = store(bucket)
        options: dict[str, Any] = {"range": (offset, offset + count)}
        if file.version:
            options["if_match"] = file.version
        try:
            data = bytes(obstore.get(opened[bucket], key, options=options).bytes())
        except obstore.exceptions.PreconditionError as error:
            raise LieError("the object is not the version that was listed") from error
        except _errors() as error:
            raise UnreachableError(f"{key}: {_told(error)}") from error
        return data

    return part


def present() -> None:
    """Say so where obstore is not installed.

    Raises:
        MissingExtraError: it is not.
    """
    from importlib.util import find_spec

    if find_spec("obstore") is None:
        raise MissingExtraError("obstore is needed: pip install 'weighmaster[cloud]'")


def opener(name: str) -> Callable[[str], Any]:
    """Return what opens a bucket with obstore's store of that class."""

    def opened(bucket: str) -> Any:
        from obstore import store

        return getattr(store, name)(bucket)

    return opened


def _head(opened: Any, key: str) -> Any:
    import obstore

    try:
        return obstore.head(opened, key)
    except (FileNotFoundError, obstore.exceptions.NotFoundError):
        return None


def _under(opened: Any, prefix: str) -> Iterator[Any]:
    import obstore

    count = 0
    for batch in obstore.list(opened, prefix or None):
        for meta in batch:
            count += 1
            if count > _MOST:
                raise UnreachableError(f"more than {_MOST} objects lie there")
            yield meta


def _file(meta: Any, bucket: str, name: str) -> dict[str, str]:
    """Return the fields of a `Far`, in a way that can be sent."""
    return {
        "name": name or meta["path"],
        "size": str(meta["size"]),
        "locator": f"{bucket}{_SEPARATOR}{meta['path']}",
        "version": meta.get("e_tag") or "",
    }


def _errors() -> tuple[type[BaseException], ...]:
    import obstore

    return (obstore.exceptions.BaseError, OSError, ValueError)


def _told(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
