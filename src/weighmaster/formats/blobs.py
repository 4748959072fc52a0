"""What stands encoded in a text: a constant of source code, a value of JSON, a line of a table.

Base64, Base32, hexadecimal, Base85, Ascii85, escapes, lists of numbers, whole or in pieces, one in another: what a
loader could take is an artifact of its own. What is of no known kind, long, and as random as encrypted bytes are, is
told. See `weighmaster.reading.blobs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Inner, Read
from weighmaster.machine.run import plausible
from weighmaster.model.errors import OverBudgetError
from weighmaster.model.package import Blob
from weighmaster.model.where import Member, Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.opening import words
from weighmaster.reading.source import BytesSource, Source

_SHORTEST: Final = 48
_LONGEST: Final = 64 << 20
_HANDED_ON: Final = 1000
_TOLD: Final = 100
"""Blobs of no known kind that are told of one text."""
_LEAST: Final = 1024
_KNOWN: Final = (
    *(b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"RIFF", b"wOFF", b"wOF2", b"\0\1\0\0", b"OTTO", b"%PDF", b"\0asm", b"ID3"),
    *(b"OggS", b"<svg", b"<?xml", b"\0\0\1\0", b"-----BEGIN", b"\0\0\0\x07ssh", b"\0\0\0\x0bssh", b"openssh-key"),
    *(b"BM", b"\x30\x81", b"\x30\x82"),
)
"""Pictures, fonts, documents, keys and certificates: what texts have every reason to carry."""
_FERNET: Final = b"\x80\0\0\0\0"
"""A version and a time of 64 bits: <https://github.com/fernet/spec/blob/master/Spec.md>."""
_BLOCK: Final = 16


def _matches(glance: Glance) -> bool:
    if not _SHORTEST <= glance.size <= _LONGEST or b"\0" in glance.head:
        return False
    return bool(_found(glance.source))


_Held = Blob | tuple[Blob, bytes] | OverBudgetError
_last: list[tuple[Source, list[_Held]]] = []


def _found(source: Source) -> list[_Held]:
    """Return what a text holds, looked for once: blobs, the bytes of those that are handed on, why no more."""
    if not (_last and _last[0][0] is source):
        found: list[_Held] = []
        try:
            found.extend(_blobs(source.read_at(0, source.size), words(source)))
        except OverBudgetError as error:
            found.append(error)
        _last[:] = [(source, found)]
    return _last[0][1]


def _blobs(text: bytes, said: bytes) -> Iterator[Blob | tuple[Blob, bytes]]:
    from weighmaster.reading.blobs import found_in
    from weighmaster.reading.chance import entropy

    told = 0
    here = Where.file("")
    for found in found_in(text, plausible, said):
        size = found.end - found.at
        if found.loadable:
            blob = Blob(where=here / Member(name=f"{found.form} at {found.at}"), form=found.form.partition(",")[0],
                        size=size, entropy=f"{entropy(found.data[:_LEAST]):.2f}", detail=found.form)  # fmt: skip
            yield blob, found.data
        elif len(found.data) >= _LEAST and told < _TOLD and (what := _unknown(found.data)):
            told += 1
            yield Blob(where=here.span(found.at, found.end), form="opaque", size=size,
                       entropy=f"{entropy(found.data[: 64 * _LEAST]):.2f}", detail=f"{found.form}, {what}")  # fmt: skip


def _unknown(data: bytes) -> str:
    """Return what bytes of no known kind are, or nothing where nothing can be said."""
    from weighmaster.reading.chance import by_chance

    if data.startswith(_FERNET) and (len(data) - 57) % _BLOCK == 0:
        return "a token of Fernet"
    if data.startswith(b"Salted__"):
        return "a file of openssl enc"
    return "as random as encrypted bytes" if not data.startswith(_KNOWN) and by_chance(data[: 64 * _LEAST]) else ""


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    cursor.budget.hold(cursor.size)
    for count, found in enumerate(_found(cursor.source)):
        cursor.budget.check_time()
        if count >= _HANDED_ON:
            raise OverBudgetError(f"text: more than {_HANDED_ON} encoded artifacts")
        if isinstance(found, OverBudgetError):
            raise found
        blob, data = found if isinstance(found, tuple) else (found, None)
        place = Where(root=where.root, steps=(*where.steps, *blob.where.steps))
        yield Blob(where=place, form=blob.form, size=blob.size, entropy=blob.entropy, detail=blob.detail)
        if data is not None:
            yield Inner(place, lambda data=data: BytesSource(data))  # type: ignore[misc]


FORMAT: Final = Format(id="blobs", title="Something else, encoded in a text", matches=_matches, read=_read, layer=True)
