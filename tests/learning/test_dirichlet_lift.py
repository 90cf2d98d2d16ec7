"""A device with too few samples gets them from whoever has most, out of what that one has most of."""

import numpy as np

from overair.learning.partitions.dirichlet import _lift


def test_samples_come_out_of_the_largest_class_of_the_largest_device() -> None:
    """From 15 samples, classes of 9, 8 and 7 give one each; from two devices of 12 and 11 both give."""
    counts = np.array([[5, 9, 1], [0, 0, 1], [4, 2, 0]])
    _lift(counts, 4)
    np.testing.assert_array_equal(counts, [[5, 6, 1], [0, 3, 1], [4, 2, 0]])
    counts = np.array([[0, 12], [11, 0], [0, 0]])
    _lift(counts, 3)
    np.testing.assert_array_equal(counts, [[0, 10], [10, 0], [1, 2]])
