"""Every scheduler, found by walking the package: what its plans are, and what it says of itself."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ..learning import Plan, Sight
from ..phy import keys

SHARES = np.array([0.1, 0.2, 0.3, 0.15, 0.25], np.float32)
NORMS = np.array([0.3, 0.4, 0.1, 0.9, 0.2], np.float32)
DEVICES, DRAWS = len(SHARES), 4000
EVERYBODY = {
    "chance": 1.0, "senders": DEVICES, "candidates": DEVICES, "buffer": DEVICES, "seconds": 1e9, "diversity": 1e9,
}  # fmt: skip


def with_fields(scheduler: Any, values: dict[str, Any]) -> Any:
    """With those of the values that it has fields for."""
    return replace(scheduler, **{name: value for name, value in values.items() if hasattr(scheduler, name)})


class Looks:
    """A sight that knows what was looked at; rates are those of a key."""

    def __init__(self, key: tf.Tensor, shares: np.ndarray = SHARES, rates: float = 1.0, norms: float = 1.0) -> None:
        self.rates, self.asked_norms, self.shares = False, False, tf.constant(shares)
        self.asked_times, self.asked_delivered = False, False
        self._key, self._rates, self._norms = key, rates, norms

    def all_rates(self) -> tf.Tensor:
        self.rates = True
        return self._rates * keys.uniform(keys.fold(self._key, "rates"), self.shares.shape)

    def all_norms(self, works: tf.Tensor) -> tf.Tensor:
        self.asked_norms = True
        return tf.where(works, self._norms * NORMS[: self.shares.shape[0]], 0.0)

    def all_ready(self) -> tf.Tensor:
        self.asked_times = True
        return 0.2 + 0.3 * keys.uniform(keys.fold(self._key, "ready"), self.shares.shape, dtype=tf.float64)

    def delivered(self, works: tf.Tensor, share: float) -> tf.Tensor:
        self.asked_delivered = True
        return share * self.all_rates() * self.all_norms(works)

    @property
    def sight(self) -> Sight:
        return Sight(self.shares, self.all_rates, self.all_norms, self.all_ready, 0.05, 0.1, self.delivered)


def planned(scheduler: Any, looks: Looks, key: tf.Tensor = keys.key(1)) -> Plan:  # noqa: B008
    state = scheduler.init(looks.shares.shape[0], keys.key(5))
    plan: Plan = scheduler.plan(state, looks.sight, key)[0]
    return plan


def test_a_plan_is_nobody_who_does_not_compute_and_no_weight_below_zero(scheduler: Any) -> None:
    scheduler.check(DEVICES)
    state = scheduler.init(DEVICES, keys.key(5))
    for number in range(6):
        looks = Looks(keys.key(2, number))
        plan, after = scheduler.plan(state, looks.sight, keys.key(3, number))
        again, _ = scheduler.plan(state, looks.sight, keys.key(3, number))
        assert np.array_equal(plan.weights, again.weights) and np.array_equal(plan.works, again.works)
        assert plan.weights.shape == plan.works.shape == (DEVICES,) and plan.works.dtype == tf.bool
        assert np.all(np.isfinite(plan.weights)) and np.all(plan.weights >= 0)
        assert not np.any((plan.weights.numpy() > 0) & ~plan.works.numpy())
        assert (looks.rates, looks.asked_norms) == (scheduler.sees_links, scheduler.sees_updates)
        assert (looks.asked_times, looks.asked_delivered) == (scheduler.sees_times, scheduler.delivers)
        assert (plan.shares is not None) == (scheduler.access == "shares")
        assert (plan.turn is not None or scheduler.stale) == (scheduler.access == "turns" or scheduler.stale)
        assert (plan.newest is not None) == (plan.lasts is not None) == scheduler.stale
        if plan.shares is not None:
            np.testing.assert_allclose(tf.reduce_sum(tf.where(plan.weights > 0, plan.shares, 0.0)), 1.0, rtol=1e-9)
        learnt = scheduler.learn(after, plan.weights > 0)
        for one, other in zip(tf.nest.flatten(learnt), tf.nest.flatten(state), strict=True):
            assert one.shape == other.shape and one.dtype == other.dtype
        state = learnt


def test_weights_are_shares_of_the_data_on_average_or_sum_to_one(scheduler: Any) -> None:
    def one(before: Any, number: tf.Tensor) -> tuple[tf.Tensor, Any]:
        plan, after = scheduler.plan(before[1], Looks(keys.key(2, number)).sight, keys.key(3, number))
        return plan.weights, scheduler.learn(after, plan.weights > 0)

    @tf.function(autograph=False)
    def play() -> tf.Tensor:
        start = tf.zeros([DEVICES]), scheduler.init(DEVICES, keys.key(5))
        return tf.scan(one, tf.range(DRAWS if scheduler.unbiased else 20), start)[0]

    drawn = play().numpy().astype(float)
    if not scheduler.unbiased:
        assert scheduler.stale or np.allclose(drawn.sum(axis=1), 1.0, rtol=1e-6)  # old updates count less
        return
    error = drawn.std(axis=0) / DRAWS**0.5  # of a cycle of turns it is 0
    assert np.all(np.abs(drawn.mean(axis=0) - SHARES) <= 4.5 * error + 1e-6)


def test_all_that_can_send_send_by_their_shares(scheduler: Any) -> None:
    scheduler = with_fields(scheduler, EVERYBODY)
    np.testing.assert_allclose(planned(scheduler, Looks(keys.key(2))).weights, SHARES, rtol=1e-6)
    one = with_fields(scheduler, {"senders": 1, "candidates": 1, "buffer": 1})
    np.testing.assert_array_equal(planned(one, Looks(keys.key(2), SHARES[:1] / SHARES[:1])).weights, [1.0])


def test_nothing_to_go_by_is_no_error(scheduler: Any) -> None:
    plan = planned(scheduler, Looks(keys.key(2), rates=0.0, norms=0.0))
    assert np.all(np.isfinite(plan.weights)) and np.all(plan.weights >= 0)


def test_more_than_there_are_is_refused(scheduler: Any) -> None:
    too_many = {"chances": (0.5,) * (DEVICES + 1), "senders": DEVICES + 1, "buffer": DEVICES + 1}
    field = next((name for name in too_many if hasattr(scheduler, name)), None)
    if field is None:
        pytest.skip("as many send as there is time for")
    scheduler = replace(scheduler, **{field: too_many[field]})
    with pytest.raises(ValueError, match=rf"^scheduler\.{field}: expected .* {DEVICES} devices.*, received 6; "):
        scheduler.check(DEVICES)
