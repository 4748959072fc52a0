"""Who fills which role: as many different parties as each role wants, and each of them one role.

That is a matching in a bipartite graph: the places of all roles on one side, whoever may fill them on the other. It is
found by augmenting paths; policies are small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from weighmaster.trust.policy.terms import Rule
from weighmaster.trust.policy.verified import Accepted

Fills = Mapping[str, Sequence[Accepted]]
"""The claims by which each party fills a role."""


def entities(fills: Fills) -> list[str]:
    """Return a party for each of those that fill a role; parties for which the same key signed are one.

    So are those of one name, whichever authority vouches for it.
    """
    holders = _holders({"": fills})
    return [party for party in sorted(fills) if holders[party] == party]


def filled(rule: Rule, fills: Mapping[str, Fills]) -> dict[str, list[str]] | None:
    """Return who fills each role, or nothing where the roles cannot be filled."""
    if rule.may_share:
        chosen = {role.name: entities(fills[role.name]) for role in rule.roles}
        return chosen if all(len(chosen[role.name]) >= role.threshold for role in rule.roles) else None
    places = [(role.name, number) for role in rule.roles for number in range(role.threshold)]
    holders = _holders(fills)
    taken: dict[str, tuple[str, int]] = {}
    for place in places:
        if not _placed(place, fills, holders, taken, set()):
            return None
    found: dict[str, list[str]] = {role.name: [] for role in rule.roles}
    for holder, (role, _) in taken.items():
        found[role] += [party for party in sorted(fills[role]) if holders[party] == holder][:1]
    return {role: sorted(parties) for role, parties in found.items()}


def _holders(fills: Mapping[str, Fills]) -> dict[str, str]:
    """Return whom each party is, over all roles: parties with the same key or the same name are one."""
    keys: dict[str, set[str]] = {}
    for by in fills.values():
        for party, claims in by.items():
            marks = (mark for claim in claims for mark in (*claim.keys, claim.name) if mark)
            keys.setdefault(party, set()).update(marks)
    holders: dict[str, str] = {}
    for party in sorted(keys):
        same = [other for other in holders if keys[other] & keys[party]]
        holder = holders[same[0]] if same else party
        holders |= {other: holder for other, old in holders.items() if old in {holders[one] for one in same}}
        holders[party] = holder
    return holders


def _placed(
    place: tuple[str, int],
    fills: Mapping[str, Fills],
    holders: Mapping[str, str],
    taken: dict[str, tuple[str, int]],
    seen: set[str],
) -> bool:
    """Find someone for a place; whoever holds another may be moved to one that is free."""
    for party in sorted(fills[place[0]]):
        holder = holders[party]
        if holder in seen:
            continue
        seen.add(holder)
        if holder not in taken or _placed(taken[holder], fills, holders, taken, seen):
            taken[holder] = place
            return True
    return False
