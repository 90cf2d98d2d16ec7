"""A round's seconds and joules are those of its slowest device, its slots and its measured energies."""

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Fedavg, Federation, LargestUpdate, Metrics, Plan, Radio, Random, Sgd, State
from overair.learning.data import Arrays
from overair.learning.federated.clock import Clock
from overair.learning.federated.effort import Effort
from overair.learning.federated.hardware.cpu import Cpu
from overair.learning.federated.hardware.fixed import Fixed
from overair.learning.federated.hardware.shifted_exponential import ShiftedExponential
from overair.ota import Analog, Digital, Ideal, Report, Terms
from overair.phy import Air, Estimated, Grid, Perfect, Rayleigh, keys

DEVICES, SIZES = 6, [3, 7, 10, 14, 6, 20]
GRID = Grid(subcarriers=16, symbols=2, spacing=30e3, prefix=4)
SYMBOL = 20 / (16 * 30e3)  # seconds
CPU = Cpu(cycles=3e5, frequency=2e9, slowest=1e9, kappa=2e-28)


def federation(hardware: Any = None, uplink: Any = None, batch_size: int | None = None, **options: Any) -> Federation:
    rng = np.random.default_rng(0)
    x, y = rng.random((90, 16), np.float32), rng.integers(0, 3, 90).astype(np.int32)
    data, shares = Arrays(x[:60], y[:60], x[60:], y[60:], 3), np.split(np.arange(60), np.cumsum(SIZES)[:-1])

    def model(seed: int) -> keras.Model:
        init = keras.initializers.GlorotUniform(seed=seed)
        return keras.Sequential([keras.layers.Input((16,)), keras.layers.Dense(3, kernel_initializer=init)])

    air = Air(GRID, Rayleigh(), DEVICES, csir=options.pop("csir", Perfect()))
    algorithm = options.pop("algorithm", Sgd())
    parts = (
        model,
        data,
        shares,
        algorithm,
        uplink or Ideal(),
        air,
        options.pop("elements", 60),
        lambda: keras.optimizers.SGD(0.5),
    )
    return Federation(*parts, batch_size=batch_size, hardware=hardware, **options)


def play(one: Federation, rounds: int = 3, seed: int = 4) -> tuple[State, list[Metrics]]:
    state, told = one.init(seed), []
    for _ in range(rounds):
        state, metrics = one.step(state, seed, 10.0)
        told.append(metrics)
    return state, told


def clocks(seed: int) -> np.ndarray:
    """Of processors, in Hz, as their hardware draws them."""
    place = keys.fold(keys.key(seed, "hardware"), "clock")
    return keys.uniform(place, [DEVICES], 1e9, 2e9).numpy().astype(float)


@pytest.mark.parametrize("batch_size", [None, 5])
def test_a_round_waits_for_the_slowest_and_its_slots(batch_size: int | None) -> None:
    samples = np.array(SIZES if batch_size is None else [5] * DEVICES)
    radio = Radio(power_dbm=20.0, circuit_watts=0.3)
    state, told = play(federation(CPU, Digital(), batch_size, radio=radio))
    seconds = (3e5 * samples / clocks(4)).max() + 2 * 2 * SYMBOL  # of two slots for 60 elements
    joules = (2e-28 * 3e5 * samples * clocks(4) ** 2).sum()
    for at, metrics in enumerate(told, 1):
        assert math.isclose(metrics.seconds, seconds, rel_tol=1e-6)
        assert math.isclose(metrics.elapsed, at * seconds, rel_tol=1e-6)
        assert math.isclose(metrics.compute_joules, joules, rel_tol=1e-6)
        sending = (1 - float(metrics.silent)) * DEVICES  # of digital devices, which have P each
        assert math.isclose(metrics.energy, sending / DEVICES, rel_tol=1e-6)
        assert math.isclose(metrics.radio_joules, 60 / 16 * SYMBOL * (0.1 + 0.3) * sending, rel_tol=1e-6)
    assert state.clock == told[-1].elapsed


def test_who_manages_a_part_is_waited_for_less() -> None:
    some = Effort(paces=(0.25, 0.5))
    (metrics,) = play(federation(CPU, batch_size=5, algorithm=Fedavg(steps=4), effort=some), 1)[1]
    samples = np.resize([5, 10], DEVICES)
    assert math.isclose(metrics.seconds, (3e5 * samples / clocks(4)).max(), rel_tol=1e-6)
    assert math.isclose(metrics.compute_joules, (2e-28 * 3e5 * samples * clocks(4) ** 2).sum(), rel_tol=1e-6)


