"""Water-filling: energy on elements such that they carry most bits, as far as it is known what they carry.

An element that gets the energy f, in units of what each would get of equal ones, is counted on at an SNR of a f / (1 +
b f), with b f what is lacking over the noise. sum log2(1 + a f / (1 + b f)) with a given sum of f is largest where all
elements that get energy would gain as much by more of it, a / ((1 + b f)(1 + (a + b) f)) = 1/w, that is at

    f(w) = 2 (w - 1/a)^+ / (1 + 2 r + sqrt(1 + 4 b (1 + r) w)),   r = b/a,

the well-known (w - 1/a)^+ where nothing is lacking. w is the water level. Goldsmith and Varaiya, "Capacity of fading
channels with channel side information", IEEE Trans. Information Theory 1997, for levels that hold over fading; Cover
and Thomas, "Elements of Information Theory", section 9.4.
"""

from typing import NamedTuple

import tensorflow as tf

from ...phy import Detected

HALVINGS = 32  # of the range of a level's logarithm
NO_GAIN = 1e-30  # below which an element carries nothing


def poured(level: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """f at a level, of any shapes that go together."""
    r = tf.math.divide_no_nan(b, a)
    above = tf.maximum(level - 1.0 / tf.maximum(a, NO_GAIN), 0.0)
    return 2.0 * above / (1.0 + 2.0 * r + tf.sqrt(1.0 + 4.0 * b * (1.0 + r) * level))


def filled(mask: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """f [C, N] on own elements with a mean of 1 over them; 0 for who counts on nothing."""
    owned = tf.reduce_sum(mask, axis=1, keepdims=True)  # [C, 1]
    at = tf.argmax(mask * a, axis=1)  # where a level below 1/a pours nothing, and one element may take all
    best = tf.maximum(tf.gather(mask * a, at, batch_dims=1), NO_GAIN)[:, None]
    lacks = tf.gather(tf.broadcast_to(b, tf.shape(a)), at, batch_dims=1)[:, None]
    lowest = -tf.math.log(best)
    highest = lowest + tf.math.log1p(owned * lacks) + tf.math.log1p(owned * (best + lacks))

    def halve(low: tf.Tensor, high: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        middle = (low + high) / 2.0
        enough = tf.reduce_sum(mask * poured(tf.exp(middle), a, b), axis=1, keepdims=True) >= owned
        return tf.where(enough, low, middle), tf.where(enough, middle, high)

    def goes_on(low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
        return tf.constant(True)

    high = tf.while_loop(goes_on, halve, (lowest, highest), parallel_iterations=1, maximum_iterations=HALVINGS)[1]
    f = mask * poured(tf.exp(high), a, b)
    return f * tf.math.divide_no_nan(owned, tf.reduce_sum(f, axis=1, keepdims=True))


class Poured(NamedTuple):
    """What devices put on the elements they own, as they know them."""

    mask: tf.Tensor  # 1 on elements with energy, 0 elsewhere, [C, N]
    power: tf.Tensor  # energy on each of them were all alike, [C, 1]
    f: tf.Tensor | float  # what each gets of it, [C, N] or 1
    used: tf.Tensor | float  # the mean of f over all they own, [C] or 1
    counted: Detected  # what they count on with this energy

    @property
    def sent(self) -> tuple[tf.Tensor, tf.Tensor]:
        """The mask, and the energy on each element, [C, N] or [C, 1]."""
        return self.mask, self.power * self.f


def as_equal(mask: tf.Tensor, power: tf.Tensor, counted: Detected) -> Poured:
    """The same on all own elements."""
    return Poured(mask, power, 1.0, 1.0, counted)


def poured_on(mask: tf.Tensor, power: tf.Tensor, counted: Detected, level: tf.Tensor | None) -> Poured:
    """By water-filling: at a level [C, 1] of the long run, or at that at which the whole budget of a round is spent."""
    a, b = counted.snr, counted.csi_noise
    f = filled(mask, a, b) if level is None else mask * poured(level, a, b)  # [C, N]
    used = tf.math.divide_no_nan(tf.reduce_sum(f, axis=1), tf.reduce_sum(mask, axis=1))
    return Poured(tf.cast(f > 0, tf.float32), power, f, used, Detected(counted.gain, a * f, b * f))
