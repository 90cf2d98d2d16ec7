"""Digits: 1,437 + 360 handwritten digits of 8 x 8 pixels that scikit-learn carries along; no files, no download."""

import numpy as np
from sklearn.datasets import load_digits

from ...phy.strict import dataclass
from . import Arrays

SPLIT_SEED = 0


@dataclass(frozen=True)
class Digits:
    """Ten classes of about 180 handwritten digits of 8 x 8 pixels; scikit-learn carries them along, no download.

    Pixels 0 to 16 become 0 to 1. The split into 1,437 + 360 is always the same: the samples, in a random order within
    each class drawn once from seed 0, class after class, give every fifth to the test set, so each class has a fifth of
    its samples there to within one. The same 13 people wrote both parts.

    Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI Repository, 1998.

    >>> from overair.learning.data.digits import Digits
    >>> data = Digits().load()
    >>> data.x_train.shape, data.x_test.shape, data.classes
    ((1437, 8, 8, 1), (360, 8, 8, 1), 10)
    """

    def load(self) -> Arrays:
        images, labels = load_digits(return_X_y=True)
        x = (images.reshape(-1, 8, 8, 1) / 16).astype(np.float32)
        y = labels.astype(np.int32)
        order = np.lexsort([np.random.default_rng(SPLIT_SEED).random(len(y)), y])
        test = np.zeros(len(y), bool)
        test[order[::5]] = True
        return Arrays(x[~test], y[~test], x[test], y[test], classes=10)
