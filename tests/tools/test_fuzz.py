"""A short run of the fuzzer: damaged files of every format are read or refused, and never a mistake of ours."""

import pytest
from tools.fuzz import run


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_no_defect(seed: int) -> None:
    said: list[str] = []
    assert run(300, seed, said.append) == 0, said
