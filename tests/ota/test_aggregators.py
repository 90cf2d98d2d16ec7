"""Rules of separate estimates: published values, other sets by other means, and two mistakes that are often made."""

import itertools
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize, stats

from overair.ota import CentredClip, GeometricMedian, Krum, Mean, Median, TrimmedMean
from overair.ota.aggregators._points import ordered

POINTS = np.array([(1, 2), (1.2, 1.8), (0.8, 2.1), (1.1, 2.2), (0.9, 1.9), (-9, 30), (12, -7)])


def combined(rule: Any, points: np.ndarray) -> np.ndarray:
    """With rows between them that are not there."""
    rows = np.full([2 * len(points), points.shape[1]], 1e5, np.float32)
    rows[::2] = points
    return np.asarray(rule.combine(tf.constant(rows), tf.range(len(rows)) % 2 == 0))


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (Mean(), (1.142857, 4.714286)),
        (Median(), (1, 2)),
        (TrimmedMean(2), (1, 2)),
        (Krum(2), (1, 2)),
        (GeometricMedian(), (1, 2)),
    ],
)
def test_seven_points_of_which_two_lie(rule: Any, value: tuple[float, float]) -> None:
    np.testing.assert_allclose(combined(rule, POINTS), value, atol=2e-6)


def test_scores_and_clipped_steps_of_the_seven_points() -> None:
    points, there = tf.constant(POINTS, tf.float32), tf.ones([7], tf.bool)
    scores = [0.12, 0.35, 0.2, 0.28, 0.17, 2633.3, 598.5]
    np.testing.assert_allclose(Krum(2).scores(points, there), scores, rtol=1e-5)
    steps = CentredClip(1.0, 3).follow(points, there, tf.zeros([2]))
    np.testing.assert_allclose(steps, [1.003876, 1.878961], atol=1e-6)


def squared_apart(points: np.ndarray) -> np.ndarray:
    return ((points[:, None] - points[None]) ** 2).sum(axis=2)


def krum(costs: np.ndarray, liars: int) -> np.ndarray:
    """Order of Krum by costs between points, [N, N]."""
    scores = [np.sort(np.delete(row, place))[: len(costs) - liars - 2].sum() for place, row in enumerate(costs)]
    return np.argsort(scores)


@pytest.mark.parametrize(("count", "size", "liars"), [(8, 3, 1), (13, 40, 4)])
def test_other_sets_by_other_means(count: int, size: int, liars: int) -> None:
    rng = np.random.default_rng(count)
    points = rng.standard_t(2, [count, size]).astype(np.float32)
    near: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(combined(Median(), points), np.median(points, axis=0), **near)
    trimmed = stats.trim_mean(points, (liars + 1e-9) / count, axis=0)
    np.testing.assert_allclose(combined(TrimmedMean(liars), points), trimmed, **near)
    best = krum(squared_apart(points.astype(float)), liars)
    for kept in (1, 3):
        np.testing.assert_allclose(combined(Krum(liars, kept), points), points[best[:kept]].mean(axis=0), **near)
    centre = np.median(points, axis=0)
    for _ in range(4):
        away = points - centre
        norms = np.linalg.norm(away, axis=1, keepdims=True)
        centre = centre + (away * np.minimum(1, 2.0 / norms)).mean(axis=0)
    np.testing.assert_allclose(combined(CentredClip(2.0, 4), points), centre, **near)
    exact, found = points.astype(float), combined(GeometricMedian(500), points)
    least = optimize.minimize(lambda y: np.linalg.norm(exact - y, axis=1).sum(), found, tol=1e-12).fun
    assert np.linalg.norm(exact - found, axis=1).sum() == pytest.approx(least, rel=1e-6)
    away = exact - found
    norms = np.linalg.norm(away, axis=1, keepdims=True)
    np.testing.assert_allclose((away / norms).sum(axis=0), 0, atol=1e-3)  # where the sum of distances is least


def test_krum_adds_up_squares_and_not_fourth_powers() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        points = rng.normal(size=[7, 2])
        apart = squared_apart(points)
        right, wrong = krum(apart, 2)[0], krum(apart**2, 2)[0]
        if right != wrong:
            break
    assert right != wrong
    np.testing.assert_allclose(combined(Krum(2), points), points[right], rtol=1e-6)


def test_weights_of_weiszfeld_do_not_compound() -> None:
    rng, steps = np.random.default_rng(1), 300
    points = rng.normal(size=[6, 2])
    y, weights = points.mean(axis=0), np.ones(6)
    for _ in range(steps):  # the mistake: weights of one step times those of the next
        weights = weights / np.maximum(np.linalg.norm(points - y, axis=1), 1e-12)
        weights /= weights.sum()
        y = weights @ points
    assert np.linalg.norm(points - y, axis=1).min() < 1e-6  # ends at a data point
    found = combined(GeometricMedian(passes=steps), points)
    away = points - found
    norms = np.linalg.norm(away, axis=1, keepdims=True)
    assert norms.min() > 1e-2
    np.testing.assert_allclose((away / norms).sum(axis=0), 0, atol=1e-4)  # the geometric median is none of them


def test_a_network_of_comparisons_orders_whatever_number_of_rows() -> None:
    for rows in (1, 2, 3, 5, 8, 13, 70):
        points = np.random.default_rng(rows).normal(size=[rows, 9]).astype(np.float32)
        there = np.arange(rows) != rows - 2
        values = np.where(there[:, None], points, np.inf)
        np.testing.assert_array_equal(ordered(tf.constant(points), tf.constant(there)), np.sort(values, axis=0))
    zeros_and_ones = np.array(
        [*itertools.product([0.0, 1.0], repeat=7)], np.float32
    ).T  # whoever orders these orders all
    np.testing.assert_array_equal(
        ordered(tf.constant(zeros_and_ones), tf.ones([7], tf.bool)), np.sort(zeros_and_ones, axis=0)
    )
