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


@documented
class Examples(NamedTuple):
    """Images and their labels.

    Images are float32 from 0 to 1, labels int32 from 0 on.

    >>> import numpy as np
    >>> from overair.learning.inference.split.features import Examples
    >>> Examples(x=np.zeros([4, 8, 8, 1], np.float32), y=np.zeros(4, np.int32)).x.shape
    (4, 8, 8, 1)
    """

    x: np.ndarray  # images, [N, H, W, C]
    y: np.ndarray  # labels, [N]


@documented
class Cut(NamedTuple):
    """A network cut in two, its data, and the link.

    The device's part ends where the server's begins, so model(x) = server(device(x)).

    >>> from overair.learning.inference.split.features import Cut
    >>> Cut._fields[:2]
    ('device', 'server')
    """

    device: keras.Model
    """From images to what crosses."""
    server: keras.Model
    """From what crosses to logits."""
    name: str
    """Of the layer behind which it is cut."""
    last: bool
    """Whether nothing is left to the server."""
    data: Arrays
    """Whose training images may be learnt from, and whose test images are sent."""
    held_out: Examples
    """Of which nothing has learnt, for choices."""
    outage: PacketOutage
    """What the link loses."""
    grid: Grid
    """Of the resource elements."""
    seed: int
    """Of training and links."""
    kept: Kept = lambda make: make()
    """What a scheme learns, from where it is kept, or made and kept there."""


@documented
class Sent(NamedTuple):
    """What became of the test images by SNR, [S].

    Bits are means over images; elements are those of a packet or an image that is sent once.

    >>> import numpy as np
    >>> from overair.learning.inference.split.features import Sent
    >>> some = np.array([0.5, 0.9])
    >>> Sent(accuracy=some, validation=some, elements=np.array([64, 64]), bits=0.0, depth=0).accuracy.shape
    (2,)
    """

    accuracy: np.ndarray  # on the test images
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
