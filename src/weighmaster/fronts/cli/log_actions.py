"""What `weighmaster log` does: one function an action. See `log` for what each understands."""

from __future__ import annotations

import functools
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import Final

from weighmaster.extend.showing import count
from weighmaster.fronts.cli import log_options as given
from weighmaster.fronts.cli import log_words as words
from weighmaster.fronts.cli.status import ALLOWED, BLOCKED
from weighmaster.model.errors import ConfigError, TrustError
from weighmaster.trust.evidence.keeping import read_config, read_evidence, write_whole
from weighmaster.trust.log import checkpoint as checkpoints
from weighmaster.trust.log import find, note, proof, record
from weighmaster.trust.log import witness as witnesses
from weighmaster.trust.log.audit import audit
from weighmaster.trust.log.book import Log
from weighmaster.trust.log.checkpoint import Checkpoint
from weighmaster.trust.log.merkle import entries as entries_of
from weighmaster.trust.log.note import COSIGNATURE, VerifierKey
from weighmaster.trust.log.store import Store
from weighmaster.trust.log.tiles import LONGEST_ENTRY

_SHOWN: Final = 20


def init(options: Namespace) -> int:
    """Begin a log."""
    signer = given.signer(options)
    log = Log.create(given.store(options.log), signer, options.origin)
    key = str(VerifierKey.of(options.origin, signer.key))
    if options.output_file:
        write_whole(options.output_file, f"{key}\n".encode(), force=options.force)
    lines = [("began", log.address), ("origin", log.checkpoint.origin), ("key", key)]
    said = "whoever verifies the log is given this key (--public-key)"
    return _answer(options, {**words.of_checkpoint(log.checkpoint), "key": key}, [*lines, ("", said)])


def append(options: Namespace) -> int:
    """Append claims and files."""
    signer, store = given.signer(options), given.store(options.log)
    keys = [VerifierKey.of(given.claimed(store).origin, signer.key)]
    log = Log.open(store, keys)
    entries, claims = _entries(options)
    with given.memory(options, keys) as memory:
        if memory is not None:
            memory.seen(log)
        fresh = entries if options.again else _fresh(log, entries)
        if options.keep:
            for claim in claims:
                log.keep(find.kept(claim), claim)
        first = log.append(fresh, signer)
        if memory is not None:
            memory.seen(log)
    known = len(entries) - len(fresh)
    lines = [words.entry(number, entry) for number, entry in enumerate(fresh[:_SHOWN], first)]
    lines += [("", f"and {entries_of(len(fresh) - _SHOWN)} more")] if len(fresh) > _SHOWN else []
    lines += [("", f"{known} in the log already (--again appends them once more)")] if known else []
    document = {**words.of_checkpoint(log.checkpoint), "first": first, "appended": len(fresh), "known": known}
    return _answer(options, document, [*lines, *words.checkpoint(log.checkpoint)])


def verify(options: Namespace) -> int:
    """Verify all of a log."""
    store = given.store(options.log)
    keys, seers = given.trusted(options, lambda: given.claimed(store))
    found = audit(store, keys, seers, options.threshold)
    if found.holds:
        with given.memory(options, keys) as memory:
            if memory is not None:
                memory.seen(Log(store, keys, found.checkpoint))
    _answer(options, words.of_audit(found), words.audited(found))
    return ALLOWED if found.holds else BLOCKED


def prove(options: Namespace) -> int:
    """Write proofs."""
    log = _opened(options)
    if (options.entry is None) == (options.claims is None):
        raise ConfigError("name one entry, or --claims FILE")
    text, path = _one(log, options.entry) if options.claims is None else _each(log, options.claims)
    path = options.output_file or path
    write_whole(path, text, force=options.force)
    document = {**words.of_checkpoint(log.checkpoint), "proof": path}
    return _answer(options, document, [("proof", path), *words.checkpoint(log.checkpoint)])


def check_proof(options: Namespace) -> int:
    """Verify proofs."""
    raw = given.named(options.proof)
    if proof.is_growth(raw):
        return _check_growth(options, raw)
    parts = [raw] if options.claims is None else raw.splitlines()
    held = [proof.read_proof(one, options.proof) for one in parts if one.strip()]
    if not held:
        raise TrustError(f"{options.proof} holds no proof")
    keys, seers = given.trusted(options, lambda: checkpoints.claimed(held[0].checkpoint))
    check = functools.partial(proof.verify_proof, log_public_keys=keys, witnesses=seers, threshold=options.threshold)
    if options.claims is not None:
        return _check_claims(options, held, check)
    it = held[0]
    entry = given.named(options.file) if options.file else it.extra
    if not entry:
        raise ConfigError("the proof does not carry what was logged: name the file")
    found = check(it, entry)
    said = record.read(it.extra)
    lines = [("holds", f"entry {it.index} of {found.size}"), *words.logged(said)]
    if not options.file:
        lines.append(("", "no file was compared: the record is in the log, whatever it is of"))
    document = {"index": it.index, "compared": bool(options.file), "record": words.of_record(said)}
    return _answer(options, words.of_checkpoint(found) | document, [*lines, *words.checkpoint(found)])


