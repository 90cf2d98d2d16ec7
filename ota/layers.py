"""The layers of a model: the shapes of its weights, in the order in which an update holds them.

An update is the weights one after the other, each flattened in the order of its axes as Keras does. ``Layers`` are
their shapes, such as ((5, 5, 1, 10), (10,), (1960, 10), (10,)): shapes of 4 axes are convolutions (H, W, D, F).
"""

import math
from typing import TypeAlias

Layers: TypeAlias = tuple[tuple[int, ...], ...]


def size_of(layers: Layers) -> int:
    """Entries of an update."""
    return sum(map(math.prod, layers))


def check_layers(layers: Layers, size: int) -> None:
    if layers and size_of(layers) != size:
        raise ValueError(
            f"layers: expected shapes that hold {size} entries together, received {size_of(layers)} in {layers}; "
            "give the shapes of all weights in their order"
        )
