"""Downlink: the server broadcasts what it has of an update, and every device decodes a noisy copy of its own.

Symbols s [M] are sent with energy P_B an element, the same in every round, so that device k, which has undone its own
channel and knows the scale, reads s + eta_k with eta_k ~ CN(0, (|s|^2/M)/SNR_k I), decodes u_k and moves its own model
theta_k by it. With plain SGD of rate r at the server, whose own model theta moves by the estimate u, the device's
drift away from it grows as

    drift_k <- drift_k - r (u_k - u),    theta_k = theta + drift_k.

All devices receive, also those that did not send. Nothing but what gradients at theta_k tell the server answers the
drift: a common part comes back with the sum, what differs stays. Where the estimate is broadcast, two parameters a
symbol, M = ceil(d/2) and a parameter of u_k - u has variance |u|^2 / (2M SNR_k). Where an analog uplink's received
symbols y are, M is the uplink's own and u_k = decode(y + eta_k): with a random linear code of m rows the variance is
|y|^2 / (m SNR_k) in the mean over codes. Abdi, "Distributed learning and inference in deep models", 2020, ch. 5 (y_i =
y + eta_i, eq. 5.4).
"""

from collections.abc import Callable
from dataclasses import dataclass as plain
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, NamedTuple

import keras
import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ..ota import Analog, Codec, Round, Terms, Uplink
from ..ota.codecs import Code, pack, unpack
from ..ota.round import MEMORY_BYTES, Nest
from ..phy import keys
from ..phy.keys import Key
from ..phy.physical import budgets
from ..phy.strict import STRICT
from .task import Weights, flatten, unflatten

REMEMBERS = "momentum", "use_ema", "gradient_accumulation_steps"
BENDS = "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "loss_scale_factor"


class Broadcast(NamedTuple):
    """Symbols [M], and how a device makes an estimate [d] of them."""

    symbols: tf.Tensor
    decode: Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True, config=STRICT)
class Downlink:
    """P_B/N0 in dB, how far devices 0, 1, ... are from it (and again from the first), and what is broadcast."""

    snr_db: Annotated[float, Ge(-300), Le(300)]
    offsets_db: tuple[Annotated[float, Ge(-300), Le(300)], ...] = ()
    sends: Literal["estimate", "received"] = "estimate"

    def check(self, uplink: Uplink, terms: Terms, optimizer: keras.optimizers.Optimizer) -> None:
        """Raise ValueError where devices cannot keep models of their own."""
        if self.sends == "received" and not isinstance(uplink, Analog):
            raise ValueError("downlink.sends: expected estimate for an uplink that is not analog, received received")
        if len(self.offsets_db) > terms.air.devices:
            raise ValueError(
                f"downlink.offsets_db: expected one for each of {terms.air.devices} devices or fewer to repeat, "
                f"received {len(self.offsets_db)}"
            )
        needed = 4 * terms.air.devices * terms.size
        if needed > MEMORY_BYTES:
            raise ValueError(
                f"downlink: expected at most {MEMORY_BYTES / 2**30:g} GiB of models that devices keep, received "
                f"{terms.air.devices} devices x {terms.size} parameters, {needed / 2**30:.3g} GiB; take fewer of either"
            )
        name = type(optimizer).__name__.lower()
        more = [option for option in (*REMEMBERS, *BENDS) if getattr(optimizer, option, None)]
        if name != "sgd" or more:
            raise ValueError(
                "optimizer: expected plain sgd with a downlink, as devices keep no optimizer of their own, received "
                + " with ".join([name, *more[:1]])
            )

    def elements(self, uplink: Uplink, terms: Terms) -> int:
        """Resource elements of a broadcast, which has them for itself."""
        if self.sends == "received" and isinstance(uplink, Analog):
            return uplink.codec.elements(terms.size, terms.elements)
        return -(-terms.size // 2)

    def broadcast(self, uplink: Uplink, acc: Nest, state: Nest, round: Round, estimate: tf.Tensor) -> Broadcast:
        """What is sent after the uplink has received ``acc`` and made the estimate [d] of it."""
        size = round.terms.size
        if self.sends == "estimate" or not isinstance(uplink, Analog):
            return Broadcast(pack(estimate), lambda symbols: unpack(symbols, size))
        undecoded, _, _ = replace(uplink, codec=_Undecoded(uplink.codec)).end(acc, state, round)
        numbers = min(size, 2 * self.elements(uplink, round.terms))  # an odd one has a symbol for itself
        decode = uplink.codec.decode
        return Broadcast(pack(undecoded[:numbers]), lambda symbols: decode(symbols, size, acc.code))

    def drift(self, before: tf.Tensor, sent: Broadcast, estimate: tf.Tensor, rates: tf.Tensor, key: Key) -> tf.Tensor:
        """Drifts [K, d] after a broadcast, where the server moves its parameters by so much of the estimate [d]."""
        devices, (symbols, decode) = before.shape[0], sent
        energy = tf.reduce_mean(tf.math.real(symbols * tf.math.conj(symbols)))
        snr = 10 ** (self.snr_db / 10) * budgets(self.offsets_db, devices)  # [K]
        deviation = tf.sqrt(energy / tf.constant(snr, tf.float32))

        def one(device: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
            number, sigma, drift = device  # [], [], [d]
            noise = keys.complex_normal(keys.fold(key, number), tf.shape(symbols))  # [M]
            return drift - rates * (decode(symbols + tf.cast(sigma, symbols.dtype) * noise) - estimate)

        everybody = (tf.range(devices), deviation, before)
        return tf.map_fn(one, everybody, fn_output_signature=tf.TensorSpec([before.shape[1]]), parallel_iterations=1)


@plain(frozen=True)
class _Undecoded:
    """A codec whose decoder leaves the received numbers as they are, with zeros up to the length of an update."""

    codec: Codec
    linear: ClassVar[bool] = True

    def elements(self, size: int, granted: int) -> int:
        return self.codec.elements(size, granted)

    def code(self, size: int, elements: int, key: Key) -> Code:
        return self.codec.code(size, elements, key)

    def encode(self, updates: tf.Tensor, code: Code) -> tf.Tensor:
        return self.codec.encode(updates, code)

    def decode(self, symbols: tf.Tensor, size: int, code: Code) -> tf.Tensor:
        values = unpack(symbols, min(size, 2 * symbols.shape[-1]))
        return tf.pad(values, [[0, size - values.shape[-1]]])


def moved(weights: Weights, by: tf.Tensor) -> Weights:
    """Weights and statistics moved by a vector [d]."""
    now = [*weights.trainable, *weights.statistics]
    parts = [old + change for old, change in zip(now, unflatten(by, now), strict=True)]
    return Weights(parts[: len(weights.trainable)], parts[len(weights.trainable) :])


def rates(weights: Weights, rate: tf.Tensor) -> tf.Tensor:
    """How much of an update moves each parameter: weights by the learning rate, statistics by all of it, [d]."""
    ones = [tf.ones_like(part) for part in weights.statistics]
    return flatten([*(tf.fill(part.shape, rate) for part in weights.trainable), *ones])
