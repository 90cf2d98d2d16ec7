"""Beliefs of known error: what is believed, and how it is correlated with the truth, from statistics alone.

Of what is believed, g, the linear estimate of least mean squared error is c g with c = E[h g*] / E|g|^2, and what it
lacks has the mean power E|h|^2 - |c|^2 E|g|^2. Paths fade independently of each other, so c is known path by path: of
paths that are believed, path l holds a share c_l; of a response that is believed on a subcarrier, c is the sum of what
each path has in common with it.
"""

from typing import NamedTuple

import tensorflow as tf

from .arithmetic import squared
from .documented import documented
from .link import Paths, ResponseTable


@documented
class CorrelatedPaths(NamedTuple):
    """Paths as powerful as the true ones, of which the truth holds a known share; any axis of ``kept`` may be 1.

        best_l = kept_l told_l,   error = sum_l power_l (1 - |kept_l|^2).

    A belief of paths, as ``Delayed`` and ``ErrorVariance`` have it.

    >>> from overair.phy import Air, CorrelatedPaths, Delayed, Grid, Tdl, keys
    >>> air = Air(Grid(), Tdl(speed=30.0), devices=3, csit=Delayed())
    >>> belief = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1).transmitters
    >>> isinstance(belief, CorrelatedPaths), bool((0 < belief.error.numpy()).all() and (belief.error.numpy() < 1).all())
    (True, True)
    """

    told: Paths  # what is believed
    kept: tf.Tensor  # E[a b*] / power of true paths a and those told b, complex [B, K, L, T]

    @property
    def steps(self) -> int:
        return self.told.steps

    @property
    def best(self) -> Paths:
        return self.told._replace(a=self.kept[:, None] * self.told.a)

    @property
    def error(self) -> tf.Tensor:
        missing = self.told.power[..., None] * (1.0 - squared(self.kept))  # [B, K, L, T]
        return tf.reduce_sum(missing, axis=2)[..., None]

    def of(self, devices: tf.Tensor) -> "CorrelatedPaths":
        return CorrelatedPaths(self.told.of(devices), _of(self.kept, devices))

    def at(self, first: int | tf.Tensor, steps: int) -> "CorrelatedPaths":
        return CorrelatedPaths(self.told.at(first, steps), _at(self.kept, first, steps))

    def response(self, frequencies: tf.Tensor) -> tf.Tensor:
        return self.told.response(frequencies)


@documented
class CorrelatedTable(NamedTuple):
    """Responses g as a quantiser or an estimator leaves them; any axis of ``kept``, ``shares`` and powers may be 1.

        c(t, f) = sum_l kept_l(t) shares_l(f),   best = c g,   error = E|h|^2 - |c|^2 E|g|^2:

    path l keeps so much of what it was when g was formed.

    >>> from overair.phy import Air, CorrelatedTable, Estimated, Grid, Tdl, keys
    >>> air = Air(Grid(), Tdl(), devices=3, csir=Estimated())
    >>> belief = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1, snr_db=10.0).receiver
    >>> isinstance(belief, CorrelatedTable), belief.scale.shape, belief.error.shape  # [B, K, T, F]
    (True, TensorShape([1, 3, 1, 64]), TensorShape([1, 3, 1, 64]))
    """

    told: ResponseTable  # g, what is believed
    kept: tf.Tensor  # correlation of a path with itself back then, complex [B, K, L, T]
    shares: tf.Tensor  # E[h_l g*] / E|g|^2 with h_l what path l then added to h, complex [B, K, L, F]
    energy: tf.Tensor  # E|g|^2, [B, K, 1, F]
    power: tf.Tensor  # E|h|^2, [B, K, 1, 1]

    @property
    def steps(self) -> int:
        return self.told.steps

    @property
    def scale(self) -> tf.Tensor:
        """c, complex [B, K, T, F]."""
        if self.kept.shape[2] == 1:  # all paths keep as much
            return tf.transpose(self.kept, [0, 1, 3, 2]) * tf.reduce_sum(self.shares, axis=2, keepdims=True)
        return tf.matmul(self.kept, self.shares, transpose_a=True)

    @property
    def best(self) -> ResponseTable:
        return ResponseTable(self.scale[:, None] * self.told.h)

    @property
    def error(self) -> tf.Tensor:
        return tf.maximum(self.power - squared(self.scale) * self.energy, 0.0)  # below 0 by rounding alone

    def of(self, devices: tf.Tensor) -> "CorrelatedTable":
        rest = (_of(each, devices) for each in (self.kept, self.shares, self.energy, self.power))
        return CorrelatedTable(self.told.of(devices), *rest)

    def at(self, first: int | tf.Tensor, steps: int) -> "CorrelatedTable":
        return self._replace(told=self.told.at(first, steps), kept=_at(self.kept, first, steps))

    def response(self, frequencies: tf.Tensor) -> tf.Tensor:
        return self.told.response(frequencies)


def _of(values: tf.Tensor, devices: tf.Tensor) -> tf.Tensor:
    """Values [B, K, ...] of some devices; those that all share stay one."""
    return values if values.shape[1] == 1 else tf.gather(values, devices, axis=1)


def _at(values: tf.Tensor, first: int | tf.Tensor, steps: int) -> tf.Tensor:
    """Values [..., T] of some time steps; one that serves all stays."""
    return values if values.shape[-1] == 1 else values[..., first : first + steps]


__all__ = ["CorrelatedPaths", "CorrelatedTable"]
