"""What compressors know of the round before, and what devices keep of what did not arrive."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Digital, Round, Terms, apply
from overair.ota.compressors import ALONE, Known
from overair.phy import Air, Awgn, Grid, keys
from overair.phy.keys import Key
from tests.ota.shrunk import Shrunk

GRID = Grid(subcarriers=32, symbols=4, prefix=8)


@dataclass(frozen=True)
class Telling:
    """Decodes the last estimate, plus the entries of the first layer, plus the number of rounds."""

    unbiased: ClassVar[bool] = False

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        known = known.filled(update.shape[-1])
        assert known.past is not None
        told = known.past.estimate + float(np.prod(known.layers[0])) + tf.cast(known.past.rounds, tf.float32)
        return told, tf.constant(10.0)


def rounds(uplink: Digital, terms: Terms, update: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The estimates [R, d] of one device with the same update round after round, and what is owed [1, d] or [0, d]."""
    air, estimates = terms.air, []
    state = uplink.init(terms, air.init(keys.key(0)))

    @tf.function(autograph=False)
    def one(state: Any, index: tf.Tensor) -> tuple[tf.Tensor, Any]:
        link = air.draw(air.init(keys.key(0)), keys.key(1, index), 0.0, terms.slots, 20.0)
        round = Round(terms, keys.key(2, index), tf.ones([1]), link)
        return apply(uplink, state, round, tf.constant(update[None], tf.float32))[:2]

    for index in tf.range(count):
        estimate, state = one(state, index)
        estimates.append(estimate.numpy())
    return np.array(estimates), state.owed.numpy()


@pytest.mark.parametrize(("left_out", "weight"), [(1 - 2 / np.pi, 0.7), (0.5, 0.3), (0.2, 1.0)])
def test_owed_and_decayed_memories_have_fixed_points_of_their_own(left_out: float, weight: float) -> None:
    """With z = g + b r and a left out: r = a g/(b (1-a)) and g arrives; or a g/(1 - a b) and (1-a) g/(1 - a b)."""
    update = np.array([1.0, -2.0, 0.5])
    terms = Terms(Air(GRID, Awgn(), 1), 3, 30)
    a, b = left_out, weight
    settled = {"owed": (a / (b * (1 - a)), 1.0), "decayed": (a / (1 - a * b), (1 - a) / (1 - a * b))}
    for memory, (owed, arrived) in settled.items():
        uplink = Digital(Shrunk(1 - a), feedback=b, memory=memory)  # type: ignore[arg-type]
        estimates, left = rounds(uplink, terms, update, 60)
        np.testing.assert_allclose(left[0], owed * update, rtol=1e-4)
        np.testing.assert_allclose(estimates[-1], arrived * update, rtol=1e-4)


def test_what_the_slides_and_the_thesis_have_at_one_point() -> None:
    """One bit of a Gaussian leaves out 1 - 2/pi; at a weight of .7 the laws settle at .487344 and .815423."""
    a, b, terms = 1 - 2 / np.pi, 0.7, Terms(Air(GRID, Awgn(), 1), 1, 30)
    for memory, owed, arrived in (("decayed", 0.487344, 0.853797), ("owed", 0.815423, 1.0)):
        uplink = Digital(Shrunk(1 - a), feedback=b, memory=memory)  # type: ignore[arg-type]
        estimates, left = rounds(uplink, terms, np.ones(1), 60)
        np.testing.assert_allclose((left[0, 0], estimates[-1, 0]), (owed, arrived), atol=1e-5)


def test_a_compressor_is_told_the_layers_and_the_round_before() -> None:
    terms = Terms(Air(GRID, Awgn(), 1), 6, 30, layers=((2, 2), (2,)))
    estimates, _ = rounds(Digital(Telling()), terms, np.ones(6), 3)
    np.testing.assert_allclose(estimates[:, 0], [4.0, 4.0 + 5.0, 9.0 + 6.0])


def test_a_compressor_is_told_of_one_layer_where_none_are_given() -> None:
    value, _ = Telling().compress(tf.zeros([7]), tf.constant(99.0), keys.key(0))
    np.testing.assert_allclose(value, 7.0)
