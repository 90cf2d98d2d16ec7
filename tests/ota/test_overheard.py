"""What a server sees: each update of orthogonal uplinks, a sum of fewer antennas than devices, each with as many."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Digital, Ideal, Identity, Round, Terms
from overair.ota.overheard import Overheard, overhear, rule_of, together
from overair.phy import Air, FullInversion, Grid, Individual, Rayleigh, TruncatedInversion, keys

DEVICES, SIZE, ELEMENTS = 3, 400, 200
UPDATES = np.random.default_rng(0).normal(size=(DEVICES, SIZE)).astype(np.float32)
WEIGHTS = np.array([0.5, 0.2, 0.3], np.float32)


def seen(
    uplink: Any, antennas: int, snr_db: float, devices: int = DEVICES, elements: int = ELEMENTS
) -> tuple[Overheard, Round]:
    air = Air(Grid(20, 2), Rayleigh(), devices, antennas=antennas)
    terms = Terms(air, SIZE, elements, aggregator=rule_of(uplink))
    state, key = uplink.init(terms, air.init(keys.key(0))), keys.key(1)
    link = air.draw(air.init(keys.key(0)), keys.fold(key, "link"), 0.0, terms.slots, snr_db)
    weights = np.resize(WEIGHTS, devices) / np.resize(WEIGHTS, devices).sum()
    round = Round(terms, key, tf.constant(weights), link)
    return overhear(uplink, state, round, tf.constant(np.resize(UPDATES, (devices, SIZE)))), round


@pytest.mark.parametrize("uplink", [Ideal(), Digital()])
def test_an_orthogonal_uplink_shows_each(uplink: Any) -> None:
    found, round = seen(uplink, 1, 60.0)
    assert together(uplink, round.terms) == 1 and found.behind.numpy().tolist() == [0, 1, 2]
    for point, update in zip(found.points.numpy(), UPDATES, strict=True):
        assert np.sum((point - update) ** 2) < 0.5 * np.sum(update**2)
    if isinstance(uplink, Ideal):
        np.testing.assert_array_equal(found.points, UPDATES)


@pytest.mark.parametrize("rule", [FullInversion(), TruncatedInversion(threshold=1e-6), Individual()])
def test_antennas_show_each_device_once_they_are_as_many(rule: Any) -> None:
    """Whatever the level follows from: a probe, what was sent, or each device alone."""
    uplink = Analog(Identity(), rule)
    few, round = seen(uplink, 2, 80.0, elements=ELEMENTS + 1)
    assert together(uplink, round.terms) == 3 and few.points.shape == (1, SIZE) and not few.behind.numpy().any()
    if rule.announced:
        np.testing.assert_allclose(few.points[0], WEIGHTS @ UPDATES, atol=0.02)
    many, round = seen(uplink, 3, 80.0, elements=ELEMENTS + 1)
    assert together(uplink, round.terms) == 1 and many.behind.numpy().tolist() == [0, 1, 2]
    np.testing.assert_allclose(many.points, UPDATES, atol=0.02)


@pytest.mark.parametrize("antennas", [3, 5])
def test_the_noise_of_each(antennas: int) -> None:
    """N0/2 [(H^H H)^-1]_kk / |w_k b_k|^2 a real number, with b from the power rule: all arrive as the weakest can."""
    snr_db = 20.0
    found, round = seen(Analog(Identity(), FullInversion()), antennas, snr_db)
    h = round.air_link.response().numpy()[0, :, :, 0].transpose(2, 0, 1)  # [F, A, K]
    v = h.sum(axis=2)
    gains = np.einsum("fa,fak->kf", v.conj(), h) / np.linalg.norm(v, axis=1)  # behind maximum ratio
    power = np.square(WEIGHTS[:, None] * UPDATES).reshape(DEVICES, ELEMENTS // 20, 20, 2).sum(axis=(1, 3)) / ELEMENTS
    level = (1 / (power / np.abs(gains) ** 2).sum(axis=1).max()) ** 0.5
    inverse = np.linalg.inv(np.einsum("fak,fal->fkl", h.conj(), h)).real
    expected = 10 ** (-snr_db / 10) / 2 * np.einsum("fkk->kf", inverse) * np.abs(gains) ** 2 / level**2
    expected /= WEIGHTS[:, None] ** 2
    error = np.square(found.points.numpy() - UPDATES).mean(axis=1)
    spread = 4.5 * (2 * np.square(expected).mean(axis=1) / SIZE) ** 0.5
    np.testing.assert_array_less(np.abs(error - expected.mean(axis=1)), spread)


def test_groups_show_their_means_or_each_device_of_theirs() -> None:
    uplink, devices = Analog(Identity(), FullInversion(), groups=2), 4
    few, round = seen(uplink, 1, 80.0, devices, 2 * ELEMENTS)
    assert together(uplink, round.terms) == 2 and few.points.shape == (2, SIZE)
    assert sorted(few.behind.numpy()) == [0, 0, 1, 1]
    updates, weights = np.resize(UPDATES, (devices, SIZE)), round.weights.numpy()
    for group in (0, 1):
        own = few.behind.numpy() == group
        np.testing.assert_allclose(few.points[group], weights[own] @ updates[own] / weights[own].sum(), atol=0.05)
    many, round = seen(uplink, 2, 80.0, devices, 2 * ELEMENTS)
    assert together(uplink, round.terms) == 1
    np.testing.assert_allclose(many.points, updates, atol=0.05)
