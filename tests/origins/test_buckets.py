"""Objects in a bucket, by the protocol that S3 speaks, from a server that speaks it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import weighmaster
from weighmaster.model.report import GapReason
from weighmaster.model.verdict import Outcome
from weighmaster.reading import objects

HOSTILE = b"cposix\nsystem\n(S'true weighmaster_fired'\ntR."


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    boto3 = pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        client = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
        client.create_bucket(Bucket="models")
        client.put_object(Bucket="models", Key="one/deep/model.pkl", Body=HOSTILE)
        client.put_object(Bucket="models", Key="one/numbers.pkl", Body=pickle.dumps([1, 2]))
        client.put_object(Bucket="models", Key="two/numbers.pkl", Body=pickle.dumps([3]))
        yield client
        client.close()
    server.stop()


pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize(
    ("target", "outcome", "files"),
    [
        ("s3://models/one/deep/model.pkl", Outcome.BLOCK, ["model.pkl"]),
        ("s3://models/two", Outcome.ALLOW, ["numbers.pkl"]),
        ("s3://models/one/", Outcome.BLOCK, ["deep/model.pkl", "numbers.pkl"]),
    ],
)
def test_an_object_or_all_below_a_path_is_judged(bucket: Any, target: str, outcome: Outcome, files: list[str]) -> None:
    del bucket
    vetted = weighmaster.vet(target)
    assert vetted.verdict.outcome is outcome
    assert [artifact.where.root for artifact in vetted.report.artifacts] == files


@pytest.mark.parametrize("target", ["s3://models/none", "s3://nobody/none"])
def test_what_is_not_there_is_a_gap(bucket: Any, target: str) -> None:
    del bucket
    vetted = weighmaster.vet(target)
    assert vetted.verdict.outcome is Outcome.REVIEW
    assert [gap.reason for gap in vetted.report.gaps] == [GapReason.UNREACHABLE]


def test_an_object_that_is_replaced_during_the_look_is_found_out(bucket: Any) -> None:
    bucket.put_object(Bucket="models", Key="three/model.pkl", Body=pickle.dumps([1, 2]))
    listed, _ = objects.objects("s3://models/three/model.pkl", objects.opener("S3Store"))
    bucket.put_object(Bucket="models", Key="three/model.pkl", Body=pickle.dumps([2, 1]))
    code = (
        "import sys; from weighmaster.reading import far, objects\n"
        f"file = far.{listed[0]!r}\n"
        "try: objects.fetch(objects.opener('S3Store'))(file, 0, 4)\n"
        "except far.LieError as error: sys.exit(str(error))\n"
    )
    # obstore's threads do not survive the forks that other tests make.

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": "src"},
        check=False,
    )
    assert "not the version that was listed" in done.stderr


def test_a_missing_library_is_a_gap_that_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    vetted = weighmaster.vet("gs://models/one")
    assert vetted.verdict.outcome is Outcome.REVIEW
    (gap,) = vetted.report.gaps
    assert gap.reason is GapReason.MISSING_EXTRA
    assert "pip install 'weighmaster[cloud]'" in gap.detail
