"""Commands that install packages, out of shell scripts, recipes of images, notebooks and workflows.

Specifications: <https://pip.pypa.io/en/stable/cli/pip_install/>, <https://docs.astral.sh/uv/reference/cli/>,
<https://docs.conda.io/projects/conda/en/stable/commands/install.html>, <https://docs.docker.com/reference/dockerfile/>,
<https://ipython.readthedocs.io/en/stable/interactive/magics.html>,
<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from weighmaster.model.fact import Reference, Shared
from weighmaster.model.value import replace
from weighmaster.model.where import Where
from weighmaster.reading.dependencies.manifests import conda
from weighmaster.reading.dependencies.pip import SHORT, Option, index, lexed, of_options, options
from weighmaster.reading.dependencies.shapes import mapping, mappings, text
from weighmaster.reading.dependencies.wanted import Stand, dependency, shown
from weighmaster.reading.pattern import pattern
from weighmaster.reading.shell import Command, pipelines

_PYTHON: Final = pattern(r"(?:pypy|python)[\d.]*(?:\.exe)?\Z")
_PIP: Final = pattern(r"pip[\d.]*(?:\.exe)?\Z")
_CONDA: Final = frozenset({"conda", "mamba", "micromamba"})
_PASSING: Final = frozenset(
    {"sudo", "env", "export", "exec", "nohup", "time", "command", "nice", "xargs", "then", "do", "else"}
)
_ASSIGNED: Final = pattern(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)\Z")
_INSTALLS: Final = {
    "pip": frozenset({"install", "download", "wheel"}),
    "uv": frozenset({"add", "pip install", "pip sync", "pip compile", "tool install", "tool run", "run", "sync"}),
    "uvx": frozenset(),
    "poetry": frozenset({"add"}),
    "pdm": frozenset({"add"}),
    "pipenv": frozenset({"install"}),
    "pipx": frozenset({"install", "run", "inject"}),
    "conda": frozenset({"install", "create", "env create"}),
}
_FILES: Final = frozenset({"pip sync", "pip compile"})
_OWN: Final = frozenset({"run", "sync", "tool run"})
"""What takes the name of a program, or nothing."""
_CONDA_SHORT: Final = {"-n": "--name", "-p": "--prefix", "-c": "--channel", "-f": "--file"}
_VARIABLES: Final = {
    "PIP_INDEX_URL": "primary",
    "PIP_EXTRA_INDEX_URL": "extra",
    "PIP_FIND_LINKS": "find-links",
    "PIP_TRUSTED_HOST": "trusted-host",
    "UV_INDEX_URL": "primary",
    "UV_DEFAULT_INDEX": "primary",
    "UV_EXTRA_INDEX_URL": "extra",
    "UV_INDEX": "extra",
    "UV_FIND_LINKS": "find-links",
    "UV_INSECURE_HOST": "trusted-host",
    "UV_INDEX_STRATEGY": "strategy",
}
_MENTIONS: Final = pattern(
    rb"\bpip[\d.]*(?:\.exe)?[\"']?[ \t,][^\n;|&]{0,300}?\b(?:install|download|wheel|sync|compile|config)\b"
    rb"|\buv[ \t]+(?:pip|add|run|tool|sync)\b|\buvx\b"
    rb"|\b(?:poetry|pdm)[ \t]+add\b|\bpip(?:x|env)[ \t]+\w+|\b(?:conda|mamba|micromamba)[ \t]+(?:install|create|env)\b"
    rb"|\b(?:PIP|UV)_(?:INDEX|EXTRA_INDEX|DEFAULT_INDEX|FIND_LINKS|TRUSTED_HOST|INSECURE_HOST|REQUIREMENT|CONSTRAINT)"
)
_NAMED: Final = {
    "PIP_REQUIREMENT": "requirements",
    "PIP_CONSTRAINT": "constraints",
    "PIP_BUILD_CONSTRAINT": "constraints",
    "UV_CONSTRAINT": "constraints",
    "UV_OVERRIDE": "constraints",
}
_LINES: Final = 20_000
_CELLS: Final = 5_000
_MAGIC: Final = pattern(
    r"\s*(?:[A-Za-z_]\w*\s*=\s*)?(?:%%?(?:(?:sx|system|bash|sh)\s+)?(?=pip|conda|mamba|uv|python)|!{1,2}\s*"
    r"|(?=(?:pip3?|conda|mamba|uv\s+pip)\s+install\s))(\S.*)"
)
"""A mark, and a command; or one of the magics that IPython takes without a mark."""
_ENVIRONMENT: Final = pattern(r"\s*%(?:set_)?env\s+(\w+)(?:\s*=\s*|\s+)(\S.*)")
_CALLED: Final = pattern(r"\b(?:system|getoutput|getoutputs|popen|run|check_call)\(\s*f?([\"'])(.*?)\1")
_DOCKER: Final = pattern(r"\s*(FROM|RUN|ENV|ARG|COPY|ADD|ONBUILD)\s+(.*)", 2)  # re.IGNORECASE
_MOUNT: Final = pattern(r"--[a-z]+=\S+\s+")
_DOCUMENT: Final = pattern(r"\s*(?:RUN|COPY)\b.*<<-?[\"']?([A-Za-z_]\w*)", 2)
_ESCAPE: Final = pattern(r"(?:\s*#[^\n]*\n)*?\s*#\s*escape\s*=\s*([`\\])", 2)


def mentions(text: bytes) -> bool:
    """Say whether a text has anything in it that installs packages, or says where they come from."""
    if b"\\" in text:
        text = text.replace(b"\\\r\n", b"").replace(b"\\\n", b"")
    return _MENTIONS.search(text) is not None


def script(written: str, where: Where, by: str = "shell", first: int = 1) -> Iterator[Shared]:
    """Yield what the commands of a script install."""
    for number, line in _joined(written, first):
        if mentions(line.encode("utf-8", "replace")):
            yield from line_of(line, Stand(where=where, by=by, line=number))


def _joined(written: str, first: int) -> Iterator[tuple[int, str]]:
    held: list[str] = []
    start = first
    for number, line in enumerate(written.splitlines()[:_LINES], first):
        if not held:
            start = number
        if line.rstrip().endswith("\\"):
            held.append(line.rstrip()[:-1])
            continue
        yield start, "".join((*held, line))
        held = []
    if held:
        yield start, "".join(held)


def line_of(line: str, stand: Stand) -> Iterator[Shared]:
    """Yield what the commands of one line install."""
    for pipe in pipelines(line):
        for command in pipe:
            yield from _command(command, stand)


def _command(command: Command, stand: Stand) -> Iterator[Shared]:
    words = list(command.words)
    for word in command.assigned:
        name, _, value = word.partition("=")
        yield from variable(name, value, stand)
    while words and (words[0] in _PASSING or _ASSIGNED.match(words[0]) or words[0].startswith("-")):
        if hit := _ASSIGNED.match(words.pop(0)):
            yield from variable(hit[1], hit[2], stand)
    if len(words) > 2 and words[0].rpartition("/")[2] in {"bash", "sh", "zsh"} and words[1].startswith("-"):
        yield from line_of(words[2], stand)
        return
    yield from installed(words, stand)


def variable(name: str, value: str, stand: Stand) -> Iterator[Shared]:
    """Yield the index that a variable of the environment names, or the file of requirements."""
    value = value.strip("\"'")
    if value and (role := _VARIABLES.get(name)):
        yield from index(value, role, stand)
    elif kind := _NAMED.get(name):
        for target in value.split():
            yield Reference(where=stand.where, kind=kind, target=shown(target), by="command")


def installed(words: Sequence[str], stand: Stand) -> Iterator[Shared]:
    """Yield what one command installs."""
    tool, rest = _tool(words)
    if not tool:
        return
    stand = replace(stand, by=tool)
    arguments, given = options(rest, _CONDA_SHORT if tool == "conda" else SHORT)
    if tool == "pip" and arguments[:2] == ["config", "set"] and len(arguments) == 4:
        yield from variable(f"PIP_{arguments[2].rpartition('.')[2].replace('-', '_').upper()}", arguments[3], stand)
        return
    verb, wanted = _verb(tool, arguments)
    if tool == "conda" and verb:
        yield from _conda(wanted, given, stand)
    elif verb:
        yield from _given(given, stand)
        for option in given:
            if option.name in {"--with", "--from"}:
                yield from _wanted(option.value.split(","), stand)
        if verb in _FILES:
            yield from _given([Option("--requirement", name) for name in wanted], stand)
        elif verb not in _OWN:
            yield from _wanted(wanted[:1] if tool in {"pipx", "uvx"} else wanted, stand)


def _given(given: Sequence[Option], stand: Stand) -> Iterator[Shared]:
    """Yield what options ask for; a file that a command names is one beside whoever runs it, not beside the script."""
    for fact in of_options(given, stand):
        yield replace(fact, by="command") if isinstance(fact, Reference) else fact


def _verb(tool: str, arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return what an installer is told to do, where that installs anything, and with what."""
    if tool == "uvx":
        return "uvx", arguments
    for many in (2, 1):
        verb = " ".join(arguments[:many])
        if verb in _INSTALLS[tool]:
            return verb, arguments[many:]
    return "", ()


