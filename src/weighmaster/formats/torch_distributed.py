"""What `torch.distributed.checkpoint` writes: `.distcp`, a PyTorch archive for each tensor, one after the other.

`.metadata` beside it, a pickle, says where each begins; the loader cuts it out and opens it. Every archive is an
artifact of its own here. A file of another name is opened as a whole, and then readers see different things.

Specification:
<https://github.com/pytorch/pytorch/blob/main/torch/distributed/checkpoint/filesystem.py>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read, part
from weighmaster.model.fact import Disagreement
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.zip_run import run

_MARK: Final = b"PK\x03\x04"
_NAMED: Final = ".distcp"


def _matches(glance: Glance) -> bool:
    return glance.head[:4] == _MARK and bool(run(glance.source))


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    last = where.steps[-1] if where.steps else None
    name = last.name if isinstance(last, Member) else where.root
    archives = run(cursor.source)
    if not name.lower().endswith(_NAMED):
        detail = f"{len(archives)} archives stand one after the other"
        yield Disagreement(where=where, kind="several-archives", detail=detail)
    for start, end in archives:
        cursor.budget.check_time()
        yield part(cursor, where, start, end)


FORMAT: Final = Format(
    id="torch-distributed", title="PyTorch distributed checkpoint (shard)", matches=_matches, read=_read
)
