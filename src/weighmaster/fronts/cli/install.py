"""`weighmaster install`: pip install, of what was vetted and of nothing else."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from weighmaster import api
from weighmaster.extend.output import Style
from weighmaster.extend.showing import count, plain
from weighmaster.fronts.cli import status, terminal
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.fronts.cli.progress import Progress
from weighmaster.model.errors import ConfigError
from weighmaster.model.verdict import Outcome

if TYPE_CHECKING:
    from weighmaster.installing.install import Looked, Plan

_SCHEMA: Final = "weighmaster.install/1"
_YES: Final = frozenset({"1", "y", "yes", "t", "true", "on"})
_EPILOG: Final = """\
All else is for pip: requirements, -r FILE, -c FILE, -U, --index-url URL, --target FOLDER, ... (pip install --help).

exit status:
  0  everything is installed, or nothing had to be
  1  something is blocked: nothing is installed
  2  wrong use; or pip found no way, or failed
  3  something needs a look: nothing is installed (--allow-review installs it)
  4  a defect of weighmaster itself
examples:
  weighmaster install torch==2.1.0 transformers
  weighmaster install -r requirements.txt --dry-run
  weighmaster install --build sacremoses sacremoses"""


def parser() -> Parser:
    """Return what `install` understands; what is not among it is for pip."""
    it = Parser(
        prog="weighmaster install",
        usage="weighmaster install [options] [pip's options] REQUIREMENT ...",
        description="Find what pip would install, fetch it, vet it, and install exactly that, by its hashes.",
        epilog=_EPILOG,
    )
    it.add_argument("--dry-run", action="store_true", help="vet, and install nothing")
    it.add_argument("--allow-review", action="store_true", help="install what needs a look as well: you took it")
    it.add_argument(
        "--build",
        action="append",
        default=[],
        metavar="NAME",
        help="this one (NAME or NAME==VERSION) may be built from its sdist, once that is vetted; may be repeated",
    )
    add_shared(it)
    it.add_argument("--trust", metavar="POLICY", help="a policy of trust says who must have published what")
    it.add_argument("--recall", metavar="LIST", help="refuse what a list of recalls names")
    it.add_argument("-o", "--output", default="text", choices=("text", "json"), help="what to write (default: text)")
    it.add_argument("--notes", action="store_true", help="show what was found in files that are allowed, too")
    it.add_argument("--no-color", action="store_true", help="no colours (NO_COLOR does the same)")
    return it


def add_shared(it: Any) -> None:
    """Let a command be told what it shares with others that ask pip."""
    it.add_argument(
        "--python",
        metavar="PATH",
        help="install into this one: an interpreter or a virtual environment (default: the active one, else our own)",
    )
    it.add_argument("--policy", choices=api.policy_names(), help="what decides (default: the configuration's)")
    it.add_argument("--config", metavar="FILE", help="a TOML file; without it [tool.weighmaster] of pyproject.toml")
    it.add_argument("--no-config", action="store_true", help="read no configuration")


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options, rest = parser().parse_known_args(list(arguments))
    options.dry_run |= os.environ.get("PIP_DRY_RUN", "").lower() in _YES
    with tempfile.TemporaryDirectory(prefix="weighmaster-", ignore_cleanup_errors=True) as folder:
        with Progress(sys.stderr, quiet=False, doing="vetting") as progress:
            plan = _plan(options, rest, folder, progress)
            from weighmaster.installing.install import look

            looked = look(plan)
        refused = looked.refused(review=options.allow_review)
        _show(looked, options)
        result = _installed(plan, looked, options) if not (refused or options.dry_run) else None
        _sum_up(looked, options, result)
    if refused:
        return status.of(one.vetted for one in refused)
    return status.USAGE if result else status.ALLOWED


def _plan(options: Any, rest: Sequence[str], folder: str, progress: Progress) -> Plan:
    from weighmaster.installing.install import Plan

    asked = asked_of(rest)
    settings = settings_of(options)
    policy, recall = options.trust or settings.trust, options.recall or settings.recall
    request = api.Request(
        settings=settings,
        progress=progress.files,
        access=access_of(asked),
        trust=_trust(policy, recall) if policy or recall else None,
    )
    return Plan(
        pip=pip_of(options),
        asked=asked,
        request=request,
        folder=folder,
        build=tuple(options.build),
        review=options.allow_review,
        say=say,
    )


def settings_of(options: Any) -> Any:
    """Return the settings that count, from the folder that we are in unless others are named."""
    path = options.config or (None if options.no_config else api.found_configuration(os.getcwd()))
    return api.chosen(api.configured(path), options.policy, ())


def asked_of(words: Sequence[str]) -> Any:
    """Return what pip is asked for, with what files of requirements say of indexes."""
    from weighmaster.installing.arguments import parsed
    from weighmaster.installing.listed import completed

    return completed(parsed(words), os.environ)


def access_of(asked: Any) -> Any:
    """Return how indexes are reached: as pip is told in this call, else as it is told elsewhere."""
    from weighmaster.fronts.cli.access import from_environment
    from weighmaster.fronts.cli.indexes import with_indexes

    return with_indexes(from_environment(os.environ), os.environ, asked.indexes, asked.extra)


def pip_of(options: Any) -> Any:
    """Return pip, for the environment that is meant."""
    from weighmaster.installing import pip

    active = (
        os.environ.get("PIP_PYTHON")
        or os.environ.get("VIRTUAL_ENV")
        or os.environ.get("CONDA_PREFIX")
        or sys.executable
    )
    return pip.pip_of(options.python or active, {k: v for k, v in os.environ.items() if k != "PIP_PYTHON"})


def say(what: str) -> None:
    """Tell whoever sits at a terminal what is being done."""
    if sys.stderr.isatty():
        sys.stderr.write(f"weighmaster: {plain(what)}\n")


def _trust(policy: str, recall: str) -> Any:
    from datetime import UTC, datetime

    from weighmaster.trust.policy.asking import asked

    return asked(policy=policy, recalls=recall, now=datetime.now(UTC))


def _installed(plan: Plan, looked: Looked, options: Any) -> int:
    from weighmaster.installing.install import install

    if looked.found and options.output == "text":
        say(f"installing {count(len(looked.found), 'package')}")
    return install(plan, looked, heard=options.output == "text")


def _show(looked: Looked, options: Any) -> None:
    if options.output == "json":
        return
    color = terminal.colored(sys.stdout) and not options.no_color
    quiet = Style(color=color, quiet=True, width=terminal.width())
    full = Style(color=color, width=terminal.width())
    for one in looked.every:
        allowed = one.outcome is Outcome.ALLOW and not options.notes
        sys.stdout.write(api.render([one.vetted], "text", quiet if allowed else full))


def _sum_up(looked: Looked, options: Any, result: int | None) -> None:
    """Say what came of it; `result` is pip's, if it was asked to install."""
    if options.output == "json":
        sys.stdout.write(json.dumps(_record(looked, installed=result == 0), indent=2) + "\n")
        return
    if not looked.every:
        sys.stdout.write("Everything that was asked for is installed already.\n")
        return
    counts = {outcome: sum(one.outcome is outcome for one in looked.every) for outcome in Outcome}
    told = f"{count(len(looked.every), 'file')} vetted"
    told += "".join(f", {number} {outcome.value}" for outcome, number in counts.items() if number)
    if result is not None:
        end = "installed, each by the digest of what was vetted" if result == 0 else "pip could not install them"
    elif options.dry_run:
        end = "nothing was installed (--dry-run)"
    else:
        only_review = not counts[Outcome.BLOCK] and not options.allow_review
        end = f"nothing was installed{' (--allow-review installs what needs a look)' if only_review else ''}"
    sys.stdout.write(f"{told}: {end}.\n")


def _record(looked: Looked, *, installed: bool) -> dict[str, Any]:
    from weighmaster.extend.contract import record

    return {
        "schema": _SCHEMA,
        "installed": installed,
        "packages": [
            {
                "name": one.file.name,
                "version": one.file.version,
                "file": one.file.file,
                "sha256": one.file.sha256,
                "requested": one.file.requested,
                "vetted": record(one.vetted),
            }
            for one in looked.every
        ],
    }


def refuse_output(path: str, *, force: bool) -> None:
    """Refuse to write where something lies already, before any work is done."""
    if path and os.path.lexists(path) and not force:
        raise ConfigError(f"{path} is there already: --force replaces it")
