"""Features: what crosses a cut between device and server, and how."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import keras
import numpy as np

from .....phy import Grid
from .....phy.documented import documented
from ....data import Arrays
from ..outage import PacketOutage

Kept = Callable[[Callable[[], list[np.ndarray]]], list[np.ndarray]]


class Examples(NamedTuple):
    """Images and their labels."""

    x: np.ndarray
    y: np.ndarray


@documented
class Cut(NamedTuple):
    """A network cut in two, its data, and the link: model(x) = server(device(x)).

    >>> from overair.learning.inference.split.features import Cut
    >>> Cut._fields[:2]
    ('device', 'server')
    """

    device: keras.Model
    server: keras.Model
    name: str
    """Of the layer behind which it is cut."""
    last: bool
    """Whether nothing is left to the server."""
    data: Arrays
    held_out: Examples
    """Of which nothing has learnt, for choices."""
    outage: PacketOutage
    """What the link loses."""
    grid: Grid
    seed: int
    """Of training and links."""
    kept: Kept = lambda make: make()
    """What a scheme learns, from where it is kept, or made and kept there."""


@documented
class Sent(NamedTuple):
    """What became of the test images by SNR, [S]; bits are means over images."""

    accuracy: np.ndarray
    validation: np.ndarray  # accuracy on the images that were held out
    elements: np.ndarray  # of a packet or an image, sent once
    bits: float  # 0 where symbols are analog
    depth: int  # bits a number; 0 where it is not numbers that are sent


@runtime_checkable
class Features(Protocol):
    """A way across a cut between device and server.

    A scheme says what device and server compute besides their parts of the network, and sends a cut's test images at
    SNRs. One of your own is a frozen dataclass with these methods.

    >>> from overair.learning.inference.split.features import Features
    >>> from overair.learning.inference.split.features.quantised import Quantised
    >>> isinstance(Quantised(), Features)
    True
    """

    def parts(self, cut: Cut) -> tuple[keras.Model, keras.Model]:
        """What device and server compute; refuses in one line a cut that it cannot serve."""
        ...

    def send(self, cut: Cut, snrs_db: Sequence[float]) -> Sent:
        """Accuracy, bits and elements of test images at SNRs [S] in dB; what comes at one depends on no other."""
        ...


def accuracy_of(model: keras.Model, features: np.ndarray, labels: np.ndarray) -> float:
    """The share that a network, or the rest of one, tells right."""
    return float(np.mean(model.predict(features, 250, 0).argmax(axis=1) == labels))


FAMILY = Features  # what each file of this folder is one of

__all__ = ["Cut", "Examples", "Features", "Kept", "Sent", "accuracy_of"]
