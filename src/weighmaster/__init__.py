"""weighmaster: may this AI artifact come in?

>>> import weighmaster, tempfile, pathlib
>>> with tempfile.TemporaryDirectory() as folder:
...     path = pathlib.Path(folder) / "weights.pkl"
...     _ = path.write_bytes(b"cposix\\nsystem\\n(S'id'\\ntR.")
...     vetted = weighmaster.vet(path)
>>> vetted.verdict.outcome
<Outcome.BLOCK: 'block'>
"""

from weighmaster.api import vet
from weighmaster.version import VERSION

__all__ = ["vet"]
__version__ = VERSION
