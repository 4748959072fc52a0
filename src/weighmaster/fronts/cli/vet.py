"""`weighmaster vet`: look at targets, print what was found, and exit with the status of the worst."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from weighmaster import api
from weighmaster.extend.output import Style
from weighmaster.fronts.cli import status, terminal
from weighmaster.fronts.cli.progress import Progress
from weighmaster.model.errors import ConfigError
from weighmaster.model.verdict import Vetted

if TYPE_CHECKING:
    from weighmaster.fronts.cli.parsing import Parser

_EPILOG: Final = """\
exit status:
  0  every target is allowed
  1  a target is blocked
  2  wrong use, or a wrong configuration
  3  a target needs review, or something was not read
  4  a defect of weighmaster itself
The worst target decides: 1 before 4 before 3."""

_DEFAULTS: Final[Mapping[str, Any]] = {
    "output": "text",
    "output_file": None,
    "policy": None,
    "config": None,
    "no_config": False,
    "exclude": [],
    "follow_symlinks": False,
    "jobs": None,
    "full": False,
    "no_cache": False,
    "environment": False,
    "advisories": [],
    "against": [],
    "index": [],
    "trust": None,
    "recall": None,
    "name": "",
    "state": None,
    "stdin_name": "stdin",
    "quiet": False,
    "verbose": False,
    "no_color": False,
}
"""What each option is when it is not named; a test compares this with `parser`."""


_FLAGS: Final[Mapping[str, str]] = {
    "-q": "quiet",
    "--quiet": "quiet",
    "-v": "verbose",
    "--verbose": "verbose",
    "--no-config": "no_config",
    "--no-cache": "no_cache",
    "--no-color": "no_color",
    "--environment": "environment",
}


def plain(arguments: Sequence[str]) -> SimpleNamespace | None:
    """Return what `parser` would make of targets and options that take nothing, in the order that it allows.

    argparse is a fifth of what vetting a small file costs, and most runs name no other option.
    """
    targets = [at for at, argument in enumerate(arguments) if not argument.startswith("-") or argument == "-"]
    if not targets or targets[-1] - targets[0] >= len(targets):
        return None
    options = [*arguments[: targets[0]], *arguments[targets[-1] + 1 :]]
    if not _FLAGS.keys() >= set(options):
        return None
    named = {**_DEFAULTS, **{_FLAGS[option]: True for option in options}}
    return SimpleNamespace(target=list(arguments[targets[0] : targets[-1] + 1]), **named)


def parser() -> Parser:
    """Return what `vet` understands."""
    from weighmaster.fronts.cli.parsing import Parser, jobs

    it = Parser(
        prog="weighmaster vet", description="Look at targets, and say of each whether it may come in.", epilog=_EPILOG
    )
    it.add_argument(
        "target",
        nargs="+",
        metavar="TARGET",
        help="a file, a folder, an address such as hf://owner/name; - is standard input",
    )
    it.add_argument("-o", "--output", default="text", choices=api.output_names(), help="what to write (default: text)")
    it.add_argument("--output-file", metavar="FILE", help="write there, not to standard output")
    it.add_argument(
        "--policy", choices=api.policy_names(), help="what decides (default: the configuration's, else default)"
    )
    it.add_argument(
        "--config", metavar="FILE", help="a TOML file; without it [tool.weighmaster] of pyproject.toml counts"
    )
    it.add_argument("--no-config", action="store_true", help="read no configuration")
    it.add_argument("--exclude", action="append", default=[], metavar="GLOB", help="leave files out; may be repeated")
    it.add_argument(
        "--follow-links",
        "--follow-symlinks",
        action="store_true",
        dest="follow_symlinks",
        help="look at linked files under the name of the link, too",
    )
    it.add_argument("-j", "--jobs", type=jobs, metavar="N", help="worker processes (default: one for each core)")
    it.add_argument(
        "--full",
        action="store_true",
        help="fetch whole what lies elsewhere, and compare digests with the declared ones",
    )
    it.add_argument(
        "--index",
        action="append",
        default=[],
        metavar="URL",
        help="the package index that pypi://name is asked of; may be repeated (default: as pip and uv are told)",
    )
    it.add_argument(
        "--environment",
        action="store_true",
        help="targets are Python environments: their packages, scripts, and packages to be edited that lie elsewhere",
    )
    it.add_argument("--no-cache", action="store_true", help="read all files again, and remember nothing of them")
    it.add_argument(
        "--advisories",
        action="append",
        default=[],
        metavar="PATH",
        help="what pip-audit or uv audit found (JSON), or a copy of the database of OSV; may be repeated",
    )
    it.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="TARGET",
        help="another release or build of the package: say what it does not have; may be repeated",
    )
    group = it.add_argument_group("who made it")
    group.add_argument("--trust", metavar="POLICY", help="a policy of trust says who must have signed what")
    group.add_argument("--recall", metavar="LIST", help="refuse what a list of recalls names")
    group.add_argument("--name", default="", metavar="NAME", help="what policy and recalls call the target: owner/name")
    group.add_argument("--state", metavar="FILE", help="keeps the releases seen, and refuses any that goes back")
    it.add_argument("--stdin-name", default="stdin", metavar="NAME", help="what the report calls standard input")
    it.add_argument("-q", "--quiet", action="store_true", help="one line a target")
    it.add_argument(
        "-v", "--verbose", action="store_true", help="also evidence, digests and formats; leave nothing out"
    )
    it.add_argument("--no-color", action="store_true", help="no colours (NO_COLOR does the same)")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options = plain(arguments) or parser().parse_args(arguments)
    _check(options)
    vetted = _vetted(options)
    try:
        _write(vetted, options)
        sys.stdout.flush()
    except BrokenPipeError:
        terminal.silence(sys.stdout)
    except OSError as error:
        sys.stderr.write(f"weighmaster: cannot write the output: {error.strerror}\n")
        terminal.silence(sys.stdout)
        return status.of(vetted, unwritten=True)
    except Exception as error:  # noqa: BLE001 - what was found decides the status, even if it cannot be shown
        terminal.defect(error)
        return status.of(vetted, defect=True)
    return status.of(vetted)


def _check(options: Any) -> None:
    """Refuse what cannot work before any work is done."""
    for target in options.target:
        if target == "-" or os.path.lexists(target):
            continue
        if not api.lies_elsewhere(target):
            known = f" (addresses begin with one of: {', '.join(api.schemes())})" if "://" in target else ""
            raise ConfigError(f"no such file or folder: {target}{known}")
    if options.target.count("-") > 1:
        raise ConfigError("standard input can be read once only: name - once")
    _check_environments(options)
    if options.name and len(options.target) > 1:
        raise ConfigError("--name is the name of one target: name one")
    if options.config is not None and options.no_config:
        raise ConfigError("--config and --no-config contradict each other")
    missing = next((path for path in options.advisories if not os.path.exists(path)), None)
    if missing is not None:
        raise ConfigError(f"no such file or folder of advisories: {missing}")
    _check_against(options)
    if options.output_file is not None:
        folder = os.path.dirname(options.output_file) or "."
        if os.path.isdir(options.output_file) or not os.access(folder, os.W_OK):
            raise ConfigError(f"cannot write to {options.output_file}")


def _check_against(options: Any) -> None:
    if options.against and len(options.target) > 1:
        raise ConfigError("--against is for one target: name one")
    missing = next((path for path in options.against if not (os.path.lexists(path) or api.lies_elsewhere(path))), None)
    if missing is not None:
        raise ConfigError(f"no such file or folder to hold it against: {missing}")


def _check_environments(options: Any) -> None:
    if not options.environment:
        return
    if options.follow_symlinks:
        raise ConfigError("--environment and --follow-links contradict each other")
    for target in options.target:
        api.check_environment(target)


def _vetted(options: Any) -> list[Vetted]:
    progress = Progress(sys.stderr, quiet=options.quiet)
    plans = _plans(options, progress)
    files = [(target, request) for target, request in plans if target != "-"]
    with progress:
        done = _looked(files) if files else {}
        stopped = any(one.report.partial for one in done.values())
        for target, request in plans:
            if target == "-":
                done[target] = api.not_reached(target, request) if stopped else _look(target, request, options)
    return [done[target] for target, _ in plans]


def _looked(plans: Sequence[tuple[str, api.Request]]) -> dict[str, Vetted]:
    try:
        return dict(zip((target for target, _ in plans), api.vet_targets(plans), strict=True))
    except KeyboardInterrupt:
        return {target: api.not_reached(target, request) for target, request in plans}
    except Exception as error:  # noqa: BLE001 - a mistake of ours at one target must not hide another
        if len(plans) > 1:
            return {target: one for plan in plans for target, one in _looked([plan]).items()}
        terminal.defect(error)
        return {target: api.failed(target, request, error) for target, request in plans}


def _plans(options: Any, progress: Progress) -> list[tuple[str, api.Request]]:
    """Say how to look at each target. Whatever is wrong with the configuration shows here, before any work."""
    found = None if options.no_config or options.config else api.found_configuration(os.getcwd())
    settings = functools.cache(lambda path: api.chosen(api.configured(path), options.policy, options.exclude))
    plans = []
    access = _access(options)
    memory = None if options.no_cache else _memory(options.target)
    trust = functools.cache(lambda policy, recall: _trust(policy, recall, options))
    for target in options.target:
        path, notes = _configuration(target, options, found)
        policy, recall = options.trust or settings(path).trust, options.recall or settings(path).recall
        notes = (*notes, *(_inside(target, policy, options) if policy else ()))
        request = api.Request(
            settings=settings(path),
            notes=notes,
            follow_symlinks=options.follow_symlinks,
            jobs=options.jobs,
            progress=progress.files,
            keep_partial=True,
            access=access,
            full=options.full,
            memory=memory,
            environment=options.environment,
            advisories=tuple(options.advisories),
            against=tuple(options.against),
            trust=trust(policy, recall) if policy or recall or options.name or options.state else None,
        )
        plans.append((target, request))
    return plans


def _access(options: Any) -> Any:
    """Say how services are reached, where a target lies elsewhere."""
    targets = [*options.target, *options.against]
    if not any(api.lies_elsewhere(target) for target in targets):
        return None
    from weighmaster.fronts.cli.access import from_environment

    access = from_environment(os.environ)
    if any(target.startswith("pypi://") for target in targets):
        from weighmaster.fronts.cli.indexes import with_indexes

        return with_indexes(access, os.environ, options.index)
    return access


def _memory(targets: Sequence[str]) -> Any:
    """Return what earlier runs remember, where a target is a folder."""
    if not any(os.path.isdir(target) for target in targets):
        return None
    from weighmaster.fronts.cli.caching import memory

    return memory(os.environ)


def _look(target: str, request: api.Request, options: Any) -> Vetted:
    try:
        return api.vet_stream(sys.stdin.buffer, request, name=options.stdin_name)
    except KeyboardInterrupt:
        return api.not_reached(target, request)
    except Exception as error:  # noqa: BLE001 - a mistake of ours at one target must not hide another
        terminal.defect(error)
        return api.failed(target, request, error)


def _configuration(target: str, options: Any, found: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Return the configuration file that counts for a target, and what has to be said about it."""
    if options.config is not None:
        return options.config, (f"The configuration {options.config} was applied.",)
    if found is None:
        return None, ()
    shown = os.path.relpath(found)
    if target != "-" and not api.lies_elsewhere(target) and _lies_in(found, target):
        # What is judged must not say how.
        return None, (
            f"The configuration {shown} lies in the target and was ignored; --config {shown} would apply it.",
        )
    return found, (f"The configuration {shown} was applied.",)


