"""What a hub says of a repository becomes facts, and what rules make of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples.sparse import safetensors
from tests.samples.vetting import report_on_folder
from tests.sims.hub import Hub, Repo, asker

import weighmaster
from weighmaster import shipped
from weighmaster.engine.scan import gather
from weighmaster.extend.record import Subject
from weighmaster.model.errors import UnreachableError
from weighmaster.model.fact import Artifact, Shared, Statement
from weighmaster.model.finding import Finding
from weighmaster.model.report import Item, Report
from weighmaster.model.settings import Settings
from weighmaster.model.verdict import Outcome
from weighmaster.model.where import Where
from weighmaster.reading.http import Access

RECORDS = {record.id: record for record in shipped.records_on("hf") if record.id.startswith("hub-")}

RULES = {
    "look-alike-publisher", "young-repository", "new-author", "unsafe-file-added", "hub-flags-file",
    "hub-suspects-file", "weights-changed-lately", "claimed-score-jumps", "downloads-jump", "reused-name",
}  # fmt: skip


def said(hub: Hub, repo: Repo, revision: str = "main") -> list[Statement]:
    """Return what all records say of a repository."""
    ask = asker(hub)
    owner, _, name = repo.id.rpartition("/")
    info = ask(f"/api/{repo.kind}/{repo.id}/revision/{revision}")
    where = Where.file(f"hf://{repo.id}@{info['sha']}")
    subject = Subject(kind=repo.kind, owner=owner, name=name, commit=info["sha"], info=info, where=where)
    found = [fact for record in RECORDS.values() for fact in record.read(subject, ask)]
    assert all(isinstance(fact, Statement) for fact in found)
    return [fact for fact in found if isinstance(fact, Statement)]


def judged(facts: list[Statement]) -> tuple[dict[str, list[Finding]], Outcome]:
    """Return the findings by rule, and the default policy's answer."""
    registry = shipped.registry()
    file = Artifact(where=Where.file("config.json"), size=2, sha256="0" * 64, formats=("json",))
    items: list[Item] = [file, *facts, *(finding for fact in facts for finding in registry.detect(fact))]
    items += gather("hf://x/y", items, registry, folder=True)
    report = Report.of("hf://x/y", items, files=1)
    rules: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.rule.id in RULES:
            rules.setdefault(finding.rule.id, []).append(finding)
    return rules, shipped.policy("default").judge(report, Settings(), date(2026, 1, 1)).outcome


def values(facts: list[Statement]) -> dict[str, str]:
    return {fact.key: fact.value for fact in facts}


CARD = """---
license: mit
base_model: acme/base
model-index:
- name: m
  results:
  - dataset: {{type: glue}}
    metrics:
    - {{type: accuracy, value: {0}}}
---
"""


def card(score: object) -> bytes:
    return CARD.format(score).encode()


def late(hub: Hub) -> None:
    """Let the hub's time be the end of 2025."""
    hub.repo("other/newest").commit({"config.json": b"{}"}, date="2025-12-30")


def aged(hub: Hub, id: str = "somebody/model", **about: Any) -> Repo:
    """Return a repository that was released, mended, and then left alone; the hub's time is the end of 2025."""
    late(hub)
    repo = hub.repo(id, **about)
    owner = id.partition("/")[0]
    repo.commit({"README.md": card(71.5), "config.json": b"{}"}, author=owner, date="2024-01-01")
    repo.commit(lfs={"model.safetensors": b"weights"}, author=owner, date="2024-01-02")
    repo.commit({"tokenizer.json": b"{}"}, author=owner, date="2024-01-05")
    return repo


def test_an_ordinary_repository_is_quiet() -> None:
    with Hub() as hub:
        repo = aged(hub, downloads=40_000, downloadsAllTime=900_000, likes=12)
        hub.user("somebody", createdAt="2022-05-01T00:00:00.000Z", numFollowers=4)
        repo.commit({"README.md": card(71.6)}, author="friend", date="2025-03-01", title="Mend the card")
        facts = said(hub, repo)
        rules, outcome = judged(facts)
    assert rules == {}
    assert outcome is Outcome.ALLOW
    found = values(facts)
    assert found["repository"] == "somebody/model"
    assert found["age-days"] == "729"
    assert (found["downloads"], found["likes"], found["base-model"]) == ("40000", "12", "acme/base")
    assert (found["account"], found["account-created"][:10]) == ("person", "2022-05-01")


