r"""weighmaster: may this AI artifact come in?

>>> import weighmaster, tempfile, pathlib
>>> with tempfile.TemporaryDirectory() as folder:
...     path = pathlib.Path(folder) / "weights.pkl"
...     _ = path.write_bytes(b"cposix\nsystem\n(S'id'\ntR.")
...     vetted = weighmaster.vet(path)
>>> vetted.verdict.outcome
<Outcome.BLOCK: 'block'>
"""

from typing import TYPE_CHECKING, Any

from weighmaster.version import VERSION

if TYPE_CHECKING:
    from weighmaster.api import vet
    from weighmaster.reading.http import Access

__all__ = ["Access", "vet"]
__version__ = VERSION


def __getattr__(name: str) -> Any:
    # Whoever asks for a version or for help should not wait for the engine.
    if name == "vet":
        from weighmaster.api import vet

        return vet
    if name == "Access":
        from weighmaster.reading.http import Access

        return Access
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
