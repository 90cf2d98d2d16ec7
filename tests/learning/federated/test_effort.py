"""Partial work is a mask of whole steps, at least one; who is lost after computing is silent."""

import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Effort, Plan
from overair.learning.federated.batches import epochs, everything, with_repetition
from overair.phy import keys

SIZES = tf.constant([4, 1, 7, 10])


def test_all_work_is_done_unless_told() -> None:
    drawn = with_repetition(keys.key(1), SIZES, 5, 3)
    assert Effort().managed(drawn, keys.key(2)) is drawn and drawn.whole


def test_a_device_takes_its_first_steps_at_its_pace() -> None:
    """Of epochs the smaller shares have steps without samples in between, which count for nothing."""
    drawn = epochs(keys.key(1), SIZES, 10, 2, 3)
    np.testing.assert_array_equal(drawn.steps, [4, 2, 6, 8])  # two epochs of ceil(n/3) steps
    part = Effort(paces=(0.5, 1.0)).managed(drawn, keys.key(2))
    np.testing.assert_array_equal(part.steps, [2, 2, 3, 8])
    assert not part.whole and np.array_equal(part.positions, drawn.positions)
    whole = np.any(drawn.mask, axis=2)
    for device, most in enumerate([2, 2, 3, 8]):
        expected = whole[device] & (np.cumsum(whole[device]) <= most)
        np.testing.assert_array_equal(part.mask[device], drawn.mask[device] * expected[:, None])


@pytest.mark.parametrize("steps", [3, 5, 7, 10])
def test_a_pace_of_a_whole_number_of_steps_is_that(steps: int) -> None:
    """Also where float32 makes a little more of it; part of a step is a whole one."""
    drawn = everything(tf.fill([steps], 2), 2, steps)
    paces = tuple((at + 1) / steps for at in range(steps))
    np.testing.assert_array_equal(Effort(paces=paces).managed(drawn, keys.key(0)).steps, np.arange(steps) + 1)
    assert np.all(Effort(paces=(1e-3,)).managed(drawn, keys.key(0)).steps == 1)


def test_stragglers_manage_any_number_of_steps_alike() -> None:
    devices, steps, chance = 20_000, 4, 0.6
    drawn = everything(tf.fill([devices], 1), 1, steps)
    found = Effort(stragglers=chance).managed(drawn, keys.key(3)).steps.numpy()
    expected = np.full(steps, chance / steps)
    expected[-1] += 1 - chance
    counted = np.bincount(found.astype(int), minlength=steps + 1) / devices
    assert counted[0] == 0
    assert np.all(np.abs(counted[1:] - expected) < 4.5 * np.sqrt(expected * (1 - expected) / devices))
    other = Effort(stragglers=chance).managed(drawn, keys.key(4)).steps.numpy()
    assert np.mean(found == other) == pytest.approx(np.sum(expected**2), abs=0.02)


def test_who_is_lost_has_computed_and_others_weigh_what_they_did() -> None:
    shares = tf.fill([20_000], 1 / 20_000)
    plan = Effort(dropout=0.3).arriving(Plan(shares, shares > 0), keys.key(1))
    lost = plan.weights.numpy() == 0
    assert lost.mean() == pytest.approx(0.3, abs=4.5 * (0.21 / 20_000) ** 0.5)
    assert np.all(plan.works) and np.array_equal(plan.weights.numpy()[~lost], shares.numpy()[~lost])
    full = Plan(shares, shares > 0)
    assert Effort().arriving(full, keys.key(1)) is full


def test_more_paces_than_devices_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^effort\.paces: expected one for each of 2 devices or fewer .*; leave out"):
        Effort(paces=(0.5, 1.0, 0.2)).check(2)
