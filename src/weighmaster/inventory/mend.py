"""Rewrites the calls that can be made safe without changing what they mean: a commit for a repository, weights only.

1. The call is found again where it stood, and nothing in it moves: one argument is added behind the last, or a revision
   that names a branch becomes the commit.
2. The name that is pinned is written in the call, or is a name that the file sets once: nobody may hand over another.
3. What comes out is parsed again. It must be the same program but for what was added; else the file is left alone.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from weighmaster.knowledge.loads.load_targets import is_commit, option, place_of, repository
from weighmaster.knowledge.loads.loads import loader
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.package import Load
from weighmaster.model.value import Value
from weighmaster.reading.python.source import LONGEST, parsed

_ENOUGH: Final = 2


class Mended(Value):
    """A file, as it was and as it shall be; `count` calls are changed."""

    path: str
    before: bytes
    after: bytes
    count: int

    def diff(self) -> str:
        """Return the change as a unified diff."""
        old, new = (data.decode("utf-8").splitlines(keepends=True) for data in (self.before, self.after))
        lines = difflib.unified_diff(old, new, f"a/{self.path}", f"b/{self.path}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


class _Edit(NamedTuple):
    """Bytes that take the place of those between two offsets, and the argument that they are."""

    begin: int
    end: int
    text: bytes
    call: ast.Call
    name: str


def mended(path: str, data: bytes, loads: Sequence[Load], commits: Mapping[tuple[str, str], str]) -> Mended | None:
    """Return a file of source with its calls made safe, or None where none can be."""
    if len(data) > LONGEST or data.startswith(b"\xef\xbb\xbf"):
        return None
    try:
        tree = parsed(data.decode("utf-8"))
    except (UnicodeDecodeError, UnreadableError, OverBudgetError):
        return None
    source = _Source(data, tree)
    edits = list(_apart(source.edits(loads, commits)))
    if not edits:
        return None
    after = data
    for edit in sorted(edits, key=lambda edit: edit.begin, reverse=True):
        after = after[: edit.begin] + edit.text + after[edit.end :]
    if not _same(tree, after, edits):
        return None
    return Mended(path=path, before=data, after=after, count=len(edits))


class _Source:
    """A file of source, and where in it calls and names stand."""

    def __init__(self, data: bytes, tree: ast.Module) -> None:
        self._starts = _starts(data)
        self._data = data
        self._calls: dict[tuple[int, ...], ast.Call] = {}
        self._set: dict[str, int] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self._calls[node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0] = node
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                self._set[node.id] = self._set.get(node.id, 0) + 1
            elif isinstance(node, ast.arg):
                self._set[node.arg] = self._set.get(node.arg, 0) + _ENOUGH

    def edits(self, loads: Sequence[Load], commits: Mapping[tuple[str, str], str]) -> Iterator[_Edit]:
        """Yield what can be done for each call."""
        spans: dict[tuple[int, ...], list[Load]] = {}
        for load in loads:
            spans.setdefault(load.span, []).append(load)
        for span, those in spans.items():
            call = self._calls.get(span)
            # A call that loads several things has no one version.
            if call is not None and (len(those) == 1 or those[0].kind == "checkpoint"):
                yield from self._of_call(call, those[0], commits)

    def _of_call(self, call: ast.Call, load: Load, commits: Mapping[tuple[str, str], str]) -> Iterator[_Edit]:
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if option(load, "**") or not (call.args or call.keywords) or name != load.loader.rpartition(".")[2]:
            return  # What is handed on, or run as text, stands elsewhere.
        if load.kind == "checkpoint" and load.loader in {"torch.load", "torch.serialization.load"}:
            if not option(load, "weights_only") and option(load, "pickle_module") in {"", "None"}:
                yield self._added(call, "weights_only", b"True")
            return
        known = loader(load.loader)
        if known is None or not known.revision or place_of(load) != "hub" or not self._is_fixed(call, load):
            return
        kind = "dataset" if load.kind == "dataset" or option(load, "repo_type") == "dataset" else "model"
        commit = commits.get((kind, repository(load))) or commits.get((kind, load.target), "")
        if not is_commit(commit):
            return
        if not load.revision:
            if not any(keyword.arg == known.revision for keyword in call.keywords):
                yield self._added(call, known.revision, f'"{commit}"'.encode())
        elif load.revision == "main":
            yield from self._replaced(call, known.revision, f'"{commit}"'.encode())

    def _is_fixed(self, call: ast.Call, load: Load) -> bool:
        """Say whether the call loads that and nothing else, whoever runs it."""
        if load.resolved not in {"literal", "constant"}:
            return False
        names = [node.id for node in (*call.args, *(one.value for one in call.keywords)) if isinstance(node, ast.Name)]
        literal = any(
            isinstance(node, ast.Constant) and node.value == load.target
            for node in (*call.args, *(keyword.value for keyword in call.keywords))
        )
        return literal or (load.resolved == "constant" and any(self._set.get(name) == 1 for name in names[:1]))

    def _added(self, call: ast.Call, name: str, value: bytes) -> _Edit:
        ends = [(node.end_lineno or 0, node.end_col_offset or 0) for node in call.args]
        ends += [(node.end_lineno or 0, node.end_col_offset or 0) for node in call.keywords]
        at = self._offset(*max(ends))
        end = self._offset(call.end_lineno or 0, call.end_col_offset or 0) - 1
        # An argument in brackets ends where its brackets do.
        while (rest := self._data[at:end].lstrip(b" \t")).startswith(b")"):
            at = end - len(rest) + 1
        return _Edit(at, at, b", " + name.encode() + b"=" + value, call, name)

    def _replaced(self, call: ast.Call, name: str, value: bytes) -> Iterator[_Edit]:
        for keyword in call.keywords:
            node = keyword.value
            if keyword.arg == name and isinstance(node, ast.Constant):
                begin = self._offset(node.lineno, node.col_offset)
                end = self._offset(node.end_lineno or 0, node.end_col_offset or 0)
                yield _Edit(begin, end, value, call, name)

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column


def _starts(data: bytes) -> list[int]:
    """Return where the lines begin, as the parser counts them."""
    starts, at = [0], 0
    while at < len(data):
        if data[at] == 10 or (data[at] == 13 and data[at + 1 : at + 2] != b"\n"):
            starts.append(at + 1)
        at += 1
    return starts


def _apart(edits: Iterable[_Edit]) -> Iterator[_Edit]:
    """Yield the edits of calls in which no other that is edited stands."""
    last = -1
    for edit in sorted(edits, key=lambda edit: (edit.begin, edit.end)):
        if edit.begin > last:
            yield edit
            last = max(edit.end, edit.begin)


def _same(tree: ast.Module, after: bytes, edits: Sequence[_Edit]) -> bool:
    """Say whether the file is the same program but for what was added."""
    try:
        new = ast.parse(after)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    names = {edit.name for edit in edits}
    added = sum(edit.begin == edit.end for edit in edits)
    return _without(tree, names) == _without(new, names) and _number(new) == _number(tree) + added


def _without(tree: ast.Module, names: set[str]) -> str:
    """Return the program without the arguments of these names."""
    left = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and any(keyword.arg in names for keyword in node.keywords):
            left.append((node, node.keywords))
            node.keywords = [keyword for keyword in node.keywords if keyword.arg not in names]
    try:
        return ast.dump(tree)
    finally:
        for node, keywords in left:
            node.keywords = keywords


def _number(tree: ast.Module) -> int:
    return sum(len(node.keywords) for node in ast.walk(tree) if isinstance(node, ast.Call))
