"""Words of earlier scenarios, and what they are called now.

A bar stands in every old word, so that a search for one finds its uses and not this table.
"""

from collections.abc import Collection

NAMES = {
    "know|ledge": "csi",
    "transmitter_know|ledge": "csit",
    "receiver_know|ledge": "csir",
    "receiv|er": "combiner",
    "receiv|ers": "combiners",
    "send|ers": "schemes",
    "ro|ad": "domain",
    "mod|es": "mcs",
    "err|or": "target_bler",
    "proba|bility": "target_bler",
    "tar|get": "target_bler",
    "boost|_db": "margin_db",
    "budgets|_db": "power_offsets_db",
    "si|ght": "los",
    "ap|art": "inter_site_distance",
    "penetra|tion": "o2i_loss",
    "ind|oor": "indoor_fraction",
    "toge|ther": "sdma",
    "hea|rd": "decoded",
}
OPPOSITE = {"boost|_db"}  # of the other sign


def now(old: object, known: Collection[str]) -> str | None:
    """What an old word is called now, None unless that is known where the old one stands."""
    new = {word.replace("|", ""): new for word, new in NAMES.items()}.get(str(old))
    return new if new in known else None


def advice(old: object, new: str) -> str:
    """What to write instead."""
    opposite = str(old) in {word.replace("|", "") for word in OPPOSITE}
    return f"write {new}" + (", with the opposite sign" if opposite else "")
