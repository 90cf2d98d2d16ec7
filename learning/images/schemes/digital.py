"""The digital rival (SSCC): an image codec, a rate and the link."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ....ota.rates import Rate
from ....ota.rates.mcs import Mcs
from ....ota.separate import Separate
from ....phy.strict import dataclass
from ..evaluation import of_repetition
from ..metrics import likeness
from . import ImageOutcome, Job, Sends, Trial, never, symbols_of


@dataclass(frozen=True)
class DigitalImages(Separate):
    """Source coding, then channel coding: the digital rival (SSCC), an image codec, a rate and the link.

    What its choices mean is told by ``Separate``, which it is, for images [N, H, W, 3] at a ratio k/n: an image owns k
    complex symbols.

    >>> import numpy as np
    >>> from overair.learning.images.schemes import Job, Trial
    >>> from overair.learning.images.schemes.digital import DigitalImages
    >>> from overair.ota.rates.capacity import Capacity
    >>> from overair.phy import Air, Awgn, Grid, keys
    >>> images = np.random.default_rng(0).random([4, 32, 32, 3], np.float32)
    >>> job = Job(images, Air(Grid(), Awgn(), devices=1), ratios=(0.5,), seed=0)
    >>> trial = Trial(images, snrs_db=(0.0, 20.0), repetitions=1, key=keys.key(0), similarity=False)
    >>> outcome = DigitalImages(rate=Capacity()).ready(job)(0.5, trial)
    >>> outcome.mse.shape, bool((outcome.mse[1] < outcome.mse[0]).all())
    ((2, 4), True)
    """

    rate: Rate = Mcs()

    def check(self, job: Job, tested: Sequence[np.ndarray]) -> None:
        for images in tested:
            if images.shape[3] != 3:
                raise ValueError(
                    f"digital: expected test images of 3 colours, received {images.shape[3]}; take cifar10, or the "
                    "schemes deepjscc and linear"
                )
            if len(images) % self.mosaic**2:
                raise ValueError(
                    f"digital.mosaic: expected test images that fill mosaics of {self.mosaic**2}, received "
                    f"{len(images)}; take test_images = {len(images) // self.mosaic**2 * self.mosaic**2}, "
                    "or another mosaic"
                )
        self.check_air(job.air)

    def epochs_of(self, job: Job) -> int:
        return 0

    def ready(self, job: Job) -> Sends:
        def send(ratio: float, test: Trial) -> ImageOutcome:
            pictures = np.round(test.images * 255).astype(np.uint8)
            elements, keep = symbols_of(test.images, ratio), len(pictures) if test.similarity else test.shown
            runs = [
                self.run(pictures, elements, test.snrs_db, of_repetition(test.key, at), job.air, keep)
                for at in range(test.repetitions)
            ]
            unknown = np.full([2, *runs[0].error.shape], np.nan)
            alike = [_likeness(test.images, run.images) if test.similarity else unknown for run in runs]
            mean = {
                name: np.mean([getattr(run, name) for run in runs], axis=0)
                for name in ("error", "lost", "silent", "bits", "uses")
            }
            uses = mean["uses"].mean(axis=1)
            bits = mean["bits"].mean(axis=1)
            like, multiscale = np.mean(alike, axis=0)
            sent = mean["lost"], bits, uses, never(test.snrs_db), mean["silent"]
            shown = runs[0].images[:, : test.shown] / np.float32(255)
            return ImageOutcome(mean["error"], like, multiscale, *sent, shown)

        return send


def _likeness(images: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """SSIM and MS-SSIM of what is seen, uint8 [S, N, H, W, 3], [2, S, N]."""
    truth = tf.constant(images, tf.float32)
    return np.stack([likeness(truth, tf.constant(each / np.float32(255))).numpy() for each in seen], axis=1)
