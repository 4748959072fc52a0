"""Shell scripts as commands in pipelines: a bounded lexer, which expands and runs nothing.

Grammar: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html>. What is not known of a word, such
as the value of a variable, stays in it as it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, NamedTuple

from weighmaster.reading.pattern import pattern

LONGEST: Final = 1 << 20
"""Characters that are read."""
_COMMANDS: Final = 20_000
_DEEPEST: Final = 6
_HEREDOC: Final = pattern(r"<<-?[ \t]*(['\"\\]?)([A-Za-z_][A-Za-z0-9_]*)")
_WORDS: Final = frozenset(
    [
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "for",
        "while",
        "until",
        "do",
        "done",
        "case",
        "esac",
        "in",
        "function",
        "time",
        "!",
        "{",
        "}",
        "coproc",
    ]
)


class Command(NamedTuple):
    """The words of a command, the files it is redirected to or from, and the commands whose output is a part of it.

    `assigned` are the variables, each `NAME=value`, that it alone is run with.
    """

    words: tuple[str, ...]
    targets: tuple[tuple[str, str], ...]
    inside: tuple[tuple[Command, ...], ...]
    document: str = ""
    assigned: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The command's name, without its folder and without what only passes it on."""
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def line(self) -> str:
        """The command as one line."""
        return " ".join(self.words)


def pipelines(text: str, depth: int = 0) -> list[tuple[Command, ...]]:
    """Return the pipelines of a script, those inside others as well."""
    reader = _Reader(text[:LONGEST].replace("\\\r\n", "").replace("\\\n", ""), depth)
    reader.read()
    return reader.found


