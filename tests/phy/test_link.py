"""A link: its responses are the sum over paths that Sionna computes, for the devices asked."""

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.channel import cir_to_ofdm_channel

from overair.phy import Air, Channel, Grid, Link, Paths, Rayleigh, Tdl, keys

GRID = Grid(subcarriers=48, symbols=4, prefix=24, spacing=60e3)


def draw(channel: Channel, slots: int = 2) -> Link:
    return Air(GRID, channel, devices=3, antennas=2).draw(
        Air(GRID, channel, devices=3).init(keys.key(0)), keys.key(1), 0.0, slots, batch=2
    )


@pytest.mark.parametrize(
    "channel", [Rayleigh(), Tdl("A", 300e-9), Tdl("C", 100e-9, speed=30.0), Tdl("E", 300e-9, speed=3.0)], ids=str
)
def test_responses_equal_those_of_sionna(channel: Channel) -> None:
    link = draw(channel)
    a = link.true.a[:, None, :, :, None]  # [B, rx = 1, A, K, tx antennas = 1, L, T]
    expected = cir_to_ofdm_channel(link.frequencies, a, link.true.tau[:, None])[:, 0, :, :, 0]
    response = link.response()
    assert response.shape == (2, 2, 3, 1 if channel.static else 8, 48)
    # float32 angles up to 2 pi * 1.44 MHz * 3 us = 27 rad are rounded to 2e-6; gains are a few units at most
    np.testing.assert_allclose(response, expected, atol=2e-5)


def test_the_response_of_some_devices_is_that_of_all_at_their_place() -> None:
    link = draw(Tdl("A", 100e-9))
    some = tf.constant([2, 0])
    np.testing.assert_allclose(link.response(some), tf.gather(link.response(), some, axis=2), atol=1e-6)


def test_a_response_follows_the_belief_asked_for() -> None:
    link = draw(Tdl("A", 100e-9))
    other = link.true._replace(a=2 * link.true.a)
    np.testing.assert_allclose(link.response(of=other), 2 * link.response(), rtol=1e-6)


def test_one_path_and_the_same_path_split_in_two_respond_alike() -> None:
    one = Paths(
        keys.complex_normal(keys.key(0), [2, 3, 4, 1, 5]),
        keys.uniform(keys.key(1), [2, 4, 1], 0.0, 1e-6),
        tf.ones([2, 4, 1]),
    )
    two = Paths(tf.concat([0.25 * one.a, 0.75 * one.a], 3), tf.repeat(one.tau, 2, 2), tf.repeat(one.power, 2, 2))
    np.testing.assert_allclose(one.response(GRID.frequencies), two.response(GRID.frequencies), atol=2e-6)


def test_precision_of_the_paths_is_that_of_the_response() -> None:
    assert draw(Tdl()).response().dtype == tf.complex64
    double = Paths(tf.ones([1, 1, 1, 2, 1], tf.complex128), tf.zeros([1, 1, 2], tf.float64), tf.ones([1, 1, 2]))
    assert double.response(GRID.frequencies).dtype == tf.complex128


def test_a_link_knows_its_devices_and_antennas() -> None:
    link = draw(Rayleigh())
    assert (link.devices, link.antennas) == (3, 2)
