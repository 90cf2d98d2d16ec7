"""Personal algorithms on quadratics f_k = a_k/2 (x - b_k)^2, where all rest at means of b_k whose weights are known."""

from typing import Any, Literal

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Ditto, FineTuning, PerFedavg, Pfedme, Radio, Reptile, Task, Weights
from overair.learning.federated.algorithms import Sample
from overair.learning.federated.algorithms._keeping import Own
from overair.learning.federated.clock import clock_of
from overair.learning.federated.effort import Effort
from overair.learning.federated.hardware.fixed import Fixed
from overair.learning.federated.task import flatten
from overair.phy import keys
from tests.learning.federated.quadratics import Half, Path, Setting, play, point, samples

A, B, ALPHA, LAM = np.array([1.0, 4.0, 8.0]), np.array([1.0, -1.0, 3.0]), 0.1, 2.0
OTHERS = np.array([2.0, 0.5, 5.0, 9.0]), np.array([0.3, -2.0, 1.5, -0.4]), np.array([0.1, 0.4, 0.3, 0.2])
Order = Literal["first", "hessian_free"]
ORDERS: tuple[Order, Order] = ("first", "hessian_free")
DRAWN = {"first": 2, "hessian_free": 3}


def rest(algorithm: Any, a: Any, b: Any, w: Any, steps: int = 1, rounds: int = 30) -> Path:
    drawn = DRAWN[algorithm.order] if isinstance(algorithm, PerFedavg) else 1
    return play(algorithm, Setting(a, b, w, (steps,) * len(a), drawn=drawn), rounds)


def one_step(start: float) -> float:
    """Mean loss of what devices make of a start by one step, by the algorithm's own method."""
    task, nothing, found = Task(point(1)(0), Half()), tf.zeros([1], tf.int32), []
    weights = Weights([tf.constant([[start]], tf.float32)], [])
    for row, a, b in zip(samples(A, B), A, B, strict=True):
        sample = Sample(lambda step, row=row: (tf.constant(row[None]), nothing, tf.ones([1])), True)  # type: ignore[misc]
        model = PerFedavg(alpha=ALPHA).own_model(task, weights, sample, 1, keys.key(0), (), ())
        found.append(a / 2 * (float(flatten(model.trainable)[0]) - b) ** 2)
    return float(np.mean(found))


def test_known_starts_and_the_losses_that_one_step_leaves() -> None:
    third = np.full(3, 1 / 3)
    made = [PerFedavg(0.6, alpha=ALPHA, order=order) for order in ORDERS]
    first, free = (rest(algorithm, A, B, third).x[-1, 0] for algorithm in made)
    plain = rest(FineTuning(0.2), A, B, third).x[-1, 0]
    envelope = rest(Pfedme(0.15, lam=LAM, eta=0.5, inner=1), A, B, third).x[-1, 0]
    np.testing.assert_allclose([plain, free, first], [1.61538462, 0.12840467, 0.67346939], atol=2e-5)
    assert envelope == pytest.approx(1.14814815, abs=2e-5)
    found = [one_step(float(start)) for start in (free, first, plain)]
    np.testing.assert_allclose(found, [0.84793774, 0.97519367, 1.79502959], atol=1e-4)


@pytest.mark.parametrize("order", ORDERS)
def test_per_fedavg_rests_where_curvatures_weigh_by_what_a_step_leaves(order: Order) -> None:
    """The gradient of f(x - alpha f'(x)) is a (1 - alpha a)^2 (x - b); to first order one factor is missing.

    Several local steps of rate eta go 1 - (1 - eta c)^tau of the way where one goes eta c.
    """
    (a, b, w), alpha, eta, tau = OTHERS, 0.07, 0.3, 3
    left = a * (1 - alpha * a) ** (1 if order == "first" else 2)
    found = rest(PerFedavg(eta, steps=tau, alpha=alpha, order=order, delta=0.3), a, b, w, tau).x[-1, 0]
    assert found == pytest.approx(np.average(b, weights=w * (1 - (1 - eta * left) ** tau)), abs=2e-5)


