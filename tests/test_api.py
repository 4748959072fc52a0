from __future__ import annotations

import io
from pathlib import Path

import pytest

import weighmaster
from weighmaster import api, looks
from weighmaster.model.errors import ConfigError
from weighmaster.model.report import GapReason
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Outcome
from weighmaster.reading.budget import Limits

HOSTILE = b"cposix\nsystem\n(S'id'\ntR."
HARMLESS = b"(lp0\nI1\naI2\na."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.pkl").write_bytes(HARMLESS)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.pkl").write_bytes(HOSTILE)
    return tmp_path


def test_a_file_and_a_folder_are_vetted(folder: Path) -> None:
    assert weighmaster.vet(folder / "a.pkl").verdict.outcome is Outcome.ALLOW
    vetted = weighmaster.vet(str(folder))
    assert vetted.verdict.outcome is Outcome.BLOCK
    assert [str(artifact.where) for artifact in vetted.report.artifacts] == ["a.pkl", "deep/b.pkl"]
    assert (vetted.report.files, vetted.report.examined) == (2, 2)


def test_patterns_policies_and_settings_count(folder: Path) -> None:
    assert weighmaster.vet(folder, exclude=["deep"]).verdict.outcome is Outcome.ALLOW
    settings = Settings(allow=frozenset({"posix.system"}), policy="strict")
    vetted = weighmaster.vet(folder, config=settings)
    assert (vetted.verdict.policy, vetted.verdict.outcome) == ("strict", Outcome.ALLOW)
    assert weighmaster.vet(folder, config=settings, policy="default").verdict.policy == "default"


def test_a_configuration_is_read_only_when_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "pyproject.toml").write_text('[tool.weighmaster]\nallow = ["posix.system"]\n')
    assert weighmaster.vet("deep").verdict.outcome is Outcome.BLOCK
    assert weighmaster.vet("deep", config="pyproject.toml").verdict.outcome is Outcome.ALLOW


def test_what_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        weighmaster.vet(folder / "missing")
    with pytest.raises(ConfigError, match="no policy is called 'lax'"):
        weighmaster.vet(folder, policy="lax")


def test_an_interrupt_is_the_caller_s_business_unless_it_asks_for_what_was_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(looks, "run", answers)
    with pytest.raises(KeyboardInterrupt):
        weighmaster.vet(folder)
    vetted = api.vet_target(str(folder), api.Request(keep_partial=True))
    assert vetted.report.partial
    assert [gap.reason for gap in vetted.report.gaps] == [GapReason.INTERRUPTED] * 2


def test_progress_is_told_after_every_file(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    api.vet_target(str(folder), api.Request(progress=lambda done, total: told.append((done, total))))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("in_memory", [1 << 20, 4])
def test_a_stream_is_vetted_up_to_the_limit(in_memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_IN_MEMORY", in_memory)
    assert api.vet_stream(io.BytesIO(HOSTILE), api.Request()).verdict.outcome is Outcome.BLOCK
    short = api.Request(limits=Limits(unpacked=10))
    vetted = api.vet_stream(io.BytesIO(HOSTILE), short, name="s")
    assert [(str(gap.where), gap.reason) for gap in vetted.report.gaps] == [("s", GapReason.OVER_BUDGET)]
    assert vetted.verdict.outcome is Outcome.REVIEW


def test_an_excerpt_shows_the_bytes_of_a_place(folder: Path) -> None:
    (finding,) = weighmaster.vet(folder).report.findings
    excerpt = api.excerpt(str(folder), finding)
    assert excerpt is not None
    assert excerpt.data == HOSTILE[: len(excerpt.data)]
    assert api.excerpt(str(folder / "missing"), finding) is None
