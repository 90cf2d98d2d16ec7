"""Completion of the command in a shell, written from its parsers: what a metavar names is what is offered for it."""

import argparse
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

SHELLS = ("bash", "zsh", "fish")
FILES, FOLDERS = {"FILE"}, {"DIR", "FOLDER"}  # metavars


class Offer(NamedTuple):
    """What may stand at a place."""

    words: tuple[str, ...]
    files: bool
    folders: bool
    many: bool = False
    """Whether several may stand there and after it."""


class Option(NamedTuple):
    """An option of a command, and what its value may be, None where it takes none."""

    name: str
    about: str
    value: Offer | None


class Command(NamedTuple):
    """A command with its options, and what it is about."""

    name: str
    about: str
    options: tuple[Option, ...]
    subject: tuple[Offer, ...]


def script(shell: str, subparsers: Any, words: Mapping[str, Iterable[str]]) -> str:
    """For one of ``SHELLS``; ``words`` are those that a metavar stands for."""
    about = {action.dest: action.help or "" for action in subparsers._choices_actions}
    commands = [_command(name, about[name], parser, words) for name, parser in subparsers.choices.items()]
    return {"bash": bash, "zsh": zsh, "fish": fish}[shell](commands)


def _command(name: str, about: str, parser: argparse.ArgumentParser, words: Mapping[str, Iterable[str]]) -> Command:
    options = [
        Option(option, (action.help or "").replace("%%", "%"), None if action.nargs == 0 else _offer(action, words))
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    ]
    subject = [_offer(action, words) for action in parser._actions if not action.option_strings]
    return Command(name, about, tuple(options), tuple(subject))


def _offer(action: argparse.Action, words: Mapping[str, Iterable[str]]) -> Offer:
    parts = action.metavar.split("|") if isinstance(action.metavar, str) else []
    found = [*(action.choices or ()), *(word for part in parts for word in words.get(part, ()))]
    many = action.nargs == argparse.ONE_OR_MORE
    return Offer(tuple(dict.fromkeys(found)), bool(FILES & {*parts}), bool(FOLDERS & {*parts}), many)


def bash(commands: list[Command]) -> str:
    """Words before the cursor are counted, without options and their values; bash makes three words of a=b."""
    names = " ".join(command.name for command in commands)
    places = {
        f"'{each.name} at'*" if offer.many else f"'{each.name} at{at}'": offer
        for each in commands
        for at, offer in enumerate(each.subject)
    }
    values = {f"'{each.name} {one.name}'": one.value for each in commands for one in each.options if one.value}
    options = [f"        {each.name}) words='{' '.join(one.name for one in each.options)}' ;;" for each in commands]
    return BASH % {
        "names": names,
        "valued": " | ".join(values),
        "options": "\n".join(options),
        "cases": "\n".join(_bash(case, offer) for case, offer in (places | values).items()),
    }


def _bash(case: str, offer: Offer) -> str:
    kind = "file" if offer.files else "directory" if offer.folders else ""
    return f"        {case}) words='{' '.join(offer.words)}' kind={kind} ;;"


BASH = """\
# Completion of overair for bash: source it, or write it to ~/.local/share/bash-completion/completions/overair
_overair() {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words= kind= before= at=0 each part=
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W '%(names)s --help --version' -- "$word"))
        return
    fi
    for each in "${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
        if [[ $each == '=' || $part == '=' ]]; then
            part=$each before=
            continue
        fi
        part=$each
        case "$command $before" in
            %(valued)s) before= ;;
            *)
                before=
                if [[ $each == -* ]]; then before=$each; else at=$((at + 1)); fi
                ;;
        esac
    done
    if [[ $part == '=' || $word == '=' ]]; then return; fi
    case "$command $before" in
        %(valued)s) ;;
        *) before=at$at ;;
    esac
    if [[ $word == -* && $before == at* ]]; then
        case "$command" in
%(options)s
        esac
        COMPREPLY=($(compgen -W "$words" -- "$word"))
        return
    fi
    case "$command $before" in
%(cases)s
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    if [[ -n $kind ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r each; do COMPREPLY+=("$each"); done < <(compgen -A "$kind" -- "$word")
    fi
}
complete -F _overair overair
"""


def zsh(commands: list[Command]) -> str:
    """By ``_arguments``, which knows values and places."""
    names = " ".join(shlex.quote(f"{each.name}:{each.about.replace(':', ' ')}") for each in commands)
    return ZSH % {"names": names, "commands": "\n".join(map(_zsh, commands))}


def _zsh(command: Command) -> str:
    specs = [
        f"*{each.name}[{_plain(each.about)}]" + (f":value:{_action(each.value)}" if each.value else "")
        for each in command.options
    ]
    specs += [
        f"{'*:' if each.many else f'{at}::'}subject:{_action(each)}" for at, each in enumerate(command.subject, 1)
    ]
    told = " \\\n                ".join(map(shlex.quote, specs))
    return f"            {command.name})\n                _arguments {told} ;;"


def _plain(text: str) -> str:
    return text.translate(str.maketrans("[]:\\", "()  "))


def _action(offer: Offer) -> str:
    files = "_files" if offer.files else "_files -/" if offer.folders else ""
    words = f"({' '.join(offer.words)})" if offer.words else ""
    if words and files:
        return f'{{_alternative "words:word:{words}" "files:file:{files}"}}'
    return words or files or " "


ZSH = """\
#compdef overair
# Completion of overair for zsh: write it to a file _overair in a folder of $fpath, or source it after compinit
_overair() {
    local context state line
    typeset -A opt_args
    local -a commands=(%(names)s)
    _arguments -C '--help[help]' '--version[version]' '1:command:->command' '*::argument:->argument'
    case $state in
        command) _describe command commands ;;
        argument)
            case $words[1] in
%(commands)s
            esac ;;
    esac
}
if [[ $funcstack[1] == _overair ]]; then _overair "$@"; else compdef _overair overair; fi
"""


def fish(commands: list[Command]) -> str:
    """By its own words for files and options."""
    lines = ["# Completion of overair for fish: write it to ~/.config/fish/completions/overair.fish"]
    lines += [f"complete -c overair {each}" for each in ("-f", "-l help", "-n __fish_use_subcommand -l version")]
    for command in commands:
        told = f"-a {command.name} -d {_quoted(command.about)}"
        lines.append(f"complete -c overair -n __fish_use_subcommand {told}")
        start = f"complete -c overair -n '__fish_seen_subcommand_from {command.name}'"
        for option in command.options:
            value = "" if option.value is None else " -x" + _offered(option.value)
            lines.append(f"{start} -l {option.name[2:]} -d {_quoted(option.about)}{value}")
        lines += [f"{start}{offered}" for each in command.subject if (offered := _offered(each))]
    return "\n".join(lines) + "\n"


def _offered(offer: Offer) -> str:
    files = " (__fish_complete_path)" if offer.files else " (__fish_complete_directories)" if offer.folders else ""
    words = " ".join(offer.words) + files
    return f" -a {_quoted(words.strip())}" if words else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
