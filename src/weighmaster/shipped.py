"""Everything that comes with this package, put together."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from weighmaster import detectors, formats, outputs, policies
from weighmaster.extend import registry as _extend
from weighmaster.extend.output import Output
from weighmaster.extend.policy import Policy
from weighmaster.extend.registry import Registry
from weighmaster.model.fact import Fact
from weighmaster.model.repository import Repository

if TYPE_CHECKING:
    from weighmaster.extend.origin import Origin
    from weighmaster.extend.record import Record


@cache
def registry() -> Registry:
    """Return the formats and detectors that are shipped."""
    return Registry(
        formats=_extend.Shelf(formats),
        detectors=_extend.Rooms(detectors),
        compose=_composed,
    )


def _composed(whole: Repository) -> Iterable[Fact]:
    """Return what the source of a target does, its packages, and the names that it uses, where there may be any."""
    if not whole.facts:
        return ()
    from itertools import chain

    from weighmaster.knowledge.chains.deeds import deeds_of
    from weighmaster.knowledge.names.naming import named_in
    from weighmaster.knowledge.packages.packages import packages_of

    return chain(deeds_of(whole), packages_of(whole), named_in(whole))


def policy(id: str) -> Policy:
    """Return the policy of that name, which is one of `policy_names()`."""
    return _extend.one(policies, id.replace("-", "_"), "POLICY", Policy)


def policy_names() -> tuple[str, ...]:
    """Return the names of the shipped policies."""
    return _extend.names(policies)


def output(id: str) -> Output:
    """Return the output of that name, which is one of `output_names()`."""
    return _extend.one(outputs, id.replace("-", "_"), "OUTPUT", Output)


def output_names() -> tuple[str, ...]:
    """Return the names of the shipped outputs."""
    return _extend.names(outputs)


@cache
def schemes() -> dict[str, Origin]:
    """Return the origins that are shipped, by the schemes of their addresses."""
    from weighmaster import origins
    from weighmaster.extend.origin import Origin

    found = (_extend.one(origins, name, "ORIGIN", Origin) for name in _extend.names(origins))
    return {scheme: origin for origin in found for scheme in origin.schemes}


def records_on(origin: str) -> tuple[Record, ...]:
    """Return the records that speak about what comes from an origin."""
    from weighmaster import records
    from weighmaster.extend.record import Record

    found = (_extend.one(records, name, "RECORD", Record) for name in _extend.names(records))
    return tuple(record for record in found if record.origin == origin)
