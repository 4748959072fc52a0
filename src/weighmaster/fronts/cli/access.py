"""How services are reached, as the environment says and where their own clients keep their tokens."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from weighmaster.model.errors import ConfigError
from weighmaster.reading.http import Access

_HUB: Final = "https://huggingface.co"
_LONGEST: Final = 1 << 16


def from_environment(environment: Mapping[str, str]) -> Access:
    """Return what the variables say that the services' own clients read.

    `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HOME` (huggingface_hub); `MLFLOW_TRACKING_URI`, `_TOKEN`,
    `_USERNAME`, `_PASSWORD` (MLflow); `DOCKER_CONFIG` (OCI registries); `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`.

    Raises:
        ConfigError: a variable does not hold what it should.
    """
    hub = environment.get("HF_ENDPOINT", "").rstrip("/") or _HUB
    tracking = environment.get("MLFLOW_TRACKING_URI", "").rstrip("/")
    for name, address in (("HF_ENDPOINT", hub), ("MLFLOW_TRACKING_URI", tracking)):
        if address and name == "HF_ENDPOINT" and urlsplit(address).scheme not in {"http", "https"}:
            raise ConfigError(f"{name} is no address: {address}")
    either = {**environment, **{name.lower(): value for name, value in environment.items()}}
    proxies = {scheme: either[f"{scheme}_proxy"] for scheme in ("http", "https") if either.get(f"{scheme}_proxy")}
    direct = tuple(name.strip() for name in either.get("no_proxy", "").split(",") if name.strip())
    return Access(
        hub=hub,
        tracking=tracking if tracking.startswith(("http://", "https://")) else "",
        credentials=dict(_credentials(environment, hub, tracking)),
        proxies=proxies,
        direct=direct,
    )


def _credentials(environment: Mapping[str, str], hub: str, tracking: str) -> Iterator[tuple[str, str]]:
    yield from _registries(environment)
    if token := _hub_token(environment):
        yield urlsplit(hub).netloc, f"Bearer {token}"
    host = urlsplit(tracking).netloc
    if host and (token := environment.get("MLFLOW_TRACKING_TOKEN", "")):
        yield host, f"Bearer {token}"
    elif host and (user := environment.get("MLFLOW_TRACKING_USERNAME", "")):
        pair = f"{user}:{environment.get('MLFLOW_TRACKING_PASSWORD', '')}"
        yield host, f"Basic {base64.b64encode(pair.encode()).decode()}"


def _hub_token(environment: Mapping[str, str]) -> str:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if token := environment.get(name, "").strip():
            return token
    cache = environment.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    home = environment.get("HF_HOME") or os.path.join(cache, "huggingface")
    return _text(environment.get("HF_TOKEN_PATH") or os.path.join(home, "token")).strip()


def _registries(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what Docker's configuration keeps for registries; what only its helpers know is not asked for."""
    folder = environment.get("DOCKER_CONFIG") or os.path.join(os.path.expanduser("~"), ".docker")
    try:
        found = json.loads(_text(os.path.join(folder, "config.json")) or "{}")
    except ValueError:
        return
    auths = found.get("auths") if isinstance(found, dict) else None
    for host, kept in auths.items() if isinstance(auths, dict) else ():
        if isinstance(kept, dict) and isinstance(kept.get("auth"), str) and kept["auth"]:
            yield urlsplit(host).netloc or host, f"Basic {kept['auth']}"


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_LONGEST)
    except (OSError, UnicodeDecodeError):
        return ""
