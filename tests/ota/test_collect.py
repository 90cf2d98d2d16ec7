"""collect: the same round whatever the chunk; updates are asked for as often as is said; what is received goes on."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Digital, Ideal, Identity, RandomLinear, Round, Terms, collect
from overair.phy import Air, Grid, MseOptimal, Rayleigh, keys

DEVICES, SIZE = 7, 24
GRID = Grid(subcarriers=32, symbols=4, prefix=8)
UPDATES = keys.normal(keys.key(0), [DEVICES, SIZE])
WEIGHTS = tf.constant([0.1, 0.2, 0.0, 0.2, 0.1, 0.2, 0.2])
PRESENT = [0, 1, 3, 4, 5, 6]


def collected(uplink: Any, chunk: int) -> tuple[Any, list[list[int]]]:
    """The outcome, and for which devices updates were asked."""
    air, asked = Air(GRID, Rayleigh(), DEVICES), []
    terms, place = Terms(air, SIZE, 100), air.init(keys.key(0, "place"))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, 10.0) if uplink.uses_air else None

    def updates_of(devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        asked.append(devices.numpy().tolist())
        return tf.gather(UPDATES, devices), tf.cast(devices, tf.float32) ** 2

    round, state = Round(terms, keys.key(2), WEIGHTS, link), uplink.init(terms, place)
    return collect(uplink, state, round, updates_of, tf.where(WEIGHTS > 0)[:, 0], chunk), asked


@pytest.mark.parametrize(
    "uplink",
    [Ideal(), Digital(), Analog(), Analog(Identity(), MseOptimal()), Analog(RandomLinear(2.0), feedback=0.5)],
    ids=["ideal", "digital", "analog", "joint", "feedback"],
)
def test_chunks_give_the_round_of_all_at_once_and_ask_twice_for_a_probe_only(uplink: Any) -> None:
    (whole, loss), once = collected(uplink, DEVICES)
    (parts, sum_of_parts), asked = collected(uplink, 4)
    probes = uplink.probes(Terms(Air(GRID, Rayleigh(), DEVICES), SIZE, 100))
    assert once == [PRESENT]
    assert asked == [PRESENT[:4], PRESENT[4:]] * (1 + probes)
    assert probes == (isinstance(uplink, Analog) and (uplink.rule == MseOptimal() or bool(uplink.feedback)))
    assert float(loss) == float(sum_of_parts) == sum(k**2 for k in PRESENT)
    np.testing.assert_allclose(parts.estimate, whole.estimate, atol=1e-5)
    for one, other in zip(parts.report, whole.report, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("uplink", [Analog(), Analog(RandomLinear(2.0)), Analog(Identity(), MseOptimal())], ids=str)
def test_what_was_received_decodes_to_the_estimate(uplink: Any) -> None:
    outcome = collected(uplink, DEVICES)[0][0]
    symbols, decode = outcome.received
    np.testing.assert_array_equal(decode(symbols, 0.0), outcome.estimate)
    assert symbols.shape == (SIZE // 2 if uplink.codec == Identity() else SIZE // 4,)


def test_an_uplink_that_decodes_devices_alone_hands_on_no_symbols() -> None:
    assert all(collected(uplink, DEVICES)[0][0].received is None for uplink in (Ideal(), Digital()))
