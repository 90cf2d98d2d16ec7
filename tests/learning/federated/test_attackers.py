"""Attackers among devices: who they are, what they know, and what of it the server gets."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from overair.learning import Alie, Attacker, Federation, Ipm, LabelFlip, Scale, Sgd, SignFlip, State
from overair.learning.data import Arrays
from overair.learning.federated.attacks import Attack
from overair.ota import AggregationRule, Analog, Ideal, Identity, Median, TrimmedMean
from overair.phy import Air, FullInversion, Grid, Rayleigh, keys

DEVICES, SIZE = 8, 5
UPDATES = keys.normal(keys.key(0), [DEVICES, SIZE])
PRESENT = tf.constant([0, 1, 2, 4, 5, 6, 7])


def forged(attackers: Any, chunk: int, devices: tf.Tensor = PRESENT) -> tuple[np.ndarray, np.ndarray, int]:
    """What is sent, who attacks, and how many updates were asked for."""
    asked = []

    def updates_of(some: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        asked.append(int(tf.size(some)))
        return tf.gather(UPDATES, some), tf.zeros(tf.shape(some))

    attack = Attack(attackers, DEVICES)
    some = attack.forged(updates_of, devices, chunk, SIZE, keys.key(1))
    parts = [some(devices[first : first + chunk])[0] for first in range(0, len(devices), chunk)]
    return np.concatenate(parts), attack.marked, sum(asked)


@pytest.mark.parametrize("chunk", [3, DEVICES])
def test_attackers_that_see_the_others_know_the_honest_of_the_round(chunk: int) -> None:
    sent, marked, asked = forged(Alie(count=3, z=0.7), chunk)
    assert marked.sum() == 3 and asked == len(PRESENT) * (2 if chunk < DEVICES else 1)
    there, updates = PRESENT.numpy(), UPDATES.numpy()
    honest = updates[[k for k in there if not marked[k]]]
    lie = honest.mean(axis=0) - 0.7 * honest.std(axis=0)
    expected = np.where(marked[there][:, None], lie, updates[there])
    np.testing.assert_allclose(sent, expected, atol=1e-5)
    expected = np.where(marked[there][:, None], -0.5 * honest.mean(axis=0), updates[there])
    np.testing.assert_allclose(forged(Ipm(count=3), chunk)[0], expected, atol=1e-5)


def test_fewer_attackers_are_some_of_more() -> None:
    few, more = (Attack(Scale(count=count), 20).marked for count in (3, 9))
    assert few.sum() == 3 and more.sum() == 9 and np.all(more[few])
    sent, marked, _ = forged(Scale(count=2, strength=4.0), 2)
    louder = np.where(marked, 5.0, 1.0)[PRESENT]
    np.testing.assert_allclose(sent, louder[:, None] * tf.gather(UPDATES, PRESENT), rtol=1e-6)


@pytest.mark.parametrize(("devices", "count", "z"), [(50, 10, 0.253347), (21, 4, None), (24, 5, None)])
def test_a_little_is_as_much_as_still_hides(devices: int, count: int, z: float | None) -> None:
    found = Alie(count=count).deviations(devices)
    supporters = devices // 2 + 1 - count  # honest ones that must be farther out
    assert norm.sf(found) == pytest.approx(supporters / (devices - count), abs=1e-9)
    assert z is None or found == pytest.approx(z, abs=1e-6)
    with pytest.raises(ValueError, match=r"attackers\.z: expected a number where 12 of 20 devices attack"):
        Alie(count=12).check(20)


def test_labels_are_wrong_on_as_many_samples_as_are_said() -> None:
    labels = np.arange(40, dtype=np.int32) % 4
    data = Arrays(np.zeros([40, 1], np.float32), labels, np.zeros([4, 1], np.float32), labels[:4], 4)
    shares = np.split(np.random.default_rng(0).permutation(40), DEVICES)
    attack = Attack(LabelFlip(count=3, strength=0.4), DEVICES)
    changed = attack.on(data, shares).y_train
    for device, share in enumerate(shares):
        wrong = changed[share] != labels[share]
        assert wrong.sum() == (2 if attack.marked[device] else 0)
        np.testing.assert_array_equal(changed[share][wrong], 3 - labels[share][wrong])
    np.testing.assert_array_equal(labels, np.arange(40) % 4)  # the data themselves stay


def federation(
    uplink: Any, aggregator: AggregationRule | None, attackers: Attacker | None, **options: Any
) -> Federation:
    rng = np.random.default_rng(0)
    x, y = rng.random((80, 6), np.float32), rng.integers(0, 3, 80).astype(np.int32)
    data, shares = Arrays(x[:64], y[:64], x[64:], y[64:], 3), np.split(np.arange(64), DEVICES)

    def model(seed: int) -> keras.Model:
        init = keras.initializers.GlorotUniform(seed=seed)
        return keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(3, kernel_initializer=init)])

    air = Air(Grid(16, 2), Rayleigh(), DEVICES)
    parts = (model, data, shares, Sgd(), uplink, air, 64, lambda: keras.optimizers.SGD(1.0))
    return Federation(*parts, aggregator=aggregator, attackers=attackers, **options)


def stepped(one: Federation) -> tuple[np.ndarray, State]:
    """How far the weights moved in a round."""
    before = one.init(0)
    after, metrics = one.step(before, 0, 60.0)
    assert bool(metrics.finite)
    moved = [old - new for old, new in zip(before.weights.trainable, after.weights.trainable, strict=True)]
    return np.concatenate([np.ravel(part) for part in moved]), after


def test_the_server_steps_by_what_the_rule_makes_of_what_is_sent() -> None:
    attackers = SignFlip(count=2, strength=500.0)
    honest, _ = stepped(federation(Ideal(), None, None))
    ruined, _ = stepped(federation(Ideal(), None, attackers))
    robust, _ = stepped(federation(Ideal(), TrimmedMean(2), attackers))
    again, _ = stepped(federation(Ideal(), TrimmedMean(2), attackers, chunk=3))
    assert np.linalg.norm(ruined) > 50 * np.linalg.norm(honest)
    assert np.linalg.norm(robust - honest) < np.linalg.norm(honest)
    np.testing.assert_allclose(again, robust, rtol=1e-4, atol=1e-6)


def test_rebels_are_heard_as_loud_as_they_can_where_the_honest_are_held_back() -> None:
    uplink = Analog(Identity(), FullInversion(), groups=2)
    obeying = SignFlip(count=1)
    one, other = (federation(uplink, Median(), each) for each in (obeying, replace(obeying, obeys=False)))
    (held, _), (loud, after) = stepped(one), stepped(other)
    assert np.linalg.norm(loud - held) > 0.01 * np.linalg.norm(held)
    _, metrics = other.step(after, 0, 60.0)
    assert float(metrics.energy_max) == pytest.approx(1, rel=1e-4)


def test_rebels_need_a_power_rule() -> None:
    with pytest.raises(ValueError, match="attackers.obeys: expected true for an uplink without a power rule"):
        federation(Ideal(), None, Scale(obeys=False))
