"""Lists, schemas, help and conversions answer at once, as they import nothing that computes."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMANDS = [
    ["snr", "--ebno", "4"],
    ["list"],
    ["list", "cfo"],
    ["list", "fields", "images"],
    ["list", "--json"],
    ["schema"],
    ["schema", "split"],
    ["new", "sensors"],
    ["show", "quickstart", "--toml"],
]
LIGHT = {"annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"}
SCRIPT = f"""
import sys
before = set(sys.modules)
from overair.cli import main
for each in {COMMANDS}:
    assert main(each) == 0, each
files = (getattr(sys.modules[name], "__file__", None) or "" for name in set(sys.modules) - before if "." not in name)
print(*(file for file in files if "site-packages" in file), sep="\\n", file=sys.stderr)
"""


def test_answers_import_nothing_that_computes() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    inside = [line.partition("site-packages/")[2] for line in done.stderr.split()]
    assert {name.partition("/")[0].removesuffix(".py") for name in inside} - {"overair"} <= LIGHT
