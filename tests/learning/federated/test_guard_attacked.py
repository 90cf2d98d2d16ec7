"""What an attacker of a guarantee tries: rounds of zeros, samples held twice, clips below float32, numbers rounded."""

import re
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Device, Sample
from overair.learning.federated.clipping import cut
from overair.learning.federated.guard import Guard
from overair.ota import Analog, Identity, Round, Terms, apply
from overair.phy import Air, Awgn, ExpectedNorm, Grid, Rayleigh, keys

GRID, SIZE, ELEMENTS = Grid(subcarriers=8, symbols=2), 21, 16


def guard(protection: Any, devices: int = 4, norm: float = 0.1) -> Guard:
    terms = Terms(Air(GRID, Awgn(), devices), SIZE, ELEMENTS)
    return Guard(protection, Analog(Identity(), ExpectedNorm(0.1, norm=norm)), terms)


@pytest.mark.parametrize(("devices", "present"), [(1, [0]), (3, [1]), (3, [0, 2])])
def test_zeros_in_place_of_an_update_change_the_estimate_by_that_update_alone(devices: int, present: list[int]) -> None:
    """Neither the server's noise, nor its level, nor who is heard tells that there was nothing."""
    air = Air(GRID, Rayleigh(), devices)
    uplink, place = Analog(Identity(), ExpectedNorm(1e-6, norm=0.1)), air.init(keys.key(0))
    terms = Terms(air, SIZE, ELEMENTS)
    link = air.draw(place, keys.key(1), 0.0, terms.slots, 0.0)
    weights = tf.constant([1.0 / devices if device in present else 0.0 for device in range(devices)])
    round = Round(terms, keys.key(2), weights, link)
    updates = keys.normal(keys.key(3), [devices, SIZE])
    found = [apply(uplink, uplink.init(terms, place), round, scale * updates) for scale in (1.0, 0.0)]
    (with_updates, _, first), (without, _, second) = found
    assert float(tf.norm(without)) > 1  # 21 entries of noise 1/2 at a level of sqrt(1e-5)
    np.testing.assert_allclose(with_updates - without, tf.linalg.matvec(updates, weights, transpose_a=True), atol=0.05)
    np.testing.assert_array_equal(first.decoded, second.decoded)
    assert set(np.flatnonzero(first.decoded)) == set(present)


def test_a_sample_that_is_held_twice_is_refused() -> None:
    shares = np.full(2, 0.5)
    for held in ([np.arange(4), np.arange(3, 7)], [np.array([0, 1, 1, 2]), np.array([3, 4, 5, 6])]):
        with pytest.raises(ValueError, match="shares: expected each sample once .* received 8 of 7"):
            guard(Sample(), 2).check(False, False, shares, held=held)
        guard(Device(), 2).check(False, False, shares, held=held)
    guard(Sample(), 2).check(False, False, shares, held=[np.arange(4), np.arange(4, 8)])


def test_what_is_printed_is_never_less_than_what_is_guaranteed() -> None:
    one = guard(Sample())
    for epsilon in [0.0, *np.geomspace(1e-3, 1e6, 400) * 1.000437]:
        [told] = re.findall(r"^\((\S+), 1e-05\)", one.words(float(epsilon)))
        assert epsilon <= float(told) <= epsilon * 1.0011


@pytest.mark.parametrize("entry", [1e-25, 1e-19, 1e-14, 1e-3, 1e18, 1e25])
def test_no_vector_is_longer_than_its_clip_however_small_or_large(entry: float) -> None:
    with pytest.raises(ValueError, match="clip"):
        Sample(clip=1e-13)
    least = Sample(clip=1e-12).clip
    after = cut(tf.fill([1, 1000], entry), least).numpy().astype(np.float64)
    assert np.linalg.norm(after) <= least * (1 + 1e-5)
