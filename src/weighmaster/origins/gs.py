"""Objects in a bucket of Google Cloud Storage: `gs://bucket/path`, an object or all below a path."""

from __future__ import annotations

from typing import Final

from weighmaster.extend.bucket import bucket

ORIGIN: Final = bucket("gs", "Objects in a bucket (Google)", "GCSStore")
