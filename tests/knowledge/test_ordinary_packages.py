"""What ordinary packages hold, in small: nothing of it keeps one out."""

from __future__ import annotations

import pytest
from tests.samples.dists import wheel
from tests.samples.vetting import report_on

from weighmaster.model.finding import Severity

_WHEEL = "kit-1.0-py3-none-any.whl"
_HANDLER = "import os\nclass Handler:\n    def run(self):\n        os.system('true')\n"


def _serious(files: dict[str, bytes | str]) -> set[str]:
    report = report_on(wheel("kit", "1.0", {"kit/__init__.py": ""} | files), _WHEEL)
    said = {finding.rule.id for finding in report.findings if finding.rule.severity >= Severity.MEDIUM}
    return said | {f"{gap.where}: {gap.detail}" for gap in report.gaps}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"kit/__init__.py": f"{_HANDLER}run = Handler().run\n"}, id="a method is given a name"),
    ],
)
def test_nothing_serious_is_said_of_it(files: dict[str, bytes | str]) -> None:
    assert not _serious(files)


@pytest.mark.parametrize(
    "last",
    [
        "run = Handler().run\nrun()\n",
        "import threading\nthreading.Thread(target=Handler().run).start()\n",
        "import atexit\natexit.register(Handler().run)\n",
        "[one() for one in [Handler().run]]\n",
        "class Other(Handler):\n    @property\n    def now(self):\n        self.run()\nOther().now\n",
    ],
)
def test_methods_that_run_when_a_package_is_imported_are_told(last: str) -> None:
    assert "acts-on-import" in _serious({"kit/__init__.py": _HANDLER + last})
