"""MMSE power control over the band: a device's budget holds over all its elements, and it may favour some of them."""

from typing import ClassVar

import tensorflow as tf

from ..strict import dataclass
from . import Level, Maybe, opposite_phase
from .mse_optimal import MseOptimal

CLIMBS = 6  # of lambda
THROWS, FARTHEST = 60, 30.0  # of log x, and of how many steps
SMALLEST = 1e-15  # x, of elements on which nobody has a gain
TOLERANCE = 1e-5  # steps of log x that are none


@dataclass(frozen=True)
class MseWideband:
    """As mse_optimal, with budgets that hold over the band.

    `mse_optimal` gives each element the same share of a budget. Here it is sum_f E_kf b_kf^2 <= P_k alone, and

        sum_kf E_kf (x_f b_kf |h_kf| - 1)^2 + N0 sum_f x_f^2,

    with x 1 over the level, is made smaller in turn over what devices send and over x, from the levels of
    `mse_optimal`:

        b_kf = x_f |h_kf| / (x_f^2 |h_kf|^2 + lambda_k),
        x_f = sum_k E_k b_kf |h_kf| / (sum_k E_k b_kf^2 |h_kf|^2 + N0).

    lambda_k, the water level, is 0 where the budget allows inversion, and else the one that spends it. It solves sum_f
    E_kf d_kf / (d_kf + lambda)^2 = P_k with d = x^2 |h|^2, which is the secular equation of trust regions: Newton's
    steps on 1/sqrt of it climb to the solution from below (More, Sorensen, "Computing a trust region step", SIAM J.
    Sci. Stat. Comput. 1983). In x_f b_kf and x_f^2 the problem is convex, so what no step changes any more is the best
    there is. With little noise steps are short, and log x is thrown ahead along them by the rule S3 of Varadhan and
    Roland, "Simple and globally convergent methods for accelerating the convergence of any EM algorithm", Scand. J.
    Stat. 2008.

    The level knows energies on average; a device finds the lambda of its own symbols, and keeps its budget. Where the
    channel moves, levels are found slot by slot, as if each slot had its share of the budget. "AirComp in OFDM systems
    with imperfect CSI", IEEE TCOM 2023.

    >>> import tensorflow as tf
    >>> from overair.phy import MseWideband
    >>> gains = tf.constant([[1.0, 0.5], [2.0, 2.0]], tf.complex64)  # of 2 devices on 2 elements
    >>> level = MseWideband().level(tf.ones([2]), tf.ones([2]), gains, noise=tf.constant(0.25))
    >>> b = MseWideband().amplitude(level.scale, gains, tf.fill([2, 2], 0.5), tf.ones([2, 1]))
    >>> b.shape, bool((tf.reduce_sum(0.5 * tf.abs(b) ** 2, axis=1) < 1 + 1e-5).numpy().all())  # within budgets
    (TensorShape([2, 2]), True)
    """

    joint: ClassVar[bool] = True
    aligned: ClassVar[bool] = True
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return tf.ones_like(tf.abs(gain))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        size, weight = tf.abs(gains), spent[:, None]  # [K, N], [K, 1]
        each = weight / tf.cast(tf.shape(gains)[1], weight.dtype) * tf.ones_like(size)

        def step(log_x: tf.Tensor) -> tf.Tensor:
            arrives = _strength(tf.exp(log_x), size, each, budgets[:, None]) * size  # [K, N]
            signal = tf.reduce_sum(weight * arrives, axis=0)
            x = tf.math.divide_no_nan(signal, tf.reduce_sum(weight * arrives**2, axis=0) + noise)  # [N]
            return tf.math.log(tf.maximum(x, SMALLEST))

        def throw(log_x: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            once = step(log_x)
            move = once - log_x
            bend = step(once) - once - move
            far = tf.math.divide_no_nan(tf.norm(move), tf.norm(bend))
            far = tf.clip_by_value(far, 1.0, FARTHEST)
            return step(log_x + 2.0 * far * move + far**2 * bend), tf.reduce_max(tf.abs(move))

        start = -tf.math.log(MseOptimal().level(spent, budgets, gains, noise).scale)
        begin = (tf.stop_gradient(start), tf.ones([], start.dtype))
        log_x, _ = tf.while_loop(lambda _, move: move > TOLERANCE, throw, begin, maximum_iterations=THROWS)
        x = tf.exp(step(tf.stop_gradient(log_x)))  # slopes are those of the last step
        level = tf.where(x > 2 * SMALLEST, 1.0 / x, 1.0)
        return Level(level, level)

    def amplitude(
        self,
        scale: tf.Tensor,
        gain: tf.Tensor,
        energy: tf.Tensor,
        budget: tf.Tensor,
        share: Maybe = None,
        error: Maybe = None,
    ) -> tf.Tensor:
        strength = _strength(1.0 / scale, tf.abs(gain), energy, budget)
        return tf.cast(strength, gain.dtype) * opposite_phase(gain)


def _strength(x: tf.Tensor, size: tf.Tensor, energy: tf.Tensor, budget: tf.Tensor) -> tf.Tensor:
    """|b| [..., N] for x [N] and |h| [..., N], within the budget [..., 1] of symbols of an energy [..., N]."""
    wanted = x * size
    power = wanted**2
    most = tf.sqrt(tf.math.divide_no_nan(energy, budget))  # of 1/b, were all spent on one element
    water = tf.maximum(tf.reduce_max(wanted * most - power, axis=-1, keepdims=True), 0.0)  # lambda is no less
    for _ in range(CLIMBS):
        total = power + water
        cost = tf.reduce_sum(energy * tf.math.divide_no_nan(power, total**2), axis=-1, keepdims=True)
        slope = tf.reduce_sum(energy * tf.math.divide_no_nan(power, total**3), axis=-1, keepdims=True)
        water += tf.math.divide_no_nan(cost, slope) * (tf.sqrt(cost / budget) - 1.0)
        water = tf.maximum(water, 0.0)
    strength = tf.math.divide_no_nan(wanted, power + water)
    spent = tf.reduce_sum(energy * strength**2, axis=-1, keepdims=True)
    return strength / tf.sqrt(tf.maximum(spent / budget, 1.0))
