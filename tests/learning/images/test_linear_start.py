"""Where an adaptive network starts: at the linear estimate of least error."""

import numpy as np
import tensorflow as tf

from overair.learning.images.networks._linear_start import LinearDecoder, LinearEncoder, learn
from overair.learning.over_air import OverAir
from overair.phy import Air, Awgn, Grid, keys

SNRS = (0.0, 10.0)


def images(count: int) -> np.ndarray:
    """Smooth fields of unlike contrasts, 8 x 8."""
    rng = np.random.default_rng(count)
    frequencies = np.fft.fftfreq(8)
    smooth = (0.02 + frequencies[:, None] ** 2 + frequencies**2) ** -0.6
    fields = np.fft.ifft2(np.fft.fft2(rng.normal(size=(count, 3, 8, 8))) * smooth).real.transpose(0, 2, 3, 1)
    fields *= np.exp(0.4 * rng.normal(size=(count, 1, 1, 1)))
    return (0.5 + 0.1 * fields / fields.std()).astype(np.float32)


def test_what_the_linear_layers_read_is_an_estimate_of_least_error_of_features_plus_noise() -> None:
    """The error of such an estimate is orthogonal to it, so that images over readings have a slope of 1."""
    examples, tested = images(2000), images(1000)
    encoder, decoder = LinearEncoder(8, 3, 64, (1.0,)), LinearDecoder(8, 3, 64, (1.0,))
    for side, shape in ((encoder, (2, 8, 8, 3)), (decoder, (2, 1, 1, 64))):
        side.build(shape, (2, 2))
    learn(encoder, decoder, examples)
    layer = OverAir(Air(Grid(), Awgn(), 1), equalizer="zero_forcing")
    for snr_db in SNRS:
        state = tf.tile([[snr_db, 1.0]], [len(tested), 1])
        received = layer(encoder(tested, state), snr_db=snr_db, key=keys.key(0))
        told = tf.concat([state, state[:, :1]], axis=1)
        read = decoder(received, told).numpy() - 0.5
        slopes = (read * (tested - 0.5)).sum(axis=(1, 2, 3)), (read**2).sum(axis=(1, 2, 3))
        slope = slopes[0].sum() / slopes[1].sum()
        assert abs(slope - 1) < 0.1  # telling the scale takes 9 of 71 parts of the power; unshrunk it is 1.9 at 0 dB
