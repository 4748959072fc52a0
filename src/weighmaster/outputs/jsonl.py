"""The contract `weighmaster.report/1`, one line a target."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from weighmaster.extend.contract import record
from weighmaster.extend.output import Output, Style
from weighmaster.model.verdict import Vetted


def _render(vetted: Sequence[Vetted], style: Style) -> str:
    del style
    return "".join(json.dumps(record(one), separators=(",", ":")) + "\n" for one in vetted)


OUTPUT: Final = Output(id="jsonl", title="one JSON object a line, for pipes and logs", render=_render)