def test_three_batches_of_a_step_are_three() -> None:
    """D adapts, D' is the gradient's, and D'' the Hessian's: each is a quadratic of its own."""
    a, b, w, alpha, eta = (2.0, 3.0, 0.5), (1.0, -2.0, 4.0), 0.7, 0.2, 0.3
    task, start = Task(point(1)(0), Half()), Weights([tf.constant([[w]], tf.float32)], [])
    outer = a[1] * (w - alpha * a[0] * (w - b[0]) - b[1])
    for order, expected in (("first", outer), ("hessian_free", outer - alpha * a[2] * outer)):
        x = tf.constant(samples(a, b)[: DRAWN[order]])
        sample = Sample(lambda step, x=x: (x, tf.zeros([len(x)], tf.int32), tf.ones([len(x)])), True)  # type: ignore[misc]
        algorithm = PerFedavg(eta, steps=1, alpha=alpha, order=order)  # type: ignore[arg-type]
        sent, loss = algorithm.update(task, start, sample, 1, keys.key(0))
        assert float(sent.trainable[0][0, 0]) == pytest.approx(eta * expected, abs=2e-5)
        assert float(loss) == pytest.approx(a[0] / 2 * (w - b[0]) ** 2, rel=1e-5)  # where it stands


def test_batches_are_drawn_apart_and_have_samples_together() -> None:
    sizes, more = tf.constant([40, 70]), {"largest": 70, "batch_size": 8}
    for order, count in DRAWN.items():
        algorithm = PerFedavg(steps=4, order=order)  # type: ignore[arg-type]
        drawn = np.split(algorithm.batches(keys.key(1), sizes, **more).positions.numpy(), count, axis=2)
        assert all(np.any(one != other) for at, one in enumerate(drawn) for other in drawn[:at])
    found = PerFedavg(epochs=1).batches(keys.key(1), sizes, **more)
    masks = np.split(found.mask.numpy(), 3, axis=2)
    assert np.array_equal(masks[0], masks[1]) and np.array_equal(masks[0], masks[2])
    assert [*found.steps.numpy()] == [5, 9] and [*found.samples.numpy()] == [120, 210]


def test_without_the_hessian_it_is_the_gradient_of_what_a_step_reaches_on_a_curved_loss() -> None:
    """Softmax regression: against central differences of F(w) = f(w - alpha grad f(w)), in float64."""
    random, alpha, eta = np.random.default_rng(2), 0.8, 0.5
    x, y, start = random.normal(size=[6, 3]), random.integers(0, 4, 6), random.normal(size=[3, 4])

    def gradient(w: np.ndarray) -> np.ndarray:
        grown = np.exp(x @ w)
        slope: np.ndarray = x.T @ (grown / grown.sum(axis=1, keepdims=True) - np.eye(4)[y]) / 6
        return slope

    def reached(w: np.ndarray) -> float:
        logits = x @ (w - alpha * gradient(w))
        return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(6), y]))

    steps = 1e-5 * np.eye(12).reshape(12, 3, 4)
    expected = np.reshape([(reached(start + s) - reached(start - s)) / 2e-5 for s in steps], [3, 4])
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(4, use_bias=False)])
    batch = np.tile(x, [3, 1]).astype(np.float32), np.tile(y, 3).astype(np.int32), np.ones(18, np.float32)
    sample = Sample(lambda step: tuple(map(tf.constant, batch)), True)  # type: ignore[arg-type, return-value]
    algorithm, weights = PerFedavg(eta, steps=1, alpha=alpha), Weights([tf.constant(start, tf.float32)], [])
    sent, _ = algorithm.update(Task(model), weights, sample, 1, keys.key(0))
    np.testing.assert_allclose(sent.trainable[0], eta * expected, atol=2e-5)  # delta^2 and float32 over delta
    first = gradient(start - alpha * gradient(start))
    assert np.abs(expected - first).max() > 0.01  # which is another direction


def test_reptile_goes_its_share_of_the_way_to_where_fedavg_rests() -> None:
    (a, b, w), eta, tau, epsilon = OTHERS, 0.1, 4, 0.3
    found = rest(Reptile(eta, steps=tau, epsilon=epsilon), a, b, w, tau).x[:, 0]
    part = w * (1 - (1 - eta * a) ** tau)
    expected = np.average(b, weights=part) * (1 - (1 - epsilon * part.sum()) ** np.arange(31))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("lam", [0.0, 1.7])
def test_ditto_rests_between_a_device_alone_and_where_fedavg_rests(lam: float) -> None:
    (a, b, w), eta, tau = OTHERS, 0.18, 3
    path = rest(Ditto(eta, steps=tau, lam=lam), a, b, w, tau, 70)
    x = np.average(b, weights=w * (1 - (1 - eta * a) ** tau))
    assert path.x[-1, 0] == pytest.approx(x, abs=1e-5)
    np.testing.assert_allclose(models(path), (a * b + lam * x) / (a + lam), atol=2e-5)


