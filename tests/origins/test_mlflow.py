"""A model of an MLflow server, by its interface; the server is a simulator that answers as MLflow does."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.sims.files import Asked, Files, Reply

import weighmaster
from weighmaster.model.report import GapReason
from weighmaster.model.verdict import Outcome, Vetted
from weighmaster.reading.http import Access

HOSTILE = b"cposix\nsystem\n(S'true weighmaster_fired'\ntR."
_BASE = "/api/2.0/mlflow"


class Tracking(Files):
    """An MLflow server with one model, whose files lie at `place`."""

    place = "mlflow-artifacts:/7/run/artifacts/model"

    def reply(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        answer = self._answer_of(parts.path, query)
        if answer is None:
            return super().reply(asked)
        body = json.dumps(answer).encode()
        return Reply(200, {}, body, (0, len(body)))

    def _answer_of(self, path: str, query: dict[str, str]) -> object:
        if path == f"{_BASE}/model-versions/get-download-uri" and query == {"name": "m", "version": "3"}:
            return {"artifact_uri": self.place}
        if path == f"{_BASE}/registered-models/alias" and query == {"name": "m", "alias": "champion"}:
            return {"model_version": {"version": "3"}}
        if path == f"{_BASE}-artifacts/artifacts":
            root = "7/run/artifacts/model"
            return {"files": self._below(query["path"].removeprefix(root).strip("/"))}
        return None

    def _below(self, folder: str) -> list[dict[str, object]]:
        if folder == "":
            return [{"path": "MLmodel", "is_dir": False, "file_size": 8}, {"path": "data", "is_dir": True}]
        return [{"path": "data/model.pkl", "is_dir": False, "file_size": str(len(HOSTILE))}]


FILES = {
    f"{_BASE}-artifacts/artifacts/7/run/artifacts/model/MLmodel": b"flavor:\n",
    f"{_BASE}-artifacts/artifacts/7/run/artifacts/model/data/model.pkl": HOSTILE,
}


def vet(server: Files, target: str) -> Vetted:
    access = Access(tracking=server.url(""), credentials={server.host: "Bearer t"}, attempts=2, patience=2.0)
    return weighmaster.vet(target, access=access)


@pytest.mark.parametrize("target", ["mlflow://models:/m/3", "mlflow://models:/m@champion"])
def test_a_version_or_an_alias_is_judged(target: str) -> None:
    with Tracking(FILES) as server:
        vetted = vet(server, target)
    assert vetted.report.target == "mlflow://models:/m/3"
    assert vetted.verdict.outcome is Outcome.BLOCK
    assert [artifact.where.root for artifact in vetted.report.artifacts] == ["MLmodel", "data/model.pkl"]
    assert all(asked.headers["authorization"] == "Bearer t" for asked in server.asked)


@pytest.mark.parametrize("target", ["mlflow://models:/m/9", "mlflow://m/3", "mlflow://models:/m@none"])
def test_what_is_not_there_is_a_gap(target: str) -> None:
    with Tracking(FILES) as server:
        vetted = vet(server, target)
    assert [gap.reason for gap in vetted.report.gaps] == [GapReason.UNREACHABLE]


def test_files_that_lie_elsewhere_are_named() -> None:
    with Tracking(FILES) as server:
        server.place = "s3://bucket/model"
        vetted = vet(server, "mlflow://models:/m/3")
    assert "s3://bucket/model" in vetted.report.gaps[0].detail


def test_without_a_server_the_variable_is_named() -> None:
    vetted = weighmaster.vet("mlflow://models:/m/3")
    assert "MLFLOW_TRACKING_URI" in vetted.report.gaps[0].detail
