"""Rounds that are scheduled by time end when they should, and what cannot be scheduled is refused."""

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Fedavg, Federation, Metrics, Radio
from overair.learning.data import Arrays
from overair.learning.federated.effort import Effort
from overair.learning.federated.hardware.fixed import Fixed
from overair.learning.federated.hardware.shifted_exponential import ShiftedExponential
from overair.learning.federated.schedulers.buffered import Buffered
from overair.learning.federated.schedulers.deadline import Deadline
from overair.learning.federated.schedulers.deliverable_update import DeliverableUpdate
from overair.learning.federated.schedulers.joint import Joint
from overair.ota import Analog, Digital, Ideal
from overair.ota.rates.capacity import Capacity
from overair.phy import Air, Awgn, Estimated, Grid, Perfect, Rayleigh, keys

DEVICES, BITS = 5, 600.0
GRID = Grid(subcarriers=16, symbols=5, spacing=30e3, prefix=4)
ELEMENT = 20 / (16 * 30e3) / 16  # seconds
ALONE = BITS * ELEMENT / math.log2(11.0)  # on the whole band at 10 dB


def federation(scheduler: Any, hardware: Any, uplink: Any = None, payload: Any = BITS, **options: Any) -> Federation:
    rng = np.random.default_rng(0)
    x, y = rng.random((90, 16), np.float32), rng.integers(0, 3, 90).astype(np.int32)
    data, shares = Arrays(x[:60], y[:60], x[60:], y[60:], 3), np.split(np.arange(60), DEVICES)

    def model(seed: int) -> keras.Model:
        init = keras.initializers.GlorotUniform(seed=seed)
        return keras.Sequential([keras.layers.Input((16,)), keras.layers.Dense(3, kernel_initializer=init)])

    air = Air(GRID, options.pop("channel", Awgn()), DEVICES, csir=options.pop("csir", Perfect()))
    algorithm = Fedavg(steps=2)
    parts = (model, data, shares, algorithm, uplink or Digital(), air, 80, lambda: keras.optimizers.SGD(1.0))
    made = {"scheduler": scheduler, "hardware": hardware, "payload": payload, **options}
    return Federation(*parts, batch_size=3, **made)


def play(one: Federation, rounds: int = 4, seed: int = 4) -> list[Metrics]:
    state, told = one.init(seed), []
    for _ in range(rounds):
        state, metrics = one.step(state, seed, 10.0)
        told.append(metrics)
    return told


def test_devices_alike_send_one_after_another_until_the_deadline() -> None:
    """Six samples a round: ready after 6 t, and as many as fit then send in turn."""
    hardware, radio = Fixed(2 * ALONE, watts=3.0), Radio(power_dbm=30.0)
    for metrics in play(federation(Deadline(15.5 * ALONE), hardware, radio=radio), 2):
        assert metrics.decoded == 3 and math.isclose(metrics.seconds, 15 * ALONE, rel_tol=1e-4)
        assert math.isclose(metrics.airtime, 3 * ALONE, rel_tol=1e-4)
        assert math.isclose(metrics.compute_joules, 3 * 3 * 12 * ALONE, rel_tol=1e-5)
        assert math.isclose(metrics.radio_joules, 3 * ALONE, rel_tol=1e-4)  # of a watt while they send


def test_no_round_ends_after_its_deadline() -> None:
    hardware = ShiftedExponential(2 * ALONE, 8 * ALONE)
    told = play(federation(Deadline(30 * ALONE), hardware, channel=Rayleigh()), 12)
    seconds, decoded = (np.array([float(getattr(each, name)) for each in told]) for name in ("seconds", "decoded"))
    assert np.all(seconds <= 30 * ALONE * (1 + 1e-5)) and len({*decoded}) > 1
    np.testing.assert_allclose(seconds[decoded == 0], 30 * ALONE)


