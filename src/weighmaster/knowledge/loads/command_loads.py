"""What commands load: clients of hubs, servers of models, downloads, in scripts, recipes of images and of clusters.

Manuals: <https://huggingface.co/docs/huggingface_hub/guides/cli>, <https://docs.vllm.ai/en/latest/cli/serve/>,
<https://github.com/ollama/ollama/blob/main/docs/cli.mdx>, <https://github.com/ggml-org/llama.cpp>,
<https://huggingface.co/docs/text-generation-inference/reference/launcher>, <https://docs.sglang.ai/>.
The text is read as words, whatever stands between them: the same command is a line of a script, a list of a Dockerfile
or the `args` of a container.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from weighmaster.knowledge.loads.load_targets import OF_HUB, is_file_of_model
from weighmaster.model.package import Load
from weighmaster.model.where import Where
from weighmaster.reading.pattern import pattern

_LONGEST: Final = 1 << 20
_MOST: Final = 500
_WORDS: Final = pattern(r"""(?:\$\{[^}\n]*\}|[^\s"'\[\]{},;|&()<>`])+""")
_UNCHECKED: Final = pattern(r"-[a-zA-Z]*k[a-zA-Z]*\Z")
_NEXT: Final = pattern(r"[;|&]")
_ASSIGNED: Final = pattern(
    r"(?:^|[\s\-])(?:export |ENV |ARG |set )?[\"']?([A-Za-z_][A-Za-z0-9_]{0,40})[\"']?\s?[=:]\s?[\"']?([\w./:@-]+)"
)
_VARIABLE: Final = pattern(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)(?::?-([^}]*))?\}?\Z")
_REPOSITORY: Final = pattern(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}\Z")
_SERVERS: Final = pattern(
    r"vllm|sglang|text-generation|text-embeddings|lmdeploy|tritonserver|trtllm|tabby|infinity_emb|aphrodite|fastchat"
    r"|llama_cpp\.server|openllm|exllama"
)
_FETCHERS: Final = frozenset({"aria2c", "axel", "curl", "wget"})
_FLAGS: Final = frozenset({"--model", "--model-id", "--model-path", "--model_name_or_path", "--model-name-or-path"})
_LLAMA: Final = frozenset({"--hf-repo", "-hf", "-hfr", "-hff"})
_SETTINGS: Final = frozenset({"HF_MODEL_ID", "MODEL_ID"})
MENTIONS: Final = (
    b"hf download", b"huggingface-cli", b"huggingface.co/", b"vllm", b"ollama", b"sglang", b"text-generation",
    b"lmdeploy", b"text-embeddings", b"llama-server", b"llama-cli", b"MODEL_ID", b"spacy download",
    b"mlflow models serve", b"modelscope download", b".safetensors", b".gguf", b".onnx", b".pth", b".pt", b".ckpt",
    b".h5",
)  # fmt: skip
"""Words without one of which a text loads nothing that is known here."""


class _Word(NamedTuple):
    """A word, where it stands, and the number of the command that it is a part of."""

    text: str
    line: int
    column: int
    command: int


def command_loads(text: str, where: Where, when: str = "main") -> Iterator[Load]:
    """Yield what the commands in a text load."""
    text = text[:_LONGEST]
    words = list(_words(text))
    values = {hit[1]: hit[2] for hit in _ASSIGNED.finditer(text)}
    serves = _SERVERS.search(text) is not None
    told = 0
    for at, word in enumerate(words):
        found = _at(words, at, word.text, serves=serves)
        if found is None:
            continue
        loader, kind, target, options = found
        name, resolved = _value(target, values)
        rest = [one.text for one in words[at : at + 40] if one.command == word.command]
        name, revision, kind, more = _apart(name, kind)
        told += 1
        if told > _MOST:
            return
        yield Load(
            where=where,
            loader=loader,
            kind=kind,
            target=name,
            resolved=resolved,
            revision=revision or _value(_given(rest, "--revision"), values)[0],
            code_revision=_given(rest, "--code-revision"),
            options=(*options, *more, *_options(rest)),
            span=(word.line, word.column, word.line, word.column + len(word.text)),
            when=when,
        )


def _words(text: str) -> Iterator[_Word]:
    command, goes_on = 0, False
    for number, line in enumerate(text.splitlines(), 1):
        # A list of YAML has an argument a line.
        if not goes_on and not line.lstrip().startswith("- "):
            command += 1
        end = 0
        for hit in _WORDS.finditer(line):
            if hit[0].startswith("#"):
                break
            if _NEXT.search(line[end : hit.start()]):
                command += 1
            end = hit.end()
            if hit[0] not in {"-", "\\"}:
                yield _Word(hit[0], number, hit.start(), command)
        goes_on = line.rstrip().endswith("\\")


