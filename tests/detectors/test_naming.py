"""Names that a target uses: of packages, of those that it wants, and of accounts that it takes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.samples.dists import wheel
from tests.samples.vetting import report_on, report_on_folder

from weighmaster import shipped
from weighmaster.engine.scan import gather
from weighmaster.fronts.cli.main import main
from weighmaster.knowledge.names.naming import named_in
from weighmaster.model.fact import Reference, Shared, Statement
from weighmaster.model.finding import Finding
from weighmaster.model.naming import Own
from weighmaster.model.package import Dependency, Distribution, Index, Load, Release
from weighmaster.model.repository import Repository
from weighmaster.model.where import Where

WHERE = Where.file("requirements.txt")


def _found(*facts: Shared, own: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return the messages of the rules on names, by rule."""
    items = [*facts, Own(where=Where.file("target"), names=own)] if own else list(facts)
    found: dict[str, list[str]] = {}
    for finding in gather("target", items, shipped.registry(), folder=True):
        if isinstance(finding, Finding) and _room(finding.rule.id) == "on_naming":
            found.setdefault(finding.rule.id, []).append(finding.message)
    return found


def _room(rule: str) -> str:
    return shipped.registry().detectors[rule].detect.__module__.split(".")[-2]


def _wants(name: str, **more: object) -> Dependency:
    return Dependency(where=WHERE, name=name, by="pip", **more)  # type: ignore[arg-type]


def _loads(target: str, kind: str = "model") -> Load:
    return Load(where=Where.file("a.py"), loader="x.load", kind=kind, target=target, span=(7, 0, 7, 9))


def test_a_package_that_looks_like_another_is_told() -> None:
    found = {
        finding.rule.id for finding in report_on(wheel("torch-cuda", "1.0", {"torch_cuda.py": ""}), "x.whl").findings
    }
    assert "look-alike-package" in found


@pytest.mark.parametrize("name", ["torch", "torchvision", "helper-kit", "PyTorch_Lightning", "acme"])
def test_a_package_of_another_name_is_left_alone(name: str) -> None:
    assert _found(Distribution(where=WHERE, name=name, version="1")) == {}


def test_what_is_wanted_is_told_with_its_line() -> None:
    found = _found(_wants("openai-sdk", line=3), _wants("numpy"))
    assert found == {
        "look-alike-dependency": ["line 3: 'openai-sdk' is wanted, which looks like 'openai', by added words"]
    }


def test_what_a_package_requires_is_wanted() -> None:
    said = Distribution(
        where=WHERE, name="acme", version="1", requires=("tensorfow[gpu]>=2; python_version > '3'", "rich")
    )
    assert list(_found(said)) == ["look-alike-dependency"]


def test_a_name_is_told_once_a_file() -> None:
    other = Dependency(where=Where.file("b.txt"), name="opennai", by="pip")
    found = _found(_wants("Opennai"), _wants("opennai", specifier=">1"), other)
    assert len(found["look-alike-dependency"]) == 2


def test_other_ecosystems_name_things_otherwise() -> None:
    assert _found(_wants("pytorch-cuda", ecosystem="conda")) == {}
    assert list(_found(_wants("pytroch", ecosystem="conda"))) == ["look-alike-dependency"]


def test_a_name_under_which_hostile_code_was_published_is_told() -> None:
    assert list(_found(_wants("torchtriton"))) == ["reported-name"]
    assert list(_found(Distribution(where=WHERE, name="DeepSeekAI", version="0.0.8"))) == ["reported-name"]


def test_a_name_in_no_list_is_a_note() -> None:
    assert list(_found(_wants("some-made-up-llm-thing"))) == ["unknown-package"]


