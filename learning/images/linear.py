"""Linear analog transmission of images: the closed form that every learned scheme must beat, as a scheme."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf

from ...ota.codecs import pack, unpack
from ...phy import Air, Awgn, Grid
from ...phy.documented import documented
from ...phy.keys import Key
from ...phy.links import send
from .klt import Klt

NOISE_ALONE = Air(Grid(), Awgn(), 1)
SCALES = ("average", "known", "sent")
FAR = 4.0  # standard deviations at which t is cut off
LEVELS = np.geomspace(0.05, 1e-5, 18)  # of g^2 over an image's budget: at most 0.8 of it, where t is 4
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)  # for means over one normal number


@documented
class PowerAllocation(NamedTuple):
    """What both sides agree on for an SNR.

    Coefficient u_i of an image goes out as scale x amplitude_i x u_i; mean, spread and level are for a scale that is
    sent.

    >>> import numpy as np
    >>> from overair.learning.images.linear import PowerAllocation
    >>> PowerAllocation(noise=0.05, amplitudes=np.array([1.0, 0.5])).level
    0.0
    """

    noise: float | tf.Tensor  # variance of a real use, s2
    amplitudes: np.ndarray  # of coefficients, [m]
    mean: float = 0.0  # of log(energy / budget)
    spread: float = 1.0  # standard deviation of that
    level: float = 0.0  # g^2 / budget


@documented
@dataclass(frozen=True, eq=False)
class Linear:
    """Linear transmission at ``ratio`` complex symbols a sample; ``examples`` [N, H, W, C] are for scale = sent.

    It is the closed form that every learned scheme must beat. A block's first m = 2 ratio d coefficients (``Klt``) ride
    on m real uses of noise s2 = N0/2. A coefficient of variance lambda_i gets the power that minimises the error, p_i =
    s2 (sqrt(lambda_i / nu) - 1)+, with nu such that powers add up to m/2 a block, and the receiver's linear estimate of
    least error leaves sqrt(lambda_i nu) of those sent and lambda_i of the others.

    That spends P on average over images. Learned schemes spend exactly P on each: they multiply an image's symbols by a
    scale s, and their receiver has to cope with not knowing it. Hence three conventions:

        average  s = 1; images with more contrast get more energy
        known    s = sqrt(budget / energy) of each image, told to the receiver for nothing
        sent     the same, but the last of the image's real uses carries t = (log energy - mu) / sigma instead of a
                 coefficient, as the analog value g t, whose energy comes out of the image's budget

    mu, sigma and g are public, and come from example images, g being the best of a grid by predicted error. One use is
    enough: what counts is g^2 over s2, and energies of uses differ anyway.

    Over other links than additive noise the transmitter knows the mean SNR and spends its power for that, and the
    receiver estimates with the noise that it knows on each use; the closed form is of additive noise alone.

    Lee and Petersen, "Optimal linear coding for vector channels", IEEE Trans. Communications, 1976.

    >>> import numpy as np
    >>> from overair.learning.images import Klt, Linear
    >>> from overair.phy import keys
    >>> images = np.random.default_rng(0).random([50, 8, 8, 1], np.float32)
    >>> linear = Linear(Klt.fit(images, block=8), ratio=0.25)
    >>> linear.send(images[:2], snr_db=10.0, key=keys.key(0)).shape, linear.distortion(20.0) < linear.distortion(10.0)
    (TensorShape([2, 8, 8, 1]), True)
    """

    klt: Klt  # the transform of blocks
    ratio: float  # complex symbols for each sample, k/n
    scale: Literal["average", "known", "sent"] = "known"  # how the receiver comes to know it
    examples: np.ndarray | None = None  # images [N, H, W, C], from which what is public of the scale comes

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise ValueError(f"linear.scale: expected one of {', '.join(SCALES)}, received {self.scale!r}")
        size, uses = len(self.klt.mean), 2 * self.ratio * len(self.klt.mean)
        if not 1 <= round(uses) <= size or abs(uses - round(uses)) > 1e-6 * size:
            raise ValueError(
                f"linear.ratio: expected a whole number of real uses, 1 to {size}, for each block of {size} samples, "
                f"received {self.ratio:g}, which is {uses:g}; take a multiple of 1/{2 * size}"
            )
        if self.scale == "sent" and self.examples is None:
            raise ValueError("linear.examples: expected images where scale = sent, received none; give training images")

    def send(self, images: tf.Tensor, snr_db: float, key: Key, clip: bool = True, air: Air = NOISE_ALONE) -> tf.Tensor:
        """What the receiver makes of images [B, H, W, C] after the air."""
        plan, u = self.plan(snr_db), self._coefficients(images)
        scale, t = self._scale(u, plan)
        told = (plan.level * self._budget(u)) ** 0.5 * t * (1 - self._carried(u))  # g t on the use set aside
        x = scale * self._amplitudes(u, plan) * u + told  # [B, L, m]
        flat = tf.reshape(x, [tf.shape(x)[0], x.shape[1] * x.shape[2]])
        z, power = send(air, pack(flat), tf.fill([tf.shape(x)[0]], snr_db), key)
        y = tf.reshape(unpack(z, flat.shape[1]), tf.shape(x))
        noise = tf.reshape(tf.repeat(power / 2, 2, axis=1)[:, : flat.shape[1]], tf.shape(x))  # of each real use
        last = (slice(None), slice(-1, None), slice(-1, None))  # the use set aside
        believed = self._believed(scale, t, (y - x)[last], self._budget(u), plan._replace(noise=noise[last]))
        weights = self._weights(believed * self._amplitudes(u, plan), noise)
        received = self.klt.backward(weights * y, *images.shape[1:3])
        return tf.clip_by_value(received, 0.0, 1.0) if clip else received

    def distortion(self, snr_db: float) -> float:
        """Mean squared error of any source with these variances, at average power, unclipped: the closed form."""
        plan, left = self.plan(snr_db), self.klt.variances.copy()
        left[: self._uses] *= plan.noise / (plan.amplitudes**2 * left[: self._uses] + plan.noise)
        return float(left.mean())

    def predicted(self, images: tf.Tensor, snr_db: float) -> tf.Tensor:
        """Mean squared error of each of these images over noise [B], by the scheme's own convention, unclipped."""
        everything = self.klt.forward(images, len(self.klt.mean))  # [B, L, d]
        rest = tf.reduce_sum(everything[..., self._uses :] ** 2, axis=[1, 2])
        sent = everything[..., : self._uses]
        return (rest + self._errors(sent, self.plan(snr_db))) / (everything.shape[1] * everything.shape[2])

    def plan(self, snr_db: float) -> PowerAllocation:
        """What both sides agree on, found once for each SNR."""
        if snr_db not in self._plans:
            with tf.init_scope():
                self._plans[snr_db] = self._plan(10 ** (-snr_db / 10) / 2)
        return self._plans[snr_db]

    @cached_property
    def _plans(self) -> dict[float, PowerAllocation]:
        return {}

    @property
    def _uses(self) -> int:
        return round(2 * self.ratio * len(self.klt.mean))

    def _plan(self, noise: float) -> PowerAllocation:
        variances = self.klt.variances[: self._uses]
        powers = allocate(variances, self._uses / 2, noise)
        amplitudes = np.sqrt(powers / np.where(powers > 0, variances, 1.0)).astype(np.float32)
        plan = PowerAllocation(noise, amplitudes)
        if self.scale != "sent":
            return plan
        u = self._coefficients(self.examples)
        logs = np.log(self._energy(u, plan))
        plan = plan._replace(mean=float(logs.mean()), spread=max(float(logs.std()), 1e-6))
        errors = [float(tf.reduce_mean(self._errors(u, plan._replace(level=level)))) for level in LEVELS]
        return plan._replace(level=float(LEVELS[np.argmin(errors)]))

    def _coefficients(self, images: tf.Tensor) -> tf.Tensor:
        return self.klt.forward(images, self._uses)

    def _carried(self, u: tf.Tensor) -> np.ndarray:
        """[L, m]: 1, and 0 for the coefficient that makes way for the scale."""
        carried = np.ones(u.shape[1:], np.float32)
        if self.scale == "sent":
            carried[-1, -1] = 0.0
        return carried

    def _amplitudes(self, u: tf.Tensor, plan: PowerAllocation) -> np.ndarray:
        """Of each use before the scale, [L, m]."""
        return plan.amplitudes * self._carried(u)

    def _budget(self, u: tf.Tensor) -> float:
        return u.shape[1] * u.shape[2] / 2

    def _energy(self, u: tf.Tensor, plan: PowerAllocation) -> tf.Tensor:
        """Of each image over its budget, unscaled, [B, 1, 1]."""
        energy = tf.reduce_sum((self._amplitudes(u, plan) * u) ** 2, axis=[1, 2], keepdims=True) / self._budget(u)
        return tf.maximum(energy, 1e-12)  # of an image that is all mean

    def _scale(self, u: tf.Tensor, plan: PowerAllocation) -> tuple[tf.Tensor, tf.Tensor]:
        """The factor of each image's symbols, and the value t that tells it, [B, 1, 1] each."""
        energy = self._energy(u, plan)
        if self.scale == "average":
            return tf.ones_like(energy), tf.zeros_like(energy)
        t = tf.clip_by_value((tf.math.log(energy) - plan.mean) / plan.spread, -FAR, FAR)
        return tf.sqrt((1 - plan.level * t**2) / energy), t

    def _believed(
        self, scale: tf.Tensor, t: tf.Tensor, noise: tf.Tensor, budget: float, plan: PowerAllocation
    ) -> tf.Tensor:
        """The scale as the receiver has it once noise is added to g t."""
        if self.scale != "sent":
            return scale
        strength = plan.level * budget  # g^2
        heard = strength**0.5 * (strength**0.5 * t + noise) / (strength + plan.noise)
        heard = tf.clip_by_value(heard, -FAR, FAR)
        return tf.sqrt(1 - plan.level * heard**2) * tf.exp(-(plan.mean + plan.spread * heard) / 2)

    def _weights(self, arriving: tf.Tensor, noise: float | tf.Tensor) -> tf.Tensor:
        """What the receiver multiplies uses by whose coefficients arrive so strong in such noise, [..., m] each."""
        variances = self.klt.variances[: self._uses].astype(np.float32)
        return arriving * variances / (arriving**2 * variances + noise)

    def _errors(self, u: tf.Tensor, plan: PowerAllocation) -> tf.Tensor:
        """Expected squared error of the coefficients sent, [B]. Blocks of an image differ in their energies alone."""
        carried = self._carried(u)
        energies, counts = tf.reduce_sum(carried * u**2, axis=1), carried.sum(axis=0)  # [B, m], [m]
        left_out = tf.reduce_sum((1 - carried) * u**2, axis=[1, 2])  # [B]
        scale, t = (each[:, 0] for each in self._scale(u, plan))  # [B, 1]

        def error(noise: float) -> tf.Tensor:
            believed = self._believed(scale, t, noise, self._budget(u), plan)
            weights = self._weights(believed * plan.amplitudes, plan.noise)
            lost = (1 - weights * scale * plan.amplitudes) ** 2 * energies
            return left_out + tf.reduce_sum(lost + plan.noise * counts * weights**2, axis=1)

        if self.scale != "sent":
            return error(0.0)
        nodes = zip(plan.noise**0.5 * NODES, WEIGHTS / WEIGHTS.sum(), strict=True)
        return tf.add_n([weight * error(node) for node, weight in nodes])


def allocate(variances: np.ndarray, total: float, noise: float) -> np.ndarray:
    """Powers [m] of components of falling variance that minimise the mean squared error; they add up to ``total``."""
    roots = np.sqrt(np.maximum(variances, 0.0))
    levels = np.cumsum(roots) / (total / noise + np.arange(1, len(roots) + 1))  # sqrt(nu), were the first m sent
    active = np.flatnonzero(roots > levels)
    if not len(active):
        return np.zeros_like(roots)
    return noise * np.maximum(roots / levels[active[-1]] - 1, 0.0)