def test_a_deadline_is_checked_by_what_devices_manage() -> None:
    """Of two steps of three samples, 0.1 s each, half."""
    scheduler, hardware = Deadline(0.5), Fixed(0.1)
    for effort in (Effort(paces=(1.0, 0.5)), Effort(stragglers=0.1)):
        federation(scheduler, hardware, effort=effort)
    with pytest.raises(ValueError, match=r"^scheduler.seconds: expected more than 0\.6 s"):
        federation(scheduler, hardware, effort=Effort(paces=(1.0, 0.6)))


def test_who_is_lost_has_been_waited_for() -> None:
    """Until it has computed; and where all that a deadline let in are lost, until that."""
    hardware, effort = Fixed(2 * ALONE, slowdown=6.0), Effort(dropout=0.5)
    slowest = float(tf.reduce_max(hardware.draw(*key_and_samples())[0]))
    told = play(federation(None, hardware, effort=effort), 6)
    assert min(int(each.decoded) for each in told) < DEVICES
    assert all(each.seconds >= slowest * (1 - 1e-6) for each in told)
    told = play(federation(Deadline(15.5 * ALONE), Fixed(2 * ALONE), effort=Effort(dropout=0.7)), 6)
    for each in told:
        expected = 12 + int(each.decoded) if each.decoded else 15.5
        assert math.isclose(each.seconds, expected * ALONE, rel_tol=1e-4)
    assert {0} < {int(each.decoded) for each in told}


def test_all_that_join_end_together() -> None:
    """Devices alike get the band in equal parts, and the round is their common end."""
    for metrics in play(federation(Joint(1e6), Fixed(2 * ALONE)), 2):
        sending = BITS * ELEMENT / (0.2 * math.log2(1 + 10 / 0.2))
        assert metrics.decoded == DEVICES and math.isclose(metrics.seconds, 12 * ALONE + sending, rel_tol=1e-4)
    (alone,) = play(federation(Joint(0.0), Fixed(2 * ALONE)), 1)
    assert alone.decoded == 1 and math.isclose(alone.seconds, 13 * ALONE, rel_tol=1e-4)


def test_update_aware_rounds_wait_for_all_before_anybody_sends() -> None:
    hardware = Fixed(2 * ALONE, slowdown=6.0)
    (metrics,) = play(federation(DeliverableUpdate(2), hardware), 1)
    slowest = float(tf.reduce_max(hardware.draw(*key_and_samples())[0]))
    sending = BITS * ELEMENT / (0.5 * math.log2(1 + 10 / 0.5))
    assert metrics.decoded == 2 and math.isclose(metrics.seconds, slowest + sending, rel_tol=1e-4)
    assert metrics.free_bits >= 32 * DEVICES


def key_and_samples() -> tuple[Any, Any, Any]:
    return keys.key(4, "hardware", 0), tf.fill([DEVICES], 6.0), keys.key(4, "hardware")


@pytest.mark.parametrize(
    ("scheduler", "options", "line"),
    [
        (Deadline(), {"hardware": None}, "scheduler: expected hardware with a scheduler that looks at times"),
        (Deadline(0.5), {"hardware": Fixed(0.1)}, r"scheduler.seconds: expected more than 0\.6 s, which a round of "),
        (Joint(), {"payload": None}, "scheduler: expected grant.bits with joint"),
        (DeliverableUpdate(2), {"uplink": Ideal()}, "scheduler: expected a digital uplink with deliverable_update"),
        (Deadline(), {"uplink": Digital(rate=Capacity(0.1))}, "uplink: expected rate = capacity without target_bler"),
        (
            Joint(),
            {"uplink": Digital(margin_db=3.0)},
            "uplink: expected rate = .* received capacity and margin_db = 3.0",
        ),
        (Buffered(), {"csir": Estimated()}, "uplink: expected rate = .* with buffered .* margin_db = adaptive"),
        (None, {"uplink": Analog()}, "grant.bits: expected none with an analog uplink"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(scheduler: Any, options: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError, match=f"^{line}"):
        federation(scheduler, **{"hardware": Fixed(1e-3), **options})
