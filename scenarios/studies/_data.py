"""Data sets of scenarios, each loaded once."""

from typing import TYPE_CHECKING, Any

from ..reading import catalogue
from ..reading.complaints import named

if TYPE_CHECKING:
    from ...learning.data import Arrays


def load_data(scheme: catalogue.Scheme, shared: dict[str, Any]) -> "Arrays":
    """The data of a scheme, kept in ``shared``."""
    if (key := f"data {scheme.model_dump_json(exclude={'label'})}") not in shared:
        with named("data"):
            shared[key] = catalogue.build(scheme, "data").load()
    return shared[key]
