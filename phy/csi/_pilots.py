"""Linear estimates of a response from pilots on one OFDM symbol that several devices share, and how good they are.

Device c of a comb of n sends on the subcarriers c, c + n, ...; what is heard there over what was sent is the response
plus noise of power s2 = N0/(n P), and the estimate is W times these values. Of a path of power p and delay tau, whose
response is e_f = exp(-j 2 pi f tau), that is u = W e, so over paths that fade independently

    E|g|^2 = sum_l p_l |u_l|^2 + s2 sum_j |W_j|^2,    E[h_l g*] = p_l e_l u_l*      on every subcarrier.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from sionna.phy.ofdm import LSChannelEstimator, ResourceGrid

from ..arithmetic import squared
from ..grid import Grid
from ..link import Paths, turn

MARGIN = 0.5  # samples of the covariance before the first and after the last arrival
LEAST = 1e-9  # of a variance that is divided by


class Comb(NamedTuple):
    """What devices of a comb send on their subcarriers, and W = left diag(1 / (values + s2)) right, or left alone."""

    pilots: tf.Tensor  # complex [n, M]
    left: tf.Tensor  # complex128 [n, F, M]
    right: tf.Tensor | None = None  # complex128 [n, M, M]
    values: tf.Tensor | None = None  # [n, M]

    def weights(self, noise: tf.Tensor) -> tf.Tensor:
        """W of noise s2 [B], complex [B or 1, n, F, M]."""
        if self.right is None:
            return tf.cast(self.left[None], tf.complex64)
        variance = tf.maximum(self.values + tf.cast(noise, tf.float64)[:, None, None], LEAST)  # [B, n, M]
        return tf.cast(self.left / tf.cast(variance, tf.complex128)[:, :, None] @ self.right, tf.complex64)


class PilotMoments(NamedTuple):
    """What estimates g have in common with each path, E[h_l g*] / E|g|^2 [B, K, L, F], and E|g|^2 [B, K, 1, F]."""

    shares: tf.Tensor
    energy: tf.Tensor


def moments(paths: Paths, grid: Grid, weights: tf.Tensor, noise: tf.Tensor) -> PilotMoments:
    """Of devices with weights [B or 1, n, F, M] and noise [B or 1, K], from the mean powers and delays of paths."""
    comb, devices = weights.shape[1], paths.tau.shape[1]
    place = np.arange(devices) % comb
    own = np.arange(grid.subcarriers).reshape(-1, comb).T  # [n, M]
    at_pilots = turn(paths.tau, tf.gather(grid.frequencies, own[place])[:, None])  # [B, K, L, M]
    weights = tf.gather(weights, place, axis=1)  # [B, K, F, M]
    through = tf.matmul(at_pilots, weights, transpose_b=True)  # [B, K, L, F]
    energy = tf.reduce_sum(paths.power[..., None] * squared(through), axis=2)
    energy = (energy + noise[..., None] * tf.reduce_sum(squared(weights), axis=3))[:, :, None]  # [B, K, 1, F]
    common = turn(paths.tau, grid.frequencies) * tf.math.conj(through)
    return PilotMoments(tf.cast(tf.math.divide_no_nan(paths.power[..., None], energy), common.dtype) * common, energy)


@cache
def interpolated(grid: Grid, comb: int, kind: str) -> Comb:
    """Least squares, and between pilots Sionna's interpolation of a kind, read off its estimator."""
    with tf.init_scope():  # Sionna's variables must not be made in a graph
        shared, pilots = _shared_symbol(grid, comb)
        estimator = LSChannelEstimator(shared, interpolation_type=kind)
        units = tf.eye(grid.subcarriers, dtype=tf.complex64)[:, None, None, None]
        h, _ = estimator(units, tf.zeros([]))  # [F heard, 1, 1, n, 1, 1, F]
        way = tf.reshape(h, [grid.subcarriers, comb, grid.subcarriers]).numpy()
        left = np.stack([way[c::comb, c].T * pilots[c] for c in range(comb)])  # [n, F, M]
        return Comb(tf.constant(pilots), tf.constant(left, tf.complex128))


@cache
def lmmse(grid: Grid, comb: int, arrivals: tuple[float, float]) -> Comb:
    """W = R (R_pilots + s2 I)^-1, R of power spread evenly over the arrivals: Sionna's ``LMMSEInterpolator``."""
    apart = np.arange(grid.subcarriers)[:, None] - np.arange(grid.subcarriers)
    low, high = arrivals[0] - MARGIN, arrivals[1] + MARGIN
    reach = (high - low) * apart / grid.subcarriers
    covariance = np.sinc(reach) * np.exp(-1j * np.pi * (low + high) * apart / grid.subcarriers)
    left, right, values = [], [], []
    for c in range(comb):
        value, vector = np.linalg.eigh(covariance[c::comb, c::comb])
        left.append(covariance[:, c::comb] @ vector)
        right.append(vector.conj().T)
        values.append(np.maximum(value, 0.0))
    with tf.init_scope():
        pilots = tf.constant(_shared_symbol(grid, comb)[1])
        return Comb(pilots, *(tf.constant(np.stack(each)) for each in (left, right, values)))


def _shared_symbol(grid: Grid, comb: int) -> tuple[ResourceGrid, np.ndarray]:
    """One symbol that devices share, as Sionna has it, and what they send on their own subcarriers [n, M]."""
    shared = ResourceGrid(
        1,
        grid.subcarriers,
        grid.spacing,
        num_tx=comb,
        cyclic_prefix_length=grid.prefix,
        pilot_pattern="kronecker",
        pilot_ofdm_symbol_indices=[0],
    )
    pilots = shared.pilot_pattern.pilots.numpy().reshape(comb, grid.subcarriers)
    return shared, np.stack([pilots[c, c::comb] for c in range(comb)])


__all__ = ["Comb", "PilotMoments", "interpolated", "lmmse", "moments"]
