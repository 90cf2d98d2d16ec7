"""The linear line over fading: power for the mean SNR, and an estimate of least error with the noise of each use."""

import numpy as np
import tensorflow as tf

from overair.learning.images.klt import Klt
from overair.learning.images.linear import Linear
from overair.learning.images.schemes import Job, Trial
from overair.learning.images.schemes.linear import LinearImages
from overair.ota.image_links import ImageLinks
from overair.phy import Air, Channel, ErrorVariance, Estimated, Grid, Rayleigh, Tdl, keys

GRID = Grid(symbols=1)
IMAGES = np.random.default_rng(0).random((400, 8, 8, 3)).astype(np.float32)


def expected(scheme: Linear, air: Air, snr_db: float, key: keys.Key) -> np.ndarray:
    """Mean squared error of each image over noise, by the noise that its receiver has on each use, [B].

    A coefficient u of variance v that is sent as a u and read with noise s is estimated by w = a v / (a^2 v + s).
    """
    klt, plan, uses = scheme.klt, scheme.plan(snr_db), round(2 * scheme.ratio * len(scheme.klt.mean))
    share = ImageLinks(
        air, np.full(len(IMAGES), snr_db), len(IMAGES[0].ravel()) * uses // 2 // len(klt.mean), key
    ).share
    noise = np.repeat(1 / share.known.numpy() / 2, 2, axis=1).reshape(len(IMAGES), -1, uses)  # [B, L, m]
    u = klt.forward(IMAGES, len(klt.mean)).numpy()
    sent, a, v = u[..., :uses], plan.amplitudes, klt.variances[:uses]
    w = a * v / (a**2 * v + noise)
    error = ((1 - w * a) ** 2 * sent**2 + w**2 * noise).sum(axis=(1, 2)) + (u[..., uses:] ** 2).sum(axis=(1, 2))
    return error / IMAGES[0].size


def check(channel: Channel, csir: ErrorVariance) -> None:
    """Noise behind an estimate is independent of it on average over images; 4.5 standard errors of their mean."""
    air, key = Air(GRID, channel, 1, csir=csir), keys.key(3)
    scheme = Linear(Klt.fit(IMAGES, block=8), 1 / 3, "average")
    received = scheme.send(tf.constant(IMAGES), 5.0, key, clip=False, air=air).numpy()
    apart = ((received - IMAGES) ** 2).mean(axis=(1, 2, 3)) - expected(scheme, air, 5.0, key)
    assert abs(apart.mean()) < 4.5 * apart.std() / len(apart) ** 0.5


def test_over_flat_fading_the_error_is_that_of_the_noise_of_each_image() -> None:
    check(Rayleigh(), ErrorVariance(0.0))


def test_over_selective_fading_that_is_not_quite_known_too() -> None:
    check(Tdl("A", 300e-9), ErrorVariance(0.1))


def test_deep_fades_cost_no_more_than_not_hearing_the_image() -> None:
    """Who weighs by the mean SNR blows noise up in fades; who knows it estimates the mean image."""
    images = tf.constant(IMAGES)
    klt = Klt.fit(IMAGES, block=8)
    for scale in ("average", "known", "sent"):
        scheme = Linear(klt, 1 / 3, scale, IMAGES)
        received = scheme.send(images, -30.0, keys.key(1), clip=False, air=Air(GRID, Rayleigh(), 1)).numpy()
        error = np.mean((received - IMAGES) ** 2)
        assert error < 1.02 * np.mean((klt.mean.reshape(8, 8, 3) - IMAGES) ** 2)


def test_pilots_are_counted() -> None:
    air = Air(GRID, Tdl("A", 300e-9), 1, csir=Estimated("linear"))
    outcome = LinearImages(8).ready(Job(IMAGES, air, (1 / 3,), 0))(
        1 / 3, Trial(IMAGES[:4], (5.0,), 1, keys.key(0), False)
    )
    assert air.pilots > 0 and outcome.elements.tolist() == [64 + air.pilots]
