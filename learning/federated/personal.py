"""Personal evaluation: how well each device's own model does on data like its own, with no test data dealt to devices.

    A_k = sum_c p_k(c) A(theta_k; c)

with p_k(c) the share of class c in the training data of device k, and A(theta; c) the accuracy of a model among all
test samples of class c. That is the expectation of its accuracy on a test set of its own mix. Classes that the test
data lack are left out, and p_k is over what remains; a device that holds no other has no accuracy. Attackers have none
either. What a device's model learns from, when it is tested, is its training data.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ..data import Arrays

WORST = 0.1  # of the devices


def mixes(labels: np.ndarray, shares: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """Shares of classes in what devices hold, [K, C]."""
    owners = np.repeat(np.arange(len(shares)), [len(share) for share in shares])
    held = owners * classes + labels[np.concatenate(shares)]
    counts = np.bincount(held, minlength=len(shares) * classes).reshape(len(shares), classes)
    return counts / counts.sum(axis=1, keepdims=True)


class LabelMixes:
    """What test samples are worth to devices; ``counted`` [K] are those that are tested."""

    def __init__(self, data: Arrays, shares: Sequence[np.ndarray], counted: np.ndarray) -> None:
        there = np.bincount(data.y_test, minlength=data.classes)  # test samples of each class
        worth = np.where(there > 0, mixes(data.y_train, shares, data.classes) / np.maximum(there, 1), 0.0)
        self._worth = tf.constant(worth, tf.float32)  # of a sample, by device and class, [K, C]
        self._y = tf.constant(data.y_test)
        self.devices = tf.constant(np.flatnonzero(counted & worth.any(axis=1)), tf.int32)

    def of(self, device: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The test samples of classes that a device holds, and what each is worth to it, [N] both."""
        worth = tf.gather(tf.gather(self._worth, device), self._y)
        chosen = tf.where(worth > 0)[:, 0]
        return chosen, tf.gather(worth, chosen)


def summary(accuracies: np.ndarray) -> tuple[float, float]:
    """Mean accuracy of devices, and that of the worst tenth of them, of accuracies [K]; NaN of none."""
    known = np.sort(accuracies[np.isfinite(accuracies)])
    if not known.size:
        return np.nan, np.nan
    return float(known.mean()), float(known[: int(np.ceil(WORST * known.size))].mean())