@pytest.mark.parametrize(("tau", "inner"), [(1, 1), (3, 40)])
def test_pfedme_rests_where_envelopes_do_however_few_steps_each_takes(tau: int, inner: int) -> None:
    """With exact minima t = (a b + lam w)/(a + lam) a copy goes eta lam a/(a + lam) of the way to b in a step."""
    (a, b, w), lam, eta = OTHERS, 1.5, 0.4
    path = rest(Pfedme(0.12, steps=tau, lam=lam, eta=eta, inner=inner), a, b, w, tau, 80)
    x = np.average(b, weights=w * (1 - (1 - eta * lam * a / (a + lam)) ** tau))
    assert path.x[-1, 0] == pytest.approx(x, abs=3e-5)
    if tau == 1:
        np.testing.assert_allclose(models(path), (a * b + lam * x) / (a + lam), atol=5e-5)


def models(path: Path) -> list[float]:
    return [float(own.model.trainable[0][0, 0]) for own in path.own[-1]]


def test_steps_and_absences_by_hand() -> None:
    """Devices manage unequal steps, and one is heard for the first time in the second round: it begins at x."""
    (a, b, w), tau, eta, lam, inner = OTHERS, (1, 3, 2, 3), 0.08, 0.9, 2
    sent = np.array([w, w, w])
    sent[0, 2] = 0.0
    setting = Setting(a, b, w, tau, sent.__getitem__)
    ditto, pfedme = Ditto(eta, steps=3, lam=lam), Pfedme(eta, steps=3, lam=lam, eta=0.6, inner=inner)
    found = [play(algorithm, setting, 3) for algorithm in (ditto, pfedme)]
    x, own = np.zeros(2), np.full([2, 4], np.nan)
    for weights in sent:
        way = np.zeros([2, 4])
        for k in np.flatnonzero(weights):
            v, t = np.where(np.isnan(own[:, k]), x, own[:, k])
            y, copy = x
            for _ in range(tau[k]):
                y -= eta * a[k] * (y - b[k])
                v -= eta * (a[k] * (v - b[k]) + lam * (v - x[0]))
                for _ in range(inner):
                    t -= eta * (a[k] * (t - b[k]) + lam * (t - copy))
                copy -= 0.6 * lam * (copy - t)
            own[:, k], way[:, k] = (v, t), x - (y, copy)
        x = x - way @ weights
    np.testing.assert_allclose([path.x[-1, 0] for path in found], x, atol=1e-5)
    np.testing.assert_allclose([models(path) for path in found], own, atol=1e-5)


def test_who_was_never_heard_uses_the_servers_model() -> None:
    task = Task(point(2)(0), Half())
    weights, rows = Weights([tf.constant([[1.0, 2.0]])], []), Ditto().init(task, 3).own
    own: Own = tf.nest.map_structure(lambda row: row[1], rows)
    sample = Sample(lambda step: (tf.zeros([0, 3]), tf.zeros([0], tf.int32), tf.zeros([0])))
    for there, expected in ((0.0, [[1.0, 2.0]]), (1.0, [[0.0, 0.0]])):
        model = Ditto().own_model(task, weights, sample, 0, keys.key(0), (), own._replace(there=tf.constant(there)))
        np.testing.assert_array_equal(model.trainable[0], expected)


def test_a_clock_counts_every_gradient() -> None:
    sizes = [np.arange(4), np.arange(7)]
    gradients = {
        PerFedavg(steps=3, order="first"): 2, PerFedavg(steps=3): 4, Ditto(steps=3): 2, Pfedme(steps=3, inner=6): 6,
        Reptile(steps=3): 1, FineTuning(steps=3): 1,
    }  # fmt: skip
    for algorithm, each in gradients.items():
        clock = clock_of(Fixed(0.5), Radio(), algorithm, sizes, None, Effort())
        assert clock is not None
        found = clock.work(tf.constant(0), tf.constant(1, tf.int64)).seconds
        np.testing.assert_allclose(found, [each * 3 * 4 * 0.5, each * 3 * 7 * 0.5], rtol=1e-6)


def test_a_copy_that_would_go_too_far_is_refused() -> None:
    with pytest.raises(ValueError, match=r"eta: expected at most 1/lam = 0.25, .*, received 0.5; set eta = 0.25 or a"):
        Pfedme(lam=4.0)
