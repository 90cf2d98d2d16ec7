"""Cohorts of very many devices: who takes part, what a round makes of them, what it costs, and what is refused."""

import time
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Broadcast, Cohort, Federation, Population, Random, Sgd
from overair.learning.data import Arrays
from overair.learning.federated.planning import cohorts
from overair.learning.models.softmax import Softmax
from overair.learning.partitions.classes import Classes
from overair.ota import Analog, Digital, Ideal, Identity, Sparse
from overair.phy import (
    Air,
    Awgn,
    ClockDrift,
    Estimated,
    FullInversion,
    Grid,
    PathLoss,
    Rayleigh,
    Tdl,
    TimingOffset,
    Umi,
    keys,
)

RANDOM = np.random.default_rng(4)
LABELS = np.repeat(np.arange(4), 30)
DATA = Arrays(
    RANDOM.normal(size=[120, 3, 2, 1]).astype(np.float32), LABELS.astype(np.int32),
    RANDOM.normal(size=[8, 3, 2, 1]).astype(np.float32), LABELS[::15].astype(np.int32), 4,
)  # fmt: skip
POOL = Classes(2, 6).by_number(LABELS, 0)
GRID = Grid(subcarriers=16, symbols=2, prefix=16)


def federation(devices: int, senders: int, dense: bool = False, **fields: Any) -> Federation:
    shares: Any = Population(devices, POOL)
    if dense:
        shares = list(POOL.indices(tf.range(devices, dtype=tf.int64)).numpy())
    given: dict[str, Any] = {
        "algorithm": Sgd(),
        "uplink": Ideal(),
        "air": Air(GRID, Rayleigh(), devices if dense else senders),
        "elements": 14,
        "optimizer": lambda: keras.optimizers.SGD(0.5),
        "scheduler": Cohort(senders=senders),
    }
    return Federation(lambda seed: Softmax().build((3, 2, 1), 4, seed), DATA, shares, **(given | fields))


def vector(state: Any) -> np.ndarray:
    return np.concatenate([np.ravel(part) for part in state.weights.trainable])


def numbers_of(rounds: int, devices: int, senders: int) -> np.ndarray:
    """Who takes part, in the first rounds of seed 0."""
    population = Population(devices, POOL)

    @tf.function
    def one(round: tf.Tensor) -> tf.Tensor:
        return population.cohort(keys.fold(keys.key(0, "round", round), "participation"), senders)

    return np.stack([one(tf.constant(round, tf.int64)) for round in range(rounds)])


def test_a_round_is_that_of_all_devices_of_which_these_take_part() -> None:
    """Nothing is approximated: the same rounds where all K devices are there, with shares dealt one by one."""
    few, dense = federation(23, 5), federation(23, 5, dense=True)
    one, other = few.init(0), dense.init(0)
    for _ in range(4):
        one, metrics = few.step(one, 0, 10.0)
        other, same = dense.step(other, 0, 10.0)
        assert np.allclose(vector(one), vector(other), atol=1e-6)
        assert abs(float(metrics.train_loss - same.train_loss)) < 1e-5 and float(metrics.decoded) == 5
    assert np.ptp(vector(one) - vector(few.init(0))) > 0.01


def test_over_the_air_a_device_is_as_far_as_its_number_says() -> None:
    """With no noise to speak of and known gains the estimate is the sum; energies follow from distances by number."""
    late = TimingOffset(low=1.0, high=3.0, lasting=True, seen=True)
    air = Air(GRID, Awgn(), 5, impairments=(PathLoss(), ClockDrift(1.0, seen=True), late))
    on_air, ideal = federation(10**6, 5, air=air, uplink=Analog(Identity(), FullInversion())), federation(10**6, 5)
    state, metrics = on_air.step(on_air.init(0), 0, 120.0)
    wanted, _ = ideal.step(ideal.init(0), 0, 120.0)
    assert float(metrics.nmse) < 1e-6 and np.allclose(vector(state), vector(wanted), atol=1e-3)
    place = on_air.init(0).place.of(tf.constant(numbers_of(1, 10**6, 5)[0]))
    gains = np.abs(air.draw(place, keys.key(1), 0.0, 1).response()[0, 0, :, 0, 0]) ** 2
    nearest, farthest = gains.max(), gains.min()
    assert nearest / farthest > 1.5
    assert float(metrics.energy_max) <= 1 + 1e-5
    assert float(metrics.energy) < 5 / 10**6  # the mean over a million, of whom five send


def test_whoever_takes_part_does_so_once_and_is_met_again_as_often_as_said() -> None:
    """K 1,000, C 100, R 200: .9500. The distinct devices met have a known law: each is missed by itself."""
    for devices, senders, rounds, said in ((1000, 100, 200, 0.9500), (300, 20, 30, None)):
        met = numbers_of(rounds, devices, senders)
        assert met.shape == (rounds, senders) and met.min() >= 0 and met.max() < devices
        assert all(len(set(row)) == senders for row in met)
        missed = (1 - senders / devices) ** rounds
        predicted = 1 - devices * (1 - missed) / (senders * rounds)
        assert cohorts.met_before(devices, senders, rounds) == pytest.approx(predicted, rel=1e-12)
        assert said is None or round(predicted, 4) == said
        distinct = len(np.unique(met))
        spread = np.sqrt(devices * missed * (1 - missed))  # those missed push each other apart: this is an upper bound
        assert abs(1 - distinct / met.size - predicted) < 4.5 * max(spread, 1) / met.size


