"""What one use of a name in Python source comes to: the name itself where it counts, and the shapes around it.

A shape is a word of `shapes.SHAPES`: it stands for what arguments, paths, hosts and commands say together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final

from weighmaster.knowledge.source import shapes
from weighmaster.knowledge.source.commands import Deed, deeds, installs, windows_deeds
from weighmaster.knowledge.source.conduct import SOON
from weighmaster.knowledge.source.uses import Known, known
from weighmaster.model.fact import Use
from weighmaster.model.where import Where
from weighmaster.reading.python.triggers import VARIABLE_IS
from weighmaster.reading.python.values import (
    BESIDE,
    CLIMBED,
    DECIPHERED,
    DECODED,
    ENVIRONMENT,
    FETCHED,
    FILE,
    FOLDED,
    MACHINE,
    MODULE,
    SECRET,
    SECRET_FILE,
    VARIABLE,
    Blur,
    Made,
    Part,
    Ref,
    Words,
    flags_of,
    gather,
    plain,
)
from weighmaster.reading.python.values import Use as Seen

_EXCERPT: Final = 160
_LONGEST_DETAIL: Final = _EXCERPT * 4
_PAYLOADS: Final = 32
"""Constants of one source that are looked at as artifacts."""
_SHORTEST_PAYLOAD: Final = 16
_DEEPEST_LOADER: Final = 4
"""Dots of a name; one with more is a method of what the loader gave."""
_SILENT: Final = frozenset({"descriptor", "drop", "secret", "trigger", "trust", "write"})
"""Kinds that count only in a shape."""
_RUNNING_TEXT: Final = frozenset({"builtins.eval", "builtins.exec", "timeit.repeat", "timeit.timeit"})
"""Functions that run text, which is followed on its own where it is written down."""
_LOOKING: Final = frozenset({"builtins.eval", "types.CodeType", "types.FunctionType", "types.LambdaType"})
"""Functions to which libraries give what they got from each other."""
_TAKEN_UP: Final = frozenset({"code", "load", "native", "process"})
"""Kinds that may take up what was written to a file before."""
_ASKS: Final = frozenset({"getaddrinfo", "gethostbyaddr", "gethostbyname", "query", "resolve"})
"""Functions that ask for an address, and thereby tell it."""
_TRIGGERED: Final = frozenset({"code", "delete", "native", "process"})
"""Kinds that want a reason where they wait for one machine, moment or input."""
_SENDS: Final = frozenset(
    {"Request", "connect", "get", "patch", "post", "put", "request", "send", "sendall", "sendto", "urlopen"}
)
_CREDENTIALS: Final = frozenset({"auth", "cert", "context", "cookies", "headers", "proxies", "timeout", "verify"})
"""Arguments in which a key is no secret that leaks, but what opens the door, and those that are not sent."""
_WRITES: Final = frozenset({"symlink_to", "touch", "write_bytes", "write_text"})
_OPENS: Final = frozenset({"builtins.open", "codecs.open", "io.open", "os.fdopen", "os.open", "pathlib.Path.open"})
_COPIES: Final = frozenset(
    {
        "os.link",
        "os.rename",
        "os.replace",
        "os.symlink",
        "shutil.copy",
        "shutil.copy2",
        "shutil.copyfile",
        "shutil.copytree",
        "shutil.move",
    }
)
_LOADED: Final = frozenset({"import", "load"})
"""Times at which no file needs to be written."""
_WITH_ENVIRONMENT: Final = frozenset(
    {"os.execle", "os.execlpe", "os.execve", "os.execvpe", "os.posix_spawn", "os.posix_spawnp", "os.spawnle",
     "os.spawnlpe", "os.spawnve", "os.spawnvpe"}
)  # fmt: skip
"""Functions that take an environment last."""
_HARMLESS_WHEN: Final = {"torch.load": ("weights_only", True), "numpy.load": ("allow_pickle", False)}
"""The argument with which a loader runs nothing."""
_LOADING: Final = frozenset({"yaml.load", "yaml.load_all"})
_SAFE_LOADERS: Final = frozenset({"yaml.BaseLoader", "yaml.CBaseLoader", "yaml.CSafeLoader", "yaml.SafeLoader"})
"""Loaders of YAML that make nothing but what YAML itself has."""


class Deeds:
    """Tells what uses come to; `follow` follows Python that a command runs, at which time.

    `payloads` are the constants that are decoded, loaded or run.
    """

    def __init__(self, where: Where, follow: Callable[[str, str], Iterator[Use]]) -> None:
        self.where = where
        self.payloads: dict[bytes, None] = {}
        self._line = 0
        self._follow = follow

    def of_part(self, part: Part, when: str) -> Iterator[Use]:
        """Yield what the uses of a piece of source come to, one by one and together."""
        kinds: set[str] = set()
        for seen in part.uses:
            entry = known(seen.dotted + ("=" if seen.how == "set" else ""))
            if entry is not None:
                kinds.add(_role(seen.dotted, entry))
                self._line = seen.span[0]
                yield from self._of_use(seen, entry, when)
                yield from self._of_drop(seen, entry, when, kinds)
        if "connect" in kinds and kinds & {"descriptor", "terminal"}:
            yield self._shape("reverse-shell", when, "a connected socket becomes a program's input and output")

    def _of_use(self, seen: Seen, entry: Known, when: str) -> Iterator[Use]:
        if entry.kind in _TRIGGERED and seen.under and not seen.under.startswith(VARIABLE_IS):
            yield self._shape("waits-for-a-trigger", when, f"{seen.dotted} waits for {seen.under}")
        of_kind = self._shapes.get(entry.kind)
        if of_kind is not None:
            yield from of_kind(self, seen, entry, when)
        for value in seen.given.placed:
            self._payload(value, entry)
        if entry.kind in _SILENT or not _counts(seen, entry):
            return
        name = entry.name if entry.name[-2:] not in {".*", "*="} else seen.dotted
        module, _, last = name.rstrip("=").rpartition(".")
        yield Use(
            where=self.where,
            language="python",
            module=module or last,
            name=(last if module else "") + ("=" if seen.how == "set" else ""),
            when=when,
            detail=_detail(seen) or _origin(seen, entry),
            computed=_is_computed(seen, entry),
            line=self._line,
        )

    def _of_drop(self, seen: Seen, entry: Known, when: str, kinds: set[str]) -> Iterator[Use]:
        """Follow what is decoded or fetched, written to a file, and taken up from there in the same piece."""
        if entry.kind in {"drop", "write"} and (flags := gather(seen.given.placed[1:])) & (DECODED | FETCHED):
            kinds.add("<decoded>" if flags & DECODED else "<fetched>")
            if flags != DECODED or any(type(value) is Made for value in seen.given.placed[1:]):
                kinds.add("<known>")
        elif seen.dotted.endswith(".urlretrieve"):
            kinds.add("<fetched>")
        if entry.kind not in _TAKEN_UP or not kinds & {"<decoded>", "<fetched>"} or not _counts(seen, entry):
            return
        if entry.kind == "load":
            if when in SOON:
                yield self._shape("downloads-and-loads", when, f"{seen.dotted} {_detail(seen)}")
        elif "<decoded>" in kinds and entry.kind in {"native", "process"}:
            if when == "call" and type(seen.given.first) is Words and "<known>" not in kinds:
                return  # What somebody gave is shown to a program that a setting names.
            yield self._shape("decodes-and-runs", when, f"{seen.dotted} {_detail(seen)}")
        elif when in SOON:
            yield self._shape("downloads-and-runs", when, f"{seen.dotted} {_detail(seen)}")

    def _of_trigger(self, seen: Seen, _: Known, when: str) -> Iterator[Use]:
        yield self._shape("waits-for-a-trigger", when, f"takes other weights by {seen.under}")

    def _of_load(self, seen: Seen, entry: Known, when: str) -> Iterator[Use]:
        flags = seen.given.flags()
        if _counts(seen, entry) and flags & (DECIPHERED | FETCHED):
            shape = "decrypts-and-loads" if flags & DECIPHERED else "downloads-and-loads"
            yield self._shape(shape, when, f"{seen.dotted} {_detail(seen)}")

    def _shape(self, shape: str, when: str, detail: str) -> Use:
        return shape_use(self.where, "python", when, shape, detail, line=self._line)

    def _payload(self, value: Any, entry: Known) -> None:
        data = plain(value)
        if not isinstance(data, bytes) or len(data) < _SHORTEST_PAYLOAD or len(self.payloads) >= _PAYLOADS:
            return
        if entry.kind in {"load", "code"} or (type(value) is Made and value.flags & DECODED):
            self.payloads.setdefault(data)

    # Shapes, by the kind of what is used.

    def _of_command(self, seen: Seen, _: Known, when: str) -> Iterator[Use]:
        detail = _detail(seen)
        for deed in _deeds_of(seen, detail) if detail else ():
            if deed.shape:
                yield self._shape(deed.shape, when, deed.line)
            elif deed.language == "python":
                yield from self._follow(deed.line, when)
        if installs(detail):
            yield self._shape("installs-packages", when, detail)

    def _of_network(self, seen: Seen, _: Known, when: str) -> Iterator[Use]:
        detail = _detail(seen)
        if _gives_away(seen, when):
            yield self._shape("sends-secrets", when, f"{seen.dotted} {detail}")
        last = seen.dotted.rpartition(".")[2]
        if when in SOON and last in _SENDS | _ASKS and seen.given.flags() & MACHINE:
            yield self._shape("tells-who-runs-it", when, f"{seen.dotted} {detail}")
        if shapes.mines(detail):
            yield self._shape("mines-coins", when, detail)
        if shapes.is_secret(detail):
            yield self._shape("reads-secrets", when, detail)

    def _of_file(self, seen: Seen, entry: Known, when: str) -> Iterator[Use]:
        path, writes = _text(seen.given.at(0)), _writes(seen, entry)
        if entry.name in _COPIES:
            if shapes.is_secret(path):
                yield self._shape("reads-secrets", when, path)
            path, writes = _text(seen.given.at(1)), True
        if writes and shapes.is_started(path):
            yield self._shape("plants-itself", when, path)
        elif writes and shapes.is_outside(path):
            yield self._shape("writes-outside", when, path)
        elif not writes and shapes.is_secret(path):
            yield self._shape("reads-secrets", when, path)
        elif writes and when in _LOADED:
            yield self._shape("writes-files", when, path)

    def _of_trust(self, seen: Seen, _: Known, when: str) -> Iterator[Use]:
        if seen.given.named.get("trust_remote_code") is True:
            yield self._shape("trusts-remote-code", when, f"{seen.dotted}({_detail(seen)})")

    def _of_secret(self, seen: Seen, entry: Known, when: str) -> Iterator[Use]:
        # The environment holds no secret until somebody takes one out of it.
        if not entry.name.startswith("os.environ"):
            yield self._shape("reads-secrets", when, seen.dotted)

    _shapes: ClassVar[dict[str, Callable[[Any, Seen, Known, str], Iterator[Use]]]] = {
        "delete": _of_file,
        "load": _of_load,
        "network": _of_network,
        "process": _of_command,
        "secret": _of_secret,
        "trigger": _of_trigger,
        "trust": _of_trust,
        "write": _of_file,
    }


def shape_use(where: Where, language: str, when: str, shape: str, detail: str, *, line: int = 0) -> Use:  # noqa: PLR0913 - one for each field
    """Return the fact that source has a shape."""
    return Use(
        where=where,
        language=language,
        module="",
        name=shape,
        when=when,
        detail=detail[:_EXCERPT],
        computed=shape in shapes.HIDDEN,
        line=line,
    )


def _role(dotted: str, entry: Known) -> str:
    """Return the part that a use has in a reverse shell, or its kind."""
    if dotted.endswith((".connect", ".connect_ex", ".create_connection")):
        return "connect"
    return "terminal" if dotted.startswith("pty.") else entry.kind


# What is said of a use.


def _detail(seen: Seen) -> str:
    """Return the first argument that says something, as one line."""
    given = seen.given
    for value in [*given.placed, *(given.named[key] for key in ("args", "url", "name") if key in given.named)][:3]:
        text = _line(value) if isinstance(value, list) else _text(value)
        if text:
            return text[:_LONGEST_DETAIL]
    return ""


def _line(words: list[Any]) -> str:
    plains = [plain(word) for word in words]
    if not any(isinstance(word, str) for word in plains):
        return ""
    return " ".join(str(word) if word is not None else "?" for word in plains)


def _text(value: Any) -> str:
    text = plain(value)
    return text if isinstance(text, str) else text.decode("latin-1") if isinstance(text, bytes) else ""


def _given_flags(seen: Seen, entry: Known) -> int:
    """Return what is known of all that is given, but not that some of a program's environment was fetched.

    What is added to the own environment are settings; nothing of it is run for that.
    """
    given = seen.given
    if entry.kind != "process":
        return given.flags()
    placed, named = given.placed, {key: value for key, value in given.named.items() if key != "env"}
    environment = given.named.get("env")
    if environment is None and seen.dotted in _WITH_ENVIRONMENT and placed:
        *placed, environment = placed
    flags = flags_of(environment)
    return gather(placed) | gather(named.values()) | (flags & ~FETCHED if flags & ENVIRONMENT else flags)


def _origin(seen: Seen, entry: Known) -> str:
    """Say where an argument comes from that is not known."""
    flags = _given_flags(seen, entry)
    if flags & FETCHED and entry.kind in {"code", "process"}:
        return "what comes from the network"
    if flags & FILE and entry.kind in {"code", "process"}:
        path = next((value.path for value in seen.given.placed if type(value) is Blur), "")
        return f"what stands in {path or 'a file'}"
    if flags & BESIDE and entry.kind in {"code", "process"} and entry.name not in _LOOKING:
        return "what another source holds"
    if flags & VARIABLE and entry.kind == "process":
        return "what a variable of the environment holds"
    return "what was decoded" if flags & DECODED else ""


def _is_computed(seen: Seen, entry: Known) -> bool:
    """Whether the name, or what is run or loaded, is put together so that nobody reads it."""
    if entry.kind == "import":
        return bool(seen.flags & (FOLDED | DECODED)) or any(map(_is_decoded, seen.given.placed[:1]))
    if seen.flags & (FOLDED | DECODED | CLIMBED | MODULE):
        return True
    if entry.kind in {"code", "process"}:
        return bool(_given_flags(seen, entry) & (DECODED | FETCHED))
    return entry.kind == "load" and any(map(_is_decoded, seen.given.placed))


def _is_decoded(value: Any) -> bool:
    return type(value) is Made and bool(value.flags & DECODED)


def _names_safe_loader(seen: Seen) -> bool:
    loader = seen.given.at(1, "Loader")
    return type(loader) is Ref and loader.dotted in _SAFE_LOADERS


def _counts(seen: Seen, entry: Known) -> bool:
    """Whether a use says anything: source that is written down was followed on its own."""
    if entry.name in _RUNNING_TEXT and isinstance(plain(seen.given.first), str | bytes):
        # However `exec` was come by: what is written down is followed, and told of as hidden so.
        return bool(seen.flags & ~FOLDED or seen.given.flags() & DECODED)
    if entry.name in _LOADING and _names_safe_loader(seen):
        return False
    if entry.kind == "load" and entry.name in _HARMLESS_WHEN:
        keyword, value = _HARMLESS_WHEN[entry.name]
        return seen.given.named.get(keyword) is not value and seen.dotted.count(".") < _DEEPEST_LOADER
    return entry.kind != "import" or bool(seen.flags) or _is_computed(seen, entry)


# What arguments say.


def _deeds_of(seen: Seen, detail: str) -> Iterator[Deed]:
    first = seen.given.at(0, "args")
    if isinstance(first, list):
        yield from deeds(" ".join(_quoted(plain(word)) for word in first))
    else:
        yield from deeds(detail)
        yield from windows_deeds(detail)


def _quoted(word: Any) -> str:
    text = word if isinstance(word, str) else "?"
    if text.replace("-", "").replace("/", "").replace(".", "").isalnum():
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def _gives_away(seen: Seen, when: str) -> bool:
    """Whether the environment, a file of keys, or a key where nobody asked for it goes over the network."""
    last = seen.dotted.rpartition(".")[2]
    if last not in _SENDS:
        return False
    named = seen.given.named
    sent = [*seen.given.placed, *(value for key, value in named.items() if key not in _CREDENTIALS)]
    if gather(sent) & (ENVIRONMENT | SECRET_FILE) or any(map(_is_environment, sent)):
        return True
    return when in SOON and last != "connect" and bool(sent) and bool(flags_of(sent[0]) & SECRET)


def _is_environment(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_is_environment, value.values()))
    return type(value) is Ref and value.dotted == "os.environ"


def _writes(seen: Seen, entry: Known) -> bool:
    if entry.name in _OPENS:
        mode = _text(seen.given.at(1, "mode"))
        return any(mark in mode for mark in "wax+")
    return entry.kind == "delete" or seen.dotted.rpartition(".")[2] in _WRITES