@pytest.mark.parametrize(
    "facts",
    [
        (_wants("some-made-up-llm-thing", hashes=("sha256:00",)),),
        (_wants("some-made-up-llm-thing", source="path"),),
        (_wants("some-made-up-llm-thing", ecosystem="conda"),),
        (
            _wants("some-made-up-llm-thing"),
            Distribution(where=Where.file("p"), name="Some.Made_up-LLM-thing", version="1"),
        ),
        (_wants("numpy"),),
    ],
)
def test_no_note_where_somebody_had_it_or_many_do(facts: tuple[Shared, ...]) -> None:
    assert _found(*facts) == {}


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("meta-IIama/Llama-3.1-8B", "model"),
        ("deepseek-ai-official/DeepSeek-V3", "file"),
        ("qwen-official/data", "dataset"),
        ("hf://datasets/openaii/x/train.csv", "dataset"),
        ("pytorch-official/vision:main", "hub-code"),
    ],
)
def test_an_account_that_looks_like_a_known_one_is_told(target: str, kind: str) -> None:
    assert list(_found(_loads(target, kind))) == ["look-alike-account"]
    assert "line 7: " in _found(_loads(target, kind))["look-alike-account"][0]


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("meta-llama/Llama-3.1-8B", "model"),
        ("./qwen-official/model", "model"),
        ("qwen-official/model", "pickle"),
        ("qwen-official/a/b", "model"),
        ("gpt2", "model"),
        ("", "model"),
        ("models/qwen", "model"),
        ("pytorch/vision:main", "hub-code"),
        ("acme/x", "model"),
    ],
)
def test_other_targets_are_left_alone(target: str, kind: str) -> None:
    assert _found(_loads(target, kind)) == {}


def test_what_a_configuration_refers_to_is_taken_from_an_account() -> None:
    said = Reference(
        where=Where.file("c.json"), kind="remote-code", target="mistral-official/x--code.A", by="transformers"
    )
    assert list(_found(said)) == ["look-alike-account"]
    assert _found(Reference(where=WHERE, kind="data", target="mistral-official/x", by="onnx")) == {}


def test_code_is_taken_from_owners() -> None:
    address = "https://github.com/{}/transformers"
    assert list(_found(_wants("transformers", source="vcs", target=address.format("hugginface")))) == [
        "look-alike-account"
    ]
    assert _found(_wants("transformers", source="vcs", target=address.format("huggingface"))) == {}
    assert list(_found(_wants("a-b-c", source="url", target="git@github.com:hugginface/a"))) == ["look-alike-account"]


def test_your_own_names_are_protected_and_vouched_for() -> None:
    own = ("acme-ml-utils", "torch-cuda", "acme-ai/", "qwen-official/")
    assert list(_found(_wants("acme-ml-utlis"), own=own)) == ["look-alike-own-name"]
    assert list(_found(_loads("acmeai/x"), own=own)) == ["look-alike-own-name"]
    assert _found(_wants("Torch_CUDA"), _wants("acme-ml-utils"), own=own) == {}
    assert _found(_loads("qwen-official/x"), own=own) == {}
    assert list(_found(_wants("torch-cudaa"), own=own)) == ["look-alike-own-name"]


def test_a_family_of_names_is_yours_as_a_whole() -> None:
    own = ("acmelib-*", "our-own-*")
    assert list(_found(_wants("acmelbi-vision"), own=own)) == ["look-alike-own-name"]
    assert list(_found(_wants("acme-lib-vision"), own=own)) == ["unknown-package"]
    assert list(_found(_wants("uor-own-vision"), own=own)) == ["look-alike-own-name"]
    assert _found(_wants("acmelib-vision"), _wants("our.own_thing"), _wants("numpy"), own=own) == {}
    index = Index(where=WHERE, target="https://pypi.org/simple", role="extra", by="pip")
    assert list(_found(_wants("acmelib-vision"), index, own=own)) == ["own-name-from-anywhere"]


@pytest.mark.parametrize(
    ("role", "address", "told"),
    [
        ("extra", "https://pypi.org/simple", True),
        ("primary", "https://pypi.org/simple", True),
        ("extra", "https://packages.example/simple", True),
        ("primary", "https://packages.example/simple", False),
        ("named", "https://pypi.org/simple", False),
        ("find-links", "https://pypi.org/simple", False),
    ],
)
def test_your_own_package_from_anywhere_is_told(role: str, address: str, *, told: bool) -> None:
    index = Index(where=WHERE, target=address, role=role, by="pip")
    assert bool(_found(_wants("acme-x"), index, own=("acme-x",))) is told
    assert _found(_wants("acme-x", hashes=("sha256:0",)), index, own=("acme-x",)) == {}
    assert _found(_wants("acme-x", index="mine"), index, own=("acme-x",)) == {}
    assert _found(_wants("numpy"), index, own=("acme-x",)) == {}