@pytest.mark.parametrize("owner", ["meta-llama", "google-bert", "openai-community", "Qwen", "TheBloke", "zai-org"])
def test_repositories_of_known_publishers_are_quiet(owner: str) -> None:
    with Hub() as hub:
        hub.repo("other/newest").commit({"config.json": b"{}"}, date="2024-06-02")
        hub.organization(owner, created="2023-07-18", isVerified=True)
        repo = hub.repo(f"{owner}/a-model", downloads=1_000_000, downloadsAllTime=1_000_000)
        repo.commit({"config.json": b"{}", "README.md": card(0.9)}, author="employee", date="2024-06-01")
        repo.commit(lfs={"model.safetensors": b"x", "pytorch_model.bin": b"y"}, author="colleague", date="2024-06-01")
        repo.commit({"modeling_x.py": b"import torch"}, author="third", date="2024-06-01")
        rules, outcome = judged(said(hub, repo))
    assert rules == {}
    assert outcome is Outcome.ALLOW


def test_conversions_by_the_hub_itself_are_quiet() -> None:
    with Hub() as hub:
        late(hub)
        repo = hub.repo("somebody/old")
        repo.commit({"config.json": b"{}"}, lfs={"pytorch_model.bin": b"x"}, date="2022-01-01")
        repo.commit(lfs={"model.safetensors": b"y"}, author="SFconvertbot", date="2023-03-01")
        repo.commit(lfs={"tf_model.h5": b"y", "openvino_model.bin": b"z"}, author="colleague", date="2023-03-01")
        rules, _ = judged(said(hub, repo))
    assert rules == {}


def test_an_account_that_looks_like_a_publisher_wants_a_look() -> None:
    with Hub() as hub:
        repo = aged(hub, "deepseek-ai-official/DeepSeek-R1")
        rules, outcome = judged(said(hub, repo))
    (finding,) = rules["look-alike-publisher"]
    said_of_it = "'deepseek-ai-official' looks like 'deepseek-ai', by added words"
    assert finding.message == f"{said_of_it}; 'DeepSeek-R1' is the name of a model of theirs"
    assert outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("hub/models--meta-IIama--Llama-2-7b-hf/snapshots/0123/config.json", True),
        ("models--0penai--whisper-tiny/config.json", True),
        ("hub/models--meta-llama--Llama-2-7b-hf/snapshots/0123/config.json", False),
        ("hub/models--somebody--model/snapshots/0123/config.json", False),
        ("meta-IIama/config.json", False),
    ],
)
def test_the_account_is_read_from_the_path_of_a_clients_cache(path: str, says: bool) -> None:  # noqa: FBT001 - a table
    found = report_on_folder({path: b"{}"}).findings
    assert ("look-alike-publisher" in {finding.rule.id for finding in found}) is says


@pytest.mark.parametrize(
    ("id", "rules", "outcome"),
    [
        ("meta-llama/Llama-2-7b-hf", set(), Outcome.ALLOW),
        ("somebody/model", set(), Outcome.ALLOW),
        ("meta-IIama/Llama-2-7b-hf", {"look-alike-publisher"}, Outcome.REVIEW),
    ],
)
def test_the_whole_program_asks(id: str, rules: set[str], outcome: Outcome) -> None:
    with Hub() as hub:
        late(hub)
        hub.organization(id.partition("/")[0])
        repo = hub.repo(id)
        repo.commit({"README.md": b"---\nlicense: mit\n---\n# A model\n", "config.json": b"{}"}, date="2024-01-01")
        repo.commit(lfs={"model.safetensors": safetensors(1, 64)}, date="2024-01-02")
        vetted = weighmaster.vet(f"hf://{id}", access=Access(hub=hub.base, attempts=1, timeout=5.0))
    assert {finding.rule.id for finding in vetted.report.findings} & RULES == rules
    assert vetted.verdict.outcome is outcome


def test_a_name_that_was_taken_again_wants_a_look() -> None:
    with Hub() as hub:
        hub.organization("runwayml", created="2025-09-01")
        rules, outcome = judged(said(hub, aged(hub, "runwayml/stable-diffusion-v1-5")))
        assert rules.keys() == {"reused-name"}
        assert outcome is Outcome.REVIEW
        hub.organization("runwayml", created="2021-09-01")
        rules, _ = judged(said(hub, hub.repo("runwayml/stable-diffusion-v1-5")))
        assert rules == {}


def test_a_young_repository_is_noted() -> None:
    with Hub() as hub:
        hub.repo("other/newest").commit({"config.json": b"{}"}, date="2025-01-10")
        repo = hub.repo("somebody/new")
        repo.commit({"config.json": b"{}"}, date="2025-01-03")
        rules, outcome = judged(said(hub, repo))
    assert [finding.message for finding in rules["young-repository"]] == ["'somebody/new' was made 7 days ago"]
    assert outcome is Outcome.ALLOW


