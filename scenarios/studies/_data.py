"""Data sets of scenarios, each loaded once, and what is held out of them."""

from typing import TYPE_CHECKING, Any

from ..reading import catalogue
from ..reading.complaints import named

HELD_OUT_SEED = 0

if TYPE_CHECKING:
    from ...learning.data import Arrays


def load_data(scheme: catalogue.Scheme, shared: dict[str, Any]) -> "Arrays":
    """The data of a scheme, kept in ``shared``."""
    if (key := f"data {scheme.model_dump_json(exclude={'label'})}") not in shared:
        from ..promises._loaded import loaded

        with named("data"):
            shared[key] = loaded(catalogue.build(scheme, "data"))
    return shared[key]


def held_out(data: "Arrays", share: float) -> "Arrays":
    """Without its test data: what is tested on is a share of the training data, drawn once, and is not trained on."""
    import numpy as np

    order = np.random.default_rng(HELD_OUT_SEED).permutation(len(data.y_train))
    tested, kept = np.split(order, [max(1, round(share * len(order)))])
    return data._replace(
        x_train=data.x_train[kept], y_train=data.y_train[kept], x_test=data.x_train[tested], y_test=data.y_train[tested]
    )
