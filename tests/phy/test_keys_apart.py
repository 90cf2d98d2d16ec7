"""Keys share no stream: not with those of far seeds, and not with what is drawn with the key they come from."""

import numpy as np
import pytest
import tensorflow as tf

from overair.phy import keys


def test_seeds_of_64_bits_are_all_different() -> None:
    one, other = (keys.key(seed).numpy() for seed in (5, 2**32 + 5))
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("part", [0, 1, "noise"])
def test_a_folded_key_is_none_of_the_numbers_drawn_with_the_key_itself(part: int | str) -> None:
    key = keys.key(3)
    drawn = tf.random.stateless_uniform([64], key, minval=None, maxval=None, dtype=tf.int64).numpy()
    assert not np.isin(keys.fold(key, part).numpy(), drawn).any()
