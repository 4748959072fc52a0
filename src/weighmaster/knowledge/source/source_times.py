"""When the pieces of Python source run: on import, on installation, by a loader, as a program, or when called.

What a loader runs by name: <https://huggingface.co/docs/transformers/custom_models>,
<https://huggingface.co/docs/inference-endpoints/guides/custom_handler>, <https://sagemaker.readthedocs.io/>,
<https://mlflow.org/docs/latest/ml/model/>, <https://docs.python.org/3/reference/datamodel.html>.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from weighmaster.model.fact import Use
from weighmaster.reading.pattern import pattern

if TYPE_CHECKING:
    from weighmaster.reading.python.values import Func, Part
    from weighmaster.reading.python.walk import Walker

_ORDER: Final = ("import", "install", "load", "main", "call")
"""Times, the earliest first."""
_LOADED: Final = frozenset(
    {
        "__class_getitem__",
        "__init__",
        "__init_subclass__",
        "__new__",
        "__post_init__",
        "__reduce__",
        "__setstate__",
        "_from_config",
        "from_config",
        "from_pretrained",
        "initialize",
        "load_context",
        "setup_model",
    }
)
"""Methods that a loader runs on the classes that it makes objects of."""
_ENTRIES: Final = frozenset({"_load_pyfunc", "input_fn", "load_context", "model_fn", "predict_fn"})
"""Functions of a module that a loader or an import runs by their name."""
_LOADERS: Final = pattern(
    r"PreTrained|PretrainedConfig|Config$|Tokenizer|Model|Module$|Pipeline|Processor|FeatureExtractor|Handler|Layer$"
    r"|Scheduler|Predictor|BuilderConfig|GeneratorBasedBuilder|ArrowBasedBuilder|DatasetBuilder|BentoML|Mixin$"
)
"""Names of classes whose descendants a loader makes objects of."""
_SETUPS: Final = frozenset({"distutils.core.setup", "setuptools.setup", "skbuild.setup"})
"""Functions whose call makes source an installation."""
_COMMANDS: Final = ("distutils.", "setuptools.")
"""Where the classes come from whose descendants an installation runs."""


def timed(walker: Walker, run_by: str) -> Iterator[tuple[str, Part]]:
    """Yield each piece of what was followed with the earliest time at which it runs.

    `run_by` is when the whole runs, as far as whoever brings it knows.
    """
    installs = run_by == "import" and not _SETUPS.isdisjoint(walker.called)
    base = "install" if installs else run_by
    when: dict[int, str] = {}
    _reach(walker.top.edges.values(), base, when)
    _reach(_those(walker, _is_of_module), base, when)
    if installs:
        # Elsewhere such a class is a library's, which somebody's `setup.py` may use.
        _reach(_those(walker, _is_command), "install", when)
    _reach(_those(walker, _is_loaded), "load", when)
    _reach(walker.main.edges.values(), "main", when)
    yield base, walker.top
    yield "main", walker.main
    for function in walker.functions:
        if function.part is not None:
            yield when.get(id(function), "call"), function.part


def earliest(found: Iterable[Use]) -> Iterator[Use]:
    """Yield each use once, at the earliest time at which it is made."""
    order = {when: number for number, when in enumerate(_ORDER)}
    best: dict[tuple[object, ...], Use] = {}
    for use in found:
        key = (use.module, use.name, use.detail, use.computed)
        if key not in best or order.get(use.when, len(order)) < order.get(best[key].when, len(order)):
            best[key] = use
    yield from best.values()


def _reach(start: Iterable[Func], when: str, found: dict[int, str]) -> None:
    """Take down of all functions that these run when they do, unless they run before."""
    waiting = list(start)
    while waiting:
        function = waiting.pop()
        if id(function) not in found:
            found[id(function)] = when
            if function.part is not None:
                waiting += function.part.edges.values()


def _those(walker: Walker, test: Callable[[Func], bool]) -> list[Func]:
    return [function for function in walker.functions if test(function)]


def _is_loaded(function: Func) -> bool:
    owner = function.owner
    if owner is None:
        return function.name in _ENTRIES
    if function.name not in _LOADED:
        return False
    if _LOADERS.search(owner.name) and (owner.bases or "Handler" in owner.name):
        return True
    return any(_LOADERS.search(root.rpartition(".")[2]) for root in owner.roots())


def _is_of_module(function: Func) -> bool:
    """Say whether a function is asked for what a module does not have: `from kit import name` runs it (PEP 562)."""
    return function.owner is None and function.name in {"__dir__", "__getattr__"}


def _is_command(function: Func) -> bool:
    return function.owner is not None and any(root.startswith(_COMMANDS) for root in function.owner.roots())
