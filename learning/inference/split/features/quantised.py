"""Digital: features in the fewest bits a number that cost next to no accuracy, entropy coded, in packets."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import keras
import numpy as np
from annotated_types import Ge, Lt

from .....phy.strict import dataclass
from ..cuts import INPUT
from ..digital import DEEPEST, Quantiser, answer_bits, image_bits
from . import Cut, Sent, accuracy_of

DEPTHS = (1, 2, 3, 4, 6, DEEPEST)
JUDGES, EXAMPLES, SIZED = (
    2000,
    200,
    100,
)  # images that choose a depth, that a quantiser is fit to, whose bits are counted


class Coded(NamedTuple):
    """Bits a number, the accuracy of what arrives and that on images held out, and bits an image."""

    depth: float
    accuracy: float
    validation: float
    bits: float


@dataclass(frozen=True)
class Quantised:
    """Some bits a number, b: features in the fewest bits that cost next to no accuracy, entropy coded, in packets.

    A number x becomes

        q = round((2^b - 1) (x - low) / (high - low)), clipped to 0 .. 2^b - 1

    with ``low`` and ``high`` public. The depth b is chosen on images kept from training, the first that loses less than
    the tolerance against features as they are. An image itself crosses the cut as 8 bits a number (``Picture`` sends
    files), and the answer of the whole network as the name of a class.

    Ko et al., "Edge-host partitioning of deep neural networks with feature space encoding for resource-constrained
    internet-of-things platforms", AVSS 2018.

    >>> import numpy as np
    >>> from overair.learning.inference.split.digital import Quantiser
    >>> from overair.learning.inference.split.features.quantised import Quantised
    >>> quantiser = Quantiser(bits=2, low=0.0, high=3.0)  # of the depths that Quantised(tolerance=0.01) tries
    >>> quantiser.levels(np.array([-1.0, 0.4, 1.6, 9.0])).tolist(), Quantised(tolerance=0.01).tolerance
    ([0, 0, 2, 3], 0.01)
    """

    tolerance: Annotated[float, Ge(0), Lt(1)] = 0.005
    """Accuracy on images kept from training that coding may cost."""

    def parts(self, cut: Cut) -> tuple[keras.Model, keras.Model]:
        return cut.device, cut.server

    def send(self, cut: Cut, snrs_db: Sequence[float]) -> Sent:
        coded = self._coded(cut)
        reached, held = (
            np.array([cut.outage.accuracy(arriving, cut.data.classes, snr) for snr in snrs_db])
            for arriving in (coded.accuracy, coded.validation)
        )
        elements = [cut.outage.elements(coded.bits, snr) for snr in snrs_db]
        return Sent(reached, held, np.array(elements), coded.bits, int(coded.depth))

    def _coded(self, cut: Cut) -> Coded:
        x, y = cut.data.x_test, cut.data.y_test
        if cut.name == INPUT:
            both = accuracy_of(cut.server, x, y), accuracy_of(cut.server, *cut.held_out)
            return Coded(DEEPEST, *both, image_bits(x.shape[1:]))
        if cut.last:
            both = accuracy_of(cut.device, x, y), accuracy_of(cut.device, *cut.held_out)
            return Coded(0, *both, answer_bits(cut.data.classes))
        quantiser = self._chosen(cut)
        right, sizes = 0.0, list[int]()
        for images, labels in zip(np.array_split(x, 10), np.array_split(y, 10), strict=True):
            sent = quantiser.levels(cut.device.predict(images, 250, 0))
            sizes += [quantiser.size(image) for image in sent[: SIZED - len(sizes)]]
            right += len(labels) * accuracy_of(cut.server, quantiser.restored(sent), labels)
        held = cut.device.predict(cut.held_out.x, 250, 0)
        validation = accuracy_of(cut.server, quantiser.restored(quantiser.levels(held)), cut.held_out.y)
        return Coded(quantiser.bits, right / len(y), validation, float(np.mean(sizes)))

    def _chosen(self, cut: Cut) -> Quantiser:
        """The quantiser of the fewest bits that loses no more than the tolerance."""
        some, labels = cut.device.predict(cut.held_out.x[:JUDGES], 250, 0), cut.held_out.y[:JUDGES]
        least = accuracy_of(cut.server, some, labels) - self.tolerance
        for depth in DEPTHS:
            quantiser = Quantiser.fit(some[:EXAMPLES], depth)
            if accuracy_of(cut.server, quantiser.restored(quantiser.levels(some)), labels) >= least:
                break
        return quantiser
