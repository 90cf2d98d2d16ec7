"""What editors and shells are told: `overair schema` and `overair completion`."""

import argparse
import json
from functools import partial
from itertools import chain
from typing import Any

from . import completion
from .unhindered import uncollected

LAYOUT = argparse.RawDescriptionHelpFormatter
STYLES = ("plain", "ieee", "slides")  # of figures
COMPLETION_HELP = "a script by which bash, zsh or fish completes commands, options, presets, schemes and files"
EXAMPLES = """examples:
  source <(overair completion bash)                          in ~/.bashrc, or once for this shell
  source <(overair completion zsh)                           in ~/.zshrc, after compinit
  overair completion fish > ~/.config/fish/completions/overair.fish
"""
SCHEMA_HELP = "the JSON Schema of a study's scenarios, by which editors complete and check them"


def add(commands: Any) -> None:
    """The commands and their arguments."""
    told = commands.add_parser("schema", help=SCHEMA_HELP)
    told.add_argument("study", nargs="?", metavar="STUDY", help="one of `overair list studies` (federated)")
    told.set_defaults(command=_schema)
    told = commands.add_parser("completion", help=COMPLETION_HELP, epilog=EXAMPLES, formatter_class=LAYOUT)
    told.add_argument("shell", choices=completion.SHELLS, metavar="SHELL", help="bash, zsh or fish")
    told.set_defaults(command=partial(_completion, commands))


@uncollected()
def _schema(options: argparse.Namespace) -> int:
    from .scenarios import studies
    from .scenarios.reading import schema

    print(json.dumps(schema.schema(options.study or studies.USUAL), ensure_ascii=False, indent=1))
    return 0


@uncollected()
def _completion(commands: Any, options: argparse.Namespace) -> int:
    from .scenarios import studies
    from .scenarios.reading.files import presets
    from .scenarios.reading.sources import FAMILIES, sources

    kinds = chain.from_iterable(map(sources, FAMILIES))
    what = ("scenarios", "studies", "fields", *FAMILIES, *kinds)
    words = {"NAME": presets(), "STUDY": studies.names(), "WHAT": what, "STYLE": STYLES}
    print(completion.script(options.shell, commands, words), end="")
    return 0
