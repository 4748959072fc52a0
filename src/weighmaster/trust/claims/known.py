"""The types of claims that are known here: the folder `predicates/`, read when it is first asked for."""

from __future__ import annotations

from functools import cache

from weighmaster.extend import registry as _extend
from weighmaster.model.errors import ConfigError, TrustError, UnreadableError
from weighmaster.reading.record import Record
from weighmaster.trust.claims import predicates
from weighmaster.trust.claims.predicate import URI, Meaning, Predicate


def ids() -> tuple[str, ...]:
    """Return the names of the predicates, as the command line spells them."""
    return tuple(sorted(found.name for found in map(_one, _names())))


def by_id(id: str) -> Predicate:
    """Return a predicate by its name.

    Raises:
        ConfigError: there is none of that name.
    """
    found = next((one for one in map(_one, _names()) if id in {one.id, one.word}), None)
    if found is None:
        raise ConfigError(f"no type of claim is called {id!r} (there are: {', '.join(ids())}, or any URI)")
    return found


def by_type(uri: str) -> Predicate | None:
    """Return the predicate that a URI names; nothing where it is not known here."""
    return _types().get(uri)


def called(uri: str) -> str:
    """Return what the command line calls the type `uri`: the URI itself where it is not known here."""
    known = by_type(uri)
    return known.name if known else uri


def named(text: str) -> tuple[str, Predicate | None]:
    """Return the URI of a type, and what is known of it, from a name or a URI.

    Raises:
        ConfigError: it is neither.
    """
    if URI.match(text):
        return text, by_type(text)
    found = by_id(text)
    return found.type, found


def checked(uri: str, predicate: object) -> Meaning:
    """Return what a predicate of the type `uri` says. Of a type that is not known, that there is one.

    Raises:
        TrustError: it is not what its type promises.
    """
    known = by_type(uri)
    if known is None:
        return Meaning(line="of a type that is not known here")
    try:
        return known.read(Record.of(predicate, "predicate"))
    except UnreadableError as error:
        raise TrustError(f"it is no {known.title}: {error}") from error


@cache
def _names() -> tuple[str, ...]:
    return _extend.names(predicates)


@cache
def _one(name: str) -> Predicate:
    return _extend.one(predicates, name, "PREDICATE", Predicate)


@cache
def _types() -> dict[str, Predicate]:
    return {type_: found for found in map(_one, _names()) for type_ in found.types}