class _Reader:
    def __init__(self, text: str, depth: int) -> None:
        self.found: list[tuple[Command, ...]] = []
        self._text = text
        self._depth = depth
        self._at = 0
        self._pipe: list[Command] = []
        self._begin()
        self._waiting: list[str] = []

    def _begin(self) -> None:
        self._words: list[str] = []
        self._targets: list[tuple[str, str]] = []
        self._inside: list[tuple[Command, ...]] = []
        self._assigned: list[str] = []
        self._word: list[str] = []
        self._open = False
        self._redirect = ""

    def read(self) -> None:
        """Read the text to its end."""
        while self._at < len(self._text) and len(self.found) < _COMMANDS:
            character = self._text[self._at]
            self._at += 1
            act = self._acts.get(character, _Reader._take)
            act(self, character)
        self._end_command(pipe=False)

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    # Characters that mean something.

    def _blank(self, _: str) -> None:
        self._end_word()

    def _comment(self, mark: str) -> None:
        if self._open:
            self._take(mark)
            return
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end

    def _escaped(self, _: str) -> None:
        self._take(self._next())
        self._at += 1

    def _piped(self, _: str) -> None:
        self._end_command(pipe=self._next() != "|")
        self._at += self._next() in {"|", "&"}

    def _and(self, mark: str) -> None:
        if self._next() == ">":
            self._end_word()
        elif self._redirect and not self._open:
            self._take(mark)
        else:
            self._end_command(pipe=False)

    def _dollar(self, mark: str) -> None:
        if self._next() == "(":
            self._substituted(mark)
        else:
            self._take(mark)

    def _brace(self, mark: str) -> None:
        # `a{b,c}` and `${x}` are words, `{ a; }` holds commands.
        if self._open or self._text[self._at - 2 : self._at - 1] == "$":
            self._take(mark)
        else:
            self._end_command(pipe=False)

    def _end(self, mark: str) -> None:
        self._end_command(pipe=False)
        if mark == "\n":
            self._documents()

    def _take(self, text: str) -> None:
        self._word.append(text)
        self._open = True

    def _quoted(self, mark: str) -> None:
        self._open = True
        text, at = self._text, self._at
        if mark == "'":
            end = text.find("'", at)
            end = len(text) if end < 0 else end
            self._word.append(text[at:end])
            self._at = end + 1
            return
        while at < len(text) and text[at] != '"':
            if text[at] == "\\" and text[at + 1 : at + 2] in {'"', "\\", "$", "`"}:
                self._word.append(text[at + 1])
                at += 2
            elif text[at] == "`" or text[at : at + 2] == "$(":
                self._at = at + 1
                self._substituted(text[at])
                at = self._at
            else:
                self._word.append(text[at])
                at += 1
        self._at = at + 1

    def _substituted(self, mark: str) -> None:
        """Take in `$(...)`, a pair of backquotes or `<(...)`: what runs in it, and a mark in the word."""
        text = self._text
        start = self._at if mark == "`" else self._at + 1
        end = text.find("`", start) if mark == "`" else _closing(text, start)
        end = len(text) if end < 0 else end
        inner = text[start:end]
        self._at = end + 1
        if self._depth < _DEEPEST and not inner.startswith("("):
            found = pipelines(inner, self._depth + 1)
            self.found += found
            self._inside += found
        self._take("$()")

    def _redirected(self, mark: str) -> None:
        text = self._text
        if text[self._at : self._at + 1] == "(":
            self._end_word()
            self._substituted(mark)
            return
        is_document = mark == "<" and text[self._at : self._at + 1] == "<" and text[self._at + 1 : self._at + 2] != "<"
        if is_document and (hit := _HEREDOC.match(text, self._at - 1)):
            self._end_word()
            self._waiting.append(hit[2])
            self._at = hit.end() + bool(hit[1] and hit[1] != "\\")
            return
        if self._open and all(map(str.isdigit, self._word)):
            self._word, self._open = [], False
        self._end_word()
        while text[self._at : self._at + 1] in {"<", ">", "|"} and self._at < len(text):
            mark += text[self._at]
            self._at += 1
        self._redirect = mark

    def _documents(self) -> None:
        if not self._waiting:
            return
        lines: list[str] = []
        for name in self._waiting:
            lines = []
            while self._at < len(self._text):
                end = self._text.find("\n", self._at)
                end = len(self._text) if end < 0 else end
                line = self._text[self._at : end]
                self._at = end + 1
                if line.strip() == name:
                    break
                lines.append(line)
        if self.found and self.found[-1]:
            *others, last = self.found[-1]
            self.found[-1] = (*others, last._replace(document="\n".join(lines)))
        self._waiting = []

    def _end_word(self) -> None:
        if not self._open:
            return
        word = "".join(self._word)
        if self._redirect:
            self._targets.append((self._redirect, word))
            self._redirect = ""
        elif not self._words and _is_assignment(word):
            self._assigned.append(word)
        elif self._words or word not in _WORDS:
            self._words.append(word)
        self._word, self._open = [], False

    def _end_command(self, *, pipe: bool) -> None:
        self._end_word()
        if self._words or self._targets or self._inside:
            found = Command(tuple(self._words), tuple(self._targets), tuple(self._inside))
            self._pipe.append(found._replace(assigned=tuple(self._assigned)) if self._assigned else found)
        self._begin()
        if not pipe and self._pipe:
            self.found.append(tuple(self._pipe))
            self._pipe = []

    _acts: ClassVar[dict[str, Callable[[_Reader, str], None]]] = {
        **dict.fromkeys(" \t\r", _blank),
        **dict.fromkeys(";\n()", _end),
        **dict.fromkeys("{}", _brace),
        **dict.fromkeys("'\"", _quoted),
        **dict.fromkeys("<>", _redirected),
        "#": _comment,
        "$": _dollar,
        "&": _and,
        "\\": _escaped,
        "`": _substituted,
        "|": _piped,
    }
    """What each character that is not a part of a word comes to."""


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()


def _closing(text: str, start: int) -> int:
    depth, quote = 1, ""
    for at in range(start, len(text)):
        character = text[at]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if not depth:
                return at
    return -1