def _released(name: str, age: int, previous: str = "") -> Release:
    return Release(where=WHERE, name=name, version="1.0", index="https://pypi.org/simple/", age=age, previous=previous)


def test_a_new_package_that_nobody_knows_is_told() -> None:
    assert list(_found(_released("some-made-up-llm-thing", 3))) == ["new-unknown-package"]
    assert list(_found(_released("some-made-up-llm-thing", 1), own=("acme",))) == ["new-unknown-package"]


@pytest.mark.parametrize(
    "said",
    [
        _released("numpy", 3),
        _released("some-made-up-llm-thing", 300),
        _released("some-made-up-llm-thing", -1),
        _released("some-made-up-llm-thing", 3, previous="0.9"),
        _released("acme-x", 3),
    ],
)
def test_other_releases_are_left_alone(said: Release) -> None:
    assert _found(said, own=("acme-x",)) == {}


def test_the_account_that_the_target_is_from_is_held_to_your_own_names() -> None:
    said = Statement(where=WHERE, key="repository", value="acmeai/model", by="hub-repository")
    assert list(_found(said, own=("acme-ai/",))) == ["look-alike-own-name"]
    assert _found(said) == {}


def test_a_publisher_that_you_vouch_for_is_left_alone() -> None:
    said = Statement(where=WHERE, key="repository", value="qwen-official/model", by="hub-repository")
    for own, told in (((), True), (("Qwen-Official/",), False)):
        items = [said, *([Own(where=WHERE, names=own)] if own else [])]
        rules = {one.rule.id for one in gather("t", items, shipped.registry(), folder=True) if isinstance(one, Finding)}
        assert ("look-alike-publisher" in rules) is told


def test_names_of_a_target_are_each_yielded_once() -> None:
    facts = (_wants("numpy"), _wants("NumPy"), _loads("a/b"), _loads("a/b"), _loads("a/c"))
    whole = Repository(where=WHERE, folder=True, artifacts=(), facts=facts)
    assert [(one.role, one.name, one.rest) for one in named_in(whole)] == [
        ("wants", "numpy", ""),
        ("from", "a", "b"),
        ("from", "a", "c"),
    ]


def test_a_folder_of_honest_requirements_says_nothing_of_names() -> None:
    files = {"requirements.txt": b"torch==2.9.0\nnumpy\nlangchain-openai\ntransformers-stream-generator\n"}
    rules = {finding.rule.id for finding in report_on_folder(files).findings}
    assert [rule for rule in rules if _room(rule) == "on_naming"] == []


def test_the_configuration_names_your_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "requirements.txt").write_text("acme-ml-utlis==1.0\ntorch-cuda==1.0\n", "utf-8")
    configuration = tmp_path / "weighmaster.toml"
    configuration.write_text('names = ["acme-ml-utils", "torch-cuda", "acme/"]\n', "utf-8")
    main(["vet", str(target), "--config", str(configuration), "--output", "json"])
    report = json.loads(capsys.readouterr().out)
    rules = {finding["rule"] for finding in report["findings"]}
    assert "look-alike-own-name" in rules
    assert "look-alike-dependency" not in rules


@pytest.mark.parametrize(
    "name", ["", "acme ai", "acme/x", "-acme", "https://x", "acm\u00e9", "acme//", "*", "-*", "acme*", "acme-*/"]
)
def test_what_can_be_no_name_is_an_error(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configuration = tmp_path / "weighmaster.toml"
    configuration.write_text(f"names = [{json.dumps(name)}]\n", "utf-8")
    assert main(["vet", str(tmp_path), "--config", str(configuration)]) == 2
    assert "weighmaster.toml:1: " in capsys.readouterr().err
