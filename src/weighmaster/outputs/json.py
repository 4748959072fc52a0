"""The contract `weighmaster.report/1`: one object a target, an array where there are several.

Its JSON Schema is `report.schema.json` beside this file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from weighmaster.extend.contract import record
from weighmaster.extend.output import Output, Style
from weighmaster.model.verdict import Vetted


def _render(vetted: Sequence[Vetted], style: Style) -> str:
    del style
    records = [record(one) for one in vetted]
    # ASCII alone: whatever the names in an artifact are, every terminal and every parser can take it.
    return json.dumps(records[0] if len(records) == 1 else records, indent=2) + "\n"


OUTPUT: Final = Output(id="json", title="one JSON object a target, for programs", render=_render)
