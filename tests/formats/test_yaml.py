"""YAML: what a tag or a configuration has its loader call, however it is spelled; and that settings stay settings."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from tests.samples.sample import Sample
from tests.samples.techniques.torch_ecosystem import VARIANTS
from tests.samples.vetting import reads, report_on, rules_on, verdict_on

from weighmaster.extend.format import Glance
from weighmaster.formats.yaml import FORMAT
from weighmaster.model.fact import Expansion, Instantiation, Reference
from weighmaster.reading.source import BytesSource
from weighmaster.reading.yaml import tree


def _named(text: str) -> set[str]:
    found, error = reads(FORMAT, text.encode())
    assert error is None
    return {read.dotted for read in found if isinstance(read, Instantiation)}


def _claims(text: str) -> bool:
    return FORMAT.matches(Glance(BytesSource(text.encode())))


@pytest.mark.parametrize("sample", VARIANTS, ids=lambda sample: sample.id)
def test_a_variant_is_judged_like_what_fires(sample: Sample) -> None:
    assert verdict_on(sample.build(), sample.file) in {"block", sample.expected}


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system [x]",
        "!!python/object:os.system {}",
        "!!python/object/new:os.system [x]",
        "a: !!python/name:os.system",
        "a: !<tag:yaml.org,2002:python/name:os.system>",
        "a: !!python/name:%6fs.system",
        "%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!name:os.system",
        "_target_: os.system",
        "a: [b, {c: {_target_: os.system}}]",
        'a: {"\\x5ftarget_": os.system}',
        '? "_tar\\\n  get_"\n: os.system',
        "k: &k _target_\na: {*k : os.system}",
        "a: {_target_: os.system, _target_: torch.nn.Linear}",
        "a: {_target_: torch.nn.Linear, class_path: os.system}",
        "x: os\ny: system\na: {_target_: '${x}.${y}'}",
        "x: [{y: os.system}]\na: {_target_: '${x[0].y}'}",
        "a: {_target_: hydra.utils.get_method, path: os.system}",
        "a: {_target_: hydra.utils.get_class, _args_: [os.system]}",
        "a: !apply:os.system [x]",
        "a: !new:os.system\n  x: 1",
        "a: !name:os.system",
        "a: {class_path: os.system}",
        "a: {target: os.system, params: {command: x}}",
        "a: {target: os.system}",
        "a: {(): os.system}",
        "a: {class: os.system, level: INFO}",
        "# nothing\n---\na: 1\n---\n_target_: os.system",
        "_target_: os.system\n---\n{broken: [",
        "_target_: os.system\n...\n%broken",
    ],
)
def test_a_name_is_found_however_it_is_spelled(text: str) -> None:
    assert "os.system" in _named(text)
    assert verdict_on(text.encode(), "c.yaml") == "block"


def test_a_walk_through_modules_is_judged_by_where_it_leads() -> None:
    for target in ("os.path.os.system", "torch.nn.modules.module.os.system", "timeit.itertools.sys.modules.get"):
        assert verdict_on(f"_target_: {target}".encode(), "c.yaml") != "allow"


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object:mine.Thing {}",
        "a: !!python/module:mine",
        "a: {_target_: mine.Thing}",
        "a: {_target_: '${oc.env:WHAT}'}",
        "flavors: {python_function: {loader_module: mine, code: code}}",
        "flavors: {python_function: {loader_module: mlflow.pyfunc.model, model_code_path: model.py}}",
    ],
)
def test_what_nobody_knows_wants_a_look(text: str) -> None:
    assert verdict_on(text.encode(), "c.yaml") == "review"


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [x, !!str y, !!python/tuple [1]]",
        "a: !Ref b\nc: !Sub '${d}'",
        "Never call !!python/object/apply:os.system: it is: bad.",
        "on: {push: {}}\njobs: {a: {if: '${{ !cancelled() }}'}}",
        "target: 80%\nclass: nginx",
        "_target_: ???",
        "a: ${b}\nb: ${hydra:job.name}",
    ],
)
def test_settings_stay_text(text: str) -> None:
    assert not _claims(text)
    assert verdict_on(text.encode(), "c.yaml") == "allow"


def test_json_is_left_to_its_own_readers() -> None:
    assert not _claims('{"_target_": "os.system"}')


def test_wide_text_is_read() -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-8-sig"):
        data = "a: !!python/name:os.system".encode(encoding)
        data = b"\xff\xfe" + data if encoding == "utf-16-le" else data
        assert verdict_on(data, "c.yaml") == "block"


def test_environment_variables_are_told_and_let_through() -> None:
    text = b"a: ${oc.env:TOKEN}"
    assert rules_on(text, "c.yaml") == {"reads-environment"}
    assert verdict_on(text, "c.yaml") == "allow"
    found, _ = reads(FORMAT, text)
    assert [read.target for read in found if isinstance(read, Reference)] == ["TOKEN"]


def test_what_a_resolver_evaluates_is_looked_at() -> None:
    assert verdict_on(b"a: ${eval:'2 * ${b}'}", "c.yaml") == "allow"
    assert verdict_on(b"a: ${eval:\"__import__('os').system('x')\"}", "c.yaml") == "block"
    assert verdict_on(b'a: ${eval:"().__class__"}', "c.yaml") == "block"


def test_mlflow_opens_what_lies_in_its_folder() -> None:
    inside = b"flavors: {sklearn: {pickled_model: model.pkl}, python_function: {loader_module: mlflow.sklearn}}"
    assert verdict_on(inside, "MLmodel") == "allow"
    for path in ("../model.pkl", "/etc/x.pkl", "s3://bucket/x"):
        outside = f"flavors: {{python_function: {{loader_module: mlflow.sklearn, model_path: '{path}'}}}}"
        assert verdict_on(outside.encode(), "MLmodel") == "block"


def test_code_that_mlflow_imports_is_told() -> None:
    text = b"flavors: {python_function: {loader_module: mlflow.sklearn, code: code}}"
    assert "imports-own-code" in rules_on(text, "MLmodel")


def _laughs(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_aliases_that_multiply_are_told_and_cost_nothing() -> None:
    start = time.monotonic()
    found, error = reads(FORMAT, _laughs(40).encode())
    assert error is None
    assert [type(read) for read in found] == [Expansion]
    assert verdict_on(_laughs(9).encode(), "c.yaml") == "review"
    assert verdict_on(_laughs(3).encode(), "c.yaml") == "allow"
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    "text",
    [
        "a: !!x " + "[" * 900 + "a," * 50_000,
        "!!x " + "- " * 5000,
        "_target_: " + "a." * 200_000,
        "a: " + "${a:" * 50_000,
        "%TAG !a! b\n" * 20_000 + "--- !!x a",
        "- !!python/name:a.b\n" * 30_000,
        "- {_target_: os.system}\n" * 30_000,
        "a: &a {" + ",".join(f"k{n}: 1" for n in range(5000)) + "}\nb:\n" + "- {_target_: x.y, z: *a}\n" * 5000,
        "&a [*a, {_target_: os.system, _args_: *a}]",
        "a: !!x " + "&b " * 1000,
        "\x85_target_: os.system",
    ],
)
def test_nothing_takes_long_or_breaks(text: str) -> None:
    start = time.monotonic()
    report_on(text.encode(), "c.yaml")
    assert time.monotonic() - start < 4


_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
_documents = st.recursive(
    _scalars, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3)
)


@given(_documents)
def test_what_pyyaml_writes_is_yaml_with_nothing_to_say(document: object) -> None:
    text = yaml.safe_dump(document)
    found = tree(BytesSource(text.encode()))
    assert found is not None
    assert len(found.documents) == 1
    assert not _named(text)


@given(_documents, st.sampled_from(["_target_", "class_path"]))
def test_a_name_is_found_at_any_depth(document: object, key: str) -> None:
    text = yaml.safe_dump([document, {"a": [document, {key: "os.system", "b": document}]}])
    assert _named(text) == {"os.system"}


_ACT = "!!python/object/apply:os.getcwd []"
_pieces = st.lists(
    st.sampled_from(
        [
            _ACT,
            "key",
            "a b",
            ": ",
            ":",
            "\n",
            "\n---",
            "\n...\n",
            "\r",
            "\u2028---\n",
            '"',
            "'",
            "# said\n",
            " ",
            "- ",
            "{",
            "}",
        ]
    ),
    max_size=8,
)


@given(_pieces)
@example(["key", "\n---", " ", _ACT])
@example(['"', "key", '"', "\n...\n", _ACT])
@example(["key", "\n", "a b", ": ", _ACT])
def test_whatever_a_loader_would_act_on_is_claimed(pieces: list[str]) -> None:
    text = "".join(pieces)
    acts = False
    try:
        # A loader of many documents acts on each before it comes to the next.
        for document in yaml.compose_all(text):
            events = yaml.parse(yaml.serialize(document))
            acts = acts or any("python/" in (getattr(event, "tag", None) or "") for event in events)
    except (yaml.YAMLError, ValueError):
        pass
    assert _claims(text) or not acts


@given(st.text(max_size=60))
def test_any_text_is_claimed_or_not(text: str) -> None:
    data = f"!!python/name:a.b {text}".encode("utf-8", "replace")
    assert FORMAT.matches(Glance(BytesSource(data))) in {True, False}
    reads(FORMAT, data)


def test_what_is_too_long_to_be_parsed_and_may_call_something_is_not_let_through() -> None:
    for acts in (b"a: !!python/object/apply:os.getcwd []\n", b"_target_: os.getcwd\n"):
        long = b"# a line\n" * 7_500_000
        assert verdict_on(long + acts + b"# the rest\n" * 20_000, "config.yaml") == "review"
