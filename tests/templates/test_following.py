"""What following a template promises: it ends, it never raises anything unknown, and it sees what Jinja would make."""

from __future__ import annotations

import time
from contextlib import suppress

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighmaster.knowledge.chat_templates import is_structure, says_something
from weighmaster.model.errors import WeighmasterError
from weighmaster.reading.jinja.walk import sights

_ATOMS = [
    "x",
    "ns.s",
    "messages",
    "m.content",
    "'__'",
    "'class'",
    "'a' 'b'",
    "1",
    "-1",
    "2.5",
    "none",
    "[]",
    "{}",
    "[x, 'c']",
    "{'k': 'v'}",
]
_atoms = st.sampled_from(_ATOMS)


def _deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(
        ["~", "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "in", "not in", "and", "or"]
    )
    filters = st.sampled_from(
        [
            "lower",
            "upper",
            "join",
            "list",
            "first",
            "last",
            "reverse",
            "string",
            "length",
            "int",
            "items",
            "map('upper')",
            "replace('a','b')",
            "default('d')",
            "selectattr('a','eq','b')",
            "tojson",
            "format(1)",
            "trim",
            "sort",
            "unique",
            "center(9)",
            "batch(2)",
            "attr('a')",
            "groupby('a')",
        ]
    )
    methods = st.sampled_from(
        [
            "split('a')",
            "strip()",
            "format(1)",
            "get('k')",
            "items()",
            "pop()",
            "append(1)",
            "join(['a'])",
            "lower()",
            "x",
        ]
    )
    return (
        st.builds("({} {} {})".format, inner, operators, inner)
        | st.builds("({})|{}".format, inner, filters)
        | st.builds("({}).{}".format, inner, methods)
        | st.builds("({})[{}]".format, inner, inner)
        | st.builds("({})[{}:{}]".format, inner, inner, inner)
        | st.builds("({} if {} else {})".format, inner, inner, inner)
        | st.builds("[{}, {}]".format, inner, inner)
        | st.builds("f({}, k={})".format, inner, inner)
    )


_expressions = st.recursive(_atoms, _deeper, max_leaves=8)
_statements = st.recursive(
    st.builds("{{{{ {} }}}}".format, _expressions)
    | st.builds("{{% set x = {} %}}".format, _expressions)
    | st.builds("{{% set ns.s = {} %}}".format, _expressions),
    lambda inner: (
        st.builds("{}{}".format, inner, inner)
        | st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, _expressions, inner, inner)
        | st.builds("{{% for m in {} if {} %}}{}{{% endfor %}}".format, _expressions, _expressions, inner)
        | st.builds("{{% macro f(a, k={}) %}}{}{{{{ f(a) }}}}{{% endmacro %}}".format, _expressions, inner)
        | st.builds("{{% set x %}}{}{{% endset %}}".format, inner)
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(_statements)
def test_any_template_is_followed_to_an_end(body: str) -> None:
    start = time.process_time()
    try:
        sights("{% set ns = namespace(s='') %}" + body)
    except WeighmasterError:
        return
    finally:
        assert time.process_time() - start < 5


_texts = st.text("_aclsx", min_size=1, max_size=6)
_pure = st.recursive(
    st.builds(repr, _texts),
    lambda inner: (
        st.builds("({} ~ {})".format, inner, inner)
        | st.builds("({} + {})".format, inner, inner)
        | st.builds("({}|reverse)".format, inner)
        | st.builds("({}|upper|lower)".format, inner)
        | st.builds("({}|replace('x', '_'))".format, inner)
        | st.builds("({}[::-1])".format, inner)
        | st.builds("([{}, {}]|join('_'))".format, inner, inner)
        | st.builds("({} * 2)".format, inner)
        | st.builds("('%s%s' % ({}, {}))".format, inner, inner)
        | st.builds("'{{}}.{{}}'.format({}, {})".format, inner, inner)
        | st.builds("{{'k': {}}}['k']".format, inner)
        | st.builds("({}, {})[-1]".format, inner, inner)
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(_pure)
def test_text_that_is_put_together_is_what_jinja_makes_of_it(expression: str) -> None:
    made = jinja2.Environment().from_string("{{ " + expression + " }}").render()
    names = {sight.name for sight in sights("{{ x|attr(" + expression + ") }}") if sight.kind == "attribute"}
    assert made in names


@pytest.mark.parametrize(
    "template",
    [
        "{% set l = ['a'] %}" + "{% set l = [l, l] %}" * 60 + "{{ l|join }}{{ x[l|string] }}",
        "{% set l = [1] %}{% for a in l %}{% set _ = l.append(1) %}{% endfor %}",
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l|join }}{{ '%s' % l }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(a) %}{{ m(a ~ 'x') }}{{ m(a ~ 'y') }}{% endmacro %}{{ m('') }}",
        "{% for a in x %}{% for b in x %}" * 20 + "{{ a }}" + "{% endfor %}{% endfor %}" * 20,
        "{% set s = 'ab' %}" + "{% set s = s ~ s %}" * 100 + "{{ s }}",
        "{{ x" + "|lower" * 400 + " }}",
        "{{ " + " ~ ".join(["(a or 'b')"] * 3000) + " }}",
        "{{ '" + "{0}" * 5000 + "'.format('x' * 60000) }}",
        "{{ '" + "a_" * 20000 + "' }}",
        "{% if a %}x{% else %}" * 100 + "y" + "{% endif %}" * 100,
    ],
)
def test_nothing_takes_long(template: str) -> None:
    start = time.process_time()
    with suppress(WeighmasterError):
        sights(template)
    assert time.process_time() - start < 5


def test_structure_is_told_from_words() -> None:
    for test in ("text:</think>", "text:/no_think", "text:<|im_start|>", "key:image_url", "text:[/INST]"):
        assert is_structure(test)
    for test in ("text:password", "text:<activate>", "count:gt 7", "time:2031", "key:password"):
        assert not is_structure(test)
    assert says_something("See https://example.invalid")
    assert not says_something('<tool_call>\n{"name": "x"}')
