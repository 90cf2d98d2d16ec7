"""Mean squares of layers are those of double precision at any scale, and what hangs on them scales with an update."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Nested
from overair.ota.compressors import Known
from overair.ota.past import Past
from overair.ota.squares import mean_squares
from overair.ota.uplinks import _sides as sides
from overair.phy import keys

LAYERS = ((20, 10), (10,), (0,), (1,))
SIZE = 211
SCALES = (1.0, 1e-12, 1e-25, 1e-30, 1e25)


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("scale", (*SCALES, 1e-33, 3e37))
def test_mean_squares_are_those_of_double_precision(scale: float) -> None:
    """Of n float32 squares, to n roundings of 2^-24."""
    x = (scale * drawn(0, 3, SIZE)).astype(np.float32)
    parts = np.split(x.astype(float) ** 2, [200, 210, 210], axis=-1)
    expected = np.stack([part.mean(axis=-1) if part.size else np.zeros(3) for part in parts], axis=-1)
    np.testing.assert_allclose(mean_squares(tf.constant(x), LAYERS), expected, rtol=200 * 2.0**-24)
    assert not np.any(mean_squares(tf.zeros([SIZE]), LAYERS))
    x[0, 3] = np.nan
    found = mean_squares(tf.constant(x), LAYERS).numpy()
    assert np.isnan(found[0, 0])
    np.testing.assert_allclose(found.ravel()[1:], expected.ravel()[1:], rtol=200 * 2.0**-24)


@pytest.mark.parametrize("scale", SCALES)
def test_the_deviation_of_others_from_the_first_scales_with_their_updates(scale: float) -> None:
    """(sum p |u|^2 - |y|^2)/(1 - sum p^2) (1 + sum p^2), of shares p of weights that do not add up to 1."""
    decoded, w = (scale * drawn(1, 4, SIZE)).astype(np.float32), np.array([0.1, 0.2, 0.0, 0.3])
    first = tf.nest.map_structure(
        tf.add,
        *(sides.add_up(tf.constant(w[at], tf.float32), tf.constant(decoded[at]), LAYERS) for at in ([0, 1], [2, 3])),
    )
    p, exact = w / w.sum(), decoded.astype(float)
    within = p @ (exact - p @ exact) ** 2
    expected = [part.mean() if part.size else 0.0 for part in np.split(within, [200, 210, 210])]
    found = sides.side_of(first, LAYERS)
    expected = np.sqrt(np.array(expected) / (1 - p @ p) * (1 + p @ p))
    np.testing.assert_allclose(found.spread, expected, rtol=1e-4)
    nobody = sides.side_of(sides.nobody(LAYERS), LAYERS)
    assert np.isinf(nobody.spread).all() and nobody.spread.dtype == tf.float32


@pytest.mark.parametrize("scheme", [Nested(first=0.0), Nested(first=0.0, levels=20, scaled=True)], ids=str)
@pytest.mark.parametrize("exponent", [-80, -40, 60])
def test_nested_updates_scale_with_their_side_information(scheme: Any, exponent: int) -> None:
    """To the bit, by a power of two, whatever the guard makes of the deviation."""
    y = drawn(2, SIZE).astype(np.float32)
    x, scale = (y + 0.02 * drawn(3, SIZE)).astype(np.float32), np.float32(2.0) ** np.float32(exponent)
    found = []
    for unit in (np.float32(1.0), scale):
        known = Known(LAYERS, Past(tf.constant(1), tf.constant(unit * y)))
        decoded, used = scheme.compress(tf.constant(unit * x), tf.constant(1e5), keys.key(4), known)
        found.append((decoded.numpy() / unit, float(used)))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
