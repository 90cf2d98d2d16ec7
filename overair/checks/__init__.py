"""Theory beside simulation: what ``overair check`` prints.

A row passes when |measured - expected| <= 4.5 standard errors of the measurement, and 1e-4 of what is expected for
float32.
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .measure import Row


def main(as_json: bool = False) -> int:
    """Print all comparisons, as lines or as JSON; 1 if any disagrees."""
    from .sums import rows  # brings TensorFlow

    wrong = _as_json(rows()) if as_json else _as_lines(rows())
    return 1 if wrong else 0


def _as_lines(rows: "Iterable[Row]") -> int:
    print(f"{'theory':<66}{'expected':>12}{'measured':>12}{'std. error':>12}")
    wrong = 0
    for row in rows:
        verdict = "" if row.agrees else "  DISAGREES"
        wrong += not row.agrees
        print(f"{row.name:<66}{row.expected:>12.5g}{row.measured:>12.5g}{row.error:>12.2g}{verdict}", flush=True)
    print("all agree" if not wrong else f"{wrong} disagree")
    return wrong


def _as_json(rows: "Iterable[Row]") -> int:
    told = [{**row._asdict(), "agrees": bool(row.agrees)} for row in rows]
    wrong = sum(not row["agrees"] for row in told)
    print(json.dumps({"disagree": wrong, "rows": told}, indent=2))
    return wrong