def _tool(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return which installer a command is, and its arguments."""
    if not words:
        return "", ()
    name = words[0].rpartition("/")[2]
    if _PYTHON.match(name) and "-m" in words[1:4]:
        at = words.index("-m") + 1
        return _tool(words[at:]) if at < len(words) else ("", ())
    if _PIP.match(name):
        return "pip", words[1:]
    if name in _CONDA:
        return "conda", words[1:]
    return (name, words[1:]) if name in _INSTALLS else ("", ())


def _wanted(words: Sequence[str], stand: Stand) -> Iterator[Shared]:
    for word in words:
        if word.startswith(("$", "{", "%", "<", '"$')) or not word.strip("\"'"):
            continue  # Nobody here knows the value of a variable.
        found = dependency(word.strip("\"'"), stand)
        if found is not None:
            yield found


def _conda(wanted: Sequence[str], given: Sequence[Any], stand: Stand) -> Iterator[Shared]:
    for option in given:
        if option.name == "--channel" and option.value:
            yield from index(option.value, "channel", stand)
    for word in wanted:
        if not word.startswith("$"):
            yield conda(word.strip("\"'"), stand)


def dockerfile(written: str, where: Where) -> Iterator[Shared]:
    """Yield what building an image installs, and the indexes that its environment names."""
    plain, documents = _without_documents(written)
    for number, document in documents:
        yield from script(document, where, "dockerfile", number)
    for number, line in _joined(_uncommented(plain), 1):
        hit = _DOCKER.match(line)
        if hit is None:
            continue
        word, rest = hit[1].upper(), hit[2]
        if word == "ONBUILD" and (inner := _DOCKER.match(rest)):
            word, rest = inner[1].upper(), inner[2]
        stand = Stand(where=where, by="dockerfile", line=number)
        if word == "RUN":
            yield from _run(rest, stand)
        elif word in {"ENV", "ARG"}:
            yield from _set(rest, stand)


def _set(rest: str, stand: Stand) -> Iterator[Shared]:
    """Yield what `ENV` names: `NAME=value NAME=value`, or `NAME value`."""
    words = lexed(rest)
    if words and "=" not in words[0]:
        words = ["=".join(rest.split(maxsplit=1))]
    for word in words:
        name, _, value = word.partition("=")
        yield from variable(name.strip(), value.strip(), stand)


def _without_documents(written: str) -> tuple[str, list[tuple[int, str]]]:
    """Return a recipe without the texts in it that commands are given, and these, each with its first line."""
    if "<<" not in written:
        return written, []
    kept: list[str] = []
    found: list[tuple[int, str]] = []
    inside: list[str] = []
    end, first = "", 0
    for number, line in enumerate(written.splitlines(), 1):
        if end:
            if line.strip() == end:
                found.append((first, "\n".join(inside)))
                end, inside = "", []
            else:
                inside.append(line)
            kept.append("")
            continue
        kept.append(line)
        if hit := _DOCUMENT.match(line):
            end, first = hit[1], number + 1
    return "\n".join(kept), [*found, (first, "\n".join(inside))] if inside else found


def _uncommented(written: str) -> str:
    """Return a recipe with its comments blank: they may stand between the lines of one instruction."""
    found: list[str] = []
    continued = False
    escape = hit[1] if (hit := _ESCAPE.match(written)) else "\\"
    for line in written.splitlines():
        if line.lstrip().startswith("#") or (continued and not line.strip()):
            found.append("\\" if continued else "")
            continue
        if escape != "\\" and line.rstrip().endswith(escape):
            line = f"{line.rstrip()[:-1]}\\"  # noqa: PLW2901
        continued = line.rstrip().endswith("\\")
        found.append(line)
    return "\n".join(found)


def _run(rest: str, stand: Stand) -> Iterator[Shared]:
    while hit := _MOUNT.match(rest):
        rest = rest[hit.end() :]
    if rest.startswith("["):
        import json

        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            words = []
        if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
            shell = words[2:3] if words[0].rpartition("/")[2] in {"sh", "bash"} else []
            yield from line_of(shell[0], stand) if shell else installed(words, stand)
            return
    if mentions(rest.encode("utf-8", "replace")):
        yield from line_of(rest, stand)


def notebook(found: Any, where: Where) -> Iterator[Shared]:
    """Yield what the cells of a notebook install."""
    held = mapping(found)
    groups = [held, *mappings(held.get("worksheets"))]
    cells = [cell for group in groups for cell in mappings(group.get("cells"))][:_CELLS]
    for cell in cells:
        if cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input"))
        lines = source if isinstance(source, str) else "".join(map(text, source if isinstance(source, list) else []))
        if lines.lstrip().startswith(("%%bash", "%%sh")):
            yield from script(lines.lstrip().partition("\n")[2], where, "notebook")
            continue
        for _, line in _joined(lines, 1):
            yield from _cell_line(line, Stand(where=where, by="notebook"))


def _cell_line(line: str, stand: Stand) -> Iterator[Shared]:
    """Yield what a line of a cell installs: a command, a magic (its mark may be left out), or a call that runs one."""
    if hit := _MAGIC.match(line):
        yield from line_of(hit[1].replace("{sys.executable}", "python"), stand)
    elif hit := _ENVIRONMENT.match(line):
        yield from variable(hit[1], hit[2].strip(), stand)
    elif (hit := _CALLED.search(line)) and mentions(hit[2].encode("utf-8", "replace")):
        yield from line_of(hit[2], stand)


def workflow(found: Any, where: Where) -> Iterator[Shared]:
    """Yield what the steps of a workflow install, and the indexes that its environment names."""
    held = mapping(found)
    stand = Stand(where=where, by="workflow")
    yield from _environment(held.get("env"), stand)
    for job in mapping(held, "jobs").values():
        yield from _environment(mapping(job).get("env"), stand)
        for step in mappings(mapping(job).get("steps")):
            yield from _environment(step.get("env"), stand)
            yield from _unnumbered(text(step.get("run")), where)
    for step in mappings(mapping(held, "runs").get("steps")):
        yield from _unnumbered(text(step.get("run")), where)


def _unnumbered(written: str, where: Where) -> Iterator[Shared]:
    for _, line in _joined(written, 1):
        if mentions(line.encode("utf-8", "replace")):
            yield from line_of(line, Stand(where=where, by="workflow"))


def _environment(values: Any, stand: Stand) -> Iterator[Shared]:
    for name, value in mapping(values).items():
        yield from variable(name, text(value), stand)
