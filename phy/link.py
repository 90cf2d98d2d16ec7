"""A link: one realisation of K devices to one receiver over the slots of a round.

The channel is kept as paths: h_k(t, f) = sum_l a_{k,l}(t) exp(-j 2 pi f tau_{k,l}), once as it is, once as the
transmitters believe it to be, once as the receiver does. A belief may also be a table of responses, as an estimator
leaves it, and says what can be known in advance of its error (`beliefs.py`). Frequency responses are made on demand for
the devices asked, so nothing of the size devices x elements need ever exist. 3GPP TR 38.901, section 7.7; Sionna's
``cir_to_ofdm_channel`` computes the same sum.
"""

import math
from typing import NamedTuple, Protocol

import tensorflow as tf

from .keys import Key, Scalar


class Size(NamedTuple):
    """How many realisations, receive antennas and devices."""

    batch: int
    antennas: int
    devices: int

    @property
    def places(self) -> int:
        """How many places what lasts is drawn at: every realisation has one of its own."""
        return self.batch


class OnePlace(Size):
    """The same of realisations that share one place, that of the first."""

    @property
    def places(self) -> int:
        """One."""
        return 1


class Span(NamedTuple):
    """Consecutive time steps: when the data begins, how many, the seconds between, and the first after the data began.

    Steps that lie before the data, as those of sounding do, have a negative ``first``.
    """

    start: Scalar
    steps: int
    seconds: float
    first: int = 0

    def times(self) -> tf.Tensor:
        """Seconds of each step after the data began, [T]."""
        return (self.first + tf.range(self.steps, dtype=tf.float32)) * self.seconds


class Belief(Protocol):
    """What a side believes of the responses h, and what it can know in advance of how wrong that is.

    h = best + w, where ``best`` is the linear estimate of least mean squared error that follows from the belief, and w,
    of mean power ``error``, is uncorrelated with it.
    """

    @property
    def steps(self) -> int:
        """Time steps of ``response``: 1 where one value serves the whole round."""
        ...

    @property
    def best(self) -> "Belief":
        """What detection and combiners work with; the belief itself where nothing is unknown."""
        ...

    @property
    def error(self) -> tf.Tensor | None:
        """Mean power that ``best`` lacks at an antenna, [B, K, T, F], where all but B may be 1; None: nothing."""
        ...

    def of(self, devices: tf.Tensor) -> "Belief":
        """What is believed of some devices."""
        ...

    def at(self, first: int | tf.Tensor, steps: int) -> "Belief":
        """What is believed of some of the time steps."""
        ...

    def response(self, frequencies: tf.Tensor) -> tf.Tensor:
        """Frequency responses as told, complex [B, A, K, T, F]."""
        ...


class Paths(NamedTuple):
    """Path coefficients and delays in seconds. The time axis T is 1 where the channel does not move."""

    a: tf.Tensor  # complex [B, A, K, L, T]
    tau: tf.Tensor  # real [B, K, L]
    power: tf.Tensor  # mean of |a|^2 over fading, [B, K, L]

    @property
    def steps(self) -> int:
        """Time steps: 1 where nothing moves."""
        return self.a.shape[4]

    @property
    def best(self) -> "Paths":
        """As a belief: what is believed is what is."""
        return self

    @property
    def error(self) -> None:
        """As a belief: none."""
        return None

    def of(self, devices: tf.Tensor) -> "Paths":
        """The paths of some devices."""
        a, tau, power = self
        return Paths(tf.gather(a, devices, axis=2), tf.gather(tau, devices, axis=1), tf.gather(power, devices, axis=1))

    def at(self, first: int | tf.Tensor, steps: int) -> "Paths":
        """The paths over some of the time steps."""
        return self if self.steps == 1 else self._replace(a=self.a[..., first : first + steps])

    def response(self, frequencies: tf.Tensor) -> tf.Tensor:
        """Frequency responses, complex [B, A, K, T, F]."""
        turn = _turns(self.tau, tf.cast(frequencies, self.tau.dtype))  # [B, K, L, F]
        if self.a.shape[3] == 1:  # one path needs no sum, and an outer product is cheaper than a matmul
            return self.a[:, :, :, 0, :, None] * turn[:, None, :, 0, None, :]
        return tf.matmul(self.a, turn[:, None], transpose_a=True)  # [B, A, K, T, F]


