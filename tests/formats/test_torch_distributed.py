"""Archives of PyTorch one after the other, as `torch.distributed.checkpoint` writes them."""

from __future__ import annotations

import io
import os
import pathlib
import warnings

import pytest
import torch
from tests.samples.pickles import STOP, call, name, program, proto
from tests.samples.vetting import report_on, report_on_folder, rules_on, verdict_on, verdict_on_folder
from tests.samples.zips import torch_zip, zip_of
from torch.distributed import checkpoint

EVIL = program(proto(2), call(name("posix", "system"), "true weighmaster_fired"), STOP)


def saved(value: object) -> bytes:
    """Return what `torch.save` writes to a stream."""
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def evil() -> bytes:
    """Return an archive with a pickle that acts, named as those are."""
    return zip_of(torch_zip(EVIL))


ONE = saved(torch.arange(3))
TWO = saved({"step": 3})


@pytest.fixture(scope="module")
def checkpointed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a checkpoint by the real library."""
    folder = tmp_path_factory.mktemp("dcp")
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": 3, "name": "x"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # That there is one process only.
        checkpoint.save(state, checkpoint_id=os.fspath(folder), no_dist=True)
    return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}


def test_a_distributed_checkpoint_is_allowed(checkpointed: dict[str, bytes]) -> None:
    assert verdict_on_folder(checkpointed) == "allow"
    formats = {artifact.where.root: artifact.formats for artifact in report_on_folder(checkpointed).artifacts
               if not artifact.where.steps}  # fmt: skip
    assert formats["__0_0.distcp"] == ("torch-distributed",)


def test_every_archive_is_an_artifact_of_its_own() -> None:
    found = {str(artifact.where): artifact.formats for artifact in report_on(ONE + TWO, "a.distcp").artifacts}
    assert found[f"a.distcp@0-{len(ONE)}"] == found[f"a.distcp@{len(ONE)}-{len(ONE + TWO)}"] == ("torch-zip", "zip")


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("file", ["a.distcp", "a.pt"])
def test_each_is_judged(place: int, file: str) -> None:
    archives = [ONE, TWO]
    archives.insert(place, evil())
    assert "dangerous-import" in rules_on(b"".join(archives), file)
    assert verdict_on(b"".join(archives), file) == "block"


@pytest.mark.parametrize("data", [ONE + TWO, ONE + TWO + ONE])
def test_a_file_that_is_opened_as_a_whole_may_not_hold_several(data: bytes) -> None:
    assert "readers-disagree" in rules_on(data, "a.pt")
    assert verdict_on(data, "a.pt") == "block"


@pytest.mark.parametrize("between", [b"\0", b"junk", EVIL, b"PK\x05\x06" + bytes(18)])
def test_what_is_no_row_of_archives_is_read_as_before(between: bytes) -> None:
    for data in (ONE + between + TWO, between + ONE + TWO, ONE + TWO + between):
        assert verdict_on(data, "a.distcp") != "allow"


def test_an_archive_of_its_own_is_none() -> None:
    assert report_on(ONE, "a.distcp").artifacts[0].formats == ("torch-zip", "zip")
