from __future__ import annotations

import re
from html.parser import HTMLParser

from weighmaster.extend.output import Style
from weighmaster.model.verdict import Vetted
from weighmaster.outputs.html import OUTPUT

ALONE = {"meta", "br"}


class _Checker(HTMLParser):
    """Checks that what is opened is closed, and remembers what could act."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.active: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALONE:
            self.open.append(tag)
        if tag in {"script", "iframe", "object", "img", "link", "a", "b"} or any(n.startswith("on") for n, _ in attrs):
            self.active.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _checked(page: str) -> _Checker:
    checker = _Checker()
    checker.feed(page)
    checker.close()
    assert not checker.open
    return checker


def test_the_page_is_whole_and_nothing_in_it_acts(poisoned: Vetted, clean: Vetted, unread: Vetted) -> None:
    checker = _checked(
        OUTPUT.render([poisoned, clean, unread], Style(pages={"unsafe-call": "<script>alert(1)</script>"}))
    )
    assert not checker.active


def test_everything_is_on_it(poisoned: Vetted) -> None:
    said = " ".join(" ".join(_checked(OUTPUT.render([poisoned], Style())).text).split())
    for wanted in (
        "BLOCK models must not come in",
        "1 of 2 files examined, 2 places unread, 3 excluded · policy default",
        "Loading this file calls os.system('id').",
        "callee=os.system, arguments=['id'], keywords=None, opcode=REDUCE",
        "a" * 64,
        "Waived: known (me, until 2030-06-15)",
        "encrypted model.pt!k.bin",
        "CWE-502",
    ):
        assert wanted in said


def test_nothing_is_loaded_from_elsewhere(poisoned: Vetted) -> None:
    page = OUTPUT.render([poisoned], Style())
    assert not re.search(r"https?:|url\(|@import|src=", page)
