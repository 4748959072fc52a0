r"""weighmaster: may this AI artifact come in?

>>> import weighmaster, tempfile, pathlib
>>> with tempfile.TemporaryDirectory() as folder:
...     path = pathlib.Path(folder) / "weights.pkl"
...     _ = path.write_bytes(b"cposix\nsystem\n(S'id'\ntR.")
...     vetted = weighmaster.vet(path)
>>> vetted.verdict.outcome
<Outcome.BLOCK: 'block'>
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

from weighmaster.version import VERSION

if TYPE_CHECKING:
    from weighmaster import provenance
    from weighmaster.api import vet
    from weighmaster.fronts.claiming import attest, claims
    from weighmaster.reading.http import Access
    from weighmaster.trust.loading.loading import load_file, open_verified
    from weighmaster.trust.signing.door import sign, verify

__all__ = ["Access", "attest", "claims", "load_file", "open_verified", "provenance", "sign", "verify", "vet"]
__version__ = VERSION

_HOMES: Final = {
    "Access": "weighmaster.reading.http",
    "attest": "weighmaster.fronts.claiming",
    "claims": "weighmaster.fronts.claiming",
    "load_file": "weighmaster.trust.loading.loading",
    "open_verified": "weighmaster.trust.loading.loading",
    "sign": "weighmaster.trust.signing.door",
    "verify": "weighmaster.trust.signing.door",
    "vet": "weighmaster.api",
}
"""Where each name is defined. Whoever asks for a version or for help should not wait for all of it."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
