"""Keys of seeds that differ only beyond 32 bits share no stream."""

import numpy as np

from overair.phy import keys


def test_seeds_of_64_bits_are_all_different() -> None:
    one, other = (keys.key(seed).numpy() for seed in (5, 2**32 + 5))
    assert not np.array_equal(one, other)
