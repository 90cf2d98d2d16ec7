"""Block fading: a gain lasts its symbols, the next is another, and pilots before the data do not move the data's."""

import numpy as np
import pytest
import tensorflow as tf

from overair.phy import BlockRayleigh, Size, Span, keys


def gains(channel: BlockRayleigh, steps: int, first: int = 0, batch: int = 2) -> np.ndarray:
    return channel.draw(Size(batch, 2, 3), Span(0.0, steps, 1e-4, first), keys.key(0), keys.key(1)).a.numpy()[
        :, :, :, 0
    ]


@pytest.mark.parametrize("symbols", [1, 3])
def test_gains_last_a_block_and_are_circular_gaussian_and_independent_from_block_to_block(symbols: int) -> None:
    h = gains(BlockRayleigh(symbols), 12, batch=500)  # [B, A, K, T]
    blocks = h[..., ::symbols]
    np.testing.assert_array_equal(h, np.repeat(blocks, symbols, axis=-1))
    count = blocks.size
    assert abs((np.abs(blocks) ** 2).mean() - 1) < 4 / count**0.5
    assert abs((blocks**2).mean()) < 4 * (2 / count) ** 0.5
    for axis in range(4):  # neighbours in the batch, antennas, devices and blocks
        one, other = (np.take(blocks, np.arange(blocks.shape[axis] - 1) + late, axis) for late in (0, 1))
        assert abs((one * other.conj()).mean()) < 4 / one.size**0.5


def test_what_comes_before_and_after_does_not_change_a_gain() -> None:
    channel = BlockRayleigh(3)
    whole = gains(channel, 24, first=-12)
    np.testing.assert_array_equal(gains(channel, 12), whole[..., 12:])
    np.testing.assert_array_equal(gains(channel, 4, first=-4), whole[..., 8:12])
    np.testing.assert_array_equal(gains(channel, 9, first=-5), whole[..., 7:16])
    np.testing.assert_array_equal(gains(channel, 5, first=4), whole[..., 16:21])
    assert len(np.unique(whole[0, 0, 0])) == 8


def test_a_batch_size_may_be_a_tensor() -> None:
    channel = BlockRayleigh()
    drawn = tf.function(
        lambda batch: channel.draw(Size(batch, 2, 3), Span(0.0, 4, 1.0), keys.key(0), keys.key(1)), autograph=False
    )
    np.testing.assert_allclose(drawn(tf.constant(2)).a[:, :, :, 0], gains(channel, 4), atol=1e-6)
