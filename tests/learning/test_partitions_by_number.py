"""Partitions of devices by their numbers: what each holds, by the law it says, and the same whenever it is asked."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from overair.learning.partitions._gamma import log_gamma_draws
from overair.learning.partitions.classes import Classes
from overair.learning.partitions.dirichlet import Dirichlet
from overair.learning.partitions.iid import Iid
from overair.phy import keys
from overair.phy.numbered import Numbered

LABELS = np.random.default_rng(1).permutation(np.repeat(np.arange(5), [60, 80, 100, 120, 140]))
SIZES = np.bincount(LABELS)
ALL = [Iid(24), Classes(2, 24), Classes(3, 25), Dirichlet(0.3, samples_per_device=24)]
MANY = 3000


def dealt(partition: Any, numbers: Any = np.arange(MANY), seed: int = 0) -> np.ndarray:  # noqa: B008
    found = partition.by_number(LABELS, seed).indices(tf.constant(numbers, tf.int64))
    return np.asarray(found)


@pytest.mark.parametrize("partition", ALL, ids=repr)
def test_a_device_has_the_same_in_any_company_and_nothing_twice(partition: Any) -> None:
    found = dealt(partition)
    assert found.shape == (MANY, partition.samples_per_device) and found.dtype == np.int32
    assert found.min() >= 0 and found.max() < len(LABELS)
    assert all(len(set(row)) == len(row) for row in found)
    assert np.array_equal(dealt(partition, [2999, 7]), found[[2999, 7]])
    assert np.array_equal(dealt(partition, [10**12, 7])[1], found[7])
    assert not np.array_equal(dealt(partition, [7], seed=1)[0], found[7])
    assert len({tuple(row) for row in found}) == MANY


def test_iid_is_every_sample_as_likely_in_every_position() -> None:
    found = dealt(Iid(24))
    for some in (found, found[:, 3:4]):
        assert stats.chisquare(np.bincount(some.ravel(), minlength=500)).pvalue > 1e-3
    assert stats.chisquare(np.bincount((found[1:, 0] - found[:-1, 0]) % 500, minlength=500)).pvalue > 1e-3
    inside = np.bincount(LABELS[found].ravel()) / found.size
    assert np.abs(inside - SIZES / 500).max() < 4.5 * np.sqrt(0.25 / found.size)


@pytest.mark.parametrize(("each", "samples"), [(2, 24), (3, 25), (5, 60)])
def test_classes_are_few_and_as_likely(each: int, samples: int) -> None:
    found = LABELS[dealt(Classes(each, samples))]
    counts = np.stack([np.bincount(row, minlength=5) for row in found])  # [K, 5]
    least = samples // each
    assert set(counts.ravel()) <= {0, least, least + 1} and np.all((counts > 0).sum(1) == each)
    holds = (counts > 0).mean(0)
    chance = each / 5
    assert np.abs(holds - chance).max() <= 4.5 * np.sqrt(chance * (1 - chance) / MANY)
    for label in range(5):
        within = dealt(Classes(each, samples))[found == label]
        seen = np.bincount(within, minlength=500)[label == LABELS]
        assert len(seen) == SIZES[label] and abs(stats.zscore(seen)).max() < 6 and seen.min() > 0


@pytest.mark.parametrize("alpha", [0.05, 0.7, 1.0, 30.0])
def test_gamma_draws_have_the_law_of_gamma(alpha: float) -> None:
    devices = Numbered(keys.key(5), tf.range(MANY, dtype=tf.int64))
    drawn = log_gamma_draws(devices, alpha, 3).numpy()
    assert stats.kstest(drawn.ravel(), stats.loggamma(alpha).cdf).pvalue > 1e-3
    assert np.abs(np.corrcoef(drawn.T) - np.eye(3)).max() < 4.5 / np.sqrt(MANY)
    again = log_gamma_draws(devices._replace(numbers=tf.constant([11, 2], tf.int64)), alpha, 3)
    assert np.allclose(again, drawn[[11, 2]], rtol=1e-12)  # logarithms of one number differ in the last bit


@pytest.mark.parametrize("alpha", [0.3, 5.0])
def test_dirichlet_has_the_moments_of_dirichlet(alpha: float) -> None:
    """Of classes of one size: the counts of S samples are Dirichlet multinomial."""
    labels, samples = np.repeat(np.arange(5), 100), 40
    pool = Dirichlet(alpha, samples_per_device=samples).by_number(labels, 0)
    rows = labels[pool.indices(tf.range(MANY, dtype=tf.int64)).numpy()]
    counts = np.stack([np.bincount(row, minlength=5) for row in rows])
    for law in (counts, counts[:, :2] + counts[:, 2:4]):  # of sums of classes too, whose alpha adds up
        a, total = alpha * (1 if law is counts else 2), 5 * alpha
        mean = samples * a / total
        variance = samples * a / total * (1 - a / total) * (samples + total) / (1 + total)
        assert np.abs(law.mean(0) - mean).max() < 4.5 * np.sqrt(variance / MANY)
        off = (law - mean) ** 2
        assert np.all(np.abs(off.mean(0) - variance) < 4.5 * off.std(0) / np.sqrt(MANY))


def test_dirichlet_is_the_ordinary_one_as_devices_grow_many() -> None:
    """The largest share of a class on a device: dealt with proportions of classes over devices, and by number."""
    labels = np.repeat(np.arange(5), 40_000)
    usual = Dirichlet(0.5).split(labels, 1000, 0)
    shares = [np.bincount(labels[row], minlength=5) / len(row) for row in usual if len(row) > 60]
    pool = Dirichlet(0.5, samples_per_device=100).by_number(labels, 0)
    rows = labels[pool.indices(tf.range(1000, dtype=tf.int64)).numpy()]
    own = [np.bincount(row, minlength=5) / 100 for row in rows]
    assert abs(np.max(shares, 1).mean() - np.max(own, 1).mean()) < 4.5 * np.std(np.max(own, 1)) / np.sqrt(450)


def test_classes_of_unlike_sizes_come_in_proportion() -> None:
    found = LABELS[dealt(Dirichlet(1e6, samples_per_device=24))]
    assert stats.chisquare(np.bincount(found.ravel()), found.size * SIZES / 500).pvalue > 1e-3


def test_what_cannot_be_dealt_is_refused() -> None:
    for partition in (Iid(), Classes(2), Dirichlet(0.5)):
        with pytest.raises(ValueError, match=r"samples_per_device: expected a number with a cohort, .* received none"):
            partition.by_number(LABELS, 0)
    with pytest.raises(ValueError, match=r"samples_per_device: expected at most 60 with a cohort.* received 61"):
        Classes(2, 61).by_number(LABELS, 0)
    with pytest.raises(ValueError, match="per_device: expected at most the 5 classes of the data, received 6"):
        Classes(6, 12).by_number(LABELS, 0)
    with pytest.raises(ValueError, match="samples_per_device: expected none but with a cohort.* received 3; leave"):
        Dirichlet(0.5, samples_per_device=3).split(LABELS, 4, 0)
    assert Iid(500).by_number(LABELS, 0).indices(tf.constant([3], tf.int64)).shape == (1, 500)
