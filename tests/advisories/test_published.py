"""Published ways past scanners of pickles, each with its address: none of them comes in.

The programs are built of the opcodes that the advisory names. That they fire is proven by the samples of the same
techniques in `tests/samples`.
"""

from collections.abc import Callable

import pytest
from tests.samples.pickles import (
    BUILD,
    EMPTY_DICT,
    MARK,
    NONE,
    OBJ,
    POP,
    REDUCE,
    STACK_GLOBAL,
    STOP,
    TUPLE1,
    attribute,
    binget,
    binput,
    call,
    name,
    program,
    proto,
    string,
    text,
)
from tests.samples.vetting import verdict_on

SYSTEM = name("posix", "system")


def _obj_and_pop() -> bytes:
    return program(proto(4), MARK, SYSTEM, text("true"), OBJ, POP, EMPTY_DICT, STOP)


def _reduce_and_build() -> bytes:
    return program(proto(4), SYSTEM, text("true"), TUPLE1, REDUCE, EMPTY_DICT, BUILD, STOP)


def _string_operands() -> bytes:
    return program(proto(4), string("'posix'"), string("'system'"), STACK_GLOBAL, text("true"), TUPLE1, REDUCE, STOP)


def _memo_of_another_pickle() -> bytes:
    first = program(proto(4), text("collections"), binput(0), text("OrderedDict"), binput(1), STOP)
    second = program(
        proto(4), text("posix"), binput(0), text("system"), binput(1), POP, binget(0), binget(1), STACK_GLOBAL,
        text("true"), TUPLE1, REDUCE, STOP,
    )  # fmt: skip
    return first + second


def _resolve_name() -> bytes:
    return program(proto(4), call(call(name("pkgutil", "resolve_name"), "os:system"), "true"), STOP)


def _dotted_name() -> bytes:
    return program(proto(4), call(name("logging", "os.system"), "true"), STOP)


def _file_inside_the_archive() -> bytes:
    return program(proto(4), call(call(name("functools", "partial"), name("torch", "load")), "model.pt"), STOP)


def _pip_main() -> bytes:
    return program(proto(4), call(name("pip", "main"), ["install", "something"]), STOP)


def _protocol_zero() -> bytes:
    return b"cposix\nsystem\n(S'true'\ntR."


def _broken_behind_the_payload() -> bytes:
    return program(proto(4), call(SYSTEM, "true")) + b"\xff\xff"


def _numpys_builtins() -> bytes:
    return program(proto(4), NONE, POP, attribute(name("numpy", "size"), "__globals__"), STOP)


PUBLISHED: list[tuple[str, Callable[[], bytes]]] = [
    ("https://github.com/advisories/GHSA-mxhj-88fx-4pcv", _obj_and_pop),
    ("https://github.com/advisories/GHSA-mhc9-48gj-9gp3", _reduce_and_build),
    ("https://github.com/advisories/GHSA-9gvj-pp9x-gcfr", _string_operands),
    ("https://github.com/advisories/GHSA-vvpj-8cmc-gx39", _resolve_name),
    ("https://github.com/advisories/GHSA-5j3x-jp52-966f", _dotted_name),
    ("https://nvd.nist.gov/vuln/detail/CVE-2025-1889", _file_inside_the_archive),
    ("https://docs.python.org/3/library/pickle.html#data-stream-format", _protocol_zero),
    (
        "https://www.reversinglabs.com/blog/rl-identifies-malware-ml-model-hosted-on-hugging-face",
        _broken_behind_the_payload,
    ),
    ("https://github.com/protectai/modelscan/issues/330", _numpys_builtins),
    ("https://github.com/mmaitre314/picklescan/issues/14", _memo_of_another_pickle),
]


@pytest.mark.parametrize(("address", "build"), PUBLISHED, ids=lambda part: getattr(part, "__name__", ""))
def test_a_published_way_past_scanners_is_blocked(address: str, build: Callable[[], bytes]) -> None:
    assert verdict_on(build(), "model.pkl") == "block", address
