"""Reads a policy of trust: TOML, and whatever it cannot mean is an error with its line.

An empty list trusts nobody, which nobody means: it is an error, and so is a role without a threshold that it could
reach, or an identity that no table describes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from weighmaster.model.errors import ConfigError
from weighmaster.reading import toml
from weighmaster.reading.toml import Table
from weighmaster.trust.claims import known as predicates
from weighmaster.trust.log.note import VerifierKey
from weighmaster.trust.policy.parties import Fetch, Files, beside, parties
from weighmaster.trust.policy.terms import Denied, Log, Mode, Party, Policy, Role, Rule, Wanted

VERSION: Final = 1
_DEFAULTS: Final = {"deny": Mode.ENFORCE, "audit": Mode.AUDIT}
_AGE: Final = re.compile(r"([1-9]\d{0,4})([hdw])")
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def read(path: str) -> Policy:
    """Read the policy in the file `path`, and the files that it names.

    Raises:
        ConfigError: it cannot be read, or does not mean what it says. The message names file and line.
    """
    return parsed(toml.content(path), path, beside(path))


def parsed(raw: bytes, path: str, fetch: Fetch) -> Policy:
    """Read the policy `raw`, which errors call `path`; `fetch` returns the files that it names.

    Raises:
        ConfigError: it does not mean what it says. The message names the line.
    """
    values = toml.document(path, raw)
    return _policy(Table(values, "", toml.Lines(path, raw.decode())), path, Files(fetch))


def _policy(top: Table, path: str, files: Files) -> Policy:
    version = top.get("version", int)
    if version != VERSION:
        raise top.error(
            "version", f"version = {VERSION} is wanted" if version is None else f"version {version} is not known"
        )
    default = top.get("default", str) or "deny"
    top.one_of("default", default, _DEFAULTS, "default")
    known = parties(top, files)
    logs = {name: _log(table, name) for name, table in top.tables("logs", lambda table: table).items()}
    rules = tuple(
        _rule(table, number, known, logs) for number, table in enumerate(top.each("rule", lambda table: table), 1)
    )
    denied = top.each("deny", lambda table: _denied(table, known))
    top.end()
    if not rules and default == "deny":
        raise top.error("rule", "there is no [[rule]]: nothing could ever be accepted")
    return Policy(path=path, default=_DEFAULTS[default], parties=known, rules=rules, logs=logs, denied=denied)


def _log(table: Table, name: str) -> Log:
    witnesses = table.texts("witnesses")
    threshold = table.get("witness_threshold", int)
    if "witnesses" in table.names and not witnesses:
        raise table.error("witnesses", "witnesses is empty")
    least = len(witnesses) if threshold is None else threshold
    if not 0 <= least <= len(witnesses):
        raise table.error("witness_threshold", f"witness_threshold is {least}, of {len(witnesses)} witnesses")
    log = Log(
        name=name,
        key=_verifier(table, "public_key", table.need("public_key", str)),
        witnesses=tuple(_verifier(table, "witnesses", text) for text in witnesses),
        threshold=least,
    )
    table.end()
    return log


def _verifier(table: Table, key: str, text: str) -> VerifierKey:
    try:
        return VerifierKey.parse(text)
    except ConfigError as error:
        raise table.error(key, f"{key}: {error}") from error


def _rule(table: Table, number: int, known: Mapping[str, Party], logs: Mapping[str, Log]) -> Rule:
    pattern = table.need("match", str)
    mode = table.get("mode", str) or Mode.ENFORCE.value
    table.one_of("mode", mode, [one.value for one in Mode], "mode")
    roles = tuple(_role(inner, name, known) for name, inner in table.tables("roles", lambda inner: inner).items())
    if not roles:
        raise table.error("roles", f"the rule for {pattern} has no role: [rule.roles.publisher] says who must sign")
    may_share, nameless = bool(table.get("may_share", bool)), bool(table.get("nameless", bool))
    ignore = table.texts("ignore")
    if "ignore" in table.names and not ignore:
        raise table.error("ignore", "ignore is empty")
    require = table.inner("require")
    rule = Rule(
        number=number,
        pattern=pattern,
        is_purl=pattern.startswith("pkg:"),
        mode=Mode(mode),
        roles=roles,
        ignore=ignore,
        timestamp=bool(require.get("timestamp", bool)),
        log=_log_named(require, logs),
        freshness=_age(require, "freshness"),
        name=bool(require.get("name", bool)),
        sequence=bool(require.get("sequence", bool)),
        may_share=may_share,
        nameless=nameless,
    )
    require.end()
    table.end()
    _check(table, rule, known)
    return rule


def _check(table: Table, rule: Rule, known: Mapping[str, Party]) -> None:
    """Refuse a rule that nothing could meet."""
    for key, wanted in (("name", rule.name), ("sequence", rule.sequence)):
        if wanted and not any(one.word == "release" for role in rule.roles for one in role.predicates):
            raise table.error("require", f'{key} = true needs a role whose predicates have "release"')
    named = {name for role in rule.roles for name in role.parties}
    expected = [known[name].expected for name in named]
    if rule.timestamp and not all(one.timestamp_authorities or one.sigstore for one in expected):
        raise table.error("require", "timestamp = true needs the roots of an authority: [timestamps.NAME]")
    if not rule.may_share and sum(role.threshold for role in rule.roles) > len(named):
        raise table.error(
            "roles",
            f"the roles of the rule for {rule.pattern} need {sum(role.threshold for role in rule.roles)} identities, "
            f"and name {len(named)}: one fills one role, unless may_share = true",
        )


def _role(table: Table, name: str, known: Mapping[str, Party]) -> Role:
    identities = table.texts("identities")
    if not identities:
        raise table.error("identities", f"the role {name} names no identities: nobody could fill it")
    for identity in identities:
        table.one_of("identities", identity, known, "key or identity")
    if len(set(identities)) < len(identities):
        raise table.error("identities", f"the role {name} names an identity twice")
    threshold = table.get("threshold", int)
    threshold = 1 if threshold is None else threshold
    if not 1 <= threshold <= len(identities):
        raise table.error("threshold", f"threshold is {threshold}, of {len(identities)} identities")
    role = Role(
        name=name,
        parties=identities,
        threshold=threshold,
        predicates=_predicates(table, name),
        max_age=_age(table, "max_age"),
    )
    table.end()
    return role


def _predicates(table: Table, role: str) -> tuple[Wanted, ...]:
    names = table.texts("predicates")
    if not names:
        raise table.error("predicates", f"the role {role} names no predicates: nothing would be signed")
    return tuple(_wanted(table, name) for name in dict.fromkeys(names))


def _wanted(table: Table, name: str) -> Wanted:
    try:
        uri, known = predicates.named(name)
    except ConfigError:
        table.one_of("predicates", name, predicates.ids(), "predicate")
        raise
    if known is None:
        return Wanted(word=uri, types=frozenset({uri}))
    return Wanted(word=known.name, types=frozenset(known.types))


def _log_named(require: Table, logs: Mapping[str, Log]) -> str:
    name = require.get("log", str)
    if name is None:
        return ""
    require.one_of("log", name, logs, "log")
    return name


def _age(table: Table, key: str) -> timedelta | None:
    text = table.get(key, str)
    if text is None:
        return None
    found = _AGE.fullmatch(text)
    if found is None:
        raise table.error(key, f'{key} must be a number of hours, days or weeks, such as "30d"')
    return int(found[1]) * _UNITS[found[2]]


def _denied(table: Table, known: Mapping[str, Party]) -> Denied:
    kinds = [kind for kind in ("sha256", "key", "identity") if kind in table.names]
    if len(kinds) != 1:
        raise table.error("", "what is denied is one of sha256 (of a file or a tree), key (its keyid) or identity")
    kind = kinds[0]
    value = table.need(kind, str)
    if kind == "identity":
        table.one_of("identity", value, known, "key or identity")
    elif not _SHA256.fullmatch(value):
        raise table.error(kind, f"{kind} must be 64 lower-case hexadecimal digits")
    reason = table.need("reason", str)
    since = table.moment("since")
    table.end()
    if since is not None and kind == "sha256":
        raise table.error("since", "bytes are what they are: since is for keys and identities")
    return Denied(kind=kind, value=value, reason=reason, since=since)
