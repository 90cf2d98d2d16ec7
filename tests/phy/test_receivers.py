"""Receivers: a combiner of unit norm that points at the sum of those that take part."""

import numpy as np
import pytest
import tensorflow as tf

from overair.phy import Air, Awgn, Channel, ErrorVariance, Grid, Link, MaximumRatio, Rayleigh, Tdl, behind, keys

GRID = Grid(subcarriers=16, symbols=3, prefix=4)
CHANNELS = [Rayleigh(), Tdl("A", 30e-9), Tdl("A", 30e-9, speed=30.0)]


def draw(channel: Channel, devices: int, antennas: int = 4, batch: int = 1) -> Link:
    air = Air(GRID, channel, devices, antennas, receiver_knowledge=ErrorVariance(0.1))
    return air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 2, batch=batch)


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
def test_a_combiner_of_four_antennas_has_unit_norm_on_every_element(channel: Channel) -> None:
    weights = MaximumRatio().combine(draw(channel, 5, batch=2), tf.range(5))
    assert weights.dtype == tf.complex64
    assert weights.shape == (2, 4, 1 if channel.static else 6, 16)
    np.testing.assert_allclose(tf.reduce_sum(tf.abs(weights) ** 2, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
@pytest.mark.parametrize("chosen", [[0, 1, 2, 3, 4], [3, 1]], ids=["all", "some"])
def test_it_points_at_the_believed_sum_of_those_that_take_part(channel: Channel, chosen: list[int]) -> None:
    link = draw(channel, 5)
    weights = MaximumRatio().combine(link, tf.constant(chosen))
    total = link.response(of=link.receiver).numpy()[:, :, chosen].sum(axis=2)
    np.testing.assert_allclose(behind(weights, tf.constant(total)), np.linalg.norm(total, axis=1), atol=1e-4)


def test_many_devices_are_summed_group_by_group() -> None:
    link = draw(Tdl("A", 30e-9), 150)  # more than two groups, the last not full
    total = link.response(of=link.receiver).numpy().sum(axis=2)
    expected = total / np.linalg.norm(total, axis=1, keepdims=True)
    np.testing.assert_allclose(MaximumRatio().combine(link, tf.range(150)), expected, atol=1e-4)


def test_combining_keeps_the_noise_power() -> None:
    air = Air(GRID, Tdl("A", 30e-9), 3, antennas=4)
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 100, snr_db=-4.0)
    weights = MaximumRatio().combine(link, tf.range(3))
    noise = behind(weights, air.receive(air.empty(100), link, keys.key(2))).numpy()
    assert abs((np.abs(noise) ** 2).mean() / 10**0.4 - 1) < 4 / noise.size**0.5


def test_one_device_gets_the_gain_of_all_antennas() -> None:
    link = draw(Rayleigh(), 1)
    link = link._replace(receiver=link.true)
    gain = behind(MaximumRatio().combine(link, tf.range(1)), link.response())
    np.testing.assert_allclose(gain[0, 0], np.linalg.norm(link.response()[0, :, 0], axis=0), rtol=1e-5)


def test_with_one_antenna_nothing_is_combined() -> None:
    link = draw(Rayleigh(), 3, antennas=1)
    weights = MaximumRatio().combine(link, tf.range(3))
    assert np.all(weights == 1) and weights.dtype == tf.complex64
    assert np.array_equal(behind(weights, link.response()), link.response()[:, 0])


def test_with_nobody_sending_nothing_is_not_a_number() -> None:
    weights = MaximumRatio().combine(draw(Tdl("A", 30e-9), 3), tf.range(0))
    assert np.all(np.isfinite(weights))


def test_behind_is_the_inner_product_over_antennas() -> None:
    weights, field = (keys.complex_normal(keys.key(i), [2, 4, 6, 16]) for i in (1, 2))
    fields = keys.complex_normal(keys.key(3), [2, 4, 5, 6, 16])
    for shape in (weights, weights[:, :, :1], weights[:, :, :, :1]):
        full = np.broadcast_to(np.conj(shape), weights.shape)
        np.testing.assert_allclose(behind(shape, field), np.einsum("batf,batf->btf", full, field), atol=1e-5)
        np.testing.assert_allclose(behind(shape, fields), np.einsum("batf,baktf->bktf", full, fields), atol=1e-5)


def test_more_antennas_harden_the_sum() -> None:
    """Toward K devices of equal mean gain, |v^H h_k| grows as sqrt(A / K)."""
    means = []
    for antennas in (16, 64):
        link = draw(Awgn() if antennas == 0 else Rayleigh(), 200, antennas)
        gains = behind(MaximumRatio().combine(link, tf.range(200)), link.response()).numpy()[0, :, 0, 0]
        means.append(gains.real.mean())
    # sum_k v^H h_k = |sum_k h_k| and |sum_k h_k|^2 / (K A) is 1 with deviation 1/sqrt(A); beliefs err by a tenth
    for antennas, mean in zip((16, 64), means, strict=True):
        assert abs(mean / (0.9 * antennas / 200) ** 0.5 - 1) < 4 * 0.5 / antennas**0.5
