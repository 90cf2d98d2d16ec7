"""Models: a Keras network for images of a shape and a number of classes."""

from collections.abc import Iterator
from itertools import count
from typing import Protocol, runtime_checkable

import keras
import numpy as np


@runtime_checkable
class Model(Protocol):
    """A family of networks that end in logits, for images of a shape and a number of classes.

    Initial weights depend on the seed alone: each layer's initializer has a seed hashed from the model's seed and the
    layer's place (``seeds``, ``glorot``), so no global random state is read or changed. One of your own is a frozen
    dataclass with this method. A scheme that brings weights that were trained says ``trained: ClassVar[bool] = True``;
    its seeds are all alike.

    >>> from overair.learning.models import Model
    >>> from overair.learning.models.softmax import Softmax
    >>> isinstance(Softmax(), Model), Softmax().build((28, 28, 1), classes=10, seed=0).output_shape
    (True, (None, 10))
    """

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        """A built Keras network with its weights, from float32 [N, *shape] to logits [N, classes].

        Equal seeds give bitwise equal weights.
        """
        ...


def seeds(seed: int) -> Iterator[int]:
    """A seed for one layer after the other."""
    if seed < 0:
        raise ValueError(f"seed: expected a number of at least 0, received {seed}")
    return (int(np.random.SeedSequence([seed, *b"model", layer]).generate_state(1)[0]) for layer in count(1))


def glorot(seed: int) -> Iterator[keras.initializers.Initializer]:
    """Initializers for one layer after the other: uniform within sqrt(6 / (fan in + fan out))."""
    return (keras.initializers.GlorotUniform(each) for each in seeds(seed))


def check_image(kind: str, shape: tuple[int, ...], smallest: int) -> None:
    """Refuses what a network of convolutions cannot shrink."""
    if len(shape) != 3 or min(shape[:2]) < smallest:
        expected = f"images of height, width and channels, at least {smallest} x {smallest}"
        raise ValueError(
            f"model: expected {expected}, for {kind}, received {' x '.join(map(str, shape))}; take softmax, say"
        )


FAMILY = Model  # what each file of this folder is one of

__all__ = ["Model", "check_image", "glorot", "seeds"]
