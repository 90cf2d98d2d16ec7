"""Every partition deals samples once, to every device, as it says, and refuses what cannot be done."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import chi2, kstest

from overair.learning.partitions import Partition
from overair.learning.partitions.classes import Classes
from overair.learning.partitions.dirichlet import Dirichlet
from overair.learning.partitions.iid import Iid
from overair.learning.partitions.unbalanced import Unbalanced

COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]  # those of MNIST
MANY = np.random.default_rng(0).permutation(np.repeat(np.arange(10), COUNTS)).astype(np.int32)
FEW = np.random.default_rng(1).permutation(np.repeat(np.arange(10), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]))
SKEWED = np.repeat([3, 5, 8], [1000, 5, 1])  # labels with gaps, classes of very different sizes

PARTITIONS: list[Partition] = [
    Iid(),
    Iid(samples_per_device=1),
    Classes(),
    Classes(per_device=1),
    Classes(per_device=3),
    Classes(per_device=2, samples_per_device=1),
    Dirichlet(),
    Dirichlet(alpha=1e-12),
    Dirichlet(alpha=1e-300),
    Dirichlet(alpha=1e9),
    Unbalanced(),
    Unbalanced(spread=0.0),
    Unbalanced(spread=100.0),
]
EVERYTHING: list[Partition] = [
    Iid(),
    Dirichlet(),
    Dirichlet(alpha=0.01, minimum=7),
    Unbalanced(),
    Unbalanced(spread=5.0),
]


def sizes(shares: Sequence[np.ndarray]) -> np.ndarray:
    return np.array([len(share) for share in shares])


def counts(labels: np.ndarray, shares: Sequence[np.ndarray]) -> np.ndarray:
    """Samples of each class on each device, [K, C]."""
    return np.array([np.bincount(labels[share], minlength=labels.max() + 1) for share in shares])


@pytest.mark.parametrize("partition", PARTITIONS, ids=str)
@pytest.mark.parametrize("labels", [MANY, FEW, SKEWED], ids=["many", "few", "skewed"])
@pytest.mark.parametrize("devices", [1, 2, 3, 7, 10, 13, 100, 1006])
def test_every_device_has_samples_and_no_sample_is_dealt_twice(
    partition: Partition, labels: np.ndarray, devices: int
) -> None:
    shares = partition.split(labels, devices, 5)
    assert len(shares) == devices and sizes(shares).min() >= 1
    assert all(share.dtype == np.int64 and share.ndim == 1 for share in shares)
    dealt = np.concatenate(shares)
    assert len(np.unique(dealt)) == len(dealt) and dealt.min() >= 0 and dealt.max() < len(labels)


@pytest.mark.parametrize("partition", PARTITIONS, ids=str)
def test_as_many_devices_as_samples_get_one_each(partition: Partition) -> None:
    assert set(sizes(partition.split(FEW, len(FEW), 3))) == {1}
    assert set(sizes(partition.split(SKEWED, len(SKEWED), 3))) == {1}


@pytest.mark.parametrize("partition", EVERYTHING, ids=str)
@pytest.mark.parametrize("devices", [1, 9, 100])
def test_all_samples_are_dealt(partition: Partition, devices: int) -> None:
    assert np.array_equal(np.sort(np.concatenate(partition.split(FEW, devices, 2))), np.arange(len(FEW)))


@pytest.mark.parametrize("partition", PARTITIONS, ids=str)
def test_the_seed_decides_and_no_global_state_is_touched(partition: Partition) -> None:
    before = random.getstate(), str(np.random.get_state())
    shares = [partition.split(FEW, 20, seed) for seed in (4, 4, 5)]
    assert all(np.array_equal(a, b) for a, b in zip(shares[0], shares[1], strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(shares[0], shares[2], strict=True))
    assert before == (random.getstate(), str(np.random.get_state()))


@pytest.mark.parametrize("partition", [Iid(), Classes(), Dirichlet(), Unbalanced()], ids=str)
def test_labels_are_left_as_they_were(partition: Partition) -> None:
    labels = FEW.copy()
    labels.flags.writeable = False
    assert isinstance(partition, Partition)
    partition.split(labels, 10, 0)


@pytest.mark.parametrize("devices", [1, 7, 100])
def test_iid_sizes_differ_by_at_most_one(devices: int) -> None:
    assert np.ptp(sizes(Iid().split(FEW, devices, 0))) <= 1
    assert set(sizes(Iid(samples_per_device=11).split(FEW, devices, 0))) == {11}


def test_iid_shares_have_the_classes_of_the_whole() -> None:
    """Pearson's statistic of the table devices x classes is chi-squared with (K-1)(C-1) degrees of freedom."""
    table = counts(MANY, Iid().split(MANY, 100, 0))
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = ((table - expected) ** 2 / expected).sum()
    assert chi2.ppf(1e-3, 99 * 9) < statistic < chi2.ppf(1 - 1e-3, 99 * 9)


