"""A short run of the fuzzer: damaged files of every format are read or refused, and never a mistake of ours."""

import pytest
from tools.fuzz import LIMITS, containers, run

from weighmaster import shipped
from weighmaster.engine.scan import scan_bytes
from weighmaster.model.fact import Artifact


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_no_defect(seed: int) -> None:
    said: list[str] = []
    assert run(300, seed, said.append) == 0, said


def test_a_whole_file_of_every_format_is_damaged() -> None:
    registry = shipped.registry()
    items = (item for data in containers() for item in scan_bytes(data, "f", registry, LIMITS))
    claimed = {format_ for item in items if isinstance(item, Artifact) for format_ in item.formats}
    last = {id for id, format_ in registry.formats.items() if format_.fallback}
    assert set(registry.formats) - claimed <= last
