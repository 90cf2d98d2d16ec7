"""The digital rival (SSCC): an image codec, a rate and the link; see ``ota/separate.py`` for what its choices mean."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ....ota.images import ImageCodec
from ....ota.images.avif import Avif
from ....ota.rates import Rate
from ....ota.rates.mcs import Mcs
from ....ota.separate import Separate
from ....phy.strict import STRICT
from ..evaluation import of_repetition
from ..metrics import likeness
from . import ImageOutcome, Job, Sends, Trial, never, symbols_of


@dataclass(frozen=True, config=STRICT)
class DigitalImages:
    """Source coding, then channel coding."""

    codec: ImageCodec = Avif()
    """How a picture becomes a file."""
    rate: Rate = Mcs()
    """How many bits the symbols carry."""
    mosaic: Annotated[int, Ge(1)] = 1
    """Side of a mosaic of images that are coded as one picture."""
    count: Literal["file", "payload"] = "file"
    """Bytes that count: the file's, or without what the receiver can know beforehand."""
    belief: Literal["mean", "link"] = "mean"
    """What the transmitter counts on: the mean SNR, or its belief of the link."""
    colour: Literal["image", "set"] = "image"
    """What stands for a lost image: its own mean colour, or that of all images."""
    design_db: Annotated[float, Ge(-300), Le(300)] | None = None
    """Fixed SNR that the rate is chosen for, in dB; the link's unless given."""

    def check(self, job: Job, tested: Sequence[np.ndarray]) -> None:
        separate = self._separate()
        for images in tested:
            if images.shape[3] != 3:
                raise ValueError(
                    f"digital: expected test images of 3 colours, received {images.shape[3]}; take cifar10, or the "
                    "schemes deepjscc and linear"
                )
            if len(images) % separate.mosaic**2:
                raise ValueError(
                    f"digital.mosaic: expected test images that fill mosaics of {separate.mosaic**2}, received "
                    f"{len(images)}; take test_images = {len(images) // separate.mosaic**2 * separate.mosaic**2}, "
                    "or another mosaic"
                )
        separate.check_air(job.air)

    def epochs_of(self, job: Job) -> int:
        return 0

    def ready(self, job: Job) -> Sends:
        separate = self._separate()

        def send(ratio: float, test: Trial) -> ImageOutcome:
            pictures = np.round(test.images * 255).astype(np.uint8)
            elements = symbols_of(test.images, ratio)
            runs = [
                separate.run(
                    pictures, elements, test.snrs_db, of_repetition(test.key, at), job.air, keep=test.similarity
                )
                for at in range(test.repetitions)
            ]
            seen = [run.images for run in runs if run.images is not None]
            alike = [_likeness(test.images, each) for each in seen] or [np.full([2, *runs[0].error.shape], np.nan)]
            mean = {
                name: np.mean([getattr(run, name) for run in runs], axis=0)
                for name in ("error", "lost", "bits", "uses")
            }
            uses = mean["uses"].mean(axis=1)
            bits = mean["bits"].mean(axis=1)
            like, multiscale = np.mean(alike, axis=0)
            return ImageOutcome(mean["error"], like, multiscale, mean["lost"], bits, uses, never(test.snrs_db))

        return send

    def _separate(self) -> Separate:
        return Separate(self.codec, self.rate, self.mosaic, self.count, self.belief, self.colour, self.design_db)


def _likeness(images: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """SSIM and MS-SSIM of what is seen, uint8 [S, N, H, W, 3], [2, S, N]."""
    truth = tf.constant(images, tf.float32)
    return np.stack([likeness(truth, tf.constant(each / np.float32(255))).numpy() for each in seen], axis=1)
