"""Dithered factors (D-ISGQ): a random shift known to both sides makes the errors independent of the factors."""

import math
from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from . import Message
from ._scales import normalised


@dataclass(frozen=True)
class DitheredFactors:
    """Uniform levels behind a dither, for both factors.

        q = round(X / kx + u),   X~ = kx (q - u),   G~ = Delta~ X~' / L.

    With the scale kx = |X|_inf/Kx and a dither u uniform on (-1/2, 1/2) an entry has one of 2 Kx + 1 levels (3.8);
    Delta likewise. Both scales travel as float32. G~ is unbiased, and given the factors

        E|G~ - G|^2 = [m n L kx^2 kd^2/144 + n kx^2 |Delta|^2/12 + m kd^2 |X|^2/12]/L^2                      (D.4).

    The noise follows |X| |Delta| and not |G|: it stays where samples' gradients begin to cancel. With ``zero`` exact
    zeros, which ReLU makes plenty of, have a symbol of their own and no error: a sample l then counts with its n_l and
    m_l entries that are not zero, E|G~ - G|^2 = sum_l [n_l m_l kx^2 kd^2/144 + n_l kx^2 |delta_l|^2/12 + m_l kd^2
    |x_l|^2/12]/L^2. With one level on either side that is what the gains of table 3.3 come from. Abdi, "Distributed
    learning and inference in deep models", 2020, section 3.3.2 and appendix D.3.

    >>> from overair.ota import DitheredFactors
    >>> from overair.phy import keys
    >>> x, delta = keys.normal(keys.key(0, "x"), [20, 8]), keys.normal(keys.key(0, "delta"), [10, 8])  # of 8 samples
    >>> codec = DitheredFactors(levels_x=2)
    >>> decoded = codec.decode(codec.encode(x, delta, keys.key(1)), keys.key(1))
    >>> [factor.shape.as_list() for factor in decoded], codec.alphabets
    ([[20, 8], [10, 8]], (6, 4))
    """

    levels_x: Annotated[int, Ge(1), Le(1024)] = 1
    """Levels of X on either side of 0, Kx."""
    levels_delta: Annotated[int, Ge(1), Le(1024)] = 1
    """Levels of Delta on either side of 0, Kd."""
    zero: bool = True
    """Whether exact zeros have a symbol of their own."""
    unbiased: ClassVar[bool] = True

    @property
    def alphabets(self) -> tuple[int, int]:
        return 2 * self.levels_x + 1 + self.zero, 2 * self.levels_delta + 1 + self.zero

    def encode(self, x: tf.Tensor, delta: tf.Tensor, key: Key) -> Message:
        symbols_x, scale_x = self._symbols(x, self.levels_x, keys.fold(key, "x"))
        symbols_delta, scale_delta = self._symbols(delta, self.levels_delta, keys.fold(key, "delta"))
        return Message(symbols_x, symbols_delta, tf.stack([scale_x, scale_delta]))

    def decode(self, message: Message, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
        x = self._values(message.x, message.numbers[0], self.levels_x, keys.fold(key, "x"))
        return x, self._values(message.delta, message.numbers[1], self.levels_delta, keys.fold(key, "delta"))

    def error(self, x: tf.Tensor, delta: tf.Tensor) -> tf.Tensor:
        """The mean of |G~ - G|^2 over keys, exactly."""
        step_x, step_delta = _largest(x) / self.levels_x, _largest(delta) / self.levels_delta
        noise_x = step_x**2 / 12.0 * self._noisy(x)  # of each sample, [L]
        noise_delta = step_delta**2 / 12.0 * self._noisy(delta)
        energy_x, energy_delta = tf.reduce_sum(x**2, axis=0), tf.reduce_sum(delta**2, axis=0)
        return tf.reduce_sum(noise_x * noise_delta + noise_x * energy_delta + noise_delta * energy_x) / x.shape[1] ** 2

    def error_bound(self, x: tf.Tensor, delta: tf.Tensor) -> tf.Tensor:
        """Theorem 4: (m n/L) gamma |X|_inf^2 |Delta|_inf^2, on ``error`` of any factors."""
        parts = 1.0 / (12.0 * self.levels_x**2), 1.0 / (12.0 * self.levels_delta**2)
        gamma = parts[0] * parts[1] + parts[0] + parts[1]
        return gamma * x.shape[0] * delta.shape[0] / x.shape[1] * (_largest(x) * _largest(delta)) ** 2

    def normal_bound(self, inputs: int, outputs: int, samples: int) -> float:
        """On E|G~|^2 of independent N(0, 1) factors, G itself included."""
        x, delta = math.log(2**0.5 * inputs * samples), math.log(2**0.5 * outputs * samples)
        growth = (x / (3.0 * self.levels_x**2) + 1.0) * (delta / (3.0 * self.levels_delta**2) + 1.0)
        return growth * inputs * outputs / samples

    def _symbols(self, values: tf.Tensor, levels: int, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
        """Symbols, the last of them of exact zeros, and the scale."""
        unit, largest = normalised(values)
        level = tf.cast(tf.round(levels * unit + _dither(values.shape, key)), tf.int32)  # which may pass the last one
        symbols = tf.clip_by_value(level, -levels, levels) + levels
        return tf.where((values == 0) & self.zero, 2 * levels + 1, symbols), largest

    def _values(self, symbols: tf.Tensor, scale: tf.Tensor, levels: int, key: Key) -> tf.Tensor:
        value = tf.cast(symbols - levels, tf.float32) - _dither(symbols.shape, key)
        return tf.where((symbols == 2 * levels + 1) & self.zero, 0.0, scale / levels * value)

    def _noisy(self, values: tf.Tensor) -> tf.Tensor:
        """How many entries of each sample are dithered, [L]."""
        return tf.reduce_sum(tf.cast((values != 0) | (not self.zero), values.dtype), axis=0)


def _largest(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_max(tf.abs(values))


def _dither(shape: tf.TensorShape, key: Key) -> tf.Tensor:
    return keys.uniform(key, shape, -0.5, 0.5)
