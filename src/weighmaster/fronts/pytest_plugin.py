"""`pytest --weighmaster`: what a project brings is vetted beside its tests, one test a target.

Without the option nothing of weighmaster is imported but this file.
Specification: <https://docs.pytest.org/en/stable/reference/reference.html#hooks>.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from weighmaster.model.verdict import Vetted

_OPTION: Final = "weighmaster"
_TARGETS: Final = "weighmaster_targets"


class NotAllowedError(Exception):
    """A target may not come in, or a person must look first."""

    def __init__(self, vetted: Vetted) -> None:
        super().__init__(vetted.report.target)
        self.vetted = vetted


class VettedTarget(pytest.Item):
    """A test that holds where its target may come in."""

    def __init__(self, *, target: str, **more: Any) -> None:
        super().__init__(**more)
        self.target = target

    def runtest(self) -> None:
        """Vet the target, with the configuration of the project."""
        from weighmaster import api
        from weighmaster.model.verdict import Outcome

        root = str(self.config.rootpath)
        vetted = api.vet(
            os.path.join(root, self.target),
            config=api.found_configuration(root),
            policy=self.config.getoption("weighmaster_policy"),
        )
        allowed = {Outcome.ALLOW, Outcome.REVIEW} if self.config.getoption("weighmaster_review") else {Outcome.ALLOW}
        if vetted.verdict.outcome not in allowed:
            raise NotAllowedError(vetted)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what was found as `weighmaster vet` does."""
        if isinstance(excinfo.value, NotAllowedError):
            from weighmaster import api

            return api.render([excinfo.value.vetted]).rstrip()
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        """Return what stands above a failure."""
        return self.target, None, f"weighmaster: {self.target}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options."""
    group = parser.getgroup("weighmaster")
    group.addoption(
        "--weighmaster",
        action="append",
        nargs="?",
        const="",
        metavar="TARGET",
        dest=_OPTION,
        help="vet a file or folder; without one, those of the setting weighmaster_targets, else the project",
    )
    group.addoption("--weighmaster-policy", metavar="POLICY", help="what decides (default: the configuration's)")
    group.addoption(
        "--weighmaster-allow-review",
        action="store_true",
        dest="weighmaster_review",
        help="let what a person must look at pass; only what is blocked fails",
    )
    parser.addini(_TARGETS, type="linelist", help="files and folders, from the root of the project", default=[])


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add a test for each target."""
    wanted: list[str] | None = config.getoption(_OPTION)
    if wanted is None:
        return
    named = [target for target in wanted if target] or config.getini(_TARGETS) or ["."]
    items += _items(session, named)


def _items(session: pytest.Session, targets: Iterable[str]) -> Iterable[pytest.Item]:
    for target in dict.fromkeys(targets):
        item: pytest.Item = VettedTarget.from_parent(session, name=f"weighmaster[{target}]", target=target)
        yield item
