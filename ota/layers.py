"""The layers of a model: the shapes of its weights, in the order in which an update holds them.

An update is the weights one after the other, each flattened in the order of its axes as Keras does. ``Layers`` are
their shapes, such as ((5, 5, 1, 10), (10,), (1960, 10), (10,)): shapes of 4 axes are convolutions (H, W, D, F).
"""

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from ..phy.inputs import is_whole, shown

Layers: TypeAlias = tuple[tuple[int, ...], ...]


def size_of(layers: Layers) -> int:
    """Entries of an update."""
    return sum(map(math.prod, layers))


def check_layers(layers: Layers, size: int) -> None:
    """Refuses what is no shapes, or shapes that hold another number of entries together."""
    if not _are_shapes(layers):
        raise ValueError(
            f"layers: expected the shapes of all weights, such as ((784, 10), (10,)), received {shown(layers)}"
        )
    if layers and size_of(layers) != size:
        raise ValueError(
            f"layers: expected shapes that hold {size} entries together, received {size_of(layers)} in {layers}; "
            "give the shapes of all weights in their order"
        )


def _are_shapes(layers: Any) -> bool:
    return isinstance(layers, Sequence) and all(
        isinstance(shape, Sequence) and all(is_whole(size, 0) for size in shape) for shape in layers
    )
