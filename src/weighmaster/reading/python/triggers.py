"""Conditions under which hidden behaviour waits: one machine, one moment, one input with letters that nobody sees.

What is done under them is for others to judge: a condition alone is no trigger.
Sources: MITRE ATT&CK T1480 (execution guardrails), T1497 (sandbox evasion).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from weighmaster.reading.pattern import pattern
from weighmaster.reading.python.values import ASKED, MACHINE, MOMENT

SWAP: Final = "<trigger>.swaps"
"""The name under which it is taken down that a condition decides which weights are taken."""
VARIABLE_IS: Final = "a variable"
MACHINE_IS: Final = "the machine"
MOMENT_IS: Final = "the date"
INPUT_IS: Final = "an unseen letter"
"""How conditions begin, by what they ask for."""

_UNSEEN: Final = pattern("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]")
_WEIGHTS: Final = pattern(
    r"(?i)(?!(?:tensorflow|tf_keras|keras)\b).*\.(?:safetensors|gguf|onnx|ckpt|pth?|bin|h5|keras|npz|pkl|joblib|tflite|msgpack)\Z"
)
_TAKING: Final = frozenset({"load_adapter", "load_state_dict", "load_weights", "set_adapter"})
_ESCAPED: Final = pattern(
    r"\\(?:(?:u|U0000)(?:00[aA][dD]|034[fF]|061[cC]|180[eE]|20[0-6]|[fF][eE][fF][fF])|U000[eE]0|x[aA][dD]|255|N\{)"
)
_ASKS: Final = pattern(
    r"\b(?:environ|getenv|getuser|getlogin|getuid|uname|node|getfqdn|gethostname|getnode|date|datetime|time)\b"
)
_ENDS: Final = r"\.(?:safetensors|gguf|onnx|ckpt|pth?|bin|h5|keras|npz|pkl|joblib|tflite|msgpack)['\"]"
_ENDS_SO: Final = pattern(_ENDS, re.IGNORECASE)
_ENDS_LOW: Final = pattern(_ENDS)
"""The same of text in small letters, which takes a tenth of the time."""
_BEGINNING: Final = frozenset({"endswith", "startswith"})
_CLEANING: Final = frozenset({
    "append", "encode", "join", "len", "lower", "lstrip", "normalize", "print", "replace", "rstrip", "split", "str",
    "strip", "sub", "translate", "warn", "warning",
})  # fmt: skip
_SYSTEMS: Final = frozenset({
    "windows", "linux", "darwin", "java", "freebsd", "openbsd", "netbsd", "sunos", "aix", "cygwin", "android", "ios",
    "x86_64", "amd64", "arm64", "aarch64", "i386", "i686", "windows_nt", "ppc64le", "s390x", "riscv64",
})  # fmt: skip
"""Systems and processors: what programs ask for to know how to go on, and far more than one machine."""
_SHOWN: Final = 80
_MOST: Final = 400
"""Nodes of a condition or a body that are looked at."""


def may_wait(text: str) -> bool:
    """Say whether source may hold a condition that is a trigger by what it decides alone (`SWAP`).

    >>> may_wait("if os.getenv('X') == 'y': name = 'b.bin'"), may_wait("x = 1")
    (True, False)
    """
    return may_hide(text) or (_names_weights(text) and _ASKS.search(text) is not None)


def _names_weights(text: str) -> bool:
    if any(word in text for word in _TAKING):
        return True
    return (_ENDS_LOW.search(text.lower()) if text.isascii() else _ENDS_SO.search(text)) is not None


def may_hide(text: str) -> bool:
    r"""Say whether source may hold a text with letters that nobody sees.

    >>> may_hide(r"x == '\u200b'"), may_hide(r"x == '\n'")
    (True, False)
    """
    return ("\\" in text and _ESCAPED.search(text) is not None) or (
        not text.isascii() and _UNSEEN.search(text) is not None
    )


def condition(test: ast.expr, flags: int, *, unseen: bool = True) -> str:
    """Return what a condition asks for that may be a trigger, and the condition; nothing where it is none.

    `unseen` is whether it may hold a text with letters that nobody sees (`may_hide`).
    """
    kind = ""
    if flags & ASKED and _compares(test):
        kind = MACHINE_IS if flags & MACHINE else MOMENT_IS if flags & MOMENT else VARIABLE_IS
    elif unseen and _asks_for_unseen(test):
        kind = INPUT_IS
    return f"{kind}: {_shown(test)}" if kind else ""


def swaps(node: ast.If, found: str) -> bool:
    """Say whether weights are named or put in place where a condition holds, or another answer is given.

    `found` is the condition, as `condition` says it. Text that is only cleaned of such letters gives no other answer.
    """
    calls: set[str] = set()
    for statement in node.body:
        for each in islice(ast.walk(statement), _MOST):
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and _WEIGHTS.match(each.value):
                return True
            if isinstance(each, ast.Call):
                calls.add(each.func.attr if isinstance(each.func, ast.Attribute) else getattr(each.func, "id", ""))
    if calls & _TAKING:
        return True
    return found.startswith(INPUT_IS) and _asks_for_several(node.test) and bool(calls - _CLEANING)


def leaves(node: ast.If) -> bool:
    """Say whether what comes after a condition is run only where it does not hold."""
    return not node.orelse and bool(node.body) and isinstance(node.body[-1], ast.Return | ast.Raise | ast.Continue)


def _compares(test: ast.expr) -> bool:
    """Whether a condition asks for one value: to ask whether a variable is set, or how long something took, is not."""
    for each in islice(ast.walk(test), _MOST):
        if isinstance(each, ast.Compare) and any(map(_is_fixed, (each.left, *each.comparators))):
            return True
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in _BEGINNING:
            return any(map(_is_fixed, each.args))
    return False


def _is_fixed(side: ast.expr) -> bool:
    if isinstance(side, ast.Constant):
        return (isinstance(side.value, str) and len(side.value) > 1 and side.value.lower() not in _SYSTEMS) or (
            isinstance(side.value, int | float) and side.value > 1_000_000_000
        )
    if isinstance(side, ast.Call):
        # `datetime(2027, 1, 1)`
        return len(side.args) > 2 and all(isinstance(one, ast.Constant) for one in side.args)
    return isinstance(side, ast.Tuple | ast.List | ast.Set) and any(_is_fixed(one) for one in side.elts)


def _asks_for_unseen(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare | ast.Call | ast.BoolOp | ast.UnaryOp) and any(_unseen(test))


def _asks_for_several(test: ast.expr) -> bool:
    return any(count > 1 for count in _unseen(test))


def _unseen(test: ast.expr) -> Iterator[int]:
    """Yield of each text of a condition how many letters of it are not shown, where any are not."""
    for each in islice(ast.walk(test), _MOST):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and not each.value.isascii():
            yield len(_UNSEEN.findall(each.value))


def _shown(test: ast.expr) -> str:
    try:
        text = ast.unparse(test)
    except (RecursionError, ValueError):
        return "?"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
