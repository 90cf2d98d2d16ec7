"""Every aggregator, found by walking the package: what no rule of a server may do."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ..ota.apart import Separate, robust
from ..phy import keys

POINTS = keys.normal(keys.key(0), [11, 6])
ALL = tf.ones([11], tf.bool)


def combined(aggregation_rule: Any, points: tf.Tensor, there: tf.Tensor = ALL) -> np.ndarray:
    result = robust(aggregation_rule, Separate(points, there))
    assert result.shape == (6,) and result.dtype == tf.float32
    return np.asarray(result)


def test_what_it_says_of_itself(aggregation_rule: Any) -> None:
    assert isinstance(aggregation_rule.apart, bool) and aggregation_rule.needs() >= 1
    assert 0 <= aggregation_rule.bears(11) < 11 / 2  # no rule bears a half


def test_order_does_not_matter(aggregation_rule: Any) -> None:
    order = keys.permutation(keys.key(1), 11)
    np.testing.assert_allclose(
        combined(aggregation_rule, tf.gather(POINTS, order)), combined(aggregation_rule, POINTS), rtol=1e-5, atol=1e-6
    )


def test_it_moves_with_the_estimates(aggregation_rule: Any) -> None:
    by = 3.0 * keys.normal(keys.key(2), [6])
    np.testing.assert_allclose(
        combined(aggregation_rule, POINTS + by), combined(aggregation_rule, POINTS) + by, rtol=1e-4, atol=1e-5
    )


def test_of_estimates_that_agree_it_is_theirs(aggregation_rule: Any) -> None:
    common = 5.0 * keys.normal(keys.key(3), [6])
    np.testing.assert_allclose(combined(aggregation_rule, tf.tile(common[None], [11, 1])), common, rtol=1e-5)


def test_as_many_liars_as_it_bears_leave_it_near_the_honest(aggregation_rule: Any) -> None:
    liars = aggregation_rule.bears(11)
    points = tf.concat([POINTS[liars:], tf.fill([liars, 6], 1e6)], 0)
    honest = POINTS[liars:].numpy()
    radius = np.linalg.norm(honest - honest.mean(axis=0), axis=1).max()
    share = liars / 11
    bound = 2 * (1 - share) / (1 - 2 * share) * radius  # of the geometric median, the weakest of them
    assert np.linalg.norm(combined(aggregation_rule, points) - honest.mean(axis=0)) <= bound


def test_who_is_not_there_does_not_count(aggregation_rule: Any) -> None:
    there = tf.constant([True] * 9 + [False, True])
    absent = tf.where(there[:, None], POINTS, 1e9)
    alone = robust(aggregation_rule, Separate(tf.boolean_mask(POINTS, there), tf.ones([10], tf.bool)))
    np.testing.assert_allclose(combined(aggregation_rule, absent, there), alone, rtol=1e-5, atol=1e-6)


def test_of_fewer_than_it_needs_it_makes_no_step(aggregation_rule: Any) -> None:
    few = tf.range(11) < aggregation_rule.needs() - 1
    assert not np.any(combined(aggregation_rule, POINTS, few))
    assert np.any(combined(aggregation_rule, POINTS, tf.range(11) < aggregation_rule.needs()))


@pytest.mark.parametrize("bad", [float("nan")])
def test_trouble_is_not_hidden_where_all_are_bad(aggregation_rule: Any, bad: float) -> None:
    assert not np.all(np.isfinite(combined(aggregation_rule, tf.fill([11, 6], bad))))
