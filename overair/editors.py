"""What editors and shells are told: `overair schema` and `overair completion`."""

import argparse
import json
from typing import Any

from .unhindered import uncollected

SCHEMA_HELP = "the JSON Schema of a study's scenarios, by which editors complete and check them"


def add(commands: Any) -> None:
    """The commands and their arguments."""
    told = commands.add_parser("schema", help=SCHEMA_HELP)
    told.add_argument("study", nargs="?", metavar="STUDY", help="see `overair list studies` (federated)")
    told.set_defaults(command=_schema)


@uncollected()
def _schema(options: argparse.Namespace) -> int:
    from .scenarios import studies
    from .scenarios.reading import schema

    print(json.dumps(schema.schema(options.study or studies.USUAL), ensure_ascii=False, indent=1))
    return 0
