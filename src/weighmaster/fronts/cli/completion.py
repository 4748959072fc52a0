"""`weighmaster completion`: a script that lets a shell complete subcommands, options and their choices."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from weighmaster.fronts.cli.main import COMMANDS, command
from weighmaster.fronts.cli.parsing import Parser

_EPILOG: Final = """\
bash:  weighmaster completion bash > ~/.local/share/bash-completion/completions/weighmaster
zsh:   weighmaster completion zsh > a folder of $fpath, as _weighmaster
fish:  weighmaster completion fish > ~/.config/fish/completions/weighmaster.fish"""


def parser() -> Parser:
    """Return what `completion` understands."""
    it = Parser(prog="weighmaster completion", description="Print a completion script.", epilog=_EPILOG)
    it.add_argument("shell", choices=("bash", "zsh", "fish"))
    return it


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand and return its exit status."""
    shell = parser().parse_args(arguments).shell
    script = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]
    sys.stdout.write("\n".join(script()) + "\n")
    return 0


def _actions(name: str) -> list[Any]:
    """Return what a command understands, and after that what each of its own commands does, once."""
    # argparse has no public way to ask a parser what it knows.
    own = list(command(name).parser()._actions)  # noqa: SLF001
    below = [inner for each in own if isinstance(each.choices, Mapping) for inner in each.choices.values()]
    found = {str(action.option_strings or action.dest): action for action in own}
    for inner in below:
        for action in inner._actions:  # noqa: SLF001
            found.setdefault(str(action.option_strings or action.dest), action)
    return list(found.values())


def _bash() -> Iterator[str]:
    yield "_weighmaster() {"
    yield "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} name=${COMP_WORDS[1]}"
    yield "    COMPREPLY=()"
    yield '    if [ "$COMP_CWORD" -eq 1 ]; then'
    yield f'        COMPREPLY=($(compgen -W "{" ".join(COMMANDS)} --help --version" -- "$word")); return'
    yield "    fi"
    yield '    case "$name $before" in'
    for name in COMMANDS:
        for action in _actions(name):
            if action.option_strings and action.choices:
                cases = "|".join(f'"{name} {option}"' for option in action.option_strings)
                yield f'        {cases}) COMPREPLY=($(compgen -W "{" ".join(action.choices)}" -- "$word")); return;;'
    yield "    esac"
    yield '    case "$name" in'
    for name in COMMANDS:
        words = [option for action in _actions(name) for option in action.option_strings if option.startswith("--")]
        words += [choice for action in _actions(name) if not action.option_strings for choice in action.choices or ()]
        yield f'        {name}) COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$word"));;'
    yield "    esac"
    yield '    case "$word" in -*) ;; *) COMPREPLY+=($(compgen -f -- "$word"));; esac'
    yield "}"
    yield "complete -o filenames -F _weighmaster weighmaster"


def _zsh() -> Iterator[str]:
    yield "#compdef weighmaster"
    yield "local -a commands"
    yield "commands=("
    for name, title in COMMANDS.items():
        yield f"    {_quoted(f'{name}:{title}')}"
    yield ")"
    yield "if (( CURRENT == 2 )); then"
    yield "    _describe command commands"
    yield "    _arguments --help --version"
    yield "    return"
    yield "fi"
    yield "local name=$words[2]"
    yield "shift words; (( CURRENT-- ))"
    yield "case $name in"
    for name in COMMANDS:
        yield f"    {name}) _arguments -s \\"
        for action in _actions(name):
            yield from (f"        {_quoted(text)} \\" for text in _zsh_argument(action))
        yield "        ;;"
    yield "esac"


def _zsh_argument(action: Any) -> Iterator[str]:
    what = f":{action.dest}:({' '.join(action.choices)})" if action.choices else f":{action.dest}:_files"
    if not action.option_strings:
        yield f"*{what}"
    for option in action.option_strings:
        title = (action.help or "").replace("[", "(").replace("]", ")").replace(":", " -")
        yield f"*{option}[{title}]" + ("" if action.nargs == 0 else what)


def _fish() -> Iterator[str]:
    for name, title in COMMANDS.items():
        yield f"complete -c weighmaster -n __fish_use_subcommand -f -a {name} -d {_quoted(title)}"
    yield "complete -c weighmaster -n __fish_use_subcommand -l version -l help"
    for name in COMMANDS:
        for action in _actions(name):
            yield f"complete -c weighmaster -n '__fish_seen_subcommand_from {name}'{_fish_argument(action)}"


def _fish_argument(action: Any) -> str:
    said = ""
    for option in action.option_strings:
        said += f" -l {option[2:]}" if option.startswith("--") else f" -s {option[1:]}"
    if action.choices:
        said += f" -x -a {_quoted(' '.join(action.choices))}"
    elif action.option_strings and action.nargs != 0:
        said += " -r"
    return said + (f" -d {_quoted(action.help)}" if action.help else "")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