_Found = tuple[str, str, str, tuple[str, ...]]


def _at(words: Sequence[_Word], at: int, word: str, *, serves: bool) -> _Found | None:
    """Return what the command that has a word at a place loads: what loads, what kind, which name, which options."""
    own = words[at].command
    after = [one.text for one in words[at + 1 : at + 14] if one.command == own or word.endswith(":")]
    before = words[at - 1].text.rpartition("/")[2] if at and words[at - 1].command == own else ""
    first = next((one for one in after if not one.startswith("-")), "")
    if word == "download" and before in {"hf", "huggingface-cli"}:
        kind = "dataset" if _given(after, "--repo-type") == "dataset" else "model"
        return f"{before} download", kind, first, ()
    if word == "serve" and before == "vllm" and first:
        return "vllm serve", "model", first, ()
    if word in {"pull", "run"} and before == "ollama" and first:
        return f"ollama {word}", "registry", first, ()
    return _set(word, after, serves=serves) or _fetched(words, at, word) or _others(words, at, word, before, after)


def _set(word: str, after: Sequence[str], *, serves: bool) -> _Found | None:
    """Return what an option or a variable says that a server loads."""
    name, equals, value = word.partition("=")
    follows = after[0] if after and not after[0].startswith("-") else ""
    if name in _FLAGS and serves and (value or follows):
        return name, "model", value if equals else follows, ()
    if word in _LLAMA and follows:
        return f"llama.cpp {word}", "model", follows.partition(":")[0], ()
    if name.rstrip(":") in _SETTINGS and (equals or word.endswith(":")):
        value = value if equals else follows
        return (name.rstrip(":"), "model", value, ()) if _REPOSITORY.match(value) else None
    return None


def _others(words: Sequence[_Word], at: int, word: str, before: str, after: Sequence[str]) -> _Found | None:
    if word == "download" and before == "spacy" and after:
        return "spacy download", "package", after[0], ()
    if word == "download" and before == "modelscope" and (name := _given(after, "--model")):
        return "modelscope download", "registry", name, ()
    if word == "serve" and before == "models" and at > 1 and words[at - 2].text == "mlflow":
        return "mlflow models serve", "registry", _given(after, "-m") or _given(after, "--model-uri"), ()
    return None


def _fetched(words: Sequence[_Word], at: int, word: str) -> _Found | None:
    """Return what is cloned or fetched from an address."""
    if not word.startswith(("http://", "https://")):
        return None
    near = [one.text.rpartition("/")[2] for one in words[max(0, at - 12) : at] if one.command == words[at].command]
    if "clone" in near and OF_HUB.match(word):
        return "git clone", "model", word, ()
    by = next((one for one in reversed(near) if one in _FETCHERS), "")
    if by and (is_file_of_model(word) or _is_resolved(word)):
        unchecked = any(flag in {"--insecure", "--no-check-certificate"} or _UNCHECKED.match(flag) for flag in near)
        return by, "address", word, ("verify=False",) if unchecked else ()
    return None


def _is_resolved(word: str) -> bool:
    hit = OF_HUB.match(word)
    return hit is not None and bool(hit[3]) and is_file_of_model(word)


def _apart(name: str, kind: str) -> tuple[str, str, str, tuple[str, ...]]:
    """Return the repository, revision, kind and options that an address of the hub says."""
    hit = OF_HUB.match(name)
    if hit is None:
        return name, "", kind, ()
    of_data = ("repo_type=dataset",) if hit[1] else ()
    if hit[3]:
        return hit[2], hit[3], "file", (f"filename={hit[4][:80]}", *of_data)
    return hit[2], "", "dataset" if hit[1] else "model", ()


def _value(word: str, values: dict[str, str]) -> tuple[str, str]:
    """Return what a word stands for, and how that is known."""
    hit = _VARIABLE.match(word)
    if hit is not None:
        found = values.get(hit[1])
        if found:
            return found, "constant"
        return (hit[2], "default") if hit[2] else ("", "unknown")
    return ("", "unknown") if "$" in word or not word else (word, "literal")


def _given(words: Sequence[str], flag: str) -> str:
    for at, word in enumerate(words):
        if word == flag and at + 1 < len(words):
            return words[at + 1]
        if word.startswith(f"{flag}="):
            return word.removeprefix(f"{flag}=")
    return ""


def _options(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        if word.partition("=")[0] in {"--trust-remote-code", "--trust_remote_code"}:
            if word.partition("=")[2].lower() not in {"false", "0"}:
                yield "trust_remote_code=True"
            return
