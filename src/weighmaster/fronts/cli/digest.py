"""`weighmaster digest`: the digests of an artifact, and whether they are what they were, or what others publish."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from weighmaster.extend.showing import count, plain
from weighmaster.fronts.cli import terminal
from weighmaster.fronts.cli.parsing import Parser, jobs
from weighmaster.fronts.cli.progress import Progress
from weighmaster.fronts.cli.status import ALLOWED, BLOCKED, REVIEW
from weighmaster.model.errors import ConfigError

if TYPE_CHECKING:
    from weighmaster.trust.manifests.checksums import Checksums, Compared
    from weighmaster.trust.manifests.difference import Difference
    from weighmaster.trust.manifests.manifest import Entry, Manifest

_EPILOG: Final = """\
exit status:
  0  digests were taken; with --check or --against: they are the same
  1  something differs, or is refused
  2  wrong use
  3  with --against: something here has no checksum there
examples:
  weighmaster digest model                            the tree digest, and SHA-256 of each file
  weighmaster digest model --output-file model.json   the manifest, with BLAKE3 and chunks
  weighmaster digest model --check model.json         what was added, removed, changed, renamed
  weighmaster digest model --against SHA256SUMS       what others publish"""
_SHORT: Final = 16
_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")


def parser() -> Parser:
    """Return what `digest` understands."""
    it = Parser(prog="weighmaster digest", description="Take the digests of a file or a folder.", epilog=_EPILOG)
    it.add_argument("path", metavar="PATH", help="a file or a folder")
    it.add_argument("-o", "--output", default="text", choices=("text", "json"), help="what to write (default: text)")
    it.add_argument("--output-file", metavar="FILE", help="write the manifest there, as JSON")
    it.add_argument("--force", action="store_true", help="replace what --output-file names")
    it.add_argument("--check", metavar="MANIFEST", help="compare with a manifest; exit with 1 where they differ")
    it.add_argument(
        "--against",
        metavar="CHECKSUMS",
        help="compare with published checksums: SHA256SUMS, a hub's JSON, requirements, a lock file, LFS pointers",
    )
    it.add_argument(
        "--ignore", action="append", default=[], metavar="GLOB", help="with --check, leave files out; may be repeated"
    )
    it.add_argument("--follow-links", action="store_true", help="hash what links lead to, under the names of the links")
    it.add_argument("--sha256-only", action="store_true", help="no BLAKE3 and no chunks in the manifest")
    it.add_argument("-j", "--jobs", type=jobs, metavar="N", help="threads (default: one for each processor)")
    it.add_argument("-q", "--quiet", action="store_true", help="the tree digest alone; with --check, the status alone")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options = parser().parse_args(arguments)
    if options.ignore and not options.check:
        raise ConfigError("--ignore says what --check leaves out; a digest leaves nothing out")
    return _run(options)


def _run(options: Any) -> int:
    from weighmaster.trust.manifests.difference import difference
    from weighmaster.trust.manifests.manifest_file import read_manifest, write_manifest
    from weighmaster.trust.manifests.published import read_checksums

    before = read_manifest(options.check) if options.check else None
    checksums = read_checksums(options.against) if options.against else None
    manifest = _hashed(options, before, checksums)
    if options.output_file:
        from weighmaster.trust.evidence.keeping import write_whole

        write_whole(options.output_file, write_manifest(manifest).encode(), force=options.force)
    own = _own(options)
    changes = None if before is None else difference(before, manifest, options.ignore, own)
    compared = None if checksums is None else _compared(manifest, checksums, own)
    if options.output == "json":
        sys.stdout.write(_json(options, manifest, changes, compared))
    else:
        lines = _text(options, manifest, (before, changes), (checksums, compared))
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return _status(changes, compared)


def _hashed(options: Any, before: Manifest | None, checksums: Checksums | None) -> Manifest:
    from weighmaster.trust.manifests.digests import Hashing
    from weighmaster.trust.manifests.hashing import hash_artifact

    written = options.output_file is not None or (options.output == "json" and before is None and checksums is None)
    wanted = (
        (written and not options.sha256_only)
        or (before is not None and any(entry.blake3 for entry in before.entries))
        or (checksums is not None and checksums.uses("blake3"))
    )
    with Progress(sys.stderr, quiet=options.quiet, doing="hashing") as progress:
        how = Hashing(full=wanted, follow_links=options.follow_links, jobs=options.jobs, progress=progress.bytes)
        return hash_artifact(options.path, how)


def _own(options: Any) -> set[str]:
    """Return the names in the artifact of the lists that it is compared with: they list themselves nowhere."""
    lists = [path for path in (options.check, options.against, options.output_file) if path]
    names = (os.path.relpath(os.path.realpath(path), os.path.realpath(options.path)) for path in lists)
    return {name.replace(os.sep, "/") for name in names}


def _compared(manifest: Manifest, checksums: Checksums, own: set[str]) -> Compared:
    from weighmaster.model.value import replace
    from weighmaster.trust.manifests.checksums import compare

    found = compare(manifest, checksums)
    changed: Compared = replace(found, unlisted=tuple(name for name in found.unlisted if name not in own))
    return replace(changed, missing=()) if not checksums.whole else changed


def _status(changes: Difference | None, compared: Compared | None) -> int:
    if changes or (compared is not None and (compared.different or compared.missing)):
        return BLOCKED
    if compared is not None and (compared.unlisted or compared.unsaid or not compared.equal):
        return REVIEW
    return ALLOWED


def _text(
    options: Any,
    manifest: Manifest,
    check: tuple[Manifest | None, Difference | None],
    against: tuple[Checksums | None, Compared | None],
) -> Iterator[str]:
    before, changes = check
    checksums, compared = against
    if options.quiet:
        if changes is None and compared is None:
            yield manifest.tree
        return
    yield f"tree    {manifest.tree}"
    yield f"files   {len(manifest.entries):,}, {_size(sum(entry.size for entry in manifest.entries))}"
    if before is not None and changes is not None:
        yield f"check   {plain(options.check)} (tree {before.tree})"
        yield ""
        yield from _changes(changes, manifest)
    if checksums is not None and compared is not None:
        yield f"against {plain(options.against)} ({checksums.kind})"
        yield ""
        yield from _against(compared)
    if manifest.entries and changes is None and compared is None and not options.output_file:
        yield ""
        yield from _table(manifest.entries)


def _table(entries: Sequence[Entry]) -> Iterator[str]:
    sizes = [f"{entry.size:,}" for entry in entries]
    names = [plain(entry.path) for entry in entries]
    wide = max(map(len, sizes), default=0)
    longest = max(map(len, names), default=0)
    # A digest is there to be copied; it is cut only where a terminal would break the line.
    fits = not sys.stdout.isatty() or 64 + wide + longest + 4 <= terminal.width()
    for entry, size, name in zip(entries, sizes, names, strict=True):
        yield f"{entry.sha256 if fits else entry.sha256[:_SHORT] + '…'}  {size:>{wide}}  {name}"


def _changes(changes: Difference, manifest: Manifest) -> Iterator[str]:
    for old, new in changes.changed:
        sizes = _size(old.size) if old.size == new.size else f"{_size(old.size)} -> {_size(new.size)}"
        digests = f"{old.sha256[:_SHORT]}… -> {new.sha256[:_SHORT]}…"
        yield f"changed  {plain(new.path)}  ({sizes}, {digests}{_chunks(old, new)})"
    for old, new in changes.renamed:
        yield f"renamed  {plain(old.path)} -> {plain(new.path)}  ({_size(new.size)})"
    yield from (f"added    {plain(entry.path)}  ({_size(entry.size)})" for entry in changes.added)
    yield from (f"removed  {plain(entry.path)}  ({_size(entry.size)})" for entry in changes.removed)
    yield from (f"ignored  {plain(path)}" for path in changes.ignored)
    ignored = set(changes.ignored)
    touched = {new.path for _, new in (*changes.changed, *changes.renamed)} | {entry.path for entry in changes.added}
    same = sum(entry.path not in ignored and entry.path not in touched for entry in manifest.entries)
    differ = sum(map(len, (changes.changed, changes.renamed, changes.added, changes.removed)))
    left_out = f", {count(len(ignored), 'file')} ignored" if ignored else ""
    yield f"{count(differ, 'difference') if differ else 'no difference'}; {count(same, 'file')} the same{left_out}"


def _chunks(old: Entry, new: Entry) -> str:
    """Say which chunks of a long file differ, where both manifests have them."""
    if len(old.chunks) < 2 or len(new.chunks) < 2:
        return ""
    differ = sum(one != other for one, other in zip(old.chunks, new.chunks, strict=False))
    differ += abs(len(old.chunks) - len(new.chunks))
    return f", {differ} of {count(len(new.chunks), 'chunk')}"


def _against(compared: Compared) -> Iterator[str]:
    said = (
        ("differs   ", compared.different),
        ("not here  ", compared.missing),
        ("unlisted  ", compared.unlisted),
        ("no digest ", compared.unsaid),
    )
    for word, names in said:
        yield from (f"{word} {plain(name) or '(the file)'}" for name in names)
    yield f"{count(len(compared.equal), 'file')} as published"


def _size(number: float) -> str:
    """Return a number of bytes in the unit in which it is short."""
    power = 0
    while number >= 1000 and power < len(_UNITS) - 1:
        number /= 1000
        power += 1
    return f"{number:.1f} {_UNITS[power]}" if power else f"{number:.0f} {_UNITS[0]}"


def _json(options: Any, manifest: Manifest, changes: Difference | None, compared: Compared | None) -> str:
    from weighmaster.trust.manifests.manifest_file import write_manifest

    if changes is None and compared is None:
        return write_manifest(manifest)
    document: dict[str, Any] = {"schema": "weighmaster.digest-check/1", "path": options.path, "tree": manifest.tree}
    if changes is not None:
        document["check"] = {
            "same": not changes,
            "added": [entry.path for entry in changes.added],
            "removed": [entry.path for entry in changes.removed],
            "changed": [{"path": new.path, "was": old.sha256, "is": new.sha256} for old, new in changes.changed],
            "renamed": [{"from": old.path, "to": new.path} for old, new in changes.renamed],
            "ignored": list(changes.ignored),
        }
    if compared is not None:
        document["against"] = {key: list(getattr(compared, key)) for key in compared.__fields__}
    return json.dumps(document, indent=2) + "\n"
