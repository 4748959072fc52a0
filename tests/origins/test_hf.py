"""A repository of a hub: one commit of it, little of its large files, and nothing that the hub says is believed."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from tests.samples.sparse import checkpoint, safetensors
from tests.sims import faults
from tests.sims.hub import Claimed, Hub, Repo

import weighmaster
from weighmaster.model.finding import Severity
from weighmaster.model.report import GapReason
from weighmaster.model.verdict import Outcome, Vetted
from weighmaster.reading.http import Access

HOSTILE = b"cposix\nsystem\n(S'true weighmaster_fired'\ntR."
CARD = b"---\nlicense: mit\n---\n# A model\n"
CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()
BIG = checkpoint(160, 64 << 20)


def vet(hub: Hub, target: str = "hf://owner/name", **more: Any) -> Vetted:
    access = Access(hub=hub.base, attempts=3, timeout=3.0, patience=6.0, **more.pop("access", {}))
    return weighmaster.vet(target, access=access, **more)


def filled(hub: Hub, id: str = "owner/name", kind: str = "models") -> Repo:
    repo = hub.repo(id, kind)
    repo.commit({"config.json": CONFIG, "README.md": CARD}, author="owner", date="2024-01-01")
    return repo


def rules(vetted: Vetted) -> set[str]:
    return {finding.rule.id for finding in vetted.report.findings if finding.rule.severity >= Severity.MEDIUM}


def names(vetted: Vetted) -> list[str]:
    return [artifact.where.root for artifact in vetted.report.artifacts if not artifact.where.steps]


def test_a_repository_is_judged_at_one_commit_and_the_verdict_names_it() -> None:
    with Hub() as hub:
        repo = filled(hub)
        vetted = vet(hub)
        commit = repo.commits[-1].sha
    assert vetted.report.target == f"hf://owner/name@{commit}"
    assert vetted.verdict.outcome is Outcome.ALLOW
    assert names(vetted) == ["README.md", "config.json"]
    assert all(commit in asked.path for asked in hub.asked if "/resolve/" in asked.path)


def test_ten_gigabytes_are_judged_from_what_must_be_read() -> None:
    with Hub() as hub:
        filled(hub).commit({}, lfs={"pytorch_model.bin": BIG}, author="owner", date="2024-01-02")
        vetted = vet(hub)
    assert vetted.verdict.outcome is Outcome.ALLOW, vetted.verdict.because
    assert hub.sent + hub.storage.sent < 1_000_000 < BIG.size / 1000
    large = next(artifact for artifact in vetted.report.artifacts if str(artifact.where) == "pytorch_model.bin")
    assert (large.digest, len(large.sha256)) == ("declared", 64)


def test_a_hostile_pickle_in_a_large_file_is_found_from_afar() -> None:
    with Hub() as hub:
        weights = checkpoint(40, 64 << 20, program=b"0cposix\nsystem\n(S'true weighmaster_fired'\ntR0N")
        filled(hub).commit({}, lfs={"a/pytorch_model.bin": weights}, author="owner", date="2024-01-02")
        vetted = vet(hub)
    assert vetted.verdict.outcome is Outcome.BLOCK
    found = [str(finding.where) for finding in vetted.report.findings if finding.rule.id == "dangerous-import"]
    assert found[0].startswith("a/pytorch_model.bin!")


@pytest.mark.parametrize(
    ("target", "files"),
    [
        ("hf://owner/name/config.json", ["config.json"]),
        ("hf://owner/name/deep", ["deep/a.txt", "deep/b.txt"]),
        ("hf://models/owner/name/deep/b.txt", ["deep/b.txt"]),
        ("hf://owner/name@main/README.md", ["README.md"]),
    ],
)
def test_a_file_or_a_folder_of_it_can_be_named(target: str, files: list[str]) -> None:
    with Hub() as hub:
        filled(hub).commit({"deep/a.txt": b"a\n", "deep/b.txt": b"b\n"}, author="owner", date="2024-01-02")
        assert names(vet(hub, target)) == files


def test_a_revision_is_a_branch_a_tag_or_a_commit() -> None:
    with Hub() as hub:
        repo = filled(hub)
        first = repo.commits[-1].sha
        repo.commit({"evil.pkl": HOSTILE}, author="owner", date="2024-01-02")
        assert vet(hub).verdict.outcome is Outcome.BLOCK
        assert vet(hub, f"hf://owner/name@{first}").verdict.outcome is Outcome.ALLOW


def test_data_sets_and_spaces_are_named_by_their_kind() -> None:
    with Hub() as hub:
        filled(hub, kind="datasets").commit({"data.csv": b"a,b\n1,2\n"}, author="owner", date="2024-01-02")
        vetted = vet(hub, "hf://datasets/owner/name")
    assert names(vetted) == ["README.md", "config.json", "data.csv"]
    assert vetted.report.target.startswith("hf://datasets/owner/name@")


def test_a_long_list_of_files_is_read_to_its_end() -> None:
    with Hub(page=7) as hub:
        filled(hub).commit(
            {f"f{number:03}.txt": b"x\n" for number in range(40)} | {"z.pkl": HOSTILE},
            author="owner",
            date="2024-01-02",
        )
        vetted = vet(hub)
    assert len(names(vetted)) == 43
    assert vetted.verdict.outcome is Outcome.BLOCK


def test_credentials_go_to_the_hub_and_not_to_its_storage() -> None:
    with Hub() as hub:
        filled(hub).commit({}, lfs={"model.safetensors": safetensors(4, 1 << 20)}, author="owner", date="2024-01-02")
        host = hub.base.partition("://")[2]
        vetted = vet(hub, access={"credentials": {host: "Bearer hf_token"}})
    assert vetted.verdict.outcome is Outcome.ALLOW, vetted.verdict.because
    assert hub.storage.asked
    assert {asked.headers.get("authorization") for asked in hub.asked} == {"Bearer hf_token"}
    assert not any("authorization" in asked.headers for asked in hub.storage.asked)


@pytest.mark.parametrize(
    "target", ["hf://owner/none", "hf://owner/name@none", "hf://owner/name/none", "hf://../x", "hf://"]
)
def test_what_is_not_there_is_a_gap(target: str) -> None:
    with Hub() as hub:
        filled(hub)
        vetted = vet(hub, target)
    assert vetted.verdict.outcome is Outcome.REVIEW
    assert [gap.reason for gap in vetted.report.gaps] == [GapReason.UNREACHABLE]


def test_what_the_hub_says_a_file_is_must_be_what_it_serves() -> None:
    numbers = pickle.dumps([1, 2, 3])
    with Hub() as hub:
        repo = filled(hub)
        repo.commit({"a.pkl": Claimed(numbers, oid="0" * 40)}, author="owner", date="2024-01-02")
        small = vet(hub)
        repo.commit(
            {"a.pkl": numbers}, lfs={"b.pkl": Claimed(numbers, sha256="0" * 64)}, author="owner", date="2024-01-02"
        )
        large = vet(hub)
    for vetted in (small, large):
        assert vetted.verdict.outcome is Outcome.BLOCK
        assert "server-contradicts-itself" in rules(vetted)


def test_full_finds_out_about_a_large_file_that_was_not_wholly_read() -> None:
    weights = checkpoint(2, 1 << 20)
    with Hub() as hub:
        filled(hub).commit(
            {}, lfs={"pytorch_model.bin": Claimed(weights, sha256="0" * 64)}, author="owner", date="2024-01-02"
        )
        assert vet(hub).verdict.outcome is Outcome.ALLOW
        vetted = vet(hub, full=True)
    assert vetted.verdict.outcome is Outcome.BLOCK
    assert rules(vetted) == {"server-contradicts-itself"}


@pytest.mark.parametrize(
    "fault",
    [
        faults.busy(2, on="/api/"),
        faults.busy(2, status=503, on="/resolve/"),
        faults.cut(1000, on="/resolve/", times=2),
        faults.cut(50, on="/api/"),
    ],
    ids=["busy", "busy-files", "cut", "cut-list"],
)
def test_passing_trouble_is_overcome(fault: Any) -> None:
    with Hub(fault=fault) as hub:
        filled(hub).commit({"notes.txt": b"words and words\n" * 5000}, author="owner", date="2024-01-02")
        vetted = vet(hub)
    assert vetted.verdict.outcome is Outcome.ALLOW, vetted.report.gaps


@pytest.mark.parametrize(
    "fault",
    [
        faults.other_range(on="/resolve/"),
        faults.other_size(7, on="/resolve/"),
        faults.other_tag(on="/resolve/"),
        faults.short(3, on="/resolve/"),
    ],
    ids=["range", "size", "tag", "short"],
)
def test_a_hub_that_lies_is_found_out(fault: Any) -> None:
    with Hub(fault=fault) as hub:
        filled(hub).commit(
            {"numbers.pkl": pickle.dumps([bytes([n]) * 2000 for n in range(200)])}, author="owner", date="2024-01-02"
        )
        vetted = vet(hub)
    assert vetted.verdict.outcome is not Outcome.ALLOW
    assert "server-contradicts-itself" in rules(vetted) or vetted.report.gaps


def test_files_that_are_left_out_are_counted() -> None:
    with Hub() as hub:
        filled(hub).commit({"evil.pkl": HOSTILE}, author="owner", date="2024-01-02")
        vetted = vet(hub, exclude=["*.pkl"])
    assert vetted.verdict.outcome is Outcome.ALLOW
    assert vetted.report.excluded == 1
