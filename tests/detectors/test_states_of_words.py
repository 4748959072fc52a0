"""Classes whose state becomes source later, and so must be words.

Babel writes its rules of plurals so, a thousand files of them (babel/plural.py, `PluralRule.__setstate__`; `to_python`
makes source of what it was given, and runs it when the rule is asked).
"""

from __future__ import annotations

import pickle
from typing import Final

import pytest
from tests.samples.vetting import rules_on, verdict_on

_RULE: Final = b"cbabel.plural\nPluralRule\n)\x81"
_CODE: Final = "__import__('os').getcwd()"
_STATE: Final = [
    ("one", ("and", (("relation", ("in", ("n", ()), ("range_list", [(("value", (1,)),) * 2]))), ("i", ()))))
]


def _state(value: object) -> bytes:
    return pickle.dumps(value, 2)[2:-1]


def _built(value: object) -> bytes:
    return b"\x80\x02" + _RULE + _state(value) + b"b."


def _nested(value: object, depth: int) -> object:
    return value if depth == 0 else ("not", (_nested(value, depth - 1),))


def test_a_rule_of_plurals_is_allowed() -> None:
    assert verdict_on(_built(_STATE), "af.dat") == "allow"
    many = [("few", ("relation", ("in", ("n", ()), ("range_list", [(("value", (n,)),) * 2 for n in range(90)]))))]
    assert verdict_on(_built(many), "ar.dat") == "allow"
    both = b"\x80\x02(" + _RULE + _state(_STATE) + b"b" + _RULE + _state([]) + b"bt."
    assert verdict_on(both, "as.dat") == "allow"


@pytest.mark.parametrize(
    "state",
    [
        [("one", ("value", (_CODE,)))],
        [("one", _nested(("value", (_CODE,)), 40))],
        [("one", ("relation", ("OS.GETCWD() or IN", ("n", ()), ("range_list", []))))],
        [("one", ("value", ([_CODE],)))],
        [("one", ("value", ({_CODE: 1},)))],
        [("one", ("value", (_CODE.encode(),)))],
        [*_STATE * 70, ("one", ("value", (_CODE,)))],
        [("one", ("value", (1.5, "n" * 4000)))],
    ],
)
def test_a_rule_that_is_made_of_anything_else_waits_for_a_person(state: object) -> None:
    assert "unlisted-change" in rules_on(_built(state), "af.dat")


@pytest.mark.parametrize(
    "after",
    [
        b"0h\x00" + _state(("one", ("value", (_CODE,)))) + b"a",
        b"ccollections\nUserList\n)\x81}X\x04\0\0\0datah\0sb" + _state((("one", ("value", (_CODE,))),)) + b"a",
        b"ccollections\ndeque\n(h\0tR",
    ],
)
def test_no_list_of_a_state_is_changed_by_another_way(after: bytes) -> None:
    data = b"\x80\x02" + _RULE + b"]q\x00b" + after + b"."
    assert "unlisted-change" in rules_on(data, "af.dat")


def test_a_second_rule_does_not_hide_behind_the_first() -> None:
    hostile = _RULE + _state([("one", ("value", (_CODE,)))]) + b"b"
    data = b"\x80\x02(" + _RULE + _state(_STATE) + b"b" + hostile + b"t."
    assert "unlisted-change" in rules_on(data, "af.dat")
    registered = b"\x80\x02ccopyreg\nadd_extension\n(Vbabel.plural\nVPluralRule\nI7\ntR."
    coded = b"\x80\x02(" + _RULE + _state(_STATE) + b"b\x82\x07)\x81" + hostile[len(_RULE) :] + b"t."
    assert "unlisted-change" in rules_on(registered + coded, "af.dat")
