"""Lloyd-Max compression: errors known for normal entries, levels a layer, and the most levels that fit."""

import math

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from overair.ota import LloydMax
from overair.ota.compressors import Known
from overair.phy import keys

SIZE = 40_000
MAX = {2: 1 - 2 / math.pi, 3: 0.190174, 4: 0.117482}  # least errors of a normal number, Max's table
NORMAL = scipy.stats.norm.ppf((np.arange(SIZE) + 0.5) / SIZE).astype(np.float32)


def sent(x: np.ndarray, bits: float, known: Known = Known(), most: int = 4) -> tuple[np.ndarray, float]:  # noqa: B008
    decoded, used = LloydMax(most_levels=most).compress(tf.constant(x), tf.constant(bits), keys.key(0), known)
    return decoded.numpy(), float(used)


@pytest.mark.parametrize("levels", MAX)
def test_as_many_levels_as_fit_err_as_max_says(levels: int) -> None:
    bits = SIZE * math.log2(levels) + 32 * levels
    decoded, used = sent(NORMAL, bits + 1)
    assert used == pytest.approx(bits, rel=1e-6) and len(np.unique(decoded)) == levels
    assert ((decoded - NORMAL) ** 2).mean() == pytest.approx(MAX[levels], abs=2e-3)
    fewer, _ = sent(NORMAL, bits - 1)
    assert len(np.unique(fewer)) == (levels - 1 if levels > 2 else 1)


def test_each_layer_has_levels_of_its_own() -> None:
    x = np.concatenate([NORMAL, 100 * NORMAL + 7])
    decoded, used = sent(x, 1e9, Known(((SIZE,), (200, SIZE // 200))), 2)
    assert used == 2 * SIZE + 2 * 2 * 32
    for part, scale, mean in ((decoded[:SIZE], 1, 0), (decoded[SIZE:], 100, 7)):
        assert np.allclose(np.unique(part), mean + scale * np.array([-1, 1]) * (2 / math.pi) ** 0.5, rtol=5e-3)