def test_few_of_very_many_are_hardly_met_again() -> None:
    """About (R - 1) C / (2 K), where a difference of nearly equal numbers has few digits left."""
    assert cohorts.met_before(10**12, 100, 11) == pytest.approx(10 * 100 / 2 / 10**12, rel=1e-6)
    assert cohorts.met_before(40, 40, 8) == 7 / 8 and cohorts.met_before(40, 3, 1) == pytest.approx(0, abs=1e-12)
    assert cohorts.variance(3.0, 1000, 100) == pytest.approx(3 * 0.009) and cohorts.variance(3.0, 7, 7) == 0
    with pytest.raises(ValueError, match="cohort: expected 1 to all 5 devices, received 6"):
        cohorts.variance(1.0, 5, 6)
    with pytest.raises(ValueError, match="rounds: expected at least 1"):
        cohorts.met_before(5, 2, 0)


def test_estimates_are_unbiased_with_the_variance_of_sampling() -> None:
    """Of one gradient step from the same weights, over seeds of the draw: S^2 (1/C - 1/K), each entry by itself."""
    devices, senders, draws = 40, 6, 600
    federate = federation(devices, senders, optimizer=lambda: keras.optimizers.SGD(1.0))
    everybody = federation(devices, devices, optimizer=lambda: keras.optimizers.SGD(1.0))
    start = federate.init(0)
    full = vector(start) - vector(everybody.step(start, 0, 0.0)[0])
    one = federation(devices, 1, dense=True, scheduler=None, optimizer=lambda: keras.optimizers.SGD(1.0))
    given = one.devices.batches(keys.key(0)), one.init(0).memory, keys.key(0)
    each = one.devices.updates_of(lambda _: start.weights, *given)(tf.range(devices))[0].numpy()  # [K, d]
    assert np.allclose(each.mean(0), full, atol=1e-5)
    steps = np.stack([vector(start) - vector(federate.step(start, seed, 0.0)[0]) for seed in range(draws)])
    predicted = cohorts.variance(1.0, devices, senders) * np.var(each, axis=0, ddof=1)
    assert np.all(np.abs(steps.mean(0) - full) < 4.5 * np.sqrt(predicted / draws))
    off = (steps - full) ** 2
    assert np.all(np.abs(off.mean(0) - predicted) < 4.5 * off.std(0) / np.sqrt(draws))


def test_a_round_costs_the_same_for_a_million_million() -> None:
    """No array has the number of devices in it, and building takes no longer."""
    begun = time.process_time()
    federate = federation(10**12, 20, air=Air(GRID, Tdl(), 20, impairments=(PathLoss(),)), uplink=Analog(Identity()))
    state, metrics = federate.step(federate.init(0), 0, 10.0)
    assert bool(metrics.finite) and time.process_time() - begun < 30
    assert all(np.size(part) < 100 for part in tf.nest.flatten(state))


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"uplink": Analog(Sparse(), feedback=1.0)}, r"uplink.feedback: expected 0 with a cohort.* set feedback = 0"),
        ({"uplink": Digital(feedback=0.5)}, "uplink.feedback: expected 0 with a cohort"),
        ({"uplink": Digital(momentum=0.5)}, "uplink.feedback: expected 0 with a cohort"),
        ({"uplink": Analog(budget="average")}, "uplink.budget: expected round with this scheduler"),
        ({"downlink": Broadcast(10.0)}, "downlink: expected ideal with a cohort.*received Broadcast"),
        ({"scheduler": Random(senders=5)}, "scheduler: expected a cohort of 5 senders.*received Random"),
        ({"scheduler": None}, "scheduler: expected a cohort of 5 senders.*received Coins"),
        ({"scheduler": Cohort(senders=4)}, "scheduler: expected a cohort of 5 senders"),
        ({"air": Air(GRID, Umi(), 5)}, "link.channel: expected .* by a number alone, received Umi"),
        ({"air": Air(GRID, Rayleigh(), 5, csit=Estimated()), "uplink": Digital()}, "uplink.margin_db: expected dec"),
        ({"air": Air(GRID, Rayleigh(), 5, csir=Estimated()), "uplink": Digital()}, "margin_db.* set margin_db = 0"),
    ],
)  # fmt: skip
def test_what_would_be_kept_of_a_device_is_refused(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        federation(10**6, 5, **fields)


def test_what_keeps_nothing_is_not() -> None:
    estimated = Air(GRID, Rayleigh(), 5, csit=Estimated(), csir=Estimated())
    federation(10**6, 5, air=estimated, uplink=Digital(margin_db=0.0))
    federation(10**6, 5, uplink=Digital())
    federation(10**6, 5, uplink=Analog(replace(Sparse()), feedback=0.0))
    with pytest.raises(ValueError, match="expected at most all 3 devices in a cohort, received 5"):
        federation(3, 5)
    with pytest.raises(ValueError, match="population: expected 1 to 1099511627776 devices, received 0"):
        Population(0, POOL)
