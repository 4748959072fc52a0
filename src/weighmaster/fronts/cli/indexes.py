"""Which package indexes are asked, and with which credentials: as pip and uv are told."""

from __future__ import annotations

import base64
import configparser
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

from weighmaster.model.errors import ConfigError
from weighmaster.model.value import replace
from weighmaster.reading.http import Access

_PUBLIC: Final = "https://pypi.org/simple"
_LONGEST: Final = 1 << 20
_SCHEMES: Final = frozenset({"https", "http", "file"})


def with_indexes(
    access: Access, environment: Mapping[str, str], named: Sequence[str] = (), extra: Sequence[str] = ()
) -> Access:
    """Return how services are reached, with the indexes of packages.

    `named` counts alone. Without it, the first is that of `PIP_INDEX_URL`, `UV_DEFAULT_INDEX`, `UV_INDEX_URL` or pip's
    configuration files, and those of `PIP_EXTRA_INDEX_URL`, `UV_INDEX`, `UV_EXTRA_INDEX_URL` and these files are asked,
    too, as are `extra`. Passwords stand in the addresses, or in a netrc file.

    Raises:
        ConfigError: what is named is no address.
    """
    found = [*named, *extra] if named else [*_told(environment), *extra]
    credentials: dict[str, str] = {}
    indexes: dict[str, None] = {}
    for address in found:
        bare, host, secret = _parted(address)
        indexes[bare] = None
        if secret or (secret := _kept(host, environment)):
            credentials[host] = secret
    changed: Access = replace(
        access,
        indexes=tuple(indexes),
        credentials={**access.credentials, **credentials} if credentials else access.credentials,
    )
    return changed


def _told(environment: Mapping[str, str]) -> list[str]:
    kept = dict(_files(environment))
    first = next(
        (
            value
            for value in (
                environment.get("PIP_INDEX_URL"),
                environment.get("UV_DEFAULT_INDEX"),
                environment.get("UV_INDEX_URL"),
                kept.get("index-url"),
            )
            if value
        ),
        _PUBLIC,
    )
    more = [environment.get("PIP_EXTRA_INDEX_URL") or kept.get("extra-index-url", "")]
    more += [environment.get(name, "") for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL")]
    return [_unnamed(word) for word in [first, *" ".join(more).split()]]


def _unnamed(word: str) -> str:
    """Return an address without the name that uv lets one put before it (`name=address`)."""
    name, equals, address = word.partition("=")
    return address if equals and "://" in address and "/" not in name else word


def _parted(address: str) -> tuple[str, str, str]:
    """Return an address without what is secret, its host, and the credentials in it as a header."""
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
    except ValueError as error:
        raise ConfigError(f"no address of an index: {error}") from error
    if parts.scheme not in _SCHEMES or (parts.scheme != "file" and not host):
        raise ConfigError(f"{urlunsplit((parts.scheme, host, parts.path, '', ''))} is no address of an index")
    secret = ""
    if parts.username is not None or parts.password is not None:
        secret = _basic(unquote(parts.username or ""), unquote(parts.password or ""))
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")), host, secret


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _kept(host: str, environment: Mapping[str, str]) -> str:
    """Return what a netrc file keeps for a host, never what it keeps for all."""
    if not host:
        return ""
    import netrc

    path = environment.get("NETRC") or os.path.join(os.path.expanduser("~"), ".netrc")
    try:
        hosts = netrc.netrc(path).hosts
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return ""
    found = hosts.get(host) or hosts.get(urlsplit(f"//{host}").hostname or "")
    return _basic(found[0] or "", found[2] or "") if found else ""


def _files(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what pip's configuration files say, the last of which counts (<https://pip.pypa.io/en/stable/topics/configuration/>)."""
    for path in _paths(environment):
        parser = configparser.RawConfigParser()
        try:
            with open(path, encoding="utf-8") as file:
                parser.read_string(file.read(_LONGEST))
        except (OSError, UnicodeDecodeError, configparser.Error):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                yield from parser.items(section)


def _paths(environment: Mapping[str, str]) -> list[str]:
    named = environment.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home = os.path.expanduser("~")
    shared = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    own = environment.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    site = environment.get("VIRTUAL_ENV") or sys.prefix
    return [
        *(os.path.join(folder, "pip", "pip.conf") for folder in reversed(shared.split(os.pathsep))),
        "/etc/pip.conf",
        os.path.join(home, ".pip", "pip.conf"),
        os.path.join(own, "pip", "pip.conf"),
        os.path.join(site, "pip.conf"),
        *([named] if named else []),
    ]
