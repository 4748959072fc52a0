"""Names that are safe where they are called with the right things, and that no object may hold to call later."""

from __future__ import annotations

import pytest
from tests.samples.vetting import rules_on, verdict_on

_UFUNC = b"cnumpy.core\n_ufunc_reconstruct\n"
_HOLDER = b"csklearn.preprocessing\nFunctionTransformer\n)\x81}(S'func'\n%sub."


def _ufunc(module: bytes, name: bytes) -> bytes:
    return _UFUNC + b"(S'%s'\nS'%s'\ntR." % (module, name)


@pytest.mark.parametrize("module", [b"numpy._core.umath", b"numpy.core.umath", b"numpy"])
def test_a_universal_function_of_old_is_allowed(module: bytes) -> None:
    assert verdict_on(_ufunc(module, b"log1p"), "model.pkl") == "allow"


@pytest.mark.parametrize(
    ("module", "name"), [(b"os", b"system"), (b"builtins", b"eval"), (b"builtins", b"getattr"), (b"mine", b"f")]
)
def test_what_else_is_found_by_its_name_is_blocked(module: bytes, name: bytes) -> None:
    assert "unsafe-arguments" in rules_on(_ufunc(module, name), "model.pkl")
    assert verdict_on(_ufunc(module, name), "model.pkl") == "block"


def test_neither_can_be_handed_on_to_be_called() -> None:
    handed = b"cfunctools\npartial\n(" + _UFUNC + b"S'os'\nS'system'\ntR."
    assert verdict_on(handed, "model.pkl") == "block"


@pytest.mark.parametrize("name", [_UFUNC, b"ctorch.storage\n_load_from_bytes\n", b"cbuiltins\ngetattr\n"])
def test_an_object_that_holds_such_a_name_waits_for_a_person(name: bytes) -> None:
    assert "unlisted-change" in rules_on(_HOLDER % name, "model.pkl")


def test_an_object_that_holds_a_harmless_function_does_not() -> None:
    assert verdict_on(_HOLDER % b"cnumpy\nlog1p\n", "model.pkl") == "allow"


@pytest.mark.parametrize(("drawn", "verdict"), [(b"", "allow"), (b"cos\nsystem\n", "block")])
def test_numpys_old_random_state_is_given_its_numbers(drawn: bytes, verdict: str) -> None:
    state = b"(S'MT19937'\n(lp0\nI3\naI624\nI0\nF0.0\n" + drawn + b"t"
    assert verdict_on(b"cnumpy.random\n__RandomState_ctor\n(tR" + state + b"b.", "model.pkl") == verdict
