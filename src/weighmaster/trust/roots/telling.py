"""What a refusal of metadata means, in one sentence for people: what, which version, since when, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from weighmaster.model.errors import TrustError
from weighmaster.model.value import Value


class Offered(Value):
    """Metadata that was refused: its role, its bytes, where it came from, and what was trusted until then."""

    role: str
    data: bytes
    place: str
    trusted: Any = None


def told(error: Exception, offered: Offered) -> TrustError:
    """Return what to tell of a refusal by the reference implementation (`tuf.api.exceptions.RepositoryError`)."""
    from tuf.api import exceptions
    from tuf.api.serialization import DeserializationError

    match error:
        case exceptions.ExpiredMetadataError():
            return _expired(offered)
        case exceptions.BadVersionNumberError():
            return _rolled_back(offered)
        case exceptions.UnsignedMetadataError():
            return _unsigned(error, offered)
        case exceptions.LengthOrHashMismatchError():
            said = "is not what the metadata before it names: it was changed, or files of two publications were mixed"
            return TrustError(f"{offered.place} {said}")
        case DeserializationError():
            return TrustError(f"{offered.place} is no TUF metadata: {error.__cause__ or error}")
        case _:
            return TrustError(f"{offered.place}: {str(error) or type(error).__name__}")


def since(moment: datetime, now: datetime) -> str:
    """Return a moment, and how far from now it is: `2026-11-20 10:00 UTC, 5 days ago`."""
    return (
        f"{stamp(moment)}, {span(now - moment)} ago" if moment <= now else f"{stamp(moment)}, in {span(moment - now)}"
    )


def stamp(moment: datetime) -> str:
    """Return a moment as people read it."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def span(length: timedelta) -> str:
    """Return how long something lasts, in its largest unit."""
    # What is a moment short of a week is a week.
    whole = round(length.total_seconds()) + 30
    for seconds, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if (count := whole // seconds) > 0:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def _expired(offered: Offered) -> TrustError:
    # The root is looked at first when the timestamp comes in; what is refused may thus be the root.
    now = offered.trusted.reference_time
    for role in ("root", "timestamp", "snapshot"):
        if role in offered.trusted and offered.trusted[role].is_expired(now):
            return _old(role, offered.trusted[role], offered, now)
    return _old(offered.role, _signed(offered.data), offered, now)


def _old(role: str, signed: Any, offered: Offered, now: datetime) -> TrustError:
    what = f"{role} version {signed.version}" if signed is not None else role
    when = f" {since(signed.expires, now)}" if signed is not None else ""
    remedy = {
        "root": "whoever publishes must renew it (weighmaster roots rotate)",
        "timestamp": "news may be held back; whoever publishes must renew it (weighmaster roots refresh)",
    }.get(role, "whoever publishes must renew it (weighmaster roots publish)")
    return TrustError(f"{offered.place}: {what} expired{when}: {remedy}")


def _rolled_back(offered: Offered) -> TrustError:
    new, trusted, role = _signed(offered.data), offered.trusted, offered.role
    older = next((each for each in _older(new, trusted, role) if each[1] < each[2]), None)
    if older is not None:
        return _rollback(offered, *older)
    match role:
        case "root":
            wanted = f"version {trusted.root.version + 1}"
        case "snapshot":
            wanted = f"version {trusted.timestamp.snapshot_meta.version}, which the timestamp names"
        case _:
            wanted = f"version {trusted.snapshot.meta[f'{role}.json'].version}, which the snapshot names"
    return TrustError(f"{offered.place} is {role} version {new.version}, not {wanted}")


def _older(new: Any, trusted: Any, role: str) -> Iterator[tuple[str, int, int]]:
    """Yield what may be older than what was seen before: its name, its version, and the version before."""
    if role == "timestamp":
        before = trusted.timestamp
        yield ("timestamp", new.version, before.version)
        yield ("snapshot", new.snapshot_meta.version, before.snapshot_meta.version)
    elif role == "snapshot" and "snapshot" in trusted:
        for file, meta in trusted.snapshot.meta.items():
            if file in new.meta:
                yield (file.removesuffix(".json"), new.meta[file].version, meta.version)


def _rollback(offered: Offered, role: str, version: int, before: int) -> TrustError:
    return TrustError(
        f"{offered.place}: {role} was rolled back to version {version} after version {before} had been seen: "
        "what was published since is missing; ask whoever publishes, and trust nothing from there until then"
    )


def _unsigned(error: Exception, offered: Offered) -> TrustError:
    document = _metadata(offered.data)
    if offered.role == "root" and offered.trusted is not None and document is not None:
        before, new = offered.trusted.root, document.signed
        if new.version == before.version + 1:
            result = new.get_root_verification_result(before, document.signed_bytes, document.signatures)
            first, second = result.first, result.second
            return TrustError(
                f"{offered.place}: root version {new.version} is signed by {len(first.signed)} of the keys of version "
                f"{before.version}, which wants {first.threshold}, and by {len(second.signed)} of its own, of which "
                f"{second.threshold} must sign"
            )
    return TrustError(f"{offered.place} is not signed as it must be: {error}")


def _signed(data: bytes) -> Any:
    document = _metadata(data)
    return None if document is None else document.signed


def _metadata(data: bytes) -> Any:
    from tuf.api.metadata import Metadata
    from tuf.api.serialization import DeserializationError

    try:
        return Metadata.from_bytes(data)
    except DeserializationError:
        return None
