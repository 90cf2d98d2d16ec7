"""The deviation told of a few devices that were decoded first: right on average, and how far off it may be."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from overair.ota.uplinks._sides import add_up, side_of

SIZE, TRIALS = 30, 400


@pytest.mark.parametrize(("count", "freedom"), [(2, 3), (4, 4), (8, 20)])
def test_the_square_that_is_found_over_the_one_told_has_an_f_law(count: int, freedom: int) -> None:
    """Updates theta + W a, a of few normals: of n decoded ones the estimate of v is v chi^2/(f (n - 1)), and another
    update is v (1 + 1/n) chi^2/f from their mean, which has 1/n of the noise beside the update's own."""
    rng = np.random.default_rng(count)
    basis = np.linalg.qr(rng.normal(size=[SIZE, freedom]))[0]  # [d, f]
    updates = 3.0 + rng.normal(size=[TRIALS, count + 1, freedom]) @ basis.T  # [trials, n + 1, d]
    v, told, found = freedom / SIZE, [], []
    for trial in updates:
        decoded = tf.constant(trial[:-1], tf.float32)
        side = side_of(add_up(tf.fill([count], 0.1), decoded, ((SIZE,),)), ((SIZE,),))
        np.testing.assert_allclose(side.estimate, trial[:-1].mean(0), atol=1e-5)
        told.append(float(side.spread[0]) ** 2)
        found.append(np.mean((trial[-1] - side.estimate.numpy()) ** 2))
    for squares, degrees in ((told, freedom * (count - 1)), (found, freedom)):
        error = (2 / (degrees * TRIALS)) ** 0.5  # relative, of a mean of chi^2/degrees
        assert np.mean(squares) == pytest.approx(v * (1 + 1 / count), rel=4 * error)
    law = stats.f(freedom, freedom * (count - 1))
    assert stats.kstest(np.divide(found, told), law.cdf).pvalue > 1e-3
