"""Names that look like those of packages are found, and their honest neighbours left alone."""

from __future__ import annotations

import string
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.knowledge.names import names as knowledge
from weighmaster.knowledge.names.likeness import Near, distance, is_doubled, is_swapped
from weighmaster.knowledge.names.names import (
    Likeness,
    Names,
    Protected,
    imitates,
    imitates_owner,
    is_known,
    protected,
    ranked,
    reported,
)
from weighmaster.knowledge.names.normal import normal

TABLES = Path(knowledge.__file__).parent


class Name(NamedTuple):
    part: str
    kind: str
    sort: str
    name: str
    meant: str


NAMES = [
    Name(*line.split("\t"))
    for line in Path(__file__).with_name("names.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize("part", ["tuning", "report"])
def test_squats_are_found_and_neighbours_left_alone(part: str) -> None:
    """`report` is the part that nothing was tuned on."""
    names = [name for name in NAMES if name.part == part]
    found = [name for name in names if imitates(name.name)]
    right = sum(name.kind == "squat" for name in found)
    recall = right / sum(name.kind == "squat" for name in names)
    precision = right / len(found)
    print(f"{part}: {len(names)} names, recall {recall:.3f}, precision {precision:.3f}")  # noqa: T201 - a figure
    assert recall >= 0.95
    assert precision >= 0.98


@pytest.mark.parametrize("sort", sorted({name.sort for name in NAMES if name.kind == "squat"}))
def test_each_sort_of_squat_is_found(sort: str) -> None:
    """What was published is the hardest: it poses as packages that are not protected, too."""
    names = [name for name in NAMES if name.sort == sort]
    found = sum(imitates(name.name) is not None for name in names)
    assert found / len(names) >= (0.7 if sort == "real" else 0.9)


def test_it_is_said_what_they_look_like() -> None:
    said = [(imitates(name.name), name.meant) for name in NAMES if name.kind == "squat"]
    right = sum(found is not None and found.name == meant for found, meant in said)
    assert right / len(said) >= 0.95


def test_there_are_enough_of_both() -> None:
    for part in ("tuning", "report"):
        assert sum(name.kind == "squat" for name in NAMES if name.part == part) >= 150
        assert sum(name.kind == "honest" for name in NAMES if name.part == part) >= 200
    assert len({name.name for name in NAMES}) == len(NAMES)


def test_no_squat_is_excused_by_being_listed() -> None:
    assert [name.name for name in NAMES if name.kind == "squat" and name.name == normal(name.name) in ranked()] == []
    assert [name.name for name in NAMES if name.sort == "unlisted" and is_known(name.name)] == []


def test_known_names_hardly_need_the_excuse_of_being_listed() -> None:
    """Among thousands of real names, few would be taken for another without the list."""
    index = knowledge._index()
    some = ranked()[::3]
    taken = [name for name in some if index.likeness(name)]
    assert len(taken) / len(some) < 0.01, taken
    assert [name for name in taken if imitates(name)] == []


@pytest.mark.parametrize(
    ("name", "meant", "how"),
    [
        ("t3nsorflow", "tensorflow", "digits for letters"),
        ("t0rch", "torch", "characters that look alike"),
        ("num\u0440y", "numpy", "characters that look alike"),
        ("\uff4fpenai", "openai", "characters that look alike"),
        ("nurnpy", "numpy", "characters that look alike"),
        ("scikitlearn", "scikit-learn", "separators"),
        ("learn-scikit", "scikit-learn", "the order of words"),
        ("flowtensor", "tensorflow", "the order of words"),
        ("torch-cuda", "torch", "added words"),
        ("hf-diffusers", "diffusers", "added words"),
        ("fastapi-official", "fastapi", "added words"),
        ("pyopenai", "openai", "added words"),
        ("chatgpt-api", "openai", "what people call it"),
        ("huggingface-cli", "huggingface-hub", "what people call it"),
        ("torch2", "torch", "a version"),
        ("python3-dateutil", "python-dateutil", "a version"),
        ("opneai", "openai", "a slip of the hand"),
        ("transfomers", "transformers", "a slip of the hand"),
        ("sentence-transformer", "sentence-transformers", "a slip of the hand"),
    ],
)
def test_each_way_has_its_name(name: str, meant: str, how: str) -> None:
    assert imitates(name) == Likeness(name=meant, how=how)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "ai",
        "x" * 200,
        "torchvision",
        "pytorch-lightning",
        "transformers-stream-generator",
        "langchain-cohere",
        "llm-anthropic",
        "torchx",
        "pytorch-transformers",
        "fastapi-new",
        "mypy-boto3-qldb",
        "google-cloud-anything",
    ],
)
def test_what_says_nothing_is_left_alone(name: str) -> None:
    assert imitates(name) is None