def test_downloads_that_come_all_at_once_are_noted() -> None:
    with Hub() as hub:
        rules, outcome = judged(said(hub, aged(hub, downloads=98_000, downloadsAllTime=100_000)))
    assert rules.keys() == {"downloads-jump"}
    assert outcome is Outcome.ALLOW


@pytest.mark.parametrize("name", ["pytorch_model.bin", "sub/handler.py", "lib/ops.so", "x.pkl"])
def test_what_may_run_code_and_came_late_wants_a_look(name: str) -> None:
    with Hub() as hub:
        repo = aged(hub)
        repo.commit({name: b"x"}, author="somebody", date="2025-05-01")
        rules, outcome = judged(said(hub, repo))
    (finding,) = rules["unsafe-file-added"]
    assert str(finding.where).endswith(f"!{name}")
    assert rules.keys() == {"unsafe-file-added"}
    assert outcome is Outcome.REVIEW


def test_what_came_before_the_rest_is_old() -> None:
    with Hub() as hub:
        late(hub)
        repo = hub.repo("somebody/model")
        repo.commit(lfs={"pytorch_model.bin": b"x"}, date="2024-01-01")
        repo.commit({"README.md": b"# x\n"}, date="2024-03-01")
        rules, _ = judged(said(hub, repo))
    assert rules == {}


def test_the_version_that_is_judged_is_the_one_that_is_compared() -> None:
    with Hub() as hub:
        repo = aged(hub)
        settled = repo.commits[-1].sha
        repo.commit({"handler.py": b"x"}, author="thief", date="2025-05-01")
        assert judged(said(hub, repo, settled))[0] == {}
        assert judged(said(hub, repo))[0].keys() == {"unsafe-file-added", "new-author"}


def test_a_newcomer_who_changes_code_wants_a_look() -> None:
    with Hub() as hub:
        late(hub)
        repo = hub.repo("somebody/model")
        repo.commit({"modeling.py": b"1", "README.md": b"# x\n"}, author="somebody", date="2024-01-01")
        repo.commit({"README.md": b"# y\n"}, author="somebody", date="2024-04-01")
        repo.commit({"modeling.py": b"2"}, author="thief", date="2024-04-01")
        facts = said(hub, repo)
        rules, outcome = judged(facts)
    (finding,) = rules["new-author"]
    assert finding.message == "was last changed by 'thief', who had never committed here before"
    assert outcome is Outcome.REVIEW


def test_replaced_weights_are_noted() -> None:
    with Hub() as hub:
        repo = aged(hub)
        repo.commit(lfs={"model.safetensors": b"other weights"}, author="somebody", date="2025-05-01")
        rules, outcome = judged(said(hub, repo))
    assert rules.keys() == {"weights-changed-lately"}
    assert outcome is Outcome.ALLOW


def test_pickles_in_the_place_of_safetensors_want_a_look() -> None:
    with Hub() as hub:
        repo = aged(hub)
        repo.commit({"model.safetensors": None}, lfs={"pytorch_model.bin": b"x"}, author="somebody", date="2025-05-01")
        rules, outcome = judged(said(hub, repo))
    messages = [finding.message for finding in rules["unsafe-file-added"]]
    assert "came in the place of 'model.safetensors', after the repository had rested" in messages
    assert outcome is Outcome.REVIEW


@pytest.mark.parametrize(("score", "says"), [(101, True), (1e9, True), (100, False), (0.97, False), ('"high"', False)])
def test_a_score_that_cannot_be_is_noted(score: object, says: bool) -> None:  # noqa: FBT001 - a table
    with Hub() as hub:
        late(hub)
        repo = hub.repo("somebody/model")
        repo.commit({"README.md": card(score)}, date="2024-01-01")
        rules, outcome = judged(said(hub, repo))
    assert ("claimed-score-jumps" in rules) is says
    assert outcome is Outcome.ALLOW


@pytest.mark.parametrize(("score", "says"), [(95.0, True), (0.95, True), (75.0, False), (10.0, False)])
def test_a_score_that_rises_by_itself_is_noted(score: float, says: bool) -> None:  # noqa: FBT001 - a table
    with Hub() as hub:
        repo = aged(hub)
        repo.commit({"README.md": card(score)}, author="somebody", date="2025-05-01")
        rules, _ = judged(said(hub, repo))
        assert ("claimed-score-jumps" in rules) is says
        repo.commit(lfs={"model.safetensors": b"better"}, author="somebody", date="2025-05-02")
        rules, _ = judged(said(hub, repo))
        assert "claimed-score-jumps" not in rules


