"""Files that say that they are encrypted: age, OpenPGP, OpenSSL, Fernet, Ansible Vault, AES Crypt, LUKS, VimCrypt.

Nothing in them can be read without the key, and whoever decrypts them decides what they are.

Specifications: <https://age-encryption.org/v1>, <https://www.rfc-editor.org/rfc/rfc9580> (6.2, armor),
<https://docs.openssl.org/3.0/man1/openssl-enc/>, <https://github.com/fernet/spec/blob/master/Spec.md>,
<https://docs.ansible.com/ansible/latest/vault_guide/vault_using_encrypted_content.html>,
<https://www.aescrypt.com/aes_file_format.html>.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weighmaster.extend.format import Format, Glance, Read
from weighmaster.model.package import Blob
from weighmaster.model.report import Gap, GapReason
from weighmaster.model.where import Where
from weighmaster.reading.cursor import Cursor
from weighmaster.reading.pattern import pattern

_BEGINS: Final = (
    (b"Salted__", "openssl enc"),
    (b"U2FsdGVkX1", "openssl enc"),
    (b"age-encryption.org/v1\n", "age"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "age"),
    (b"-----BEGIN PGP MESSAGE-----", "OpenPGP"),
    (b"$ANSIBLE_VAULT;", "Ansible Vault"),
    (b"AES\x02", "AES Crypt"),
    (b"AES\x03", "AES Crypt"),
    (b"LUKS\xba\xbe", "LUKS"),
    (b"VimCrypt~", "Vim"),
)
_FERNET: Final = pattern(rb"gAAAA[AB][A-Za-z0-9_-]{90,}={0,2}\s*")
"""A version, a time before the year 2514, an initial vector, at least one block, a signature."""
_PLAIN: Final = 57
_BLOCK: Final = 16


def _matches(glance: Glance) -> bool:
    return _by(glance.head, glance.size) != ""


def _by(head: bytes, size: int) -> str:
    for begin, by in _BEGINS:
        if head.startswith(begin):
            return by
    text = head.rstrip()
    if not _FERNET.fullmatch(text):
        return ""
    # What was read may be the beginning of a longer token.
    letters = len(text.rstrip(b"=")) if size <= len(head) else _PLAIN * 4 // 3
    return "" if (letters * 3 // 4 - _PLAIN) % _BLOCK else "Fernet"


def _read(cursor: Cursor, where: Where) -> Iterator[Read]:
    from weighmaster.reading.chance import sampled

    by = _by(cursor.source.read_at(0, 4096), cursor.size)
    bits, _ = sampled(cursor.source)
    yield Blob(where=where, form="encrypted", size=cursor.size, entropy=f"{bits:.2f}", detail=by)
    yield Gap(where=where, reason=GapReason.ENCRYPTED, detail=f"encrypted by {by}")


FORMAT: Final = Format(id="encrypted", title="Encrypted file", matches=_matches, read=_read)
