"""Clocks of cohorts: how fast a device is follows from its number, and a round lasts as long as its slowest."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from overair.learning import Hardware
from overair.learning.federated.clock import Clock
from overair.learning.federated.hardware.cpu import Cpu
from overair.learning.federated.hardware.fixed import Fixed
from overair.learning.federated.hardware.shifted_exponential import ShiftedExponential
from overair.learning.federated.hardware.trace import Trace
from overair.learning.federated.radio import Radio
from tests.learning.federated.test_cohorts import federation, numbers_of

SAMPLES = 6


def seconds(hardware: Hardware, numbers: np.ndarray, round: int = 0) -> np.ndarray:
    clock = Clock(hardware, Radio(), tf.fill([len(numbers)], float(SAMPLES)))
    work = clock.work(tf.constant(3, tf.int64), tf.constant(round), None, tf.constant(numbers, tf.int64))
    return np.asarray(work.seconds)


@pytest.mark.parametrize("hardware", [Fixed(0.1, slowdown=5.0), Cpu(frequency=1e9, slowest=2e8)], ids=str)
def test_a_device_is_as_fast_wherever_and_whenever_it_is_met(hardware: Hardware) -> None:
    numbers = np.array([7, 10**6, 3, 10**11, 12])
    one, other = seconds(hardware, numbers), seconds(hardware, numbers[::-1], round=5)
    np.testing.assert_array_equal(one, other[::-1])
    assert len(set(one)) == len(numbers)


def test_of_many_devices_speeds_are_spread_as_said() -> None:
    slow = seconds(Fixed(1.0, slowdown=5.0), np.arange(10**6, 10**6 + 4000)) / SAMPLES
    assert scipy.stats.kstest(slow, scipy.stats.uniform(1, 4).cdf).pvalue > 1e-3
    clock = Cpu(cycles=1e9, frequency=4e9, slowest=1e9)
    hertz = 1e9 * SAMPLES / seconds(clock, np.arange(4000))
    assert scipy.stats.kstest(hertz, scipy.stats.uniform(1e9, 3e9).cdf).pvalue > 1e-3


def test_what_is_random_of_a_round_is_new_in_each() -> None:
    numbers = np.array([5, 5 + 10**9, 8])
    slow = seconds(Fixed(1.0, slowdown=5.0), numbers)
    for round in range(2):
        assert np.all(seconds(ShiftedExponential(shift=1.0, mean=0.5, slowdown=5.0), numbers, round) > slow)
    assert not np.any(
        seconds(ShiftedExponential(mean=0.5), numbers) == seconds(ShiftedExponential(mean=0.5), numbers, 1)
    )


def test_traces_begin_again_by_a_devices_number(tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_text("device,seconds\n0,1\n1,2\n2,4\n")
    found = seconds(Trace(str(tmp_path / "times.csv")), np.array([10**12, 5, 1, 3]))
    np.testing.assert_allclose(found, SAMPLES * np.array([1, 2, 4])[np.array([10**12, 5, 1, 3]) % 3])


def test_a_round_lasts_as_long_as_the_slowest_of_its_cohort_computes() -> None:
    hardware = Fixed(0.1, watts=3.0, slowdown=5.0)
    made = federation(10**6, 5, hardware=hardware)
    state, numbers = made.init(0), numbers_of(2, 10**6, 5)
    for round in range(2):
        state, metrics = made.step(state, 0, 10.0)
        clock = Clock(hardware, Radio(), tf.fill([5], float(SAMPLES)))
        each = clock.work(tf.constant(0, tf.int64), tf.constant(round), None, tf.constant(numbers[round])).seconds
        assert float(metrics.seconds) == pytest.approx(float(tf.reduce_max(each)), rel=1e-6)
        assert float(metrics.compute_joules) == pytest.approx(3.0 * float(tf.reduce_sum(each)), rel=1e-6)
        assert 0.1 * SAMPLES <= float(tf.reduce_min(each)) and float(tf.reduce_max(each)) <= 0.5 * SAMPLES
