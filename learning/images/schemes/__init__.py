"""Schemes of images: ways of getting images through the air in a number of complex symbols, learned or not."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from ....phy import Air
from ....phy.documented import documented
from ....phy.keys import Key


@documented
class Job(NamedTuple):
    """What a scheme is to be made ready for.

    Whatever it learns follows from the training images, the air, the ratios and the seed alone.

    >>> import numpy as np
    >>> from overair.learning.images.schemes import Job
    >>> from overair.phy import Air, Awgn, Grid
    >>> Job(np.zeros([40, 32, 32, 3], np.float32), Air(Grid(), Awgn(), devices=1), ratios=(1 / 6,), seed=0).images.shape
    (40, 32, 32, 3)
    """

    images: np.ndarray  # to train on, [N, H, W, C] in [0, 1]
    air: Air  # of one device
    ratios: tuple[float, ...]  # complex symbols for each sample, k/n
    seed: int  # of initial weights and of the training
    folder: Path | None = None  # where networks are kept
    progress: Callable[[int, int], None] | None = None  # epochs done, epochs to do


@documented
class Trial(NamedTuple):
    """What is sent: test images of one size, at some SNRs.

    Image i of a repetition has the link of number i under its key, at every SNR and of every scheme.

    >>> import numpy as np
    >>> from overair.learning.images.schemes import Trial
    >>> from overair.phy import keys
    >>> trial = Trial(np.zeros([2, 32, 32, 3]), snrs_db=(0.0, 10.0), repetitions=1, key=keys.key(0), similarity=False)
    >>> len(trial.images), len(trial.snrs_db)
    (2, 2)
    """

    images: np.ndarray  # [N, H, W, C] in [0, 1]
    snrs_db: tuple[float, ...]  # [S]
    repetitions: int  # how often each image is sent at each SNR
    key: Key  # on which all draws depend
    similarity: bool  # whether SSIM and MS-SSIM are measured
    shown: int = 0  # so many of the first images are handed on as they arrived


@documented
class ImageOutcome(NamedTuple):
    """What became of N images at S SNRs, as means over repetitions.

    Bits and elements are means over images, too; pilots are in the elements. What does not apply is NaN.

    >>> import numpy as np
    >>> from overair.learning.images.schemes import ImageOutcome
    >>> one, each, pictures = np.zeros([1]), np.full([1, 2], 0.01), np.zeros([1, 0, 32, 32, 3], np.float32)
    >>> ImageOutcome(each, each, each, one, one, one, one, one, pictures).mse.shape
    (1, 2)
    """

    mse: np.ndarray  # of samples in [0, 1], [S, N]
    ssim: np.ndarray  # [S, N]
    ms_ssim: np.ndarray  # [S, N]
    lost: np.ndarray  # share of images not received, silent ones included, [S]
    bits: np.ndarray  # of an image's file; 0 where there are none, [S]
    elements: np.ndarray  # of an image, [S]
    papr_db: np.ndarray  # of the OFDM waveform, [S]
    silent: np.ndarray  # share of images of which nothing is sent, as no quality fits, [S]
    pictures: np.ndarray  # what arrived of the first images in the first repetition, in [0, 1], [S, shown, H, W, C]


HELD_BACK = 500  # training images that judge an epoch, or a tenth where there are fewer than ten times as many

Sends = Callable[[float, Trial], ImageOutcome]


@runtime_checkable
class ImageScheme(Protocol):
    """A way of sending images, learned or not: told its job, it gives what sends test images at a ratio.

    One of your own is a frozen dataclass with these methods.

    >>> from overair.learning.images.schemes import ImageScheme
    >>> from overair.learning.images.schemes.linear import LinearImages
    >>> isinstance(LinearImages(), ImageScheme)
    True
    """

    def check(self, job: Job, tested: Sequence[np.ndarray]) -> None:
        """Refuses in one line, before anything is trained, a job or test images of some size that it cannot send.

        ``tested`` has an array [N, H, W, C] of floats in [0, 1] for each size.
        """
        ...

    def epochs_of(self, job: Job) -> int:
        """How many epochs of training it takes."""
        ...

    def ready(self, job: Job) -> Sends:
        """Trained or fitted, what sends images at one of the job's ratios: ``(ratio, Trial) -> ImageOutcome``."""
        ...


def symbols_of(images: np.ndarray, ratio: float) -> int:
    """Complex symbols of an image."""
    samples = int(np.prod(images.shape[1:]))
    symbols = round(ratio * samples)
    if symbols < 1 or abs(ratio * samples - symbols) > 1e-4 * symbols:
        raise ValueError(
            f"ratios: expected a whole number of symbols for images of {samples} samples, received {ratio:g}, which is "
            f"{ratio * samples:g}; take {max(symbols, 1) / samples:.7g}"
        )
    return symbols


def parted(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Training images that every scheme learns from, and those held back to judge what was learnt."""
    kept = len(images) - min(HELD_BACK, max(1, len(images) // 10), len(images) - 1)
    return images[:kept], images[kept:]


def never(snrs_db: Sequence[float]) -> np.ndarray:
    """What does not apply, one an SNR."""
    return np.full(len(snrs_db), np.nan)


FAMILY = ImageScheme  # what each file of this folder is one of

__all__ = ["Job", "ImageOutcome", "ImageScheme", "Sends", "Trial", "never", "parted", "symbols_of"]