@pytest.mark.parametrize("spell", [str.upper, lambda name: name.replace("-", "_"), lambda name: name.replace("-", ".")])
def test_no_package_looks_like_another(spell: Callable[[str], str]) -> None:
    assert [name for name in (*protected(), *ranked()[:500]) if imitates(spell(name))] == []


@given(st.text(max_size=120))
def test_any_text_is_a_name(name: str) -> None:
    imitates(name)
    imitates_owner(name)
    is_known(name)
    Names([Protected(name=name)]).likeness(name)


@given(st.sampled_from([name for name in protected() if len(name) > 5]), st.data())
def test_a_letter_hit_twice_is_found(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1).filter(lambda at: name[at].isalpha()))
    typed = name[: at + 1] + name[at:]
    assert imitates(typed) is not None or is_known(typed)


_LETTERS = st.sampled_from(string.ascii_lowercase)
_TEXTS = st.text(_LETTERS, min_size=4, max_size=24)


@given(st.lists(_TEXTS, min_size=1, max_size=20), st.data())
def test_what_is_near_is_found_without_comparing_all(texts: list[str], data: st.DataObject) -> None:
    """Law: within one change, a swap among them, or two that are no swaps in long texts, nothing is missed."""
    near = Near(texts, long=12)
    text = data.draw(st.sampled_from(texts))
    typed = text
    for _ in range(2 if len(text) >= 12 else 1):
        at = data.draw(st.integers(0, len(typed) - 1))
        letter = data.draw(_LETTERS)
        change = data.draw(st.sampled_from([typed[:at] + typed[at + 1 :], typed[:at] + letter + typed[at:]]))
        typed = data.draw(st.sampled_from([change, typed[:at] + letter + typed[at + 1 :]]))
    assert text in near(typed)
    at = data.draw(st.integers(0, len(text) - 2))
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    assert text in near(swapped)
    assert swapped == text or is_swapped(swapped, text)


@given(_TEXTS, st.data())
def test_what_is_doubled_or_swapped_is_one_change(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    typed = name[: at + 1] + name[at:]
    assert is_doubled(typed, name)
    assert distance(typed, name, 2) == 1


def test_a_name_costs_microseconds() -> None:
    index = knowledge._index()
    sample = [f"some-package-{number}-of-somebody" for number in range(500)] + list(ranked()[:1500])
    start = time.process_time()
    for name in sample:
        index.likeness(name)
    assert (time.process_time() - start) / len(sample) < 0.0005


def test_the_user_s_own_names_are_protected_as_well() -> None:
    own = Names([Protected(name="acme-ml-utils"), Protected(name="acme-ai", service=True)])
    assert own.likeness("acme-ml-utlis") == Likeness(name="acme-ml-utils", how="a slip of the hand")
    assert own.likeness("acmeml-utils") == Likeness(name="acme-ml-utils", how="separators")
    assert own.likeness("acme-ai-official") == Likeness(name="acme-ai", how="added words")
    assert own.likeness("Acme_ML.Utils") is None
    assert own.likeness("acme-ml-tools") is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hugginface", "huggingface"),
        ("huggingface-official", "huggingface"),
        ("pytorch", None),
        ("pytorch-labs", None),
        ("PyTorch", None),
        ("facebook-research", "facebookresearch"),
        ("somebody", None),
    ],
)
def test_owners_of_repositories_are_names_too(name: str, meant: str | None) -> None:
    found = imitates_owner(name)
    assert (found and found.name) == meant


def test_what_is_reported_is_not_known() -> None:
    for name, (meant, source) in reported().items():
        assert name == normal(name)
        assert not is_known(name)
        assert source
        assert not meant or meant == normal(meant)


@pytest.mark.parametrize(
    ("table", "columns"),
    [("protected.tsv", 4), ("pypi.tsv", 1), ("known.tsv", 3), ("reported.tsv", 3), ("owners.tsv", 1)],
)
def test_tables_are_in_order(table: str, columns: int) -> None:
    head, *rows = (TABLES / table).read_text("utf-8").splitlines()
    names = [row.split("\t")[0] for row in rows]
    assert head.startswith("# ")
    assert len(set(names)) == len(names)
    assert all(len(row.split("\t")) == columns for row in rows)
    assert table == "pypi.tsv" or names == sorted(names, key=str.casefold)
    assert table == "owners.tsv" or [name for name in names if name != normal(name)] == []
    assert all(one.name == normal(one.name) for one in protected().values())
