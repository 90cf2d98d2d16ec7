"""IID: samples at random, the same number for every device."""

from typing import Annotated

import numpy as np
import tensorflow as tf
from annotated_types import Gt, Le

from ...phy.numbered import Numbered
from ...phy.strict import dataclass
from . import check, generator
from ._by_number import Pool, pooled


@dataclass(frozen=True)
class Iid:
    """The same number for all, of samples at random.

    Without ``samples_per_device`` all samples are dealt and sizes differ by at most one. Of a cohort, each device has
    as many from a pool, none twice.

    >>> import numpy as np
    >>> from overair.learning.partitions.iid import Iid
    >>> shares = Iid().split(np.arange(20) % 4, devices=3, seed=0)
    >>> [share.size for share in shares], np.unique(np.concatenate(shares)).size
    ([7, 7, 6], 20)
    """

    samples_per_device: Annotated[int, Gt(0), Le(10**9)] | None = None
    """Samples on a device; all are shared out unless given."""

    def split(self, labels: np.ndarray, devices: int, seed: int) -> list[np.ndarray]:
        check(len(labels), devices, self.samples_per_device or 1, "samples_per_device")
        dealt = generator(seed, "iid").permutation(len(labels)).astype(np.int64)
        if self.samples_per_device is not None:
            dealt = dealt[: devices * self.samples_per_device]
        return np.array_split(dealt, devices)

    def by_number(self, labels: np.ndarray, seed: int) -> Pool:
        """What devices of any number have."""
        alike = np.zeros(len(labels), np.int64)
        return pooled(alike, self.samples_per_device, seed, "iid", _of_one_class)


def _of_one_class(devices: Numbered, samples: int) -> tf.Tensor:
    return tf.zeros([tf.size(devices.numbers), samples], tf.int64)
