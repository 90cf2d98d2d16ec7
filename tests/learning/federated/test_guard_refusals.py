"""What a guarantee does not hold for is refused, and the norm that is advised is enough, and hardly more."""

import re
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Device, SignFlip
from overair.learning.federated.guard import Guard
from overair.ota import Analog, Identity, OneBit, Terms
from overair.ota.uplinks._counting import reported
from overair.phy import Air, Awgn, ExpectedNorm, Grid, TruncatedInversion

GRID, ELEMENTS = Grid(subcarriers=8, symbols=2), 16
SHARES = np.array([0.41, 0.19, 0.3, 0.1])


def guard(rule: Any, clip: float = 1.0, participation: float = 1.0, **air: Any) -> Guard:
    terms = Terms(Air(GRID, Awgn(), len(SHARES), **air), 21, ELEMENTS, participation)
    return Guard(Device(clip=clip), Analog(Identity(), rule), terms)


@pytest.mark.parametrize(
    ("clip", "participation", "margin", "offsets"),
    [(1.0, 1.0, 1.0, ()), (0.37, 0.6, 0.5, ()), (3.3, 1.0, 7.0, (0.0, -12.0, 3.0)), (1.7, 0.2, 0.3, (-3.0,))],
)
def test_the_norm_that_is_advised_lets_all_arrive_at_the_level(
    clip: float, participation: float, margin: float, offsets: tuple[float, ...]
) -> None:
    """Also the longest update of each device over the deepest gain that it sends on, within its own budget."""

    def of(norm: float) -> Guard:
        return guard(ExpectedNorm(0.2, margin, norm), clip, participation, power_offsets_db=offsets)

    with pytest.raises(ValueError, match=r"uplink.rule.norm: expected at least") as caught:
        of(1e-9).check(False, False, SHARES)
    [advice] = re.findall(r"set uplink.rule.norm = (\S+)$", str(caught.value))
    one = of(float(advice))
    one.check(False, False, SHARES)
    one.check(False, False, tf.constant(SHARES, tf.float32))
    with pytest.raises(ValueError, match=r"uplink.rule.norm: expected at least"):
        of(float(advice) * 0.998).check(False, False, SHARES)
    budgets = 10 ** (np.resize(offsets or (0.0,), len(SHARES)) / 10)
    level = float(one.uplink.rule.level(tf.ones(4), tf.constant(budgets, tf.float32), None, tf.zeros([])).scale)
    spent = (SHARES / participation * clip) ** 2 / ELEMENTS * level**2 / 0.2
    assert 0.998 < np.max(spent / budgets) <= 1 + 1e-6


def test_attackers_whose_forgeries_no_clip_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="attackers: expected none under a protection, as what they forge no clip"):
        guard(ExpectedNorm(norm=1.0)).check(False, False, SHARES, None, SignFlip())


def test_elements_that_leak_into_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="air.domain: expected frequency under a protection"):
        guard(ExpectedNorm(norm=1.0), domain="time")


def test_nothing_is_reported_for_a_level_that_is_agreed_on_beforehand() -> None:
    assert reported(ExpectedNorm(norm=1.0), Identity()) == 0
    assert reported(ExpectedNorm(), Identity()) == reported(TruncatedInversion(), OneBit()) == 32
