"""Linear analog transmission (KLT), the closed form that learned schemes must beat."""

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import tensorflow as tf
from annotated_types import Gt, Le

from ....phy.strict import dataclass
from ..evaluation import of_repetition
from ..klt import Klt, cut
from ..linear import Linear as Scheme
from ..metrics import likeness, mse
from . import ImageOutcome, Job, Sends, Trial, never, parted, symbols_of

SCALES = 2000  # images that the scale's three numbers are learnt from


@dataclass(frozen=True)
class LinearImages:
    """Blocks through their own best linear code (KLT): the closed form that learned schemes must beat.

    Coefficient i of a block's Karhunen-Loeve transform, of variance lambda_i, gets the power p_i = s2 (sqrt(lambda_i /
    nu) - 1)+ in noise of s2 = N0/2 a real use, with nu such that powers add up to the budget, and the linear estimate
    of least error leaves sqrt(lambda_i nu) of it (``learning.images.Linear``). The transform is learnt from the images
    that networks learn from. Blocks are squares of pixels; images whose sides are no multiples are refused. Over fading
    channels power is spent for the mean SNR, and the receiver knows each use's noise.

    >>> import numpy as np
    >>> from overair.learning.images.schemes import Job, Trial
    >>> from overair.learning.images.schemes.linear import LinearImages
    >>> from overair.phy import Air, Awgn, Grid, keys
    >>> images = np.random.default_rng(0).random([20, 8, 8, 1], np.float32)
    >>> job = Job(images, Air(Grid(), Awgn(), devices=1), ratios=(0.25,), seed=0)
    >>> send = LinearImages(block=8).ready(job)
    >>> outcome = send(0.25, Trial(images[:2], snrs_db=(10.0,), repetitions=1, key=keys.key(0), similarity=False))
    >>> outcome.mse.shape, outcome.elements.tolist()  # by SNR and image; of an image
    ((1, 2), [16.0])
    """

    block: Annotated[int, Gt(0), Le(1024)] = 32
    """Side of a block, in pixels."""
    scale: Literal["average", "known", "sent"] = "sent"
    """How the receiver comes to know the scale of an image's symbols."""

    def check(self, job: Job, tested: Sequence[np.ndarray]) -> None:
        for images in (job.images, *tested):
            cut(images[:1], self.block)
        size = self.block**2 * job.images.shape[3]
        nothing = Klt(self.block, np.zeros(size), np.zeros([size, size]), np.zeros(size))
        for ratio in job.ratios:
            Scheme(nothing, ratio, self.scale, job.images[:1])

    def epochs_of(self, job: Job) -> int:
        return 0

    def ready(self, job: Job) -> Sends:
        images, _ = parted(job.images)
        klt = Klt.fit(images, block=self.block)
        schemes = {ratio: Scheme(klt, ratio, self.scale, images[:SCALES]) for ratio in job.ratios}

        def send(ratio: float, test: Trial) -> ImageOutcome:
            scheme, images = schemes[ratio], tf.constant(test.images, tf.float32)
            measures, pictures = np.zeros([3, len(test.snrs_db), len(test.images)]), []
            for at, snr_db in enumerate(test.snrs_db):
                for repetition in range(test.repetitions):
                    received = scheme.send(images, snr_db, of_repetition(test.key, repetition), air=job.air)
                    alike = likeness(images, received) if test.similarity else np.full([2, len(images)], np.nan)
                    measures[:, at] += np.vstack([mse(images, received), alike]) / test.repetitions
                    if repetition == 0:
                        pictures.append(received[: test.shown].numpy())
            count = len(test.snrs_db)
            elements = np.full(count, float(symbols_of(test.images, ratio) + job.air.pilots))
            errors, like, multiscale = measures
            none = np.zeros(count)
            unmeasured, shown = never(test.snrs_db), np.stack(pictures)
            return ImageOutcome(errors, like, multiscale, none, none, elements, unmeasured, none, shown)

        return send