def consistency(options: Namespace) -> int:
    """Prove that a log only grew."""
    store = given.store(options.log)
    keys, _ = given.trusted(options, lambda: given.claimed(store))
    old, log = given.old_checkpoint(options, keys), Log.open(store, keys)
    growth = proof.Growth(old=old.size, path=log.consistency(old), checkpoint=log.checkpoint.note)
    lines = [("grew", f"from {old.size} to {entries_of(log.checkpoint.size)}")]
    if options.output_file:
        write_whole(options.output_file, growth.text(), force=options.force)
        lines.append(("proof", options.output_file))
    document = {**words.of_checkpoint(log.checkpoint), "old": old.size, "proof": options.output_file}
    return _answer(options, document, [*lines, *words.checkpoint(log.checkpoint)])


def witness(options: Namespace) -> int:
    """Remember a log, and cosign it."""
    signer = given.signer(options)
    own = VerifierKey.of(options.name, signer.key, COSIGNATURE)
    now = int(time.time()) if options.time is None else options.time
    look = _look_at_proof if os.path.isfile(options.log) else _look_at_log
    keys, seen, write = look(options)
    checkpoints.check(keys, [own], 1)
    with witnesses.memory(options.state, keys, new=options.new) as memory:
        before = memory.known
        cosigned = witnesses.cosign(seen(memory), signer, options.name, now)
    write(cosigned)
    found = checkpoints.verified(cosigned.note, keys, [own])
    grew = "first seen" if before is None else f"grown from {before.size}"
    lines = [("cosigned", f"{entries_of(found.size)}, {grew}"), *words.checkpoint(found), ("key", str(own))]
    document = {"before": None if before is None else before.size, "key": str(own)}
    return _answer(options, words.of_checkpoint(found) | document, lines)


def cosign(options: Namespace) -> int:
    """Add cosignatures to a log's checkpoint."""
    store = given.store(options.log)
    keys, seers = given.trusted(options, lambda: given.claimed(store))
    if not seers:
        raise ConfigError("whose signature it is must be said: --witness KEY")
    log = Log.open(store, keys)
    cosigned = checkpoints.verified(given.named(options.file, note.LONGEST), keys, what=options.file)
    log.replace_checkpoint(checkpoints.merged(log.checkpoint, cosigned, seers))
    found = checkpoints.verified(log.checkpoint.note, keys, seers, 0)
    return _answer(options, words.of_checkpoint(found), words.checkpoint(found))


def show(options: Namespace) -> int:
    """Show a log."""
    if not options.public_key:
        if options.entry is not None:
            raise ConfigError("an entry is shown once it is proven to be in the log: --public-key KEY")
        claimed = given.claimed(given.store(options.log))
        lines = [*words.checkpoint(claimed), ("", "not verified: no --public-key was given")]
        return _answer(options, {**words.of_checkpoint(claimed), "verified": False}, lines)
    log = _opened(options)
    if options.entry is not None:
        sys.stdout.buffer.write(log.entry(options.entry))
        return 0
    start = max(0, log.checkpoint.size - max(0, options.last))
    entries = [(number, log.entry(number)) for number in range(start, log.checkpoint.size)]
    shown = [
        {"index": number, "size": len(one), "record": words.of_record(record.read(one))} for number, one in entries
    ]
    lines = [words.entry(number, one) for number, one in entries]
    document = {**words.of_checkpoint(log.checkpoint), "verified": True, "entries": shown}
    return _answer(options, document, [*lines, *words.checkpoint(log.checkpoint)])


def _answer(options: Namespace, document: dict[str, object], lines: words.Rows) -> int:
    if options.output == "json":
        words.document(document)
    else:
        words.rows(lines)
    return 0


def _opened(options: Namespace) -> Log:
    """Return a log that is signed and cosigned as the options want it."""
    store = given.store(options.log)
    keys, seers = given.trusted(options, lambda: given.claimed(store))
    log = Log.open(store, keys)
    log.checkpoint = checkpoints.verified(log.checkpoint.note, keys, seers, options.threshold)
    return log


def _entries(options: Namespace) -> tuple[list[bytes], list[bytes]]:
    """Return what is to be appended, and the claims themselves."""
    now = int(time.time()) if options.time is None else options.time
    claims = [line for path in options.claims for line in given.lines(path)]
    entries = [record.of_claim(line, now) for line in claims]
    entries += [record.of_file(_name(path), *given.digest(path), now) for path in options.files]
    entries += [read_config(path, most=LONGEST_ENTRY) for path in options.raw]
    if not entries:
        raise ConfigError("there is nothing to append: name a file, --claims FILE or --raw FILE")
    return entries, claims


