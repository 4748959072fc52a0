"""Services are reached as the variables and files say that their own clients read."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from weighmaster.fronts.cli.access import from_environment
from weighmaster.model.errors import ConfigError

HUB = "huggingface.co"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"HF_HOME": str(tmp_path / "hf"), "DOCKER_CONFIG": str(tmp_path / "docker")}


def test_without_anything_nobody_is_identified(home: dict[str, str]) -> None:
    access = from_environment(home)
    assert access.hub == f"https://{HUB}"
    assert not access.credentials
    assert not access.proxies
    assert not access.tracking


def test_the_token_of_the_hub_comes_from_the_variable_then_from_the_file(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text("hf_file\n", "utf-8")
    assert from_environment(home).credentials == {HUB: "Bearer hf_file"}
    assert from_environment(home | {"HF_TOKEN": "hf_variable"}).credentials == {HUB: "Bearer hf_variable"}
    (tmp_path / "other").write_text("hf_other", "utf-8")
    assert from_environment(home | {"HF_TOKEN_PATH": str(tmp_path / "other")}).credentials == {HUB: "Bearer hf_other"}


def test_the_token_goes_to_the_hub_that_is_named(home: dict[str, str]) -> None:
    access = from_environment(home | {"HF_ENDPOINT": "https://hub.example:8443/", "HF_TOKEN": "t"})
    assert access.hub == "https://hub.example:8443"
    assert access.credentials == {"hub.example:8443": "Bearer t"}


def test_a_hub_that_is_no_address_is_refused(home: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="HF_ENDPOINT"):
        from_environment(home | {"HF_ENDPOINT": "hub.example"})


def test_a_tracking_server_and_its_credentials(home: dict[str, str]) -> None:
    server = home | {"MLFLOW_TRACKING_URI": "https://mlflow.example"}
    assert from_environment(server).tracking == "https://mlflow.example"
    assert from_environment(home | {"MLFLOW_TRACKING_URI": "sqlite:///x.db"}).tracking == ""
    token = from_environment(server | {"MLFLOW_TRACKING_TOKEN": "t"})
    assert token.credentials == {"mlflow.example": "Bearer t"}
    basic = from_environment(server | {"MLFLOW_TRACKING_USERNAME": "u", "MLFLOW_TRACKING_PASSWORD": "p"})
    assert basic.credentials == {"mlflow.example": f"Basic {base64.b64encode(b'u:p').decode()}"}


def test_registries_come_from_the_configuration_of_docker(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    auths = {"https://registry.example/v2/": {"auth": "dTpw"}, "ghcr.example": {"auth": "eDp5"}, "helper.example": {}}
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"auths": auths}), "utf-8")
    assert from_environment(home).credentials == {"registry.example": "Basic dTpw", "ghcr.example": "Basic eDp5"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"auths": 3}', '{"auths": {"x": 3}}'])
def test_a_broken_configuration_of_docker_is_none(home: dict[str, str], tmp_path: Path, text: str) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text(text, "utf-8")
    assert not from_environment(home).credentials


def test_proxies_and_who_is_reached_without(home: dict[str, str]) -> None:
    access = from_environment(
        home | {"HTTPS_PROXY": "http://p:1", "http_proxy": "http://p:2", "no_proxy": "a.example, .b"}
    )
    assert access.proxies == {"https": "http://p:1", "http": "http://p:2"}
    assert access.direct == ("a.example", ".b")
