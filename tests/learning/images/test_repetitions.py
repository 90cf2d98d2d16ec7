"""Every repetition of an image is a sending of its own."""

import keras
import numpy as np

from overair.learning.images import Transmission
from overair.learning.images.evaluation import curve
from overair.learning.over_air import OverAir
from overair.phy import Air, Grid, Rayleigh, keys


def test_errors_of_repetitions_are_independent() -> None:
    """Were a draw used twice, a mean of two would vary as one does; of independent ones it has half the variance."""
    features = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Reshape((16,))])
    images = keras.Sequential([keras.Input((16,)), keras.layers.Reshape((4, 4, 1))])
    model = Transmission(features, OverAir(Air(Grid(16, 2, prefix=4), Rayleigh(), 1), equalizer="none"), images)
    same = np.full([2000, 4, 4, 1], 0.5, np.float32)
    once, twice = (curve(model, same, [0.0], keys.key(0), repetitions=count).mse[0] for count in (1, 2))
    ratio = twice.var() / once.var()
    fourth = ((once - once.mean()) ** 4).mean() / once.var() ** 2
    assert abs(ratio - 0.5) < 4.5 * 0.5 * ((fourth - 1) / 2000 + (fourth + 3) / 2 / 2000) ** 0.5