@pytest.mark.parametrize("per_device", [1, 2, 3, 7, 10])
@pytest.mark.parametrize("devices", [1, 3, 7, 10, 13, 64, 100])
@pytest.mark.parametrize("labels", [MANY, FEW], ids=["many", "few"])
def test_classes_are_at_most_so_many_on_a_device_and_spread_evenly(
    labels: np.ndarray, per_device: int, devices: int
) -> None:
    table = counts(labels, Classes(per_device).split(labels, devices, 1))
    held = table > 0
    assert held.sum(axis=1).max() <= per_device
    used = np.flatnonzero(held.any(axis=0))
    assert len(used) == min(10, devices * per_device)
    assert table.sum() == np.bincount(labels)[used].sum()  # every sample of the classes in use
    fair = devices * per_device * np.bincount(labels) / len(labels)
    if devices * per_device >= 10 > per_device:
        assert np.all(np.abs(held.sum(axis=0) - fair) < 2)


@pytest.mark.parametrize(("devices", "per_device"), [(10, 2), (15, 2), (64, 2), (100, 3), (1000, 2), (10, 10)])
def test_classes_make_equal_sizes_where_there_are_classes_enough(devices: int, per_device: int) -> None:
    for seed in range(3):
        assert np.ptp(sizes(Classes(per_device).split(MANY, devices, seed))) <= 1


def test_a_devices_classes_count_about_alike() -> None:
    table = counts(MANY, Classes(per_device=2).split(MANY, 100, 0))
    assert np.mean(table.max(axis=1) / table.sum(axis=1)) < 0.52


def test_classes_with_one_each_are_equal_within_a_class() -> None:
    table = counts(MANY, Classes(per_device=1).split(MANY, 25, 0))
    assert all(np.ptp(column[column > 0]) <= 1 for column in table.T)


@pytest.mark.parametrize(("devices", "each"), [(100, 600), (100, 50), (100, 7), (10, 6000), (3, 1), (1, 11_000)])
def test_classes_give_exactly_the_samples_asked_for(devices: int, each: int) -> None:
    """600 on each of 100 devices is every sample there is."""
    for seed in range(3):
        table = counts(MANY, Classes(per_device=2, samples_per_device=each).split(MANY, devices, seed))
        assert set(table.sum(axis=1)) == {each} and (table > 0).sum(axis=1).max() <= 2


def test_few_samples_are_in_equal_parts_of_a_devices_classes() -> None:
    table = counts(MANY, Classes(per_device=3, samples_per_device=20).split(MANY, 100, 0))
    assert {tuple(sorted(row[row > 0])) for row in table} == {(6, 7, 7)}


def test_all_pairs_of_classes_occur() -> None:
    held = counts(MANY, Classes(per_device=2).split(MANY, 1000, 0)) > 0
    together = held.T.astype(int) @ held  # about 22 devices a pair: one of 45 is missing with chance 45 exp(-22)
    assert together[~np.eye(10, dtype=bool)].min() > 0


def test_small_classes_reach_a_device_and_never_one_without_samples() -> None:
    table = counts(SKEWED, Classes(per_device=2).split(SKEWED, 10, 0))[:, [3, 5, 8]]
    assert table.sum() == len(SKEWED)
    assert (table > 0).sum(axis=0).tolist() == [10, 5, 1]


@pytest.mark.parametrize("alpha", [0.1, 0.5, 5.0])
def test_dirichlet_proportions_have_their_moments(alpha: float) -> None:
    """A proportion has mean 1/K and variance (K-1)/(K^2 (K alpha + 1)).

    Over 2000 independent classes the standard error of the mean square is its deviation over sqrt(2000); proportions
    are differences of multiples of 1/200, which adds 2/(12 * 200^2).
    """
    devices, classes, each = 4, 2000, 200
    labels = np.repeat(np.arange(classes), each)
    shares = counts(labels, Dirichlet(alpha).split(labels, devices, 0)) / each  # [K, C]
    expected = (devices - 1) / (devices**2 * (devices * alpha + 1))
    squares = ((shares - 1 / devices) ** 2).mean(axis=0)  # [C], independent
    error = squares.std() / np.sqrt(classes)
    assert abs(squares.mean() - expected) < 4 * error + 2 / (12 * each**2)
    for share in shares:  # one device's proportions are Beta(alpha, (K-1) alpha)
        assert abs(share.mean() - 1 / devices) < 4 * np.sqrt(expected / classes)