def scanned(status: str, **scanners: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        key: {"status": "safe"} for key in ("avScan", "pickleImportScan", "protectAiScan", "jFrogScan")
    }
    return {"status": status, **found, **{key: {"status": value} for key, value in scanners.items()}}


@pytest.mark.parametrize(
    ("scan", "rule", "outcome"),
    [
        (scanned("unsafe", protectAiScan="unsafe"), "hub-flags-file", Outcome.BLOCK),
        (scanned("unsafe", avScan="unsafe", pickleImportScan="unsafe"), "hub-flags-file", Outcome.BLOCK),
        (scanned("unsafe", pickleImportScan="unsafe"), "hub-suspects-file", Outcome.REVIEW),
        (scanned("suspicious", jFrogScan="suspicious"), "hub-suspects-file", Outcome.REVIEW),
        (scanned("caution", protectAiScan="caution"), None, Outcome.ALLOW),
        (scanned("safe"), None, Outcome.ALLOW),
        (scanned("queued"), None, Outcome.ALLOW),
    ],
)
def test_what_the_hubs_scanners_say_counts(scan: dict[str, Any], rule: str | None, outcome: Outcome) -> None:
    with Hub() as hub:
        repo = aged(hub)
        repo.commit({"sub folder/x.pkl": b"x"}, date="2024-01-06")
        repo.scans["sub folder/x.pkl"] = scan
        rules, verdict = judged(said(hub, repo))
    assert rules.keys() == ({rule} if rule else set())
    assert verdict is outcome


def test_a_hub_that_names_no_scanner_is_believed_as_far_as_it_goes() -> None:
    with Hub() as hub:
        repo = aged(hub, securityRepoStatus={"scansDone": True, "filesWithIssues": [{"path": "x", "level": "unsafe"}]})
        rules, _ = judged(said(hub, repo))
    assert rules["hub-flags-file"][0].message == "the hub says that the file is unsafe (no scanner named)"


def test_a_mirror_that_says_little_is_no_reason_to_wait() -> None:
    def refuse(path: str) -> Any:
        raise UnreachableError(path)

    info = {"id": "somebody/model", "sha": "0" * 40}
    subject = Subject(kind="models", owner="somebody", name="model", commit="0" * 40, info=info, where=Where.file("x"))
    found = [fact for record in RECORDS.values() for fact in record.read(subject, refuse)]
    assert [fact.value for fact in found if isinstance(fact, Statement)] == ["somebody/model"]


def test_datasets_have_a_history_too() -> None:
    with Hub() as hub:
        repo = hub.repo("somebody/data", "datasets")
        repo.commit({"data.csv": b"a"}, date="2024-01-01")
        repo.commit({"data.py": b"import os"}, date="2024-06-01")
        rules, _ = judged(said(hub, repo))
    assert "unsafe-file-added" in rules


def test_few_questions_are_asked() -> None:
    with Hub() as hub:
        repo = aged(hub)
        repo.commit({"handler.py": b"x", "README.md": card(99)}, author="thief", date="2025-05-01")
        repo.scans["handler.py"] = "unsafe"
        hub.asked.clear()
        said(hub, repo)
        assert len(hub.asked) <= 14


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["unsafe", "main"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([
            "id", "_id", "sha", "authors", "user", "date", "title", "type", "path", "oid", "lfs", "createdAt", "status",
            "lastModified", "downloads", "cardData", "model-index", "results", "metrics", "value", "dataset", "level",
            "securityRepoStatus", "filesWithIssues", "securityFileStatus", "lastCommit", "base_model",
        ]),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.lists(JSON, min_size=1, max_size=6))
def test_whatever_a_hub_answers_nothing_breaks(info: Any, answers: list[Any]) -> None:
    asked = 0

    def ask(_: str) -> Any:
        nonlocal asked
        asked += 1
        return answers[asked % len(answers)]

    about: Mapping[str, Any] = info if isinstance(info, dict) else {}
    subject = Subject(kind="models", owner="a", name="b", commit="0" * 40, info=about, where=Where.file("x"))
    facts: list[Shared] = []
    for record in RECORDS.values():
        facts += (fact for fact in record.read(subject, ask) if isinstance(fact, Shared))
    for fact in facts:
        list(shipped.registry().detect(fact))
    assert asked < 60
    assert len(facts) < 400


def test_facts_of_files_are_not_taken_for_what_a_hub_says() -> None:
    """A model that states of itself that it is `repository` something says nothing of its account."""
    where = Where.file("model.gguf")
    keys = ["repository", "scanned-unsafe", "file-added", "changed-by-newcomer", "claimed-score", "weights-replaced"]
    facts = [Statement(where=where, key=key, value="deepseek-ai-official/x", by="gguf") for key in keys]
    assert judged(facts)[0] == {}