def test_only_those_that_compute_are_waited_for_and_pay() -> None:
    alone, everybody = Random(senders=1), LargestUpdate(senders=1)
    hardware = Fixed(seconds=1e-2, watts=3.0)  # so that a round says who took part
    each = np.array(SIZES) * 1e-2
    for metrics in play(federation(hardware, scheduler=alone), 4)[1]:
        assert np.isclose(each, float(metrics.seconds), rtol=1e-6).any()
        assert math.isclose(metrics.compute_joules, 3 * float(metrics.seconds), rel_tol=1e-6)
    for metrics in play(federation(hardware, scheduler=everybody), 2)[1]:
        assert math.isclose(metrics.seconds, each.max(), rel_tol=1e-6)
        assert math.isclose(metrics.compute_joules, 3 * each.sum(), rel_tol=1e-6)


@pytest.mark.parametrize("uplink", [Ideal(), Analog()], ids=["ideal", "analog"])
def test_a_clock_moves_nothing(uplink: Any) -> None:
    bare, (*_, without) = play(federation(None, uplink))
    timed, (*_, told) = play(federation(CPU, uplink))
    assert bare.clock == () and math.isnan(without.seconds) and math.isnan(without.elapsed)
    assert math.isnan(told.radio_joules)  # without a power
    for one, other in zip(tf.nest.flatten(bare), tf.nest.flatten(timed._replace(clock=())), strict=True):
        assert np.array_equal(one, other)


def report(airtime: float, energy: list[float]) -> Report:
    zero = tf.zeros([])
    return Report(zero, zero, tf.constant(energy), tf.ones([len(energy)], tf.bool), zero, zero, zero,
                  tf.constant(airtime), zero, zero, zero, zero)  # fmt: skip


def test_the_radio_of_five_slots_at_full_power() -> None:
    grid = Grid(64, 14, 15e3, prefix=16)
    terms = Terms(Air(grid, Rayleigh(), 1), 10, 5 * grid.elements)
    clock = Clock(Fixed(0.0), Radio(power_dbm=23.0), tf.ones([1]))
    plan = Plan(tf.ones([1]), tf.ones([1], tf.bool))
    work, told = clock.work(tf.constant(0), tf.constant(0)), report(terms.airtime, [1.0])
    spent = clock.spent(work, plan, told, terms, 0.25, together=True)
    assert math.isclose(spent.seconds, 5.8333e-3 + 0.25, rel_tol=1e-5)
    assert math.isclose(spent.radio_joules, 1.1639e-3, rel_tol=1e-4)


def test_circuits_run_while_a_device_sends_or_sounds() -> None:
    """Two of six take part; all sound. Groups of one take half of the grant each, in whole slots."""
    radio, watts = Radio(power_dbm=0.0, circuit_watts=300.0), 1e-3
    for uplink, groups, csir in ((Digital(), 1, Estimated()), (Analog(groups=2), 2, Perfect())):
        one = federation(CPU, uplink, scheduler=Random(senders=2), radio=radio, csir=csir, elements=90)
        (metrics,), element, pilots = play(one, 1)[1], SYMBOL / 16, one.terms.air.pilots
        data = 90 if groups == 1 else 32  # three slots of 32
        assert (pilots > 0) == (groups == 1) and metrics.silent == 0
        drawn = 300 * element * (2 * data + DEVICES * pilots)
        radiates = watts * element * float(metrics.energy) * DEVICES * (data * groups + pilots)
        assert math.isclose(metrics.radio_joules, drawn + radiates, rel_tol=1e-6)


def test_rounds_of_stragglers_take_harmonic_times() -> None:
    """Of K shifted exponential times the longest is a + b H_K on average."""
    devices, rounds, a, b = 8, 1000, 0.3, 0.4
    clock = Clock(ShiftedExponential(a, b), Radio(), tf.ones([devices]))
    plan = Plan(tf.ones([devices]) / devices, tf.ones([devices], tf.bool))
    terms = Terms(Air(GRID, Rayleigh(), devices), 10, 16)

    @tf.function(autograph=False)
    def seconds(round: tf.Tensor) -> tf.Tensor:
        work = clock.work(tf.constant(3), round)
        return clock.spent(work, plan, report(0.1, [0.0] * devices), terms, 0.0, together=True).seconds

    drawn = tf.map_fn(seconds, tf.range(rounds), fn_output_signature=tf.float64).numpy()
    expected = a + b * sum(1 / n for n in range(1, devices + 1)) + 0.1
    assert abs(drawn.mean() - expected) < 4.5 * drawn.std() / rounds**0.5
