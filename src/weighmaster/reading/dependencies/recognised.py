"""Whether a text is a file of requirements, told by its lines as pip sees them: decoded, joined, without comments.

Format: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.where import Member, Where
from weighmaster.reading.dependencies.pip import lines
from weighmaster.reading.opening import after_comments, significant
from weighmaster.reading.pattern import pattern
from weighmaster.reading.source import Source

LONGEST: Final = 4 << 20
"""Bytes of a file of requirements that is read."""
_HEAD: Final = 4096
_SHARE: Final = 5
"""One line of so many at most may be none."""
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\s*\[[^\]\n]*\])?"
_LINE: Final = pattern(
    r"(?:" + _NAME + r"\s*\(?(?:(?:[<>=!~]=?=?|===)\s*[\w.*+!-]+\s*,?\s*)*\)?\s*(?:;[^\n]*)?(?:\s--?[\w-]+[= ]\S+)*"
    r"|" + _NAME + r"\s*@\s*\S+[^\n]*"
    r"|-(?:[riefcC]\S*|-[a-z-]+)(?:[ =\t][^\n]*)?|(?:git|hg|svn|bzr)\+\S+[^\n]*|(?:https?|ftp|file)://\S+[^\n]*"
    r"|\.{1,2}/\S*(?:\[[^\]\n]*\])?|/\S+\.(?:whl|zip|tar\.gz)|[\w.-]+\.whl)\s*",
    re.IGNORECASE,
)
_LOOSE: Final = pattern(
    r"--?[A-Za-z\"'\\][^\n]*|\$\{[A-Z0-9_]+\}[^\n]*|(?:[\w.~-]+|[A-Za-z]:)?[/\\][^\s]+|\.{1,2}(?:\[[^\]\n]*\])?"
    r"|" + _NAME + r"[^\n]*\s--?[a-z-]+[= ][^\n]*"
)
"""Lines that only somebody who knows the name of the file takes for requirements."""
_TELLS: Final = pattern(r"[<>=~]=|^\s*-|://|\s@\s|^\.{1,2}/", re.MULTILINE)
_ARCHIVE: Final = pattern(r"\.(?:whl|zip|tar\.\w+|tgz)\b|[#&]egg=|[#&](?:sha256|subdirectory)=", re.IGNORECASE)
_CODING: Final = pattern(rb"\A(?:#[^\n]*\n)?#[^\n]*?coding[:=]\s*([-\w.]+)")
_PLAIN: Final = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-8-sig"})
"""Encodings in which ASCII stands for itself."""
_SLOW: Final = frozenset({"idna", "punycode"})
_CALLED: Final = pattern(r"(?:^|.*[/_.-])(?:requirements?|constraints?|reqs?|deps?)(?:[_.-].*)?\.(?:txt|in|pip)$")
_FOLDER: Final = pattern(r"(?:^|.*/)requirements/[^/]+\.(?:txt|in)$")


def decoded(data: bytes) -> str:
    r"""Return the text of a file as pip decodes it: what it says of its encoding counts (PEP 263).

    >>> decoded(b"# coding: utf-7\n+AC0-r x.txt")
    '# coding: utf-7\n-r x.txt'

    Raises:
        UnreadableError: it is in an encoding that is not read here.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    name = _encoding(data)
    if name in _SLOW:
        raise UnreadableError(f"requirements in the encoding {name}")
    return data.decode(name, "replace")


def _encoding(data: bytes) -> str:
    hit = _CODING.match(data[:_HEAD])
    try:
        found = codecs.lookup(hit[1].decode()) if hit else None
    except (LookupError, UnicodeDecodeError):
        return "utf-8"  # pip stops there.
    return found.name if found is not None and found._is_text_encoding else "utf-8"  # noqa: SLF001


def _opening(source: Source) -> str:
    """Return the first lines of a text, from one that says something on."""
    first = source.read_at(0, min(source.size, _HEAD))
    if _encoding(first) in _PLAIN:
        said = significant(source) or (after_comments(first) if source.size > LONGEST else b"")
        return (said if len(said) <= _HEAD else said[:_HEAD].rpartition(b"\n")[0]).decode("utf-8", "replace")
    try:
        return decoded(first)
    except (UnreadableError, UnicodeDecodeError):
        return ""


def _said(text: str) -> Iterator[str]:
    return (line for _, line in lines(text) if line)


def is_certain(source: Source) -> bool:
    """Say whether a text can only be requirements, whatever it is called."""
    head = source.read_at(0, min(source.size, _HEAD))
    if b"\0" in head:
        return False
    if _encoding(head) in _PLAIN:
        # Most texts are none in their first line.
        first = (significant(source) or after_comments(head))[:500].partition(b"\n")[0].decode("utf-8", "replace")
        if not _LINE.fullmatch(first.partition(" #")[0].strip().removesuffix("\\")):
            return False
    found = list(_said(_opening(source)))
    if not any(_TELLS.search(line) for line in found):
        return False
    if all(line.startswith(("http://", "https://")) and not _ARCHIVE.search(line) for line in found):
        return False  # A list of addresses, of mirrors for one.
    return all(_LINE.fullmatch(line) is not None for line in found)


def is_possible(source: Source) -> bool:
    """Say whether a text may be requirements, if it is called so."""
    head = source.read_at(0, min(source.size, _HEAD))
    if b"\0" in head:
        return False
    if source.size > LONGEST and not after_comments(head):
        return True  # Whatever stands behind so much of nothing.
    if _encoding(head) in _SLOW:
        return True
    # pip stops at a line that is none: most must be, and of most texts the first few are not.
    text = _opening(source)
    most = len(text.splitlines())
    count, others = 0, 0
    for line in _said(text):
        count += 1
        others += _LINE.fullmatch(line) is None and _LOOSE.fullmatch(line) is None
        if _SHARE * others > most:
            return False
    return count > 0 and _SHARE * others <= count


def is_called_so(where: Where) -> bool:
    """Say whether a file is called as requirements are."""
    last = where.steps[-1] if where.steps else None
    name = (last.name if isinstance(last, Member) else "" if where.steps else where.root).replace("\\", "/").casefold()
    return _CALLED.match(name) is not None or _FOLDER.match(name) is not None


def check_size(size: int) -> None:
    """Refuse what is too long to be read.

    Raises:
        OverBudgetError: it is.
    """
    if size > LONGEST:
        raise OverBudgetError(f"{size} bytes of requirements, {LONGEST} allowed")
