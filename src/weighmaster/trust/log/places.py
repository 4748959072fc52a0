"""Which store an address means."""

from __future__ import annotations

from weighmaster.model.errors import ConfigError
from weighmaster.reading.http import Access
from weighmaster.trust.log.store import Folder, Store


def store_at(address: str, access: Access | None = None) -> Store:
    """Return the store at a path, or at an address (`s3://`, `gs://`, `https://`, `http://`).

    Raises:
        ConfigError: nothing is known of such addresses.
        MissingExtraError: what reads buckets is not installed.
    """
    scheme, separator, _ = address.partition("://")
    if not separator:
        return Folder(address)
    if scheme in {"s3", "gs"}:
        from weighmaster.trust.log.bucket import Bucket

        return Bucket(address)
    if scheme in {"http", "https"}:
        from weighmaster.trust.log.web import Web

        return Web(address, access or Access())
    raise ConfigError(f"a log lies in a folder, or at s3://, gs:// or https://, not at {scheme}://")