def _name(path: str) -> str:
    return os.path.basename(os.path.abspath(path))


def _fresh(log: Log, entries: Sequence[bytes]) -> list[bytes]:
    """Return the entries that no record in the log, nor an earlier one of them, is of already."""
    known = set(find.numbers(log, [said.sha256 for entry in entries if (said := record.read(entry))]))
    fresh = []
    for entry in entries:
        said = record.read(entry)
        if said is None or said.sha256 not in known:
            fresh.append(entry)
        known.add(said.sha256 if said else "")
    return fresh


def _one(log: Log, entry: str) -> tuple[bytes, str]:
    """Return the proof of an entry, and where it goes."""
    if entry.isascii() and entry.isdigit() and not os.path.exists(entry):
        return proof.prove(log, int(entry[:20])).text(), f"entry-{entry[:20]}.tlog-proof"
    sha256, size = given.digest(entry)
    number = find.numbers(log, [sha256]).get(sha256)
    if number is None and size <= LONGEST_ENTRY:
        number = find.raw(log, read_config(entry, most=LONGEST_ENTRY))
    if number is None:
        raise TrustError(f"{entry} is not in the log")
    return proof.prove(log, number).text(), f"{entry}.tlog-proof"


def _each(log: Log, claims: str) -> tuple[bytes, str]:
    """Return the proofs of all claims in a file, and where they go."""
    digests = [given.sha256(line) for line in given.lines(claims)]
    numbers = find.numbers(log, digests)
    if missing := [digest for digest in digests if digest not in numbers]:
        verb = "is" if len(missing) == 1 else "are"
        raise TrustError(f"{len(missing)} of {count(len(digests), 'claim')} in {claims} {verb} not in the log")
    text = b"".join(proof.prove(log, numbers[digest]).json() + b"\n" for digest in digests)
    return text, f"{claims.removesuffix('.jsonl')}.proofs.jsonl"


def _check_growth(options: Namespace, raw: bytes) -> int:
    growth = proof.read_growth(raw, options.proof)
    if not options.old:
        raise ConfigError("which checkpoint the log has grown from must be given: --from CHECKPOINT")
    keys, seers = given.trusted(options, lambda: checkpoints.claimed(growth.checkpoint))
    old = given.old_checkpoint(options, keys)
    new = checkpoints.verified(growth.checkpoint, keys, seers, options.threshold)
    growth.verify(old, new)
    lines = [("holds", f"grown from {old.size} to {entries_of(new.size)}"), *words.checkpoint(new)]
    return _answer(options, {**words.of_checkpoint(new), "old": old.size}, lines)


def _check_claims(
    options: Namespace, held: Sequence[proof.Proof], check: Callable[[proof.Proof, bytes], Checkpoint]
) -> int:
    proofs = {said.sha256: one for one in held if (said := record.read(one.extra)) is not None}
    claims = given.lines(options.claims)
    found: dict[bytes, Checkpoint] = {}
    for number, line in enumerate(claims, 1):
        if (one := proofs.get(given.sha256(line))) is None:
            raise TrustError(f"{options.claims}, line {number}: there is no proof that it is in a log")
        checked = check(one, line)
        found[checked.note] = checked
    lines = [("holds", f"{count(len(claims), 'claim')} in the log")]
    lines += [row for checked in found.values() for row in words.checkpoint(checked)]
    logs = [words.of_checkpoint(checked) for checked in found.values()]
    return _answer(options, {"claims": len(claims), "logs": logs}, lines)


_Look = tuple[list[VerifierKey], Callable[[witnesses.Memory], Checkpoint], Callable[[Checkpoint], None]]
"""The log's keys, what makes a memory see the log, and what puts the cosigned checkpoint where it goes."""


def _look_at_proof(options: Namespace) -> _Look:
    growth = proof.read_growth(read_evidence(options.log, most=proof.LONGEST), options.log)
    if not options.output_file:
        raise ConfigError("a proof is no log to write to: --output-file FILE takes the cosigned checkpoint")
    keys, _ = given.trusted(options, lambda: checkpoints.claimed(growth.checkpoint))
    return keys, lambda memory: memory.told(growth), functools.partial(_write_checkpoint, options)


def _look_at_log(options: Namespace) -> _Look:
    store: Store = given.store(options.log)
    keys, _ = given.trusted(options, lambda: given.claimed(store))
    log = Log.open(store, keys)

    def seen(memory: witnesses.Memory) -> Checkpoint:
        memory.seen(log)
        return log.checkpoint

    return keys, seen, functools.partial(_write_checkpoint, options) if options.output_file else log.replace_checkpoint


def _write_checkpoint(options: Namespace, cosigned: Checkpoint) -> None:
    write_whole(options.output_file, cosigned.note, force=options.force)
