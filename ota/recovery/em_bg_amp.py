"""Message passing for a Bernoulli-Gaussian prior (EM-BG-AMP), learnt by expectation-maximisation."""

import math
from typing import Annotated, NamedTuple

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ...phy.strict import dataclass
from ..projections import Projection
from . import Layers, Noise, check_layers, in_units, iterate
from .amp import transition

LEAST = 1e-6  # of lambda, of 1 - lambda, and of phi beside |y|^2/m
LEAST_NOISE = 1e-10  # of psi beside |y|^2/m
WINDOW = 3  # side of the square of neighbours
PRIOR = 8.0  # as many neighbours the layer's mean counts for


class MessageState(NamedTuple):
    """Between two steps."""

    x: tf.Tensor  # [d]
    r: tf.Tensor  # [m]
    tau2: tf.Tensor
    ratio: tf.Tensor  # lambda, [] or [d]
    mean: tf.Tensor  # theta
    variance: tf.Tensor  # phi
    noise: tf.Tensor  # psi


@dataclass(frozen=True)
class EmBgAmp:
    """A prior to start from, which is learnt.

    Entries are zero with probability 1 - lambda, else N(theta, phi); the noise is N(0, psi). With u = x + A'r, which is
    the true x plus noise of variance tau^2, the posterior of an entry has support probability pi, and on the support
    mean gamma and variance nu:

        nu = tau^2 phi / (tau^2 + phi),   gamma = (phi u + tau^2 theta) / (tau^2 + phi)
        pi = 1 / (1 + (1 - lambda)/lambda N(u; 0, tau^2) / N(u; theta, tau^2 + phi))
        x <- pi gamma,   mu <- (1/m) sum (pi (nu + gamma^2) - x^2),   r <- y - A x + r mu / tau^2,   tau^2 <- psi + mu

    and after every iteration, with y - z_hat = r psi / tau^2 and the variance mu psi / tau^2 of z = A x,

        lambda <- mean pi,   theta <- sum pi gamma / sum pi,   phi <- sum pi ((theta - gamma)^2 + nu) / sum pi
        psi <- |r psi / tau^2|^2 / m + mu psi / tau^2.

    Vila and Schniter, "Expectation-maximization Gaussian-mixture approximate message passing", IEEE TSP 2013. Start, as
    there: lambda = delta rho(delta) of the soft threshold's phase transition, delta = m/d; theta = 0; psi the noise
    told, or |y|^2/(101 m); phi = (|y|^2/m - psi) delta/lambda. Matrices with independent entries, or rows of a Hadamard
    matrix, need no damping. On noise alone |x_hat|^2 is under a tenth of the noise's m s2 on average if the noise is
    told (d >= 1000), and up to m s2 if it is not.

    ``spatial``: in a convolution's gradient of shape (H, W, D, F) large entries sit side by side, so there each entry
    has a lambda of its own, the mean pi of the up to eight entries around it in the H x W plane of its D and F, and of
    eight more entries with the layer's mean, without which neighbours that only chance has put together feed on each
    other. Entries elsewhere share one lambda. After Dhillon's lecture on gradient compression (role of distributed
    learning in wireless networks) and Meng, Wu, Kuang, Lu, "Approximate message passing with nearest neighbor sparsity
    pattern learning", 2016.

    >>> import tensorflow as tf
    >>> from overair.ota import EmBgAmp
    >>> from overair.ota.projections import hadamard
    >>> from overair.phy import keys
    >>> x = tf.concat([keys.normal(keys.key(0, "entries"), [10]), tf.zeros([246])], 0)  # 10 of 256 are not zero
    >>> projection = hadamard(keys.key(0, "rows"), 128, 256)
    >>> bool(tf.norm(EmBgAmp().recover(projection.forward(x), projection) - x) < 0.05 * tf.norm(x))
    True
    """

    learn: bool = True
    """Whether the parameters of the prior are learnt."""
    spatial: bool = False
    """Whether neighbours in a convolution share their chance to be large."""
    ratio: Annotated[float, Gt(0), Le(1)] | None = None
    """Share of entries that are not zero, to start from; by the rule of Vila and Schniter unless given."""
    mean: float = 0.0
    """Of the entries that are not zero, in units of y; of use where the prior is not learnt."""
    variance: Annotated[float, Gt(0)] | None = None
    """Of the entries that are not zero, in units of y squared; by the rule of Vila and Schniter unless given."""
    iterations: Annotated[int, Ge(1), Le(10**5)] = 50
    """Most iterations."""
    tolerance: Annotated[float, Ge(0)] = 1e-4
    """Change of the estimate over |y| at which it stops."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.mean):
            raise ValueError(f"em_bg_amp.mean: expected a finite number, received {self.mean}")

    def recover(self, y: tf.Tensor, projection: Projection, noise: Noise = None, layers: Layers = ()) -> tf.Tensor:
        check_layers(layers, projection.size)

        def estimate(y: tf.Tensor, noise: tf.Tensor | None, unit: tf.Tensor) -> tf.Tensor:
            start = self.start(y, projection, noise, unit)
            return iterate(start, lambda b: self.step(b, y, projection, layers), self.iterations, self.tolerance)

        return in_units(y, noise, estimate)

    def start(self, y: tf.Tensor, projection: Projection, noise: tf.Tensor | None, unit: tf.Tensor) -> MessageState:
        delta, power = projection.rows / projection.size, tf.reduce_mean(y**2)
        share = self.ratio or min(delta * transition(delta), 1 - LEAST)
        noise = tf.maximum(power / 101 if noise is None else noise, LEAST_NOISE * power)
        mean = tf.cast(self.mean, y.dtype) / unit
        if self.variance is None:
            variance = tf.maximum((power - noise) * delta / share - mean**2, LEAST * power)
        else:
            variance = tf.cast(self.variance, y.dtype) / unit / unit
        ratio = tf.fill([projection.size] if self.spatial else [], tf.cast(share, y.dtype))
        x = tf.zeros([projection.size], y.dtype) + share * mean
        r = y - projection.forward(x) if self.mean else y
        spread = share * (variance + (1 - share) * mean**2) / delta
        return MessageState(x, r, noise + spread, ratio, mean, variance, noise)

    def step(self, b: MessageState, y: tf.Tensor, projection: Projection, layers: Layers = ()) -> MessageState:
        u, both = b.x + projection.adjoint(b.r), b.tau2 + b.variance  # [d], []
        nu, gamma = b.tau2 * b.variance / both, (b.variance * u + b.tau2 * b.mean) / both
        odds = tf.math.log(b.ratio) - tf.math.log1p(-b.ratio) - 0.5 * tf.math.log(both / b.tau2)
        pi = tf.sigmoid(odds + 0.5 * (u**2 / b.tau2 - (u - b.mean) ** 2 / both))  # [d]
        x = pi * gamma
        mu = tf.reduce_sum(pi * (nu + gamma**2) - x**2) / projection.rows
        r = y - projection.forward(x) + b.r * (mu / b.tau2)
        if not self.learn:
            return b._replace(x=x, r=r, tau2=b.noise + mu)
        floor = tf.reduce_mean(y**2)
        total = tf.reduce_sum(pi)
        mean = tf.math.divide_no_nan(tf.reduce_sum(x), total)
        variance = tf.math.divide_no_nan(tf.reduce_sum(pi * ((mean - gamma) ** 2 + nu)), total)
        tau2 = b.noise + mu
        noise = tf.reduce_mean(r**2) * (b.noise / tau2) ** 2 + mu * b.noise / tau2
        noise = tf.maximum(noise, LEAST_NOISE * floor)
        ratio = tf.clip_by_value(self._ratio(pi, layers), LEAST, 1 - LEAST)
        return MessageState(x, r, noise + mu, ratio, mean, tf.maximum(variance, LEAST * floor), noise)

    def _ratio(self, pi: tf.Tensor, layers: Layers) -> tf.Tensor:
        """lambda after support probabilities pi [d]: [], or [d] where it depends on the neighbours."""
        if not self.spatial:
            return tf.reduce_mean(pi)
        layers = layers or (tuple(pi.shape),)
        parts = tf.split(pi, [math.prod(layer) for layer in layers])
        alone = [part for part, layer in zip(parts, layers, strict=True) if len(layer) != 4]
        shared = tf.reduce_mean(tf.concat(alone, 0)) if alone else tf.zeros([], pi.dtype)
        return tf.concat([_around(part, layer, shared) for part, layer in zip(parts, layers, strict=True)], 0)


def _around(pi: tf.Tensor, layer: tuple[int, ...], shared: tf.Tensor) -> tf.Tensor:
    """Of every entry of a layer, the mean over its neighbours and the layer's mean; or what all others share."""
    if len(layer) != 4:
        return tf.fill([math.prod(layer)], shared)
    height, width, depth, filters = layer
    plane = tf.reshape(pi, [1, height, width, depth * filters])
    count = [np.convolve(np.ones(side), np.ones(WINDOW), "same")[:side] for side in (height, width)]
    count = tf.constant(np.outer(*count)[None, :, :, None], pi.dtype)  # entries in the square, itself among them
    total = tf.nn.avg_pool2d(plane, WINDOW, 1, "SAME") * count
    return tf.reshape((total - plane + PRIOR * tf.reduce_mean(pi)) / (count - 1.0 + PRIOR), [-1])
