"""What a user tells pip, taken apart: nothing that would have to be built, nothing that nobody knows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighmaster.installing.arguments import parsed
from weighmaster.model.errors import ConfigError


def test_each_word_goes_where_it_belongs() -> None:
    found = parsed(
        ["-r", "r.txt", "--requirement=s.txt", "-cc.txt", "torch==2.1", "--index-url", "https://a/s", "-qU", "--user"]
    )
    assert found.wanted == ("torch==2.1",)
    assert found.files == ("r.txt", "s.txt", "c.txt")
    assert found.find == (
        "-r", "r.txt", "--requirement", "s.txt", "-c", "c.txt", "--index-url", "https://a/s", "-U", "--user",
    )  # fmt: skip
    assert found.fetch == ("--index-url", "https://a/s")
    assert found.place == ("-q", "-U", "--user")
    assert found.indexes == ("https://a/s",)


def test_more_indexes_are_told_from_the_one_that_counts() -> None:
    found = parsed(["x", "--extra-index-url=https://b/s", "--extra-index-url", "https://c/s"])
    assert (found.indexes, found.extra) == ((), ("https://b/s", "https://c/s"))


@pytest.mark.parametrize(
    "word",
    [
        "torch", "torch[gpu]>=2,<3", "./x-1.0-py3-none-any.whl", "https://x.example/x-1.0-py3-none-any.whl",
        "x @ https://x.example/x-1.0-py3-none-any.whl", "x ; python_version > '3'",
    ],
)  # fmt: skip
def test_what_is_a_wheel_or_may_be_one_is_wanted(word: str) -> None:
    assert parsed([word]).wanted == (word,)


@pytest.mark.parametrize(
    "words",
    [
        ["-e", "."], ["--editable=."], ["--editable", "x"], ["--no-binary", ":all:"], ["--no-binary=x"], ["."], ["./x"],
        ["x/"], ["/srv/x"], ["~/x"], ["git+https://x.example/y"], ["y @ git+ssh://x.example/y@main"], ["x-1.0.tar.gz"],
        ["https://x.example/x-1.0.zip#sha256=00"], ["x @ https://x.example/x-1.0.tar.gz"], ["../x[extra]"],
    ],
)  # fmt: skip
def test_what_would_have_to_be_built_is_refused_with_what_to_do(words: list[str]) -> None:
    with pytest.raises(ConfigError, match="buil"):
        parsed(words)


@pytest.mark.parametrize(
    "words", [[], ["-U"], ["--frobnicate", "x"], ["-r"], ["x", "--global-option=a"], ["--", "-e"], [""]]
)
def test_what_is_not_known_is_refused(words: list[str]) -> None:
    with pytest.raises(ConfigError):
        parsed(words)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["-e", "-r", "--", "-U", "x", "--no-binary", "-qe", "-qU", "--editable=a", "--build-option", "a/", "-"]
        ),
        max_size=6,
    )
)
def test_no_order_of_words_gets_a_build_past(words: list[str]) -> None:
    try:
        found = parsed(words)
    except ConfigError:
        return
    for phase in (found.find, found.fetch, found.place):
        assert not {"-e", "--editable", "--no-binary"} & set(phase[::2]) or "-r" in phase
