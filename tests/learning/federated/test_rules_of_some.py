"""Rules where not all send: what stateful algorithms hear of it, and schedules under which too few ever do."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Federation, Random, Scaffold, State
from overair.learning.data import Arrays
from overair.learning.federated.schedulers.slotted import Slotted
from overair.ota import AggregationRule, Analog, Ideal, Krum, Median, TrimmedMean
from overair.ota.apart import Separate, counted
from overair.phy import Air, Awgn, Grid

DEVICES, SAMPLES = 6, 4


def federation(aggregator: AggregationRule, uplink: Any, **options: Any) -> Federation:
    """Devices that all have the same samples."""
    rng = np.random.default_rng(0)
    x, y = rng.random((SAMPLES, 5), np.float32), rng.integers(0, 3, SAMPLES).astype(np.int32)
    data = Arrays(np.tile(x, (DEVICES, 1)), np.tile(y, DEVICES), x, y, 3)

    def model(seed: int) -> keras.Model:
        init = keras.initializers.GlorotUniform(seed=seed)
        return keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(3, kernel_initializer=init)])

    shares = np.split(np.arange(DEVICES * SAMPLES), DEVICES)
    parts = (model, data, shares, Scaffold(0.1, steps=2, leak=0.0), uplink, Air(Grid(16, 2), Awgn(), DEVICES), 64)
    return Federation(*parts, lambda: keras.optimizers.SGD(1.0), aggregator=aggregator, **options)


def vector(parts: Any) -> np.ndarray:
    return np.concatenate([np.ravel(part) for part in parts])


def rows(state: State) -> np.ndarray:
    return np.concatenate([np.reshape(part, (DEVICES, -1)) for part in state.memory.own], axis=1)  # [K, d]


def test_the_control_variate_follows_the_mean_that_a_rule_makes_and_not_weights() -> None:
    """c <- (1 - P) c + P s, with P the share of data of those heard and s = (x - x')/tau, whatever the weights' sum."""
    one, rounds = federation(TrimmedMean(1), Ideal(), participation=0.5), []
    state = one.init(0)
    for _ in range(8):
        before = state
        state, _ = one.step(state, 0, 0.0)
        heard = np.any(rows(state) != rows(before), axis=1)
        moved = vector(before.weights.trainable) - vector(state.weights.trainable)
        share, c = heard.mean(), vector(before.memory.common)
        np.testing.assert_allclose(vector(state.memory.common), (1 - share) * c + share * moved / 2, atol=1e-6)
        rounds.append(int(heard.sum()))
        if not heard.any():  # nobody or too few: nothing is learnt, and no device takes itself for heard
            np.testing.assert_array_equal(moved, 0)
    assert {0, 4} <= set(rounds) and not {1, 2} & set(rounds), rounds


def test_weights_under_a_rule_sum_to_one_or_are_none() -> None:
    weights, points = tf.constant([0.5, 0.0, 1.0, 0.5]), tf.zeros([4, 2])
    there = Separate(points, weights > 0)
    np.testing.assert_allclose(counted(TrimmedMean(1), there, weights), [0.25, 0, 0.5, 0.25])
    np.testing.assert_array_equal(counted(TrimmedMean(2), there, weights), np.zeros(4))
    np.testing.assert_array_equal(counted(None, there, weights), weights)


@pytest.mark.parametrize(
    ("aggregator", "uplink", "scheduler", "line"),
    [
        (Krum(attackers=1), Ideal(), Random(senders=4), "aggregator: expected at least 5 senders in a round for this "
         "Krum, received 4; fear fewer attackers, or take more"),
        (TrimmedMean(1), Analog(groups=3), Random(senders=2), "aggregator: expected at least 3 senders in a round"),
        (TrimmedMean(1), Analog(groups=2), Random(senders=5), "aggregator: expected at least 3 groups"),
        (Median(), Ideal(), Slotted(), "aggregator: expected mean with a scheduler that waits for nobody, whose "
         "updates count by their ages, received Median"),
    ],
)  # fmt: skip
def test_rules_that_would_never_step_or_count_ages_wrongly_are_refused(
    aggregator: AggregationRule, uplink: Any, scheduler: Any, line: str
) -> None:
    with pytest.raises(ValueError) as caught:
        federation(aggregator, uplink, scheduler=scheduler)
    assert str(caught.value).startswith(line)
