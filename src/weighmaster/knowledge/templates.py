"""Text in an object's state that the object's class runs as code.

scipy.stats: a distribution keeps the source of three small functions in `_parse_arg_template`, and `__setstate__` runs
it (scipy/stats/_distn_infrastructure.py, `rv_generic._attach_argparser_methods`). What scipy itself writes there is
known to the letter but for the names of the shape parameters.
"""

from __future__ import annotations

import re
from typing import Final

from weighmaster.model.term import Constant, Group, Table, Term

KEY: Final = "_parse_arg_template"
_NAMES: Final = r"(?:[A-Za-z_]\w*, ?)*"
_DEFAULTS: Final = r"(?: ?loc=0(?:, ?scale=1)?)?"
_OUT: Final = r"(?:loc|0)(?:, ?(?:scale|1))?"
_TEMPLATE: Final = (
    rf"\ndef _parse_args\(self, {_NAMES} ?{_DEFAULTS}\):\n"
    rf"    return \({_NAMES} ?\), {_OUT}\n"
    rf"\ndef _parse_args_rvs\(self, {_NAMES} ?{_DEFAULTS}, size=None\):\n"
    rf"    return self\._argcheck_rvs\({_NAMES} ?{_OUT}, size=size\)\n"
    rf"\ndef _parse_args_stats\(self, {_NAMES} ?{_DEFAULTS}, moments='mv'\):\n"
    rf"    return \({_NAMES} ?\), {_OUT}, moments\n"
)


def template(state: Term) -> Term | None:
    """Return what a state keeps as its template, or None where it keeps none."""
    tables = [state] if isinstance(state, Table) else state.items if isinstance(state, Group) else []
    for table in tables:
        if isinstance(table, Table):
            for key, value in table.items:
                if isinstance(key, Constant) and key.text == KEY:
                    return value
    return None


def is_scipys(text: Term) -> bool:
    """Whether the template is one that scipy writes."""
    if not isinstance(text, Constant) or text.kind != "str" or text.size > len(text.text):
        return False
    return re.fullmatch(_TEMPLATE, text.text) is not None