class ResponseTable(NamedTuple):
    """A belief of the responses themselves, on every subcarrier; T is 1 where one value serves the whole round."""

    h: tf.Tensor  # complex [B, A, K, T, F]

    @property
    def steps(self) -> int:
        """Time steps: 1 where one value serves the whole round."""
        return self.h.shape[3]

    @property
    def best(self) -> "ResponseTable":
        """What is believed is what is."""
        return self

    @property
    def error(self) -> None:
        """None."""
        return None

    def of(self, devices: tf.Tensor) -> "ResponseTable":
        """The responses of some devices."""
        return ResponseTable(tf.gather(self.h, devices, axis=2))

    def at(self, first: int | tf.Tensor, steps: int) -> "ResponseTable":
        """The responses over some of the time steps."""
        return self if self.steps == 1 else ResponseTable(self.h[:, :, :, first : first + steps])

    def response(self, frequencies: tf.Tensor) -> tf.Tensor:
        """Frequency responses, complex [B, A, K, T, F]."""
        return self.h


class Link(NamedTuple):
    """The true channel, both beliefs of it, and the noise power N0 of a resource element at one antenna."""

    true: Paths  # one time step a symbol; on the time domain, one a block of the waveform
    transmitters: Belief  # what the devices believe
    receiver: Belief  # what the receiver believes
    frequencies: tf.Tensor  # [F] in Hz
    noise: tf.Tensor  # N0, [] or [B]
    start: Scalar = 0.0  # seconds at which the round's data begins
    keys: tuple[Key, ...] = ()  # one an impairment
    mean: Paths | tuple[()] = ()  # the true channel with the mean effect of distortions, where those are not in `true`

    @property
    def effective(self) -> Paths:
        """The true mean response of a symbol: what a receiver that knows everything believes."""
        return self.mean or self.true

    @property
    def devices(self) -> int:
        """How many devices the link has."""
        return self.true.a.shape[2]

    @property
    def antennas(self) -> int:
        """How many receive antennas the link has."""
        return self.true.a.shape[1]

    def response(
        self, devices: tf.Tensor | None = None, of: Belief | None = None, symbols: int | None = None
    ) -> tf.Tensor:
        """Responses [B, A, K, T, F] of some devices, of the true paths, over all symbols, unless told otherwise."""
        belief = self.true if of is None else of
        if symbols is not None:
            belief = belief.at(0, symbols)
        return (belief if devices is None else belief.of(devices)).response(self.frequencies)


def superpose(y: tf.Tensor, x: tf.Tensor, response: tf.Tensor) -> tf.Tensor:
    """y [B, A, T, F] plus the sum over devices of response [B, A, C, T, F] times x [B, C, T, F]."""
    if response.shape[1] > 1 and response.shape[3] == 1:  # a matrix product a subcarrier, and no copy of x an antenna
        return y + tf.einsum("bacf,bctf->batf", response[:, :, :, 0], x)
    return y + tf.reduce_sum(response * x[:, None], axis=2)


def _turns(tau: tf.Tensor, frequencies: tf.Tensor) -> tf.Tensor:
    """exp(-j 2 pi f tau), [..., F], for evenly spaced f: coarse steps times fine ones, 2 sqrt(F) exponentials."""
    count = frequencies.shape[0]
    fine = max(step for step in range(1, math.isqrt(count) + 1) if count % step == 0)
    coarse, rest = turn(tau, frequencies[::fine]), turn(tau, frequencies[:fine] - frequencies[0])
    return tf.reshape(coarse[..., :, None] * rest[..., None, :], tf.concat([tf.shape(tau), [count]], 0))


def turn(tau: tf.Tensor, frequencies: tf.Tensor) -> tf.Tensor:
    """exp(-j 2 pi f tau) of delays [...] at frequencies, [..., F]."""
    angle = -2.0 * math.pi * tau[..., None] * frequencies
    return tf.complex(tf.cos(angle), tf.sin(angle))
