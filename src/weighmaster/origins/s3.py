"""Objects in a bucket of Amazon S3, or a store that speaks its protocol: `s3://bucket/path`, or all below a path."""

from __future__ import annotations

from typing import Final

from weighmaster.extend.bucket import bucket

ORIGIN: Final = bucket("s3", "Objects in a bucket (Amazon)", "S3Store")
