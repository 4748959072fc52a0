"""`weighmaster convert`: tensors out of a file that would have to be run, into one that holds nothing else."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from weighmaster.extend.showing import plain
from weighmaster.fronts.cli import trusting
from weighmaster.fronts.cli.parsing import Parser
from weighmaster.fronts.cli.progress import Progress
from weighmaster.model.errors import ConfigError, EncryptedError, OverBudgetError, TrustError, UnreadableError

if TYPE_CHECKING:
    from weighmaster.conversion.convert import Conversion, Wanted
    from weighmaster.conversion.folder import Folder
    from weighmaster.conversion.plan import Left
    from weighmaster.trust.identities.keys import Signer

_EPILOG: Final = """\
Nothing of SOURCE is run: neither its pickle nor a function that the pickle names.
What is converted: PyTorch's files in all three layouts, pickles and joblib's files of arrays, .npy and .npz.
exit status:
  0  every tensor is carried over
  1  refused: it is broken, lies about its tensors, or changed while it was read
  2  wrong use
  3  some tensors could not be carried over: they are listed
examples:
  weighmaster convert model.pt model.safetensors
  weighmaster convert checkpoint.ckpt model.safetensors --select state_dict
  weighmaster convert model.pt model.safetensors --key private.pem    signs from which file it was made
  weighmaster convert folder converted                                each file of weights, and the index of shards"""
_LAYOUTS: Final = {
    "torch-zip": "PyTorch (zip)",
    "torchscript": "TorchScript",
    "torch-legacy": "PyTorch (stacked pickles)",
    "torch-tar": "PyTorch (tar)",
    "npz": "NumPy (.npz)",
    "npy": "NumPy (.npy)",
    "joblib": "joblib",
    "pickle": "pickle",
}
_FEW: Final = 10
_NAMES: Final = 6
_LEFT_OUT: Final = 3
_REFUSED: Final = 1


def parser() -> Parser:
    """Return what `convert` understands."""
    it = Parser(
        prog="weighmaster convert",
        description="Convert a file of tensors into a safetensors file, without running it.",
        epilog=_EPILOG,
    )
    it.add_argument("source", metavar="SOURCE", help="a file, or a folder of files")
    it.add_argument("target", metavar="TARGET", help="the safetensors file to write, or the folder to write into")
    it.add_argument("--select", metavar="PATH", default="", help="take this part only, by the names in it: state_dict")
    it.add_argument(
        "--shared",
        choices=("all", "first"),
        default="all",
        help="write equal tensors under each of their names, or once, as the reference library's save_model does",
    )
    it.add_argument("--keep-values", action="store_true", help="keep numbers and short texts, as metadata")
    it.add_argument("--digests", action="store_true", help="take the SHA-256 of both files")
    it.add_argument("--force", action="store_true", help="replace what is there")
    it.add_argument("--key", metavar="PEM", help="sign from which file it was made: a line of TARGET.claims.jsonl")
    trusting.add_password(it)
    it.add_argument("--public-key", metavar="PEM", help="the public half of a key at an address")
    it.add_argument("-o", "--output", choices=("text", "json"), default="text", help="what to write (default: text)")
    it.add_argument("-v", "--verbose", action="store_true", help="list all that is not carried over")
    it.add_argument("-q", "--quiet", action="store_true", help="say nothing but what goes wrong")
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    options = parser().parse_args(arguments)
    if not os.path.lexists(options.source):
        raise ConfigError(f"no such file or folder: {options.source}")
    try:
        return _folder(options) if os.path.isdir(options.source) else _file(options)
    except (UnreadableError, OverBudgetError, EncryptedError, TrustError) as error:
        sys.stderr.write(f"weighmaster: refused: {plain(str(error))}\n")
        return _REFUSED


def _wanted(options: Any, progress: Progress) -> Wanted:
    from weighmaster.conversion.convert import Wanted

    return Wanted(
        select=options.select,
        shared=options.shared,
        keep_values=options.keep_values,
        force=options.force,
        digests=options.digests or bool(options.key),
        told=progress.bytes,
    )


def _signer(options: Any) -> Signer | None:
    """Return who signs. A key that is of no use is found out before the work, not after it."""
    if not options.key:
        return None
    from weighmaster.trust.signing.door import signer_at

    return signer_at(options.key, password=trusting.password(options), public_key=options.public_key)


def _file(options: Any) -> int:
    from weighmaster.conversion.convert import convert

    signer, started = _signer(options), datetime.now(UTC)
    with Progress(sys.stderr, quiet=options.quiet, doing="converting") as progress:
        wanted = _wanted(options, progress)
        done = convert(options.source, options.target, wanted)
    claims = _claimed(done, wanted, signer, started) if signer else ""
    if options.output == "json":
        _print_json(_document(done, claims))
    elif not options.quiet:
        _print(_lines(done, claims, verbose=options.verbose))
    return _LEFT_OUT if done.missing else 0


def _folder(options: Any) -> int:
    from weighmaster.conversion.folder import convert_folder

    signer, started = _signer(options), datetime.now(UTC)
    claims: dict[str, str] = {}
    with Progress(sys.stderr, quiet=options.quiet, doing="converting") as progress:
        wanted = _wanted(options, progress)

        def claim(done: Conversion) -> None:
            if signer is not None:
                claims[done.target] = _claimed(done, wanted, signer, started)

        folder = convert_folder(options.source, options.target, wanted, claim)
    if options.output == "json":
        files = [_document(done, claims.get(done.target, "")) for done in folder.files]
        _print_json({"files": files, "skipped": dict(folder.skipped), "indexes": list(folder.indexes)})
    elif not options.quiet:
        _print(_folder_lines(folder, claims, options))
    if not folder.files:
        sys.stderr.write(f"weighmaster: refused: nothing in {plain(options.source)} could be converted\n")
        return _REFUSED
    return _LEFT_OUT if any(done.missing for done in folder.files) else 0


def _claimed(done: Conversion, wanted: Wanted, signer: Signer, started: datetime) -> str:
    from weighmaster.conversion.claim import claim

    return claim(done, wanted, signer, started=started, finished=datetime.now(UTC))


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        sys.stdout.write(plain(line) + "\n")


def _folder_lines(folder: Folder, claims: dict[str, str], options: Any) -> Iterator[str]:
    for done in folder.files:
        yield from _lines(done, claims.get(done.target, ""), verbose=options.verbose, alone=False)
        yield ""
    for index in folder.indexes:
        yield f"{index}: the index, written anew"
    for name, why in folder.skipped:
        yield f"{name}: not converted: {why}"
    if not claims and folder.files:
        yield "No claim was written: --key private.pem signs from which files these were made."


def _lines(done: Conversion, claims: str, *, verbose: bool, alone: bool = True) -> Iterator[str]:
    yield f"{done.source} -> {done.target}"
    yield f"  read as    {_LAYOUTS.get(done.layout, done.layout)}; nothing of it was run"
    yield f"  tensors    {len(done.written):,}, {_bytes(done.numbers)}; compared with the source as they lie there"
    if done.source_sha256:
        yield f"  source     sha256 {done.source_sha256}"
        yield f"  target     sha256 {done.target_sha256}"
    if done.aliases:
        yield f"  once       {_some([f'{alias} (is {kept})' for alias, kept in done.aliases], verbose=verbose)}"
    elif done.shared:
        groups = [" = ".join(group[:_NAMES]) for group in done.shared]
        yield f"  shared     {_some(groups, verbose=verbose)}: numbers in common, written under each name"
    for name, own in done.renamed[: None if verbose else _FEW]:
        yield f"  renamed    {name} is taken: written as {own}"
    if done.values:
        yield f"  values     {done.values} numbers and texts are kept as metadata"
    yield from _left(done, verbose=verbose)
    if done.names:
        yield f"  named      {_some(done.names, verbose=verbose)}: not needed, and not run"
    if done.wrapper:
        yield f"  hint       all names begin with {done.wrapper}.: --select {done.wrapper} takes that away"
    if claims:
        yield f"  claim      added to {claims}"
    elif alone:
        yield "  claim      none was written: --key private.pem signs from which file this was made"


def _left(done: Conversion, *, verbose: bool) -> Iterator[str]:
    forms = [left for left in done.left if left.kind == "form"]
    others = sorted((left for left in done.left if left.kind != "form"), key=lambda left: left.kind != "tensor")
    for title, listed in (("otherwise", forms), ("left out", others)):
        shown = listed if verbose else listed[:_FEW]
        width = min(max((len(left.path) for left in shown), default=0), 40)
        for number, left in enumerate(shown):
            yield f"  {title if number == 0 else '':<10} {_one(left, width, verbose=verbose)}".rstrip()
        if len(shown) < len(listed):
            kinds = Counter(left.kind for left in listed[len(shown) :])
            counted = ", ".join(f"{count} of the kind {kind}" for kind, count in sorted(kinds.items()))
            yield f"  {'':<10} … and {len(listed) - len(shown)} more ({counted}); --verbose lists them"
    if done.left_count > len(done.left):
        yield f"  {'':<10} … and {done.left_count - len(done.left)} that are not listed"


def _one(left: Left, width: int, *, verbose: bool) -> str:
    place = f"  at {left.place}" if verbose and left.place else ""
    word = "TENSOR: " if left.kind == "tensor" else ""
    return f"{left.path or '.':<{width}}  {word}{left.detail}{place}"


def _some(names: Sequence[str], *, verbose: bool) -> str:
    shown = names if verbose else names[:_NAMES]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(shown) < len(names) else "")


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _document(done: Conversion, claims: str) -> dict[str, Any]:
    return {
        "source": done.source,
        "target": done.target,
        "layout": done.layout,
        "sourceSize": done.source_size,
        "sourceSha256": done.source_sha256 or None,
        "targetSize": done.target_size,
        "targetSha256": done.target_sha256 or None,
        "tensors": len(done.written),
        "tensorBytes": done.numbers,
        "shared": [list(group) for group in done.shared],
        "aliases": dict(done.aliases),
        "renamed": [{"name": name, "as": own} for name, own in done.renamed],
        "valuesKept": done.values,
        "left": [{"path": x.path, "kind": x.kind, "detail": x.detail, "place": x.place or None} for x in done.left],
        "leftCount": done.left_count,
        "namesNotRun": list(done.names),
        "claims": claims or None,
    }


def _print_json(document: dict[str, Any]) -> None:
    import json

    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")
