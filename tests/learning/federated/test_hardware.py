"""Seconds and joules of computing are what laws and files say, and files with holes are refused by their line."""

import math
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning.costs import Costs, flops, radiated
from overair.learning.federated.hardware import Work
from overair.learning.federated.hardware.cpu import Cpu
from overair.learning.federated.hardware.fixed import Fixed
from overair.learning.federated.hardware.shifted_exponential import ShiftedExponential
from overair.learning.federated.hardware.trace import MOST_BYTES, Trace
from overair.learning.federated.planning.stragglers import fastest
from overair.phy import Grid, keys

KEY, PLACE = keys.key(0, "round"), keys.key(0, "place")


def once(work: Work) -> tuple[np.ndarray, np.ndarray]:
    return work.seconds.numpy(), work.joules.numpy()


def test_cycles_over_a_clock() -> None:
    seconds, joules = once(Cpu(cycles=20 * 6_272, frequency=1e9, kappa=1e-28).draw(KEY, tf.constant([500, 0]), PLACE))
    assert np.allclose(seconds, [0.062720, 0]) and np.allclose(joules, [6.272e-3, 0])
    seconds, joules = once(Cpu(cycles=3e6, frequency=2.5e9, kappa=4e-27).draw(KEY, tf.constant([40.0]), PLACE))
    assert np.allclose(seconds, 3e6 * 40 / 2.5e9) and np.allclose(joules, 4e-27 * 3e6 * 40 * 2.5e9**2)


def test_what_an_antenna_radiates_on_the_air() -> None:
    grid = Grid(64, 14, 15e3, prefix=16)
    airtime = 5 * grid.slot_seconds
    assert math.isclose(airtime, 5.8333e-3, rel_tol=1e-5)
    assert math.isclose(radiated(23.0, airtime, 1.0), 1.1639e-3, rel_tol=1e-4)
    assert np.allclose(radiated(30.0, 2.0, np.array([0.0, 0.5])), [0, 1])


def test_clocks_are_uniform_and_last() -> None:
    cpu, samples = Cpu(cycles=1e6, frequency=2e9, slowest=1e9, kappa=1e-27), tf.ones([20_000])
    seconds, joules = once(cpu.draw(KEY, samples, PLACE))
    clocks = 1e6 / seconds
    assert clocks.min() >= 0.9999e9 and clocks.max() <= 2.0001e9
    assert abs(clocks.mean() - 1.5e9) < 4.5 * 1e9 / math.sqrt(12 * 20_000)
    assert np.allclose(joules, 1e-27 * 1e6 * clocks**2, rtol=1e-5)
    again = once(cpu.draw(keys.key(0, "another round"), samples, PLACE))
    assert np.array_equal(again[0], seconds)


def test_stragglers_follow_their_law() -> None:
    law, rounds, devices = ShiftedExponential(shift=0.5, mean=0.2, watts=3.0), 4_000, 20

    @tf.function(autograph=False)
    def draw(round: tf.Tensor) -> tf.Tensor:
        return tf.stack(law.draw(keys.fold(KEY, round), tf.ones([devices]), PLACE))

    seconds, joules = np.moveaxis(tf.map_fn(draw, tf.range(rounds), fn_output_signature=tf.float32).numpy(), 1, 0)
    assert seconds.min() >= 0.5 and np.allclose(joules, 3 * seconds)
    ordered = np.sort(seconds, axis=1)
    for done in (1, 16, 20):
        error = ordered[:, done - 1].std() / rounds**0.5
        assert abs(ordered[:, done - 1].mean() - fastest(done, devices, 0.5, 0.2)) < 4.5 * error
    assert abs(np.corrcoef(seconds[:-1, 0], seconds[1:, 0])[0, 1]) < 4.5 / rounds**0.5


@pytest.mark.parametrize("hardware", [Fixed(1e-3, 2.0, 10.0), ShiftedExponential(1e-3, 0.0, 2.0, 10.0)], ids=str)
def test_slow_devices_stay_slow(hardware: Fixed | ShiftedExponential) -> None:
    samples = tf.range(10_000)
    seconds, joules = once(hardware.draw(KEY, samples, PLACE))
    factor = seconds[1:] / (1e-3 * samples.numpy()[1:])
    assert factor.min() >= 0.999 and factor.max() <= 10.001
    assert abs(factor.mean() - 5.5) < 4.5 * 9 / math.sqrt(12 * 10_000) and np.allclose(joules, 2 * seconds)
    assert np.array_equal(once(hardware.draw(keys.key(9), samples, PLACE))[0], seconds)
    assert not np.array_equal(once(hardware.draw(KEY, samples, keys.key(8)))[0], seconds)


def test_training_takes_three_times_an_answer() -> None:
    model = keras.Sequential([keras.Input([5]), keras.layers.Dense(7), keras.layers.Dense(3)])
    costs = Costs(device_flops=1e6, compute_watts=1.5)
    assert flops(model) == 2 * (5 * 7 + 7 * 3) and math.isclose(costs.training(model), 3 * 112 / 1e6)
    hardware = Fixed.of(model, costs)
    assert hardware == Fixed(3 * 112 / 1e6, 1.5)
    seconds, joules = once(hardware.draw(KEY, tf.constant([100, 50]), PLACE))
    assert np.allclose(seconds, [0.0336, 0.0168]) and np.allclose(joules, 1.5 * seconds)


