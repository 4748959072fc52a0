"""What commands of a shell do: shapes in pipelines of a shell script, of PowerShell, of a Windows batch file.

Manuals: <https://www.gnu.org/software/bash/manual/>, <https://learn.microsoft.com/powershell/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from weighmaster.knowledge.source.shapes import is_secret, is_started, mines
from weighmaster.reading.pattern import pattern
from weighmaster.reading.shell import Command, pipelines

_SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "busybox", "csh", "tcsh"})
_INTERPRETERS: Final = _SHELLS | {
    "python",
    "python2",
    "python3",
    "perl",
    "ruby",
    "node",
    "php",
    "lua",
    "osascript",
    "pwsh",
}
_FETCHERS: Final = frozenset({"curl", "wget", "fetch", "aria2c", "lynx", "http", "https", "ftp", "scp", "nc", "ncat"})
_SENDERS: Final = frozenset(
    {"curl", "wget", "nc", "ncat", "netcat", "socat", "telnet", "openssl", "ssh", "scp", "rsync", "mail"}
)
_DECODERS: Final = pattern(
    r"^(?:base64|base32|gbase64)\b.*(?:-d|-D|--decode)|^openssl\b(?=.*\b(?:enc|base64)\b).*-d|^xxd\b.*-r|^rev\b|^uudecode|^gpg\b.*-d"
    r"|^(?:gunzip|zcat|gzip -dc?|xz -dc?)\b|^tr\b|^printf\b.*\\x|^echo\b(?=.*-e).*\\x"
)
_PASSED: Final = frozenset(
    {
        "sudo",
        "nohup",
        "exec",
        "command",
        "env",
        "time",
        "nice",
        "setsid",
        "stdbuf",
        "builtin",
        "xargs",
        "timeout",
        "doas",
    }
)
_TARGETS: Final = pattern(
    r"^(?:/|/\*|~/?|~/\*|\$HOME/?|\$\{HOME\}/?|\$HOME/\*|/(?:home|etc|usr|var|boot|root|bin|lib)/?\*?|\*|C:\\.*)$"
)
_QUERY: Final = pattern(
    r"(?:git (?:--git-dir[= ]\S*/\.git )?(?:rev-parse|rev-list|name-rev|merge-base|describe"
    r"|log|status|diff|show|branch|remote|config --get"
    r"|ls-files|tag|symbolic-ref)"
    r"|hg (?:branch|branches|id|identify|tip|paths?|parents|log|status|summary|root|tags)\b"
    r"(?!.*(?:--(?:c|debugger|rep)|-R))"
    r"|svn(?:version| info)\b"
    r"|(?:/(?:usr/)?s?bin/)?(?:nvidia-smi|rocm-smi|rocminfo|hipconfig|uname|oslevel|fc-list|which|where|whereis|lscpu|sw_vers|lsb_release|nproc"
    r"|npu-smi|tput|ldconfig -p|ldd|arch|stty|locale|xcode-select -p|free|df|date|whoami|pwd|ls|cls|clear|getconf"
    r"|lspci|lsmod|pkg-config|llvm-config|readlink|dirname|basename|system_profiler|sysctl -n)\b"
    r"|[\w.+]{1,40}[-_]config(?: --[\w-]+)+$"
    r"|xcrun (?:--sdk \w+ )?--show-sdk-(?:path|version)$|(?:/(?:usr/)?s?bin/)?sysctl [\w. ]+$|color$"
    r"|(?:brew --prefix|conda list) [\w.+-]+(?: --json)?$|(?:[A-Za-z]:\\[\w ()\\/]*)?vswhere\.exe\b"
    r"|[\w.+-]{1,40} (?:--?version|-V|-dumpversion|--help)$)"
)
_QUOTED: Final = pattern(r"\"[^\"`$\\]*\"|'[^']*'")
"""What a shell takes as it stands."""
_BUILD: Final = pattern(
    r"(?:git submodule (?:update|status|sync|init)"
    r"|(?:cmake|make|ninja|nvcc|hipcc|gcc|g\+\+|clang|clang\+\+|cc|c\+\+|cl|ar"
    r"|swig|protoc|cargo|npm run build|cython|ldconfig|doxygen|sphinx-build|patchelf|meson)\b)"
)
_ABLE: Final = frozenset(
    {
        *(
            "at",
            "awk",
            "batch",
            "bun",
            "bunx",
            "cmd",
            "cscript",
            "deno",
            "docker",
            "find",
            "gdb",
            "git",
            "java",
            "kubectl",
        ),
        *(
            "make",
            "mshta",
            "msiexec",
            "npx",
            "pipx",
            "podman",
            "powershell",
            "py",
            "pypy",
            "pythonw",
            "regsvr",
            "rundll",
        ),
        *("screen", "sed", "start", "tclsh", "tmux", "uv", "uvx", "watch", "wmic", "wscript"),
        *("chmod", "chown", "cp", "crontab", "dd", "install", "kill", "launchctl", "ln", "mkfifo", "mv", "reg", "rm"),
        *("sc", "schtasks", "service", "shred", "systemctl", "tee"),
    }
)
"""Commands that run what they are given, or change the machine."""
_FLAG: Final = pattern(r"-[a-z]|--?version")
_INSTALLERS: Final = pattern(r"\b(?:pip[\d.]*|apt|apt-get|yum|dnf|brew|npm)\b")
_INSTALL: Final = pattern(r"\binstall\b")


class _Before(NamedTuple):
    """What is known of the commands of a pipeline before one of them."""

    fetches: bool = False
    decodes: bool = False
    starts_shell: bool = False
    has_secrets: bool = False
    last: Command | None = None

    def then(self, command: Command) -> _Before:
        """Return what is known after one more command."""
        return _Before(
            self.fetches or command.name in _FETCHERS,
            self.decodes or _decodes(command),
            self.starts_shell or command.name in _SHELLS,
            self.has_secrets
            or _shows_environment(command)
            or any(is_secret(word.replace("$HOME", "~")) for word in command.words),
            command,
        )


class Deed(NamedTuple):
    """A shape, the line that has it; or source of another language (`language`) that a command runs."""

    shape: str
    line: str
    language: str = ""


def deeds(script: str) -> Iterator[Deed]:
    """Yield the shapes of a shell script or of one command line."""
    seen: set[Deed] = set()
    for pipe in pipelines(script):
        for deed in _of_pipe(pipe):
            short = deed if deed.language else deed._replace(line=deed.line[:160])
            if short not in seen:
                seen.add(short)
                yield short


def is_query(command: str) -> bool:
    """Say whether a command only asks about the machine or the source, or builds what is there.

    >>> is_query("git rev-parse HEAD"), is_query("git clone https://x")
    (True, False)
    >>> is_query("git --git-dir=?/.git describe --tags"), is_query("git --git-dir=hooked describe")
    (True, False)
    >>> is_query('hg tip --template "{date|rfc3339date}"'), is_query('hg log "$(id)"'), is_query("hg id --cwd x")
    (True, False, False)
    """
    head = command.strip()
    return _QUERY.match(head) is not None and not any(mark in _QUOTED.sub("", head) for mark in "|;&`$<>")


def is_unheard_of(command: str) -> bool:
    """Say whether a command is one word that nobody knows, with arguments that nobody can read.

    >>> is_unheard_of("fburl ?"), is_unheard_of("fburl"), is_unheard_of("curl ?"), is_unheard_of("./fburl ?")
    (True, False, False, False)
    >>> is_unheard_of("pandoc ? -o ? --version"), is_unheard_of("perl -e ?")
    (True, False)
    """
    word, _, others = command.partition(" ")
    heard = _INTERPRETERS | _FETCHERS | _SENDERS | _PASSED | _ABLE
    plain = all(other == "?" or _FLAG.fullmatch(other) for other in others.split())
    return "?" in others and plain and word.isidentifier() and word.rstrip("0123456789") not in heard


def builds(command: str) -> bool:
    """Say whether a command compiles what lies there."""
    head = command.strip()
    return _BUILD.match(head) is not None and not any(mark in head for mark in "|;`$")


def installs(command: str) -> bool:
    """Say whether a command installs packages."""
    return "conda install" in command or any(
        (tool := _INSTALLERS.search(line)) is not None and _INSTALL.search(line, tool.end()) is not None
        for line in command.split("\n")
    )


def _plain(command: Command) -> Command:
    """Return what a command passes on to: `sudo bash` is `bash`."""
    words = command.words
    for _ in range(4):
        if not words or words[0].rpartition("/")[2] not in _PASSED:
            break
        at = 1
        while at < len(words) and (words[at].startswith("-") or "=" in words[at]):
            at += 1
        words = words[at:]
    # `env` alone passes nothing on.
    return command._replace(words=words or command.words)


def _of_pipe(pipe: tuple[Command, ...]) -> Iterator[Deed]:
    commands = [_plain(command) for command in pipe]
    line = " | ".join(command.line for command in commands)
    if mines(line):
        yield Deed("mines-coins", line)
    before = _Before()
    for command in commands:
        if _is_interpreter(command.name):
            yield from _interpreted(command, before, line)
        if command.name in {"eval", "source", "."} or _is_interpreter(command.name):
            yield from _substituted(command, line)
        yield from _of_command(command, before, line)
        before = before.then(command)


def _is_interpreter(name: str) -> bool:
    return name in _INTERPRETERS or name.rstrip("0123456789.") in _INTERPRETERS


def _fetches(command: Command) -> bool:
    return command.name in _FETCHERS


def _decodes(command: Command) -> bool:
    return _DECODERS.search(command.line) is not None


def _interpreted(command: Command, before: _Before, line: str) -> Iterator[Deed]:
    words = command.words
    takes_input = len(words) == 1 or words[1] in {"-", "-s", "-e", "-x"} or words[1].startswith("-")
    if takes_input and before.fetches:
        yield Deed("downloads-and-runs", line)
    elif takes_input and before.decodes:
        yield Deed("decodes-and-runs", line)
    elif before.last and takes_input and before.last.name in {"echo", "printf", "cat"} and command.name in _SHELLS:
        for inner in before.last.words[1:]:
            yield from deeds(inner)
    language = "python" if command.name.startswith("python") else "shell" if command.name in _SHELLS else command.name
    if command.document:
        yield Deed("", command.document, language)
    for at, word in enumerate(words[1:], 1):
        if (word in {"-c", "-e"} or (word[:1] == "-" and word[1:].isalpha() and word[-1] == "c")) and at + 1 < len(
            words
        ):
            if language == "shell":
                yield from deeds(words[at + 1])
            else:
                yield Deed("", words[at + 1], language)
            break


def _substituted(command: Command, line: str) -> Iterator[Deed]:
    for inner in command.inside:
        plain = [_plain(one) for one in inner]
        if any(map(_decodes, plain)):
            yield Deed("decodes-and-runs", line)
        elif any(map(_fetches, plain)):
            yield Deed("downloads-and-runs", line)


def _of_command(command: Command, before: _Before, line: str) -> Iterator[Deed]:
    words = [*command.words, *(target for _, target in command.targets)]
    if any("/dev/tcp/" in word or "/dev/udp/" in word for word in words):
        yield Deed("reverse-shell", line)
    if command.name in {"nc", "ncat", "netcat"} and _hands_shell(command.words, before):
        yield Deed("reverse-shell", line)
    if command.name == "socat" and any("exec:" in word.lower() or "system:" in word.lower() for word in words):
        yield Deed("reverse-shell", line)
    written = [target for mark, target in command.targets if ">" in mark]
    if command.name in {"tee", "cp", "mv", "install", "ln"}:
        written += command.words[-1:] if command.name != "tee" else command.words[1:]
    if any(map(is_started, written)) or (command.name == "crontab" and "-l" not in words and len(words) > 1):
        yield Deed("plants-itself", line)
    if _wipes(command):
        yield Deed("deletes-broadly", line)
    yield from _of_secrets(command, before, line, words)


def _hands_shell(words: tuple[str, ...], before: _Before) -> bool:
    flags = any(word[:1] == "-" and not word.startswith("--") and set(word[1:]) & {"e", "c"} for word in words)
    return flags or "--exec" in words or "--sh-exec" in words or before.starts_shell


def _wipes(command: Command) -> bool:
    words = command.words
    if command.name == "rm":
        flags = "".join(word.lstrip("-") for word in words[1:] if word.startswith("-"))
        recursive = "r" in flags or "R" in flags
        return recursive and any(_TARGETS.match(word) for word in words[1:])
    if command.name == "dd":
        return any(word.startswith("of=/dev/") and not word.startswith("of=/dev/null") for word in words)
    return command.name.startswith("mkfs") or (command.name == "shred" and len(words) > 1)


def _shows_environment(command: Command) -> bool:
    return command.name in {"env", "printenv", "set"} and len(command.words) == 1


def _of_secrets(command: Command, before: _Before, line: str, words: list[str]) -> Iterator[Deed]:
    own = any(is_secret(word.lstrip("@").removeprefix("file=").lstrip("@").replace("$HOME", "~")) for word in words)
    inside = any(_shows_environment(one) or any(map(is_secret, one.words)) for pipe in command.inside for one in pipe)
    if command.name in _SENDERS and (own or inside or before.has_secrets) and command.name not in {"ssh", "scp"}:
        yield Deed("sends-secrets", line)
    elif own and command.name in {"cat", "less", "head", "tail", "cp", "tar", "zip", "base64", "grep", "scp"}:
        yield Deed("reads-secrets", line)


_FETCHED: Final = r"downloadstring|\biwr\b|\birm\b|invoke-webrequest|invoke-restmethod"
_RUN: Final = r"\biex\b|invoke-expression"
_INTO_RUN: Final = r"\|[ \t]*(?:iex\b|invoke-expression)"
_WINDOWS: Final = (
    ("downloads-and-runs", _RUN, _FETCHED + r"|net\.webclient"),
    ("downloads-and-runs", _FETCHED, _INTO_RUN),
    ("downloads-and-runs", r"\b(?:mshta|regsvr32|rundll32)\b", "https?://"),
    ("downloads-and-runs", r"\bstart-process\b", r"\$env:temp"),
    ("downloads-and-runs", r"\bcertutil\b", "-urlcache"),
    ("downloads-and-runs", r"\bbitsadmin\b", "/transfer"),
    ("decodes-and-runs", r"\bpowershell", r"\s-e(?:nc|ncodedcommand|c)?\s+[a-z0-9+/=]{16}"),
    ("decodes-and-runs", r"\bcertutil\b", "-decode"),
    ("decodes-and-runs", _RUN, "frombase64string"),
    ("decodes-and-runs", "frombase64string", _INTO_RUN),
    ("plants-itself", r"\breg(?:\.exe)? add\b", r"\\run\b"),
    ("plants-itself", r"\bschtasks\b", "/create"),
    ("plants-itself", "new-itemproperty", r"\\run\b"),
    ("plants-itself", r"register-scheduledtask|\\start menu\\programs\\startup"),
    ("deletes-broadly", r"\b(?:del|rd)\b", "/s", r"\bc:\\"),
    ("deletes-broadly", r"\bformat c:|vssadmin delete shadows"),
    ("deletes-broadly", "remove-item", "-recurse", r"\bc:\\"),
    ("reverse-shell", r"net\.sockets\.tcpclient"),
)
"""Shapes, and what stands in a line of them, one anywhere behind the other."""


def windows_deeds(script: str) -> Iterator[Deed]:
    """Yield the shapes of a PowerShell script or a batch file."""
    plain = script[: 1 << 20].replace("^", "").replace("`", "")
    if mines(plain):
        yield Deed("mines-coins", "")
    for shape, *parts in _WINDOWS:
        if line := _with_all(plain, parts):
            yield Deed(shape, line)


def _with_all(text: str, parts: list[str]) -> str:
    """Return the beginning of the first line with all parts in order.

    No line is read more often than there are parts.
    """
    first, *others = (re.compile(part, re.IGNORECASE) for part in parts)
    at = 0
    while hit := first.search(text, at):
        end = text.find("\n", hit.end())
        end = len(text) if end < 0 else end
        last: re.Match[str] | None = hit
        for other in others:
            last = last and other.search(text, last.end(), end)
        if last:
            return text[hit.start() : last.end()][:160]
        at = end
    return ""