def _trust(policy: str, recall: str, options: Any) -> Any:
    """Return what targets are held to. Whatever is wrong with it shows here, before any work."""
    from datetime import UTC, datetime

    from weighmaster.trust.policy.asking import asked

    return asked(policy=policy, recalls=recall, state=options.state or "", name=options.name, now=datetime.now(UTC))


def _inside(target: str, policy: str, options: Any) -> tuple[str, ...]:
    """Say that a policy lies in what it judges; refuse that, unless the user named it."""
    if target == "-" or api.lies_elsewhere(target) or not _lies_in(policy, target):
        return ()
    if not options.trust:
        raise ConfigError(f"the policy of trust {policy} lies in the target: what is judged must not say how")
    return (f"The policy of trust {policy} lies in the target that it judges.",)


def _lies_in(path: str, folder: str) -> bool:
    return os.path.commonpath([os.path.realpath(path), os.path.realpath(folder)]) == os.path.realpath(folder)


def _write(vetted: Sequence[Vetted], options: Any) -> None:
    color = terminal.colored(sys.stdout) and not options.no_color
    style = Style(
        color=color and options.output_file is None,
        quiet=options.quiet,
        verbose=options.verbose,
        width=terminal.width(),
    )
    text = api.render(vetted, options.output, style)
    if options.output_file is None:
        sys.stdout.write(text)
        return
    with open(options.output_file, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    if not options.quiet:
        sys.stderr.write(api.render(vetted, "text", Style(quiet=True)))
