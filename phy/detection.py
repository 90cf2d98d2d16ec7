"""Detection: how well symbols are read from a link by one who believes something of it, and knows how wrong that is.

A side works with its belief and with what it can know in advance of the belief's error (`link.Belief`): the linear
estimate h_hat of least mean squared error, and the mean power eps of what it lacks. Nothing is fitted to the true
channel. Behind maximum ratio combining over the antennas,

    z = h_hat^H y / |h_hat|^2 = gain x + n,   gain = h_hat^H h / |h_hat|^2,   n from CN(0, 1/snr) for x of power 1,

the mean gain is 1, and what the channel does beside it is noise of power eps/|h_hat|^2 that no receiver can tell from
other noise. A symbol of power P over noise N0 is worth

    known = P |h_hat|^2 / (N0 + P eps) = snr / (1 + csi_noise),   snr = P |h_hat|^2 / N0,   csi_noise = P eps / N0.

To use it: ``found = detect(link, snr)`` for what the receiver reads of each device, ``detect(link, snr, devices,
link.transmitters)`` for what devices count on: the same function of their own belief. ``snr`` is P/N0 of the symbols
as sent. Who sends through what distorts the waveform by a gain kappa and a disturbance of power D beside the mean
response (`Link.effective`) passes P |kappa|^2 / (N0 + D) instead: D is noise, and kappa scales what is believed and
what it lacks. Symbols that really pass the air are read as z, with ``link.receiver.best`` for h_hat and

    (N0 + D + P |kappa|^2 eps) / |kappa h_hat|^2

for the power of all that is not the symbol, where eps is ``error_power(link.receiver)``; behind any other combiner v of
norm 1 the same holds of v^H h_hat in place of |h_hat|. Perfect CSI has h_hat = h, gain 1 and no csi_noise.

Devices that do not believe what the receiver believes can say what it knows on average (``expected``). Given h, errors
of the two sides are independent; of what devices believe, h_t with an error eps_t, the receiver's estimate holds c h_t,
c = 1 - eps_r/E|h|^2, and besides c (eps_r + c eps_t) an antenna:

    expected = P (c^2 |h_t|^2 + A c (eps_r + c eps_t)) / (N0 + P eps_r).

A receiver that knows the channel has c = 1 and eps_r = 0, and knows P (|h_t|^2 + A eps_t) / N0 on average.

Errors count as independent from antenna to antenna, and as equally strong. That is right of one antenna, and of several
that fade independently (`rayleigh`, `tdl`); elsewhere what is lacking adds up behind the combiner, and what is said is
too good. Measured at 4 antennas and N0 = P/4, noise is more than said by 1.3 (CDL-A), 2.1 (UMi) and 3.0 (CDL-D) of
channels known a slot late at 60 m/s, and by 1.15 of feedback in 3 bits of phase and 2 of amplitude.
"""

from typing import NamedTuple

import tensorflow as tf

from .arithmetic import squared
from .documented import documented
from .link import Belief, Link


@documented
class Detected(NamedTuple):
    """What a side reads of symbols, on every element: [B, K, T, F], where T and F may be 1, or 1 in all axes.

    Of a belief h_hat that lacks power eps, behind z = h_hat^H y / |h_hat|^2 and for symbols of power P over noise N0,

        z = gain x + n,   snr = P |h_hat|^2 / N0,   csi_noise = P eps / N0,   known = snr / (1 + csi_noise).

    >>> from overair.phy import Air, Detected, ErrorVariance, Grid, Rayleigh, detect, keys
    >>> air = Air(Grid(), Rayleigh(), devices=3, csir=ErrorVariance(0.1))
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1, snr_db=10.0)
    >>> found = detect(link, snr=10.0)
    >>> bool((found.known < found.snr).numpy().all()), found.csi_noise.numpy().round(3).ravel().tolist()
    (True, [1.0, 1.0, 1.0])
    """

    gain: tf.Tensor  # complex: what a symbol arrives times, relative to what is believed; 1 where all is known
    snr: tf.Tensor  # were the belief the truth
    csi_noise: tf.Tensor  # power behind the combiner of what the belief lacks, over that of the noise

    @property
    def known(self) -> tf.Tensor:
        """SNR with what the belief lacks as noise."""
        return self.snr / (1.0 + self.csi_noise)


def detect(
    link: Link, snr: tf.Tensor | float, devices: tf.Tensor | None = None, belief: Belief | None = None
) -> Detected:
    """What the receiver, or who has another belief, reads of devices alone on their elements.

    ``snr`` is that over a gain of 1, a number or [B or 1, K or 1, T or 1, F or 1].
    """
    belief = link.receiver if belief is None else belief
    belief = belief if devices is None else belief.of(devices)
    estimate, error = link.response(of=belief.best), belief.error  # [B, A, K, T, F], [B, K, T, F]
    strength = tf.reduce_sum(squared(estimate), axis=1)  # [B, K, T, F]
    if error is None:
        return Detected(tf.ones([1, 1, 1, 1], estimate.dtype), snr * strength, tf.zeros([1, 1, 1, 1]))
    matched = tf.reduce_sum(tf.math.conj(estimate) * link.response(devices, link.effective), axis=1)
    gain = tf.math.divide_no_nan(matched, tf.cast(strength, matched.dtype))
    return Detected(gain, snr * strength, snr * error)


def expected(link: Link, snr: tf.Tensor | float, devices: tf.Tensor | None = None) -> Detected:
    """What devices expect the receiver to read, by what they believe: see the module's text. [B, K, T, F]."""
    mine, theirs = link.transmitters, link.receiver
    mine, theirs = (mine, theirs) if devices is None else (mine.of(devices), theirs.of(devices))
    power = link.true.power if devices is None else tf.gather(link.true.power, devices, axis=1)
    power = tf.reduce_sum(power, axis=2)[..., None, None]  # [B, K, 1, 1]
    lacks, lost = error_power(mine), error_power(theirs)
    kept = tf.math.divide_no_nan(tf.maximum(power - lost, 0.0), power)
    strength = tf.reduce_sum(squared(link.response(of=mine.best)), axis=1)
    counted = kept * (kept * strength + link.antennas * (lost + kept * lacks))
    return Detected(tf.ones([1, 1, 1, 1], tf.complex64), snr * counted, snr * lost)


def error_power(belief: Belief, devices: tf.Tensor | None = None) -> tf.Tensor:
    """Mean power of what the best estimate lacks at an antenna, [B, K, T, F] or 1 in any axis; 0 where all is known."""
    error = (belief if devices is None else belief.of(devices)).error
    return tf.zeros([1, 1, 1, 1]) if error is None else error


__all__ = ["Detected", "detect", "error_power", "expected"]
