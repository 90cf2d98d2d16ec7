"""Digital, where an image crosses as the file of a picture, of the codec and the quality that take the fewest bits."""

from functools import partial

import keras
import numpy as np

from .....ota.images import ImageCodec
from .....ota.images.avif import Avif
from .....ota.images.jpeg import Jpeg
from .....ota.images.jpeg2000 import Jpeg2000
from .....ota.images.webp import Webp
from .....phy.strict import dataclass
from .. import pictures
from ..cuts import INPUT
from . import Cut, accuracy_of
from .quantised import JUDGES, Coded, Quantised


@dataclass(frozen=True)
class Picture(Quantised):
    """A picture at the input, b bits a number behind it.

    An image crosses as the file of a picture: the codec and quality of the fewest bits that cost next to no accuracy.
    Of each codec the least quality is found that loses less than the tolerance on images kept from training, and of the
    codecs the one whose files are smallest there. Bits are the files' payloads, accuracy is that of the pictures which
    are decoded, and coding takes no time. Behind the input features are quantised, as they are by ``Quantised``.

    >>> from overair.learning.inference.split.features.picture import Picture
    >>> from overair.ota.images.webp import Webp
    >>> Picture(codecs=(Webp(),), tolerance=0.01).tolerance
    0.01
    """

    codecs: tuple[ImageCodec, ...] = (Jpeg2000(), Webp(), Avif(), Jpeg())
    """Of pictures, to choose from."""

    def __post_init__(self) -> None:
        if not self.codecs:
            raise ValueError("picture.codecs: expected at least one, received none; take lossless")

    def parts(self, cut: Cut) -> tuple[keras.Model, keras.Model]:
        if cut.name == INPUT:
            pictures.check(cut.data.x_train.shape[1:])
        return super().parts(cut)

    def _coded(self, cut: Cut) -> Coded:
        if cut.name != INPUT:
            return super()._coded(cut)
        return Coded(*map(float, cut.kept(lambda: [np.array(value) for value in self._measured(cut)])))

    def _measured(self, cut: Cut) -> Coded:
        codec, quality = self._best(cut)
        (x, y), (judged, labels) = (cut.data.x_test, cut.data.y_test), cut.held_out
        seen, bits = pictures.coded(codec, x, quality)
        held = accuracy_of(cut.server, pictures.coded(codec, judged, quality)[0], labels)
        return Coded(0, accuracy_of(cut.server, seen, y), held, float(bits.mean()))

    def _best(self, cut: Cut) -> tuple[ImageCodec, int]:
        """The codec and quality of the fewest bits."""
        some, labels = (part[:JUDGES] for part in cut.held_out)
        enough = accuracy_of(cut.server, some, labels) - self.tolerance

        def reached(codec: ImageCodec, quality: int) -> bool:
            return accuracy_of(cut.server, pictures.coded(codec, some, quality)[0], labels) >= enough

        found = [(codec, pictures.least(codec, partial(reached, codec))) for codec in self.codecs]
        return min(found, key=lambda one: float(pictures.coded(one[0], some, one[1])[1].mean()))
