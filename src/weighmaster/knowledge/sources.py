"""From what Python source does (`reading.python_walk`) to facts: which uses matter, and when they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from weighmaster.knowledge import shapes
from weighmaster.knowledge.commands import Deed, deeds, installs, windows_deeds
from weighmaster.knowledge.uses import Known, known
from weighmaster.model.errors import OverBudgetError, UnreadableError
from weighmaster.model.fact import Fact, Reference, Use
from weighmaster.model.where import Where
from weighmaster.reading.pattern import pattern

if TYPE_CHECKING:
    from weighmaster.reading.python_values import Cls, Func, Part
    from weighmaster.reading.python_values import Use as Seen
    from weighmaster.reading.python_walk import Walker

_EXCERPT: Final = 160
_MOST: Final = 500
_PAYLOADS: Final = 32
_ORDER: Final = ("import", "install", "load", "main", "call")
_LOADED: Final = frozenset(
    [
        "__init__",
        "__new__",
        "__post_init__",
        "from_pretrained",
        "_from_config",
        "from_config",
        "__setstate__",
        "__init_subclass__",
        "load_context",
        "initialize",
        "__reduce__",
        "__class_getitem__",
        "setup_model",
    ]
)
"""Methods that a loader runs on the classes that it makes objects of."""
_ENTRIES: Final = frozenset(
    ["model_fn", "input_fn", "predict_fn", "_load_pyfunc", "load_context", "__getattr__", "__dir__"]
)
"""Functions of a module that a loader or an import runs by their name."""
_LOADERS: Final = pattern(
    r"PreTrained|PretrainedConfig|Config$|Tokenizer|Model|Module$|Pipeline|Processor|FeatureExtractor|Handler|Layer$"
    r"|Scheduler|Predictor|BuilderConfig|GeneratorBasedBuilder|ArrowBasedBuilder|DatasetBuilder|BentoML|Mixin$"
)
"""Names of classes whose descendants a loader makes objects of."""
_SETUPS: Final = frozenset({"setuptools.setup", "distutils.core.setup", "skbuild.setup"})
_INSTALLS: Final = ("setuptools.", "distutils.")
_TELLING: Final = frozenset({"process", "code", "native", "load", "import", "hook", "patch"})
_SENDS: Final = ("post", "put", "patch", "request", "send", "sendto", "sendall", "urlopen", "Request", "connect", "get")
_WRITING: Final = frozenset(["write_text", "write_bytes", "touch", "symlink_to"])
_READING: Final = frozenset({"read_text", "read_bytes"})
_OPENS: Final = frozenset({"builtins.open", "io.open", "codecs.open", "os.open", "os.fdopen", "pathlib.Path.open"})
_COPIES: Final = frozenset({"shutil.copy", "shutil.copyfile", "shutil.copy2", "shutil.copytree", "shutil.move", "os.rename",
                            "os.replace", "os.symlink", "os.link"})  # fmt: skip


def interesting(dotted: str) -> bool:
    """Say whether using a name can matter."""
    return known(dotted) is not None


class Reading:
    """One source, or several that share their names, as facts; `payloads` are constants that it unpacks or loads."""

    def __init__(self, where: Where, check: Callable[[], None], *, run_by: str = "import") -> None:
        from weighmaster.reading.python_walk import Walker

        self.where = where
        self.payloads: dict[bytes, None] = {}
        self.walker: Walker = Walker(interesting, check, shapes.is_secret)
        self._check = check
        self._run_by = run_by
        self._shell: list[tuple[str, str]] = []

    def read(self, text: str) -> None:
        """Follow one more text.

        Raises:
            Unparsed: it cannot be parsed.
            OverBudgetError: it is too long, or nests too deep.
        """
        from weighmaster.reading.python_source import parsed

        self.walker.read(parsed(text))

    def facts(self) -> Iterator[Fact]:
        """Yield what all that was read uses."""
        self.walker.finish()
        found: dict[Use, None] = {}
        for when, part in self._parts():
            for fact in self._of_part(part, when):
                found.setdefault(fact)
                if len(found) > _MOST:
                    raise OverBudgetError(f"source that uses more than {_MOST} names that matter")
        yield from _first(found)
        yield from self._near()

    def called(self, when: str) -> Iterator[tuple[str, str]]:
        """Yield the modules and names that are called at that time, whatever is done with them."""
        self.walker.finish()
        for runs, part in self._parts():
            if runs == when:
                for seen in part.uses:
                    module, _, name = seen.dotted.rpartition(".")
                    if module and seen.how in {"call", "refer"}:
                        yield module, name

    @property
    def unread(self) -> list[str]:
        """What could not be followed."""
        said = list(dict.fromkeys(self.walker.unread))[:4]
        return [*said, "source that nests too deep to be followed"] if self.walker.deep else said

    def _near(self) -> Iterator[Reference]:
        seen: dict[str, None] = {}
        for near in self.walker.near:
            folder = "./" if near.level == 1 else "../" * (near.level - 1)
            module = near.module.replace(".", "/")
            for target in [f"{folder}{module}.py"] if module else [f"{folder}{name}.py" for name in near.names]:
                seen.setdefault(target)
        for target in list(seen)[:_MOST]:
            yield Reference(where=self.where, kind="code", target=target, by="python")

    # When.

    def _parts(self) -> Iterator[tuple[str, Part]]:
        """Yield each piece with the earliest time at which it runs."""
        walker = self.walker
        base = "install" if self._run_by == "import" and self._installs() else self._run_by
        when: dict[int, str] = {}
        _reach(walker.top.edges.values(), base, when)
        if base == "install":
            # Elsewhere such a class is a library's, which somebody's `setup.py` may use.
            _reach(self._named(_is_installed), "install", when)
        _reach(self._named(_is_loaded), "load", when)
        _reach(walker.main.edges.values(), "main", when)
        yield base, walker.top
        yield "main", walker.main
        for function in walker.functions:
            if function.part is not None:
                yield when.get(id(function), "call"), function.part

    def _installs(self) -> bool:
        return not _SETUPS.isdisjoint(self.walker.called)

    def _named(self, test: Callable[[Func], bool]) -> list[Func]:
        return [function for function in self.walker.functions if test(function)]

    # What.

    def _of_part(self, part: Part, when: str) -> Iterator[Use]:
        self._check()
        kinds: set[str] = set()
        for seen in part.uses:
            entry = known(seen.dotted + ("=" if seen.how == "set" else ""))
            if entry is None:
                continue
            kinds.add(_role(seen.dotted, entry))
            yield from self._of_use(seen, entry, when)
        if {"connect", "descriptor"} <= kinds or {"connect", "terminal"} <= kinds:
            yield self._shape("reverse-shell", when, "a connected socket becomes a program's input and output")

    def _shape(self, shape: str, when: str, detail: str) -> Use:
        return Use(where=self.where, language="python", module="", name=shape, when=when, detail=detail[:_EXCERPT],
                   computed=shape in shapes.HIDDEN)  # fmt: skip

    def _of_use(self, seen: Seen, entry: Known, when: str) -> Iterator[Use]:
        from weighmaster.reading.python_values import DECODED, FETCHED

        detail = _detail(seen)
        yield from self._shapes(seen, entry, when, detail)
        if entry.kind in {"descriptor", "secret", "write", "trust"} or not self._counts(seen, entry):
            return
        name = entry.name if entry.name[-2:] not in {".*", "*="} else seen.dotted
        module, _, last = name.rstrip("=").rpartition(".")
        if not module:
            module, last = last, ""
        computed = self._computed(seen, entry)
        given = _given(seen)
        if given & FETCHED and entry.kind in {"code", "process"}:
            detail = detail or "what comes from the network"
        elif given & DECODED and not detail:
            detail = "what was decoded"
        yield Use(where=self.where, language="python", module=module, name=last + ("=" if seen.how == "set" else ""),
                  when=when, detail=detail, computed=computed)  # fmt: skip

    @staticmethod
    def _computed(seen: Seen, entry: Known) -> bool:
        from weighmaster.reading.python_values import CLIMBED, DECODED, FETCHED, FOLDED, MODULE, Made

        if entry.kind == "import":
            return bool(
                seen.flags & (FOLDED | DECODED)
                or any(type(value) is Made and value.flags & DECODED for value in seen.arguments[:1])
            )
        if seen.flags & (FOLDED | DECODED | CLIMBED | MODULE):
            return True
        given = _given(seen)
        if entry.kind in {"code", "process"}:
            return bool(given & (DECODED | FETCHED))
        if entry.kind == "load":
            return any(type(value) is Made and value.flags & DECODED for value in seen.arguments)
        return False

    def _counts(self, seen: Seen, entry: Known) -> bool:
        """Whether a use says anything: source that is written down was followed on its own."""
        from weighmaster.reading.python_values import DECODED, plain

        if entry.name in {"builtins.exec", "builtins.eval", "timeit.timeit", "timeit.repeat"} and seen.arguments:
            first = seen.arguments[0]
            text = plain(first)
            if isinstance(text, str | bytes) and not seen.flags and not _given(seen) & DECODED:
                return False
        if entry.kind == "load" and entry.name in _HARMLESS_WHEN:
            keyword, value = _HARMLESS_WHEN[entry.name]
            return seen.keywords.get(keyword) is not value and seen.dotted.count(".") < 4
        return entry.kind != "import" or bool(seen.flags) or self._computed(seen, entry)

    def _shapes(self, seen: Seen, entry: Known, when: str, detail: str) -> Iterator[Use]:
        kind = entry.kind
        if kind in {"process", "code"}:
            yield from self._of_command(seen, entry, when, detail)
        if kind == "network":
            yield from self._of_network(seen, when, detail)
        if kind in {"write", "delete"}:
            yield from self._of_file(seen, entry, when)
        if kind == "trust" and seen.keywords.get("trust_remote_code") is True:
            yield self._shape("trusts-remote-code", when, f"{seen.dotted}({detail})")
        if kind == "secret" and not entry.name.startswith("os.environ"):
            yield self._shape("reads-secrets", when, seen.dotted)
        for value in seen.arguments:
            self._payload(value, entry)

    def _payload(self, value: Any, entry: Known) -> None:
        from weighmaster.reading.python_values import DECODED, Made, plain

        data = plain(value)
        if isinstance(data, bytes) and len(data) >= 16 and len(self.payloads) < _PAYLOADS:
            if entry.kind in {"load", "code"} or (type(value) is Made and value.flags & DECODED):
                self.payloads.setdefault(data)

    def _of_command(self, seen: Seen, entry: Known, when: str, detail: str) -> Iterator[Use]:
        if entry.kind != "process" or not detail:
            return
        for deed in _deeds_of(seen, detail):
            if deed.shape:
                yield self._shape(deed.shape, when, deed.line)
            elif deed.language == "python":
                yield from self._nested(deed.line, when)
        if installs(detail):
            yield self._shape("installs-packages", when, detail)

    def _nested(self, text: str, when: str) -> Iterator[Use]:
        if self._run_by == "nested":
            return
        inner = Reading(self.where, self._check, run_by="nested")
        try:
            inner.read(text)
        except (UnreadableError, OverBudgetError):
            return
        for fact in inner.facts():
            if isinstance(fact, Use):
                yield Use(where=self.where, language="python", module=fact.module, name=fact.name, when=when,
                          detail=fact.detail, computed=fact.computed)  # fmt: skip

    def _of_network(self, seen: Seen, when: str, detail: str) -> Iterator[Use]:
        from weighmaster.reading.python_values import ENVIRONMENT, SECRET, flags_of, gather

        sent = [
            *seen.arguments,
            *(value for key, value in seen.keywords.items() if key not in {"headers", "auth", "cookies"}),
        ]
        flags = gather(sent)
        last = seen.dotted.rpartition(".")[2]
        whole = flags & ENVIRONMENT or any(_is_environment(value) for value in sent)
        single = (
            when in {"import", "load", "install"} and (flags_of(sent[0]) if sent else 0) & SECRET and last != "connect"
        )
        if last in _SENDS and (whole or single or self._secret_of(sent)):
            yield self._shape("sends-secrets", when, f"{seen.dotted} {detail}")
        if shapes.mines(detail):
            yield self._shape("mines-coins", when, detail)
        if shapes.is_secret(detail):
            yield self._shape("reads-secrets", when, detail)

    @staticmethod
    def _secret_of(sent: list[Any]) -> bool:
        from weighmaster.reading.python_values import SECRET_FILE, gather

        return bool(gather(sent) & SECRET_FILE)

    def _of_file(self, seen: Seen, entry: Known, when: str) -> Iterator[Use]:
        last = seen.dotted.rpartition(".")[2]
        path = _text(seen.arguments[:1])
        writes = last in _WRITING or entry.kind == "delete"
        if entry.name in _OPENS:
            mode = _text(seen.arguments[1:2]) or _text([seen.keywords.get("mode")])
            writes = any(mark in mode for mark in "wax+")
        if entry.name in _COPIES:
            path, writes = _text(seen.arguments[1:2]), True
            source = _text(seen.arguments[:1])
            if source and shapes.is_secret(source):
                yield self._shape("reads-secrets", when, source)
        if not path:
            return
        if writes and shapes.is_started(path):
            yield self._shape("plants-itself", when, path)
        elif writes and shapes.is_outside(path):
            yield self._shape("writes-outside", when, path)
        elif not writes and shapes.is_secret(path):
            yield self._shape("reads-secrets", when, path)


_HARMLESS_WHEN: Final = {"torch.load": ("weights_only", True), "numpy.load": ("allow_pickle", False)}


def _deeds_of(seen: Seen, detail: str) -> Iterator[Deed]:
    from weighmaster.reading.python_values import plain

    first = seen.arguments[0] if seen.arguments else seen.keywords.get("args")
    if isinstance(first, list):
        words = [plain(word) for word in first]
        yield from deeds(" ".join(_quoted(word) for word in words))
    else:
        yield from deeds(detail)
        yield from windows_deeds(detail)


def _quoted(word: Any) -> str:
    text = word if isinstance(word, str) else "?"
    return (
        text
        if text.replace("-", "").replace("/", "").replace(".", "").isalnum()
        else "'" + text.replace("'", "'\\''") + "'"
    )


def _reach(start: Iterable[Func], when: str, found: dict[int, str]) -> None:
    waiting = list(start)
    while waiting:
        function = waiting.pop()
        if id(function) in found:
            continue
        found[id(function)] = when
        if function.part is not None:
            waiting += function.part.edges.values()


def _is_loaded(function: Func) -> bool:
    owner = function.owner
    if owner is None:
        return function.name in _ENTRIES
    if function.name not in _LOADED:
        return False
    return (_LOADERS.search(owner.name) is not None and bool(owner.bases or "Handler" in owner.name)) or any(
        _LOADERS.search(root.rpartition(".")[2]) for root in owner.roots()
    )


def _is_installed(function: Func) -> bool:
    owner: Cls | None = function.owner
    return owner is not None and any(root.startswith(_INSTALLS) for root in owner.roots())


def _role(dotted: str, entry: Known) -> str:
    if dotted.endswith((".connect", ".connect_ex", ".create_connection")):
        return "connect"
    return "terminal" if dotted.startswith("pty.") else entry.kind


def _given(seen: Seen) -> int:
    from weighmaster.reading.python_values import gather

    return gather(seen.arguments) | gather(seen.keywords.values())


def _is_environment(value: Any) -> bool:
    from weighmaster.reading.python_values import Ref

    if isinstance(value, dict):
        return any(map(_is_environment, value.values()))
    return type(value) is Ref and value.dotted == "os.environ"


def _text(values: list[Any]) -> str:
    from weighmaster.reading.python_values import plain

    text = plain(values[0]) if values else None
    return text if isinstance(text, str) else text.decode("latin-1") if isinstance(text, bytes) else ""


def _detail(seen: Seen) -> str:
    """Return the first argument that says something, as one line."""
    from weighmaster.reading.python_values import plain

    given = [*seen.arguments, *(seen.keywords[key] for key in ("args", "url", "name") if key in seen.keywords)]
    for value in given[:3]:
        if isinstance(value, list):
            words = [plain(word) for word in value]
            if any(isinstance(word, str) for word in words):
                return " ".join(str(word) if word is not None else "?" for word in words)[: _EXCERPT * 4]
        text = _text([value])
        if text:
            return text[: _EXCERPT * 4]
    return ""


def _first(found: dict[Use, None]) -> Iterator[Use]:
    """Yield each use once, at the earliest time it runs."""
    order = {when: number for number, when in enumerate(_ORDER)}
    best: dict[tuple[object, ...], Use] = {}
    for fact in found:
        key = (fact.module, fact.name, fact.detail, fact.computed)
        if key not in best or order.get(fact.when, 9) < order.get(best[key].when, 9):
            best[key] = fact
    yield from best.values()


_CALLED: Final = pattern(
    r"\b((?:os|subprocess|pty|commands|ctypes|socket|marshal|pickle|urllib2?|requests|shutil)\.[A-Za-z_.]+|exec|eval"
    r"|execfile|__import__|compile)[ \t]*\("
)


def glanced(text: str, where: Where) -> Iterator[Use]:
    """Yield what a text that cannot be parsed seems to call: a trick of syntax must not hide it."""
    seen: dict[str, None] = {}
    for hit in _CALLED.finditer(text):
        seen.setdefault(hit[1] if "." in hit[1] else f"builtins.{hit[1]}")
        if len(seen) > _MOST:
            break
    for dotted in seen:
        entry = known(dotted)
        if entry is not None and entry.kind in {"process", "code", "native", "network", "load"}:
            module, _, name = dotted.rpartition(".")
            yield Use(where=where, language="python", module=module, name=name, when="call")


def command_uses(script: str, where: Where, when: str) -> Iterator[Use]:
    """Yield what the commands of a shell come to, and the Python that they run."""
    for deed in (*deeds(script), *windows_deeds(script)):
        if deed.shape:
            yield Use(where=where, language="shell", module="", name=deed.shape, when=when, detail=deed.line[:_EXCERPT],
                      computed=deed.shape in shapes.HIDDEN)  # fmt: skip
        elif deed.language == "python":
            inner = Reading(where, _never, run_by=when)
            try:
                inner.read(deed.line)
                yield from (fact for fact in inner.facts() if isinstance(fact, Use))
            except (UnreadableError, OverBudgetError):
                yield from glanced(deed.line, where)


def _never() -> None:
    return
