"""`weighmaster inventory`: what a code base, an environment or an image loads, at which version, and what is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from weighmaster.fronts.cli import terminal
from weighmaster.fronts.cli.parsing import Parser, jobs
from weighmaster.model.errors import ConfigError

if TYPE_CHECKING:
    from weighmaster.bom.look import Seen
    from weighmaster.inventory.mend import Mended
    from weighmaster.inventory.uses import Inventory

FAILS: Final = 1
NOT_READ: Final = 3
_SEVERITIES: Final = ("low", "medium", "high")
_EPILOG: Final = """\
Nothing is run, imported or asked of a hub: names are read from source, notebooks and commands, models by their bytes.

--fix prints, as a diff, the calls that can be made safe: revision= with the commit that the hub client's own cache
says has run (or of --revisions), and weights_only=True for torch.load. --write changes the files.

exit status:
  0  written
  1  with --fail-on: something is wrong with the way something is loaded
  2  wrong use
  3  written, but something of the target was not read
  4  a defect of weighmaster itself"""


def parser() -> Parser:
    """Return what `inventory` understands."""
    it = Parser(
        prog="weighmaster inventory",
        description="List the models, data sets and packages that source uses, and the models that lie beside it.",
        epilog=_EPILOG,
    )
    it.add_argument("path", metavar="PATH", help="a file or folder: source, an environment, an unpacked image")
    it.add_argument("-o", "--output", default="text", choices=("text", "json", "cyclonedx"), help="what to write")
    it.add_argument("--spec-version", default="1.6", choices=("1.6", "1.7"), help="of CycloneDX (default: 1.6)")
    it.add_argument("--output-file", metavar="FILE", help="write there, not to standard output")
    it.add_argument("--force", action="store_true", help="replace the output file if it is there")
    it.add_argument("--all", action="store_true", dest="everything", help="list what only tests load, and all calls")
    it.add_argument("--timestamp", metavar="TIME", help="when it is made (ISO 8601; else SOURCE_DATE_EPOCH, now)")
    it.add_argument("--exclude", action="append", default=[], metavar="GLOB", help="leave files out; may be repeated")
    it.add_argument(
        "--environment",
        action="store_true",
        help="PATH is a Python environment: its packages, scripts, and packages to be edited that lie elsewhere",
    )
    it.add_argument("--no-cache", action="store_true", help="read all files again, and remember nothing of them")
    it.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    it.add_argument("--follow-links", action="store_true", dest="follow_symlinks", help="read linked files, too")
    it.add_argument("--fail-on", choices=_SEVERITIES, help="exit with 1 where something is at least that wrong")
    it.add_argument("--fix", action="store_true", help="print what --write would change, as a diff")
    it.add_argument("--write", action="store_true", help="change the files as --fix says")
    it.add_argument(
        "--revisions", action="append", default=[], metavar="FILE", help="commits of repositories: JSON, or lines"
    )
    it.add_argument("-j", "--jobs", type=jobs, metavar="N", help="worker processes (default: one for each core)")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options = parser().parse_args(arguments)
    seen = _seen(options)
    if options.fix or options.write:
        return _fixed(seen, options)
    made = _made(seen)
    _write(_rendered(made, options), options)
    if options.output != "text" or options.output_file:
        for gap in made.gaps:
            sys.stderr.write(f"weighmaster: not read: {_plain(f'{gap.where}: {gap.detail}')}\n")
    if options.fail_on and _is_wrong(made, options.fail_on):
        return FAILS
    return NOT_READ if made.gaps else 0


def _seen(options: Any) -> Seen:
    from weighmaster.bom.look import look
    from weighmaster.fronts.cli.progress import Progress
    from weighmaster.inventory.configured import configured
    from weighmaster.looks import Request
    from weighmaster.model.settings import Settings

    if options.environment and options.follow_symlinks:
        raise ConfigError("--environment and --follow-links contradict each other")
    with Progress(sys.stderr, quiet=options.quiet) as progress:
        request = Request(
            settings=Settings(exclude=tuple(options.exclude)),
            follow_symlinks=options.follow_symlinks,
            jobs=options.jobs,
            environment=options.environment,
            memory=_memory(options),
            progress=progress.files,
        )
        return configured(look(options.path, request))


def _memory(options: Any) -> Any:
    """Return what earlier runs remember, where the target is a folder."""
    if options.no_cache or not os.path.isdir(options.path):
        return None
    from weighmaster.fronts.cli.caching import memory

    return memory(os.environ)


def _made(seen: Seen) -> Inventory:
    from weighmaster.inventory.kept import kept
    from weighmaster.inventory.uses import inventory
    from weighmaster.shipped import registry

    paths = [artifact.where.root for artifact in seen.whole.artifacts if not artifact.where.steps]
    return inventory(seen, registry(), kept(seen.target, paths) if seen.whole.folder else {})


def _rendered(made: Inventory, options: Any) -> str:
    if options.output == "text":
        from weighmaster.inventory.summary import summary

        return summary(made, terminal.width(), everything=options.everything)
    import json

    from weighmaster.inventory.document import document, record

    if options.output == "json":
        return json.dumps(record(made), indent=2) + "\n"
    from weighmaster.fronts.cli.bom import moment

    when = moment(options.timestamp, os.environ)
    return json.dumps(document(made, spec_version=options.spec_version, timestamp=when), indent=2) + "\n"


def _is_wrong(made: Inventory, least: str) -> bool:
    from weighmaster.model.finding import Severity

    wanted = Severity[least.upper()]
    findings = [finding for findings in made.wrong.values() for finding in findings]
    return any(finding.rule.severity >= wanted for finding in (*findings, *made.about_all))


def _write(text: str, options: Any) -> None:
    if options.output_file is None:
        sys.stdout.write(text)
        return
    from weighmaster.trust.evidence.keeping import write_whole

    write_whole(options.output_file, text.encode(errors="backslashreplace"), force=options.force)


# Changes.


def _fixed(seen: Seen, options: Any) -> int:
    from weighmaster.trust.evidence.keeping import read_config, write_whole

    changes = list(_changes(seen, options))
    calls = sum(change.count for change in changes)
    for change in changes:
        sys.stdout.write(_diff(change))
        if options.write:
            path = _path(seen, change.path)
            if read_config(path, most=64 << 20) != change.before:
                raise ConfigError(f"{path} changed while it was read")
            write_whole(path, change.after, force=True, mode=os.stat(path).st_mode & 0o777)
    done = "changed" if options.write else "to change (--write does it)"
    sys.stderr.write(f"weighmaster: {calls} calls in {len(changes)} files {done}\n")
    if seen.gaps:
        sys.stderr.write(f"weighmaster: {len(seen.gaps)} places were not read\n")
    return 0


def _changes(seen: Seen, options: Any) -> Iterator[Mended]:
    from weighmaster.inventory.known import commits
    from weighmaster.inventory.mend import mended
    from weighmaster.model.package import Load
    from weighmaster.trust.evidence.keeping import read_config

    known = commits(options.revisions, _caches(os.environ))
    by_file: dict[str, list[Load]] = {}
    for fact in seen.whole.facts:
        # Cells of a notebook and members of an archive are no files.
        if isinstance(fact, Load) and not fact.where.steps:
            by_file.setdefault(fact.where.root, []).append(fact)
    for name, loads in sorted(by_file.items()):
        path = _path(seen, name)
        if os.path.islink(path) or not name.endswith((".py", ".pyw")):
            continue
        change = mended(name, read_config(path, most=64 << 20), loads, known)
        if change is not None:
            yield change


def _path(seen: Seen, name: str) -> str:
    return os.path.join(seen.target, name) if seen.whole.folder else seen.target


def _caches(environment: Mapping[str, str]) -> list[str]:
    """Return where the hub's client keeps what it fetched: `huggingface_hub/constants.py`."""
    home = environment.get("HF_HOME") or os.path.join(
        environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "huggingface"
    )
    return [environment.get("HF_HUB_CACHE") or os.path.join(home, "hub")]


def _diff(change: Mended) -> str:
    return "".join(f"{_plain(line)}\n" for line in change.diff().splitlines())


def _plain(text: str) -> str:
    from weighmaster.extend.showing import plain

    return plain(text)
