"""For simulations written with Sionna: clock errors on any of its channel models, our channels, and the air as a block.

    channel = OFDMChannel(Impaired(TDL("A", 1e-7, 3.5e9), late(0, 2e-6), resource_grid=grid), grid)
    channel = TimeChannel(Impaired(umi, early(1e-6), detuned(-200, 200)), grid.bandwidth, grid.num_time_samples)
    channel = OFDMChannel(PerDevice(Tdl("A"), devices=20, antennas=4), grid)
    air = AirSum(Air(Grid(), Tdl("A"), devices=20, antennas=4))

Every draw comes from Sionna's own generator: set ``sionna.phy.config.seed`` first, and a script repeats itself.
"""

import math
from dataclasses import replace
from typing import Any

import tensorflow as tf
from sionna.phy import Block
from sionna.phy.channel import ChannelModel
from sionna.phy.ofdm import ResourceGrid

from . import keys
from .air import Air
from .channels import Channel
from .channels._any_batch import any_batch
from .grid import Grid
from .link import Belief, Size, Span
from .sionna_changes import Change, caused_by, detuned, drawing, early, late, new_key

CLOSE = 1e-4  # samples by which rounding may move an arrival


class Impaired(ChannelModel):
    """Any Sionna channel model, with its paths changed.

    A channel model does not know on which grid it will be used, and OFDMChannel is silently wrong where an arrival
    leaves the prefix. Give it the ``resource_grid`` (Sionna's or ours) with OFDMChannel, and whatever is not 0 <= path
    delay + shift <= prefix is refused: shifts when the model is made, path delays when it is called (ValueError; in a
    compiled graph, tf.errors.InvalidArgumentError). Beyond the prefix take TimeChannel, and leave ``resource_grid``
    out. Two things to know of it: taps before ``l_min`` or after ``l_max`` are dropped without a word, so widen them by
    the shifts; and the window of OFDMDemodulator opens -l_min samples early (6 unless told), so that behind it signals
    may come that much early and only prefix + l_min samples late.
    """

    def __init__(
        self,
        model: ChannelModel,
        *changes: Change,
        resource_grid: ResourceGrid | Grid | None = None,
        precision: str | None = None,
    ) -> None:
        super().__init__(precision=precision)
        self.model, self.changes = model, changes
        self._room = None if resource_grid is None else _room(resource_grid)
        if self._room is not None:
            self._refuse(sum(change.delays[0] for change in changes), sum(change.delays[1] for change in changes))
            for change in changes:
                if not change.orthogonal:
                    raise ValueError(
                        f"Impaired: expected orthogonal subcarriers, as OFDMChannel needs, received {change}; take "
                        f"TimeChannel and leave resource_grid out"
                    )

    def __call__(
        self,
        batch_size: int | tf.Tensor | None = None,
        num_time_steps: int | tf.Tensor | None = None,
        sampling_frequency: float | tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        a, tau = self.model(batch_size, num_time_steps, sampling_frequency)
        if tau.shape.rank != 4:
            raise ValueError(f"Impaired: expected delays [batch, num_rx, num_tx, paths], received shape {tau.shape}")
        for change in self.changes:
            a, tau = change(a, tau, sampling_frequency)
        return a, tau if self._room is None else self._checked(a, tau)

    def _refuse(self, low: float, high: float) -> None:
        assert self._room is not None
        first, last, sample = self._room
        if low / sample < first - CLOSE or high / sample > last + CLOSE:
            raise ValueError(
                f"Impaired: expected every arrival between {first:g} and {last:g} samples, as OFDMChannel needs, "
                f"received {low / sample:.4g} to {high / sample:.4g}; take TimeChannel and leave resource_grid "
                f"out, or lengthen the prefix"
            )

    def _checked(self, a: tf.Tensor, tau: tf.Tensor) -> tf.Tensor:
        assert self._room is not None
        first, last, sample = self._room
        heard = tf.where(tf.reduce_any(a != 0, axis=(2, 4, 6)), tau, first * sample)  # [B, R, K, L]
        low, high = tf.reduce_min(heard), tf.reduce_max(heard)
        if tf.executing_eagerly():
            self._refuse(float(low), float(high))
            return tau
        fits = (low >= (first - CLOSE) * sample) & (high <= (last + CLOSE) * sample)
        text = f"Impaired: expected every arrival between {first:g} and {last:g} samples, received"
        with tf.control_dependencies([tf.debugging.Assert(fits, [text, low / sample, high / sample])]):
            return tf.identity(tau)


class PerDevice(ChannelModel):
    """A channel of this package as a Sionna model: ``devices`` transmitters, each independent, to one receiver.

    What a channel keeps over rounds is drawn once, when the model is made; every call is a new round at time 0. A batch
    size that is known only when a compiled graph runs is served in groups, and then has other draws than a known one.
    """

    def __init__(self, channel: Channel, devices: int, antennas: int = 1, precision: str | None = None) -> None:
        super().__init__(precision=precision)
        for name, value in (("devices", devices), ("antennas", antennas)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"PerDevice.{name}: expected a whole number of at least 1, received {value!r}")
        self.channel, self.devices, self.antennas = any_batch(channel), devices, antennas
        self.place = new_key()

    def __call__(
        self,
        batch_size: int | tf.Tensor,
        num_time_steps: int | tf.Tensor,
        sampling_frequency: float | tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        steps = 1 if self.channel.static else _known(num_time_steps)
        if not isinstance(steps, int):
            raise ValueError(
                "PerDevice: expected num_time_steps to be known when the graph is made, as a moving channel needs; "
                "give TimeChannel whole numbers l_min and l_max"
            )
        if sampling_frequency is None and not self.channel.static:
            raise ValueError("PerDevice: expected a sampling_frequency, as a moving channel needs, received None")
        span = Span(0.0, steps, 1.0 if sampling_frequency is None else 1.0 / sampling_frequency)
        size = Size(_known(batch_size), self.antennas, self.devices)
        with drawing() as key:
            paths = self.channel.draw(size, span, key, self.place)  # a [B, A, K, L, T], tau [B, K, L]
        a = tf.repeat(paths.a, num_time_steps, axis=4) if self.channel.static else paths.a
        return tf.cast(a, self.cdtype)[:, None, :, :, None], tf.cast(paths.tau, self.rdtype)[:, None]


class AirSum(Block):
    """An Air as a block: all devices send at once over a link drawn anew each call; differentiable in x.

    Input: x [B, K, 1, T, F], the grids of K single-antenna devices, and ``no``, the noise power N0 of an element, a
    number or one a sample [B], or None for silence. Output: y [B, 1, A, T, F]; with ``return_channel`` also the
    responses that the receiver and the transmitters believe, [B, 1, A, K, 1, T, F]. The receiver's are the true ones
    where its CSI is perfect; the transmitters' lack what they have not seen.
    """

    def __init__(self, air: Air, return_channel: bool = False, precision: str | None = None) -> None:
        super().__init__(precision=precision)
        self.air = replace(air, channel=any_batch(air.channel))
        self.place = self.air.init(new_key())
        self._return_channel = return_channel

    def call(self, x: tf.Tensor, no: float | tf.Tensor | None = None) -> Any:
        air = self.air
        wanted = [air.devices, 1, None, air.grid.subcarriers]
        if not x.shape[1:].is_compatible_with(wanted) or x.shape[3] is None:
            raise ValueError(f"AirSum: expected x of shape {['batch', *wanted]}, received {x.shape}")
        noise = tf.cast(0.0 if no is None else no, tf.float32)
        if noise.shape.rank not in (0, 1):
            raise ValueError(f"AirSum: expected no to be a number or one a sample, received shape {noise.shape}")
        symbols = x.shape[3]
        with drawing() as key:
            snr_db = -10.0 / math.log(10.0) * tf.math.log(noise)
            slots = -(-symbols // air.grid.symbols)
            batch = _known(tf.shape(x)[0])
            link = air.draw(self.place, keys.fold(key, "link"), 0.0, slots, snr_db, batch)
            link = link._replace(noise=noise)
            y = air.send(tf.cast(x[:, :, 0], tf.complex64), link, keys.fold(key, "noise"))  # [B, A, T, F]

        def response(belief: Belief) -> tf.Tensor:
            h = link.response(of=belief, symbols=symbols)  # [B, A, K, T or 1, F]
            h = tf.repeat(h, symbols, axis=3) if belief.steps == 1 else h
            return tf.cast(h, self.cdtype)[:, None, :, :, None]

        y = tf.cast(y, self.cdtype)[:, None]
        return (y, response(link.receiver), response(link.transmitters)) if self._return_channel else y


def _room(grid: ResourceGrid | Grid) -> tuple[float, float, float]:
    """The first and the last arrival that the frequency domain bears, in samples, and the seconds of a sample."""
    if isinstance(grid, Grid):
        return -grid.advance, grid.prefix - grid.advance, grid.sample
    return 0, int(grid.cyclic_prefix_length), 1.0 / grid.bandwidth


def _known(value: int | tf.Tensor) -> Any:
    """A whole number where it is known, or follows from known shapes, when a graph is made; the tensor elsewhere."""
    length = value if isinstance(value, int) else tf.zeros(tf.stack([value])).shape[0]
    return value if length is None else length


__all__ = ["AirSum", "Change", "Impaired", "PerDevice", "caused_by", "detuned", "early", "late"]
