"""Rules over the air that count what estimates lack: less error than those that trust, under every kind of CSI."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Identity, Terms
from overair.ota.sums import Sums, normal_vectors
from overair.phy import (
    Air,
    Csi,
    Delayed,
    ErrorVariance,
    Estimated,
    Grid,
    MseOptimal,
    MseRobust,
    PowerRule,
    QuantizedFeedback,
    Rayleigh,
    Tdl,
)

GRID = Grid(subcarriers=16, symbols=4, prefix=8)


def played(rule: PowerRule, air: Air, elements: int, snr_db: float, rounds: int) -> Any:
    terms = Terms(air, 2 * elements, elements)
    sums, seed = (
        Sums(Analog(Identity(), rule), terms, normal_vectors(air.devices, terms.size), True),
        tf.constant(0, tf.int64),
    )
    return sums.rounds(sums.init(seed), seed, tf.constant(snr_db), tf.constant(0), tf.constant(rounds))


@pytest.mark.parametrize("e", [0.05, 0.2])
def test_at_20_db_less_error_is_left_than_by_trusting_the_belief(e: float) -> None:
    """Paired over the same links and noise; by the formula it is 1.2 dB at e = 0.05 and 3 dB at e = 0.2."""
    air = Air(GRID, Rayleigh(), 10, csit=ErrorVariance(e), csir=ErrorVariance(e))
    trusting, aware = (played(rule, air, 16, 20.0, 250).nmse.numpy() for rule in (MseOptimal(), MseRobust()))
    spread = (trusting - aware).std() / 250**0.5
    assert (trusting - aware).mean() > 4 * spread
    assert 10 * np.log10(trusting.mean() / aware.mean()) > (0.6 if e == 0.05 else 1.8)


@pytest.mark.parametrize(
    "csi",
    [Delayed(1), Estimated("linear", 4), QuantizedFeedback(2, 2), ErrorVariance(0.1)],
    ids=lambda csi: type(csi).__name__,
)
def test_every_kind_of_csi_says_what_the_rule_needs(csi: Csi) -> None:
    """Where the channel moves, over two slots of which the last symbol is not full, with budgets that hold."""
    air = Air(GRID, Tdl("A", 1e-7, 60.0), 4, 2, csit=csi, csir=csi)
    reports = played(MseRobust(), air, 100, 15.0, 6)
    assert np.all(np.isfinite(reports.nmse)) and np.all(reports.energy_max <= 1 + 1e-5)
    assert reports.nmse.numpy().mean() < 1


def test_where_nothing_is_unknown_the_two_are_one() -> None:
    air = Air(GRID, Tdl("A", 1e-7), 6)
    one, other = (played(rule, air, 100, 10.0, 5).nmse for rule in (MseOptimal(), MseRobust()))
    np.testing.assert_allclose(one, other, rtol=1e-4)
