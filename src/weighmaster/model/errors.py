"""Every error this package raises on purpose."""

from __future__ import annotations


class WeighmasterError(Exception):
    """Base of all errors a caller may catch."""


class UnreadableError(WeighmasterError):
    """The bytes do not follow the format they claim; `offset` is where that showed."""

    def __init__(self, what: str, *, offset: int | None = None) -> None:
        super().__init__(what if offset is None else f"{what} at byte {offset}")
        self.offset = offset


class OverBudgetError(WeighmasterError):
    """Reading further would cost more than the caller allowed."""


class EncryptedError(WeighmasterError):
    """The bytes cannot be read without a key."""


class MissingExtraError(WeighmasterError):
    """A library that reads these bytes is not installed; the message names the command that installs it."""


class UnreachableError(WeighmasterError):
    """What lies elsewhere cannot be had: no connection, no such thing, no permission."""


class ConfigError(WeighmasterError):
    """A configuration that cannot mean what it says; the message names the file and the line."""


class InvalidWhereError(WeighmasterError, ValueError):
    """Text that does not spell a `Where`."""


class TrustError(WeighmasterError):
    """A claim about an artifact that does not hold; the message says which, and why."""
