"""A link: one realisation of K devices to one receiver over the slots of a round, as it is and as sides believe."""

import math
from typing import NamedTuple, Protocol

import tensorflow as tf

from .documented import documented
from .extent import OnePlace, Size, Span
from .keys import Key, Scalar


@documented
class Belief(Protocol):
    """What a side believes of the responses h, and what it can know in advance of how wrong that is.

        h = best + w,

    where ``best`` is the linear estimate of least mean squared error that follows from the belief, and w, of mean power
    ``error``, is uncorrelated with it.

    >>> from overair.phy import Air, ErrorVariance, Grid, Rayleigh, keys
    >>> air = Air(Grid(), Rayleigh(), devices=3, csit=ErrorVariance(0.25))
    >>> belief = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1).transmitters
    >>> belief.best.response(air.grid.frequencies).shape, belief.error.numpy().round(3).ravel().tolist()
    (TensorShape([1, 1, 3, 1, 64]), [0.25, 0.25, 0.25])
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


@documented
class Paths(NamedTuple):
    """Path coefficients and delays in seconds. The time axis T is 1 where the channel does not move.

        h_k(t, f) = sum_l a_kl(t) exp(-j 2 pi f tau_kl)

    for each antenna. 3GPP TR 38.901, section 7.7; Sionna's ``cir_to_ofdm_channel`` computes the same sum.

    >>> import tensorflow as tf
    >>> from overair.phy import Paths
    >>> a, tau = tf.constant([0.8, 0.6], tf.complex64), tf.constant([0.0, 0.5])  # seconds, for once
    >>> paths = Paths(a[None, None, None, :, None], tau[None, None], tf.abs(a)[None, None] ** 2)
    >>> tf.abs(paths.response(tf.constant([0.0, 1.0]))).numpy().round(3).astype(str).ravel().tolist()
    ['1.4', '0.2']
    """

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


@documented
class ResponseTable(NamedTuple):
    """A belief of the responses themselves, on every subcarrier.

        response(f) = h,   error = None: what is believed is what is.

    >>> import tensorflow as tf
    >>> from overair.phy import ResponseTable
    >>> table = ResponseTable(tf.ones([1, 2, 3, 14, 64], tf.complex64))
    >>> table.of([0, 2]).at(0, 7).response(None).shape
    TensorShape([1, 2, 2, 7, 64])
    """

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


@documented
class Link(NamedTuple):
    """The true channel, both beliefs of it, and the noise power N0 of a resource element at one antenna.

        y(t, f) = sum_k h_k(t, f) x_k(t, f) + w(t, f),   w from CN(0, N0) on every element and antenna,

    with the energy P = 1 of an element, so that N0 = 10^(-snr_db / 10). ``Air.draw`` makes links. Frequency responses
    are made on demand for the devices asked, so nothing of the size devices x elements need ever exist.

    >>> from overair.phy import Air, Grid, Tdl, keys
    >>> air = Air(Grid(), Tdl(), devices=20, antennas=4)
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1, snr_db=10.0)
    >>> link.response([3, 7]).shape, link.response(of=link.transmitters).shape, round(float(link.noise), 3)
    (TensorShape([1, 4, 2, 1, 64]), TensorShape([1, 4, 20, 1, 64]), 0.1)
    """

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
        """Responses complex64 [B, A, K, T, F], of all devices, the true paths and all symbols unless told otherwise.

        ``devices`` are numbers, int32 [C]; ``of`` is a belief of the link; ``symbols`` are the first ones wanted. T is
        1 where nothing moves.
        """
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


__all__ = ["Belief", "Link", "OnePlace", "Paths", "ResponseTable", "Size", "Span", "superpose", "turn"]
