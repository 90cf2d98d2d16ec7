"""Every kind of CSI, found by walking the package: what detection says of the SNR is what is realised."""

import numpy as np
import pytest
import tensorflow as tf

from ..phy import Air, Channel, Csi, Grid, Link, Paths, Perfect, Rayleigh, Tdl, detect, keys

GRID = Grid(subcarriers=16, symbols=4, prefix=8)
MOVING = Tdl("A", 150e-9, speed=60.0)  # a slot keeps J0 = 0.8 of it, two 0.3
BATCH, DEVICES, SNR = 400, 4, 4.0


def draw(csi: Csi, channel: Channel = MOVING, batch: int = BATCH, seed: int = 0) -> Link:
    """Links over which both sides have such CSI."""
    air = Air(GRID, channel, DEVICES, csit=csi, csir=csi)
    drawn = tf.function(
        lambda: air.draw(air.init(keys.key(seed)), keys.key(1, seed), 0.0, 2, 0.0, batch), autograph=False
    )
    return drawn()


@pytest.mark.parametrize("side", ["transmitters", "receiver"])
def test_the_snr_that_detection_says_is_the_snr_that_is_realised(csi: Csi, side: str) -> None:
    """z = h_hat^* y / |h_hat|^2 misses the symbol by a power of 1 / known, on average over links."""
    link = draw(csi)
    belief = getattr(link, side)
    known = detect(link, SNR, belief=belief).known.numpy()  # [B, K, T, F]
    h, estimate = (np.broadcast_to(link.response(of=of)[:, 0], [BATCH, DEVICES, 8, 16]) for of in (None, belief.best))
    rng = np.random.default_rng(0)
    x = np.exp(0.5j * np.pi * rng.integers(4, size=h.shape))
    noise = (rng.normal(size=h.shape) + 1j * rng.normal(size=h.shape)) * (0.5 / SNR) ** 0.5
    strength = np.abs(estimate) ** 2
    if not strength.max() > 1e-12:
        assert not known.max() > 1e-6  # nothing is known, and nothing is said to get through
        return
    z = estimate.conj() * (h * x + noise) / strength
    missed = np.broadcast_to(known * np.abs(z - x) ** 2, h.shape)
    for each in (missed.mean(axis=(1, 2, 3)), missed[:, :, -1, :].mean(axis=(1, 2))):  # of independent links
        assert abs(each.mean() - 1) < 4 * each.std(ddof=1) / BATCH**0.5


def test_nothing_that_detection_says_looks_at_the_true_channel(csi: Csi) -> None:
    link, other = (draw(csi, batch=3, seed=seed) for seed in (0, 1))
    assert not np.allclose(link.response(), other.response())
    one, two = detect(link, SNR), detect(link._replace(true=other.true, mean=other.mean), SNR)
    np.testing.assert_array_equal(one.snr, two.snr)
    np.testing.assert_array_equal(one.csi_noise, two.csi_noise)


def test_a_receiver_whose_belief_has_no_error_counts_on_every_bit_of_it(csi: Csi) -> None:
    """Where the channel stands still, what cannot be wrong is read as it is, with nothing multiplied."""
    link = draw(csi, Rayleigh(), batch=2)
    if link.receiver.error is None:
        assert isinstance(link.receiver, Paths) and link.receiver.best is link.receiver
        found = detect(link, SNR)
        h = link.response().numpy()
        np.testing.assert_array_equal(found.snr, SNR * (h.real**2 + h.imag**2).sum(axis=1))
        assert np.all(found.gain == 1) and not np.any(found.csi_noise)
    else:
        assert not isinstance(csi, Perfect)