# --- Traces


def written(folder: Path, text: str | bytes) -> str:
    file = folder / "trace.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(file)


MEASURED = "device,seconds,joules\n1,0.5,3\n0,0.1,1\n0,0.2,2\n0,0.3,4\n2,0.7,5\n"


def test_a_device_takes_its_own_measurements_at_random(tmp_path: Path) -> None:
    trace, rounds = Trace(written(tmp_path, MEASURED)), 3_000
    samples = tf.constant([1, 2, 1, 1, 10], tf.int32)  # the fourth device is as the first, the fifth as the second

    @tf.function(autograph=False)
    def draw(round: tf.Tensor) -> tf.Tensor:
        return tf.stack(trace.draw(keys.fold(KEY, round), samples, PLACE))

    seconds, joules = np.moveaxis(tf.map_fn(draw, tf.range(rounds), fn_output_signature=tf.float32).numpy(), 1, 0)
    assert np.allclose(seconds[:, [1, 2, 4]], [1.0, 0.7, 5.0]) and np.allclose(joules[:, [1, 2, 4]], [6, 5, 30])
    for device in (0, 3):
        found, counts = np.unique(seconds[:, device].round(6), return_counts=True)
        assert np.allclose(found, [0.1, 0.2, 0.3])
        assert np.all(np.abs(counts / rounds - 1 / 3) < 4.5 * (2 / 9 / rounds) ** 0.5)
        assert np.allclose(joules[:, device], np.interp(seconds[:, device], [0.1, 0.2, 0.3], [1, 2, 4]), atol=1e-5)
    assert not np.array_equal(seconds[:, 0], seconds[:, 3])


def test_without_joules_power_counts(tmp_path: Path) -> None:
    trace = Trace(written(tmp_path, "﻿device, seconds\r\n0, 0.25\r\n"), watts=4.0)
    seconds, joules = once(trace.draw(KEY, tf.constant([2, 3]), PLACE))
    assert np.allclose(seconds, [0.5, 0.75]) and np.allclose(joules, [2, 3])


def test_a_trace_is_its_content(tmp_path: Path) -> None:
    path = written(tmp_path, MEASURED)
    first, same = Trace(path), Trace(path)
    assert first == same and hash(first) == hash(same)
    written(tmp_path, MEASURED.replace("0.7", "0.8"))
    assert Trace(path) != first and Trace(path, watts=1.0) != Trace(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a first line device,seconds or device,seconds,joules, received ''"),
        ("seconds,device\n0,1\n", "a first line .*, received 'seconds,device'"),
        ("device,seconds\n", "at least one line of numbers below the first, received none"),
        ("device,seconds\n0,1\n2,1\n", "rows of every device from 0 to 2, received none of device 1"),
        ("device,seconds\n0,1\n0,\n", "seconds from 0 to 1e[+]06 in line 3, received ''"),
        ("device,seconds\n0,1\n0,-2\n", "seconds from 0 to 1e[+]06 in line 3, received '-2'"),
        ("device,seconds\n0,nan\n", "seconds .* in line 2, received 'nan'"),
        ("device,seconds\n0,inf\n", "seconds .* in line 2, received 'inf'"),
        ("device,seconds\n0.5,1\n", "the number of a device from 0 on in line 2, received '0.5'"),
        ("device,seconds\n1e9,1\n", "device from 0 to 1e[+]06 in line 2, received '1e9'"),
        ("device,seconds,joules\n0,1,1\n0,1\n", "3 numbers in line 3, device, seconds, joules, received 2"),
        ("device,seconds\n0,1\n\n0,1\n", "2 numbers in line 3, device, seconds, received 0"),
        (b"device,seconds\n0,\xff\n", "text in lines of numbers with commas between them, received .*utf-8"),
        (b"PK\x03\x04\x00\x00", "a first line device,seconds"),
        ('device,seconds\n0,"1\n', "text in lines of numbers"),
    ],
)
def test_holes_and_bad_rows_are_named(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(ValueError, match=rf"trace.path: expected {told}") as caught:
        Trace(written(tmp_path, text))
    assert len([line for line in str(caught.value).splitlines() if "trace.path" in line]) == 1


def test_files_that_are_none_or_too_large_are_refused(tmp_path: Path) -> None:
    for path in (str(tmp_path), str(tmp_path / "none.csv"), "a\0b", "x" * 5000):
        with pytest.raises(ValueError, match=r"trace.path: expected a .csv file of measurements, received .* is none"):
            Trace(path)
    with pytest.raises(
        ValueError, match=rf"trace.path: expected a file of at most {MOST_BYTES} bytes, received a larger"
    ):
        Trace(written(tmp_path, b"0" * (MOST_BYTES + 1)))


def test_a_slowest_clock_above_the_fastest_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cpu.slowest: expected at most the frequency, 1e\+09 Hz, received 2e\+09"):
        Cpu(slowest=2e9)
