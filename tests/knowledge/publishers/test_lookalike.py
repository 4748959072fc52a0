"""Names that look like those of publishers are found, and their honest neighbours left alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighmaster.knowledge.names.likeness import distance, skeleton
from weighmaster.knowledge.names.lookalike import look_alike
from weighmaster.knowledge.names.publishers import is_account, publishers


class Name(NamedTuple):
    part: str
    kind: str
    name: str
    publisher: str


NAMES = [
    Name(*line.split("\t"))
    for line in Path(__file__).with_name("names.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
FAMOUS = [known.name for known in publishers().values() if known.famous]


@pytest.mark.parametrize("part", ["tuning", "report"])
def test_look_alikes_are_found_and_neighbours_left_alone(part: str) -> None:
    """`report` is the part that nothing was tuned on."""
    names = [name for name in NAMES if name.part == part]
    found = [name for name in names if look_alike(name.name)]
    right = sum(name.kind == "look-alike" for name in found)
    recall = right / sum(name.kind == "look-alike" for name in names)
    precision = right / len(found)
    print(f"{part}: {len(names)} names, recall {recall:.3f}, precision {precision:.3f}")  # noqa: T201 - a figure
    assert recall >= 0.95
    assert precision >= 0.98


def test_it_is_said_whom_they_look_like() -> None:
    said = [(name, look_alike(name.name)) for name in NAMES if name.kind == "look-alike"]
    right = sum(found is not None and found.publisher.name == name.publisher for name, found in said)
    assert right / len(said) >= 0.95


def test_there_are_enough_of_both() -> None:
    assert sum(name.kind == "look-alike" for name in NAMES) >= 100
    assert sum(name.kind == "honest" for name in NAMES) >= 200


def test_none_of_them_is_excused_by_being_listed() -> None:
    assert [name.name for name in NAMES if name.kind == "look-alike" and is_account(name.name)] == []


@pytest.mark.parametrize("name", FAMOUS)
def test_no_publisher_looks_like_another(name: str) -> None:
    assert look_alike(name) is None
    assert look_alike(name.upper()) is None


def test_publishers_do_not_need_the_excuse_of_being_listed() -> None:
    """Among hundreds of real names, few would be taken for another without the table."""
    from weighmaster.knowledge.names import lookalike

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookalike, "is_account", lambda _: False)
        taken = {known.name: look_alike(known.name) for known in publishers().values()}
    wrong = [name for name, found in taken.items() if found is not None and found.publisher.name != name]
    assert len(wrong) / len(taken) < 0.02, wrong


@pytest.mark.parametrize(
    ("name", "publisher", "how"),
    [
        ("meta-IIama", "meta-llama", "characters that look alike"),
        ("rneta-llama", "meta-llama", "characters that look alike"),
        ("\u043epenai", "openai", "characters that look alike"),
        ("\uff4fpenai", "openai", "characters that look alike"),
        ("met\u0430-ll\u0430m\u0430", "meta-llama", "characters that look alike"),
        ("deepseek_ai", "deepseek-ai", "separators"),
        ("llama-meta", "meta-llama", "the order of words"),
        ("qwen-official", "Qwen", "added words"),
        ("officialqwen", "Qwen", "added words"),
        ("openaii", "openai", "a slip of the hand"),
        ("deepseek", "deepseek-ai", "a shorter name"),
        ("f4cebook", "facebook", "digits for letters"),
        ("meta-llama-4", "meta-llama", "a version"),
        ("apple-official", "apple", "added words"),
    ],
)
def test_each_way_has_its_name(name: str, publisher: str, how: str) -> None:
    found = look_alike(name)
    assert found is not None
    assert (found.publisher.name, found.how) == (publisher, how)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "ai",
        "apples",
        "apple-labs",
        "apple-orchard",
        "google-bert",
        "openai-community",
        "unsloth-fans",
        "x" * 200,
    ],
)
def test_what_says_nothing_is_left_alone(name: str) -> None:
    assert look_alike(name) is None


@given(st.text(max_size=120))
def test_any_text_is_a_name(name: str) -> None:
    look_alike(name)
    assert skeleton(name) == skeleton(name.casefold()) or not name.isascii()


@given(st.text("abcd", max_size=8), st.text("abcd", max_size=8))
def test_distance_is_a_distance(left: str, right: str) -> None:
    far = distance(left, right, 20)
    assert far == distance(right, left, 20)
    assert (far == 0) == (left == right)
    assert abs(len(left) - len(right)) <= far <= max(len(left), len(right))
    for most in range(3):
        assert distance(left, right, most) == min(far, most + 1)


@given(st.sampled_from(FAMOUS), st.data())
def test_a_letter_hit_twice_is_found(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    if len(name) < 5 or not name[at].isalpha():
        return
    typed = name[: at + 1] + name[at:]
    assert look_alike(typed) is not None or is_account(typed) or publishers()[name.casefold()].word


def test_a_name_costs_little() -> None:
    look_alike("warm")
    start = time.process_time()
    for number in range(300):
        look_alike(f"some-account-{number}-of-somebody")
    assert (time.process_time() - start) / 300 < 0.005


def test_the_table_is_in_order() -> None:
    rows = Path(publishers.__wrapped__.__code__.co_filename).with_name("publishers.tsv").read_text("utf-8").splitlines()
    names = [row.split("\t")[0].casefold() for row in rows[1:]]
    assert names == sorted(set(names))
    assert all(len(row.split("\t")) == 7 and row.split("\t")[1] in {"famous", "known"} for row in rows[1:])
    assert all(row.split("\t")[-1] for row in rows[1:])
    assert len(names) > 300
