"""Everything that comes with this package, put together."""

from __future__ import annotations

from functools import cache

from weighmaster import detectors, formats, outputs, policies
from weighmaster.extend import registry as _extend
from weighmaster.extend.output import Output
from weighmaster.extend.policy import Policy
from weighmaster.extend.registry import Registry


@cache
def registry() -> Registry:
    """Return the formats and detectors that are shipped."""
    return Registry(
        formats=_extend.Shelf(formats),
        detectors=_extend.Rooms(detectors),
    )


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