def test_a_small_alpha_gives_classes_to_single_devices_chosen_alike() -> None:
    """With alpha to 0 each class goes to one device, all with the same chance: counts of winners are multinomial."""
    labels = np.repeat(np.arange(2000), 3)
    for alpha in (1e-6, 1e-200):
        table = counts(labels, Dirichlet(alpha).split(labels, 5, 0))
        winners = (table == 3).sum(axis=1)
        assert winners.sum() >= 1995
        assert ((winners - 400) ** 2 / 400).sum() < chi2.ppf(1 - 1e-4, 4)


def test_a_large_alpha_shares_each_class_equally() -> None:
    assert np.ptp(counts(MANY, Dirichlet(alpha=1e9).split(MANY, 10, 0)), axis=0).max() <= 2


@pytest.mark.parametrize("minimum", [1, 5, 17])
def test_dirichlet_leaves_nobody_below_the_minimum(minimum: int) -> None:
    for seed in range(5):
        assert sizes(Dirichlet(alpha=0.01, minimum=minimum).split(FEW, 100, seed)).min() >= minimum


def test_unbalanced_sizes_are_log_normal() -> None:
    """log(n_k - 1) is normal up to a common factor: Kolmogorov and Smirnov's test after removing the mean."""
    labels = np.zeros(10_000_000, np.int8)
    logs = np.log(sizes(Unbalanced(spread=0.5).split(labels, 1000, 0)) - 1)
    assert logs.std() == pytest.approx(0.5, rel=4 / np.sqrt(2 * 1000))
    assert kstest((logs - logs.mean()) / 0.5, "norm").pvalue > 1e-3


def test_no_spread_is_equal_sizes() -> None:
    assert np.ptp(sizes(Unbalanced(spread=0.0).split(FEW, 100, 0))) <= 1


def test_unbalanced_shares_have_the_classes_of_the_whole() -> None:
    table = counts(MANY, Unbalanced().split(MANY, 20, 0))
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = ((table - expected) ** 2 / expected).sum()
    assert chi2.ppf(1e-3, 19 * 9) < statistic < chi2.ppf(1 - 1e-3, 19 * 9)


@pytest.mark.parametrize("partition", [Iid(), Classes(), Dirichlet(), Unbalanced()], ids=str)
@pytest.mark.parametrize(
    ("devices", "seed", "said"),
    [
        (1798, 0, "devices: expected at most 1797, one a sample, received 1798; use"),
        (0, 0, "devices: expected at least 1, received 0"),
        (-3, 0, "devices: expected at least 1, received -3"),
        (3, -1, "seed: expected a number of at least 0, received -1"),
    ],
)
def test_impossible_numbers_of_devices_and_seeds_are_refused(
    partition: Partition, devices: int, seed: int, said: str
) -> None:
    refused(partition, devices, said, seed)


def refused(partition: Partition, devices: int, said: str, seed: int = 0) -> None:
    with pytest.raises(ValueError) as error:
        partition.split(FEW, devices, seed)
    assert str(error.value).startswith(said) and "\n" not in str(error.value)


@pytest.mark.parametrize("partition", [Iid(samples_per_device=18), Classes(samples_per_device=18)], ids=str)
def test_more_samples_than_there_are_is_refused(partition: Partition) -> None:
    refused(partition, 100, "samples_per_device: expected at most 17, as 1797 samples go to 100 devices, received 18;")


def test_what_no_assignment_of_classes_can_give_is_refused_with_what_it_can() -> None:
    refused(
        Classes(per_device=1, samples_per_device=100),
        15,
        "samples_per_device: expected at most 90 with 1 of 10 classes on each of 15 devices, received 100; ask",
    )
    assert set(sizes(Classes(per_device=1, samples_per_device=90).split(FEW, 15, 0))) == {90}


def test_more_classes_than_the_data_has_is_refused() -> None:
    refused(Classes(per_device=11), 10, "per_device: expected at most the 10 classes of the data, received 11; ")


def test_a_minimum_that_samples_do_not_reach_is_refused() -> None:
    refused(Dirichlet(minimum=18), 100, "minimum: expected at most 17, as 1797 samples go to 100 devices, received 18;")


@pytest.mark.parametrize(
    ("scheme", "field", "value"),
    [
        (Iid, "samples_per_device", 0),
        (Classes, "per_device", 0),
        (Classes, "samples_per_device", -1),
        (Dirichlet, "alpha", 0.0),
        (Dirichlet, "alpha", float("inf")),
        (Dirichlet, "alpha", float("nan")),
        (Dirichlet, "minimum", 0),
        (Unbalanced, "spread", -0.1),
        (Unbalanced, "spread", float("inf")),
        (Unbalanced, "spread", float("nan")),
    ],
)
def test_impossible_fields_are_refused_when_made(scheme: type, field: str, value: float) -> None:
    with pytest.raises(ValidationError, match=field):
        scheme(**{field: value})
